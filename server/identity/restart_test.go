package identity_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/internal/engine/memory"
	"github.com/elicense/elicense/internal/httpsig"
	"github.com/elicense/elicense/server/identity"
)

// restart opens everything anew over the same engine.
func (w *world) restart() {
	w.t.Helper()
	var err error
	w.registry, err = identity.OpenRegistry(w.t.Context(), identity.RegistryConfig{Engine: w.engine, Now: w.clock})
	require.NoError(w.t, err)
	w.open(identity.SystemsConfig{})
}

// madeAt is a signature that says another time than ours.
func (w *world) madeAt(ahead time.Duration) *http.Request {
	w.t.Helper()
	return w.signed(`{}`, func(_ *http.Request, p *httpsig.Params) { p.Created = p.Created.Add(ahead) })
}

// TestReplayAfterRestart: nothing that was used before a restart passes after it, whatever the clock of who signed, at no
// time until it is too old anyway; and what is signed after it passes, also by a clock that is ahead or behind.
func TestReplayAfterRestart(t *testing.T) {
	t.Parallel()
	for name, ahead := range map[string]time.Duration{
		"same clock": 0, "ahead": 40 * time.Second, "as far ahead as may be": time.Minute, "behind": -time.Minute,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.now = w.now.Add(2*time.Minute + 300*time.Millisecond)
			r := w.madeAt(ahead)
			_, err := w.systems.Recognise(again(r))
			require.NoError(t, err)
			w.now = w.now.Add(400 * time.Millisecond) // within the same second
			w.restart()
			for range 40 {
				c, err := w.systems.Recognise(again(r))
				refused(t, identity.CodeOutdated, c, err)
				w.now = w.now.Add(10 * time.Second)
			}
			w.restart()
			w.now = w.systems.Began().Add(max(0, -ahead))
			_, err = w.systems.Recognise(w.madeAt(ahead))
			require.NoError(t, err, "signed anew")
		})
	}
}

// TestRestartOfAhead: a system whose clock is ahead goes on at once, since what it signs after the restart is younger.
func TestRestartOfAhead(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, err := w.systems.Recognise(w.madeAt(30 * time.Second))
	require.NoError(t, err)
	w.restart()
	c, err := w.systems.Recognise(w.madeAt(30 * time.Second))
	refused(t, identity.CodeOutdated, c, err) // of the second of the mark
	c, err = w.systems.Recognise(w.madeAt(20 * time.Second))
	refused(t, identity.CodeOutdated, c, err)
	w.now = w.now.Add(time.Second)
	_, err = w.systems.Recognise(w.madeAt(30 * time.Second))
	require.NoError(t, err)
}

// TestBegan: signatures are taken from the next full second on, and at once where nobody could have signed before.
func TestBegan(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.now = w.now.Add(100 * time.Millisecond)
	w.open(identity.SystemsConfig{})
	require.Equal(t, w.now.Truncate(time.Second).Add(time.Second), w.systems.Began())
	empty := newWorld(t)
	empty.engine = memory.New()
	empty.now = empty.now.Add(100 * time.Millisecond)
	empty.restart()
	require.Equal(t, empty.now.Truncate(time.Second), empty.systems.Began())
}

// TestMarkNotKept: a signature from the future whose mark cannot be made durable does not pass.
func TestMarkNotKept(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.engine = &fullEngine{w.engine}
	w.restart()
	w.now = w.now.Add(time.Second)
	_, err := w.systems.Recognise(w.madeAt(0))
	require.NoError(t, err)
	c, err := w.systems.Recognise(w.madeAt(time.Second))
	require.ErrorIs(t, err, engine.ErrNoSpace)
	require.Nil(t, c)
}

// fullEngine takes no writes.
type fullEngine struct{ engine.Engine }

func (*fullEngine) Update(context.Context, func(engine.Writer) error) error { return engine.ErrNoSpace }

// TestDamagedMark: marks that cannot be read close the registry.
func TestDamagedMark(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	require.NoError(t, w.engine.Update(t.Context(), func(tx engine.Writer) error { return tx.Put([]byte("sx"), []byte("y")) }))
	_, err := identity.OpenRegistry(t.Context(), identity.RegistryConfig{Engine: w.engine, Now: w.clock})
	require.ErrorIs(t, err, engine.ErrCorrupt)
}

// TestClockSetBack: what was used and forgotten while a clock was ahead does not pass again when it is set back.
func TestClockSetBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.madeAt(0)
	_, err := w.systems.Recognise(again(r))
	require.NoError(t, err)
	right := w.now.Add(2 * time.Minute)
	w.now = w.now.Add(time.Hour)
	_, err = w.systems.Recognise(w.madeAt(0))
	require.NoError(t, err)
	w.now = right
	c, err := w.systems.Recognise(again(r))
	refused(t, identity.CodeOutdated, c, err)
}

// TestLoginAfterRestart: challenges and sessions end with the process, and it is said so.
func TestLoginAfterRestart(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	before, after, h := w.login(nil), w.login(nil), w.certify(firm())
	asked := h.answer(t, challenge(t, before))
	_, err := after.Answer(asked)
	require.Equal(t, identity.CodeChallenge, identity.CodeOf(err))
	session, err := before.Answer(asked)
	require.NoError(t, err)
	c, err := after.Recognise(bearer(session.Token))
	refused(t, identity.CodeLoggedOut, c, err)
}
