package signing_test

import (
	"bufio"
	"fmt"
	"io"
	random "math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/pdf"
	"github.com/elicense/elicense/internal/proctest"
	"github.com/elicense/elicense/signing"
)

// largePDFVariable names a PDF that the test binary signs and reads in a process of its own, to print its peak of
// RssAnon in KiB.
const largePDFVariable = "ELICENSE_SIGNING_CHILD_PDF"

// TestLargePDF: a PDF of 200 MB is signed twice and held against its signatures in less than 64 MB of anonymous memory.
func TestLargePDF(t *testing.T) {
	if testing.Short() {
		t.Skip("signs a document of 200 MB")
	}
	path := filepath.Join(t.TempDir(), "large.pdf")
	writeLargePDF(t, path)
	require.Less(t, proctest.PeakOf(t, "BenchmarkLargePDFChild", largePDFVariable+"="+path), 64<<10)
}

// writeLargePDF writes 2,000 pages, each with a picture of 100 KB of noise and 20 small objects.
func writeLargePDF(t *testing.T, path string) {
	t.Helper()
	file, err := os.Create(path)
	require.NoError(t, err)
	w := bufio.NewWriter(file)
	noise := random.NewChaCha8([32]byte{2})
	var at int64
	var places []int64
	write := func(format string, args ...any) {
		n, err := fmt.Fprintf(w, format, args...)
		require.NoError(t, err)
		at += int64(n)
	}
	object := func(format string, args ...any) {
		places = append(places, at)
		write("%d 0 obj\n"+format+"\nendobj\n", append([]any{len(places)}, args...)...)
	}
	const pages, each, small = 2000, 105 << 10, 20
	write("%%PDF-1.7\n")
	object("<</Type/Catalog/Pages 2 0 R>>")
	var kids strings.Builder
	for i := range pages {
		fmt.Fprintf(&kids, "%d 0 R ", 3+i*(small+2))
	}
	object("<</Type/Pages/Count %d/Kids[%s]>>", pages, kids.String())
	for range pages {
		n := len(places) + 1
		object("<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Resources<</XObject<</P %d 0 R>>>>>>", n+1)
		places = append(places, at)
		write("%d 0 obj\n<</Length %d>>\nstream\n", n+1, each)
		_, err := io.CopyN(w, noise, each)
		require.NoError(t, err)
		at += each
		write("\nendstream\nendobj\n")
		for range small {
			object("<</Type/Font/Name/F%d/Of %d 0 R>>", n, n)
		}
	}
	xref := at
	write("xref\n0 %d\n0000000000 65535 f \n", len(places)+1)
	for _, p := range places {
		write("%010d 00000 n \n", p)
	}
	write("trailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n", len(places)+1, xref)
	require.NoError(t, w.Flush())
	require.NoError(t, file.Close())
	require.Greater(t, at, int64(200<<20))
}

// BenchmarkLargePDFChild is the process that TestLargePDF watches; by itself it does nothing.
func BenchmarkLargePDFChild(t *testing.B) {
	path := os.Getenv(largePDFVariable)
	if path == "" || t.N > 1 {
		t.Skip("only in a process of its own")
	}
	w := newWorld(t, now)
	stop := proctest.TellPeak()
	order := signing.PDFOrder{Signer: w.config(), Now: at(now)}
	for i := range 2 {
		source, size := openLarge(t, path)
		path = filepath.Join(t.TempDir(), fmt.Sprintf("signed_%d.pdf", i))
		out, err := os.Create(path)
		require.NoError(t, err)
		require.NoError(t, signing.SignPDF(t.Context(), out, source, size, order))
		require.NoError(t, out.Close())
	}
	source, size := openLarge(t, path)
	f, err := pdf.Open(source, size)
	require.NoError(t, err)
	list, err := f.Signatures()
	require.NoError(t, err)
	require.Len(t, list, 2)
	for _, s := range list {
		require.NoError(t, s.CheckRange())
		changes, err := f.Changes(s)
		require.NoError(t, err)
		require.Empty(t, changes.Other)
		body, n := f.Covered(s)
		_, err = io.Copy(io.Discard, io.NewSectionReader(body, 0, n))
		require.NoError(t, err)
	}
	stop()
}
