package conformance

import (
	"context"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"github.com/emmansun/gmsm/sm3"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/verify"
)

// receipt has the judge look at what stands in the case file.
func receipt(ctx context.Context, d *day) error {
	raw, err := d.receiptOf(ctx)
	if err != nil {
		return err
	}
	return d.accepted(ctx, verify.DocumentOf(raw), verify.Expect{})
}

// accepted expects the judge, who trusts neither service nor network, to accept something.
func (d *day) accepted(ctx context.Context, doc verify.Document, e verify.Expect) error {
	r, err := d.cfg.Verifier.VerifyDocument(ctx, doc, e)
	if err != nil {
		return err
	}
	if r.Decision() != verify.Accept {
		decision, reason := r.Headlines("en")
		return wrong("%s %s (%s): %s %s", r.Indication, r.SubIndication, r.Headline, decision, reason)
	}
	return nil
}

// document fetches the sealed OFD, holds it against its digest, and has it judged with what the vault says now.
func document(ctx context.Context, d *day) error {
	l := d.licences["paper"]
	content, err := d.sealed(ctx, l)
	if err != nil {
		return err
	}
	bundle, err := d.cfg.Department.Bundle(ctx, l.identifier, reading)
	if err != nil {
		return err
	}
	doc := verify.DocumentOf(content)
	doc.Licence = bundle
	return d.accepted(ctx, doc, verify.Expect{HolderCode: d.holder.code, Type: d.cfg.Type, Number: l.number})
}

// sealed is the document of the version in force.
func (d *day) sealed(ctx context.Context, l *licence) ([]byte, error) {
	now, err := d.cfg.Department.Licence(ctx, l.identifier, reading)
	if err != nil {
		return nil, err
	}
	at := slices.IndexFunc(now.Documents, func(x api.Document) bool {
		return x.Kind == "ofd" && x.Version == l.version
	})
	if at < 0 {
		return nil, wrong("the licence has no OFD of version %d", l.version)
	}
	content, err := d.cfg.Department.Document(ctx, l.identifier, reading, now.Documents[at].Digest)
	if err != nil {
		return nil, err
	}
	digest := sm3.Sum(content)
	return content, same("the digest", now.Documents[at].Digest, hex.EncodeToString(digest[:]))
}

// copied has a copy made for one reader and purpose.
func copied(ctx context.Context, d *day) error {
	asked, err := d.lawful(ctx)
	if err != nil {
		return err
	}
	l := d.licences["paper"]
	content, err := d.cfg.Centre.Copy(ctx, l.identifier, api.CopyRequest{
		Asked: asked, For: "示例省网上办事大厅", Because: reading.Purpose,
		Until: d.cfg.Now().AddDate(0, 1, 0).Format(time.DateOnly),
	})
	if err != nil {
		return err
	}
	bundle, err := d.cfg.Department.Bundle(ctx, l.identifier, reading)
	if err != nil {
		return err
	}
	doc := verify.DocumentOf(content)
	doc.Licence = bundle
	if err := d.accepted(ctx, doc, verify.Expect{Number: l.number}); err != nil {
		return fmt.Errorf("judging the copy: %w", err)
	}
	return nil
}
