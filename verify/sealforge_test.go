package verify_test

import (
	"bytes"
	"cmp"
	"crypto"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm3"
	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/internal/cms"
	"github.com/elicense/elicense/internal/ofd"
	"github.com/elicense/elicense/internal/oid"
	"github.com/elicense/elicense/internal/ses"
	"github.com/elicense/elicense/internal/sm2sig"
	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/pki/ca"
	"github.com/elicense/elicense/signing"
	"github.com/elicense/elicense/verify"
)

// lie is a sealed document in which one thing is wrong though every signature holds.
type lie struct {
	maker, signer node
	seal          ses.Seal
	sig           ses.Signature
	property      string
	check         string // method of the references
	digest        func([]byte) []byte
	more          []ofd.File
	stamp         string              // where the seal is shown; empty: in its size
	root          func([]byte) []byte // edits OFD.xml; nil: as it is
	described     func([]byte) []byte // edits Signature.xml; nil: as it is
}

func (w *sealWorld) lie() *lie {
	parsed, err := ses.ParseSeal(w.seal)
	require.NoError(w.t, err)
	return &lie{
		maker: w.maker, signer: w.department, seal: *parsed, property: "/Doc_0/Signs/Sign_0/Signature.xml",
		sig:   ses.Signature{Version: ses.V4, Time: now.Add(-time.Hour)},
		check: oid.SM3.String(), digest: func(b []byte) []byte { sum := sm3.Sum(b); return sum[:] },
	}
}

func sign(t testing.TB, key crypto.Signer, message []byte) []byte {
	t.Helper()
	public, err := sm2sig.FromCrypto(key.Public())
	require.NoError(t, err)
	value, err := public.Sign(rand.Reader, key, message)
	require.NoError(t, err)
	return value
}

// value makes the seal and signs with it whatever it says.
func (l *lie) value(t testing.TB, xml []byte) (seal, value []byte) {
	t.Helper()
	l.seal.Maker = l.maker.cert().Raw
	if l.seal.Certificates == nil && l.seal.Digests == nil {
		l.seal.Certificates = [][]byte{l.signer.cert().Raw}
	}
	draft, err := ses.NewSealDraft(&l.seal)
	require.NoError(t, err)
	seal, err = draft.Seal(sign(t, l.maker.key, draft.ToSign()))
	require.NoError(t, err)
	made, err := ses.ParseSeal(seal)
	require.NoError(t, err)
	sum := sm3.Sum(xml)
	l.sig.Seal, l.sig.DataHash, l.sig.Property, l.sig.Certificate = made, sum[:], l.property, l.signer.cert().Raw
	signature, err := ses.NewSignatureDraft(&l.sig)
	require.NoError(t, err)
	value, err = signature.Signature(sign(t, l.signer.key, signature.ToSign()), nil)
	require.NoError(t, err)
	return seal, value
}

// description writes Signature.xml over files.
func (l *lie) description(files []ofd.File, kind string) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, `<ofd:Signature%s><ofd:SignedInfo><ofd:Provider ProviderName="x"/><ofd:SignatureMethod>%s</ofd:SignatureMethod>`+
		`<ofd:SignatureDateTime>20260302003000Z</ofd:SignatureDateTime><ofd:References CheckMethod="%s">`, ofdSpace,
		oid.SM2WithSM3, l.check)
	for _, f := range files {
		fmt.Fprintf(&b, `<ofd:Reference FileRef="/%s"><ofd:CheckValue>%s</ofd:CheckValue></ofd:Reference>`, f.Name,
			base64.StdEncoding.EncodeToString(l.digest(f.Data)))
	}
	b.WriteString(`</ofd:References>`)
	if kind == ofd.TypeSeal {
		fmt.Fprintf(&b, `<ofd:StampAnnot ID="1" PageRef="1" Boundary="%s"/><ofd:Seal><ofd:BaseLoc>Seal.esl</ofd:BaseLoc></ofd:Seal>`,
			cmp.Or(l.stamp, "10 10 42 42"))
	}
	b.WriteString(`</ofd:SignedInfo><ofd:SignedValue>SignedValue.dat</ofd:SignedValue></ofd:Signature>`)
	return []byte(b.String())
}

// document puts the parts together.
func (l *lie) document(t testing.TB, kind string, value func(xml []byte) (seal, value []byte)) []byte {
	t.Helper()
	return l.documentOf(t, page(l.more...), kind, value)
}

