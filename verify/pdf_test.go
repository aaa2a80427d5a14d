package verify_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm3"
	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/internal/pdf"
	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/pki/ca"
	"github.com/elicense/elicense/signing"
	"github.com/elicense/elicense/verify"
)

// plainPDF is a PDF of one page.
func plainPDF() []byte {
	var b bytes.Buffer
	b.WriteString("%PDF-1.7\n")
	xref := "xref\n0 4\n0000000000 65535 f \n"
	for i, o := range []string{
		"<< /Type /Catalog /Pages 2 0 R >>", "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
		"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] >>",
	} {
		xref += fmt.Sprintf("%010d 00000 n \n", b.Len())
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", i+1, o)
	}
	at := b.Len()
	fmt.Fprintf(&b, "%strailer\n<< /Size 4 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n", xref, at)
	return b.Bytes()
}

func (w *world) signPDF(doc []byte, n node, edit func(*signing.PDFOrder)) []byte {
	w.t.Helper()
	order := signing.PDFOrder{
		Signer: signing.Config{Key: n.key, Chain: n.chain, Rand: rand.Reader},
		Now:    func() time.Time { return now.Add(-time.Hour) },
	}
	if edit != nil {
		edit(&order)
	}
	var out bytes.Buffer
	require.NoError(w.t, signing.SignPDF(w.t.Context(), &out, bytes.NewReader(doc), int64(len(doc)), order))
	return out.Bytes()
}

// stampPDF puts a document time-stamp over a PDF.
func (w *world) stampPDF(doc []byte, authority node) []byte {
	w.t.Helper()
	var out bytes.Buffer
	from := signing.TimestampFunc(func(_ context.Context, digest [32]byte) ([]byte, error) {
		return w.tokenOver(authority, digest, now.Add(-time.Minute)), nil
	})
	require.NoError(w.t, signing.TimestampPDF(w.t.Context(), &out, bytes.NewReader(doc), int64(len(doc)), from))
	return out.Bytes()
}

// putPDF signs a PDF with a value that make gives for what is covered.
func (w *world) putPDF(doc []byte, value pdf.Dict, make func(covered []byte) []byte) []byte {
	w.t.Helper()
	f, err := pdf.Open(bytes.NewReader(doc), int64(len(doc)))
	require.NoError(w.t, err)
	u, err := f.NewUpdate()
	require.NoError(w.t, err)
	require.NoError(w.t, u.AddField(pdf.NewField{Value: value, Room: 8 << 10, Page: 1}))
	a, err := u.Finish()
	require.NoError(w.t, err)
	before, after := a.Covered()
	require.NoError(w.t, a.SetValue(make(slices.Concat(doc, before, after))))
	return append(bytes.Clone(doc), a.Bytes...)
}

// edited appends an update that changes the page.
func (w *world) edited(doc []byte) []byte {
	w.t.Helper()
	f, err := pdf.Open(bytes.NewReader(doc), int64(len(doc)))
	require.NoError(w.t, err)
	u, err := f.NewUpdate()
	require.NoError(w.t, err)
	u.Replace(pdf.Ref{Number: 3}, pdf.Dict{
		"Type": pdf.Name("Page"), "Parent": pdf.Ref{Number: 2}, "Contents": u.AddStream(pdf.Dict{}, []byte("q Q")),
	})
	a, err := u.Finish()
	require.NoError(w.t, err)
	return append(bytes.Clone(doc), a.Bytes...)
}

