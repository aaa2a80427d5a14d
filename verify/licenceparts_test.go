package verify_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/internal/code"
	"github.com/elicense/elicense/internal/ofd"
	"github.com/elicense/elicense/pki/ca"
	"github.com/elicense/elicense/signing"
	"github.com/elicense/elicense/vault/ledger"
	"github.com/elicense/elicense/vault/record"
	"github.com/elicense/elicense/verify"
)

// identifierOf is an identifier of a made-up type that names an issuer.
func identifierOf(t testing.TB, issuer, serial string) string {
	t.Helper()
	id, err := code.NewIdentifier(fixtures.Departments()[0].Code+"001", issuer, serial, 1)
	require.NoError(t, err)
	return id.String()
}

// withMetadata puts elements into OFD.xml.
func withMetadata(pairs ...string) func([]byte) []byte {
	var b strings.Builder
	for i := 0; i < len(pairs); i += 2 {
		b.WriteString(`<ofd:CustomData Name="` + pairs[i] + `">` + pairs[i+1] + `</ofd:CustomData>`)
	}
	return func(root []byte) []byte {
		return bytes.Replace(root, []byte("</ofd:DocInfo>"),
			[]byte(`<ofd:CustomDatas>`+b.String()+`</ofd:CustomDatas></ofd:DocInfo>`), 1)
	}
}

// TestForeignLicence: a document that says it is a licence and has no record of ours is judged by its state, and counts
// only under the seal of the body that its identifier names.
func TestForeignLicence(t *testing.T) {
	w := newSealWorld(t)
	own, other := fixtures.Departments()[0].Code, fixtures.Departments()[1].Code
	firm := fixtures.FirmAt(0).Code
	valid := state("valid", record.Digest{})
	future := func(c *verify.Config) { c.Status = stateAt{now.Add(time.Hour)} }
	for name, test := range map[string]struct {
		metadata []string
		config   func(*verify.Config)
		want     verify.Indication
		id       string
		sub      verify.SubIndication
	}{
		"its issuer's":       {[]string{"ZZBS", identifierOf(t, own, "1")}, valid, verify.TotalPassed, "", ""},
		"of its division":    {[]string{"ZZBS", identifierOf(t, own[2:8], "1")}, valid, verify.TotalPassed, "", ""},
		"state not known":    {[]string{"ZZBS", identifierOf(t, own, "1")}, nil, verify.Indeterminate, "state.now", verify.TryLater},
		"state of tomorrow":  {[]string{"ZZBS", identifierOf(t, own, "1")}, future, verify.Indeterminate, "source.clock", verify.TryLater},
		"revoked":            {[]string{"ZZBS", identifierOf(t, own, "1")}, state("revoked", record.Digest{}), verify.TotalFailed, "source.state", verify.Revoked},
		"another's":          {[]string{"ZZBS", identifierOf(t, other, "1")}, valid, verify.TotalFailed, "seal.holder", verify.SigConstraintsFailure},
		"of a firm's":        {[]string{"ZZBS", identifierOf(t, firm, "1")}, valid, verify.TotalFailed, "seal.holder", verify.SigConstraintsFailure},
		"of no form":         {[]string{"ZZBS", "1.2.156.3005.2.x"}, valid, verify.Indeterminate, "licence.identifier", verify.FormatFailure},
		"two identifiers":    {[]string{"ZZBS", identifierOf(t, own, "1"), "ZZBS", identifierOf(t, own, "2")}, valid, verify.TotalFailed, "licence.identifier", verify.FormatFailure},
		"two, one in lower":  {[]string{"ZZBS", identifierOf(t, own, "1"), "zzbs", identifierOf(t, own, "2")}, valid, verify.TotalFailed, "licence.identifier", verify.FormatFailure},
		"in lower case only": {[]string{"zzbs", identifierOf(t, own, "1")}, valid, verify.Indeterminate, "licence.none", verify.SigConstraintsFailure},
	} {
		t.Run(name, func(t *testing.T) {
			doc := w.sealed(change("OFD.xml", withMetadata(test.metadata...))(page()), nil)
			r := w.judge(w.sealVerifier(test.config), doc)
			require.Equal(t, test.want, r.Indication, "%s %s", r.Headline, r.SubIndication)
			require.Equal(t, test.id, r.Headline)
			require.Equal(t, test.sub, r.SubIndication)
		})
	}
}

