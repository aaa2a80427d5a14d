package verify_test

import (
	"archive/zip"
	"bufio"
	"crypto/rand"
	"fmt"
	"io"
	random "math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/proctest"
	"github.com/elicense/elicense/signing"
	"github.com/elicense/elicense/verify"
)

// memoryVariable names the document that a process of its own judges, to print its peak of RssAnon in KiB.
const memoryVariable = "ELICENSE_VERIFY_CHILD"

// largeBytes is the size of a document that is judged as a stream, mostBytes what that may take of anonymous memory.
const (
	largeBytes = 200 << 20
	mostKiB    = 64 << 10
)

// TestLargeDocuments: an OFD and a PDF of 200 MB each, sealed or signed for real, are judged whole by the public entry
// in less than 64 MB of anonymous memory.
func TestLargeDocuments(t *testing.T) {
	if testing.Short() {
		t.Skip("judges documents of 200 MB")
	}
	for name, write := range map[string]func(*testing.T, string){"large.ofd": writeLargeOFD, "large.pdf": writeLargePDF} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), name)
			write(t, path)
			require.Less(t, proctest.PeakOf(t, "BenchmarkLargeDocumentChild", memoryVariable+"="+path), mostKiB)
		})
	}
}

// BenchmarkLargeDocumentChild is the process that TestLargeDocuments watches; by itself it does nothing.
func BenchmarkLargeDocumentChild(b *testing.B) {
	path := os.Getenv(memoryVariable)
	if path == "" || b.N > 1 {
		b.Skip("only in a process of its own")
	}
	w := newSealWorld(b)
	signed := filepath.Join(b.TempDir(), "signed")
	out, err := os.Create(signed)
	require.NoError(b, err)
	source, size := openLarge(b, path)
	if strings.HasSuffix(path, ".ofd") {
		w.sealLarge(source, size, out)
	} else {
		require.NoError(b, signing.SignPDF(b.Context(), out, source, size, signing.PDFOrder{
			Signer: signing.Config{Key: w.department.key, Chain: w.department.chain, Rand: rand.Reader}, Now: func() time.Time { return now.Add(-time.Hour) },
		}))
	}
	require.NoError(b, out.Close())
	stop := proctest.TellPeak()
	source, size = openLarge(b, signed)
	require.Greater(b, size, int64(largeBytes))
	r, err := w.sealVerifier(nil).VerifyDocument(b.Context(), verify.Document{Body: source, Size: size}, verify.Expect{})
	require.NoError(b, err)
	require.Equal(b, verify.TotalPassed, r.Indication, "%s %s", r.Headline, r.SubIndication)
	stop()
}

// sealLarge seals and closes a package as a stream.
func (w *sealWorld) sealLarge(source io.ReaderAt, size int64, out io.Writer) {
	w.t.Helper()
	o, err := signing.OpenOFD(source, size, signing.OFDConfig{Now: func() time.Time { return now.Add(-time.Hour) }})
	require.NoError(w.t, err)
	require.NoError(w.t, o.Seal(w.t.Context(), signing.SealOrder{
		Value: w.sealer(w.department), Seal: w.seal,
		Stamps: []signing.Stamp{{Page: 1, Box: signing.Box{X: 140, Y: 220, W: 42, H: 42}}},
	}))
	require.NoError(w.t, o.SignClosing(w.t.Context(), w.signer(w.department, nil)))
	require.NoError(w.t, o.Write(out))
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

// writeLargeOFD writes a page with files of noise beside it, every other one deflated.
func writeLargeOFD(t *testing.T, path string) {
	t.Helper()
	f, err := os.Create(path)
	require.NoError(t, err)
	z := zip.NewWriter(f)
	for _, file := range page() {
		w, err := z.Create(file.Name)
		require.NoError(t, err)
		_, err = w.Write(file.Data)
		require.NoError(t, err)
	}
	noise := random.NewChaCha8([32]byte{4})
	const part = 20 << 20
	for n := range largeBytes/part + 1 {
		w, err := z.CreateHeader(&zip.FileHeader{Name: "Doc_0/Res/scan_" + strconv.Itoa(n) + ".jpg", Method: uint16(n % 2 * 8)})
		require.NoError(t, err)
		_, err = io.CopyN(w, noise, part)
		require.NoError(t, err)
	}
	require.NoError(t, z.Close())
	require.NoError(t, f.Close())
}

// writeLargePDF writes pages with a picture of noise and a few small objects each.
func writeLargePDF(t *testing.T, path string) {
	t.Helper()
	f, err := os.Create(path)
	require.NoError(t, err)
	w := bufio.NewWriter(f)
	noise := random.NewChaCha8([32]byte{4})
	var at int64
	var places []int64
	say := func(format string, args ...any) {
		n, err := fmt.Fprintf(w, format, args...)
		require.NoError(t, err)
		at += int64(n)
	}
	begin := func() {
		places = append(places, at)
		say("%d 0 obj\n", len(places))
	}
	const pages, picture, small = 1100, 200 << 10, 8
	say("%%PDF-1.7\n")
	begin()
	say("<</Type/Catalog/Pages 2 0 R>>\nendobj\n")
	begin()
	say("<</Type/Pages/Count %d/Kids[", pages)
	for i := range pages {
		say("%d 0 R ", 3+i*(small+2))
	}
	say("]>>\nendobj\n")
	for range pages {
		begin()
		say("<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Resources<</XObject<</P %d 0 R>>>>>>\nendobj\n", len(places)+1)
		begin()
		say("<</Length %d>>\nstream\n", picture)
		_, err := io.CopyN(w, noise, picture)
		require.NoError(t, err)
		at += picture
		say("\nendstream\nendobj\n")
		for range small {
			begin()
			say("<</Type/Font>>\nendobj\n")
		}
	}
	start := at
	say("xref\n0 %d\n0000000000 65535 f \n", len(places)+1)
	for _, p := range places {
		say("%010d 00000 n \n", p)
	}
	say("trailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n", len(places)+1, start)
	require.NoError(t, w.Flush())
	require.NoError(t, f.Close())
}
