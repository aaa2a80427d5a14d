package signing_test

import (
	"bytes"
	"fmt"
	random "math/rand/v2"
	"testing"

	"github.com/emmansun/gmsm/sm3"
	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/cms"
	"github.com/elicense/elicense/internal/pdf"
	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/signing"
)

// noticePDF is a document of two pages as notices have it, with text, a picture and a font: about 40 KB.
func noticePDF(t testing.TB) []byte {
	t.Helper()
	noise := make([]byte, 36<<10)
	_, _ = random.NewChaCha8([32]byte{2}).Read(noise)
	stream := func(keys string, data []byte) string {
		return fmt.Sprintf("<<%s/Length %d>>\nstream\n%s\nendstream", keys, len(data), data)
	}
	doc := writtenPDF("<</Type/Catalog/Pages 2 0 R>>", "<</Type/Pages/Kids[3 0 R 4 0 R]/Count 2>>",
		"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 5 0 R/Resources<</XObject<</A 6 0 R>>>>>>",
		"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 5 0 R>>", stream("", noise[:4<<10]),
		stream("/Type/XObject/Subtype/Image/Width 100/Height 100/ColorSpace/DeviceGray/BitsPerComponent 8", noise[:10000]),
		stream("/Length1 20000", noise[:20000]))
	require.InDelta(t, 40<<10, len(doc), 8<<10)
	return doc
}

// BenchmarkSignPDF signs a PDF of about 40 KB, not to be seen, against the hash of the file and the signature that it
// needs.
func BenchmarkSignPDF(b *testing.B) {
	w := newWorld(b, now)
	plain := noticePDF(b)
	order := signing.PDFOrder{Signer: w.config(), Now: at(now)}
	signer, err := signing.NewPDFSigner(order)
	require.NoError(b, err)
	var out bytes.Buffer
	sign := func() {
		out.Reset()
		if err := signer.Sign(b.Context(), &out, bytes.NewReader(plain), int64(len(plain))); err != nil {
			b.Fatal(err)
		}
	}
	sign()
	f, err := pdf.Open(bytes.NewReader(out.Bytes()), int64(out.Len()))
	require.NoError(b, err)
	list, err := f.Signatures()
	require.NoError(b, err)
	value, err := list[0].Value()
	require.NoError(b, err)
	data, err := cms.Parse(value)
	require.NoError(b, err)
	body, size := f.Covered(list[0])
	covered := make([]byte, size)
	_, err = body.ReadAt(covered, 0)
	require.NoError(b, err)
	message, err := data.SignedBytes(&data.Signers[0], covered)
	require.NoError(b, err)
	public, err := pki.PublicKeyOf(order.Signer.Key.Public())
	require.NoError(b, err)
	against(b, sign, func() {
		sm3.Sum(covered)
		bareSign(b, public, order.Signer.Key, message)
	})
}
