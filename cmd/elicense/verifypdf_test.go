package main

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/emmansun/gmsm/smx509"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/elicense/elicense/internal/pdf"
	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/pki/ca"
	"github.com/elicense/elicense/signing"
)

// makePDFTrust is pdftrust: an authority whose keys are at hand, with a department (office.key, office.pem), a time-stamp
// authority (stamp.key, stamp.pem) and a folder of trust with CRLs of now.
func makePDFTrust(ts *testscript.TestScript, _ bool, _ []string) {
	config := ca.Config{Rand: rand.Reader, Now: func() time.Time { return scriptStart.Add(-time.Hour) }}
	rootKey, err := pki.GenerateKey(rand.Reader)
	ts.Check(err)
	root, err := ca.NewRootWithKey(config, rootKey, ca.Name{Organization: "示例认证中心", CommonName: "示例根"})
	ts.Check(err)
	issuingKey, err := pki.GenerateKey(rand.Reader)
	ts.Check(err)
	issuing, err := root.NewIssuingWithKey(issuingKey, ca.Name{Organization: "示例认证中心", CommonName: "示例签发"})
	ts.Check(err)
	ts.Check(os.MkdirAll(ts.MkAbs("trust"), 0o700))
	put := func(name string, b []byte) { ts.Check(os.WriteFile(filepath.Join(ts.MkAbs("."), name), b, 0o600)) }
	put("trust/root.pem", pki.AppendPEM(nil, root.Certificate()))
	put("trust/issuing.pem", pki.AppendPEM(nil, issuing.Certificate()))
	put("trust/root.crl", emptyCRL(ts, root, rootKey))
	put("trust/issuing.crl", emptyCRL(ts, issuing, issuingKey))
	for name, request := range map[string]ca.Request{
		"office": {Profile: ca.ProfileDepartment, Subject: ca.Name{Organization: "示例省农业厅", CommonName: "示例省农业厅"}, USCC: "113500000000100A8F"},
		"stamp":  {Profile: ca.ProfileTSA, Subject: ca.Name{Organization: "示例认证中心", CommonName: "示例时间戳"}},
	} {
		key, err := pki.GenerateKey(rand.Reader)
		ts.Check(err)
		request.PublicKey = key.Public()
		leaf, err := issuing.Issue(request)
		ts.Check(err)
		text, err := pki.MarshalKey(key, []byte(scriptPassphrase), rand.Reader)
		ts.Check(err)
		put(name+".key", text)
		put(name+".pem", pki.AppendPEM(nil, append([]*pki.Certificate{leaf}, issuing.Chain()...)...))
	}
}

// emptyCRL says that nothing of an authority is revoked.
func emptyCRL(ts *testscript.TestScript, a *ca.Authority, key crypto.Signer) []byte {
	parent, err := smx509.ParseCertificate(a.Certificate().Raw)
	ts.Check(err)
	der, err := smx509.CreateRevocationList(rand.Reader, &smx509.RevocationList{
		Number: big.NewInt(1), ThisUpdate: scriptStart.Add(-time.Minute), NextUpdate: scriptStart.AddDate(0, 0, 7),
	}, parent, key)
	ts.Check(err)
	return der
}

// editPDF is pdfedit IN OUT: an incremental update that puts other content on the page.
func editPDF(ts *testscript.TestScript, _ bool, args []string) {
	doc := []byte(ts.ReadFile(args[0]))
	f, err := pdf.Open(bytes.NewReader(doc), int64(len(doc)))
	ts.Check(err)
	pages, err := f.Pages()
	ts.Check(err)
	u, err := f.NewUpdate()
	ts.Check(err)
	page := pages[0].Dict
	page["Contents"] = u.AddStream(pdf.Dict{}, []byte("0 0 9 9 re f"))
	u.Replace(pages[0].Ref, page)
	a, err := u.Finish()
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), append(doc, a.Bytes...), 0o600))
}

// formPDF is pdfform OUT: a page with a field of text to be filled in.
func formPDF(ts *testscript.TestScript, _ bool, args []string) {
	doc := []byte(ts.ReadFile("plain.pdf"))
	f, err := pdf.Open(bytes.NewReader(doc), int64(len(doc)))
	ts.Check(err)
	pages, err := f.Pages()
	ts.Check(err)
	u, err := f.NewUpdate()
	ts.Check(err)
	field := u.Add(textField(pages[0].Ref, ""))
	page := pages[0].Dict
	page["Annots"] = pdf.Array{field}
	u.Replace(pages[0].Ref, page)
	root, _ := f.Trailer()["Root"].(pdf.Ref)
	u.Replace(root, pdf.Dict{
		"Type": pdf.Name("Catalog"), "Pages": pdf.Ref{Number: 2}, "AcroForm": pdf.Dict{"Fields": pdf.Array{field}},
	})
	a, err := u.Finish()
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), append(doc, a.Bytes...), 0o600))
}

