package verify_test

import (
	"archive/zip"
	"bytes"
	"fmt"
	"image"
	"image/png"
	"io"
	random "math/rand/v2"
	"path"
	"syscall"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm3"
	"github.com/klauspost/compress/flate"
	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/internal/cms"
	"github.com/elicense/elicense/internal/ofd"
	"github.com/elicense/elicense/internal/ses"
	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/pki/ca"
	"github.com/elicense/elicense/signing"
	"github.com/elicense/elicense/vault/record"
	"github.com/elicense/elicense/verify"
)

// processorTime is what this process has used so far.
func processorTime() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// against runs both sides in turns and tells the processor time of each, collection included.
func against(b *testing.B, ours, bare func()) {
	b.Helper()
	const turn = 50
	var spent, least time.Duration
	n := 0
	for b.Loop() {
		before := processorTime()
		for range turn {
			ours()
		}
		between := processorTime()
		for range turn {
			bare()
		}
		spent, least = spent+between-before, least+processorTime()-between
		n += turn
	}
	b.ReportMetric(float64(spent.Microseconds())/float64(n), "us/document")
	b.ReportMetric(float64(least.Microseconds())/float64(n), "us/bare")
	b.ReportMetric(float64(spent)/float64(least), "x-bare")
	b.ReportMetric(float64(n)/spent.Seconds(), "documents/cpu-s")
}

// checked is a signature to be checked with nothing around it.
type checked struct {
	key            *pki.PublicKey
	message, value []byte
}

func (c checked) verify(b *testing.B) {
	b.Helper()
	if err := pki.VerifySM2(c.key, c.message, c.value); err != nil {
		b.Fatal(err)
	}
}

// linkOf is the signature on a node's certificate.
func linkOf(n node) checked {
	return checked{n.chain[1].PublicKey, n.chain[0].RawTBS, n.chain[0].Signature}
}

// BenchmarkDetached judges a detached SM2 signature over 4 KiB, from bytes to report, against what it needs: the
// digests of content and attributes, the signer's signature and that on his certificate.
func BenchmarkDetached(b *testing.B) {
	w := newWorld(b)
	signer := w.enrol(ca.ProfileDepartment, fixtures.Departments()[0])
	content := bytes.Repeat([]byte("示"), 4<<10/3)
	raw, err := w.signer(signer, func(c *signing.Config) {
		c.WithAttributes, c.Now = true, func() time.Time { return now.Add(-time.Hour) }
	}).Detached(b.Context(), content)
	require.NoError(b, err)
	data, err := cms.Parse(raw)
	require.NoError(b, err)
	message, err := data.SignedBytes(&data.Signers[0], content)
	require.NoError(b, err)
	value, err := data.Signers[0].SignatureDER()
	require.NoError(b, err)
	own, link := checked{signer.cert().PublicKey, message, value}, linkOf(signer)

	v := w.verifier(func(c *verify.Config) { c.Intermediates = pki.NewPool(w.issuing.cert()) })
	judge := func() {
		d := verify.DocumentOf(raw)
		d.Content, d.ContentSize = bytes.NewReader(content), int64(len(content))
		r, err := v.VerifyDocument(b.Context(), d, verify.Expect{})
		require.NoError(b, err)
		require.Equal(b, verify.TotalPassed, r.Indication)
	}
	judge()
	against(b, judge, func() {
		sm3.Sum(content)
		own.verify(b)
		link.verify(b)
	})
}

// licencePage is a document of one page as licences have it: text, a template, a photo, a QR, a record beside it.
func licencePage() []ofd.File {
	var text bytes.Buffer
	text.WriteString(`<ofd:Page` + ofdSpace + `><ofd:Content><ofd:Layer ID="10">`)
	for i := range 40 {
		fmt.Fprintf(&text, `<ofd:TextObject ID="%d" Boundary="20 %d 100 6" Font="3" Size="4.5">`+
			`<ofd:TextCode X="0" Y="4.5" DeltaX="g 7 4.5">第%02d项内容之值</ofd:TextCode></ofd:TextObject>`, i+20, 20+6*i, i)
	}
	text.WriteString(`</ofd:Layer></ofd:Content></ofd:Page>`)
	photo := make([]byte, 14<<10)
	_, _ = random.NewChaCha8([32]byte{1}).Read(photo)
	files := page(ofd.File{Name: "Doc_0/Res/photo.jpg", Data: photo}, ofd.File{Name: "Doc_0/Res/qr.png", Data: photo[:600]},
		ofd.File{Name: "Doc_0/Tpls/Tpl_0/Content.xml", Data: text.Bytes()},
		ofd.File{Name: "Doc_0/Attachs/record.bin", Data: photo[:3000]})
	files[2].Data = text.Bytes()
	return files
}

