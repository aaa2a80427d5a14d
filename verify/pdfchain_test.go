package verify_test

import (
	"bytes"
	"context"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/internal/pdf"
	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/pki/ca"
	"github.com/elicense/elicense/signing"
	"github.com/elicense/elicense/verify"
)

// stampPDFAt puts a document time-stamp of a time over a PDF.
func (w *world) stampPDFAt(doc []byte, authority node, at time.Time) []byte {
	w.t.Helper()
	var out bytes.Buffer
	from := signing.TimestampFunc(func(_ context.Context, digest [32]byte) ([]byte, error) {
		return w.tokenOver(authority, digest, at), nil
	})
	require.NoError(w.t, signing.TimestampPDF(w.t.Context(), &out, bytes.NewReader(doc), int64(len(doc)), from))
	return out.Bytes()
}

// withEvidence adds CRLs of a time to a PDF, for each signature too.
func (w *world) withEvidence(doc []byte, made time.Time) []byte {
	w.t.Helper()
	e := signing.PDFEvidence{
		Certificates: [][]byte{w.issuing.cert().Raw}, Singly: true,
		CRLs: [][]byte{w.crl(w.issuing, made).Raw, w.crl(w.root, made).Raw},
	}
	var out bytes.Buffer
	require.NoError(w.t, signing.AddPDFEvidence(&out, bytes.NewReader(doc), int64(len(doc)), e))
	return out.Bytes()
}

// TestPDFStampChain: a time-stamp whose authority lost its key, or whose certificate expired, still proves the time of a
// signature if a later one proves that it was there before; each with the evidence that the document brings.
func TestPDFStampChain(t *testing.T) {
	w := newWorld(t)
	n := w.enrol(ca.ProfileDepartment, fixtures.Departments()[0])
	first, second := w.enrol(ca.ProfileTSA, fixtures.Authority()), w.enrol(ca.ProfileTSA, fixtures.Authority())
	signed := w.signPDF(plainPDF(), n, func(o *signing.PDFOrder) { o.Now = func() time.Time { return now.Add(-5 * time.Hour) } })
	stamped := w.stampPDFAt(w.withEvidence(signed, now.Add(-4*time.Hour)), first, now.Add(-3*time.Hour))
	chained := w.stampPDFAt(w.withEvidence(stamped, now.Add(-3*time.Hour)), second, now.Add(-150*time.Minute))
	signerGone := revoked{n.cert(), now.Add(-2 * time.Hour), pki.CauseKeyCompromise}
	between := revoked{n.cert(), now.Add(-155 * time.Minute), pki.CauseKeyCompromise}
	firstGone := revoked{first.cert(), now.Add(-time.Hour), pki.CauseKeyCompromise}
	secondGone := revoked{second.cert(), now.Add(-time.Hour), pki.CauseKeyCompromise}
	pool := func(c *verify.Config) { c.Intermediates = pki.NewPool(w.issuing.cert()) }
	for name, test := range map[string]struct {
		doc     []byte
		revoked []revoked
		sub     verify.SubIndication // empty: it passes
	}{
		"one, signer revoked since":         {doc: stamped, revoked: []revoked{signerGone}},
		"one, its key stolen since":         {doc: stamped, revoked: []revoked{signerGone, firstGone}, sub: verify.RevokedNoPOE},
		"two, the first's key stolen since": {doc: chained, revoked: []revoked{signerGone, firstGone}},
		"two, both keys stolen since":       {doc: chained, revoked: []revoked{signerGone, firstGone, secondGone}, sub: verify.RevokedNoPOE},
		"two, signer revoked between":       {doc: chained, revoked: []revoked{between}},
		"two, signer revoked between, the first's key stolen before the second": {
			doc: chained, revoked: []revoked{between, {first.cert(), now.Add(-160 * time.Minute), pki.CauseKeyCompromise}}, sub: verify.Revoked,
		},
		"a second that is older than the first": {
			doc: w.stampPDFAt(stamped, second, now.Add(-4*time.Hour)), sub: verify.TimestampOrderFailure,
		},
		"a second over a changed document": {doc: w.edited(chained), sub: verify.HashFailure},
	} {
		t.Run(name, func(t *testing.T) {
			r := w.judge(w.verifier(pool, test.revoked...), test.doc)
			require.Equal(t, test.sub, r.SubIndication, "%s %v", r.Headline, r.Checks)
			require.Equal(t, test.sub == "", r.Indication == verify.TotalPassed)
		})
	}
}