// documentOf is document for other files.
func (l *lie) documentOf(
	t testing.TB, files []ofd.File, kind string, value func(xml []byte) (seal, value []byte),
) []byte {
	t.Helper()
	if l.root != nil {
		files[0].Data = l.root(files[0].Data)
	}
	files[0].Data = bytes.Replace(files[0].Data, []byte("</ofd:DocRoot>"), []byte("</ofd:DocRoot>"+
		"<ofd:Signatures>Doc_0/Signs/Signatures.xml</ofd:Signatures>"), 1)
	xml := l.description(files, kind)
	if l.described != nil {
		xml = l.described(xml)
	}
	seal, signed := value(xml)
	files = append(files,
		ofd.File{Name: "Doc_0/Signs/Signatures.xml", Data: []byte(`<ofd:Signatures` + ofdSpace + `><ofd:MaxSignId>1</ofd:MaxSignId>` +
			`<ofd:Signature ID="1" Type="` + kind + `" BaseLoc="Sign_0/Signature.xml"/></ofd:Signatures>`)},
		ofd.File{Name: "Doc_0/Signs/Sign_0/Signature.xml", Data: xml},
		ofd.File{Name: "Doc_0/Signs/Sign_0/SignedValue.dat", Data: signed})
	if seal != nil {
		files = append(files, ofd.File{Name: "Doc_0/Signs/Sign_0/Seal.esl", Data: seal})
	}
	out, err := ofd.Marshal(files)
	require.NoError(t, err)
	return out
}

// TestSealLies: what other readers are known to take for good (A26): a seal that anybody made, a signer who may not use
// it, a seal moved from another file, a certificate that was valid only now or only then, a weak digest.
func TestSealLies(t *testing.T) {
	w := newSealWorld(t)
	stranger := newSealWorld(t)
	person := w.enrol(ca.ProfileDepartment, fixtures.Departments()[1])
	for name, test := range map[string]struct {
		edit    func(*lie)
		config  func(*verify.Config)
		revoked []revoked
		id      string
		sub     verify.SubIndication
		open    bool
	}{
		"truth":                {},
		"maker is no maker":    {edit: func(l *lie) { l.maker = person }, id: "maker.usage", sub: verify.ChainConstraintsFailure, open: true},
		"maker is a stranger":  {edit: func(l *lie) { l.maker = stranger.maker }, id: "maker.chain", sub: verify.NoCertificateChainFound, open: true},
		"maker forged":         {edit: func(l *lie) { l.maker.key = person.key }, id: "maker.signature", sub: verify.SigCryptoFailure},
		"signer not listed":    {edit: func(l *lie) { l.signer = person; l.seal.Certificates = [][]byte{w.department.cert().Raw} }, id: "seal.signer", sub: verify.SigConstraintsFailure},
		"signer is a stranger": {edit: func(l *lie) { l.signer, l.seal.Certificates = stranger.department, nil }, id: "signature.chain", sub: verify.NoCertificateChainFound, open: true},
		"signer is an authority": {edit: func(l *lie) { l.signer, l.seal.Certificates = w.issuing, nil }, id: "signature.chain",
			sub: verify.ChainConstraintsFailure},
		"seal over": {edit: func(l *lie) { l.seal.ValidUntil = now.Add(-2 * time.Hour) }, id: "seal.validity", sub: verify.Expired},
		"seal over since": {edit: func(l *lie) { l.seal.ValidUntil = now.Add(-30 * time.Minute) }, id: "seal.validity",
			sub: verify.OutOfBoundsNoPOE, open: true},
		"seal not yet": {edit: func(l *lie) { l.seal.ValidFrom = now.Add(-time.Minute) }, id: "seal.validity",
			sub: verify.NotYetValid},
		"moved from another file": {edit: func(l *lie) { l.property = "/Doc_0/Signs/Sign_1/Signature.xml" }, id: "signature.path",
			sub: verify.SigConstraintsFailure},
		"moved from another case": {edit: func(l *lie) { l.property = "/Doc_0/Signs/SIGN_0/Signature.xml" }, id: "signature.path",
			sub: verify.SigConstraintsFailure},
		"MD5": {edit: func(l *lie) { l.check, l.digest = "MD5", func([]byte) []byte { return make([]byte, 16) } }, id: "description.files",
			sub: verify.CryptoConstraintsFailure},
		"signed before its certificate": {edit: func(l *lie) { l.sig.Time = w.now.AddDate(0, -1, 0) }, id: "signature.chain",
			sub: verify.NotYetValid},
		"certificate over since": {config: func(c *verify.Config) { c.Now = func() time.Time { return now.AddDate(20, 0, 0) } },
			id: "signature.chain", sub: verify.OutOfBoundsNoPOE, open: true},
		"signed after its certificate": {edit: func(l *lie) { l.sig.Time = now.AddDate(15, 0, 0) },
			config: func(c *verify.Config) { c.Now = func() time.Time { return now.AddDate(20, 0, 0) } },
			id:     "signature.chain", sub: verify.Expired},
		"signer revoked": {revoked: []revoked{{w.department.cert(), now.Add(-2 * time.Hour), pki.CauseKeyCompromise}},
			id: "signature.revocation", sub: verify.Revoked},
		"maker revoked": {revoked: []revoked{{w.maker.cert(), w.now.Add(-time.Hour), pki.CauseKeyCompromise}},
			id: "maker.revocation", sub: verify.Revoked},
	} {
		t.Run(name, func(t *testing.T) {
			l := w.lie()
			l.seal.Certificates = [][]byte{w.department.cert().Raw}
			if test.edit != nil {
				test.edit(l)
			}
			doc := l.document(t, ofd.TypeSeal, func(xml []byte) ([]byte, []byte) { return l.value(t, xml) })
			r := w.judge(w.sealVerifier(test.config, test.revoked...), doc)
			if test.id == "" {
				require.Equal(t, verify.TotalPassed, r.Indication, "%s %s", r.Headline, r.SubIndication)
				return
			}
			want := verify.CheckFailed
			if test.open {
				want = verify.CheckIndeterminate
			}
			c, ok := r.Check(test.id)
			require.True(t, ok, "%v", r.Checks)
			require.Equal(t, want, c.Status, "%v", r.Checks)
			require.Equal(t, test.sub, c.Sub)
			require.NotEqual(t, verify.TotalPassed, r.Indication)
			_, reason := r.Headlines("zh")
			require.NotEmpty(t, reason)
		})
	}
}