// TestForeignIdentifierUnsealed: an identifier that the issuer's seal does not cover is nobody's word, whoever else
// signs it; the state of that licence says nothing of this document.
func TestForeignIdentifierUnsealed(t *testing.T) {
	w := newSealWorld(t)
	identifier := identifierOf(t, fixtures.Departments()[0].Code, "1")
	open := rewrite(t, w.sealedOpen(page()), change("OFD.xml", withMetadata("ZZBS", identifier)))
	stranger := w.enrol(ca.ProfileDepartment, fixtures.Departments()[1])
	for name, doc := range map[string][]byte{
		"open": open, "signed by a stranger": w.signRoot(open, stranger, asItWas),
	} {
		r, err := w.sealVerifier(state("valid", record.Digest{})).Verify(t.Context(), doc, verify.Expect{Identifier: identifier})
		require.NoError(t, err)
		require.Equal(t, verify.Indeterminate, r.Indication, name)
		require.Equal(t, "licence.identifier", r.Headline, name)
		require.Equal(t, verify.SignedDataNotFound, r.SubIndication, name)
	}
}

// signRoot adds a signature over everything but the list of signatures.
func (w *sealWorld) signRoot(doc []byte, by node, edit func(root []byte) []byte) []byte {
	w.t.Helper()
	doc = rewrite(w.t, doc, change("OFD.xml", edit))
	o, err := signing.OpenOFD(bytes.NewReader(doc), int64(len(doc)), signing.OFDConfig{
		Now: func() time.Time { return now.Add(-time.Minute) },
	})
	require.NoError(w.t, err)
	require.NoError(w.t, o.SignClosing(w.t.Context(), w.signer(by, nil)))
	var out bytes.Buffer
	require.NoError(w.t, o.Write(&out))
	return out.Bytes()
}

// tagged is a page with an index of custom tags.
func tagged(typeID, index string) []ofd.File {
	return append(change("Document.xml", func(b []byte) []byte {
		return bytes.Replace(b, []byte("</ofd:Pages>"), []byte("</ofd:Pages><ofd:CustomTags>Tags.xml</ofd:CustomTags>"), 1)
	})(page()), ofd.File{Name: "Doc_0/Tags.xml", Data: []byte(`<ofd:CustomTags` + ofdSpace + `><ofd:CustomTag TypeID="` + typeID +
		`"><ofd:FileLoc>Tag.xml</ofd:FileLoc></ofd:CustomTag></ofd:CustomTags>`)}, ofd.File{Name: "Doc_0/Tag.xml", Data: []byte(index)})
}

// attached is a page with an attachment.
func attachedTo(name, data string) []ofd.File {
	return append(change("Document.xml", func(b []byte) []byte {
		return bytes.Replace(b, []byte("</ofd:Pages>"), []byte("</ofd:Pages><ofd:Attachments>Attachs.xml</ofd:Attachments>"), 1)
	})(page()), ofd.File{Name: "Doc_0/Attachs.xml", Data: []byte(`<ofd:Attachments` + ofdSpace + `><ofd:Attachment ID="1" Name="x">` +
		`<ofd:FileLoc>` + name + `</ofd:FileLoc></ofd:Attachment></ofd:Attachments>`)}, ofd.File{Name: "Doc_0/" + name, Data: []byte(data)})
}

