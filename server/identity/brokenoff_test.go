package identity_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/server/identity"
	"github.com/elicense/elicense/vault"
)

// dying is an engine that keeps only so many writes more; then its process is gone.
type dying struct {
	engine.Engine

	left int // negative: it lives
}

var errGone = errors.New("the process is gone")

func (d *dying) Update(ctx context.Context, do func(engine.Writer) error) error {
	if d.left == 0 {
		return errGone
	}
	d.left--
	return d.Engine.Update(ctx, do)
}

// TestBrokenOff: a process that ends at any step of a change leaves nothing half: whoever opens the registry next
// finishes what was begun, with an entry of the audit of its own, by whom it was begun; and does it once.
func TestBrokenOff(t *testing.T) {
	t.Parallel()
	for name, left := range map[string]int{"before anything": 0, "before the audit": 1, "before the effect": 1, "not at all": 3} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			e := &dying{w.engine, -1}
			w.engine = e
			w.reopen()
			var told []vault.Witnessed
			e.left = left
			err := w.registry.Revoke(t.Context(), "chief", "market", nil, func(_ context.Context, x vault.Witnessed) error {
				if name == "before the audit" {
					return errGone
				}
				told = append(told, x)
				return nil
			})
			require.Equal(t, name == "not at all", err == nil, "%v", err)
			e.left = -1
			w.reopen()
			finished, err := w.registry.Finish(t.Context(), func(_ context.Context, by string, x vault.Witnessed) error {
				require.Equal(t, "chief", by)
				require.NotNil(t, w.registry.Standing("market", w.market(w.registry).Caller), "nothing counts yet")
				told = append(told, x)
				return nil
			})
			require.NoError(t, err)
			begun := name == "before the audit" || name == "before the effect"
			require.Equal(t, begun, finished == "market")
			require.Equal(t, name != "before anything", w.registry.Standing("market", w.market(w.registry).Caller) == nil)
			require.Equal(t, name == "before anything", len(told) == 0, "an effect and an entry go together")
			for _, x := range told {
				require.Empty(t, cmp.Diff(told[0], x))
			}
			w.reopen()
			finished, err = w.registry.Finish(t.Context(), nil)
			require.NoError(t, err)
			require.Empty(t, finished, "once")
		})
	}
}

// TestFinishedBeforeTheNext: a change whose end in the audit nobody knows, or that could not be witnessed at the opening, is
// not written over by the next one: it is finished before, or the next one is refused too.
func TestFinishedBeforeTheNext(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	e := &dying{w.engine, -1}
	w.engine = e
	w.reopen()
	refused := func(err error) identity.Witness {
		return func(context.Context, vault.Witnessed) error { return err }
	}
	reg := w.registration()
	require.ErrorIs(t, w.registry.Revoke(t.Context(), "chief", "market", nil, refused(engine.ErrAmbiguous)), engine.ErrAmbiguous)
	require.ErrorIs(t, w.registry.Put(t.Context(), "chief", reg, seen), engine.ErrAmbiguous)
	w.reopen()
	answer := vault.ErrAudit
	var by string
	id, err := w.registry.Finish(t.Context(), func(_ context.Context, who string, _ vault.Witnessed) error {
		by = who
		return answer
	})
	require.ErrorIs(t, err, vault.ErrAudit)
	require.Equal(t, "market", id)
	require.ErrorIs(t, w.registry.Put(t.Context(), "other", reg, seen), vault.ErrAudit)
	require.Equal(t, "chief", by)
	require.NotNil(t, w.registry.Standing("market", reg.Caller))
	answer = nil
	require.NoError(t, w.registry.Put(t.Context(), "other", reg, seen))
	require.Nil(t, w.registry.Standing("market", reg.Caller), "what was revoked stays so")
}

// TestTakenBackBeforeTheNext: a change whose author may not any more is in nobody's way.
func TestTakenBackBeforeTheNext(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	reg := w.registration()
	answer := vault.ErrAudit
	require.ErrorIs(t, w.registry.Revoke(t.Context(), "chief", "market", nil, func(context.Context, vault.Witnessed) error {
		return errors.Join(answer, engine.ErrAmbiguous)
	}), engine.ErrAmbiguous)
	w.reopen()
	_, err := w.registry.Finish(t.Context(), func(context.Context, string, vault.Witnessed) error { return answer })
	require.ErrorIs(t, err, answer)
	answer = &vault.Refusal{Err: vault.ErrDenied}
	require.NoError(t, w.registry.Put(t.Context(), "other", reg, seen))
	require.NotNil(t, w.registry.Standing("market", reg.Caller))
}

// TestFinishRefused: what cannot be witnessed now stays for the next opening; what whoever began it may not do any more is
// taken back.
func TestFinishRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	e := &dying{w.engine, -1}
	w.engine = e
	w.reopen()
	e.left = 1
	require.ErrorIs(t, w.registry.Revoke(t.Context(), "chief", "market", nil, seen), errGone)
	e.left = -1
	for _, want := range []error{vault.ErrAudit, &vault.Refusal{Err: vault.ErrDenied}} {
		w.reopen()
		id, err := w.registry.Finish(t.Context(), func(context.Context, string, vault.Witnessed) error { return want })
		require.ErrorIs(t, err, want)
		require.Equal(t, "market", id)
		require.NotNil(t, w.registry.Standing("market", w.market(w.registry).Caller))
	}
	w.reopen()
	id, err := w.registry.Finish(t.Context(), nil)
	require.NoError(t, err)
	require.Empty(t, id)
}

// TestSettledBeforeTheNext: what was witnessed and could not be kept, as on a full disk, is carried out before anything
// else changes.
func TestSettledBeforeTheNext(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	e := &dying{w.engine, -1}
	w.engine = e
	w.reopen()
	reg := w.registration()
	e.left = 1
	require.ErrorIs(t, w.registry.Revoke(t.Context(), "chief", "market", nil, seen), errGone)
	require.ErrorIs(t, w.registry.Put(t.Context(), "chief", reg, seen), errGone)
	e.left = -1
	changed := w.registry.Changed()
	require.NoError(t, w.registry.Put(t.Context(), "chief", reg, seen))
	<-changed
	require.False(t, w.market(w.registry).Revoked.IsZero(), "what was revoked stays so")
}

func (w *world) reopen() {
	w.t.Helper()
	var err error
	w.registry, err = identity.OpenRegistry(w.t.Context(), identity.RegistryConfig{Engine: w.engine, Now: w.clock})
	require.NoError(w.t, err)
}
