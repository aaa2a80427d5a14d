package signing_test

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/pdf"
	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/signing"
)

// plainPDF is a PDF of one page that is turned by so many degrees.
func plainPDF(turn int) []byte {
	return writtenPDF("<< /Type /Catalog /Pages 2 0 R >>", "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
		fmt.Sprintf("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Rotate %d >>", turn))
}

// writtenPDF is a PDF of these objects, of which the first is the catalog.
func writtenPDF(objects ...string) []byte {
	var b bytes.Buffer
	b.WriteString("%PDF-1.7\n")
	xref := fmt.Sprintf("xref\n0 %d\n0000000000 65535 f \n", len(objects)+1)
	for i, o := range objects {
		xref += fmt.Sprintf("%010d 00000 n \n", b.Len())
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", i+1, o)
	}
	at := b.Len()
	fmt.Fprintf(&b, "%strailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n", xref, len(objects)+1, at)
	return b.Bytes()
}

// ring is a picture with transparency.
func ring(t testing.TB, kind string) signing.SealPicture {
	t.Helper()
	img := image.NewNRGBA(image.Rect(0, 0, 64, 64))
	for i := range 64 {
		img.SetNRGBA(i, i, color.NRGBA{R: 200, A: 255})
		img.SetNRGBA(63-i, i, color.NRGBA{R: 200, A: 128})
	}
	var b bytes.Buffer
	if kind == "jpg" {
		require.NoError(t, jpeg.Encode(&b, img, nil))
	} else {
		require.NoError(t, png.Encode(&b, img))
	}
	return signing.SealPicture{Type: kind, Data: b.Bytes(), WidthMM: 42, HeightMM: 42}
}

func signedPDF(t testing.TB, doc []byte, order signing.PDFOrder) []byte {
	t.Helper()
	var out bytes.Buffer
	require.NoError(t, signing.SignPDF(t.Context(), &out, bytes.NewReader(doc), int64(len(doc)), order))
	require.True(t, bytes.HasPrefix(out.Bytes(), doc))
	return out.Bytes()
}

// TestSignPDF: each signature covers its whole revision, and what follows is recognised as a signature.
func TestSignPDF(t *testing.T) {
	w := newWorld(t, now)
	order := signing.PDFOrder{Signer: w.config(), Now: at(now), Reason: "审批通过", Location: "示例省"}
	visible := order
	visible.Stamp = &signing.PDFStamp{Page: 1, X: 140, Y: 230, Picture: ring(t, "png")}
	photo := order
	photo.Stamp = &signing.PDFStamp{Page: 1, X: 10, Y: 10, Picture: ring(t, "jpg")}
	for _, turn := range []int{0, 90, 180, 270, -90} {
		doc := plainPDF(turn)
		visible.Stamp.X, visible.Stamp.Y = 140, 100
		for _, o := range []signing.PDFOrder{order, visible, photo} {
			doc = signedPDF(t, doc, o)
		}
		f, err := pdf.Open(bytes.NewReader(doc), int64(len(doc)))
		require.NoError(t, err)
		list, err := f.Signatures()
		require.NoError(t, err)
		require.Len(t, list, 3)
		for i, s := range list {
			require.NoError(t, s.CheckRange())
			require.Equal(t, now, s.Time)
			require.Equal(t, pdf.FilterCAdES, s.SubFilter)
			changes, err := f.Changes(s)
			require.NoError(t, err)
			require.Empty(t, changes.Other)
			require.Equal(t, len(list)-1-i, changes.Signatures)
		}
	}
}

// forced adds a signature field with a value that says nothing, whatever earlier ones allow; it may lock all fields.
func forced(t testing.TB, doc []byte, locks bool) []byte {
	t.Helper()
	f, err := pdf.Open(bytes.NewReader(doc), int64(len(doc)))
	require.NoError(t, err)
	u, err := f.NewUpdate()
	require.NoError(t, err)
	value := pdf.Dict{"SubFilter": pdf.FilterCAdES}
	if locks {
		value["Reference"] = pdf.Array{pdf.Dict{
			"TransformMethod": pdf.Name("FieldMDP"), "TransformParams": pdf.Dict{"Action": pdf.Name("All")},
		}}
	}
	require.NoError(t, u.AddField(pdf.NewField{Value: value, Room: 32, Page: 1}))
	a, err := u.Finish()
	require.NoError(t, err)
	return append(bytes.Clone(doc), a.Bytes...)
}