// TestLicenceIsNoPlainDocument_A35: a licence does not pass for a letter by losing its identifier: neither with a part
// that says it is one, nor where OFD.xml is open so that nobody can tell what stood there. The receiver's word decides
// the latter alone.
func TestLicenceIsNoPlainDocument_A35(t *testing.T) {
	w := newSealWorld(t)
	stranger := w.enrol(ca.ProfileDepartment, fixtures.Departments()[1])
	const (
		no    = verify.Indeterminate
		yes   = verify.TotalPassed
		index = "<Licence><ZZBS><ObjectRef/></ZZBS></Licence>"
	)
	for name, test := range map[string]struct {
		doc          []byte
		alone, vouch verify.Indication
	}{
		"a letter":                       {w.sealed(page(), nil), yes, yes},
		"open metadata":                  {w.sealedOpen(page()), no, yes},
		"stripped, signed by a stranger": {w.signRoot(w.sealedOpen(page()), stranger, asItWas), no, yes},
		"name of a licence": {w.sealed(change("OFD.xml", withMetadata("ZZMC", "示例许可证"))(page()), nil),
			no, no},
		"a producer's note": {w.sealed(change("OFD.xml", withMetadata("native-producer", "x"))(page()), nil), yes, yes},
		"our index":         {w.sealed(tagged("elicense", "<x/>"), nil), no, no},
		"index of elements": {w.sealed(tagged("cert", index), nil), no, no},
		"index of invoices": {w.sealed(tagged("fp", "<eInvoice><BuyerName/></eInvoice>"), nil), yes, yes},
		"invoice by form":   {w.sealed(tagged("", "<eInvoice><BuyerName/></eInvoice>"), nil), yes, yes},
		"index unknown":     {w.sealed(tagged("cert", "<x/>"), nil), no, yes},
		"face data": {w.sealed(attachedTo("face.json", `{"ZZBH":"示例1","CZZT":"某人"}`), nil),
			no, no},
		"an attached letter": {w.sealed(attachedTo("a.xml", `<letter>ZZBH</letter>`), nil), yes, yes},
	} {
		t.Run(name, func(t *testing.T) {
			r := w.judge(w.sealVerifier(nil), test.doc)
			require.Equal(t, test.alone, r.Indication, "%s %s", r.Headline, r.SubIndication)
			if test.alone == no {
				require.Equal(t, "licence.none", r.Headline)
			}
			r, err := w.sealVerifier(nil).Verify(t.Context(), test.doc, verify.Expect{NoLicenceUnsafe: true})
			require.NoError(t, err)
			require.Equal(t, test.vouch, r.Indication, "%s %s", r.Headline, r.SubIndication)
			if c, ok := r.Check("licence.none"); test.alone == no && test.vouch == yes {
				require.True(t, ok)
				require.Equal(t, verify.CheckSkipped, c.Status)
			}
		})
	}
}

// TestVaultSignsNoLetter: what a vault signed is a licence, a copy of one, or a report on a case (TestSignedReport_D28);
// what looks like a report and cannot be read as one is none, whoever signed it.
func TestVaultSignsNoLetter(t *testing.T) {
	w := newSealWorld(t)
	f := w.forgeIn()
	vault := node{key: f.vault.key, chain: f.vault.chain}
	const report = `{"media_type":"application/vnd.elicense.case.v1+json","documents":["ZZBS"]}`
	for name, test := range map[string]struct {
		doc  []byte
		want verify.Indication
	}{
		"a letter":           {w.sealed(page(), w.signer(vault, nil)), verify.Indeterminate},
		"no sound report":    {w.sealed(attachedTo("r.json", report), w.signer(vault, nil)), verify.Indeterminate},
		"open metadata":      {w.signRoot(w.sealedOpen(attachedTo("r.json", report)), vault, asItWas), verify.Indeterminate},
		"another media type": {w.sealed(attachedTo("r.json", strings.Replace(report, "case", "x", 1)), w.signer(vault, nil)), verify.Indeterminate},
		"a media type too":   {w.sealed(attachedTo("r.json", strings.Replace(report, "documents", "media_type", 1)), w.signer(vault, nil)), verify.Indeterminate},
		"elements of XML":    {w.sealed(attachedTo("r.json", "<ZZBS>"+report+"</ZZBS>"), w.signer(vault, nil)), verify.Indeterminate},
		"one by a bureau":    {w.sealed(attachedTo("r.json", report), nil), verify.Indeterminate},
	} {
		t.Run(name, func(t *testing.T) {
			r := w.judge(w.sealVerifier(func(c *verify.Config) {
				c.LedgerKeys = []ledger.Verifier{noteKey(t, f.vault.vault.NoteKey())}
			}), test.doc)
			require.Equal(t, test.want, r.Indication, "%s %v", r.Headline, r.Checks)
			if test.want != verify.TotalPassed {
				require.Equal(t, "licence.none", r.Headline)
			}
		})
	}
}

