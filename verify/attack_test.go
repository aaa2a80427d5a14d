package verify_test

import (
	"bytes"
	"crypto/rand"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/emmansun/gmsm/smx509"
	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/internal/cms"
	"github.com/elicense/elicense/internal/ofd"
	"github.com/elicense/elicense/internal/oid"
	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/pki/ca"
	"github.com/elicense/elicense/signing"
	"github.com/elicense/elicense/vault/ledger"
	"github.com/elicense/elicense/vault/record"
	"github.com/elicense/elicense/verify"
)

// strangersPages are pages that a stranger would rather have shown.
func strangersPages() []ofd.File {
	var out []ofd.File
	for _, f := range page()[1:] {
		f.Name = strings.Replace(f.Name, "Doc_0/", "Doc_1/", 1)
		out = append(out, f)
	}
	return out
}

// signToo adds files to a sealed package with a signature of somebody over them alone.
func (w *sealWorld) signToo(doc []byte, by node, added []ofd.File, edit func(root []byte) []byte) []byte {
	w.t.Helper()
	xml := w.lie().description(added, ofd.TypeSign)
	value := must(w.signer(by, func(c *signing.Config) { c.WithAttributes = true }).Detached(w.t.Context(), xml))(w.t)
	return rewrite(w.t, doc, func(files []ofd.File) []ofd.File {
		files = change("Signatures.xml", func(b []byte) []byte {
			return bytes.Replace(b, []byte("</ofd:Signatures>"),
				[]byte(`<ofd:Signature ID="99" Type="Sign" BaseLoc="/Doc_9/Signature.xml"/></ofd:Signatures>`), 1)
		})(files)
		files = change("OFD.xml", edit)(files)
		return append(append(files, added...), ofd.File{Name: "Doc_9/Signature.xml", Data: xml},
			ofd.File{Name: "Doc_9/SignedValue.dat", Data: value})
	})
}

// sealedOpen seals all but OFD.xml, as many do since it changes.
func (w *sealWorld) sealedOpen(files []ofd.File) []byte {
	w.t.Helper()
	b, err := ofd.Marshal(files)
	require.NoError(w.t, err)
	o, err := signing.OpenOFD(bytes.NewReader(b), int64(len(b)), signing.OFDConfig{Now: func() time.Time { return now }})
	require.NoError(w.t, err)
	require.NoError(w.t, o.Seal(w.t.Context(), signing.SealOrder{
		Value: w.sealer(w.department), Seal: w.seal, LeaveRootOpen: true,
		Stamps: []signing.Stamp{{Page: 1, Box: signing.Box{X: 140, Y: 220, W: 42, H: 42}}},
	}))
	var out bytes.Buffer
	require.NoError(w.t, o.Write(&out))
	return out.Bytes()
}

func asItWas(b []byte) []byte { return b }