// TestPDF: a signed PDF passes, with one signature, two, a time-stamp within and one over all.
func TestPDF(t *testing.T) {
	w := newWorld(t)
	n := w.enrol(ca.ProfileDepartment, fixtures.Departments()[0])
	other := w.enrol(ca.ProfileDepartment, fixtures.Departments()[1])
	authority := w.enrol(ca.ProfileTSA, fixtures.Authority())
	once := w.signPDF(plainPDF(), n, nil)
	for name, doc := range map[string][]byte{
		"once":      once,
		"twice":     w.signPDF(once, other, nil),
		"certified": w.signPDF(plainPDF(), n, func(o *signing.PDFOrder) { o.Certify = true }),
		"stamped": w.putPDF(once, pdf.Dict{"Type": pdf.Name("DocTimeStamp"), "SubFilter": pdf.FilterTimestamp},
			func(covered []byte) []byte { return w.token(authority, covered, now.Add(-time.Minute)) }),
		"certified and stamped": w.stampPDF(w.signPDF(plainPDF(), n, func(o *signing.PDFOrder) { o.Certify = true }), authority),
	} {
		t.Run(name, func(t *testing.T) {
			for _, cross := range []bool{false, true} {
				v := w.verifier(func(c *verify.Config) {
					c.Intermediates, c.CrossCheck = pki.NewPool(w.issuing.cert()), cross
				})
				r := w.judge(v, doc)
				require.Equal(t, verify.KindPDF, r.Kind)
				require.Equal(t, verify.TotalPassed, r.Indication, "%s %s %v", r.Headline, r.SubIndication, r.Checks)
				require.True(t, r.Authentic)
				decision, reason := r.Headlines("zh")
				require.Equal(t, "可以受理 / ACCEPT", decision)
				require.Contains(t, reason, "签名有效")
				require.Contains(t, []string{fixtures.Departments()[0].Name, fixtures.Departments()[1].Name}, r.Fact("signer"))
				require.True(t, slices.ContainsFunc(r.Timeline, func(m verify.Moment) bool {
					return m.ID == "signed" && m.Time == now.Add(-time.Hour).UTC().Format(time.RFC3339)
				}), "%v", r.Timeline)
			}
		})
	}
}

// TestPDFStampProvesTime: a document time-stamp proves the time of the signatures that it covers, one that covers a
// changed document proves nothing.
func TestPDFStampProvesTime(t *testing.T) {
	w := newWorld(t)
	n := w.enrol(ca.ProfileDepartment, fixtures.Departments()[0])
	authority := w.enrol(ca.ProfileTSA, fixtures.Authority())
	stamped := w.putPDF(w.signPDF(plainPDF(), n, nil), pdf.Dict{"Type": pdf.Name("DocTimeStamp"), "SubFilter": pdf.FilterTimestamp},
		func(covered []byte) []byte { return w.token(authority, covered, now.Add(-50*time.Minute)) })
	gone := revoked{n.cert(), now.Add(-30 * time.Minute), pki.CauseSuperseded}
	pool := func(c *verify.Config) { c.Intermediates = pki.NewPool(w.issuing.cert()) }
	require.Equal(t, verify.TotalPassed, w.judge(w.verifier(pool, gone), stamped).Indication)
	r := w.judge(w.verifier(pool, gone), w.signPDF(plainPDF(), n, nil))
	require.Equal(t, verify.RevokedNoPOE, r.SubIndication)
	r = w.judge(w.verifier(pool, gone), w.edited(stamped))
	require.Equal(t, verify.TotalFailed, r.Indication)
}

// TestPDFEvidence: evidence in the document security store counts as evidence beside does; without it, whether the
// certificate was revoked is not known.
func TestPDFEvidence(t *testing.T) {
	w := newWorld(t)
	n := w.enrol(ca.ProfileDepartment, fixtures.Departments()[0])
	alone := func(c *verify.Config) { c.Evidence = nil }
	with := func(doc []byte, list ...revoked) []byte {
		var e signing.PDFEvidence
		for _, crl := range w.quiet(list...).CRLs {
			e.CRLs = append(e.CRLs, crl.Raw)
		}
		e.Certificates = append(e.Certificates, w.issuing.cert().Raw)
		var out bytes.Buffer
		require.NoError(t, signing.AddPDFEvidence(&out, bytes.NewReader(doc), int64(len(doc)), e))
		return out.Bytes()
	}
	signed := w.signPDF(plainPDF(), n, nil)
	r := w.judge(w.verifier(alone), signed)
	require.Equal(t, verify.Indeterminate, r.Indication)
	require.Equal(t, "signature.revocation", r.Headline)
	r = w.judge(w.verifier(alone), with(signed))
	require.Equal(t, verify.TotalPassed, r.Indication, "%v", r.Checks)
	r = w.judge(w.verifier(alone), with(signed, revoked{n.cert(), now.Add(-2 * time.Hour), pki.CauseKeyCompromise}))
	require.Equal(t, verify.Revoked, r.SubIndication)
	var out bytes.Buffer
	require.ErrorIs(t, signing.TimestampPDF(t.Context(), &out, bytes.NewReader(plainPDF()), int64(len(plainPDF())), nil), signing.ErrPDFBroken)
	require.ErrorIs(t, signing.TimestampPDF(t.Context(), &out, bytes.NewReader(signed), int64(len(signed)), nil), signing.ErrConfig)
	err := signing.AddPDFEvidence(&out, bytes.NewReader(plainPDF()), int64(len(plainPDF())), signing.PDFEvidence{})
	require.ErrorIs(t, err, signing.ErrPDFBroken)
}

