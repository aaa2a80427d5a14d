package vault

import (
	"context"
	"errors"
	"fmt"

	"github.com/elicense/elicense/internal/blob"
	"github.com/elicense/elicense/internal/code"
	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/vault/catalogue"
	"github.com/elicense/elicense/vault/record"
)

// read parses a transfer, checks whatever can be checked without the licence as it is here, and makes its contents
// durable.
func (in *incoming) read(ctx context.Context, t *Transfer) error {
	if len(t.Events) == 0 || len(t.Events) > maxTransferEvents || t.From < 1 {
		return refuse(ErrInvalid, CodeImportInvalid, "events")
	}
	if err := in.readBatches(t.Batches); err != nil {
		return err
	}
	for i := range t.Events {
		e, err := in.readEvent(ctx, &t.Events[i])
		if err != nil {
			return err
		}
		if e.event.Number != t.From+i {
			return refuse(ErrInvalid, CodeImportInvalid, "events")
		}
		in.list = append(in.list, *e)
	}
	return nil
}

func (in *incoming) readBatches(list []TransferBatch) error {
	for i := range list {
		b := &list[i].Account
		many := len(list) > maxTransferEvents
		if many || b.Issuer != in.id.Issuer || b.Type != in.id.Type || !isBatchID(b.ID) {
			return refuse(ErrInvalid, CodeImportInvalid, "batches")
		}
	}
	in.batches = list
	return nil
}

// names reports whether an identifier is one of the licence's.
func (in *incoming) names(id code.Identifier) bool {
	return id.Type == in.id.Type && id.Issuer == in.id.Issuer && id.Serial == in.id.Serial
}

// named reports whether the transfer brings the account of a batch.
func (in *incoming) named(batch string) bool {
	for i := range in.batches {
		if in.batches[i].Account.ID == batch {
			return true
		}
	}
	return batch == ""
}

// parseEvent reads an event alone, and the identifier that it names.
func (in *incoming) parseEvent(t *TransferEvent) (*importedEvent, code.Identifier, error) {
	refused := refuse(ErrInvalid, CodeImportInvalid, "events")
	ev, err := record.ParseEvent(t.Raw)
	if err != nil || len(t.Salt) != 16 {
		return nil, code.Identifier{}, refused
	}
	id, err := code.ParseIdentifier(ev.Identifier)
	if err != nil || !in.names(id) || !in.named(ev.Batch) {
		return nil, code.Identifier{}, refused
	}
	if ev.Kind.MakesVersion() != (t.Version != nil) || (ev.Kind == record.EventAttached) != (t.Document != nil) {
		return nil, code.Identifier{}, refused
	}
	return &importedEvent{event: ev, raw: t.Raw, salt: [16]byte(t.Salt)}, id, nil
}

func (in *incoming) readEvent(ctx context.Context, t *TransferEvent) (*importedEvent, error) {
	out, id, err := in.parseEvent(t)
	if err != nil {
		return nil, err
	}
	switch {
	case t.Version != nil:
		return out, in.readVersion(ctx, out, id, t.Version)
	case t.Document != nil:
		return out, in.readDocument(ctx, out, t.Document)
	}
	return out, nil
}

func (in *incoming) readDocument(ctx context.Context, out *importedEvent, t *TransferDocument) error {
	var contents [][]byte
	if len(t.Content) > 0 {
		contents = [][]byte{t.Content}
	}
	if p := checkFree("kind", t.Kind, 20); p != nil || t.Kind == "" {
		return refuse(ErrInvalid, CodeImportInvalid, "document")
	}
	kept, err := in.keep(ctx, map[record.Digest]bool{out.event.Document: true}, contents)
	if err != nil {
		return err
	}
	out.document = &Document{
		Version: out.event.Version, Kind: t.Kind, Digest: kept[0].Digest, Address: kept[0].address,
	}
	return nil
}

// readVersion holds a version against its event, its department's signature and the definition of its type.
func (in *incoming) readVersion(ctx context.Context, out *importedEvent, id code.Identifier, t *TransferVersion) error {
	ver, err := in.parse(out.event, t)
	if err != nil {
		return err
	}
	rec := ver.Record
	if id.Version != out.event.Version || rec.IssuerCode != in.id.Issuer || rec.TypeCode != in.id.Type {
		return refuse(ErrInvalid, CodeImportInvalid, "record")
	}
	err = in.v.cfg.Records.CheckRecord(rec.IssuerCode, rec.Signer, ver.Raw, ver.Signature, out.event.Recorded)
	if err != nil {
		return refuse(ErrSignature, CodeImportSignature, "signature")
	}
	c, err := in.check(ctx, ver, out.event)
	if err != nil {
		return err
	}
	out.previous = rec.Previous
	out.version = &signed{signature: t.Signature, unsigned: &unsigned{
		id: in.lid, identifier: id, name: rec.Identifier, record: record.Sum(t.Record), raw: t.Record,
		signer: rec.Signer, custody: rec.Mode == record.Custody, values: t.Values, c: c,
		holders: in.v.holderTokens(c.holderKind, c.holderCode),
	}}
	return in.readBlobs(ctx, out, ver, t)
}