// picture is as large as that of a drawn seal.
func picture(t testing.TB) []byte {
	t.Helper()
	dots := image.NewGray(image.Rect(0, 0, 80, 80))
	_, _ = random.NewChaCha8([32]byte{3}).Read(dots.Pix)
	var out bytes.Buffer
	require.NoError(t, png.Encode(&out, dots))
	return out.Bytes()
}

// packedFile is a file as it lies in a package.
type packedFile struct {
	name   string
	raw    []byte
	method uint16
	size   int
}

func packedFiles(t testing.TB, b []byte) (out []packedFile) {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	require.NoError(t, err)
	for _, f := range z.File {
		r, err := f.OpenRaw()
		require.NoError(t, err)
		raw, err := io.ReadAll(r)
		require.NoError(t, err)
		out = append(out, packedFile{f.Name, raw, f.Method, int(f.UncompressedSize64)})
	}
	return out
}

// inflater reads files with nothing around it.
type inflater struct {
	stream io.ReadCloser
	buffer []byte
}

func newInflater() *inflater { return &inflater{flate.NewReader(nil), make([]byte, 1<<20)} }

func (r *inflater) read(f packedFile) []byte {
	if f.method == zip.Store {
		return f.raw
	}
	_ = r.stream.(flate.Resetter).Reset(bytes.NewReader(f.raw), nil)
	_, _ = io.ReadFull(r.stream, r.buffer[:f.size])
	return r.buffer[:f.size]
}

// BenchmarkSealed judges a sealed page of less than 40 KB without time-stamp, from bytes to report, against the
// inflates and hashes that it needs and the signatures: the sealing and the seal's own, and unless the chains count
// as judged those on the certificates of both signers.
func BenchmarkSealed(b *testing.B) {
	w := newSealWorld(b)
	w.picture = picture(b)
	w.seal = w.makeSeal(w.maker, w.department)
	doc := w.sealed(licencePage(), nil)
	require.Less(b, len(doc), 40<<10)
	files := packedFiles(b, doc)
	r := newInflater()
	var needed []checked
	for _, f := range files {
		if path.Base(f.name) == "SignedValue.dat" {
			sig, err := ses.ParseSignature(r.read(f))
			require.NoError(b, err)
			needed = []checked{
				{w.department.cert().PublicKey, sig.SignedBytes(), sig.Value},
				{w.maker.cert().PublicKey, sig.Seal.SignedBytes(), sig.Seal.Signature},
			}
		}
	}
	v := w.sealVerifier(nil)
	judge := func() {
		r, err := v.Verify(b.Context(), doc, verify.Expect{})
		require.NoError(b, err)
		require.Equal(b, verify.TotalPassed, r.Indication)
	}
	bare := func(needed []checked) func() {
		return func() {
			for _, f := range files {
				if data := r.read(f); path.Base(f.name) != "SignedValue.dat" && path.Base(f.name) != "Signatures.xml" {
					sm3.Sum(data)
				}
			}
			for _, c := range needed {
				c.verify(b)
			}
		}
	}
	judge()
	b.Run("links", func(b *testing.B) { against(b, judge, bare(append(needed, linkOf(w.department), linkOf(w.maker)))) })
	b.Run("judged", func(b *testing.B) { against(b, judge, bare(needed)) })
	b.Run("cold", func(b *testing.B) {
		against(b, func() { v = w.sealVerifier(nil); judge() }, bare(needed))
	})
}

// BenchmarkAsked judges a bare sealed licence, by a status source that is believed and by one that signs with a proof.
func BenchmarkAsked(b *testing.B) {
	c := newCounter(b)
	digest := record.Sum(c.forge.bundle(nil).Record)
	said := c.says(nil)
	for name, status := range map[string]verify.StatusSource{"believed": stateOf{"valid", digest}, "signed": said} {
		b.Run(name, func(b *testing.B) {
			v := c.here(asking(status))
			for b.Loop() {
				r, err := v.VerifyDocument(b.Context(), c.bare.Document, verify.Expect{})
				require.NoError(b, err)
				require.Equal(b, verify.TotalPassed, r.Indication)
			}
		})
	}
	b.Run("signing", func(b *testing.B) {
		for b.Loop() {
			_, err := c.forge.vault.vault.SignStatement(b.Context(), said.Statement)
			require.NoError(b, err)
		}
	})
}