// TestPageShownIsPageSealed: a stranger's own sound signature over another page does not lend him the seal that lies
// beside it: each signature is over all that is shown.
func TestPageShownIsPageSealed(t *testing.T) {
	w := newSealWorld(t)
	doc := w.sealedOpen(page())
	r, err := w.sealVerifier(nil).Verify(t.Context(), doc, verify.Expect{NoLicenceUnsafe: true})
	require.NoError(t, err)
	require.Equal(t, verify.TotalPassed, r.Indication)
	stranger := w.enrol(ca.ProfileDepartment, fixtures.Departments()[1])
	version := ofd.File{Name: "Doc_1/Version.xml", Data: []byte(`<ofd:DocVersion` + ofdSpace + ` ID="1"><ofd:FileList>` +
		`<ofd:File ID="2">/Doc_1/Document.xml</ofd:File></ofd:FileList><ofd:DocRoot>/Doc_1/Document.xml</ofd:DocRoot></ofd:DocVersion>`)}
	for name, test := range map[string]struct {
		added []ofd.File
		root  func([]byte) []byte
	}{
		"another root": {strangersPages(), func(b []byte) []byte {
			return bytes.Replace(b, []byte("Doc_0/Document.xml"), []byte("Doc_1/Document.xml"), 1)
		}},
		"another version": {append(strangersPages(), version), func(b []byte) []byte {
			return bytes.Replace(b, []byte("</ofd:DocBody>"), []byte(`<ofd:Versions><ofd:Version ID="1" Index="1" Current="true" `+
				`BaseLoc="/Doc_1/Version.xml"/></ofd:Versions></ofd:DocBody>`), 1)
		}},
		"more":                     {strangersPages(), asItWas},
		"annotations, not by name": {[]ofd.File{{Name: "Doc_0/Annots.xml", Data: []byte("<x/>")}}, asItWas},
	} {
		t.Run(name, func(t *testing.T) {
			r := w.judge(w.sealVerifier(nil), w.signToo(doc, stranger, test.added, test.root))
			require.Equal(t, verify.TotalFailed, r.Indication)
			require.Equal(t, "description.shown", r.Headline)
			c, ok := r.Check("description.shown")
			require.True(t, ok)
			require.Equal(t, verify.CheckFailed, c.Status, "%v", r.Checks)
			require.Equal(t, verify.SigConstraintsFailure, c.Sub)
		})
	}
}

// TestLicenceRecordRenamed: a licence stays one whatever letters its record's name is written in; the seal's list finds
// the file all the same.
func TestLicenceRecordRenamed(t *testing.T) {
	w := newSealWorld(t)
	f := w.forgeIn()
	whole := f.bundle(nil)
	doc := w.sealed(page(ofd.File{Name: "Doc_0/Attachs/record.json", Data: encode(t, inside(whole))}), nil)
	for _, name := range []string{"record.json", "record.JSON", "record\uff0ejson"} {
		renamed := rewrite(t, doc, func(files []ofd.File) []ofd.File {
			for i := range files {
				files[i].Name = strings.Replace(files[i].Name, "record.json", name, 1)
			}
			return files
		})
		r := w.judge(w.sealVerifier(func(c *verify.Config) {
			state("revoked", record.Sum(whole.Record))(c)
			c.LedgerKeys = []ledger.Verifier{noteKey(t, f.vault.vault.NoteKey())}
		}), renamed)
		require.Equal(t, verify.TotalFailed, r.Indication, "%q %s", name, r.Headline)
		c, _ := r.Check("source.state")
		require.Equal(t, verify.Revoked, c.Sub)
	}
}

// TestLicenceRecordDamaged: what says that it is a bundle and is none is no ordinary attachment.
func TestLicenceRecordDamaged(t *testing.T) {
	w := newSealWorld(t)
	b := encode(t, inside(w.forgeIn().bundle(nil)))
	for name, data := range map[string][]byte{
		"cut":   b[:len(b)-2],
		"twice": bytes.Replace(b, []byte("{"), []byte(`{"format":"elicense bundle v1",`), 1),
		"more":  bytes.Replace(b, []byte("{"), []byte(`{"another":1,`), 1),
	} {
		r := w.judge(w.sealVerifier(nil), w.sealed(page(ofd.File{Name: "Doc_0/Attachs/record.json", Data: data}), nil))
		require.Equal(t, verify.TotalFailed, r.Indication, name)
		require.Equal(t, "licence.record", r.Headline, name)
	}
	r := w.judge(w.sealVerifier(nil), w.sealed(page(ofd.File{Name: "Doc_0/Attachs/x.json", Data: []byte(`{"format":1}`)}), nil))
	require.Equal(t, verify.TotalPassed, r.Indication)
}

