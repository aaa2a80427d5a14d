package badger_test

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/internal/engine/enginetest"
)

// readOften reads a key as often as it takes to have it kept, and gives what each time said.
func readOften(t *testing.T, r engine.Reader, key string) string {
	t.Helper()
	var last string
	for i := range 4 {
		value, err := r.Get([]byte(key))
		if errors.Is(err, engine.ErrNotFound) {
			value, err = []byte("nothing"), nil
		}
		require.NoError(t, err)
		if i > 0 {
			require.Equal(t, last, string(value))
		}
		last = string(value)
		clear(value) // what was given away is the reader's
	}
	return last
}

// TestOftenRead: a key that is read again and again has in each View the value of its state: a View that began before a
// change goes on seeing the old one, each that begins after it the new one, or nothing.
func TestOftenRead(t *testing.T) {
	e, stop := openSmall(t, t.TempDir())
	defer stop()
	view := func(want string, during func()) {
		require.NoError(t, e.View(t.Context(), func(r engine.Reader) error {
			require.Equal(t, want, readOften(t, r, "k"))
			if during != nil {
				during()
				require.Equal(t, want, readOften(t, r, "k"), "the state of a View does not change")
			}
			return nil
		}))
	}
	enginetest.Set(t, e, "k", "first")
	view("first", nil)
	view("first", func() { enginetest.Set(t, e, "k", "second") })
	view("second", nil)
	view("second", func() {
		enginetest.Set(t, e, "k", "third")
		view("third", nil) // is kept, and not for the View that goes on
	})
	view("third", func() {
		require.NoError(t, e.Update(t.Context(), func(w engine.Writer) error { return w.Delete([]byte("k")) }))
	})
	view("nothing", nil)
	enginetest.Set(t, e, "k", "fourth")
	view("fourth", nil)
}

// TestOftenReadUnderLoad: two keys that are always changed together are the same in every View, and never older than
// what was acknowledged before it began, however many read and write.
func TestOftenReadUnderLoad(t *testing.T) {
	e, stop := openSmall(t, t.TempDir())
	defer stop()
	enginetest.Set(t, e, "a", "0")
	enginetest.Set(t, e, "b", "0")
	ctx, end := context.WithCancel(t.Context())
	defer end()
	var acknowledged atomic.Int64
	var readers sync.WaitGroup
	for range 4 {
		readers.Go(func() {
			for ctx.Err() == nil {
				least := acknowledged.Load()
				err := e.View(context.Background(), func(r engine.Reader) error { return together(r, least) })
				if err != nil {
					t.Errorf("reading: %v", err)
					return
				}
			}
		})
	}
	for i := range 150 {
		text := strconv.Itoa(i)
		require.NoError(t, e.Update(t.Context(), func(w engine.Writer) error {
			return errors.Join(w.Put([]byte("a"), []byte(text)), w.Put([]byte("b"), []byte(text)))
		}))
		acknowledged.Store(int64(i))
	}
	end()
	readers.Wait()
}

func together(r engine.Reader, least int64) error {
	var seen [4]string
	for i, key := range []string{"a", "b", "a", "b"} {
		value, err := r.Get([]byte(key))
		if err != nil {
			return err
		}
		seen[i] = string(value)
	}
	n, err := strconv.ParseInt(seen[0], 10, 64)
	if err == nil && (n < least || seen != [4]string{seen[0], seen[0], seen[0], seen[0]}) {
		err = errors.New("state of another time: " + seen[0] + " " + seen[1] + " " + seen[2] + " " + seen[3])
	}
	return err
}