// TestLicenceInsideSignature_A35: anybody's sound SignedData over a licence does not make the licence acceptable.
func TestLicenceInsideSignature_A35(t *testing.T) {
	w := newSealWorld(t)
	f := w.forgeIn()
	b := f.bundle(nil)
	kept := ofd.File{Name: "Doc_0/Attachs/record.json", Data: encode(t, inside(b))}
	licence := w.sealed(page(kept), nil)
	by := w.enrol(ca.ProfileDepartment, fixtures.Departments()[1])
	detached := w.signer(by, func(c *signing.Config) { c.WithAttributes = true })
	for name, test := range map[string]struct {
		content []byte
		want    verify.Indication
	}{
		"a letter":             {[]byte("示例"), verify.TotalPassed},
		"a letter in JSON":     {[]byte(`{"x":1}`), verify.TotalPassed},
		"a record":             {b.Record, verify.Indeterminate},
		"a record after space": {append([]byte("\ufeff \n"), b.Record...), verify.Indeterminate},
		"a bundle":             {encode(t, b), verify.Indeterminate},
		"a receipt":            {[]byte(`{"raw":"ZWxpY2Vuc2UgcmVjZWlwdCB2MQo"}`), verify.Indeterminate},
		"a proof":              {b.Proof, verify.Indeterminate},
		"a sealed licence":     {licence, verify.Indeterminate},
		"one behind a header":  {append([]byte("%PDF-1.7\n"), licence...), verify.Indeterminate},
	} {
		t.Run(name, func(t *testing.T) {
			for form, doc := range map[string]verify.Document{
				"attached": verify.DocumentOf(w.attached(by, test.content)),
				"detached": beside(must(detached.Detached(t.Context(), test.content))(t), test.content),
			} {
				r, err := w.verifier(nil).VerifyDocument(t.Context(), doc, verify.Expect{})
				require.NoError(t, err)
				require.Equal(t, test.want, r.Indication, "%s %s", form, r.Headline)
				if test.want != verify.TotalPassed {
					require.Equal(t, "cms.inner", r.Headline, form)
				}
			}
		})
	}
}

// beside is a document with what it is over.
func beside(doc, content []byte) verify.Document {
	d := verify.DocumentOf(doc)
	d.Content, d.ContentSize = bytes.NewReader(content), int64(len(content))
	return d
}

// TestCopyMetadataUnsealed: purpose and end of a copy stand in OFD.xml; where neither issuer nor vault sealed that, they
// may have been taken out.
func TestCopyMetadataUnsealed(t *testing.T) {
	w := newSealWorld(t)
	f := w.forgeIn()
	b := f.bundle(nil)
	doc := w.sealedOpen(page(ofd.File{Name: "Doc_0/Attachs/record.json", Data: encode(t, inside(b))}))
	known := func(c *verify.Config) {
		state("valid", record.Sum(b.Record))(c)
		c.LedgerKeys = []ledger.Verifier{noteKey(t, f.vault.vault.NoteKey())}
	}
	r := w.judge(w.sealVerifier(known), doc)
	require.Equal(t, verify.Indeterminate, r.Indication)
	require.Equal(t, "licence.metadata", r.Headline)
	closed := w.signRoot(doc, node{key: f.vault.key, chain: f.vault.chain}, asItWas)
	r = w.judge(w.sealVerifier(known), closed)
	require.Equal(t, verify.TotalPassed, r.Indication, "%s %s", r.Headline, r.SubIndication)
}

// TestFirmIsNoOrgan: an old identifier names a division alone; any organ of it may be meant, but no firm there.
func TestFirmIsNoOrgan(t *testing.T) {
	w := newSealWorld(t)
	firm := fixtures.Department{Code: fixtures.FirmAt(0).Code, Name: fixtures.FirmAt(0).Name}
	w.department = w.enrol(ca.ProfileSeal, firm)
	l := w.lie()
	l.seal.Certificates, l.signer = [][]byte{w.department.cert().Raw}, w.department
	l.root = withMetadata("ZZBS", identifierOf(t, firm.Code[2:8], "1"))
	doc := l.document(t, ofd.TypeSeal, func(xml []byte) ([]byte, []byte) { return l.value(t, xml) })
	r := w.judge(w.sealVerifier(state("valid", record.Digest{})), doc)
	require.Equal(t, verify.TotalFailed, r.Indication)
	require.Equal(t, "seal.holder", r.Headline)
}
