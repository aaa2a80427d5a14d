package verify_test

import (
	"archive/zip"
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/json"
	"html"
	"io"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.mozilla.org/pkcs7"

	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/internal/ofd"
	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/pki/ca"
	"github.com/elicense/elicense/signing"
	"github.com/elicense/elicense/vault/ledger"
	"github.com/elicense/elicense/vault/record"
	"github.com/elicense/elicense/verify"
)

// TestRevokedDepartment: where anything is known of revocations, a licence or receipt by a certificate that was revoked
// before does not pass, and one of which nothing is known is to be rechecked.
func TestRevokedDepartment(t *testing.T) {
	w := newWorld(t)
	f := w.forgeIn()
	doc := encode(t, f.bundle(nil))
	before := w.now.AddDate(0, 1, 0)
	for name, test := range map[string]struct {
		evidence []pki.Evidence
		want     verify.Indication
		id       string
	}{
		"nothing known":        {want: verify.TotalPassed},
		"not revoked":          {[]pki.Evidence{w.quiet()}, verify.TotalPassed, ""},
		"department revoked":   {[]pki.Evidence{w.quiet(revoked{f.department.chain[0], before, pki.CauseKeyCompromise})}, verify.TotalFailed, "record.revocation"},
		"vault revoked":        {[]pki.Evidence{w.quiet(revoked{f.vault.chain[0], before, pki.CauseKeyCompromise})}, verify.TotalFailed, "status.revocation"},
		"of others only":       {[]pki.Evidence{newWorld(t).quiet()}, verify.Indeterminate, "record.revocation"},
		"revoked since it was": {[]pki.Evidence{w.quiet(revoked{f.department.chain[0], now.Add(-5 * time.Minute), pki.CauseSuperseded})}, verify.TotalPassed, ""},
	} {
		t.Run(name, func(t *testing.T) {
			v := w.verifier(func(c *verify.Config) {
				c.Evidence = test.evidence
				c.LedgerKeys = []ledger.Verifier{noteKey(t, f.vault.vault.NoteKey())}
			})
			r := w.judge(v, doc)
			require.Equal(t, test.want, r.Indication, "%s %s", r.Headline, r.SubIndication)
			require.Equal(t, test.id, r.Headline)
		})
	}
}

// foreignSigned is SignedData by an authority outside the SM2 family.
func foreignSigned(t *testing.T) ([]byte, *x509.Certificate) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Example"}, NotBefore: now.AddDate(-1, 0, 0),
		NotAfter: now.AddDate(40, 0, 0), KeyUsage: x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	c, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	s, err := pkcs7.NewSignedData([]byte("example"))
	require.NoError(t, err)
	s.SetDigestAlgorithm(pkcs7.OIDDigestAlgorithmSHA256)
	require.NoError(t, s.AddSigner(c, key, pkcs7.SignerInfoConfig{}))
	doc, err := s.Finish()
	require.NoError(t, err)
	return doc, c
}

// TestUnknownAuthority: a sound signature of another family whose authority nobody here knows is not wrong, it is not
// known (A32).
func TestUnknownAuthority(t *testing.T) {
	doc, _ := foreignSigned(t)
	w := newWorld(t)
	r := w.judge(w.verifier(func(c *verify.Config) { // the other library signs with the time of its own clock
		c.CrossCheck, c.Now = true, func() time.Time { return now.AddDate(30, 0, 0) }
	}), doc)
	require.Equal(t, verify.Indeterminate, r.Indication, "%s %s", r.Headline, r.SubIndication)
	require.Equal(t, verify.NoCertificateChainFound, r.SubIndication)
	c, ok := r.Check("signature.signature")
	require.True(t, ok)
	require.Equal(t, verify.CheckPassed, c.Status)
	second, ok := r.Check("cms.second-reader")
	require.True(t, ok)
	require.Equal(t, verify.CheckPassed, second.Status)
}

