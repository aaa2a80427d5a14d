package verify_test

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/internal/cms"
	"github.com/elicense/elicense/internal/ofd"
	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/pki/ca"
	"github.com/elicense/elicense/signing"
	"github.com/elicense/elicense/verify"
)

// TestTooMuchEvidence: what one document brings of CRLs is looked at up to a limit of number and one of bytes, all its
// signatures together; beyond that nothing is known, and nothing passes.
func TestTooMuchEvidence(t *testing.T) {
	w := newSealWorld(t)
	made := now.Add(-time.Hour)
	good := [][]byte{w.crl(w.issuing, made).Raw, w.crl(w.root, made).Raw}
	var parts [][][]byte // of 64 CRLs each, as SignedData can hold
	for i := range 5 {
		var crls [][]byte
		for range 62 {
			crls = append(crls, w.crl(w.root, made.Add(-time.Minute)).Raw)
		}
		if i == 0 {
			crls = append(good[:2:2], crls...)
		}
		parts = append(parts, crls)
	}
	v := w.verifier(func(c *verify.Config) { c.Evidence, c.Intermediates = nil, pki.NewPool(w.issuing.cert()) })
	require.Equal(t, verify.TotalPassed, w.judge(v, w.closedWith(parts[:1]...)).Indication)
	r := w.judge(v, w.closedWith(parts...))
	require.Equal(t, verify.Indeterminate, r.Indication, "%s %s", r.Headline, r.SubIndication)
	require.Equal(t, "signature.revocation", r.Headline)
	require.Equal(t, verify.TryLater, r.SubIndication)
	require.Contains(t, r.Tolerances, verify.Tolerance{Part: "5", Name: "evidence: more than is looked at"})
}

// closedWith is a page with signatures one over the other, each with CRLs inside.
func (w *sealWorld) closedWith(parts ...[][]byte) []byte {
	w.t.Helper()
	signer := w.signer(w.department, func(c *signing.Config) { c.WithAttributes = true })
	return w.signedPage(len(parts), func(i int, xml []byte) []byte {
		data, err := cms.Parse(must(signer.Detached(w.t.Context(), xml))(w.t))
		require.NoError(w.t, err)
		return withCRLs(w.t, data, parts[i])
	})
}

// signedPage is a page with some signatures over it.
func (w *sealWorld) signedPage(n int, value func(i int, xml []byte) []byte) []byte {
	w.t.Helper()
	files := page()
	files[0].Data = bytes.Replace(files[0].Data, []byte("</ofd:DocRoot>"), []byte("</ofd:DocRoot>"+
		"<ofd:Signatures>Doc_0/Signs/Signatures.xml</ofd:Signatures>"), 1)
	xml := w.lie().description(files, ofd.TypeSign)
	var entries strings.Builder
	for i := range n {
		folder := "Doc_0/Signs/Sign_" + strconv.Itoa(i) + "/"
		fmt.Fprintf(&entries, `<ofd:Signature ID="%d" Type="Sign" BaseLoc="/%sSignature.xml"/>`, i+1, folder)
		files = append(files, ofd.File{Name: folder + "Signature.xml", Data: xml},
			ofd.File{Name: folder + "SignedValue.dat", Data: value(i, xml)})
	}
	files = append(files, ofd.File{Name: "Doc_0/Signs/Signatures.xml", Data: []byte(`<ofd:Signatures` + ofdSpace +
		`><ofd:MaxSignId>9</ofd:MaxSignId>` + entries.String() + `</ofd:Signatures>`)})
	out, err := ofd.Marshal(files)
	require.NoError(w.t, err)
	return out
}

// TestEvidenceBytes: the bytes are limited too, whatever their number.
func TestEvidenceBytes(t *testing.T) {
	require.Equal(t, 2, verify.TakenOf(make([]byte, verify.MaxEmbeddedBytes-1), []byte{1}, []byte{2}))
	require.Equal(t, 0, verify.TakenOf(make([]byte, verify.MaxEmbeddedBytes+1)))
}

// withCRLs puts CRLs into SignedData, in this order.
func withCRLs(t testing.TB, data *cms.SignedData, crls [][]byte) []byte {
	t.Helper()
	out, err := data.With(cms.Additions{CRLs: crls})
	require.NoError(t, err)
	return out
}

// TestLooksAtEvidence: signatures times evidence is work, and it ends.
func TestLooksAtEvidence(t *testing.T) {
	w := newSealWorld(t)
	made := now.Add(-time.Hour)
	crls := [][]byte{w.crl(w.issuing, made).Raw, w.crl(w.root, made).Raw}
	for len(crls) < 50 {
		crls = append(crls, w.crl(w.root, made.Add(-time.Minute)).Raw)
	}
	var many []*signing.Signer
	for range 28 {
		many = append(many, w.signer(w.enrol(ca.ProfileDepartment, fixtures.Departments()[0]), nil))
	}
	judged := func(n int) *verify.Report {
		return w.judge(w.verifier(func(c *verify.Config) { c.Evidence = nil }), w.signedPage(n, func(_ int, xml []byte) []byte {
			data, err := cms.Parse(must(signing.SignTogether(t.Context(), xml, false, many...))(t))
			require.NoError(t, err)
			return withCRLs(t, data, crls)
		}))
	}
	one := judged(1)
	require.Equal(t, verify.TotalPassed, one.Indication, "%s %v", one.Headline, lastOf(one, one.Headline))
	r := judged(verify.MaxLooks/50/28 + 2)
	require.Equal(t, verify.Indeterminate, r.Indication, "%s %s", r.Headline, r.SubIndication)
	require.Equal(t, "signature.revocation", r.Headline)
	c, _ := r.Check(r.Headline)
	require.Equal(t, verify.CheckPassed, c.Status, "the first ones are judged")
	require.Equal(t, "budget", lastOf(r, r.Headline).Found)
}