// TestPDFFails: whatever is wrong with a signed PDF is found for what it is.
func TestPDFFails(t *testing.T) {
	w := newWorld(t)
	n := w.enrol(ca.ProfileDepartment, fixtures.Departments()[0])
	signed := w.signPDF(plainPDF(), n, nil)
	detached := func(edit func(*signing.Config)) func([]byte) []byte {
		return func(covered []byte) []byte {
			der, err := w.signer(n, edit).Detached(t.Context(), covered)
			require.NoError(t, err)
			return der
		}
	}
	attached := func(content func([]byte) []byte) func([]byte) []byte {
		return func(covered []byte) []byte {
			der, err := w.signer(n, nil).Attached(t.Context(), content(covered))
			require.NoError(t, err)
			return der
		}
	}
	put := func(form pdf.Name, make func([]byte) []byte) []byte {
		return w.putPDF(plainPDF(), pdf.Dict{"Type": pdf.Name("Sig"), "SubFilter": form}, make)
	}
	for name, test := range map[string]struct {
		doc []byte
		id  string
		sub verify.SubIndication
	}{
		"unsigned": {plainPDF(), "pdf.signed", verify.SignedDataNotFound},
		"a time-stamp alone": {w.putPDF(plainPDF(), pdf.Dict{"SubFilter": pdf.FilterTimestamp}, func(b []byte) []byte {
			return w.token(w.enrol(ca.ProfileTSA, fixtures.Authority()), b, now)
		}), "pdf.signed", verify.SignedDataNotFound},
		"cut off":   {signed[:len(signed)-10], "pdf.text", verify.FormatFailure},
		"encrypted": {bytes.Replace(plainPDF(), []byte("/Root"), []byte("/Encrypt 3 0 R /Root"), 1), "pdf.text", verify.FormatFailure},
		"octet":     {bytes.Replace(bytes.Clone(signed), []byte("[0 0 595 842]"), []byte("[0 0 595 843]"), 1), "signature.digest", verify.HashFailure},
		"value":     {bytes.Replace(signed, []byte("<308"), []byte("<318"), 1), "pdf.value", verify.FormatFailure},
		"edited":    {w.edited(signed), "pdf.changed", verify.HashFailure},
		"edited and signed again": {w.putPDF(w.edited(signed), pdf.Dict{"SubFilter": pdf.FilterDetached}, detached(nil)),
			"pdf.changed", verify.HashFailure},
		"octets behind":       {append(bytes.Clone(signed), "tail"...), "pdf.changed", verify.HashFailure},
		"range":               {bytes.Replace(signed, []byte("/ByteRange [0"), []byte("/ByteRange [1"), 1), "pdf.range", verify.SigConstraintsFailure},
		"old RSA form":        {put(pdf.FilterX509, detached(nil)), "pdf.value", verify.FormatFailure},
		"unknown form":        {put("x", detached(nil)), "pdf.value", verify.FormatFailure},
		"no SignedData":       {put(pdf.FilterDetached, func([]byte) []byte { return []byte{0x30, 0} }), "cms.text", verify.FormatFailure},
		"content inside":      {put(pdf.FilterDetached, attached(func(b []byte) []byte { return b })), "cms.content", verify.SigConstraintsFailure},
		"SHA-1":               {put(pdf.FilterSHA1, attached(sha1Sum)), "pdf.value", verify.CryptoConstraintsFailure},
		"SHA-1 of other":      {put(pdf.FilterSHA1, attached(func([]byte) []byte { return []byte("x") })), "signature.bound", verify.HashFailure},
		"signed another file": {put(pdf.FilterDetached, func([]byte) []byte { return detached(withAttributes)([]byte("another")) }), "signature.digest", verify.HashFailure},
		"stamp over another file": {w.putPDF(signed, pdf.Dict{"SubFilter": pdf.FilterTimestamp}, func([]byte) []byte {
			return w.token(w.enrol(ca.ProfileTSA, fixtures.Authority()), []byte("x"), now)
		}), "timestamp.imprint", verify.HashFailure},
		"stamp that is none": {w.putPDF(signed, pdf.Dict{"SubFilter": pdf.FilterTimestamp}, func([]byte) []byte { return []byte{0x30, 0} }),
			"timestamp.text", verify.FormatFailure},
	} {
		t.Run(name, func(t *testing.T) {
			r := w.judge(w.verifier(nil), test.doc)
			require.Equal(t, verify.KindPDF, r.Kind)
			require.Equal(t, verify.TotalFailed, r.Indication, "%v", r.Checks)
			found := slices.IndexFunc(r.Checks, func(c verify.Check) bool { return c.ID == test.id && c.Status == verify.CheckFailed })
			require.GreaterOrEqual(t, found, 0, "%s: %v", test.id, r.Checks)
			require.Equal(t, test.sub, r.Checks[found].Sub)
			require.NotEmpty(t, r.Notice("zh"))
		})
	}
}