// TestBesideForNothing: what lies beside a document that is not over it must not seem to be judged: an anchor's
// certificate in place of a signature would make any content acceptable.
func TestBesideForNothing(t *testing.T) {
	w := newSealWorld(t)
	f := w.forgeIn()
	beside := verify.DocumentOf([]byte("示例合同"))
	for name, body := range map[string][]byte{
		"certificate": w.root.cert().Raw, "package": w.sealed(page(), nil), "bundle": encode(t, f.bundle(nil)),
	} {
		v := w.sealVerifier(func(c *verify.Config) {
			c.LedgerKeys = []ledger.Verifier{noteKey(t, f.vault.vault.NoteKey())}
		})
		require.Equal(t, verify.TotalPassed, w.judge(v, body).Indication, name)
		for id, edit := range map[string]func(*verify.Document){
			"document.content": func(d *verify.Document) { d.Content, d.ContentSize = beside.Body, beside.Size },
			"licence.beside":   func(d *verify.Document) { d.Licence = encode(t, f.bundle(nil)) },
		} {
			doc := verify.DocumentOf(body)
			edit(&doc)
			r, err := v.VerifyDocument(t.Context(), doc, verify.Expect{})
			require.NoError(t, err)
			require.Equal(t, verify.TotalFailed, r.Indication, name)
			require.Equal(t, id, r.Headline, name)
		}
	}
}

// TestContentOfNoSize: a caller's mistake is no crash and no pass.
func TestContentOfNoSize(t *testing.T) {
	w := newWorld(t)
	signer := w.enrol(ca.ProfileDepartment, fixtures.Departments()[0])
	for _, attributes := range []bool{false, true} {
		s := w.signer(signer, func(c *signing.Config) { c.WithAttributes = attributes })
		content := []byte("示例")
		doc := verify.DocumentOf(must(s.Detached(t.Context(), content))(t))
		doc.Content, doc.ContentSize = bytes.NewReader(content), -1
		r, err := w.verifier(nil).VerifyDocument(t.Context(), doc, verify.Expect{})
		require.NoError(t, err)
		require.Equal(t, verify.TotalFailed, r.Indication)
		require.Equal(t, "cms.content", r.Headline)
	}
}

// TestVaultAddsVersion: a known vault may put a version of its own beside the seal; a vault that is not known is a
// stranger.
func TestVaultAddsVersion(t *testing.T) {
	w := newSealWorld(t)
	f := w.forgeIn()
	vault := node{key: f.vault.key, chain: f.vault.chain}
	doc := w.signToo(w.sealedOpen(page()), vault, strangersPages(), asItWas)
	require.Equal(t, verify.TotalFailed, w.judge(w.sealVerifier(nil), doc).Indication)
	known := func(c *verify.Config) { c.LedgerKeys = []ledger.Verifier{noteKey(t, f.vault.vault.NoteKey())} }
	r := w.judge(w.sealVerifier(known), doc)
	c, ok := r.Check("description.shown")
	require.True(t, ok)
	require.Equal(t, verify.CheckPassed, c.Status, "%v", r.Checks)
}

// TestEmployeeAddsToLicence: somebody who works at the issuer, with its code in his certificate, is not the issuer.
func TestEmployeeAddsToLicence(t *testing.T) {
	w := newSealWorld(t)
	f := w.forgeIn()
	b := f.bundle(nil)
	doc := w.sealedOpen(page(ofd.File{Name: "Doc_0/Attachs/record.json", Data: encode(t, inside(b))}))
	doc = w.signToo(doc, w.employee(fixtures.Departments()[0].Code), strangersPages(), asItWas)
	r := w.judge(w.sealVerifier(func(c *verify.Config) {
		state("valid", record.Sum(b.Record))(c)
		c.LedgerKeys = []ledger.Verifier{noteKey(t, f.vault.vault.NoteKey())}
	}), doc)
	require.Equal(t, verify.TotalFailed, r.Indication)
	c, ok := r.Check("licence.covered")
	require.True(t, ok)
	require.Equal(t, verify.CheckFailed, c.Status, "%v", r.Checks)
}

