package verify_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/internal/ofd"
	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/pki/ca"
	"github.com/elicense/elicense/signing"
	"github.com/elicense/elicense/vault/ledger"
	"github.com/elicense/elicense/vault/record"
	"github.com/elicense/elicense/verify"
)

// wanted is what a check on an expectation comes to.
func wanted(t testing.TB, r *verify.Report, id string, status verify.CheckStatus) {
	t.Helper()
	c, ok := r.Check(id)
	require.True(t, ok, id)
	require.Equal(t, status, c.Status, "%s: %v", id, c)
	if status == verify.CheckPassed {
		require.Equal(t, verify.TotalPassed, r.Indication, "%s %s", r.Headline, r.SubIndication)
	} else {
		require.NotEqual(t, verify.TotalPassed, r.Indication)
	}
}

// TestExpectDepartment_A32: a document is that of the department that sealed it, by code or by name, and of no other.
func TestExpectDepartment_A32(t *testing.T) {
	w := newSealWorld(t)
	f := w.forgeIn()
	whole := f.bundle(nil)
	mine, other := fixtures.Departments()[0], fixtures.Departments()[1]
	signed := w.enrol(ca.ProfileDepartment, other)
	docs := map[string][]byte{
		"licence": encode(t, whole), "sealed": w.sealed(page(), nil),
		"sealed and signed by another": w.sealed(page(), w.signer(signed, nil)),
		"signed":                       must(w.signer(w.enrol(ca.ProfileDepartment, mine), nil).Attached(t.Context(), []byte("x")))(t),
		"receipt":                      f.receipt(nil, f.vault),
	}
	v := w.sealVerifier(func(c *verify.Config) { c.LedgerKeys = []ledger.Verifier{noteKey(t, f.vault.vault.NoteKey())} })
	for name, test := range map[string]struct {
		doc, want string
		status    verify.CheckStatus
	}{
		"licence, by code":             {"licence", mine.Code, verify.CheckPassed},
		"licence, by name":             {"licence", "示例市市场监督管理局", verify.CheckPassed},
		"licence, another code":        {"licence", other.Code, verify.CheckFailed},
		"licence, another name":        {"licence", "示例市卫生健康委员会", verify.CheckFailed},
		"sealed, by code":              {"sealed", mine.Code, verify.CheckPassed},
		"sealed, by name":              {"sealed", mine.Name, verify.CheckPassed},
		"sealed, another":              {"sealed", other.Name, verify.CheckFailed},
		"the seal decides":             {"sealed and signed by another", mine.Code, verify.CheckPassed},
		"who only signed does not":     {"sealed and signed by another", other.Code, verify.CheckFailed},
		"signed, by name":              {"signed", mine.Name, verify.CheckPassed},
		"signed, another":              {"signed", other.Code, verify.CheckFailed},
		"receipt, by code":             {"receipt", mine.Code, verify.CheckPassed},
		"receipt, another":             {"receipt", other.Code, verify.CheckFailed},
		"receipt does not give a name": {"receipt", mine.Name, verify.CheckIndeterminate},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := v.Verify(t.Context(), docs[test.doc], verify.Expect{Department: test.want})
			require.NoError(t, err)
			wanted(t, r, "expect.department", test.status)
		})
	}
}

// TestExpectPersonIsNoDepartment: who signed for himself is no department, whatever he is called.
func TestExpectPersonIsNoDepartment(t *testing.T) {
	w := newWorld(t)
	n := node{key: w.makeKey()}
	c, err := w.issuing.authority.Issue(ca.Request{
		Profile: ca.ProfilePerson, PublicKey: n.key.Public(), Holder: ca.Identity{PassportNumber: "EX1234567"},
		Subject: ca.Name{CommonName: fixtures.Departments()[0].Name, SerialNumber: "1"},
	})
	require.NoError(t, err)
	n.chain = append([]*pki.Certificate{c}, w.issuing.chain...)
	doc := must(w.signer(n, nil).Attached(t.Context(), []byte("x")))(t)
	r, err := w.verifier(nil).Verify(t.Context(), doc, verify.Expect{Department: fixtures.Departments()[0].Name})
	require.NoError(t, err)
	wanted(t, r, "expect.department", verify.CheckIndeterminate)
}

// TestExpectCase_A32: a receipt is for one case; what says nothing of a case is no answer.
func TestExpectCase_A32(t *testing.T) {
	f := newForge(t)
	receipt := f.receipt(func(r *record.Receipt) { r.Asked.Case = "2026-0001" }, f.vault)
	for want, status := range map[string]verify.CheckStatus{
		"2026-0001": verify.CheckPassed, "2026-00012": verify.CheckFailed, "2026-0002": verify.CheckFailed,
	} {
		wanted(t, f.judge(receipt, verify.Expect{Case: want}), "expect.case", status)
	}
	none := f.receipt(func(r *record.Receipt) { r.Asked.Case = "" }, f.vault)
	wanted(t, f.judge(none, verify.Expect{Case: "2026-0001"}), "expect.case", verify.CheckIndeterminate)
	wanted(t, f.judge(encode(t, f.bundle(nil)), verify.Expect{Case: "2026-0001"}), "expect.case", verify.CheckIndeterminate)
}

