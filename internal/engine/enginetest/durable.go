package enginetest

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/engine"
)

// OpenDir opens the engine kept in dir, which exists; closing it must end all of its goroutines.
type OpenDir func(t *testing.T, dir string) (e engine.Engine, closeEngine func())

// RunDurable runs the whole suite and checks that what was committed is there after closing and opening again.
func RunDurable(t *testing.T, open OpenDir) {
	t.Helper()
	Run(t, func(t *testing.T) engine.Engine {
		t.Helper()
		e, closeEngine := open(t, t.TempDir())
		t.Cleanup(closeEngine)
		return e
	})
	t.Run("reopen", func(t *testing.T) { testReopen(t, open) })
	t.Run("closed", func(t *testing.T) { testClosed(t, open) })
}

func testReopen(t *testing.T, open OpenDir) {
	dir := t.TempDir()
	want := map[string]string{}
	for round := range 4 {
		e, closeEngine := open(t, dir)
		require.Equal(t, expect(want, engine.Range{}), Pairs(t, e, engine.Range{}))
		for i := range 50 {
			key := fmt.Sprint("k", (round*31+i)%70)
			if i%5 == 4 {
				require.NoError(t, e.Update(t.Context(), func(w engine.Writer) error { return w.Delete([]byte(key)) }))
				delete(want, key)
				continue
			}
			want[key] = fmt.Sprint("round ", round)
			Set(t, e, key, want[key])
		}
		closeEngine()
	}
	e, closeEngine := open(t, dir)
	defer closeEngine()
	require.Equal(t, expect(want, engine.Range{}), Pairs(t, e, engine.Range{}))
}

// testClosed: Close waits for what has begun; everything later is refused; what was acknowledged is there.
func testClosed(t *testing.T, open OpenDir) {
	dir := t.TempDir()
	e, closeEngine := open(t, dir)
	var mu sync.Mutex
	acknowledged := map[string]string{}
	var wg sync.WaitGroup
	started := make(chan struct{}, 8)
	for g := range 8 {
		wg.Go(func() {
			for i := 0; ; i++ {
				key := fmt.Sprint(g, "/", i)
				err := e.Update(t.Context(), func(w engine.Writer) error { return w.Put([]byte(key), nil) })
				if err != nil {
					if i == 0 {
						started <- struct{}{}
					}
					requireClosed(t, err)
					return
				}
				mu.Lock()
				acknowledged[key] = ""
				mu.Unlock()
				if i == 0 {
					started <- struct{}{}
				}
			}
		})
	}
	for range 8 {
		<-started
	}
	closeEngine()
	wg.Wait()
	requireClosed(t, e.View(t.Context(), func(engine.Reader) error { return nil }))
	e, closeEngine = open(t, dir)
	defer closeEngine()
	require.Equal(t, expect(acknowledged, engine.Range{}), Pairs(t, e, engine.Range{}))
}

func requireClosed(t *testing.T, err error) {
	t.Helper()
	if !errors.Is(err, engine.ErrClosed) {
		t.Errorf("want ErrClosed, got %v", err)
	}
}