func withAttributes(c *signing.Config) { c.WithAttributes = true }

func sha1Sum(b []byte) []byte {
	sum, _ := pki.HashSHA1.Sum(b)
	return sum
}

// TestPDFBinding: a signature in the form of CAdES names its certificate; without that another could take its place.
func TestPDFBinding(t *testing.T) {
	w := newWorld(t)
	n := w.enrol(ca.ProfileDepartment, fixtures.Departments()[0])
	for form, want := range map[pdf.Name]verify.Indication{pdf.FilterDetached: verify.TotalPassed, pdf.FilterCAdES: verify.Indeterminate} {
		doc := w.putPDF(plainPDF(), pdf.Dict{"SubFilter": form}, func(covered []byte) []byte {
			der, err := w.signer(n, withAttributes).Detached(t.Context(), covered)
			require.NoError(t, err)
			return der
		})
		require.Equal(t, want, w.judge(w.verifier(nil), doc).Indication, form)
	}
}

// TestPDFFlips: no octet of a signed PDF can be changed without notice. Of those that CMS leaves unsigned, a changed
// version is named as a tolerance.
func TestPDFFlips(t *testing.T) {
	w := newWorld(t)
	doc := w.signPDF(plainPDF(), w.enrol(ca.ProfileDepartment, fixtures.Departments()[0]), func(o *signing.PDFOrder) { o.Room = 2 << 10 })
	v := w.verifier(nil)
	require.Equal(t, verify.TotalPassed, w.judge(v, doc).Indication)
	sum, passed := sm3.Sum(doc), 0
	const unsigned = "310c300a06082a811ccf55018311" // the list of digest algorithms, which no CMS signature covers
	list := bytes.Index(doc, []byte(unsigned))
	require.Positive(t, list)
	for i := 0; i < len(doc); i += 3 {
		doc[i] ^= 1
		r := w.judge(v, doc)
		named := len(r.Tolerances) > 0 || i >= list && i < list+len(unsigned)
		if r.Indication == verify.TotalPassed && !named {
			passed++
			t.Errorf("octet %d: %q", i, doc[max(i-40, 0):min(i+10, len(doc))])
		}
		doc[i] ^= 1
	}
	require.Zero(t, passed)
	require.Equal(t, sum, sm3.Sum(doc))
}

