package vault

import (
	"context"
	"fmt"
	"slices"

	"github.com/elicense/elicense/internal/blob"
	"github.com/elicense/elicense/internal/code"
	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/vault/record"
)

// Transfer is a licence, or what happened to it from an event on, on its way into another vault: the events and records
// as they were signed and committed to, byte for byte, with the documents that they bind (A75).
type Transfer struct {
	Identifier string          `json:"identifier"` // of any version
	From       int             `json:"from"`       // number of the first event, from 1
	Events     []TransferEvent `json:"events"`
	Batches    []TransferBatch `json:"batches,omitempty"` // conversions that the events name
	More       bool            `json:"more,omitempty"`    // there are events behind these
	// Apart are the contents that the first event names and that are too large for one transfer: each is fetched with
	// ExportContent and kept with KeepContent before the import.
	Apart []record.Digest `json:"apart,omitempty"`
	// Kept are the contents that KeepContent has kept for this import.
	Kept []KeptContent `json:"-"`
}

// KeptContent is a content that arrived before the transfer whose event names it.
type KeptContent struct {
	Digest  record.Digest
	Address blob.Address
}

// TransferEvent is one event with what it brought.
type TransferEvent struct {
	Raw      []byte            `json:"raw"`  // as committed to in the ledger
	Salt     []byte            `json:"salt"` // of the ledger's leaf
	Version  *TransferVersion  `json:"version,omitempty"`
	Document *TransferDocument `json:"document,omitempty"`
}

// TransferVersion is a version as its department signed it.
type TransferVersion struct {
	Record    []byte   `json:"record"`
	Signature []byte   `json:"signature"`
	Values    []byte   `json:"values"`           // the disclosures of every field
	Images    [][]byte `json:"images,omitempty"` // that its values name, but those apart
	Scans     [][]byte `json:"scans,omitempty"`  // that its source names, but those apart
}

// TransferDocument is a document that an event bound to a version.
type TransferDocument struct {
	Kind    string `json:"kind"`
	Content []byte `json:"content,omitempty"` // none: apart
}

// TransferBatch is a conversion of the vault that a licence comes from.
type TransferBatch struct {
	Account BatchAccount `json:"account"`
	Open    bool         `json:"open"` // look-ups see it
}

// Limits of one transfer.
const (
	maxTransferEvents = 100
	transferBytes     = 12 << 20 // of contents; what is behind comes with the next, what never fits travels apart
)

// Export gives a licence of the calling department for another vault, from an event on. What waits for the sign-off of
// a conversion is not given, nor a number that is only reserved.
func (v *Vault) Export(ctx context.Context, a Access, identifier string, from int) (*Transfer, error) {
	x, err := v.export(ctx, a, identifier, from)
	if err != nil {
		return nil, err
	}
	return whole(x.out, x.fetch(ctx))
}

// ExportContent gives one content that travels apart from the transfer that begins with the event which names it.
func (v *Vault) ExportContent(
	ctx context.Context, a Access, identifier string, event int, digest record.Digest,
) ([]byte, error) {
	x, err := v.export(ctx, a, identifier, event)
	if err != nil {
		return nil, err
	}
	for i := range x.contents[:min(1, len(x.contents))] {
		for _, c := range x.contents[i].all() {
			if c.Digest == digest {
				return v.cfg.Blobs.Get(ctx, c.address)
			}
		}
	}
	return nil, refuse(ErrNotFound, CodeLicenceUnknown, "digest")
}

// export decides the right to a transfer, keeps that in the audit, and plans it.
func (v *Vault) export(ctx context.Context, a Access, identifier string, from int) (*export, error) {
	note := auditNote{act: "export"}.about(identifier)
	s, err := v.admit(ctx, a)
	if err != nil {
		return nil, err
	}
	id, err := code.ParseIdentifier(identifier)
	if err != nil || from < 1 {
		return nil, v.denied(ctx, s, note, refuse(ErrInvalid, CodeIdentifier, "identifier"))
	}
	if err := s.mayIssue(id.Type, id.Issuer); err != nil {
		return nil, v.denied(ctx, s, note, err)
	}
	x := &export{v: v, out: &Transfer{Identifier: identifier, From: from}}
	err = v.cfg.Engine.View(ctx, func(r engine.Reader) error { return x.plan(r, id) })
	if err != nil {
		return nil, v.denied(ctx, s, note, err)
	}
	return whole(x, v.audit(ctx, s, note))
}

// export collects one transfer: first what the engine has, then the blobs, which are large.
type export struct {
	v   *Vault
	out *Transfer
	lid licenceID

	contents []contents // of each event
}

// contents are what one event names.
type contents struct {
	images, scans []Scan
	document      *Scan
}

func (c *contents) all() []Scan {
	list := slices.Concat(c.images, c.scans)
	if c.document != nil {
		list = append(list, *c.document)
	}
	return list
}

