package stored_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/internal/engine/memory"
	"github.com/elicense/elicense/server/stored"
)

// shares let a caller keep 100 bytes, and each holder of it 60 of them.
func shares(owner string) []stored.Share {
	caller, _, isHolder := strings.Cut(owner, "/")
	whole := stored.Share{Name: caller, Most: 100}
	if isHolder {
		return []stored.Share{{Name: owner, Most: 60}, whole}
	}
	return []stored.Share{whole}
}

func open(t *testing.T, e engine.Engine) *stored.Accounts {
	t.Helper()
	a, err := stored.Open(stored.Config{Engine: e, Space: 'u', Shares: shares})
	require.NoError(t, err)
	return a
}

// TestShares: what a holder keeps is counted to him and to the caller by which he calls; the account with the least room
// says no, and then neither has taken any.
func TestShares(t *testing.T) {
	t.Parallel()
	e := memory.New()
	a := open(t, e)
	keep := func(owner string, n int64) {
		t.Helper()
		h := a.Hold(owner)
		require.NoError(t, h.Grow(t.Context(), n))
		require.NoError(t, e.Update(t.Context(), func(w engine.Writer) error { return a.Add(w, owner, n) }))
		h.Release()
		h.Release()
	}
	keep("hall/one", 50)
	h := a.Hold("hall/one")
	var full *stored.FullError
	require.ErrorAs(t, h.Grow(t.Context(), 11), &full)
	require.Equal(t, stored.FullError{Share: stored.Share{Name: "hall/one", Most: 60}, Used: 50, Wanted: 11}, *full)
	require.ErrorIs(t, full, stored.ErrFull)
	require.False(t, full.Passes())
	keep("hall/two", 40)
	other := a.Hold("hall/three")
	require.ErrorAs(t, other.Grow(t.Context(), 11), &full)
	require.Equal(t, "hall", full.Share.Name)
	require.NoError(t, other.Grow(t.Context(), 10))
	require.ErrorIs(t, h.Grow(t.Context(), 1), stored.ErrFull, "the other's is on its way")
	other.Release()
	require.NoError(t, h.Grow(t.Context(), 10))
	state, err := a.State(t.Context(), "hall/one")
	require.NoError(t, err)
	require.Equal(t, stored.State{Used: 60, Most: 60}, state)
	h.Release()
	state, err = open(t, e).State(t.Context(), "hall")
	require.NoError(t, err)
	require.Equal(t, stored.State{Used: 90, Most: 100}, state, "after a restart")
	state, err = a.State(t.Context(), "hall/four")
	require.NoError(t, err)
	require.Equal(t, stored.State{Most: 60}, state, "of a holder who keeps nothing")
	accounts := map[string]int64{}
	require.NoError(t, a.Each(t.Context(), func(name string, used int64) { accounts[name] = used }))
	require.Equal(t, map[string]int64{"hall": 90, "hall/one": 50, "hall/two": 40}, accounts)
}

// TestClearing: what was removed counts until it is cleared, where more than twice the quota would lie on the disk; what
// is removed while it is being cleared counts on.
func TestClearing(t *testing.T) {
	t.Parallel()
	a := open(t, memory.New())
	a.Leave("hall", 150)
	h := a.Hold("hall")
	var full *stored.FullError
	require.ErrorAs(t, h.Grow(t.Context(), 51), &full)
	require.True(t, full.Passes())
	done := a.Clear()
	a.Leave("hall", 120)
	done()
	require.ErrorIs(t, h.Grow(t.Context(), 81), stored.ErrFull)
	require.NoError(t, h.Grow(t.Context(), 80))
	a.Clear()()
	require.NoError(t, h.Grow(t.Context(), 20))
}

// TestStoredRefuses: what is no account is refused, and no configuration is no accounts.
func TestStoredRefuses(t *testing.T) {
	t.Parallel()
	e := memory.New()
	_, err := stored.Open(stored.Config{Engine: e})
	require.ErrorIs(t, err, stored.ErrConfig)
	for _, damaged := range [][]byte{{1}, {255, 0, 0, 0, 0, 0, 0, 0}} {
		require.NoError(t, e.Update(t.Context(), func(w engine.Writer) error { return w.Put([]byte("uahall"), damaged) }))
		a := open(t, e)
		require.ErrorIs(t, a.Hold("hall").Grow(t.Context(), 1), stored.ErrDamaged)
		_, err := a.State(t.Context(), "hall")
		require.ErrorIs(t, err, stored.ErrDamaged)
		require.ErrorIs(t, a.Each(t.Context(), func(string, int64) {}), stored.ErrDamaged)
		require.ErrorIs(t, e.Update(t.Context(), func(w engine.Writer) error { return a.Add(w, "hall", 1) }), stored.ErrDamaged)
	}
	a := open(t, memory.New())
	require.ErrorIs(t, a.Hold("hall").Grow(t.Context(), 1<<62), stored.ErrFull)
	require.ErrorIs(t, a.Hold("hall").Grow(t.Context(), 1<<63-1), stored.ErrFull)
}
