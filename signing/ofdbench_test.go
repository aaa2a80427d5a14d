package signing_test

import (
	"archive/zip"
	"bytes"
	"crypto"
	"crypto/rand"
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

	"github.com/elicense/elicense/internal/ofd"
	"github.com/elicense/elicense/internal/ses"
	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/signing"
)

// licencePage is a document of one page as licences have it: text, a template, a photo, a QR, a record beside it; below
// 40 KB.
func licencePage(t testing.TB) []byte {
	t.Helper()
	files := document(1)
	var page bytes.Buffer
	page.WriteString(ofdHead + `<ofd:Page xmlns:ofd="http://www.ofdspec.org/2016"><ofd:Content><ofd:Layer ID="10">`)
	for i := range 40 {
		fmt.Fprintf(&page, `<ofd:TextObject ID="%d" Boundary="20 %d 100 6" Font="3" Size="4.5"><ofd:TextCode X="0" Y="4.5" DeltaX="g 7 4.5">第%02d项内容之值</ofd:TextCode></ofd:TextObject>`, i+20, 20+6*i, i)
	}
	page.WriteString(`</ofd:Layer></ofd:Content></ofd:Page>`)
	files[len(files)-1].Data = page.Bytes()
	photo := make([]byte, 24<<10)
	_, _ = random.NewChaCha8([32]byte{1}).Read(photo)
	files = append(files, ofd.File{Name: "Doc_0/Res/photo.jpg", Data: photo}, ofd.File{Name: "Doc_0/Res/qr.png", Data: photo[:600]},
		ofd.File{Name: "Doc_0/Tpls/Tpl_0/Content.xml", Data: page.Bytes()}, ofd.File{Name: "Doc_0/Attachs/record.json", Data: photo[:3000]})
	b := marshal(t, files)
	require.Less(t, len(b), 40<<10)
	return b
}

// packed is a file as it lies in a package.
type packed struct {
	name   string
	raw    []byte
	method uint16
	size   int
}

func packedFiles(t testing.TB, b []byte) (out []packed) {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	require.NoError(t, err)
	for _, f := range z.File {
		r, err := f.OpenRaw()
		require.NoError(t, err)
		raw, err := io.ReadAll(r)
		require.NoError(t, err)
		out = append(out, packed{f.Name, raw, f.Method, int(f.UncompressedSize64)})
	}
	return out
}

// bare inflates and hashes files with nothing around it.
type bare struct {
	inflate io.ReadCloser
	buffer  []byte
}

func newBare() *bare { return &bare{inflate: flate.NewReader(nil), buffer: make([]byte, 1<<20)} }

func (r *bare) read(f packed) []byte {
	if f.method == zip.Store {
		return f.raw
	}
	_ = r.inflate.(flate.Resetter).Reset(bytes.NewReader(f.raw), nil)
	_, _ = io.ReadFull(r.inflate, r.buffer[:f.size])
	return r.buffer[:f.size]
}

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

// BenchmarkSealOFD seals a rendered page of less than 40 KB, against the inflates, hashes and the signature that it
// needs.
func BenchmarkSealOFD(b *testing.B) {
	w := newSealWorld(b)
	plain := licencePage(b)
	order := w.picturedOrder(b)
	sealed := func() []byte {
		o := openOFD(b, plain)
		require.NoError(b, o.Seal(b.Context(), order))
		var out bytes.Buffer
		require.NoError(b, o.Write(&out))
		return out.Bytes()
	}
	require.NoError(b, w.judgeOFD(sealed()))
	files := packedFiles(b, plain)
	r := newBare()
	xml, err := readOFD(b, sealed()).ReadFile("Doc_0/Signs/Sign_0/Signature.xml", 1<<20)
	require.NoError(b, err)
	value, err := readOFD(b, sealed()).ReadFile("Doc_0/Signs/Sign_0/SignedValue.dat", 1<<20)
	require.NoError(b, err)
	made, err := ses.ParseSignature(value)
	require.NoError(b, err)
	public, err := pki.PublicKeyOf(w.signerKey.Public())
	require.NoError(b, err)
	against(b, func() { sealed() }, func() {
		for _, f := range files {
			sm3.Sum(r.read(f))
		}
		sm3.Sum(order.Seal)
		sm3.Sum(xml)
		bareSign(b, public, w.signerKey, made.SignedBytes())
	})
}

// picturedOrder is an order with a seal whose picture has the size of a drawn one.
func (w sealWorld) picturedOrder(b *testing.B) signing.SealOrder {
	b.Helper()
	picture := image.NewGray(image.Rect(0, 0, 110, 110))
	_, _ = random.NewChaCha8([32]byte{3}).Read(picture.Pix)
	var out bytes.Buffer
	require.NoError(b, png.Encode(&out, picture))
	spec := w.spec()
	spec.Picture.Data = out.Bytes()
	s := w.sealer(b, w.seal(b, spec))
	return signing.SealOrder{Value: s, Stamps: []signing.Stamp{place(1, 140, 230)}}
}

func bareSign(b *testing.B, public *pki.PublicKey, key crypto.Signer, message []byte) {
	b.Helper()
	if _, err := public.Sign(rand.Reader, key, message); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkCoverOFD opens a sealed page and holds every file against its signature, against the inflates and hashes that
// it needs. Signature values are not looked at on either side.
func BenchmarkCoverOFD(b *testing.B) {
	w := newSealWorld(b)
	o := openOFD(b, licencePage(b))
	require.NoError(b, o.Seal(b.Context(), w.picturedOrder(b)))
	sealed := written(b, o)
	files := packedFiles(b, sealed)
	r := newBare()
	against(b, func() {
		p := readOFD(b, sealed)
		list, err := p.Signatures(p.Documents()[0])
		require.NoError(b, err)
		s, err := p.ReadSignature(list.Signatures[0])
		require.NoError(b, err)
		c, err := p.Coverage(list, 0, s, nil)
		require.NoError(b, err)
		require.True(b, c.Complete())
	}, func() {
		for _, f := range files {
			switch path.Base(f.name) {
			case "SignedValue.dat": // not looked at
			case "Signatures.xml", "Signature.xml":
				r.read(f)
			default:
				sm3.Sum(r.read(f))
			}
		}
	})
}