func (x *export) plan(r engine.Reader, id code.Identifier) error {
	x.out.Events, x.out.Batches, x.out.More, x.contents = nil, nil, false, nil
	if _, err := openType(r, id.Type); err != nil {
		return err
	}
	x.lid = x.v.licenceID(id.Type, id.Issuer, id.Serial)
	h, err := getHead(r, x.lid)
	if err != nil {
		return err
	}
	last := 0
	if h != nil && h.version > 0 {
		if last, err = x.lastTold(r, h); err != nil {
			return err
		}
	}
	if last == 0 {
		return refuse(ErrNotFound, CodeLicenceUnknown, "identifier")
	}
	documents := 0
	for n := 1; n <= last && len(x.out.Events) < maxTransferEvents; n++ {
		st, err := getStoredEvent(r, x.lid, n)
		if err != nil {
			return err
		}
		if st.event.Kind == record.EventAttached {
			documents++
		}
		if n < x.out.From {
			continue
		}
		if err := x.event(r, st, documents); err != nil {
			return err
		}
	}
	x.out.More = x.out.From+len(x.out.Events) <= last
	return nil
}

// lastTold is the number of the last event that others may know of.
func (x *export) lastTold(r engine.Reader, h *head) (int, error) {
	f := &follower{v: x.v, r: r}
	for n := h.events; n > 0; n-- {
		e, err := getEvent(r, x.lid, n)
		if err != nil {
			return 0, fmt.Errorf("%w: event is missing", ErrDamaged)
		}
		hidden, err := f.hidden(h, e)
		if err != nil {
			return 0, err
		}
		if !hidden && e.Version > 0 {
			return n, nil
		}
	}
	return 0, nil
}

func (x *export) event(r engine.Reader, st *storedEvent, documents int) error {
	out := TransferEvent{Raw: st.raw, Salt: st.salt[:]}
	var named contents
	if err := x.batch(r, st.event.Batch); err != nil {
		return err
	}
	if st.event.Kind.MakesVersion() {
		var err error
		if out.Version, named, err = x.version(r, st.event); err != nil {
			return err
		}
	}
	if st.event.Kind == record.EventAttached {
		b, err := r.Get(documentKey(x.lid, documents))
		if err != nil {
			return fmt.Errorf("%w: document is missing", ErrDamaged)
		}
		doc, err := parseDocument(b)
		if err != nil {
			return err
		}
		named.document, out.Document = &Scan{doc.Digest, doc.Address}, &TransferDocument{Kind: doc.Kind}
	}
	x.out.Events, x.contents = append(x.out.Events, out), append(x.contents, named)
	return nil
}

func (x *export) version(r engine.Reader, e *record.Event) (*TransferVersion, contents, error) {
	var named contents
	ver, err := getVersion(r, x.lid, e.Version)
	if err != nil {
		return nil, named, err
	}
	out := &TransferVersion{Record: ver.Raw, Signature: ver.Signature}
	if out.Values, err = record.AppendDisclosures(nil, ver.Disclosures); err != nil {
		return nil, named, fmt.Errorf("%w: values of a version", ErrDamaged)
	}
	t, err := x.v.typeAt(r, ver.Record.TypeCode, ver.Record.TypeVersion)
	if err != nil {
		return nil, named, err
	}
	images, err := t.imageDigests(ver.Disclosures)
	if err != nil {
		return nil, named, err
	}
	for _, d := range images {
		a, err := x.v.imageAddress(r, x.lid, d)
		if err != nil {
			return nil, named, err
		}
		named.images = append(named.images, Scan{d, a})
	}
	if ver.Record.Source == nil {
		return out, named, nil
	}
	for _, d := range ver.Record.Source.Scans {
		b, err := r.Get(x.v.scanKey(e.Batch, d))
		if err != nil || len(b) != len(blob.Address{}) {
			return nil, named, fmt.Errorf("%w: scan is missing", ErrDamaged)
		}
		named.scans = append(named.scans, Scan{d, blob.Address(b)})
	}
	return out, named, nil
}

// batch adds the account of a conversion, once.
func (x *export) batch(r engine.Reader, id string) error {
	if id == "" {
		return nil
	}
	for i := range x.out.Batches {
		if x.out.Batches[i].Account.ID == id {
			return nil
		}
	}
	b, err := getBatch(r, id)
	if err != nil {
		return err
	}
	open, err := batchOpen(r, id)
	x.out.Batches = append(x.out.Batches, TransferBatch{Account: *b, Open: open})
	return err
}

// fetch brings the contents, and closes the transfer before an event whose contents have no room in it. What the first
// event names and has no room travels apart.
func (x *export) fetch(ctx context.Context) error {
	room := transferBytes
	for i := range x.out.Events {
		left, apart, err := x.fill(ctx, i, room)
		if err != nil {
			return err
		}
		if len(apart) > 0 && i > 0 {
			x.out.Events, x.out.More = x.out.Events[:i], true
			return nil
		}
		room, x.out.Apart = left, append(x.out.Apart, apart...)
	}
	return nil
}

// fill brings the contents of one event into the room that there is.
func (x *export) fill(ctx context.Context, i, room int) (left int, apart []record.Digest, err error) {
	fit := func(list []Scan) (out [][]byte) {
		for _, c := range list {
			content, getErr := x.v.cfg.Blobs.Get(ctx, c.address)
			if getErr != nil {
				err = getErr
				return nil
			}
			if len(content) > room {
				apart = append(apart, c.Digest)
				continue
			}
			room -= len(content)
			out = append(out, content)
		}
		return out
	}
	e, named := &x.out.Events[i], &x.contents[i]
	if e.Version != nil {
		e.Version.Images, e.Version.Scans = fit(named.images), fit(named.scans)
	}
	if named.document != nil {
		if one := fit([]Scan{*named.document}); len(one) > 0 {
			e.Document.Content = one[0]
		}
	}
	return room, apart, err
}
