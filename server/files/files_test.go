package files_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"hash"
	"io"
	"testing"
	"testing/iotest"
	"time"

	"github.com/emmansun/gmsm/sm3"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/elicense/elicense/internal/blob"
	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/internal/engine/memory"
	"github.com/elicense/elicense/server/files"
)

type world struct {
	*files.Store
	now    time.Time
	engine engine.Engine
	blobs  engine.Engine
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{now: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC), engine: memory.New(), blobs: memory.New()}
	clock := func() time.Time { return w.now }
	blobs, err := blob.Open(blob.Config{Engine: w.blobs, Now: clock, Hash: func() hash.Hash { return sm3.New() }})
	require.NoError(t, err)
	w.Store, err = files.Open(files.Config{Engine: w.engine, Space: 'f', Blobs: blobs, Now: clock, Rand: rand.Reader})
	require.NoError(t, err)
	return w
}

func count(t *testing.T, e engine.Engine) int {
	t.Helper()
	n := 0
	require.NoError(t, e.View(t.Context(), func(r engine.Reader) error {
		n = 0
		return r.Scan(engine.Range{}, func(_, _ []byte) (bool, error) { n++; return true, nil })
	}))
	return n
}

// TestRoundTrip: what is written is read, whole and at any place, however the content meets the pieces.
func TestRoundTrip(t *testing.T) {
	w := newWorld(t)
	const piece = 4 << 20
	for _, size := range []int{0, 1, piece - 1, piece, piece + 1, 2*piece + 77} {
		content := make([]byte, size)
		_, err := rand.Read(content)
		require.NoError(t, err)
		f, err := w.Write(t.Context(), bytes.NewReader(content), files.Want{Owner: "one", Limit: int64(size), Keep: time.Hour})
		require.NoError(t, err)
		require.Equal(t, sm3.Sum(content), f.Digest)
		got, err := w.Read(t.Context(), f.ID, int64(size))
		require.NoError(t, err)
		require.True(t, bytes.Equal(content, got))
		r, err := w.Open(t.Context(), f.ID)
		require.NoError(t, err)
		require.NoError(t, iotest.TestReader(io.NewSectionReader(r, 0, r.Size), content))
		if size > 0 {
			_, err = w.Read(t.Context(), f.ID, int64(size)-1)
			require.ErrorIs(t, err, files.ErrTooLarge)
		}
	}
}

// TestReadAnywhere: a reader gives what io.ReaderAt asks for, in whatever order.
func TestReadAnywhere(t *testing.T) {
	w := newWorld(t)
	content := make([]byte, 13<<20)
	_, err := rand.Read(content)
	require.NoError(t, err)
	f, err := w.Write(t.Context(), bytes.NewReader(content), files.Want{Limit: 1 << 40, Keep: time.Hour})
	require.NoError(t, err)
	r, err := w.Open(t.Context(), f.ID)
	require.NoError(t, err)
	rapid.Check(t, func(rt *rapid.T) {
		at := rapid.IntRange(0, len(content)+10).Draw(rt, "at")
		p := make([]byte, rapid.IntRange(0, 5<<20).Draw(rt, "n"))
		n, err := r.ReadAt(p, int64(at))
		want, wantErr := bytes.NewReader(content).ReadAt(make([]byte, len(p)), int64(at))
		if len(p) == 0 {
			want, wantErr = 0, nil
		}
		require.Equal(t, want, n)
		require.Equal(t, wantErr, err)
		require.True(t, n == 0 || bytes.Equal(content[at:at+n], p[:n]))
	})
	_, err = r.ReadAt(make([]byte, 1), -1)
	require.Error(t, err)
}

// TestTooLarge: content beyond the limit leaves no file, and nothing is left after the next sweep.
func TestTooLarge(t *testing.T) {
	w := newWorld(t)
	_, err := w.Write(t.Context(), io.LimitReader(rand.Reader, 9<<20), files.Want{Limit: 8 << 20, Keep: time.Hour})
	require.ErrorIs(t, err, files.ErrTooLarge)
	_, err = w.Write(t.Context(), io.MultiReader(bytes.NewReader(make([]byte, 5<<20)), iotest.ErrReader(errors.New("gone"))),
		files.Want{Limit: 8 << 20, Keep: time.Hour})
	require.Error(t, err)
	require.Zero(t, count(t, w.engine))
	require.NotZero(t, count(t, w.blobs))
	require.NoError(t, w.Tidy(t.Context()))
	require.Zero(t, count(t, w.blobs))
}