// employee is somebody with a certificate that holds the code of where he works.
func (w *world) employee(code string) node {
	w.t.Helper()
	return w.certify(w.issuing, &smx509.Certificate{
		Subject:  pkix.Name{CommonName: "示例"},
		KeyUsage: smx509.KeyUsageDigitalSignature | smx509.KeyUsageContentCommitment,
		ExtraExtensions: []pkix.Extension{
			{Id: oid.OrganizationCode.ASN1(), Value: append([]byte{0x13, 18}, code...)},
			{Id: oid.IdentifyCode.ASN1(), Value: []byte("\x82\x02E1")},
		},
	})
}

// TestPartsOfOneName: a signature that is named like a signer within another signature does not lend him its files.
func TestPartsOfOneName(t *testing.T) {
	w := newSealWorld(t)
	f := w.forgeIn()
	b := f.bundle(nil)
	vault := node{key: f.vault.key, chain: f.vault.chain}
	stranger := w.enrol(ca.ProfileDepartment, fixtures.Departments()[1])
	doc := w.sealedOpen(page(ofd.File{Name: "Doc_0/Attachs/record.json", Data: encode(t, inside(b))}))
	first := page()[1:2] // what is there already
	xml := w.lie().description(first, ofd.TypeSign)
	together := must(signing.SignTogether(t.Context(), xml, false, w.signer(vault, nil), w.signer(stranger, nil)))(t)
	second := w.lie().description(strangersPages(), ofd.TypeSign)
	alone := must(w.signer(stranger, nil).Detached(t.Context(), second))(t)
	doc = rewrite(t, doc, func(files []ofd.File) []ofd.File {
		files = change("Signatures.xml", func(b []byte) []byte {
			return bytes.Replace(b, []byte("</ofd:Signatures>"), []byte(
				`<ofd:Signature ID="98" Type="Sign" BaseLoc="/Doc_8/Signature.xml"/>`+
					`<ofd:Signature ID="98/1" Type="Sign" BaseLoc="/Doc_9/Signature.xml"/></ofd:Signatures>`), 1)
		})(files)
		return append(append(files, strangersPages()...),
			ofd.File{Name: "Doc_8/Signature.xml", Data: xml}, ofd.File{Name: "Doc_8/SignedValue.dat", Data: together},
			ofd.File{Name: "Doc_9/Signature.xml", Data: second}, ofd.File{Name: "Doc_9/SignedValue.dat", Data: alone})
	})
	r := w.judge(w.sealVerifier(func(c *verify.Config) {
		state("valid", record.Sum(b.Record))(c)
		c.LedgerKeys = []ledger.Verifier{noteKey(t, f.vault.vault.NoteKey())}
	}), doc)
	require.Equal(t, verify.TotalFailed, r.Indication)
	c, ok := r.Check("licence.covered")
	require.True(t, ok)
	require.Equal(t, verify.CheckFailed, c.Status, "%v", r.Checks)
}

// TestTooManySignatures: signatures within signatures do not make work without end.
func TestTooManySignatures(t *testing.T) {
	w := newSealWorld(t)
	xml := w.lie().description(page()[1:], ofd.TypeSign)
	var signers []*signing.Signer
	for range 30 {
		signers = append(signers, w.signer(w.enrol(ca.ProfileDepartment, fixtures.Departments()[0]), nil))
	}
	together := must(signing.SignTogether(t.Context(), xml, false, signers...))(t)
	doc := rewrite(t, w.sealedOpen(page()), func(files []ofd.File) []ofd.File {
		var entries strings.Builder
		for i := range 35 {
			folder := "Doc_9/Sign_" + strconv.Itoa(i) + "/"
			fmt.Fprintf(&entries, `<ofd:Signature ID="%d" Type="Sign" BaseLoc="/%sSignature.xml"/>`, 100+i, folder)
			files = append(files, ofd.File{Name: folder + "Signature.xml", Data: xml},
				ofd.File{Name: folder + "SignedValue.dat", Data: together})
		}
		return change("Signatures.xml", func(b []byte) []byte {
			return bytes.Replace(b, []byte("</ofd:Signatures>"), []byte(entries.String()+"</ofd:Signatures>"), 1)
		})(files)
	})
	r := w.judge(w.sealVerifier(nil), doc)
	require.Equal(t, verify.TotalFailed, r.Indication)
	require.Equal(t, verify.FormatFailure, r.SubIndication)
}