// foreignPDFs is what is wrong with the signed PDFs of others, apart from that nobody here trusts their certificates:
// the check that fails and why, or nothing.
var foreignPDFs = map[string]string{
	"dss-pades/validation/PAdES-LT.pdf":                                                 "",
	"dss-pades/validation/modified_after_signature.pdf":                                 "pdf.value FORMAT_FAILURE, pdf.changed HASH_FAILURE",
	"dss-pades/validation/pades-bes.pdf":                                                "",
	"dss-pades/validation/pades-ltv.pdf":                                                "",
	"dss-pades/validation/pdf-signed-original.pdf":                                      "",
	"dss-pades/validation/pkcs7.pdf":                                                    "",
	"pdfsign/testfiles/testfile30.pdf":                                                  "",
	"pyhanko/data/pdf/certified-with-indirect-refs-in-dir.pdf":                          "",
	"pyhanko/data/pdf/coverage-anomalies/base.pdf":                                      "pdf.value FORMAT_FAILURE, pdf.changed HASH_FAILURE",
	"pyhanko/data/pdf/coverage-anomalies/one-byterange.pdf":                             "pdf.range SIG_CONSTRAINTS_FAILURE",
	"pyhanko/data/pdf/coverage-anomalies/signature-gap-too-big.pdf":                     "pdf.range SIG_CONSTRAINTS_FAILURE",
	"pyhanko/data/pdf/coverage-anomalies/tail-uncovered.pdf":                            "pdf.range SIG_CONSTRAINTS_FAILURE",
	"pyhanko/data/pdf/coverage-anomalies/weird-byterange.pdf":                           "pdf.range SIG_CONSTRAINTS_FAILURE",
	"pyhanko/data/pdf/ed448-disallowed-hash.pdf":                                        "signature.digest CRYPTO_CONSTRAINTS_FAILURE, signature.algorithm CRYPTO_CONSTRAINTS_FAILURE, signature.signature CRYPTO_CONSTRAINTS_FAILURE",
	"pyhanko/data/pdf/ed448-shake256-nolen.pdf":                                         "signature.digest CRYPTO_CONSTRAINTS_FAILURE, signature.algorithm CRYPTO_CONSTRAINTS_FAILURE, signature.signature CRYPTO_CONSTRAINTS_FAILURE",
	"pyhanko/data/pdf/extensions-direct.pdf":                                            "signature.digest CRYPTO_CONSTRAINTS_FAILURE, signature.algorithm CRYPTO_CONSTRAINTS_FAILURE, signature.signature CRYPTO_CONSTRAINTS_FAILURE",
	"pyhanko/data/pdf/extensions-indirect-not-all-paths.pdf":                            "signature.digest CRYPTO_CONSTRAINTS_FAILURE, pdf.changed HASH_FAILURE, signature.algorithm CRYPTO_CONSTRAINTS_FAILURE, signature.signature CRYPTO_CONSTRAINTS_FAILURE",
	"pyhanko/data/pdf/extensions-indirect.pdf":                                          "signature.digest CRYPTO_CONSTRAINTS_FAILURE, signature.algorithm CRYPTO_CONSTRAINTS_FAILURE, signature.signature CRYPTO_CONSTRAINTS_FAILURE",
	"pyhanko/data/pdf/extensions-update-direct.pdf":                                     "signature.digest CRYPTO_CONSTRAINTS_FAILURE, signature.algorithm CRYPTO_CONSTRAINTS_FAILURE, signature.signature CRYPTO_CONSTRAINTS_FAILURE",
	"pyhanko/data/pdf/extensions-update-indirect.pdf":                                   "signature.digest CRYPTO_CONSTRAINTS_FAILURE, signature.algorithm CRYPTO_CONSTRAINTS_FAILURE, signature.signature CRYPTO_CONSTRAINTS_FAILURE",
	"pyhanko/data/pdf/form-update-ap-indirect-sneaky-trailer.pdf":                       "",
	"pyhanko/data/pdf/form-update-no-override-appearance-stream-ap-indirect-sneaky.pdf": "",
	"pyhanko/data/pdf/form-update-no-override-appearance-stream-ap-indirect.pdf":        "",
	"pyhanko/data/pdf/form-update-original-ap-type-wrong.pdf":                           "",
	"pyhanko/data/pdf/form-update-override-appearance-stream-ap-indirect-sneaky.pdf":    "pdf.changed HASH_FAILURE",
	"pyhanko/data/pdf/form-update-override-appearance-stream-ap-indirect.pdf":           "pdf.changed HASH_FAILURE",
	"pyhanko/data/pdf/form-update-override-appearance-stream-sneaky.pdf":                "pdf.changed HASH_FAILURE",
	"pyhanko/data/pdf/form-update-override-appearance-stream.pdf":                       "pdf.changed HASH_FAILURE",
	"pyhanko/data/pdf/minimal-signed-twice-both-created.pdf":                            "",
	"pyhanko/data/pdf/minimal-signed-twice-no-sig-type.pdf":                             "",
	"pyhanko/data/pdf/minimal-signed-twice-second-created.pdf":                          "",
	"pyhanko/data/pdf/minimal-two-fields-signed-twice.pdf":                              "",
	"pyhanko/data/pdf/pades-lta-dss-indirect-arrs-test-2.pdf":                           "",
	"pyhanko/data/pdf/pades-lta-dss-indirect-arrs-test.pdf":                             "",
	"pyhanko/data/pdf/pades-with-old-style-signing-cert-attr-issser.pdf":                "",
	"pyhanko/data/pdf/pades-with-old-style-signing-cert-attr.pdf":                       "",
	"pyhanko/data/pdf/pdf-sig-with-econtent.pdf":                                        "cms.content SIG_CONSTRAINTS_FAILURE",
	"pyhanko/data/pdf/separate-annots-kids-indir.pdf":                                   "pdf.changed HASH_FAILURE",
	"pyhanko/data/pdf/sig-no-signed-attrs.pdf":                                          "",
	"pyhanko/data/pdf/sig-with-ski-sid.pdf":                                             "",
}

