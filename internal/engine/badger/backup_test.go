package badger_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/internal/engine/badger"
	"github.com/elicense/elicense/internal/engine/enginetest"
)

func backedUp(t testing.TB, pairs int) (stream []byte, want []enginetest.Pair) {
	t.Helper()
	e, err := badger.Open(small(t.TempDir()))
	require.NoError(t, err)
	require.NoError(t, e.Update(t.Context(), func(w engine.Writer) error {
		for i := range pairs {
			if err := w.Put(fmt.Appendf(nil, "key %04d", i), bytes.Repeat([]byte{byte(i)}, i%5*700)); err != nil {
				return err
			}
		}
		return nil
	}))
	want = enginetest.Pairs(t, e, engine.Range{})
	var buf bytes.Buffer
	n, err := e.Backup(t.Context(), &buf)
	require.NoError(t, err)
	require.EqualValues(t, pairs, n)
	require.NoError(t, e.Close())
	return buf.Bytes(), want
}

func TestBackupRestore(t *testing.T) {
	for _, pairs := range []int{0, 1, 3000} {
		stream, want := backedUp(t, pairs)
		n, err := badger.VerifyBackup(t.Context(), bytes.NewReader(stream))
		require.NoError(t, err)
		require.EqualValues(t, pairs, n)
		cfg := small(filepath.Join(t.TempDir(), "restored"))
		if pairs == 1 {
			require.NoError(t, os.Mkdir(cfg.Dir, 0o700)) // an empty directory is as good as none
		}
		n, err = badger.Restore(t.Context(), cfg, iotest.HalfReader(bytes.NewReader(stream)))
		require.NoError(t, err)
		require.EqualValues(t, pairs, n)
		e, err := badger.Open(cfg)
		require.NoError(t, err)
		require.Equal(t, want, enginetest.Pairs(t, e, engine.Range{}))
		var again bytes.Buffer
		_, err = e.Backup(t.Context(), &again)
		require.NoError(t, err)
		require.Equal(t, stream, again.Bytes(), "a backup of the restored engine is the same stream")
		require.NoError(t, e.Close())
	}
}

// TestBackupOnline: a backup is one state, whatever is written meanwhile.
func TestBackupOnline(t *testing.T) {
	e, err := badger.Open(small(t.TempDir()))
	require.NoError(t, err)
	defer func() { require.NoError(t, e.Close()) }()
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { // the two values are always equal
		defer close(done)
		for i := 0; ctx.Err() == nil; i++ {
			v := fmt.Append(nil, i)
			_ = e.Update(ctx, func(w engine.Writer) error {
				return errors.Join(w.Put([]byte("a"), v), w.Put([]byte("z"), v))
			})
		}
	}()
	for range 20 {
		var stream bytes.Buffer
		_, err := e.Backup(t.Context(), &stream)
		require.NoError(t, err)
		cfg := small(filepath.Join(t.TempDir(), "r"))
		_, err = badger.Restore(t.Context(), cfg, &stream)
		require.NoError(t, err)
		r, err := badger.Open(cfg)
		require.NoError(t, err)
		a, _ := enginetest.Value(t, r, "a")
		z, _ := enginetest.Value(t, r, "z")
		require.Equal(t, a, z)
		require.NoError(t, r.Close())
	}
	stop()
	<-done
}

func requireNothing(t *testing.T, dir string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, entries, "a refused restore leaves nothing")
}

func TestRestoreRefuses(t *testing.T) {
	stream, _ := backedUp(t, 3)
	bad := map[string][]byte{
		"empty": {}, "another file": []byte("PK\x03\x04 something else"), "more": append(bytes.Clone(stream), 0),
	}
	for i := 0; i < len(stream); i += 1 + len(stream)/97 {
		flipped := bytes.Clone(stream)
		flipped[i] ^= 1
		bad[fmt.Sprint("bit at ", i)] = flipped
		bad[fmt.Sprint("cut at ", i)] = stream[:i]
	}
	restored := 0
	for name, b := range bad {
		_, err := badger.VerifyBackup(t.Context(), bytes.NewReader(b))
		require.ErrorIs(t, err, engine.ErrCorrupt, name)
		if restored++; restored > 12 { // the rest would go the same way, in some random order
			continue
		}
		parent := t.TempDir()
		n, err := badger.Restore(t.Context(), small(filepath.Join(parent, "r")), bytes.NewReader(b))
		require.ErrorIs(t, err, engine.ErrCorrupt, name)
		require.Zero(t, n)
		requireNothing(t, parent)
	}

	parent := t.TempDir()
	cfg := small(filepath.Join(parent, "r"))
	_, err := badger.Restore(t.Context(), cfg,
		io.MultiReader(bytes.NewReader(stream[:50]), iotest.ErrReader(io.ErrClosedPipe)))
	require.ErrorIs(t, err, io.ErrClosedPipe)
	requireNothing(t, parent)

	require.NoError(t, os.WriteFile(filepath.Join(parent, "r"), nil, 0o600))
	_, err = badger.Restore(t.Context(), cfg, bytes.NewReader(stream))
	require.Error(t, err, "the target is a file")
	require.NoError(t, os.Remove(cfg.Dir))
	require.NoError(t, os.Mkdir(cfg.Dir, 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(cfg.Dir, "something"), nil, 0o600))
	_, err = badger.Restore(t.Context(), cfg, bytes.NewReader(stream))
	require.ErrorIs(t, err, badger.ErrNotEmpty)

	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	parent = t.TempDir()
	_, err = badger.Restore(cancelled, small(filepath.Join(parent, "r")), bytes.NewReader(stream))
	require.ErrorIs(t, err, context.Canceled)
	requireNothing(t, parent)
}

// TestRestoreAfterCrash: what a killed restore has left beside the target is no obstacle.
func TestRestoreAfterCrash(t *testing.T) {
	stream, want := backedUp(t, 10)
	cfg := small(filepath.Join(t.TempDir(), "r"))
	require.NoError(t, os.Mkdir(cfg.Dir+".restoring", 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(cfg.Dir+".restoring", "MANIFEST"), []byte("half"), 0o600))
	_, err := badger.Restore(t.Context(), cfg, bytes.NewReader(stream))
	require.NoError(t, err)
	e, err := badger.Open(cfg)
	require.NoError(t, err)
	require.Equal(t, want, enginetest.Pairs(t, e, engine.Range{}))
	require.NoError(t, e.Close())
}

func TestBackupToFullDisk(t *testing.T) {
	e, err := badger.Open(small(t.TempDir()))
	require.NoError(t, err)
	defer func() { require.NoError(t, e.Close()) }()
	enginetest.Set(t, e, "k", "v")
	_, err = e.Backup(t.Context(), brokenWriter{})
	require.ErrorIs(t, err, io.ErrShortWrite)
}

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, io.ErrShortWrite }

func FuzzReadBackup(f *testing.F) {
	var stream bytes.Buffer
	require.NoError(f, badger.WriteBackup(&stream, "", "value", "longer value"))
	f.Add(stream.Bytes())
	f.Add(stream.Bytes()[:40])
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		var again bytes.Buffer
		pairs, err := badger.CopyBackup(&again, bytes.NewReader(b))
		if err != nil {
			require.ErrorIs(t, err, engine.ErrCorrupt)
			require.Zero(t, pairs)
			return
		}
		require.Equal(t, b, again.Bytes())
	})
}
