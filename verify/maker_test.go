package verify_test

import (
	"crypto/x509/pkix"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/emmansun/gmsm/smx509"
	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/ofd"
	"github.com/elicense/elicense/internal/oid"
	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/verify"
)

// plainMaker has a certificate as platforms of provinces have them: cA FALSE is written out, which DER does not allow,
// and nothing in it says that it makes seals.
func (w *world) plainMaker() node {
	w.t.Helper()
	return w.certify(w.issuing, &smx509.Certificate{
		Subject:     pkix.Name{CommonName: "示例省电子印章平台"},
		KeyUsage:    smx509.KeyUsageDigitalSignature | smx509.KeyUsageContentCommitment,
		ExtKeyUsage: []smx509.ExtKeyUsage{smx509.ExtKeyUsageServerAuth},
		ExtraExtensions: []pkix.Extension{
			{Id: oid.BasicConstraints.ASN1(), Value: []byte{0x30, 0x03, 0x01, 0x01, 0x00}},
		},
	})
}

// TestReasonsHaveWords: whatever refuses a chain, evidence or a time-stamp is told in words.
func TestReasonsHaveWords(t *testing.T) {
	files, err := filepath.Glob("../pki/*.go")
	require.NoError(t, err)
	found := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, m := range regexp.MustCompile(`Reason += +"([a-z -]+)"`).FindAllSubmatch(text, -1) {
			found++
			zh, _ := verify.Phrase(string(m[1]))
			require.NotEqual(t, string(m[1]), zh, file)
		}
	}
	require.Greater(t, found, 40)
}

// TestKnownMaker: how the certificate of a maker is encoded is no matter where that very certificate was named. Where
// it was not, or it signs something else than seals, it stays undecided.
func TestKnownMaker(t *testing.T) {
	w := newSealWorld(t)
	maker, other := w.plainMaker(), w.plainMaker()
	require.Equal(t, []pki.Tolerance{pki.ToleranceDefault}, maker.cert().Tolerances)
	l := w.lie()
	l.maker = maker
	sealed := l.document(t, ofd.TypeSeal, func(xml []byte) ([]byte, []byte) { return l.value(t, xml) })
	for name, test := range map[string]struct {
		doc    []byte
		makers []*pki.Certificate
		want   verify.Indication
		id     string
	}{
		"named":             {sealed, []*pki.Certificate{maker.cert()}, verify.TotalPassed, ""},
		"not named":         {sealed, nil, verify.Indeterminate, "maker.chain"},
		"another was named": {sealed, []*pki.Certificate{other.cert()}, verify.Indeterminate, "maker.chain"},
		"signs a letter": {
			w.attached(maker, []byte("示例")), []*pki.Certificate{maker.cert()}, verify.Indeterminate, "signature.chain",
		},
	} {
		t.Run(name, func(t *testing.T) {
			v := w.sealVerifier(func(c *verify.Config) { c.SealMakers = test.makers })
			r, err := v.Verify(t.Context(), test.doc, verify.Expect{NoLicenceUnsafe: true})
			require.NoError(t, err)
			require.Equal(t, test.want, r.Indication, "%s %v", r.Headline, r.Checks)
			require.Equal(t, test.id, r.Headline)
			if test.want == verify.Indeterminate && test.id == "maker.chain" {
				require.Contains(t, r.Todo("zh"), "核实后可放入信任目录的 makers")
				require.NotContains(t, r.Todo("en"), "unknown-issuer")
			}
		})
	}
}