// TestForeignPDFs: the coverage and the mathematics of every signed PDF of others are what its name, the standard and
// the software that made it say.
func TestForeignPDFs(t *testing.T) {
	root := os.Getenv("ELICENSE_TESTDATA")
	if root == "" {
		t.Skip("ELICENSE_TESTDATA is not set: no files of others to judge")
	}
	w := newWorld(t)
	v := w.verifier(nil)
	seen, signed := 0, 0
	require.NoError(t, filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.EqualFold(filepath.Ext(path), ".pdf") {
			return err
		}
		doc, err := os.ReadFile(path)
		require.NoError(t, err)
		r := w.judge(v, doc)
		require.Equal(t, verify.KindPDF, r.Kind)
		require.NotEqual(t, verify.TotalPassed, r.Indication, path)
		seen++
		name, err := filepath.Rel(root, path)
		require.NoError(t, err)
		got := failures(r)
		if strings.HasPrefix(got, "pdf.text") || strings.HasPrefix(got, "pdf.signed") {
			require.NotContains(t, foreignPDFs, filepath.ToSlash(name))
			return nil
		}
		signed++
		if want, ok := foreignPDFs[filepath.ToSlash(name)]; !ok || got != want {
			t.Errorf("%q: %q,", filepath.ToSlash(name), got)
		}
		return nil
	}))
	require.Greater(t, seen, 100)
	require.Equal(t, len(foreignPDFs), signed)
}

// failures are the checks of format, digest and signature that failed, each once, with the word of the standard.
func failures(r *verify.Report) string {
	var out []string
	for _, c := range r.Checks {
		if c.Status != verify.CheckFailed || c.Level == verify.LevelChain || c.Level == verify.LevelRevocation {
			continue
		}
		if word := c.ID + " " + string(c.Sub); !slices.Contains(out, word) {
			out = append(out, word)
		}
	}
	return strings.Join(out, ", ")
}
