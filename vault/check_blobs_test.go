package vault_test

import (
	"bytes"
	"context"
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/blob"
	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/internal/engine/memory"
	"github.com/elicense/elicense/vault"
)

// TestInspectBlobs: documents and scans are re-hashed; what is missing, damaged or not what its event names is found, and
// what nothing names is listed.
func TestInspectBlobs(t *testing.T) {
	w := furnished(t, memory.New())
	large := bytes.Repeat([]byte("0123456789abcdef"), 100<<10) // four chunks
	doc, err := w.v.Attach(t.Context(), department(0), w.issue("d", number(1)).Identifier, "ofd", large)
	require.NoError(t, err)
	in := CheckVault(t, w.v)
	require.Equal(t, 3, in.Blobs, "two documents and a scan")
	require.Equal(t, int64(len(large)+len("document")+len("a scan")), in.BlobBytes)
	require.Zero(t, in.OrphanCount)

	found := func() []string {
		in, err := w.v.Inspect(t.Context(), operator(), nil)
		require.NoError(t, err)
		var what []string
		for _, f := range in.Findings {
			what = append(what, f.What)
		}
		return what
	}
	damaged := 0
	for k, v := range content(t, w.blobs) {
		bad := []byte(v)
		bad[len(bad)/2] ^= 1
		if k[0] == 'h' {
			bad = bad[:len(bad)-1]
		}
		put(t, w.blobs, k, bad)
		require.Contains(t, found(), "is damaged", "%c", k[0])
		remove(t, w.blobs, k)
		want := "is damaged"
		if k[0] == 'h' {
			want = "is missing"
		}
		require.Contains(t, found(), want, "%c", k[0])
		put(t, w.blobs, k, []byte(v))
		damaged++
	}
	require.Greater(t, damaged, 7)

	// Another blob of the store in its place, with its own manifest and chunks, is not what the event names.
	key := "B" + string(doc.Address[:])
	digest := content(t, w.engine)[key]
	put(t, w.engine, key, bytes.Repeat([]byte{1}, 32))
	require.Contains(t, found(), "is not the content that its record or event names")
	put(t, w.engine, key, []byte(digest))

	orphan, err := w.config.Blobs.Put(t.Context(), []byte("left by a crash"))
	require.NoError(t, err)
	in = CheckVault(t, w.v)
	require.Zero(t, in.OrphanCount, "an act under way may be about to name it")
	w.now = w.now.Add(2 * time.Hour)
	in = CheckVault(t, w.v)
	require.Equal(t, 1, in.OrphanCount)
	require.Equal(t, []blob.Address{orphan}, in.Orphans)
	_, err = w.v.Sweep(t.Context(), operator(), w.now, false)
	require.NoError(t, err)
	require.Zero(t, CheckVault(t, w.v).OrphanCount)
}

// pieces counts the largest piece that a store hands over.
type pieces struct {
	blob.Store
	largest int
}

func (p *pieces) Get(context.Context, blob.Address) ([]byte, error) { return nil, engine.ErrMisuse }

func (p *pieces) Copy(ctx context.Context, a blob.Address, w io.Writer) error {
	return p.Store.Copy(ctx, a, writerFunc(func(b []byte) (int, error) {
		p.largest = max(p.largest, len(b))
		return w.Write(b)
	}))
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(b []byte) (int, error) { return f(b) }

// TestInspectStreams: no document is held whole, however large.
func TestInspectStreams(t *testing.T) {
	w := newWorld(t)
	a := w.issue("k", number(1))
	_, err := w.v.Attach(t.Context(), department(0), a.Identifier, "scan", bytes.Repeat([]byte{7}, 8<<20))
	require.NoError(t, err)
	p := &pieces{Store: w.config.Blobs}
	cfg := w.config
	cfg.Blobs = p
	v, err := vault.Open(t.Context(), cfg)
	require.NoError(t, err)
	in := CheckVault(t, v)
	require.Equal(t, int64(8<<20), in.BlobBytes)
	require.LessOrEqual(t, p.largest, 1<<20)
}
