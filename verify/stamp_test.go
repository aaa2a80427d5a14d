package verify_test

import (
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm3"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/cryptobyte"

	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/internal/cms"
	"github.com/elicense/elicense/internal/oid"
	"github.com/elicense/elicense/internal/tsp"
	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/pki/ca"
	"github.com/elicense/elicense/signing"
	"github.com/elicense/elicense/verify"
)

// token stamps data at a time, whatever time it is.
func (w *world) token(by node, data []byte, at time.Time) []byte {
	w.t.Helper()
	return w.tokenOver(by, sm3.Sum(data), at)
}

// tokenOver stamps a digest.
func (w *world) tokenOver(by node, sum [32]byte, at time.Time) []byte {
	w.t.Helper()
	c := by.cert()
	writer, err := tsp.NewWriter(cms.ArcRFC5652, tsp.SignerCertificate{Raw: c.Raw, Issuer: c.RawIssuer, Serial: c.Serial},
		[][]byte{w.issuing.cert().Raw})
	require.NoError(w.t, err)
	policy, err := oid.Parse("1.2.3.4")
	require.NoError(w.t, err)
	info, err := tsp.MarshalInfo(&tsp.Info{
		Policy: policy, Imprint: tsp.Imprint{Algorithm: oid.SM3, Digest: sum[:]}, Serial: []byte{1}, GenTime: at.UTC(),
		Accuracy: tsp.AccuracyOf(time.Second),
	})
	require.NoError(w.t, err)
	attributes, err := writer.ToSign(info)
	require.NoError(w.t, err)
	token, err := writer.Token(info, attributes, sign(w.t, by.key, attributes), true)
	require.NoError(w.t, err)
	return token
}

// TestStamped: a time-stamp proves that a signature was there before its certificate expired or was revoked; one that
// is over something else makes it fail, one that nobody vouches for proves nothing.
func TestStamped(t *testing.T) {
	w := newWorld(t)
	signer := w.enrol(ca.ProfileDepartment, fixtures.Departments()[0])
	authority := w.enrol(ca.ProfileTSA, fixtures.Authority())
	signed := now.Add(-3 * time.Hour)
	gone := revoked{signer.cert(), now.Add(-time.Hour), pki.CauseSuperseded}
	for name, test := range map[string]struct {
		token   func(value []byte) []byte
		revoked []revoked
		want    verify.Indication
		id      string
		sub     verify.SubIndication
	}{
		"good":                      {want: verify.TotalPassed},
		"revoked after the stamp":   {revoked: []revoked{gone}, want: verify.TotalPassed},
		"revoked before the stamp":  {revoked: []revoked{{signer.cert(), signed.Add(-time.Hour), pki.CauseSuperseded}}, want: verify.TotalFailed, id: "signature.revocation", sub: verify.Revoked},
		"stamp over something else": {token: func([]byte) []byte { return w.token(authority, []byte("x"), signed) }, want: verify.TotalFailed, id: "timestamp.imprint", sub: verify.HashFailure},
		"authority revoked":         {revoked: []revoked{{authority.cert(), signed.Add(-time.Hour), pki.CauseKeyCompromise}}, want: verify.TotalFailed, id: "timestamp.revocation", sub: verify.Revoked},
		"authority's key stolen since": {revoked: []revoked{gone, {authority.cert(), now.Add(-30 * time.Minute), pki.CauseKeyCompromise}},
			want: verify.Indeterminate, id: "signature.revocation", sub: verify.RevokedNoPOE},
		"authority revoked since, not why": {revoked: []revoked{gone, {authority.cert(), now.Add(-30 * time.Minute), pki.CauseUnspecified}},
			want: verify.Indeterminate, id: "signature.revocation", sub: verify.RevokedNoPOE},
		"authority replaced since": {revoked: []revoked{gone, {authority.cert(), now.Add(-30 * time.Minute), pki.CauseSuperseded}},
			want: verify.TotalPassed},
		"stamped before it was signed":  {token: func(v []byte) []byte { return w.token(authority, v, signed.Add(-time.Hour)) }, want: verify.TotalFailed, id: "signature.clock", sub: verify.TimestampOrderFailure},
		"no authority for time, passes": {token: func(v []byte) []byte { return w.token(newWorldTSA(t), v, signed) }, want: verify.TotalPassed},
		"no authority for time, revoked": {token: func(v []byte) []byte { return w.token(newWorldTSA(t), v, signed) }, revoked: []revoked{gone},
			want: verify.Indeterminate, id: "signature.revocation", sub: verify.RevokedNoPOE},
	} {
		t.Run(name, func(t *testing.T) {
			make := test.token
			if make == nil {
				make = func(v []byte) []byte { return w.token(authority, v, signed) }
			}
			s := w.signer(signer, func(c *signing.Config) {
				c.WithAttributes, c.Now = true, func() time.Time { return signed }
			})
			doc := must(s.Attached(t.Context(), []byte("示例")))(t)
			doc = withToken(t, doc, make)
			r := w.judge(w.verifier(nil, test.revoked...), doc)
			require.Equal(t, test.want, r.Indication, "%s %s %v", r.Headline, r.SubIndication, r.Checks)
			require.Equal(t, test.id, r.Headline)
			require.Equal(t, test.sub, r.SubIndication)
		})
	}
}

