package main

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"github.com/elicense/elicense/internal/cli"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/record"
)

// ownDesk works at the data directory that is open.
type ownDesk struct {
	c      *program
	h      *house
	access vault.Access
}

var _ desk = (*ownDesk)(nil)

func (d *ownDesk) zone() *time.Location { return d.h.zone }

func (d *ownDesk) present() *vault.Assertion {
	if d.access.Ground != vault.GroundHolder {
		return nil
	}
	return d.access.Holder
}

// TypeReport lists the types.
func (d *ownDesk) TypeReport(ctx context.Context) ([]vault.TypeStatus, error) {
	return d.h.vault.TypeReport(ctx)
}

// Type gives one type.
func (d *ownDesk) Type(ctx context.Context, code string) (*vault.LicenceType, error) {
	return d.h.vault.Type(ctx, code)
}

func (d *ownDesk) putType(ctx context.Context, definition []byte) (*vault.LicenceType, error) {
	return d.h.vault.PutType(ctx, d.access, definition)
}

func (d *ownDesk) validate(ctx context.Context, req vault.Request) ([]vault.Note, error) {
	return d.h.vault.Validate(ctx, d.access, req)
}

func (d *ownDesk) issue(ctx context.Context, req vault.Request) (*vault.Answer, error) {
	return d.h.vault.Issue(ctx, d.access, req)
}

func (d *ownDesk) reserve(ctx context.Context, req vault.Request) (*vault.Answer, error) {
	return d.h.vault.Reserve(ctx, d.access, req)
}

func (d *ownDesk) confirm(ctx context.Context, cf vault.Confirmation) (*vault.Answer, error) {
	return d.h.vault.Confirm(ctx, d.access, cf)
}

func (d *ownDesk) void(ctx context.Context, key, identifier, reason string) (*vault.Answer, error) {
	return d.h.vault.Void(ctx, d.access, key, identifier, reason)
}

func (d *ownDesk) reconcile(ctx context.Context) ([]vault.Unsettled, error) {
	return d.h.vault.Reconcile(ctx, d.access)
}

func (d *ownDesk) perform(ctx context.Context, act vault.Act) (*vault.Answer, error) {
	return perform(ctx, d.h.vault, d.access, act)
}

func (d *ownDesk) attach(ctx context.Context, identifier, kind string, content []byte) (*vault.Document, error) {
	return d.h.vault.Attach(ctx, d.access, identifier, kind, content)
}

func (d *ownDesk) fresh(ctx context.Context) error { return d.h.freshProofs(ctx) }

func (d *ownDesk) lookup(ctx context.Context, q vault.Query) (*vault.Result, error) {
	return d.h.vault.Lookup(ctx, d.access, q)
}

func (d *ownDesk) compare(ctx context.Context, q vault.Query, claims map[string]string) (*vault.Comparison, error) {
	return d.h.vault.Compare(ctx, d.access, q, claims)
}

func (d *ownDesk) history(ctx context.Context, identifier string) ([]vault.Entry, error) {
	if err := d.fresh(ctx); err != nil {
		return nil, err
	}
	return d.h.vault.History(ctx, d.access, identifier)
}

func (d *ownDesk) asOf(ctx context.Context, q asOf) (*vault.Moment, error) {
	return d.h.vault.AsOf(ctx, d.access, q.identifier, q.legal, q.known)
}

func (d *ownDesk) bundle(ctx context.Context, identifier string) ([]byte, error) {
	b, err := d.h.vault.Bundle(ctx, d.access, identifier)
	if err != nil {
		return nil, err
	}
	return b.Encode()
}

func (d *ownDesk) attachments(ctx context.Context, identifier string) ([]attachment, error) {
	res, err := d.lookup(ctx, vault.Query{Identifier: identifier})
	if err != nil {
		return nil, err
	}
	if len(res.Found) != 1 {
		return nil, vault.ErrNotFound
	}
	scans, err := d.h.vault.PaperScans(ctx, d.access, identifier)
	if err != nil {
		return nil, err
	}
	return attachmentsOf(res.Found[0].Documents, scans), nil
}

func (d *ownDesk) content(ctx context.Context, identifier string, x *attachment) ([]byte, error) {
	if x.batch != "" {
		return d.scan(ctx, x.batch, x.Digest)
	}
	return d.h.vault.Content(ctx, d.access, identifier, x.document)
}

func (d *ownDesk) page(ctx context.Context, identifier string, o *drawOptions) (*drawnPage, error) {
	drawing, err := d.h.documents.drawStamped(ctx, d.access, identifier)
	if err != nil {
		return nil, err
	}
	return drawPage(drawing, o)
}

func (d *ownDesk) noted(ctx context.Context, o *copyOrder) (*notedCopy, error) {
	return d.c.makeCopy(ctx, d.h, d.access, o)
}

// proof gives the proof of an event by its number; 0: of the last that is not a document.
func (d *ownDesk) proof(ctx context.Context, identifier string, number int) ([]byte, error) {
	list, err := d.history(ctx, identifier)
	if err != nil {
		return nil, err
	}
	if number == 0 {
		number = lastInLaw(list)
	}
	if number < 1 || number > len(list) {
		return nil, cli.Usage(
			fmt.Sprintf("没有第 %d 个事件，共 %d 个", number, len(list)), fmt.Sprintf("there is no event %d of %d", number, len(list)),
		)
	}
	return list[number-1].Proof, nil
}

// lastInLaw is the number of the last event but for documents that were attached, which change nothing.
func lastInLaw(list []vault.Entry) int {
	for n := len(list); n > 0; n-- {
		if list[n-1].Event.Kind != record.EventAttached {
			return n
		}
	}
	return len(list)
}

func (d *ownDesk) growth(ctx context.Context, since uint64) ([]byte, error) {
	if err := d.fresh(ctx); err != nil {
		return nil, err
	}
	return d.h.vault.Growth(ctx, since)
}

// checkpoint signs the present state of the ledger and keeps the checkpoint as the one that was handed out.
func (d *ownDesk) checkpoint(ctx context.Context) ([]byte, error) {
	cp, err := d.h.vault.Checkpoint(ctx)
	if err != nil {
		return nil, err
	}
	return cp, writeFile(filepath.Join(d.h.dir, publishFile), cp)
}

func (d *ownDesk) grant(ctx context.Context, req vault.ConsentRequest) (*vault.Consent, error) {
	return d.h.vault.Grant(ctx, d.access, req)
}

func (d *ownDesk) granted(ctx context.Context) ([]vault.Consent, error) {
	return d.h.vault.Consents(ctx, d.access)
}

func (d *ownDesk) withdraw(ctx context.Context, id string) error {
	return d.h.vault.Withdraw(ctx, d.access, id)
}

func (d *ownDesk) batches(ctx context.Context) ([]vault.BatchAccount, error) {
	return d.h.vault.Batches(ctx, d.access)
}

func (d *ownDesk) batch(ctx context.Context, id string) (*vault.BatchAccount, error) {
	return d.h.vault.Batch(ctx, d.access, id, func([]vault.RowResult) bool { return false })
}

func (d *ownDesk) signOff(ctx context.Context, id string, so vault.SignOff) (*vault.BatchAccount, error) {
	b, err := d.h.vault.SignOffBatch(ctx, d.access, id, so)
	if err != nil {
		return nil, d.c.stateOf(ctx, d.h.vault, err, batchAct{d.access, id, "签核", "signed off"})
	}
	return b, nil
}
