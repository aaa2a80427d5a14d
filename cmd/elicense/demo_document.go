package main

import (
	"bytes"
	"context"
	"path/filepath"

	"github.com/elicense/elicense/internal/ofd"
	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/document"
	"github.com/elicense/elicense/vault/record"
)

// Names of the files that the demo leaves.
const (
	licenceFile = "证照.ofd"
	caFile      = "ca.pem" // root and issuing CA, for other readers
)

// document shows the sealed document that came with the licence.
func (d *demo) document(ctx context.Context) error {
	d.title("电子证照文件：签发的同时按模板制成 OFD 并加盖部门印章",
		"the document: drawn from its template and sealed in the same flow")
	res, err := d.house.vault.Lookup(ctx, hall(), vault.Query{Identifier: d.issued.Identifier})
	if err != nil {
		return err
	}
	made := len(res.Found) == 1 && len(res.Found[0].Documents) == 1 && res.Found[0].Documents[0].Kind == vault.KindOFD
	if err := d.check(made, "签发时已生成", "it was made with the licence"); err != nil {
		return err
	}
	content, err := d.house.vault.Content(ctx, hall(), d.issued.Identifier, res.Found[0].Documents[0])
	if err != nil {
		return err
	}
	if err := d.keepDocument(content); err != nil {
		return err
	}
	carried, sealed, err := d.readDocument(content)
	if err != nil {
		return err
	}
	if err := d.check(sealed, "印章保护文件的全部内容", "the seal covers everything in it"); err != nil {
		return err
	}
	same := record.Sum(carried.Record) == d.issued.Record
	return d.check(same, "文件内附签名记录，离开本库也能证明", "it carries the signed record, and proves it away from the vault")
}

// keepDocument leaves the document, and the certificates that other readers need, where people find them.
func (d *demo) keepDocument(content []byte) error {
	path := filepath.Join(d.keep, licenceFile)
	if err := writeFile(path, content); err != nil {
		return err
	}
	chain, err := certificatesIn(filepath.Join(d.keep, vaultFile))
	if err != nil {
		return err
	}
	if err := writeFile(filepath.Join(d.keep, caFile), pki.AppendPEM(nil, chain[1:]...)); err != nil {
		return err
	}
	d.Tell("   %s  %d 字节", "   %s  %d bytes", path, len(content))
	return nil
}

// readDocument reads what the document carries, and whether its one seal leaves nothing out.
func (d *demo) readDocument(content []byte) (*record.Bundle, bool, error) {
	p, err := ofd.Open(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		return nil, false, err
	}
	raw, err := p.ReadFile(document.RecordFile, record.MaxBundle)
	if err != nil {
		return nil, false, err
	}
	bundle, err := record.ParseBundle(raw)
	if err != nil {
		return nil, false, err
	}
	list, err := p.Signatures(p.Documents()[0])
	if err != nil || len(list.Signatures) != 1 {
		return bundle, false, err
	}
	s, err := p.ReadSignature(list.Signatures[0])
	if err != nil {
		return nil, false, err
	}
	cover, err := p.Coverage(list, 0, s, nil)
	if err != nil {
		return nil, false, err
	}
	open := 0
	for _, name := range cover.Uncovered {
		if name != list.File {
			open++
		}
	}
	return bundle, cover.Complete() && open == 0, nil
}