// TestCopyEnds: a purpose-bound copy shows what it is for, and is worth nothing after its end.
func TestCopyEnds(t *testing.T) {
	w := newSealWorld(t)
	for until, want := range map[string]verify.Indication{
		"20260401000000": verify.Indeterminate, "20260301000000": verify.TotalFailed, "1 April": verify.TotalFailed,
		"": verify.TotalFailed,
	} {
		files := change("OFD.xml", func(b []byte) []byte {
			return bytes.Replace(b, []byte("</ofd:DocInfo>"), []byte(`<ofd:CustomDatas><ofd:CustomData Name="JZJZZSY">示例招标</ofd:CustomData>`+
				`<ofd:CustomData Name="JZJYXQJZSJ">`+until+`</ofd:CustomData></ofd:CustomDatas></ofd:DocInfo>`), 1)
		})(page())
		r := w.judge(w.sealVerifier(nil), w.sealed(files, nil))
		require.Equal(t, want, r.Indication, "%q %s", until, r.Headline)
		require.Equal(t, "示例招标", r.Fact("copy-purpose"))
		if want == verify.TotalFailed {
			require.Equal(t, "copy.validity", r.Headline)
			continue
		}
		require.Equal(t, "licence.none", r.Headline) // a copy of what?
	}
}

// TestCase_D2: the files of a case in one call: one decision, one line for each file in the order given, one notice.
func TestCase_D2(t *testing.T) {
	w := newSealWorld(t)
	good := w.sealed(page(), nil)
	bad := rewrite(t, good, change("Page_0/Content.xml", func(b []byte) []byte { return append(b, ' ') }))
	unknown := must(w.signer(w.enrol(ca.ProfileDepartment, fixtures.Departments()[1]), func(c *signing.Config) {
		c.WithCertificates = false
	}).Attached(t.Context(), []byte("示例")))(t)
	v := w.sealVerifier(nil)
	docs := []verify.Named{
		{Name: "一.ofd", Document: verify.DocumentOf(good)}, {Name: "二.ofd", Document: verify.DocumentOf(bad)},
		{Name: "三.p7m\x1b[2J", Document: verify.DocumentOf(unknown)},
	}
	report, err := v.VerifyCase(t.Context(), docs, verify.Expect{})
	require.NoError(t, err)
	require.Equal(t, verify.Return, report.Decision())
	var text bytes.Buffer
	require.NoError(t, report.WriteText(&text, "zh"))
	lines := strings.Split(text.String(), "\n")
	require.Equal(t, "退回并告知 / RETURN", lines[0])
	require.Equal(t, "共 3 件：可以受理 1，退回 1，待复验 1", lines[1])
	require.Contains(t, lines[3], "一.ofd  可以受理")
	require.Contains(t, lines[4], "二.ofd  退回并告知")
	require.NotContains(t, text.String(), "\x1b")
	require.Contains(t, report.Notice("zh"), "《二.ofd》")
	require.NotContains(t, report.Notice("zh"), "《一.ofd》")
	again, err := v.VerifyCase(t.Context(), docs, verify.Expect{})
	require.NoError(t, err)
	first, err := json.Marshal(report)
	require.NoError(t, err)
	second, err := json.Marshal(again)
	require.NoError(t, err)
	require.JSONEq(t, string(first), string(second), "the order of findings is stable")
	empty, err := v.VerifyCase(t.Context(), nil, verify.Expect{})
	require.NoError(t, err)
	require.Equal(t, verify.Recheck, empty.Decision())
	_, err = v.VerifyCase(t.Context(), make([]verify.Named, verify.MaxCase+1), verify.Expect{})
	require.ErrorIs(t, err, verify.ErrConfig)
}