func newWorldTSA(t *testing.T) node {
	t.Helper()
	other := newWorld(t)
	return other.enrol(ca.ProfileTSA, fixtures.Authority())
}

// withToken puts a time-stamp over the first signature beside it.
func withToken(t testing.TB, doc []byte, make func(value []byte) []byte) []byte {
	t.Helper()
	data, err := cms.Parse(doc)
	require.NoError(t, err)
	out, err := data.With(cms.Additions{Unsigned: map[int][][]byte{0: {cms.EncodeAttribute(oid.SignatureTimestamp, func(b *cryptobyte.Builder) {
		b.AddBytes(make(data.Signers[0].Signature))
	})}}})
	require.NoError(t, err)
	return out
}

// TestTimestampAlone: a token needs what it stamps beside it.
func TestTimestampAlone(t *testing.T) {
	w := newWorld(t)
	authority := w.enrol(ca.ProfileTSA, fixtures.Authority())
	content := []byte("示例内容")
	token := w.token(authority, content, now.Add(-time.Hour))
	v := w.verifier(nil)
	r := w.judge(v, token)
	require.Equal(t, verify.KindTimestamp, r.Kind)
	require.Equal(t, verify.Indeterminate, r.Indication)
	require.Equal(t, verify.SignedDataNotFound, r.SubIndication)
	doc := verify.DocumentOf(token)
	beside := verify.DocumentOf(content)
	doc.Content, doc.ContentSize = beside.Body, beside.Size
	r, err := v.VerifyDocument(t.Context(), doc, verify.Expect{})
	require.NoError(t, err)
	require.Equal(t, verify.TotalPassed, r.Indication, "%s %s", r.Headline, r.SubIndication)
	beside = verify.DocumentOf([]byte("别的"))
	doc.Content, doc.ContentSize = beside.Body, beside.Size
	r, err = v.VerifyDocument(t.Context(), doc, verify.Expect{})
	require.NoError(t, err)
	require.Equal(t, verify.TotalFailed, r.Indication)
	require.Equal(t, verify.HashFailure, r.SubIndication)
}

// TestStampedUnknownNow: old evidence about the authority, which whoever has its key can bring along, proves no time.
func TestStampedUnknownNow(t *testing.T) {
	w := newWorld(t)
	signer := w.enrol(ca.ProfileDepartment, fixtures.Departments()[0])
	authority := w.enrol(ca.ProfileTSA, fixtures.Authority())
	signed := now.AddDate(0, -1, 0)
	s := w.signer(signer, func(c *signing.Config) { c.WithAttributes, c.Now = true, func() time.Time { return signed } })
	doc := withToken(t, must(s.Attached(t.Context(), []byte("示例")))(t), func(v []byte) []byte {
		return w.token(authority, v, signed)
	})
	old := pki.Evidence{CRLs: []*pki.CRL{w.crl(w.issuing, signed), w.crl(w.root, signed)}}
	only := w.verifier(func(c *verify.Config) { c.Evidence = []pki.Evidence{old} })
	require.Equal(t, verify.Indeterminate, w.judge(only, doc).Indication)
	both := w.verifier(func(c *verify.Config) { c.Evidence = append(c.Evidence, old) })
	require.Equal(t, verify.TotalPassed, w.judge(both, doc).Indication)
}