// TestSignPDFRefuses: what must not be signed is refused, and nothing is written.
func TestSignPDFRefuses(t *testing.T) {
	w := newWorld(t, now)
	order := signing.PDFOrder{Signer: w.config(), Now: at(now)}
	signed := signedPDF(t, plainPDF(0), order)
	certifying := order
	certifying.Certify = true
	for name, test := range map[string]struct {
		doc    []byte
		edit   func(*signing.PDFOrder)
		err    error
		reason pdf.Reason
	}{
		"no clock":    {doc: plainPDF(0), edit: func(o *signing.PDFOrder) { o.Now = nil }, err: signing.ErrConfig},
		"no key":      {doc: plainPDF(0), edit: func(o *signing.PDFOrder) { o.Signer.Key = nil }, err: signing.ErrConfig},
		"room":        {doc: plainPDF(0), edit: func(o *signing.PDFOrder) { o.Room = 2 << 20 }, err: signing.ErrConfig},
		"little room": {doc: plainPDF(0), edit: func(o *signing.PDFOrder) { o.Room = 64 }, reason: pdf.ReasonInput},
		"page": {doc: plainPDF(0), edit: func(o *signing.PDFOrder) {
			o.Stamp = &signing.PDFStamp{Page: 2, Picture: ring(t, "png")}
		}, err: signing.ErrPlace},
		"edge": {doc: plainPDF(0), edit: func(o *signing.PDFOrder) {
			o.Stamp = &signing.PDFStamp{Page: 1, X: 180, Picture: ring(t, "png")}
		}, err: signing.ErrPlace},
		"no PDF":                  {doc: []byte("PK\x03\x04"), reason: pdf.ReasonHeader},
		"encrypted":               {doc: bytes.Replace(plainPDF(0), []byte("/Root"), []byte("/Encrypt 3 0 R /Root"), 1), reason: pdf.ReasonEncrypted},
		"XFA":                     {doc: writtenPDF("<</AcroForm<</XFA()>>/Pages 2 0 R>>", "<</Kids[3 0 R]>>", "<</Type/Page>>"), reason: pdf.ReasonStructure},
		"octets behind, unsigned": {doc: append(plainPDF(0), "tail"...), err: signing.ErrPDFBroken},
		"octets behind":           {doc: append(bytes.Clone(signed), "tail"...), err: signing.ErrPDFBroken},
		"closed":                  {doc: signedPDF(t, plainPDF(0), certifying), err: signing.ErrPDFClosed},
		"fields are locked":       {doc: forced(t, plainPDF(0), true), err: signing.ErrPDFClosed},
		"done what was forbidden": {doc: forced(t, forced(t, plainPDF(0), true), false), err: signing.ErrPDFBroken},
		"not the first":           {doc: signed, edit: func(o *signing.PDFOrder) { o.Certify = true }, err: signing.ErrPDFClosed},
		"pages in a circle": {
			doc: writtenPDF("<</Pages 2 0 R>>", "<</Kids[2 0 R]>>"), reason: pdf.ReasonStructure,
		},
	} {
		t.Run(name, func(t *testing.T) {
			o := order
			if test.edit != nil {
				test.edit(&o)
			}
			var out bytes.Buffer
			err := signing.SignPDF(t.Context(), &out, bytes.NewReader(test.doc), int64(len(test.doc)), o)
			require.Error(t, err)
			require.Equal(t, test.reason, pdf.ReasonOf(err), "%v", err)
			if test.err != nil {
				require.ErrorIs(t, err, test.err)
			}
			require.Zero(t, out.Len())
		})
	}
}

func signable(t *testing.T, out *bytes.Buffer, doc []byte, order signing.PDFOrder) bool {
	t.Helper()
	return signing.SignPDF(t.Context(), out, bytes.NewReader(doc), int64(len(doc)), order) == nil
}

// qpdf is what qpdf says of the structure of a file: 0 sound, 2 errors, 3 warnings.
func (c checkers) qpdf(path string) int {
	c.t.Helper()
	out, err := exec.CommandContext(c.t.Context(), "qpdf", "--check", path).CombinedOutput()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		c.t.Logf("qpdf %s: %s", path, out)
		return exit.ExitCode()
	}
	require.NoError(c.t, err)
	return 0
}

// TestStockToolsAcceptPDF: programs that share no code with this project find the structure and the signatures of all that
// is written here sound, and the signatures of a changed file not.
func TestStockToolsAcceptPDF(t *testing.T) {
	c := newCheckers(t)
	if _, err := exec.LookPath("qpdf"); err != nil {
		t.Skip("qpdf is not installed")
	}
	w := newWorld(t, time.Now())
	root := c.file("root.pem", pki.AppendPEM(nil, w.root.Certificate()))
	sub := c.file("sub.pem", pki.AppendPEM(nil, w.issuing.Certificate()))
	order := signing.PDFOrder{Signer: w.config(), Now: time.Now}
	order.Signer.Timestamper = newTSA(t, w)
	visible, certifying := order, order
	visible.Stamp = &signing.PDFStamp{Page: 1, X: 20, Y: 20, Picture: ring(t, "png")}
	certifying.Certify = true
	once := signedPDF(t, plainPDF(0), order)
	twice := signedPDF(t, once, visible)
	evidence := signing.PDFEvidence{Certificates: [][]byte{w.issuing.Certificate().Raw}, Singly: true}
	lasting := withEvidence(t, twice, evidence)
	stamped := stampedPDF(t, lasting, order.Signer.Timestamper)
	certified := signedPDF(t, plainPDF(0), certifying)
	for name, doc := range map[string][]byte{
		"once": once, "twice": twice, "turned": signedPDF(t, plainPDF(90), visible), "evidence": lasting, "stamped": stamped,
		"stamped again": stampedPDF(t, withEvidence(t, stamped, evidence), order.Signer.Timestamper),
		"certified":     certified, "certified with evidence": withEvidence(t, certified, evidence),
	} {
		path := c.file("signed.pdf", doc)
		require.Zero(t, c.qpdf(path), name)
		if !strings.HasPrefix(name, "stamped") { // the other program knows no document time-stamps
			c.accepts("pdfsm2check", path, root, sub)
		}
	}
	lasting[20] ^= 1
	c.refuses("pdfsm2check", c.file("changed.pdf", lasting), root, sub)
}

