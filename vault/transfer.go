package vault

import (
	"context"
	"fmt"

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
	Images    [][]byte `json:"images,omitempty"` // that its values name
	Scans     [][]byte `json:"scans,omitempty"`  // that its source names
}

// TransferDocument is a document that an event bound to a version.
type TransferDocument struct {
	Kind    string `json:"kind"`
	Content []byte `json:"content"`
}

// TransferBatch is a conversion of the vault that a licence comes from.
type TransferBatch struct {
	Account BatchAccount `json:"account"`
	Open    bool         `json:"open"` // look-ups see it
}

// Limits of one transfer.
const (
	maxTransferEvents = 100
	transferBytes     = 12 << 20 // after which it is closed and the rest comes with the next
)

// Export gives a licence of the calling department for another vault, from an event on. What waits for the sign-off of
// a conversion is not given, nor a number that is only reserved.
func (v *Vault) Export(ctx context.Context, a Access, identifier string, from int) (*Transfer, error) {
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
	if err := v.audit(ctx, s, note); err != nil {
		return nil, err
	}
	return whole(x.out, x.fetch(ctx))
}

// export collects one transfer: first what the engine has, then the blobs, which are large.
type export struct {
	v   *Vault
	out *Transfer
	lid licenceID

	blobs []exportedBlobs // of each event
}

type exportedBlobs struct {
	images, scans []blob.Address
	document      *Document
}

func (x *export) plan(r engine.Reader, id code.Identifier) error {
	x.out.Events, x.out.Batches, x.out.More, x.blobs = nil, nil, false, nil
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
	var blobs exportedBlobs
	if err := x.batch(r, st.event.Batch); err != nil {
		return err
	}
	if st.event.Kind.MakesVersion() {
		var err error
		if out.Version, blobs, err = x.version(r, st.event); err != nil {
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
		blobs.document, out.Document = &doc, &TransferDocument{Kind: doc.Kind}
	}
	x.out.Events, x.blobs = append(x.out.Events, out), append(x.blobs, blobs)
	return nil
}

func (x *export) version(r engine.Reader, e *record.Event) (*TransferVersion, exportedBlobs, error) {
	var blobs exportedBlobs
	ver, err := getVersion(r, x.lid, e.Version)
	if err != nil {
		return nil, blobs, err
	}
	out := &TransferVersion{Record: ver.Raw, Signature: ver.Signature}
	if out.Values, err = record.AppendDisclosures(nil, ver.Disclosures); err != nil {
		return nil, blobs, fmt.Errorf("%w: values of a version", ErrDamaged)
	}
	t, err := x.v.typeAt(r, ver.Record.TypeCode, ver.Record.TypeVersion)
	if err != nil {
		return nil, blobs, err
	}
	images, err := t.imageDigests(ver.Disclosures)
	if err != nil {
		return nil, blobs, err
	}
	for _, d := range images {
		a, err := x.v.imageAddress(r, x.lid, d)
		if err != nil {
			return nil, blobs, err
		}
		blobs.images = append(blobs.images, a)
	}
	if ver.Record.Source == nil {
		return out, blobs, nil
	}
	for _, d := range ver.Record.Source.Scans {
		b, err := r.Get(x.v.scanKey(e.Batch, d))
		if err != nil || len(b) != len(blob.Address{}) {
			return nil, blobs, fmt.Errorf("%w: scan is missing", ErrDamaged)
		}
		blobs.scans = append(blobs.scans, blob.Address(b))
	}
	return out, blobs, nil
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

// fetch brings the contents, and closes the transfer where it has become large.
func (x *export) fetch(ctx context.Context) error {
	size := 0
	for i := range x.out.Events {
		if size > transferBytes {
			x.out.Events, x.out.More = x.out.Events[:i], true
			return nil
		}
		n, err := x.contents(ctx, &x.out.Events[i], &x.blobs[i])
		if err != nil {
			return err
		}
		size += n
	}
	return nil
}

func (x *export) contents(ctx context.Context, e *TransferEvent, b *exportedBlobs) (size int, err error) {
	all := func(list []blob.Address) (out [][]byte) {
		for _, a := range list {
			content, getErr := x.v.cfg.Blobs.Get(ctx, a)
			if getErr != nil && err == nil {
				err = getErr
			}
			size += len(content)
			out = append(out, content)
		}
		return out
	}
	if e.Version != nil {
		e.Version.Images, e.Version.Scans = all(b.images), all(b.scans)
	}
	if b.document != nil {
		e.Document.Content = all([]blob.Address{b.document.Address})[0]
	}
	return size, err
}
