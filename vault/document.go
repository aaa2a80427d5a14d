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

// Document is a sealed document bound to a version by its own event, so that a late seal or a re-seal never changes a
// record.
type Document struct {
	Version int           `json:"version"`
	Kind    string        `json:"kind"` // ofd, scan, …
	Digest  record.Digest `json:"digest"`
	Address blob.Address  `json:"address"`
}

// KindScan is the kind of a document that is a scan of the paper (扫描件).
const KindScan = "scan"

func documentKey(id licenceID, number int) []byte { return key(spaceDocument, id[:], be16(number)) }

func (d *Document) encode() []byte {
	b := appendText(be16(d.Version), d.Kind)
	b = append(b, d.Digest[:]...)
	return append(b, d.Address[:]...)
}

func parseDocument(b []byte) (Document, error) {
	d := decoder{b: b}
	doc := Document{}
	if v := d.take(2); v != nil {
		doc.Version = int(v[0])<<8 | int(v[1])
	}
	doc.Kind = d.text()
	d.fixed(doc.Digest[:])
	d.fixed(doc.Address[:])
	if d.end() != nil {
		return Document{}, fmt.Errorf("%w: document", ErrDamaged)
	}
	return doc, nil
}

func getDocuments(r engine.Reader, id licenceID) ([]Document, error) {
	var list []Document
	err := r.Scan(engine.Range{Prefix: key(spaceDocument, id[:])}, func(_, value []byte) (bool, error) {
		doc, err := parseDocument(value)
		list = append(list, doc)
		return true, err
	})
	return list, err
}

// maxDocuments bounds the documents of one licence.
const maxDocuments = 1000

// Attach binds a document to the version in force. The content is durable before the event that names it. Attaching the
// same content to the same version once more changes nothing.
func (v *Vault) Attach(ctx context.Context, a Access, identifier, kind string, content []byte) (*Document, error) {
	s, err := v.admit(ctx, a)
	if err != nil {
		return nil, err
	}
	note := auditNote{act: "attach"}.about(identifier)
	id, err := code.ParseIdentifier(identifier)
	if err != nil {
		return nil, v.denied(ctx, s, note, refuse(ErrInvalid, CodeIdentifier, "identifier"))
	}
	if err := s.mayIssue(id.Type, id.Issuer); err != nil {
		return nil, v.denied(ctx, s, note, err)
	}
	if p := checkFree("kind", kind, 20); p != nil || kind == "" {
		return nil, v.denied(ctx, s, note, refuse(ErrInvalid, CodeTextControl, "kind"))
	}
	doc := Document{Kind: kind, Digest: record.Sum(content)}
	note.object = "document " + doc.Digest.String()
	if err := v.writable(ctx); err != nil {
		return nil, v.denied(ctx, s, note, err)
	}
	if err := v.mayAttach(ctx, id); err != nil {
		return nil, v.denied(ctx, s, note, err)
	}
	if doc.Address, err = v.cfg.Blobs.Put(ctx, content); err != nil {
		return nil, fmt.Errorf("vault: storing a document: %w", err)
	}
	ev := happening{kind: record.EventAttached, effective: v.today(s.at), document: doc.Digest}
	if ev.salt, err = v.drawSalt(); err != nil {
		return nil, err
	}
	err = v.update(ctx, s, func(w engine.Writer, st *staging) (auditNote, error) {
		if err := v.stillIssues(w, s, id.Type, id.Issuer); err != nil {
			return note, err
		}
		return note, v.attach(w, attaching{s, st, id, ev}, &doc)
	})
	if isRefusal(err) {
		return nil, v.denied(ctx, s, note, err)
	}
	if err != nil {
		return nil, err
	}
	return &doc, nil
}

type attaching struct {
	s  *session
	st *staging
	id code.Identifier
	ev happening
}

// mayAttach refuses before the content is written anywhere.
func (v *Vault) mayAttach(ctx context.Context, id code.Identifier) error {
	return v.cfg.Engine.View(ctx, func(r engine.Reader) error {
		_, _, err := v.attachable(r, id)
		return err
	})
}

// attachable holds the guards of Attach.
func (v *Vault) attachable(r engine.Reader, id code.Identifier) (*head, licenceID, error) {
	if _, err := openType(r, id.Type); err != nil {
		return nil, licenceID{}, err
	}
	lid := v.licenceID(id.Type, id.Issuer, id.Serial)
	h, err := getHead(r, lid)
	switch {
	case err != nil:
		return nil, lid, err
	case h == nil || h.version == 0:
		return nil, lid, refuse(ErrNotFound, CodeLicenceUnknown, "identifier")
	case h.documents == maxDocuments:
		return nil, lid, refuse(ErrTransition, CodeTooManyDocuments, "documents")
	}
	if _, err := step(h.state, record.EventAttached); err != nil {
		return nil, lid, forbidden(h.state, record.EventAttached)
	}
	return h, lid, nil
}

func (v *Vault) attach(w engine.Writer, at attaching, doc *Document) error {
	h, lid, err := v.attachable(w, at.id)
	if err != nil {
		return err
	}
	doc.Version = h.version
	list, err := getDocuments(w, lid)
	if err != nil || slices.Contains(list, *doc) { // the same once more: a retry
		return err
	}
	h.documents++
	if err := w.Create(documentKey(lid, h.documents), doc.encode()); err != nil {
		return err
	}
	if err := w.Put(blobKey(doc.Address), doc.Digest[:]); err != nil {
		return err
	}
	return v.appendEvent(w, at.s, at.st, h, eventOf(lid, h.identifier(h.version), record.Digest{}, at.ev))
}

// Content gives the bytes of a document that a look-up named, checked against the digest in its event.
func (v *Vault) Content(ctx context.Context, a Access, identifier string, doc Document) ([]byte, error) {
	note := auditNote{act: "content", object: object("document", doc.Digest.String())}
	err := v.withLicence(ctx, a, identifier, note, func(r engine.Reader, _ *session, id licenceID, h *head) error {
		version, err := v.visible(r, h)
		if err != nil {
			return err
		}
		list, err := getDocuments(r, id)
		if err == nil && !slices.Contains(h.shownDocuments(list, version), doc) {
			err = refuse(ErrNotFound, CodeLicenceUnknown, "document")
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return v.content(ctx, doc)
}

func (v *Vault) content(ctx context.Context, doc Document) ([]byte, error) {
	b, err := v.cfg.Blobs.Get(ctx, doc.Address)
	if err != nil {
		return nil, fmt.Errorf("vault: reading a document: %w", err)
	}
	if record.Sum(b) != doc.Digest {
		return nil, fmt.Errorf("%w: document", ErrDamaged)
	}
	return b, nil
}