// TestPDFEvidenceExisted: evidence of an authority that lost its key counts if a time-stamp of another proves that it is
// older than that, and not if it was only added after the time-stamp.
func TestPDFEvidenceExisted(t *testing.T) {
	w := newWorld(t)
	n := w.enrol(ca.ProfileDepartment, fixtures.Departments()[0])
	lost := w.issuing
	var err error
	w.issuing.key = w.makeKey()
	w.issuing.authority, err = w.root.authority.NewIssuingWithKey(w.issuing.key, ca.Name{Organization: "示例认证中心", CommonName: "示例二"})
	require.NoError(t, err)
	w.issuing.chain = w.issuing.authority.Chain()
	authority := w.enrol(ca.ProfileTSA, fixtures.Authority())
	v := w.verifier(func(c *verify.Config) {
		c.Intermediates = pki.NewPool(w.issuing.cert(), lost.cert())
		made := now.Add(-time.Minute)
		c.Evidence = []pki.Evidence{{CRLs: []*pki.CRL{
			w.crl(w.issuing, made), w.crl(w.root, made, revoked{lost.cert(), now.Add(-time.Hour), pki.CauseKeyCompromise}),
		}}}
	})
	add := func(doc []byte) []byte {
		var out bytes.Buffer
		e := signing.PDFEvidence{CRLs: [][]byte{w.crl(lost, now.Add(-4*time.Hour)).Raw, w.crl(w.root, now.Add(-4*time.Hour)).Raw}}
		require.NoError(t, signing.AddPDFEvidence(&out, bytes.NewReader(doc), int64(len(doc)), e))
		return out.Bytes()
	}
	signed := w.signPDF(plainPDF(), n, func(o *signing.PDFOrder) { o.Now = func() time.Time { return now.Add(-5 * time.Hour) } })
	r := w.judge(v, w.stampPDFAt(add(signed), authority, now.Add(-3*time.Hour)))
	require.Equal(t, verify.TotalPassed, r.Indication, "%s %s %v", r.Headline, r.SubIndication, r.Checks)
	r = w.judge(v, add(w.stampPDFAt(signed, authority, now.Add(-3*time.Hour))))
	require.Equal(t, verify.Indeterminate, r.Indication)
	require.Equal(t, "signature.revocation", r.Headline)
}

// TestPDFStampChainOutlives: long after the certificates of signer and first authority expired, the chain still proves
// the signature; without the second time-stamp, or with evidence that only comes after, it does not.
func TestPDFStampChainOutlives(t *testing.T) {
	w := newWorld(t)
	n, first := w.enrol(ca.ProfileDepartment, fixtures.Departments()[0]), w.enrol(ca.ProfileTSA, fixtures.Authority())
	signed := w.signPDF(plainPDF(), n, nil)
	stamped := w.withEvidence(w.stampPDFAt(w.withEvidence(signed, now), first, now), now.Add(time.Minute))
	later := first.cert().NotAfter.AddDate(0, -1, 0)
	if n.cert().NotAfter.Before(later) {
		later = n.cert().NotAfter.AddDate(0, -1, 0)
	}
	w.now = later.Add(-time.Hour)
	second := w.enrol(ca.ProfileTSA, fixtures.Authority())
	chained := w.stampPDFAt(w.withEvidence(stamped, later.Add(-time.Hour)), second, later)
	last := n.cert().NotAfter
	if first.cert().NotAfter.After(last) {
		last = first.cert().NotAfter
	}
	present := last.AddDate(0, 1, 0)
	require.True(t, present.Before(second.cert().NotAfter), "the second authority is still valid")
	v := w.verifier(func(c *verify.Config) {
		c.Now = func() time.Time { return present }
		c.Intermediates = pki.NewPool(w.issuing.cert())
		c.Evidence = []pki.Evidence{{CRLs: []*pki.CRL{
			w.crl(w.issuing, present.Add(-time.Hour)), w.crl(w.root, present.Add(-time.Hour)),
		}}}
	})
	r := w.judge(v, chained)
	require.Equal(t, verify.TotalPassed, r.Indication, "%s %s %v", r.Headline, r.SubIndication, r.Checks)
	r = w.judge(v, stamped)
	require.NotEqual(t, verify.TotalPassed, r.Indication)
	require.Equal(t, verify.OutOfBoundsNoPOE, r.SubIndication, "%v", r.Checks)
}

