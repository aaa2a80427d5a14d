package files_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"hash"
	"io"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
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
	"github.com/elicense/elicense/server/stored"
)

type world struct {
	*files.Store
	now    time.Time
	engine engine.Engine
	blobs  engine.Engine

	config   files.Config
	accounts *stored.Accounts
	most     int64
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{now: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC), engine: memory.New(), blobs: memory.New()}
	clock := func() time.Time { return w.now }
	blobs, err := blob.Open(blob.Config{Engine: w.blobs, Now: clock, Hash: func() hash.Hash { return sm3.New() }})
	require.NoError(t, err)
	w.config = files.Config{Engine: w.engine, Space: 'f', Blobs: blobs, Now: clock, Rand: rand.Reader}
	w.most = 1 << 40
	w.open(t)
	return w
}

// open opens the store as a process does that begins anew.
func (w *world) open(t *testing.T) {
	t.Helper()
	var err error
	w.accounts, err = stored.Open(stored.Config{Engine: w.engine, Space: 'u', Shares: func(owner string) []stored.Share {
		return []stored.Share{{Name: owner, Most: w.most}}
	}})
	require.NoError(t, err)
	w.config.Accounts = w.accounts
	w.Store, err = files.Open(t.Context(), w.config)
	require.NoError(t, err)
}

// used is what is counted for an owner.
func (w *world) used(t *testing.T, owner string) int64 {
	t.Helper()
	state, err := w.accounts.State(t.Context(), owner)
	require.NoError(t, err)
	return state.Used
}

// TestQuota: what an owner keeps is counted until it is removed; beyond his quota nothing is taken, announced or not,
// and nothing of it becomes durable; what is refused or broken off takes no room; the same content under the same key
// takes none either.
func TestQuota(t *testing.T) {
	w := newWorld(t)
	const piece, over = 4 << 20, files.Overhead
	w.most = 3*piece + 2*over
	write := func(key string, size, announced int) (*files.File, error) {
		return w.Write(t.Context(), bytes.NewReader(bytes.Repeat([]byte(key), size)), files.Want{
			Owner: "one", Key: key, Limit: 1 << 30, Size: int64(announced), Keep: time.Hour,
		})
	}
	first, err := write("a", 2*piece, 2*piece)
	require.NoError(t, err)
	require.EqualValues(t, 2*piece+over, w.used(t, "one"))
	kept := count(t, w.blobs)
	_, err = write("b", piece+1, piece+1)
	var full *stored.FullError
	require.ErrorAs(t, err, &full)
	require.Equal(t, stored.FullError{
		Share: stored.Share{Name: "one", Most: w.most}, Used: 2*piece + over, Wanted: piece + 1 + over,
	}, *full)
	require.Equal(t, kept, count(t, w.blobs), "nothing of what was announced is on the disk")
	_, err = write("b", 2*piece, 0)
	require.ErrorIs(t, err, stored.ErrFull)
	require.Greater(t, count(t, w.blobs), kept, "one piece had come before it was too much")
	require.NoError(t, w.Tidy(t.Context()))
	require.Equal(t, kept, count(t, w.blobs))
	require.EqualValues(t, 2*piece+over, w.used(t, "one"))
	_, err = write("a", 2*piece, 2*piece)
	require.NoError(t, err, "the same again")
	_, err = write("c", piece, piece)
	require.NoError(t, err)
	require.Equal(t, w.most, w.used(t, "one"))
	_, err = write("d", 0, 0)
	require.ErrorIs(t, err, stored.ErrFull, "files without content are counted too")
	promised := w.Create(t.Context(), files.Want{Owner: "one", Limit: piece, Keep: time.Hour, Promised: true})
	_, err = promised.Write([]byte("what a job made"))
	require.NoError(t, err)
	result, err := promised.Commit()
	require.NoError(t, err)
	promised.Close()
	require.Greater(t, w.used(t, "one"), w.most)
	w.open(t)
	require.Greater(t, w.used(t, "one"), w.most, "after a restart too")
	for _, id := range []string{first.ID, result.ID} {
		require.NoError(t, w.Delete(t.Context(), id))
		require.NoError(t, w.Delete(t.Context(), id))
	}
	require.EqualValues(t, piece+over, w.used(t, "one"))
	_, err = write("e", 2*piece, 2*piece)
	require.NoError(t, err)
	w.now = w.now.Add(2 * time.Hour)
	_, err = w.Sweep(t.Context())
	require.NoError(t, err)
	require.Zero(t, w.used(t, "one"))
	require.Equal(t, 1, count(t, w.engine), "the mark that files are counted")
}

