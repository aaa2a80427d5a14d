package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"image"
	"image/png"
	"os"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/internal/pdf"
	"github.com/elicense/elicense/pki"
)

// makePDFWorld is pdfworld: a department's key, a picture, and a PDF of one page.
func makePDFWorld(ts *testscript.TestScript, _ bool, _ []string) {
	p, err := fixtures.NewProvince(rand.Reader, func() time.Time { return scriptStart })
	ts.Check(err)
	seals, err := p.Seals(context.Background(), nil)
	ts.Check(err)
	key, err := pki.MarshalKey(seals[0].Key, []byte("pass"), rand.Reader)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs("dept.key"), key, 0o600))
	ts.Check(os.WriteFile(ts.MkAbs("dept.pem"), pki.AppendPEM(nil, seals[0].Chain...), 0o600))
	var picture, doc bytes.Buffer
	ts.Check(png.Encode(&picture, image.NewNRGBA(image.Rect(0, 0, 8, 8))))
	ts.Check(os.WriteFile(ts.MkAbs("stamp.png"), picture.Bytes(), 0o600))
	doc.WriteString("%PDF-1.7\n")
	xref := "xref\n0 4\n0000000000 65535 f \n"
	for i, o := range []string{
		"<</Type/Catalog/Pages 2 0 R>>", "<</Type/Pages/Kids[3 0 R]/Count 1>>",
		"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>",
	} {
		xref += fmt.Sprintf("%010d 00000 n \n", doc.Len())
		fmt.Fprintf(&doc, "%d 0 obj\n%s\nendobj\n", i+1, o)
	}
	at := doc.Len()
	fmt.Fprintf(&doc, "%strailer\n<</Size 4/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n", xref, at)
	ts.Check(os.WriteFile(ts.MkAbs("plain.pdf"), doc.Bytes(), 0o600))
}

// signaturesInPDF is pdfsignatures FILE N: the file has so many signatures, nothing was changed after any of them, and
// the last covers all of it.
func signaturesInPDF(ts *testscript.TestScript, _ bool, args []string) {
	b := []byte(ts.ReadFile(args[0]))
	f, err := pdf.Open(bytes.NewReader(b), int64(len(b)))
	ts.Check(err)
	list, err := f.Signatures()
	ts.Check(err)
	if got := fmt.Sprint(len(list)); got != args[1] {
		ts.Fatalf("%s signatures, not %s", got, args[1])
	}
	for _, s := range list {
		ts.Check(s.CheckRange())
		changes, err := f.Changes(s)
		ts.Check(err)
		if len(changes.Other) > 0 {
			ts.Fatalf("changed: %v", changes.Other)
		}
	}
	if last := list[len(list)-1]; last.End() != int64(len(b)) {
		ts.Fatalf("covers %d of %d octets", last.End(), len(b))
	}
}