// TestAuthoritySignsDocument: an authority's certificate signs no document, though its key usage would allow it.
func TestAuthoritySignsDocument(t *testing.T) {
	w := newWorld(t)
	for _, authority := range []bool{false, true} {
		n := w.certify(w.root, &smx509.Certificate{
			Subject: pkix.Name{CommonName: "示例"}, IsCA: authority, BasicConstraintsValid: true,
			KeyUsage: smx509.KeyUsageCertSign | smx509.KeyUsageDigitalSignature | smx509.KeyUsageContentCommitment,
		})
		r := w.judge(w.verifier(nil), w.attached(n, []byte("示例")))
		c, ok := r.Check("signature.chain")
		require.True(t, ok)
		require.Equal(t, authority, c.Status == verify.CheckFailed, "%v", r.Checks)
		require.Equal(t, authority, r.Indication == verify.TotalFailed, r.Headline)
	}
}

// TestNameOfTwo: a name with the separator of several holders in it is still the name of one.
func TestNameOfTwo(t *testing.T) {
	w := newWorld(t)
	n := w.certify(w.issuing, &smx509.Certificate{
		Subject:  pkix.Name{CommonName: "某人^" + fixtures.Departments()[0].Name},
		KeyUsage: smx509.KeyUsageDigitalSignature | smx509.KeyUsageContentCommitment,
	})
	doc := w.attached(n, []byte("示例"))
	require.Equal(t, verify.TotalPassed, w.judge(w.verifier(nil), doc).Indication)
	r, err := w.verifier(nil).Verify(t.Context(), doc, verify.Expect{HolderName: fixtures.Departments()[0].Name})
	require.NoError(t, err)
	require.Equal(t, verify.TotalFailed, r.Indication)
	require.Equal(t, "expect.holder-name", r.Headline)
}

// TestAnchorWithCompany: an anchor's certificate passes alone, not what somebody put behind it.
func TestAnchorWithCompany(t *testing.T) {
	w, other := newWorld(t), newWorld(t)
	require.Equal(t, verify.TotalPassed, w.judge(w.verifier(nil), pemOf(w.root.cert())).Indication)
	r := w.judge(w.verifier(nil), append(pemOf(w.root.cert()), pemOf(other.root.cert())...))
	require.Equal(t, verify.Indeterminate, r.Indication)
	require.Equal(t, "certificate.carried", r.Headline)
}

// certify issues whatever certificate is wanted.
func (w *world) certify(issuer node, template *smx509.Certificate) node {
	w.t.Helper()
	n := node{key: w.makeKey()}
	parent, err := smx509.ParseCertificate(issuer.cert().Raw)
	require.NoError(w.t, err)
	template.SerialNumber, template.NotBefore, template.NotAfter = big.NewInt(78), w.now, now.AddDate(1, 0, 0)
	der, err := smx509.CreateCertificate(rand.Reader, template, parent, n.key.Public(), issuer.key)
	require.NoError(w.t, err)
	c, err := pki.ParseTolerant(der)
	require.NoError(w.t, err)
	n.chain = append([]*pki.Certificate{c}, issuer.chain...)
	return n
}

// attached signs content without asking whether it may.
func (w *world) attached(n node, content []byte) []byte {
	w.t.Helper()
	b, err := cms.NewBuilder(n.cert().RawIssuer, n.cert().Serial, [][]byte{n.cert().Raw, w.issuing.cert().Raw})
	require.NoError(w.t, err)
	return must(b.Attached(content, nil, sign(w.t, n.key, content)))(w.t)
}