// TestRemovedIsOnTheDisk: who uploads and deletes in turns has no more than twice his quota on the disk, until that is
// cleared.
func TestRemovedIsOnTheDisk(t *testing.T) {
	w := newWorld(t)
	w.most = 100_000
	size := int64(90_000)
	write := func() (*files.File, error) {
		return w.Write(t.Context(), io.LimitReader(rand.Reader, size), files.Want{Owner: "one", Limit: size, Size: size, Keep: time.Hour})
	}
	for range 2 {
		f, err := write()
		require.NoError(t, err)
		require.NoError(t, w.Delete(t.Context(), f.ID))
	}
	_, err := write()
	var full *stored.FullError
	require.ErrorAs(t, err, &full)
	require.True(t, full.Passes())
	require.NoError(t, w.Tidy(t.Context()))
	_, err = write()
	require.NoError(t, err)
}

// TestCountedOnce: where files were never counted they are when the store is opened, once, also if the process ended in
// the middle of it.
func TestCountedOnce(t *testing.T) {
	w := newWorld(t)
	for i, owner := range []string{"one", "two", "one"} {
		_, err := w.Write(t.Context(), strings.NewReader("content"), files.Want{
			Owner: owner, Key: strconv.Itoa(i), Limit: 100, Keep: time.Hour,
		})
		require.NoError(t, err)
	}
	want := map[string]int64{"one": w.used(t, "one"), "two": w.used(t, "two")}
	require.NotZero(t, want["one"])
	before, err := w.List(t.Context(), "one", "", 10)
	require.NoError(t, err)
	require.NoError(t, w.engine.Update(t.Context(), func(e engine.Writer) error {
		var gone [][]byte
		for _, prefix := range []string{"fn", "fo", "u"} {
			err := e.Scan(engine.Range{Prefix: []byte(prefix)}, func(k, _ []byte) (bool, error) {
				gone = append(gone, bytes.Clone(k))
				return true, nil
			})
			if err != nil {
				return err
			}
		}
		for _, k := range gone {
			if err := e.Delete(k); err != nil {
				return err
			}
		}
		return nil
	}))
	for range 2 {
		w.open(t)
		require.Equal(t, want, map[string]int64{"one": w.used(t, "one"), "two": w.used(t, "two")})
		after, err := w.List(t.Context(), "one", "", 10)
		require.NoError(t, err)
		require.Equal(t, before, after)
	}
}

// TestAtOnce: however many write at once, no owner keeps more than his quota, and what is counted is what is there.
func TestAtOnce(t *testing.T) {
	w := newWorld(t)
	w.most = 10 * (1000 + files.Overhead)
	var all sync.WaitGroup
	var kept, refused atomic.Int32
	for i := range 64 {
		all.Go(func() {
			announced := int64(1000 * (i % 2))
			_, err := w.Write(t.Context(), io.LimitReader(rand.Reader, 1000), files.Want{
				Owner: "one", Limit: 1000, Size: announced, Keep: time.Hour,
			})
			switch {
			case err == nil:
				kept.Add(1)
			case errors.Is(err, stored.ErrFull):
				refused.Add(1)
			default:
				t.Errorf("writing: %v", err)
			}
		})
	}
	all.Wait()
	require.EqualValues(t, 64, kept.Load()+refused.Load())
	require.LessOrEqual(t, kept.Load(), int32(10))
	require.EqualValues(t, int64(kept.Load())*(1000+files.Overhead), w.used(t, "one"))
	list, err := w.List(t.Context(), "one", "", 100)
	require.NoError(t, err)
	require.Len(t, list, int(kept.Load()))
}

// TestList: an owner sees his own files, the newest first, page by page.
func TestList(t *testing.T) {
	w := newWorld(t)
	var want []string
	for range 5 {
		f, err := w.Write(t.Context(), strings.NewReader("x"), files.Want{Owner: "one", Limit: 9, Keep: time.Hour})
		require.NoError(t, err)
		want = append([]string{f.ID}, want...)
		w.now = w.now.Add(time.Second)
	}
	other, err := w.Write(t.Context(), strings.NewReader("x"), files.Want{Owner: "two", Limit: 9, Keep: time.Hour})
	require.NoError(t, err)
	var got []string
	for after := ""; ; {
		page, err := w.List(t.Context(), "one", after, 2)
		require.NoError(t, err)
		if len(page) == 0 {
			break
		}
		for _, f := range page {
			got = append(got, f.ID)
		}
		after = got[len(got)-1]
	}
	require.Equal(t, want, got)
	_, err = w.List(t.Context(), "one", other.ID, 2)
	require.ErrorIs(t, err, files.ErrNotFound)
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
	require.Equal(t, 1, count(t, w.engine), "the mark that files are counted")
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
	require.Equal(t, 1, count(t, w.engine), "the mark that files are counted")
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
	_, err := files.Open(t.Context(), files.Config{})
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
