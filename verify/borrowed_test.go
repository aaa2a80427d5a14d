package verify_test

import (
	"math/big"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/internal/cms"
	"github.com/elicense/elicense/internal/ofd"
	"github.com/elicense/elicense/internal/ses"
	"github.com/elicense/elicense/pki/ca"
	"github.com/elicense/elicense/signing"
	"github.com/elicense/elicense/verify"
)

// TestSignedAsSomethingElse: without attributes nothing tells what kind of thing a signature is over. Somebody without a
// key takes the value out of what a department signed, or sealed, and says that it is over a file.
func TestSignedAsSomethingElse(t *testing.T) {
	w := newSealWorld(t)
	n := w.enrol(ca.ProfileDepartment, fixtures.Departments()[0])
	over := func(n node, content, value []byte, inside bool) verify.Document {
		leaf := n.cert()
		certificates := [][]byte{leaf.Raw}
		b, err := cms.NewBuilder(leaf.RawIssuer, new(big.Int).Set(leaf.Serial), certificates)
		require.NoError(t, err)
		if inside {
			return verify.DocumentOf(must(b.Attached(content, nil, value))(t))
		}
		d := verify.DocumentOf(must(b.Detached(nil, value))(t))
		beside := verify.DocumentOf(content)
		d.Content, d.ContentSize = beside.Body, beside.Size
		return d
	}
	signed := w.signer(n, func(c *signing.Config) { c.WithAttributes, c.Now = true, func() time.Time { return now } })
	data, err := cms.Parse(must(signed.Attached(t.Context(), []byte("示例申请书")))(t))
	require.NoError(t, err)
	attributes, err := data.SignedBytes(&data.Signers[0], nil)
	require.NoError(t, err)
	l := w.lie()
	var sealed *ses.Signature
	l.document(t, ofd.TypeSeal, func(xml []byte) ([]byte, []byte) {
		seal, value := l.value(t, xml)
		sealed, err = ses.ParseSignature(value)
		require.NoError(t, err)
		return seal, value
	})
	plain := []byte("示例")
	request := []byte("\"@method\": POST\n\"@signature-params\": (\"@method\");created=1")
	for _, inside := range []bool{true, false} {
		for name, test := range map[string]struct {
			by             node
			content, value []byte
			found          string
		}{
			"truth":                       {n, plain, sign(t, n.key, plain), ""},
			"a request to a service":      {n, request, sign(t, n.key, request), "a request to a service"},
			"attributes of another":       {n, attributes, data.Signers[0].Signature, "the attributes of another signature"},
			"what was signed with a seal": {w.department, sealed.SignedBytes(), sealed.Value, "what a seal was used for"},
		} {
			r, err := w.sealVerifier(nil).VerifyDocument(t.Context(), over(test.by, test.content, test.value, inside), verify.Expect{})
			require.NoError(t, err)
			c, _ := r.Check("signature.digest")
			require.Equal(t, test.found, c.Found, name)
			if test.found == "" {
				require.Equal(t, verify.TotalPassed, r.Indication, "%v", r.Checks)
				continue
			}
			require.Equal(t, verify.TotalFailed, r.Indication)
			require.Equal(t, "signature.digest", r.Headline)
			require.Equal(t, verify.SigConstraintsFailure, r.SubIndication)
		}
	}
}