// TestNoticeOfOneFault: one file that was changed is one thing to tell the applicant; what follows from it, that no seal
// covers the others, is not said as if the seal were somebody else's. The page has what failed on top, and the name.
func TestNoticeOfOneFault(t *testing.T) {
	w := newSealWorld(t)
	f := w.forgeIn()
	record := ofd.File{Name: "Doc_0/Attachs/record.json", Data: encode(t, inside(f.bundle(nil)))}
	doc := w.sealed(page(record), nil)
	z, err := zip.NewReader(bytes.NewReader(doc), int64(len(doc)))
	require.NoError(t, err)
	for _, entry := range z.File {
		if strings.HasSuffix(entry.Name, "Content.xml") {
			at, err := entry.DataOffset()
			require.NoError(t, err)
			doc[at+int64(entry.CompressedSize64)/2] ^= 1
		}
	}
	r := w.judge(w.sealVerifier(func(c *verify.Config) {
		c.LedgerKeys = []ledger.Verifier{noteKey(t, f.vault.vault.NoteKey())}
	}), doc)
	require.Equal(t, verify.TotalFailed, r.Indication)
	extra, ok := r.Check("package.extra")
	require.True(t, ok)
	require.Equal(t, verify.CheckFailed, extra.Status, "it is no pass, only not told")
	notice := r.Notice("zh")
	require.Contains(t, notice, "所签文件在签章后被改动")
	for _, follows := range []string{"可能是签章后塞入的", "印章不是颁发机构的", "元数据", "不能断定", "证照现在的状态未知"} {
		require.NotContains(t, notice, follows)
	}
	var b bytes.Buffer
	require.NoError(t, r.WriteHTML(&b, "申请 <甲>.ofd", "zh"))
	page := b.String()
	require.Contains(t, page, "申请 &lt;甲&gt;.ofd")
	require.Less(t, strings.Index(page, `class="failed"`), strings.Index(page, `class="passed"`))
	_, reason := r.Headlines("zh")
	require.Equal(t, 2, strings.Count(page, html.EscapeString(reason)), "as the reason and as the check, not as the notice again")
}

// TestHTML: a report as one file that needs nothing else; what a document says cannot become markup.
func TestHTML(t *testing.T) {
	w := newSealWorld(t)
	l := w.lie()
	l.seal.Name = `<script>alert(1)</script>`
	doc := l.document(t, ofd.TypeSeal, func(xml []byte) ([]byte, []byte) { return l.value(t, xml) })
	for _, lang := range []string{"zh", "en"} {
		var b bytes.Buffer
		require.NoError(t, w.judge(w.sealVerifier(nil), doc).WriteHTML(&b, "", lang))
		require.NotContains(t, b.String(), "<script")
		require.Contains(t, b.String(), "&lt;script&gt;")
		for _, outside := range []string{"http:", "https:", "src=", "@import"} {
			require.NotContains(t, b.String(), outside)
		}
		require.Contains(t, b.String(), verify.PolicyVersion)
	}
}

// TestCaseDigests_D28: a report names each file by its digest, and what lay beside it too.
func TestCaseDigests_D28(t *testing.T) {
	w := newSealWorld(t)
	v := w.sealVerifier(nil)
	body := []byte("示例内容")
	doc := verify.DocumentOf([]byte("签名"))
	doc.Content, doc.ContentSize, doc.Licence = bytes.NewReader(body), int64(len(body)), []byte("{}")
	c, err := v.VerifyCase(t.Context(), []verify.Named{{Name: "a", Document: doc}, {Name: "b"}}, verify.Expect{})
	require.NoError(t, err)
	want := func(b []byte) string { return hex.EncodeToString(must(pki.HashSM3.Sum(b))(t)) }
	require.Equal(t, []verify.Input{
		{SM3: want([]byte("签名")), Size: 6, Content: want(body), Licence: want([]byte("{}"))}, {},
	}, c.Inputs)
	_, err = verify.SM3Of(t.Context(), bytes.NewReader(body), int64(len(body))+1)
	require.ErrorIs(t, err, io.EOF, "the digest of a part is not the file's")
}