func textField(page pdf.Ref, value string) pdf.Dict {
	d := pdf.Dict{
		"Type": pdf.Name("Annot"), "Subtype": pdf.Name("Widget"), "FT": pdf.Name("Tx"), "T": pdf.NewText("name"), "P": page,
		"Rect": pdf.Array{int64(50), int64(700), int64(250), int64(720)},
	}
	if value != "" {
		d["V"] = pdf.NewText(value)
	}
	return d
}

// fillPDF is pdffill IN OUT: the field of text of pdfform filled in.
func fillPDF(ts *testscript.TestScript, _ bool, args []string) {
	doc := []byte(ts.ReadFile(args[0]))
	f, err := pdf.Open(bytes.NewReader(doc), int64(len(doc)))
	ts.Check(err)
	pages, err := f.Pages()
	ts.Check(err)
	u, err := f.NewUpdate()
	ts.Check(err)
	annotations, _ := pages[0].Dict["Annots"].(pdf.Array)
	field, _ := annotations[0].(pdf.Ref)
	u.Replace(field, textField(pages[0].Ref, "示例"))
	a, err := u.Finish()
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), append(doc, a.Bytes...), 0o600))
}

// stripPDF is pdfstrip IN OUT: an incremental update that takes the evidence out of the catalog.
func stripPDF(ts *testscript.TestScript, _ bool, args []string) {
	doc := []byte(ts.ReadFile(args[0]))
	f, err := pdf.Open(bytes.NewReader(doc), int64(len(doc)))
	ts.Check(err)
	root, _ := f.Trailer()["Root"].(pdf.Ref)
	o, err := f.Resolve(root)
	ts.Check(err)
	catalog, _ := o.(pdf.Dict)
	if catalog["DSS"] == nil {
		ts.Fatalf("no evidence to take away")
	}
	delete(catalog, "DSS")
	u, err := f.NewUpdate()
	ts.Check(err)
	u.Replace(root, catalog)
	a, err := u.Finish()
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), append(doc, a.Bytes...), 0o600))
}

// signPDFAnyway is pdfadd IN OUT NAME [LEVEL]: one more signature with the key of NAME, whatever earlier signers allowed;
// with a level it certifies the document and says what may follow.
func signPDFAnyway(ts *testscript.TestScript, _ bool, args []string) {
	key, err := pki.ParseKey([]byte(ts.ReadFile(args[2]+".key")), []byte(scriptPassphrase))
	ts.Check(err)
	chain, err := pki.ParseCertificatesPEM([]byte(ts.ReadFile(args[2] + ".pem")))
	ts.Check(err)
	signer, err := signing.NewSigner(signing.Config{Key: key, Chain: chain, Rand: rand.Reader, WithCertificates: true})
	ts.Check(err)
	doc := []byte(ts.ReadFile(args[0]))
	f, err := pdf.Open(bytes.NewReader(doc), int64(len(doc)))
	ts.Check(err)
	u, err := f.NewUpdate()
	ts.Check(err)
	dict := pdf.Dict{"SubFilter": pdf.FilterDetached}
	if len(args) > 3 {
		level, err := strconv.ParseInt(args[3], 10, 64)
		ts.Check(err)
		dict["Reference"] = pdf.Array{pdf.Dict{
			"Type": pdf.Name("SigRef"), "TransformMethod": pdf.Name("DocMDP"), "TransformParams": pdf.Dict{"P": level},
		}}
	}
	ts.Check(u.AddField(pdf.NewField{Value: dict, Room: 8 << 10, Page: 1}))
	a, err := u.Finish()
	ts.Check(err)
	before, after := a.Covered()
	value, err := signer.Detached(context.Background(), slices.Concat(doc, before, after))
	ts.Check(err)
	ts.Check(a.SetValue(value))
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), append(doc, a.Bytes...), 0o600))
}

// replacePDF is pdfreplace IN OUT FROM TO: other octets in place of the first that are found.
func replacePDF(ts *testscript.TestScript, _ bool, args []string) {
	doc, from, to := ts.ReadFile(args[0]), []byte(args[2]), []byte(args[3])
	if !bytes.Contains([]byte(doc), from) {
		ts.Fatalf("nothing to replace")
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), bytes.Replace([]byte(doc), from, to, 1), 0o600))
}
