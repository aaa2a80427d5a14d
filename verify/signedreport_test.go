package verify_test

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/internal/ofd"
	"github.com/elicense/elicense/vault/ledger"
	"github.com/elicense/elicense/verify"
)

// reportOn is the report on a case in which the given documents were judged, as a package carries it.
func (w *sealWorld) reportOn(docs ...[]byte) string {
	w.t.Helper()
	var named []verify.Named
	for _, doc := range docs {
		named = append(named, verify.Named{Name: "材料", Document: verify.DocumentOf(doc)})
	}
	c, err := w.sealVerifier(nil).VerifyCase(w.t.Context(), named, verify.Expect{})
	require.NoError(w.t, err)
	c.Number = "2026-000123"
	text, err := json.Marshal(c)
	require.NoError(w.t, err)
	return string(text)
}

// TestSignedReport_D28: a report of a known vault is what it says, as long as it is fresh; a report of anybody else is
// paper, and one that returns a document is no pass however soundly it is signed.
func TestSignedReport_D28(t *testing.T) {
	w := newSealWorld(t)
	f := w.forgeIn()
	vault := node{key: f.vault.key, chain: f.vault.chain}
	good, bad := w.sealed(page(), nil), []byte("{}")
	accepted := w.reportOn(good)
	signed := func(by node, report string, root func([]byte) []byte) []byte {
		l := w.lie()
		return l.documentOf(t, change("OFD.xml", root)(attachedTo("report.json", report)), ofd.TypeSign, func(xml []byte) ([]byte, []byte) {
			return nil, must(w.signer(by, withAttributes).Detached(t.Context(), xml))(t)
		})
	}
	type want struct {
		doc  []byte
		at   time.Duration
		id   string
		sub  verify.SubIndication
		open bool
	}
	for name, test := range map[string]want{
		"accepted": {doc: signed(vault, accepted, asItWas)},
		"returned": {doc: signed(vault, w.reportOn(good, bad), asItWas), id: "report.result", sub: verify.ReportedFailure},
		"undecided": {doc: signed(vault, w.reportOn(w.sealedOpen(page())), asItWas), id: "report.result", sub: verify.TryLater,
			open: true},
		"on nothing":       {doc: signed(vault, w.reportOn(), asItWas), id: "report.result", sub: verify.SigConstraintsFailure},
		"two days ago":     {doc: signed(vault, accepted, asItWas), at: 48 * time.Hour, id: "report.fresh", sub: verify.TryLater, open: true},
		"of the future":    {doc: signed(vault, accepted, asItWas), at: -time.Hour, id: "report.clock", sub: verify.TryLater, open: true},
		"of a stranger":    {doc: signed(w.department, accepted, asItWas), id: "report.signer", sub: verify.NoSigningCertificateFound, open: true},
		"says otherwise":   {doc: signed(vault, otherwise(t, accepted), asItWas), id: "report.result", sub: verify.SigConstraintsFailure},
		"of two meanings":  {doc: signed(vault, `{"media_type":1,`+accepted[1:], asItWas), id: "licence.none", sub: verify.SigConstraintsFailure, open: true},
		"of a licence":     {doc: signed(vault, accepted, withMetadata("ZZMC", "示例许可证")), id: "licence.none", sub: verify.SigConstraintsFailure, open: true},
		"of another media": {doc: signed(vault, `{"media_type":"x"}`, asItWas), id: "licence.none", sub: verify.SigConstraintsFailure, open: true},
	} {
		t.Run(name, func(t *testing.T) {
			v := w.sealVerifier(func(c *verify.Config) {
				c.LedgerKeys = []ledger.Verifier{noteKey(t, f.vault.vault.NoteKey())}
				c.Now = func() time.Time { return now.Add(test.at) }
			})
			r := w.judge(v, test.doc)
			if test.id == "" {
				require.Equal(t, verify.TotalPassed, r.Indication, "%s %v", r.Headline, r.Checks)
				_, reason := r.Headlines("zh")
				require.Contains(t, reason, "验证报告真实")
				require.Equal(t, "2026-000123", r.Fact("case"))
				return
			}
			c, ok := r.Check(test.id)
			require.True(t, ok, "%s %v", r.Headline, r.Checks)
			require.Equal(t, test.sub, c.Sub)
			require.Equal(t, test.open, c.Status == verify.CheckIndeterminate)
			require.NotEqual(t, verify.Accept, r.Decision())
			checkHeadlines(t, name, r)
		})
	}
	own := signed(w.department, accepted, asItWas)
	for want, decision := range map[string]verify.Decision{
		"": verify.Recheck, fixtures.Departments()[0].Code: verify.Accept, fixtures.Departments()[1].Code: verify.Return,
	} {
		r, err := w.sealVerifier(nil).Verify(t.Context(), own, verify.Expect{Department: want})
		require.NoError(t, err)
		require.Equal(t, decision, r.Decision(), "%s %s", want, r.Headline)
	}
}

// otherwise has a report say of the case what it does not say of the document.
func otherwise(t testing.TB, report string) string {
	t.Helper()
	const passed = `"indication":"TOTAL-PASSED"`
	at := bytes.LastIndex([]byte(report), []byte(passed))
	require.Positive(t, at)
	return report[:at] + `"indication":"TOTAL-FAILED"` + report[at+len(passed):]
}

// TestReportStripped: a report whose signature leaves OFD.xml open may have lost what it said there, and one with more
// attached than itself is not the report that was made.
func TestReportStripped(t *testing.T) {
	w := newSealWorld(t)
	f := w.forgeIn()
	v := w.sealVerifier(func(c *verify.Config) { c.LedgerKeys = []ledger.Verifier{noteKey(t, f.vault.vault.NoteKey())} })
	vault := node{key: f.vault.key, chain: f.vault.chain}
	doc := w.signToo(w.sealedOpen(attachedTo("report.json", w.reportOn(w.sealed(page(), nil)))), vault, nil, asItWas)
	r := w.judge(v, doc)
	_, report := r.Check("report.result")
	require.False(t, report)
	require.NotEqual(t, verify.Accept, r.Decision())
}
