package badger_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/internal/engine/badger"
	"github.com/elicense/elicense/internal/engine/enginetest"
)

func TestConfig(t *testing.T) {
	_, err := badger.Open(badger.Config{})
	require.Error(t, err)
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	_, err = badger.Open(badger.Config{Dir: file})
	require.Error(t, err)
	boom := errors.New("boom")
	cfg := small(t.TempDir())
	cfg.FreeSpace = func(string) (uint64, error) { return 0, boom }
	_, err = badger.Open(cfg)
	require.ErrorIs(t, err, boom)
}

// TestNoSpace: below the reserve writes are refused and change nothing, reads go on; with room again all is well.
func TestNoSpace(t *testing.T) {
	var free atomic.Uint64
	free.Store(100 << 20)
	cfg := small(t.TempDir())
	cfg.ReserveBytes = 90 << 20
	cfg.FreeSpace = func(dir string) (uint64, error) {
		require.Equal(t, cfg.Dir, dir)
		return free.Load(), nil
	}
	e, err := badger.Open(cfg)
	require.NoError(t, err)
	enginetest.Set(t, e, "k", "before")
	free.Store(90<<20 - 1)
	ran := false
	err = e.Update(t.Context(), func(w engine.Writer) error { ran = true; return w.Put([]byte("k"), nil) })
	require.ErrorIs(t, err, engine.ErrNoSpace)
	require.False(t, ran)
	_, err = e.RunGC(t.Context())
	require.ErrorIs(t, err, engine.ErrNoSpace)
	v, _ := enginetest.Value(t, e, "k")
	require.Equal(t, "before", v)
	free.Store(90 << 20)
	enginetest.Set(t, e, "k", "after")
	require.NoError(t, e.Close())

	free.Store(10 << 20)
	_, err = badger.Open(cfg)
	require.ErrorIs(t, err, engine.ErrNoSpace, "opening writes too")
	free.Store(100 << 20)
	e, err = badger.Open(cfg)
	require.NoError(t, err, "the refused opening has released its lock")
	v, _ = enginetest.Value(t, e, "k")
	require.Equal(t, "after", v)
	require.NoError(t, e.Close())
}

// TestFailedSync: a commit whose sync failed is ambiguous, nobody sees it, and the engine writes no more until it is
// opened again.
func TestFailedSync(t *testing.T) {
	cfg := small(t.TempDir())
	e, err := badger.Open(cfg)
	require.NoError(t, err)
	enginetest.Set(t, e, "k", "before")
	e.FailSync()
	put := func(w engine.Writer) error { return w.Put([]byte("k"), []byte("in doubt")) }
	var wg sync.WaitGroup
	var ambiguous atomic.Int32
	for range 16 {
		wg.Go(func() {
			err := e.Update(context.Background(), put)
			if errors.Is(err, engine.ErrAmbiguous) {
				ambiguous.Add(1)
			} else if !errors.Is(err, engine.ErrClosed) {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	require.NotZero(t, ambiguous.Load())
	require.ErrorIs(t, e.Update(t.Context(), put), engine.ErrClosed)
	v, _ := enginetest.Value(t, e, "k")
	require.Equal(t, "before", v)
	require.NoError(t, e.Close())
	e, err = badger.Open(cfg)
	require.NoError(t, err)
	enginetest.Set(t, e, "k", "after")
	require.NoError(t, e.Close())
}

// TestRedo: a transaction larger than Badger can hold is finished by the next opening, wherever a crash stopped it.
func TestRedo(t *testing.T) {
	puts := map[string][]byte{"gone": nil}
	for i := range 300 {
		puts[fmt.Sprint("key ", i)] = bytes.Repeat([]byte{byte(i)}, i*10)
	}
	for _, transactions := range []int{0, 1, 30, 100} {
		cfg := small(t.TempDir())
		e, err := badger.Open(cfg)
		require.NoError(t, err)
		enginetest.Set(t, e, "gone", "there")
		enginetest.Set(t, e, "key 7", "old")
		require.NoError(t, e.LeaveRedo(puts, transactions))
		v, _ := enginetest.Value(t, e, "key 7")
		require.Equal(t, "old", v, "no step shows before the last")
		require.NoError(t, e.Close())
		for range 2 { // it is done once
			e, err = badger.Open(cfg)
			require.NoError(t, err)
			pairs := enginetest.Pairs(t, e, engine.Range{})
			require.Len(t, pairs, 300)
			for _, p := range pairs {
				require.Equal(t, string(puts[p.Key]), p.Value)
			}
			require.NoError(t, e.Close())
		}
	}
}

// TestReservedNames: keys that mean something to Badger or to the adapter are keys like all others.
func TestReservedNames(t *testing.T) {
	e, err := badger.Open(small(t.TempDir()))
	require.NoError(t, err)
	defer func() { require.NoError(t, e.Close()) }()
	for _, key := range []string{"!badger!", "!badger!txn", "!badger!banned", "r\x00\x00\x00\x00", "k"} {
		enginetest.Set(t, e, key, key)
	}
	for _, p := range enginetest.Pairs(t, e, engine.Range{}) {
		require.Equal(t, p.Key, p.Value)
	}
}

// TestGC: overwritten values are collected while readers and writers go on, and none of the living is lost.
func TestGC(t *testing.T) {
	cfg := small(t.TempDir())
	cfg.ValueLogFileBytes = 1 << 20
	value := func(key, round int) []byte { return bytes.Repeat([]byte{byte(key), byte(round)}, 2000) }
	const keys, rounds = 200, 12
	for round := range rounds { // closing writes the tables out, compacting them finds the garbage
		e, err := badger.Open(cfg)
		require.NoError(t, err)
		require.NoError(t, e.Update(t.Context(), func(w engine.Writer) error {
			for k := range keys {
				if k%20 == 0 && round > 0 {
					continue // written once, and still there in the end
				}
				if err := w.Put([]byte{byte(k)}, value(k, round)); err != nil {
					return err
				}
			}
			return nil
		}))
		require.NoError(t, e.Close())
	}
	e, err := badger.Open(cfg)
	require.NoError(t, err)
	defer func() { require.NoError(t, e.Close()) }()
	require.NoError(t, e.Flatten())
	check := func() {
		for k := range keys {
			want := value(k, rounds-1)
			if k%20 == 0 {
				want = value(k, 0)
			}
			if got, _ := enginetest.Value(t, e, string([]byte{byte(k)})); got != string(want) {
				t.Errorf("key %d has a wrong value", k)
			}
		}
	}
	stop := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				check()
			}
		}
	})
	rewritten, err := e.RunGC(t.Context())
	close(stop)
	wg.Wait()
	require.NoError(t, err)
	require.NotZero(t, rewritten)
	check()
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = e.RunGC(cancelled)
	require.ErrorIs(t, err, context.Canceled)
}