// permitting are a signature dictionary's references that say what may follow.
func permitting(method pdf.Name, parameters pdf.Dict) pdf.Dict {
	return pdf.Dict{"SubFilter": pdf.FilterDetached, "Reference": pdf.Array{pdf.Dict{
		"Type": pdf.Name("SigRef"), "TransformMethod": method, "TransformParams": parameters,
	}}}
}

// TestPDFPermitted: what a signer does not allow after him is refused by that name, however well it is signed.
func TestPDFPermitted(t *testing.T) {
	w := newWorld(t)
	n, other := w.enrol(ca.ProfileDepartment, fixtures.Departments()[0]), w.enrol(ca.ProfileDepartment, fixtures.Departments()[1])
	authority := w.enrol(ca.ProfileTSA, fixtures.Authority())
	by := func(value pdf.Dict) []byte {
		return w.putPDF(plainPDF(), value, func(covered []byte) []byte {
			der, err := w.signer(n, nil).Detached(t.Context(), covered)
			require.NoError(t, err)
			return der
		})
	}
	level := func(n int64) []byte { return by(permitting("DocMDP", pdf.Dict{"P": n})) }
	lock := func(action pdf.Name, fields ...string) []byte {
		list := pdf.Array{}
		for _, f := range fields {
			list = append(list, pdf.NewText(f))
		}
		return by(permitting("FieldMDP", pdf.Dict{"Action": action, "Fields": list}))
	}
	// signed again without the care that signing takes
	again := func(doc []byte) []byte {
		return w.putPDF(doc, pdf.Dict{"SubFilter": pdf.FilterDetached}, func(covered []byte) []byte {
			der, err := w.signer(other, nil).Detached(t.Context(), covered)
			require.NoError(t, err)
			return der
		})
	}
	for name, test := range map[string]struct {
		doc    []byte
		passes bool
	}{
		"nothing allowed":                   {again(level(1)), false},
		"a level that is not known":         {again(level(7)), false},
		"nothing allowed, nothing done":     {level(1), true},
		"nothing allowed, stamped":          {w.stampPDF(level(1), authority), true},
		"nothing allowed, evidence":         {w.withEvidence(level(1), now.Add(-time.Hour)), true},
		"signatures allowed":                {again(level(2)), true},
		"annotations allowed":               {again(level(3)), true},
		"all fields locked":                 {again(lock("All")), false},
		"all fields locked, stamped":        {w.stampPDF(lock("All"), authority), true},
		"an action that is not known":       {again(lock("x")), false},
		"an unknown action on that field":   {again(lock("x", "Signature2")), false},
		"that field locked":                 {again(lock("Include", "Signature2")), false},
		"another field locked":              {again(lock("Include", "other")), true},
		"all but that field locked":         {again(lock("Exclude", "Signature2")), true},
		"all but another field locked":      {again(lock("Exclude", "other")), false},
		"all but a field of unread letters": {again(lock("Exclude", "签名")), false},
	} {
		t.Run(name, func(t *testing.T) {
			r := w.judge(w.verifier(func(c *verify.Config) { c.Intermediates = pki.NewPool(w.issuing.cert()) }), test.doc)
			if test.passes {
				require.Equal(t, verify.TotalPassed, r.Indication, "%s %v", r.Headline, r.Checks)
				return
			}
			require.Equal(t, verify.TotalFailed, r.Indication)
			require.Equal(t, "pdf.permitted", r.Headline, "%v", r.Checks)
			decision, reason := r.Headlines("zh")
			require.Contains(t, decision, "退回并告知")
			require.Contains(t, reason, "锁定")
			require.Regexp(t, "锁定后加签|锁定的签名域", r.Notice("zh"))
			require.Contains(t, r.Notice("en"), "ask for the document as he signed it")
			require.True(t, slices.ContainsFunc(r.OtherReaders("zh"), func(s string) bool { return s != "" }))
		})
	}
}