// TestSignForms: the forms of Type="Sign" that are in use.
func TestSignForms(t *testing.T) {
	w := newSealWorld(t)
	signer := w.signer(w.department, nil)
	detached := w.signer(w.department, func(c *signing.Config) { c.WithAttributes = true })
	for name, test := range map[string]struct {
		value func(xml []byte) []byte
		id    string
		sub   verify.SubIndication
		want  verify.Indication
	}{
		"digest inside": {value: func(xml []byte) []byte {
			sum := sm3.Sum(xml)
			return must(signer.Attached(t.Context(), sum[:]))(t)
		}, want: verify.TotalPassed},
		"base64 of the digest": {value: func(xml []byte) []byte {
			sum := sm3.Sum(xml)
			return must(signer.Attached(t.Context(), []byte(base64.StdEncoding.EncodeToString(sum[:]))))(t)
		}, want: verify.TotalPassed},
		"detached": {value: func(xml []byte) []byte { return must(detached.Detached(t.Context(), xml))(t) },
			want: verify.TotalPassed},
		"other digest": {value: func(_ []byte) []byte {
			return must(signer.Attached(t.Context(), make([]byte, 32)))(t)
		}, want: verify.TotalFailed, id: "signature.bound", sub: verify.HashFailure},
		"detached from other": {value: func(_ []byte) []byte {
			return must(detached.Detached(t.Context(), []byte("x")))(t)
		}, want: verify.TotalFailed, id: "signature.digest", sub: verify.HashFailure},
		"bare value": {value: func(xml []byte) []byte { return sign(t, w.department.key, xml) },
			want: verify.Indeterminate, id: "signature.chain", sub: verify.NoSigningCertificateFound},
		"nothing signed": {value: func(xml []byte) []byte {
			data, err := cms.Parse(must(signer.Attached(t.Context(), xml))(t))
			require.NoError(t, err)
			return bytes.Clone(data.Content)
		}, want: verify.Indeterminate, id: "signature.chain", sub: verify.NoSigningCertificateFound},
	} {
		t.Run(name, func(t *testing.T) {
			l := w.lie()
			doc := l.document(t, ofd.TypeSign, func(xml []byte) ([]byte, []byte) { return nil, test.value(xml) })
			r := w.judge(w.sealVerifier(nil), doc)
			require.Equal(t, test.want, r.Indication, "%s %s", r.Headline, r.SubIndication)
			require.Equal(t, test.id, r.Headline)
			require.Equal(t, test.sub, r.SubIndication)
		})
	}
}

func must(b []byte, err error) func(testing.TB) []byte {
	return func(t testing.TB) []byte {
		t.Helper()
		require.NoError(t, err)
		return b
	}
}