// TestExpectCaseOfCopy: a copy names its case in its purpose, as a word of its own, where a signature covers it.
func TestExpectCaseOfCopy(t *testing.T) {
	w := newSealWorld(t)
	copied := func(purpose string) []ofd.File {
		return change("OFD.xml", func(b []byte) []byte {
			return bytes.Replace(b, []byte("</ofd:DocInfo>"), []byte(`<ofd:CustomDatas><ofd:CustomData Name="JZJZZSY">`+purpose+
				`</ofd:CustomData><ofd:CustomData Name="JZJYXQJZSJ">20270101000000</ofd:CustomData></ofd:CustomDatas></ofd:DocInfo>`), 1)
		})(page())
	}
	v := w.sealVerifier(nil)
	for purpose, status := range map[string]verify.CheckStatus{
		"办理设立登记（办件 2026-0001）": verify.CheckPassed, "2026-0001": verify.CheckPassed, "2026-0001号": verify.CheckPassed,
		"办理设立登记": verify.CheckIndeterminate, "办件 2026-00012": verify.CheckIndeterminate,
		"办件 A2026-0001": verify.CheckIndeterminate, "办件 2026-0001-2": verify.CheckIndeterminate,
		"办件 12026-0001，2026-0001": verify.CheckPassed,
	} {
		r, err := v.Verify(t.Context(), w.sealed(copied(purpose), nil), verify.Expect{Case: "2026-0001"})
		require.NoError(t, err)
		c, ok := r.Check("expect.case")
		require.True(t, ok)
		require.Equal(t, status, c.Status, purpose)
	}
	open := w.sealedOpen(copied("2026-0001"))
	r, err := v.Verify(t.Context(), open, verify.Expect{Case: "2026-0001"})
	require.NoError(t, err)
	c, ok := r.Check("expect.case")
	require.True(t, ok)
	require.Equal(t, verify.CheckIndeterminate, c.Status, "nobody signed what OFD.xml says")
}

// TestBeside: what lies beside a document of certificates and revocations counts as if it lay in a trust folder, but
// for one thing: no root in it is trusted.
func TestBeside(t *testing.T) {
	w := newSealWorld(t)
	n := w.enrol(ca.ProfileDepartment, fixtures.Departments()[0])
	bare := w.signer(n, func(c *signing.Config) { c.WithCertificates = false })
	leafOnly := n
	leafOnly.chain = n.chain[:1]
	evidence := w.quiet()
	docs := map[string]verify.Document{
		"CMS without certificates": verify.DocumentOf(must(bare.Attached(t.Context(), []byte("x")))(t)),
		"CMS with all":             verify.DocumentOf(must(w.signer(n, nil).Attached(t.Context(), []byte("x")))(t)),
		"OFD":                      verify.DocumentOf(w.sealed(page(), nil)),
		"PDF":                      verify.DocumentOf(w.signPDF(plainPDF(), leafOnly, nil)),
	}
	stranger := newWorld(t)
	v, err := verify.New(verify.Config{Trust: w.anchors, Now: func() time.Time { return now }})
	require.NoError(t, err)
	elsewhere, err := verify.New(verify.Config{Trust: stranger.anchors, Now: func() time.Time { return now }})
	require.NoError(t, err)
	for name, doc := range docs {
		t.Run(name, func(t *testing.T) {
			r, err := v.VerifyDocument(t.Context(), doc, verify.Expect{})
			require.NoError(t, err)
			require.Equal(t, verify.Indeterminate, r.Indication, "nothing is known of revocations")
			doc.Evidence.CRLs = evidence.CRLs
			for _, raw := range [][]byte{n.cert().Raw, w.issuing.cert().Raw, w.root.cert().Raw} {
				e, err := verify.ParseEvidence(raw)
				require.NoError(t, err)
				doc.Evidence.Certificates = append(doc.Evidence.Certificates, e.Certificates...)
			}
			r, err = v.VerifyDocument(t.Context(), doc, verify.Expect{})
			require.NoError(t, err)
			require.Equal(t, verify.TotalPassed, r.Indication, "%s %s", r.Headline, r.SubIndication)
			r, err = elsewhere.VerifyDocument(t.Context(), doc, verify.Expect{})
			require.NoError(t, err)
			require.NotEqual(t, verify.TotalPassed, r.Indication, "a root beside a document is no anchor")
			revokedNow := w.quiet(revoked{n.cert(), now.Add(-2 * time.Hour), 1},
				revoked{w.department.cert(), now.Add(-2 * time.Hour), 1})
			doc.Evidence.CRLs = append(doc.Evidence.CRLs, revokedNow.CRLs...)
			r, err = v.VerifyDocument(t.Context(), doc, verify.Expect{})
			require.NoError(t, err)
			require.Equal(t, verify.TotalFailed, r.Indication, r.Headline)
			require.Equal(t, verify.Revoked, r.SubIndication)
		})
	}
}
