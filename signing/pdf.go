package signing

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/emmansun/gmsm/sm3"

	"github.com/elicense/elicense/internal/pdf"
)

var (
	// ErrPDFClosed is returned for a PDF whose certification permits no further signature.
	ErrPDFClosed = errors.New("signing: document is certified against changes")
	// ErrPDFBroken is returned for a PDF that was changed after one of its signatures, or with a signature that leaves
	// out part of it: signed once more it would look sound.
	ErrPDFBroken = errors.New("signing: an earlier signature of the document does not hold")
)

// PDFOrder says how a PDF is to be signed.
type PDFOrder struct {
	// Signer is who signs: Key, Chain and Rand, and if there is to be a time-stamp, Timestamper. How it is written is
	// given by CAdES (ETSI EN 319 142-1) and need not be set.
	Signer Config
	// Now gives the time that the document tells of its signature. Required.
	Now func() time.Time
	// Reason and Location are shown by readers. Empty: left out.
	Reason, Location string
	// Stamp shows a picture on a page. Nil: the signature is not to be seen.
	Stamp *PDFStamp
	// Certify has the signature certify the document: nothing may be changed or signed after it. It must be the first.
	Certify bool
	// Room is how many bytes the value may have. Zero: enough for a chain and a time-stamp.
	Room int
}

// Sizes of the place for a value.
const (
	pdfRoom    = 16 << 10
	maxPDFRoom = 1 << 20
)

// PDFSigner signs PDFs in one way. It is safe for concurrent use if the order's key, clock and source of time-stamps
// are.
type PDFSigner struct {
	order  PDFOrder
	signer *Signer
}

// NewPDFSigner checks the order and the chain in it once for all documents.
func NewPDFSigner(order PDFOrder) (*PDFSigner, error) {
	signer, err := order.signer()
	if err != nil {
		return nil, err
	}
	return &PDFSigner{order, signer}, nil
}

// SignPDF signs one PDF, see PDFSigner.Sign.
func SignPDF(ctx context.Context, w io.Writer, r io.ReaderAt, size int64, order PDFOrder) error {
	s, err := NewPDFSigner(order)
	if err != nil {
		return err
	}
	return s.Sign(ctx, w, r, size)
}

// Sign writes a PDF with one more signature: the file as it is, and an incremental update behind it. The signature
// covers all of it but its own value. An encrypted or damaged file is refused by a *pdf.Error, see its Reason.
func (s *PDFSigner) Sign(ctx context.Context, w io.Writer, r io.ReaderAt, size int64) error {
	f, err := pdf.Open(r, size)
	if err != nil {
		return err
	}
	list, err := checkPDF(f)
	if err != nil {
		return err
	}
	if err := s.order.mayFollow(f, list); err != nil {
		return err
	}
	a, err := s.order.update(f)
	if err != nil {
		return err
	}
	if err := f.CheckUpdate(a); err != nil {
		return err
	}
	digest, err := coveredDigest(r, size, a)
	if err != nil {
		return err
	}
	value, err := s.signer.DetachedDigest(ctx, digest)
	if err != nil {
		return err
	}
	if err := a.SetValue(value); err != nil {
		return err
	}
	return writePDF(w, r, size, a)
}

// update is the incremental update with the place for the value.
func (o *PDFOrder) update(f *pdf.File) (*pdf.Appendix, error) {
	u, err := f.NewUpdate()
	if err != nil {
		return nil, err
	}
	field, err := o.field(f, u)
	if err != nil {
		return nil, err
	}
	if err := u.AddField(field); err != nil {
		return nil, err
	}
	return u.Finish()
}

// coveredDigest is the digest of the file with what is appended, but for the value.
func coveredDigest(r io.ReaderAt, size int64, a *pdf.Appendix) ([sm3.Size]byte, error) {
	digest := sm3.New()
	if _, err := io.Copy(digest, io.NewSectionReader(r, 0, size)); err != nil {
		return [sm3.Size]byte{}, fmt.Errorf("reading the document: %w", err)
	}
	before, after := a.Covered()
	digest.Write(before)
	digest.Write(after)
	return [sm3.Size]byte(digest.Sum(nil)), nil
}

// TimestampPDF writes a signed PDF with a document time-stamp (ETSI EN 319 142-1, 5.4.3), an incremental update behind
// the file as it is: all that is there, evidence too, was there by then.
func TimestampPDF(ctx context.Context, w io.Writer, r io.ReaderAt, size int64, from Timestamper) error {
	f, err := pdf.Open(r, size)
	if err != nil {
		return err
	}
	list, err := checkPDF(f)
	if err != nil {
		return err
	}
	if len(list) == 0 {
		return fmt.Errorf("%w: the document is not signed", ErrPDFBroken)
	}
	u, err := f.NewUpdate()
	if err != nil {
		return err
	}
	value := pdf.Dict{
		"Type": pdf.Name("DocTimeStamp"), "Filter": pdf.Name("Adobe.PPKLite"), "SubFilter": pdf.FilterTimestamp,
	}
	if err := u.AddField(pdf.NewField{Value: value, Room: pdfRoom, Page: 1}); err != nil {
		return err
	}
	a, err := u.Finish()
	if err != nil {
		return err
	}
	if err := f.CheckUpdate(a); err != nil {
		return err
	}
	digest, err := coveredDigest(r, size, a)
	if err != nil {
		return err
	}
	token, err := stampDigest(ctx, from, digest)
	if err != nil {
		return err
	}
	if err := a.SetValue(token); err != nil {
		return err
	}
	return writePDF(w, r, size, a)
}