func (in *incoming) parse(ev *record.Event, t *TransferVersion) (*Version, error) {
	ver := &Version{Raw: t.Record, Signature: t.Signature}
	var err error
	if ver.Record, err = record.Parse(t.Record); err == nil {
		ver.Disclosures, err = record.ParseDisclosures(t.Values)
	}
	switch {
	case err != nil,
		record.Sum(t.Record) != ev.Record, ver.Record.Identifier != ev.Identifier,
		len(ver.Disclosures) != len(ver.Record.Fields), ver.Record.CheckDisclosures(ver.Disclosures) != nil,
		(ev.Kind == record.EventConverted) != (ver.Record.Source != nil):
		return nil, refuse(ErrInvalid, CodeImportInvalid, "record")
	}
	return ver, nil
}

// check reads a version by the definition that its record names, which must be declared here.
func (in *incoming) check(ctx context.Context, ver *Version, ev *record.Event) (*Checked, error) {
	rec := ver.Record
	var t *LicenceType
	err := in.v.cfg.Engine.View(ctx, func(r engine.Reader) error {
		if _, err := openType(r, rec.TypeCode); err != nil {
			return err
		}
		var err error
		t, err = in.v.typeAt(r, rec.TypeCode, rec.TypeVersion)
		return err
	})
	if err != nil {
		if isRefusal(err) {
			return nil, err
		}
		return nil, refuse(ErrUnknownType, CodeImportType, "type")
	}
	day := in.v.today(ev.Recorded)
	row, _, problems := t.Normalise(t.content(ver), day)
	if len(problems) > 0 {
		return nil, &Refusal{ErrInvalid, problems}
	}
	c, problems := t.Check(Draft{Row: row, Issuer: rec.IssuerCode}, rec.IssuerName, day, true)
	if len(problems) > 0 {
		return nil, &Refusal{ErrInvalid, problems}
	}
	if c.from != rec.ValidFrom || c.until != rec.ValidUntil || c.holderKind != rec.HolderKind ||
		c.number != ver.Value(catalogue.MetaNumber) {
		return nil, refuse(ErrInvalid, CodeImportInvalid, "record")
	}
	c.source = rec.Source
	in.v.keyed(c)
	return c, nil
}

// readBlobs makes images and scans durable, all that the version names and nothing else.
func (in *incoming) readBlobs(ctx context.Context, out *importedEvent, ver *Version, t *TransferVersion) error {
	c := out.version.c
	named, err := c.typ.imageDigests(ver.Disclosures)
	if err != nil {
		return refuse(ErrInvalid, CodeImportInvalid, "images")
	}
	images := map[record.Digest]bool{}
	for _, d := range named {
		images[d] = true
	}
	kept, err := in.keep(ctx, images, t.Images)
	if err != nil {
		return err
	}
	for _, s := range kept {
		c.images = append(c.images, Image(s))
	}
	scans := map[record.Digest]bool{}
	if ver.Record.Source != nil {
		for _, d := range ver.Record.Source.Scans {
			scans[d] = true
		}
	}
	out.scans, err = in.keep(ctx, scans, t.Scans)
	return err
}

// keep makes the named contents durable: those that came with the transfer, and the rest of those that came before it.
func (in *incoming) keep(ctx context.Context, named map[record.Digest]bool, contents [][]byte) ([]Scan, error) {
	var list []Scan
	put := func(content []byte) error {
		d := record.Sum(content)
		if !named[d] {
			return refuse(ErrInvalid, CodeImportInvalid, "contents")
		}
		address, err := in.v.cfg.Blobs.Put(ctx, content)
		if err != nil {
			return fmt.Errorf("vault: storing contents: %w", err)
		}
		delete(named, d)
		list = append(list, Scan{Digest: d, address: address})
		return nil
	}
	for _, content := range contents {
		if err := put(content); err != nil {
			return nil, err
		}
	}
	for _, k := range in.kept {
		if !named[k.Digest] {
			continue
		}
		content, err := in.v.cfg.Blobs.Get(ctx, k.Address)
		if errors.Is(err, blob.ErrNotFound) {
			return nil, refuse(ErrInvalid, CodeImportInvalid, "contents")
		}
		if err != nil {
			return nil, fmt.Errorf("vault: reading contents: %w", err)
		}
		if err := put(content); err != nil { // once more: a sweep does not come between
			return nil, err
		}
	}
	if len(named) > 0 {
		return nil, refuse(ErrInvalid, CodeImportInvalid, "contents")
	}
	return list, nil
}