func lastOf(r *verify.Report, id string) (last verify.Check) {
	for _, c := range r.Checks {
		if c.ID == id {
			last = c
		}
	}
	return last
}

// TestRevocationDelay: a deployment can demand evidence from some time after the signature was there, and is told when
// it may come; without a proven time that would never end, so it is refused.
func TestRevocationDelay(t *testing.T) {
	w := newWorld(t)
	signer := w.enrol(ca.ProfileDepartment, fixtures.Departments()[0])
	authority := w.enrol(ca.ProfileTSA, fixtures.Authority())
	signed := now.Add(-3 * time.Hour)
	s := w.signer(signer, func(c *signing.Config) { c.WithAttributes, c.Now = true, func() time.Time { return signed } })
	doc := withToken(t, must(s.Attached(t.Context(), []byte("示例")))(t), func(v []byte) []byte {
		return w.token(authority, v, signed)
	})
	for delay, want := range map[time.Duration]verify.Indication{ // evidence is of an hour ago
		0: verify.TotalPassed, time.Hour: verify.TotalPassed, 150 * time.Minute: verify.Indeterminate,
		24 * time.Hour: verify.Indeterminate,
	} {
		v := w.verifier(func(c *verify.Config) { c.Requirements.Timestamp, c.Requirements.RevocationDelay = true, delay })
		r := w.judge(v, doc)
		require.Equal(t, want, r.Indication, "%s: %s %s", delay, r.Headline, r.SubIndication)
		if want == verify.Indeterminate {
			require.Equal(t, "signature.revocation", r.Headline)
			require.WithinDuration(t, signed.Add(delay), r.RecheckAt, 2*time.Second)
		}
	}
	for name, edit := range map[string]func(*verify.Requirements){
		"without a time-stamp": func(r *verify.Requirements) { r.RevocationDelay = time.Hour },
		"below zero":           func(r *verify.Requirements) { r.Timestamp, r.RevocationDelay = true, -1 },
		"age below zero":       func(r *verify.Requirements) { r.RevocationMaxAge = -1 },
	} {
		config := w.config()
		edit(&config.Requirements)
		_, err := verify.New(config)
		require.ErrorIs(t, err, verify.ErrConfig, name)
	}
}

// TestClauses: each check cites the clause of the algorithm and format that it was made by.
func TestClauses(t *testing.T) {
	w := newSealWorld(t)
	doc, _ := foreignSigned(t)
	foreign := w.judge(w.verifier(nil), doc)
	for id, clause := range map[string]string{
		"signature.signature": "FIPS 186-5 6.4.2", "cms.text": "RFC 5652 5.1", "cms.signers": "RFC 5652 5.1",
	} {
		c, ok := foreign.Check(id)
		require.True(t, ok, id)
		require.Equal(t, clause, c.Clause, id)
	}
	for _, c := range foreign.Checks {
		require.False(t, strings.HasPrefix(c.Clause, "GB/T 32918"), "%s cites SM2", c.ID)
	}
	ours := w.judge(w.verifier(nil), w.attached(w.department, []byte("示例")))
	for id, clause := range map[string]string{
		"signature.signature": "GB/T 32918.2-2016 7", "cms.text": "GB/T 35275-2017 8",
	} {
		c, ok := ours.Check(id)
		require.True(t, ok, id)
		require.Equal(t, clause, c.Clause, id)
	}
	sealed := w.judge(w.sealVerifier(nil), w.sealed(page(), nil))
	for id, clause := range map[string]string{
		"package.text": "GB/T 33190-2016 7", "package.signed": "GB/T 33190-2016 18.1", "description.text": "GB/T 33190-2016 18.2",
		"description.files": "GB/T 33190-2016 18.2.2", "seal.text": "GB/T 38540-2020 7.1", "signature.digest": "GB/T 38540-2020 7.3",
		"signature.path": "GB/T 38540-2020 7.3", "seal.signer": "GB/T 38540-2020 7.3", "seal.validity": "GB/T 38540-2020 7.3",
		"maker.usage": "GB/T 38540-2020 6.3", "signature.chain": "RFC 5280 6.1", "signature.revocation": "RFC 5280 6.3",
		"signature.existence": "EN 319 102-1 5.5", "signature.signature": "GB/T 32918.2-2016 7",
	} {
		c, ok := sealed.Check(id)
		require.True(t, ok, id)
		require.Equal(t, clause, c.Clause, id)
	}
	for a, clause := range map[pki.SignatureAlgorithm]string{
		{Key: pki.KeySM2}: "GB/T 32918.2-2016 7", {Key: pki.KeyECDSA}: "FIPS 186-5 6.4.2",
		{Key: pki.KeyRSA}: "RFC 8017 8.2.2", {Key: pki.KeyRSA, PSS: true}: "RFC 8017 8.1.2",
		{Key: pki.KeyRSAPSS}: "RFC 8017 8.1.2", {}: "RFC 5652 5.6",
	} {
		require.Equal(t, clause, verify.ClauseOf(a), a.String())
	}
}