func withEvidence(t *testing.T, doc []byte, e signing.PDFEvidence) []byte {
	t.Helper()
	var out bytes.Buffer
	require.NoError(t, signing.AddPDFEvidence(&out, bytes.NewReader(doc), int64(len(doc)), e))
	return out.Bytes()
}

func stampedPDF(t *testing.T, doc []byte, from signing.Timestamper) []byte {
	t.Helper()
	var out bytes.Buffer
	require.NoError(t, signing.TimestampPDF(t.Context(), &out, bytes.NewReader(doc), int64(len(doc)), from))
	return out.Bytes()
}

func extensible(out *bytes.Buffer, doc []byte, e signing.PDFEvidence) bool {
	return signing.AddPDFEvidence(out, bytes.NewReader(doc), int64(len(doc)), e) == nil
}

// TestExtendForeignPDF: a signed PDF of others that takes evidence takes more of it, and a signature after that: nothing of
// what is written here is taken for a change.
func TestExtendForeignPDF(t *testing.T) {
	testdata := os.Getenv("ELICENSE_TESTDATA")
	if testdata == "" {
		t.Skip("ELICENSE_TESTDATA is not set: no files of others to extend")
	}
	w := newWorld(t, now)
	order := signing.PDFOrder{Signer: w.config(), Now: at(now)}
	count := 0
	require.NoError(t, filepath.WalkDir(testdata, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.EqualFold(filepath.Ext(path), ".pdf") {
			return err
		}
		doc, err := os.ReadFile(path)
		require.NoError(t, err)
		var out bytes.Buffer
		e := signing.PDFEvidence{Certificates: [][]byte{w.root.Certificate().Raw}, Singly: true}
		if !extensible(&out, doc, e) {
			return nil
		}
		count++
		more := withEvidence(t, out.Bytes(), signing.PDFEvidence{Certificates: [][]byte{w.issuing.Certificate().Raw}, Singly: true})
		out.Reset()
		if err := signing.SignPDF(t.Context(), &out, bytes.NewReader(more), int64(len(more)), order); err != nil {
			require.ErrorIs(t, err, signing.ErrPDFClosed, path)
		}
		return nil
	}))
	require.Greater(t, count, 15)
}

// TestStockToolsAcceptForeignPDF: an unsigned PDF of others that qpdf finds sound is so with a signature, which the other
// program accepts.
func TestStockToolsAcceptForeignPDF(t *testing.T) {
	testdata := os.Getenv("ELICENSE_TESTDATA")
	if testdata == "" || testing.Short() {
		t.Skip("ELICENSE_TESTDATA is not set, or the test is to be short: no files of others to sign")
	}
	c := newCheckers(t)
	if _, err := exec.LookPath("qpdf"); err != nil {
		t.Skip("qpdf is not installed")
	}
	w := newWorld(t, time.Now())
	root := c.file("root.pem", pki.AppendPEM(nil, w.root.Certificate()))
	sub := c.file("sub.pem", pki.AppendPEM(nil, w.issuing.Certificate()))
	order := signing.PDFOrder{Signer: w.config(), Now: time.Now}
	count := 0
	require.NoError(t, filepath.WalkDir(testdata, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.EqualFold(filepath.Ext(path), ".pdf") {
			return err
		}
		doc, err := os.ReadFile(path)
		require.NoError(t, err)
		var out bytes.Buffer
		if !signable(t, &out, doc, order) || bytes.Contains(doc, []byte("/ByteRange")) || c.qpdf(path) != 0 {
			return nil
		}
		count++
		signed := c.file("signed.pdf", out.Bytes())
		require.Zero(t, c.qpdf(signed), path)
		require.NoError(t, c.run("pdfsm2check", signed, root, sub), path)
		return nil
	}))
	t.Logf("%d files", count)
	require.Greater(t, count, 50)
}
