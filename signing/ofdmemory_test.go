package signing_test

import (
	"archive/zip"
	"fmt"
	"io"
	random "math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/ofd"
	"github.com/elicense/elicense/internal/proctest"
	"github.com/elicense/elicense/signing"
)

// largeVariable names a file that the test binary seals and holds against its signature in a process of its own, to
// print its peak of RssAnon in KiB.
const largeVariable = "ELICENSE_SIGNING_CHILD_OFD"

// TestLargeOFD: a document of 200 MB is sealed, closed and held against its signatures in less than 64 MB of anonymous
// memory.
func TestLargeOFD(t *testing.T) {
	if testing.Short() {
		t.Skip("seals a document of 200 MB")
	}
	path := filepath.Join(t.TempDir(), "large.ofd")
	writeLarge(t, path, 200<<20)
	require.Less(t, proctest.PeakOf(t, "BenchmarkLargeOFDChild", largeVariable+"="+path), 64<<10)
}

// writeLarge writes a document with files of 25 MB of noise, half of them as deflate leaves them.
func writeLarge(t *testing.T, path string, size int64) {
	t.Helper()
	f, err := os.Create(path)
	require.NoError(t, err)
	z := zip.NewWriter(f)
	for _, file := range document(2) {
		w, err := z.Create(file.Name)
		require.NoError(t, err)
		_, err = w.Write(file.Data)
		require.NoError(t, err)
	}
	noise := random.NewChaCha8([32]byte{2})
	const part = 25 << 20
	for n := int64(0); n < size; n += part {
		w, err := z.CreateHeader(&zip.FileHeader{Name: fmt.Sprintf("Doc_0/Res/scan_%d.bin", n/part), Method: uint16(n / part % 2 * 8)})
		require.NoError(t, err)
		_, err = io.CopyN(w, noise, part)
		require.NoError(t, err)
	}
	require.NoError(t, z.Close())
	require.NoError(t, f.Close())
}

// BenchmarkLargeOFDChild is the process that TestLargeOFD watches; by itself it does nothing.
func BenchmarkLargeOFDChild(t *testing.B) {
	path := os.Getenv(largeVariable)
	if path == "" || t.N > 1 {
		t.Skip("only in a process of its own")
	}
	w := newSealWorld(t)
	stop := proctest.TellPeak()
	source, size := openLarge(t, path)
	o, err := signing.OpenOFD(source, size, signing.OFDConfig{Now: at(now)})
	require.NoError(t, err)
	require.NoError(t, o.Seal(t.Context(), w.order(t, place(1, 10, 10))))
	require.NoError(t, o.SignClosing(t.Context(), w.closer(t)))
	sealed := filepath.Join(t.TempDir(), "sealed.ofd")
	out, err := os.Create(sealed)
	require.NoError(t, err)
	require.NoError(t, o.Write(out))
	require.NoError(t, out.Close())

	source, size = openLarge(t, sealed)
	p, err := ofd.Open(source, size)
	require.NoError(t, err)
	list, err := p.Signatures(p.Documents()[0])
	require.NoError(t, err)
	for i, ref := range list.Signatures {
		s, err := p.ReadSignature(ref)
		require.NoError(t, err)
		c, err := p.Coverage(list, i, s, nil)
		require.NoError(t, err)
		require.True(t, c.Complete())
	}
	stop()
}

func openLarge(t testing.TB, path string) (*os.File, int64) {
	t.Helper()
	f, err := os.Open(path)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, f.Close()) })
	info, err := f.Stat()
	require.NoError(t, err)
	return f, info.Size()
}