// signer is the order's signer as CAdES in a PDF wants it: the certificate bound, the time told by the document.
func (o *PDFOrder) signer() (*Signer, error) {
	if o.Now == nil {
		return nil, fmt.Errorf("%w: a clock is required", ErrConfig)
	}
	if o.Room < 0 || o.Room > maxPDFRoom {
		return nil, fmt.Errorf("%w: room for %d bytes", ErrConfig, o.Room)
	}
	config := o.Signer
	config.Arc, config.Now = ArcRFC5652, nil
	config.WithAttributes, config.WithBinding, config.WithCertificates = true, true, true
	return NewSigner(config)
}

// checkPDF gives the signatures of a document; one that was changed after any of them is refused.
func checkPDF(f *pdf.File) ([]*pdf.Signature, error) {
	if len(f.Tolerances().Names()) > 0 {
		return nil, fmt.Errorf("%w: %v", ErrPDFBroken, f.Tolerances().Names())
	}
	list, err := f.Signatures()
	if err != nil {
		return nil, err
	}
	for _, s := range list {
		if err := s.CheckRange(); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrPDFBroken, err)
		}
		changes, err := f.Changes(s)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrPDFBroken, err)
		}
		if bad := slices.Concat(changes.Other, changes.Forbidden); len(bad) > 0 {
			return nil, fmt.Errorf("%w: %v", ErrPDFBroken, bad)
		}
	}
	return list, nil
}

// mayFollow refuses documents that take no further signature.
func (o *PDFOrder) mayFollow(f *pdf.File, list []*pdf.Signature) error {
	name, err := f.FreeName()
	if err != nil {
		return err
	}
	for _, s := range list {
		if s.Permissions.Level == 1 || s.Permissions.Locks(name) {
			return ErrPDFClosed
		}
	}
	if o.Certify && len(list) > 0 {
		return fmt.Errorf("%w: only the first signature can certify", ErrPDFClosed)
	}
	return nil
}

// PDFEvidence is what shows later that the certificates of a signature were good (LT), in DER.
type PDFEvidence struct {
	Certificates, CRLs, OCSPs [][]byte
	// Singly lists it for each signature and document time-stamp too (VRI), for readers that look only there.
	Singly bool
}

// AddPDFEvidence writes a signed PDF with evidence in its document security store (ETSI EN 319 142-1, 5.4): the file as
// it is, and an incremental update behind it. Nothing of the evidence is checked; every signature stays as it was.
func AddPDFEvidence(w io.Writer, r io.ReaderAt, size int64, evidence PDFEvidence) error {
	f, err := pdf.Open(r, size)
	if err != nil {
		return err
	}
	list, err := checkPDF(f)
	if err != nil {
		return err
	}
	if len(list) == 0 {
		return fmt.Errorf("%w: the document is not signed", ErrPDFBroken)
	}
	u, err := f.NewUpdate()
	if err != nil {
		return err
	}
	e := pdf.Evidence{Certificates: evidence.Certificates, CRLs: evidence.CRLs, OCSPs: evidence.OCSPs}
	if !evidence.Singly {
		list = nil
	}
	if err := u.AddEvidence(e, list...); err != nil {
		return err
	}
	a, err := u.Finish()
	if err != nil {
		return err
	}
	if err := f.CheckUpdate(a); err != nil {
		return err
	}
	return writePDF(w, r, size, a)
}

func writePDF(w io.Writer, r io.ReaderAt, size int64, a *pdf.Appendix) error {
	if _, err := io.Copy(w, io.NewSectionReader(r, 0, size)); err != nil {
		return fmt.Errorf("copying the document: %w", err)
	}
	_, err := w.Write(a.Bytes)
	return err
}

// field is what is added for the signature.
func (o *PDFOrder) field(f *pdf.File, u *pdf.Update) (pdf.NewField, error) {
	value := pdf.Dict{
		"Type": pdf.Name("Sig"), "Filter": pdf.Name("Adobe.PPKLite"), "SubFilter": pdf.FilterCAdES,
		"M": pdf.NewText(o.Now().UTC().Format("D:20060102150405Z")),
	}
	if o.Reason != "" {
		value["Reason"] = pdf.NewText(o.Reason)
	}
	if o.Location != "" {
		value["Location"] = pdf.NewText(o.Location)
	}
	field := pdf.NewField{Value: value, Room: o.Room, Page: 1, Certifies: o.Certify}
	if field.Room == 0 {
		field.Room = pdfRoom
	}
	if o.Stamp == nil {
		return field, nil
	}
	pages, err := f.Pages()
	if err != nil {
		return field, err
	}
	if o.Stamp.Page < 1 || o.Stamp.Page > len(pages) {
		return field, fmt.Errorf("%w: page %d of %d", ErrPlace, o.Stamp.Page, len(pages))
	}
	page := &pages[o.Stamp.Page-1]
	field.Page = o.Stamp.Page
	if field.Rect, err = o.Stamp.rect(page); err != nil {
		return field, err
	}
	field.Look, err = o.Stamp.look(u, page)
	return field, err
}
