package enginetest

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/engine"
)

var errTaken = errors.New("enginetest: predicate is false")

// testSnapshot: a View sees one state from beginning to end, and does not hold up writers.
func testSnapshot(t *testing.T, e engine.Engine) {
	Set(t, e, "a", "1")
	Set(t, e, "b", "1")
	before := []Pair{{"a", "1"}, {"b", "1"}}
	require.NoError(t, e.View(t.Context(), func(r engine.Reader) error {
		require.Equal(t, before, collect(t, r, engine.Range{}))
		done := make(chan error, 1)
		go func() { // the test breaks the rule against blocking closures to look at the isolation
			done <- e.Update(t.Context(), func(w engine.Writer) error {
				return errors.Join(w.Put([]byte("a"), []byte("2")), w.Delete([]byte("b")), w.Put([]byte("c"), nil))
			})
		}()
		require.NoError(t, <-done)
		require.Equal(t, before, collect(t, r, engine.Range{}))
		v, err := r.Get([]byte("b"))
		require.Equal(t, "1", string(v))
		return err
	}))
	require.Equal(t, []Pair{{"a", "2"}, {"c", ""}}, Pairs(t, e, engine.Range{}))
}

// testPhantom: many transactions find a prefix empty and insert under it; only one may succeed for each prefix.
func testPhantom(t *testing.T, e engine.Engine) {
	const rounds, rivals = 20, 8
	for round := range rounds {
		prefix := fmt.Appendf(nil, "p%02d/", round)
		var won atomic.Int32
		var wg sync.WaitGroup
		for rival := range rivals {
			wg.Go(func() {
				err := e.Update(t.Context(), func(w engine.Writer) error {
					empty := true
					err := w.Scan(engine.Range{Prefix: prefix}, func(_, _ []byte) (bool, error) {
						empty = false
						return false, nil
					})
					if err != nil || !empty {
						return errors.Join(err, errTaken)
					}
					return w.Put(strconv.AppendInt(prefix[:len(prefix):len(prefix)], int64(rival), 10), nil)
				})
				if err == nil {
					won.Add(1)
				} else if !errors.Is(err, errTaken) {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		require.EqualValues(t, 1, won.Load())
		require.Len(t, Pairs(t, e, engine.Range{Prefix: prefix}), 1)
	}
}

// testLostUpdate: many goroutines count on few keys; no increment is lost and every View sees equal sums.
func testLostUpdate(t *testing.T, e engine.Engine) {
	const goroutines, increments, keys = 32, 25, 4
	count := func(w engine.Writer, key []byte) error {
		old, err := w.Get(key)
		if err != nil && !errors.Is(err, engine.ErrNotFound) {
			return err
		}
		var n uint64
		if err == nil {
			n = binary.BigEndian.Uint64(old)
		}
		return w.Put(key, binary.BigEndian.AppendUint64(nil, n+1))
	}
	var wg sync.WaitGroup
	for g := range goroutines {
		wg.Go(func() {
			for range increments {
				err := e.Update(t.Context(), func(w engine.Writer) error {
					return errors.Join(count(w, []byte{'k', byte(g % keys)}), count(w, []byte("total")))
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
		wg.Go(func() {
			for range increments {
				checkSums(t, e)
			}
		})
	}
	wg.Wait()
	require.EqualValues(t, goroutines*increments, checkSums(t, e))
}

func checkSums(t *testing.T, e engine.Engine) (total uint64) {
	var sum uint64
	err := e.View(t.Context(), func(r engine.Reader) error {
		sum, total = 0, 0
		return r.Scan(engine.Range{}, func(key, value []byte) (bool, error) {
			if key[0] == 't' {
				total = binary.BigEndian.Uint64(value)
			} else {
				sum += binary.BigEndian.Uint64(value)
			}
			return true, nil
		})
	})
	if err != nil || sum != total {
		t.Errorf("sum %d, total %d, error %v", sum, total, err)
	}
	return total
}

// testNeighbours: closures that fail run among closures that succeed; nobody sees what the failed ones wrote.
func testNeighbours(t *testing.T, e engine.Engine) {
	const goroutines, rounds = 32, 20
	var wg sync.WaitGroup
	for g := range goroutines {
		wg.Go(func() {
			for i := range rounds {
				key := fmt.Appendf(nil, "%02d/%02d", g, i)
				err := e.Update(t.Context(), func(w engine.Writer) error {
					if _, err := w.Get([]byte("dirt")); !errors.Is(err, engine.ErrNotFound) {
						return fmt.Errorf("saw the write of a failed closure: %w", engine.ErrCorrupt)
					}
					if g%2 == 1 {
						return errors.Join(w.Put([]byte("dirt"), key), w.Put(key, key), errTaken)
					}
					return w.Create(key, key)
				})
				if failed := g%2 == 1; failed != errors.Is(err, errTaken) || !failed && err != nil {
					t.Error(err)
				}
				if _, ok := Value(t, e, string(key)); ok != (g%2 == 0) { // read your own commit at once
					t.Errorf("%s: found %v", key, ok)
				}
			}
		})
	}
	wg.Wait()
	require.Len(t, Pairs(t, e, engine.Range{KeysOnly: true}), goroutines/2*rounds)
}

// testLargeTransactions: transactions near the limit, several at once, none mixed up or refused.
func testLargeTransactions(t *testing.T, e engine.Engine) {
	value := make([]byte, 1000)
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			err := e.Update(t.Context(), func(w engine.Writer) error {
				for i := range 7000 {
					if err := w.Put(fmt.Appendf(nil, "%d/%06d", g, i), value); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	require.Len(t, Pairs(t, e, engine.Range{KeysOnly: true}), 4*7000)
}
