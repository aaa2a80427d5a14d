package verify_test

import (
	"bytes"
	"fmt"
	random "math/rand/v2"
	"testing"

	"github.com/emmansun/gmsm/sm3"
	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/internal/cms"
	"github.com/elicense/elicense/internal/pdf"
	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/pki/ca"
	"github.com/elicense/elicense/verify"
)

// noticePDF is a document of one page with a picture and a font: about 40 KB.
func noticePDF() []byte {
	noise := make([]byte, 36<<10)
	_, _ = random.NewChaCha8([32]byte{2}).Read(noise)
	var b bytes.Buffer
	b.WriteString("%PDF-1.7\n")
	xref := "xref\n0 6\n0000000000 65535 f \n"
	for i, o := range []string{
		"<</Type/Catalog/Pages 2 0 R>>", "<</Type/Pages/Kids[3 0 R]/Count 1>>",
		"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</XObject<</A 5 0 R>>>>>>",
		fmt.Sprintf("<</Length %d>>\nstream\n%s\nendstream", 4<<10, noise[:4<<10]),
		fmt.Sprintf("<</Type/XObject/Subtype/Image/Length %d>>\nstream\n%s\nendstream", 30<<10, noise[:30<<10]),
	} {
		xref += fmt.Sprintf("%010d 00000 n \n", b.Len())
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", i+1, o)
	}
	at := b.Len()
	fmt.Fprintf(&b, "%strailer\n<< /Size 6 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n", xref, at)
	return b.Bytes()
}

// BenchmarkSignedPDF judges a signed PDF of about 40 KB plus its signature, against the hash of what is covered and the
// signature checks: the document's own, and in "links" the one of its certificate too.
func BenchmarkSignedPDF(b *testing.B) {
	w := newWorld(b)
	n := w.enrol(ca.ProfileDepartment, fixtures.Departments()[0])
	doc := w.signPDF(noticePDF(), n, nil)
	f, err := pdf.Open(bytes.NewReader(doc), int64(len(doc)))
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
	der, err := data.Signers[0].SignatureDER()
	require.NoError(b, err)
	needed := []checked{{n.cert().PublicKey, message, der}}
	pool := func(c *verify.Config) { c.Intermediates = pki.NewPool(w.issuing.cert()) }
	v := w.verifier(pool)
	judge := func() {
		r, err := v.Verify(b.Context(), doc, verify.Expect{})
		require.NoError(b, err)
		require.Equal(b, verify.TotalPassed, r.Indication)
	}
	bare := func(needed []checked) func() {
		return func() {
			sm3.Sum(covered)
			for _, c := range needed {
				c.verify(b)
			}
		}
	}
	judge()
	b.Run("links", func(b *testing.B) { against(b, judge, bare(append(needed, linkOf(n)))) })
	b.Run("judged", func(b *testing.B) { against(b, judge, bare(needed)) })
}