// TestCaseAsides: a file that is there twice under two names, and a receipt that was given for another case, are told; it
// is for whoever knows the case to say whether that matters.
func TestCaseAsides(t *testing.T) {
	w := newSealWorld(t)
	f := w.forgeIn()
	made := f.receipt(func(r *record.Receipt) { r.Asked.Case = "2026-0001" }, f.vault)
	v := w.sealVerifier(func(c *verify.Config) { c.LedgerKeys = []ledger.Verifier{noteKey(t, f.vault.vault.NoteKey())} })
	good := w.sealed(page(), nil)
	c, err := v.VerifyCase(t.Context(), []verify.Named{
		{Name: "一.ofd", Document: verify.DocumentOf(good)}, {Name: "二.ofd", Document: verify.DocumentOf(good)},
		{Name: "回执.json", Document: verify.DocumentOf(made)}, {Name: "空.pdf"}, {Name: "也空.pdf"},
	}, verify.Expect{})
	require.NoError(t, err)
	for number, aside := range map[string]bool{"": false, "2026-0001": false, "2026-0002": true} {
		c.Number = number
		for lang, says := range map[string][2]string{
			"zh": {"（与《一.ofd》内容相同）", "它是为办件 2026-0001 出具的，不是本办件"},
			"en": {"(the same content as 一.ofd)", "it was made for case 2026-0001, not for this one"},
		} {
			var text bytes.Buffer
			require.NoError(t, c.WriteText(&text, lang))
			require.Equal(t, 1, strings.Count(text.String(), says[0]), text.String())
			require.Equal(t, aside, strings.Contains(text.String(), says[1]), number)
		}
	}
	require.Equal(t, []string{"", "一.ofd", "", "", ""}, []string{
		c.Reports[0].SameAs, c.Reports[1].SameAs, c.Reports[2].SameAs, c.Reports[3].SameAs, c.Reports[4].SameAs,
	})
	raw, err := json.Marshal(c)
	require.NoError(t, err)
	require.Equal(t, 1, strings.Count(string(raw), `"same_as":"一.ofd"`))
	var page bytes.Buffer
	require.NoError(t, c.Reports[1].WriteHTML(&page, "二.ofd", "zh"))
	require.Contains(t, page.String(), "与同案文件内容相同")
}

// TestNotice: the applicant is told what the applicant can do, the office what is left to it, and each of the codes of a
// fact is a word.
func TestNotice(t *testing.T) {
	w := newSealWorld(t)
	v := w.sealVerifier(func(c *verify.Config) { c.SealMakers = nil })
	n := w.enrol(ca.ProfileDepartment, fixtures.Departments()[1])
	stranger := newSealWorld(t)
	unknown := must(stranger.signer(stranger.enrol(ca.ProfileDepartment, fixtures.Departments()[0]), func(c *signing.Config) {
		c.WithCertificates = true
	}).Attached(t.Context(), []byte("示例")))(t)
	detached := must(w.signer(n, func(c *signing.Config) { c.WithCertificates = true }).Detached(t.Context(), []byte("示例")))(t)
	for _, test := range []struct {
		name         string
		doc          []byte
		notice, todo string // what they must say; empty: nothing
	}{
		{"root not known", unknown, "", "取得其根证书放入信任目录后复验"},
		{"content missing", detached, "请一并提交所签文件", ""},
		{"no signature", []byte("正文"), "请申请人提交签署的 OFD 或 PDF 原件", ""},
	} {
		r := w.judge(v, test.doc)
		for _, say := range []struct{ got, want string }{{r.Notice("zh"), test.notice}, {r.Todo("zh"), test.todo}} {
			if say.want == "" {
				require.Empty(t, say.got, test.name)
				continue
			}
			require.Contains(t, say.got, say.want, test.name)
		}
		require.Equal(t, r.Notice("en") == "", test.notice == "", test.name)
	}
	f := w.forgeIn()
	r := w.judge(w.sealVerifier(func(c *verify.Config) {
		c.LedgerKeys = []ledger.Verifier{noteKey(t, f.vault.vault.NoteKey())}
	}), f.receipt(func(r *record.Receipt) { r.Result, r.Claims[0].Verdict = "different", "different" }, f.vault))
	_, reason := r.Headlines("zh")
	require.Contains(t, reason, "请申请人更正所报内容", "the issuer can do nothing about what the applicant says")
	var text bytes.Buffer
	require.NoError(t, r.WriteText(&text, "zh"))
	require.Contains(t, text.String(), "结果: 不一致\n")
	require.Contains(t, text.String(), "状态: 有效\n")
	require.NotRegexp(t, ": (equal|different|valid|compare|lookup|law)\n", text.String())
	require.Equal(t, "different", r.Fact("result"), "programs have the code")
}
