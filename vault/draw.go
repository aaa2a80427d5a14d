package vault

import (
	"context"
	"fmt"

	"github.com/elicense/elicense/internal/blob"
	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/vault/catalogue"
	"github.com/elicense/elicense/vault/record"
)

// KindOFD is the kind of the document that comes with a version: a sealed OFD (GB/T 33190-2016).
const KindOFD = "ofd"

// maxDrawnScans bounds the scans that are put into a document, in bytes all together. Beyond it they stay in the vault
// alone, where the record names them.
const maxDrawnScans = 32 << 20

// Drawable is a signed version that a document is made of.
type Drawable struct {
	Type         catalogue.Type
	Issuer       string // USCC of the department whose seal the document bears
	Record       []byte // as signed
	Signature    []byte
	Certificates [][]byte // DER, the signer's first
	Values       []record.Disclosure
	// Token stands in the document's QR code. It cannot be guessed, says nothing, and is the same for the licence in
	// all its versions: what it answers is the state of the one in force.
	Token  string
	Scans  [][]byte          // of the paper of a converted licence
	Images map[string][]byte // by element, as 照片
}

// drawn is the document of a version on its way. Its content is durable; a crash before the transaction that names it
// leaves an orphan, which is swept.
type drawn struct {
	digest  record.Digest
	address blob.Address
	salt    [16]byte
}

// draw makes the document of a signed version, for types with a template.
func (v *Vault) draw(ctx context.Context, sv *signed) (*signed, error) {
	t := sv.c.typ.Definition
	if v.cfg.Documents == nil || !t.Drawn() {
		return sv, nil
	}
	d, err := v.drawable(ctx, sv)
	if err != nil {
		return nil, err
	}
	content, err := v.cfg.Documents.Document(ctx, d)
	if err != nil {
		return nil, fmt.Errorf("vault: drawing a document: %w", err)
	}
	if len(content) == 0 { // none now: its seal is not in custody
		return sv, nil
	}
	out := &drawn{digest: record.Sum(content)}
	if out.salt, err = v.drawSalt(); err != nil {
		return nil, err
	}
	if sv.shelf != nil {
		sv.shelf.add(out, content)
	} else if out.address, err = v.cfg.Blobs.Put(ctx, content); err != nil {
		err = fmt.Errorf("vault: storing a document: %w", err)
	}
	if err != nil {
		return nil, err
	}
	sv.document = out
	return sv, nil
}

func (v *Vault) drawable(ctx context.Context, sv *signed) (*Drawable, error) {
	d := &Drawable{
		Type: sv.c.typ.Definition, Issuer: sv.c.issuer, Record: sv.raw, Signature: sv.signature,
		Token: v.publicToken(sv.id),
	}
	var err error
	if d.Values, err = record.ParseDisclosures(sv.values); err != nil {
		return nil, err
	}
	if d.Certificates, err = v.cfg.Records.Certificates(sv.signer); err != nil {
		return nil, fmt.Errorf("vault: finding the certificates of a document: %w", err)
	}
	if err := v.drawnImages(ctx, imagesOf{sv.id, sv.c.typ, sv.c.images}, d); err != nil {
		return nil, err
	}
	d.Scans, err = v.drawnScans(ctx, sv.c.scans)
	return d, err
}

func (v *Vault) drawnScans(ctx context.Context, list []Scan) (out [][]byte, err error) {
	size := 0
	for _, s := range list {
		b, err := v.cfg.Blobs.Get(ctx, s.address)
		if err != nil {
			return nil, fmt.Errorf("vault: reading a scan: %w", err)
		}
		if size += len(b); size > maxDrawnScans {
			break
		}
		out = append(out, b)
	}
	return out, nil
}

// Drawable gives the version of a licence that look-ups show, for drawing it once more: as a picture, or for a
// purpose-bound copy. Scans are left out.
func (v *Vault) Drawable(ctx context.Context, a Access, identifier string) (*Drawable, error) {
	var d *Drawable
	var of imagesOf
	note := auditNote{act: "draw"}
	err := v.withLicence(ctx, a, identifier, note, func(r engine.Reader, _ *session, id licenceID, h *head) error {
		ver, t, err := v.shown(r, id, h)
		if err != nil {
			return err
		}
		of = imagesOf{id: id, typ: t}
		d = &Drawable{
			Type: t.Definition, Issuer: ver.Record.IssuerCode, Record: ver.Raw, Signature: ver.Signature,
			Values: ver.Disclosures, Token: v.publicToken(id),
		}
		d.Certificates, err = v.cfg.Records.Certificates(ver.Record.Signer)
		return err
	})
	if err == nil {
		err = v.drawnImages(ctx, of, d)
	}
	return whole(d, err)
}

// shown is the version of a licence that look-ups show, with its type.
func (v *Vault) shown(r engine.Reader, id licenceID, h *head) (*Version, *LicenceType, error) {
	version, err := v.visible(r, h)
	if err != nil {
		return nil, nil, err
	}
	if version == 0 {
		return nil, nil, refuse(ErrNotFound, CodeLicenceUnknown, "identifier")
	}
	ver, err := v.answered(r, id, h, version)
	if err != nil {
		return nil, nil, err
	}
	t, err := v.typeAt(r, ver.Record.TypeCode, ver.Record.TypeVersion)
	if err != nil {
		return nil, nil, err
	}
	return ver, t, nil
}

// tooMany reports that a licence cannot take the document of one more version.
func (sv *signed) tooMany(h *head) bool {
	return sv.document != nil && h != nil && h.documents >= maxDocuments
}

// allows reports whether something may happen to a licence in its state; nil: it does not exist yet.
func (h *head) allows(kind record.Kind) bool {
	_, err := step(h.stateOf(), kind)
	return err == nil
}

// stateOf is the state by events; empty for a licence that does not exist yet.
func (h *head) stateOf() State {
	if h == nil {
		return ""
	}
	return h.state
}

// bind attaches the document that was made with a version, in the version's own transaction: the event follows right
// after the one that brought it, and counts from the same day.
func (v *Vault) bind(w engine.Writer, s *session, at binding) error {
	sv, h := at.sv, at.h
	if sv.document == nil {
		return nil
	}
	doc := Document{
		Version: sv.identifier.Version, Kind: KindOFD, Digest: sv.document.digest, Address: sv.document.address,
	}
	if doc.Address == (blob.Address{}) {
		return fmt.Errorf("%w: document was not stored", ErrDamaged)
	}
	h.documents++
	if err := w.Create(documentKey(sv.id, h.documents), doc.encode()); err != nil {
		return err
	}
	if err := w.Put(blobKey(doc.Address), doc.Digest[:]); err != nil {
		return err
	}
	ev := happening{
		kind: record.EventAttached, effective: at.effective, document: doc.Digest, salt: sv.document.salt,
	}
	return v.appendEvent(w, s, at.st, h, eventOf(sv.id, h.identifier(h.version), record.Digest{}, ev))
}

// binding is a version with its document, its head after the event that brought it.
type binding struct {
	st        *staging
	sv        *signed
	h         *head
	effective record.Date
}

// shownDocuments are the documents of the versions up to one that may be seen: none of a version that waits for its
// batch's sign-off, none of one that an undo took back.
func (h *head) shownDocuments(list []Document, version int) []Document {
	out := make([]Document, 0, len(list))
	for _, d := range list {
		if d.Version <= version && !h.batchOf(d.Version).undone {
			out = append(out, d)
		}
	}
	return out
}
