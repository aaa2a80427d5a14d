package main

import (
	"bytes"
	"context"
	"path/filepath"

	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/record"
	"github.com/elicense/elicense/verify"
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
	bundle, err := d.house.vault.Bundle(ctx, hall(), d.issued.Identifier)
	if err != nil {
		return err
	}
	return d.judgeSealed(ctx, content, bundle)
}

// judgeSealed has the judge look at the document: with what the vault says now it passes; alone it does not, because a seal
// says nothing of the licence's state; changed it fails.
func (d *demo) judgeSealed(ctx context.Context, content []byte, now *record.Bundle) error {
	doc := verify.DocumentOf(content)
	alone, err := d.judgeDocument(ctx, doc)
	if err != nil {
		return err
	}
	if doc.Licence, err = now.Encode(); err != nil {
		return err
	}
	whole, err := d.judgeDocument(ctx, doc)
	if err != nil {
		return err
	}
	d.headline(whole)
	if err := d.check(whole.Indication == verify.TotalPassed, "印章、覆盖范围、证书链、吊销、签名记录、现行状态全部通过",
		"seal, cover, chain, revocation, signed record and state now all pass"); err != nil {
		return err
	}
	if err := d.check(alone.Authentic && alone.Indication == verify.Indeterminate, "没有现行状态时只说待复验，不会误认为有效",
		"without the state now it is only to be rechecked, never taken for valid"); err != nil {
		return err
	}
	bent := bytes.Clone(content)
	bent[len(bent)/2] ^= 1
	changed, err := d.judgeDocument(ctx, verify.DocumentOf(bent))
	if err != nil {
		return err
	}
	return d.check(changed.Indication == verify.TotalFailed, "翻转文件中一个字节：退回", "one byte of the file flipped: refused")
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