// TestOnItsWay: what is swept meanwhile takes nothing from a file that is on its way, though another with the same
// content came to nothing; when that one does too, nothing stays.
func TestOnItsWay(t *testing.T) {
	w := newWorld(t)
	content := make([]byte, 4<<20)
	begin := func() *files.Writer {
		one := w.Create(t.Context(), files.Want{Owner: "one", Limit: 8 << 20, Keep: time.Hour})
		_, err := one.Write(content)
		require.NoError(t, err)
		return one
	}
	stays, goes := begin(), begin()
	goes.Close()
	goes.Close()
	require.NoError(t, w.Tidy(t.Context()))
	f, err := stays.Commit()
	require.NoError(t, err)
	stays.Close()
	whole := func() {
		t.Helper()
		got, err := w.Read(t.Context(), f.ID, 8<<20)
		require.NoError(t, err)
		require.True(t, bytes.Equal(content, got))
	}
	whole()
	begin().Close()
	require.NoError(t, w.Tidy(t.Context()))
	whole()
	require.NoError(t, w.Delete(t.Context(), f.ID))
	begin().Close()
	require.NoError(t, w.Tidy(t.Context()))
	require.Zero(t, count(t, w.blobs))
}

// TestSweep: a file goes when its time is over, and its content with it, unless another file has the same.
func TestSweep(t *testing.T) {
	w := newWorld(t)
	short, err := w.Write(t.Context(), bytes.NewReader([]byte("the same")), files.Want{Owner: "one", Limit: 100, Keep: time.Hour})
	require.NoError(t, err)
	long, err := w.Write(t.Context(), bytes.NewReader([]byte("the same")), files.Want{Owner: "one", Limit: 100, Keep: 100 * time.Hour})
	require.NoError(t, err)
	for _, step := range []struct {
		after time.Duration
		gone  int
		left  []string
	}{{0, 0, []string{short.ID, long.ID}}, {50 * time.Hour, 1, []string{long.ID}}, {60 * time.Hour, 1, nil}} {
		w.now = w.now.Add(step.after)
		gone, err := w.Sweep(t.Context())
		require.NoError(t, err)
		require.Equal(t, step.gone, gone)
		for _, id := range step.left {
			_, err := w.Read(t.Context(), id, 100)
			require.NoError(t, err)
		}
	}
	require.Zero(t, count(t, w.engine))
	require.Zero(t, count(t, w.blobs))
}

// TestKey: the same content under the same key is the same file, other content is refused, and another owner has keys of
// his own.
func TestKey(t *testing.T) {
	w := newWorld(t)
	write := func(owner, content string) (*files.File, error) {
		return w.Write(t.Context(), bytes.NewReader([]byte(content)), files.Want{Owner: owner, Key: "k", Limit: 9, Keep: time.Hour})
	}
	first, err := write("one", "a")
	require.NoError(t, err)
	again, err := write("one", "a")
	require.NoError(t, err)
	require.Equal(t, first.ID, again.ID)
	_, err = write("one", "b")
	require.ErrorIs(t, err, files.ErrReused)
	other, err := write("two", "b")
	require.NoError(t, err)
	require.NotEqual(t, first.ID, other.ID)
	f, err := w.Stat(t.Context(), other.ID)
	require.NoError(t, err)
	require.Equal(t, "two", f.Owner)
	_, err = write(string(make([]byte, 300)), "b")
	require.ErrorIs(t, err, files.ErrTooLarge)
}

// TestUnknown: a name that is none finds nothing.
func TestUnknown(t *testing.T) {
	w := newWorld(t)
	for _, id := range []string{"", "x", "00112233445566778899aabbccddeeff"} {
		_, err := w.Open(t.Context(), id)
		require.ErrorIs(t, err, files.ErrNotFound)
		require.NoError(t, w.Delete(t.Context(), id))
	}
	_, err := files.Open(files.Config{})
	require.ErrorIs(t, err, files.ErrConfig)
}

// TestDamaged: a manifest that does not fit its content is never read past.
func TestDamaged(t *testing.T) {
	w := newWorld(t)
	f, err := w.Write(t.Context(), bytes.NewReader([]byte("content")), files.Want{Owner: "one", Limit: 100, Keep: time.Hour})
	require.NoError(t, err)
	var k, manifest []byte
	require.NoError(t, w.engine.View(t.Context(), func(r engine.Reader) error {
		return r.Scan(engine.Range{Prefix: []byte("ff")}, func(key, value []byte) (bool, error) {
			k, manifest = bytes.Clone(key), bytes.Clone(value)
			return false, nil
		})
	}))
	for name, change := range map[string]func([]byte) []byte{
		"format":  func(b []byte) []byte { b[0]++; return b },
		"short":   func(b []byte) []byte { return b[:20] },
		"torn":    func(b []byte) []byte { return b[:len(b)-1] },
		"no part": func(b []byte) []byte { return b[:len(b)-32] },
		"owner":   func(b []byte) []byte { b[1+3*8+32] += 200; return b },
		"size":    func(b []byte) []byte { b[8]++; return b },
	} {
		require.NoError(t, w.engine.Update(t.Context(), func(e engine.Writer) error {
			return e.Put(k, change(bytes.Clone(manifest)))
		}))
		_, err := w.Read(t.Context(), f.ID, 100)
		require.ErrorIs(t, err, files.ErrDamaged, name)
	}
}