// TestBackgroundGC only starts and stops it.
func TestBackgroundGC(t *testing.T) {
	cfg := small(t.TempDir())
	cfg.GCInterval = 1
	e, err := badger.Open(cfg)
	require.NoError(t, err)
	for i := range 20 {
		enginetest.Set(t, e, fmt.Sprint(i), "v")
	}
	require.NoError(t, e.Close())
}

// TestCloseEndsAll: nothing runs on after Close, and everything is answered with ErrClosed.
func TestCloseEndsAll(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent(),
		goleak.IgnoreTopFunction("github.com/golang/glog.(*fileSink).flushDaemon"))
	e, err := badger.Open(small(t.TempDir()))
	require.NoError(t, err)
	inside, leave := make(chan struct{}), make(chan struct{})
	viewed := make(chan error, 1)
	go func() {
		viewed <- e.View(context.Background(), func(r engine.Reader) error {
			close(inside)
			<-leave
			_, err := r.Get([]byte("k"))
			return err
		})
	}()
	<-inside
	closed := make(chan error, 1)
	go func() { closed <- e.Close() }()
	select {
	case <-closed:
		t.Fatal("Close did not wait for the View")
	default:
		close(leave)
	}
	require.ErrorIs(t, <-viewed, engine.ErrNotFound)
	require.NoError(t, <-closed)
	require.ErrorIs(t, e.View(t.Context(), func(engine.Reader) error { return nil }), engine.ErrClosed)
	_, err = e.Backup(t.Context(), &bytes.Buffer{})
	require.ErrorIs(t, err, engine.ErrClosed)
	_, err = e.RunGC(t.Context())
	require.ErrorIs(t, err, engine.ErrClosed)
	_, err = e.Stats()
	require.ErrorIs(t, err, engine.ErrClosed)
}

// TestDamagedFiles: an engine whose files are damaged is not opened as if nothing were wrong.
func TestDamagedFiles(t *testing.T) {
	dir := t.TempDir()
	e, err := badger.Open(small(dir))
	require.NoError(t, err)
	enginetest.Set(t, e, "k", "v")
	stats, err := e.Stats()
	require.NoError(t, err)
	require.NotZero(t, stats.Commits)
	require.NoError(t, e.Close())
	require.NoError(t, os.WriteFile(filepath.Join(dir, "MANIFEST"), []byte("damaged"), 0o600))
	_, err = badger.Open(small(dir))
	require.ErrorIs(t, err, engine.ErrCorrupt)
}

// A manifest that lost its tables is damage, not an empty database, and nothing is removed because of it.
func TestLostManifest(t *testing.T) {
	for name, lose := range map[string]func(path string) error{
		"gone":  os.Remove,
		"empty": func(path string) error { return os.Truncate(path, 0) },
		"head":  func(path string) error { return os.Truncate(path, 8) },
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			e, err := badger.Open(small(dir))
			require.NoError(t, err)
			enginetest.Set(t, e, "k", "v")
			require.NoError(t, e.Close())
			before, err := filepath.Glob(filepath.Join(dir, "*.sst"))
			require.NoError(t, err)
			require.NotEmpty(t, before)
			require.NoError(t, lose(filepath.Join(dir, "MANIFEST")))
			_, err = badger.Open(small(dir))
			require.ErrorIs(t, err, engine.ErrCorrupt)
			after, err := filepath.Glob(filepath.Join(dir, "*.sst"))
			require.NoError(t, err)
			require.Equal(t, before, after)
		})
	}
}

// A process killed between creating a log and giving it a length leaves an empty file; the rest opens as it was.
func TestEmptyLog(t *testing.T) {
	dir := t.TempDir()
	e, err := badger.Open(small(dir))
	require.NoError(t, err)
	enginetest.Set(t, e, "k", "v")
	require.NoError(t, e.Close())
	require.NoError(t, os.WriteFile(filepath.Join(dir, "00099.mem"), nil, 0o600))
	e, err = badger.Open(small(dir))
	require.NoError(t, err)
	value, ok := enginetest.Value(t, e, "k")
	require.True(t, ok)
	require.Equal(t, "v", value)
	require.NoError(t, e.Close())
}

func FuzzParseRedo(f *testing.F) {
	f.Add(badger.RedoRecord([]byte("key"), []byte("value")))
	f.Add([]byte{0, 0, 1})
	f.Fuzz(func(t *testing.T, record []byte) {
		again, err := badger.ParseRedo(record)
		if err != nil {
			require.ErrorIs(t, err, engine.ErrCorrupt)
			return
		}
		require.True(t, bytes.Equal(record, again))
	})
}
