package signing

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strconv"
	"time"

	"github.com/emmansun/gmsm/sm3"

	"github.com/elicense/elicense/internal/ofd"
)

var (
	// ErrOFDClosed is returned for a document that takes no further signature: one of those it has protects the list of
	// signatures, or the package is protected as a whole.
	ErrOFDClosed = errors.New("signing: document is closed")
	// ErrOFDBroken is returned for a document with a signature that does not hold what is there, or cannot be read:
	// sealed once more it would look sound.
	ErrOFDBroken = errors.New("signing: an earlier signature of the document does not hold")
	// ErrPlace is returned for a stamp that is on no page, or two that would be one.
	ErrPlace = errors.New("signing: no place for the seal")
)

// SealValuer makes the value of a seal signature, an SES_Signature of GB/T 38540-2020 over the SM3 digest of a
// Signature.xml. property is the path of that file in the package, with a leading slash.
type SealValuer interface {
	Value(ctx context.Context, signatureXML []byte, property string) ([]byte, error)
}

// OFDConfig describes an OFD to be signed.
type OFDConfig struct {
	// Document is which of the documents of the package; most have one, number 0.
	Document int
	// Now gives the time that Signature.xml tells. Required.
	Now func() time.Time
}

// OFD is a document on its way to being sealed. What is added lies in memory until Write; the files that were there are
// read once, to be hashed, and copied as they are, so that every earlier signature holds what it held. It is not safe
// for concurrent use.
type OFD struct {
	pkg     *ofd.Package
	config  OFDConfig
	doc     ofd.Document
	content *ofd.Content
	list    *ofd.SignatureList
	ids     identifiers
	closed  bool
	lister  *Signer    // of the list of files; nil: none is wanted
	added   []ofd.File // new files and those in place of others
	boxes   map[string]ofd.Box
}

// provider is how signatures name their maker.
var provider = ofd.Provider{Name: "elicense", Version: "1", Company: "elicense"}

// OpenOFD opens a document for signing. Its earlier signatures must hold the files that they list, by methods that can
// be computed, and leave the list of signatures open.
func OpenOFD(r io.ReaderAt, size int64, config OFDConfig) (*OFD, error) {
	if config.Now == nil {
		return nil, fmt.Errorf("%w: a clock is required", ErrConfig)
	}
	pkg, err := ofd.Open(r, size)
	if err != nil {
		return nil, err
	}
	documents := pkg.Documents()
	if config.Document < 0 || config.Document >= len(documents) {
		return nil, fmt.Errorf("%w: document %d of %d", ErrConfig, config.Document, len(documents))
	}
	if pkg.HasEntries() {
		return nil, fmt.Errorf("%w: the package lists its files", ErrOFDClosed)
	}
	o := &OFD{pkg: pkg, config: config, doc: documents[config.Document], boxes: map[string]ofd.Box{}}
	if o.content, err = pkg.Content(o.doc.Root); err != nil {
		return nil, err
	}
	if o.list, err = pkg.Signatures(o.doc); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrOFDBroken, err)
	}
	if err := o.readSigned(documents); err != nil {
		return nil, err
	}
	return o, nil
}

// readSigned looks at the signatures of all documents.
func (o *OFD) readSigned(documents []ofd.Document) error {
	fresh := o.doc.SignaturesNamed == ""
	for _, d := range documents {
		list, err := o.pkg.Signatures(d)
		if err != nil {
			return fmt.Errorf("%w: %w", ErrOFDBroken, err)
		}
		own := d.Index == o.doc.Index
		if own {
			o.ids.note(list.MaxID)
		}
		for i, ref := range list.Signatures {
			covers, err := o.checkSigned(list, i, own)
			if err != nil {
				return err
			}
			if closing := o.list.File; covers(closing) || (fresh && covers(o.pkg.Main())) {
				return fmt.Errorf("%w: by signature %s", ErrOFDClosed, ref.ID)
			}
		}
	}
	if fresh {
		return o.startList()
	}
	return nil
}

// checkSigned checks that a signature holds what it lists, and answers what that is.
func (o *OFD) checkSigned(list *ofd.SignatureList, i int, own bool) (covers func(name string) bool, err error) {
	ref := list.Signatures[i]
	s, err := o.pkg.ReadSignature(ref)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrOFDBroken, err)
	}
	coverage, err := o.pkg.Coverage(list, i, s, nil)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrOFDBroken, err)
	}
	for _, f := range coverage.Files {
		if f.State != ofd.StateMatch {
			return nil, fmt.Errorf("%w: signature %s, file %s: %s", ErrOFDBroken, ref.ID, f.Path, f.State)
		}
	}
	if own {
		o.ids.note(ref.ID)
		for _, stamp := range s.Stamps {
			if !o.ids.take(stamp.ID) {
				return nil, fmt.Errorf("%w: stamp %s is there twice", ErrPlace, stamp.ID)
			}
		}
	}
	return func(name string) bool {
		return slices.ContainsFunc(coverage.Files, func(f ofd.Covered) bool { return f.Name == name })
	}, nil
}

// startList begins the list of signatures of a document that has none, and names it in OFD.xml before anything is
// signed, so that signatures can protect OFD.xml.
func (o *OFD) startList() error {
	name := path.Join(path.Dir(o.doc.Root), "Signs", "Signatures.xml")
	if o.pkg.Taken(name) {
		return fmt.Errorf("%w: %s is there and belongs to nothing", ErrOFDBroken, name)
	}
	main, err := o.pkg.NameSignatures(o.doc, "/"+name)
	if err != nil {
		return err
	}
	if o.list, err = ofd.NewSignatureList(name); err != nil {
		return err
	}
	o.put(ofd.File{Name: o.pkg.Main(), Data: main})
	return nil
}

// put adds a file or replaces the one of its name.
func (o *OFD) put(f ofd.File) {
	if i := o.index(f.Name); i >= 0 {
		o.added[i] = f
		return
	}
	o.added = append(o.added, f)
}

func (o *OFD) index(name string) int {
	return slices.IndexFunc(o.added, func(f ofd.File) bool { return f.Name == name })
}

// Pages is the number of pages.
func (o *OFD) Pages() int { return len(o.content.Pages) }

// SealOrder is one seal signature (签章), with one stamp or many.
type SealOrder struct {
	// Value makes the signature. Required.
	Value SealValuer
	// Seal is the seal that Value signs with, to lie beside its signature too (Seal.esl), for readers that look for
	// it there. Empty: the signature value alone holds it, as in most files that departments make. The element is
	// optional in GB/T 33190, and a seal with its picture is a fifth of a small document.
	Seal []byte
	// Stamps is where it shows: at least one place.
	Stamps []Stamp
	// LeaveRootOpen leaves OFD.xml out, so that a later version of the document, such as a purpose-bound copy, does not
	// break this seal. Then nobody protects the metadata there until a closing signature does.
	LeaveRootOpen bool
}

// Seal adds a seal signature. It protects every file that is there, except for the lists of signatures: another may
// follow.
func (o *OFD) Seal(ctx context.Context, order SealOrder) error {
	if order.Value == nil {
		return fmt.Errorf("%w: who makes the signatures of the seal is required", ErrConfig)
	}
	if len(order.Stamps) == 0 {
		return fmt.Errorf("%w: none given", ErrPlace)
	}
	sign := func(xml []byte, name string) ([]byte, error) { return order.Value.Value(ctx, xml, "/"+name) }
	return o.sign(ctx, signature{
		kind: ofd.TypeSeal, stamps: order.Stamps, beside: order.Seal, leaveRoot: order.LeaveRootOpen, value: sign,
	})
}

// SignClosing adds the closing signature: it protects every file, the list of signatures with its own entry too, so
// that none can follow. The value is GB/T 35275 SignedData over the SM3 digest of Signature.xml. The signer must put
// its certificates into what it signs.
func (o *OFD) SignClosing(ctx context.Context, signer *Signer) error {
	if signer == nil || !signer.config.WithCertificates {
		return fmt.Errorf("%w: a signer that adds its certificates is required", ErrConfig)
	}
	sign := func(xml []byte, _ string) ([]byte, error) {
		digest := sm3.Sum(xml)
		return signer.Attached(ctx, digest[:])
	}
	return o.sign(ctx, signature{kind: ofd.TypeSign, closing: true, value: sign})
}

// signature is what one signature adds.
type signature struct {
	kind      string
	stamps    []Stamp
	beside    []byte // the seal once more
	leaveRoot bool
	closing   bool
	value     func(xml []byte, name string) ([]byte, error)
}

// sign makes Signature.xml and its value and adds them. If it fails nothing was added.
func (o *OFD) sign(ctx context.Context, s signature) error {
	if o.closed {
		return ErrOFDClosed
	}
	before, ids := slices.Clone(o.added), o.ids.clone()
	list := *o.list
	if err := o.signInto(ctx, s); err != nil {
		o.added, o.ids, o.list = before, ids, &list
		return err
	}
	o.closed = s.closing || o.lister != nil
	return nil
}

func (o *OFD) signInto(ctx context.Context, s signature) error {
	folder := o.freeFolder()
	name, value := folder+"/Signature.xml", folder+"/SignedValue.dat"
	out := ofd.Signature{Provider: provider, Time: o.config.Now(), SignedValue: "/" + value}
	var err error
	if out.Stamps, err = o.stamps(s.stamps); err != nil {
		return err
	}
	if len(s.beside) > 0 {
		seal := folder + "/Seal.esl"
		o.put(ofd.File{Name: seal, Data: s.beside})
		out.Seal = "/" + seal
	}
	if err := o.enlist(s.kind, name); err != nil {
		return err
	}
	if o.lister != nil {
		if err := o.listFiles(ctx, name, value); err != nil {
			return err
		}
	}
	if out.References, err = o.references(ctx, s); err != nil {
		return err
	}
	xml, err := ofd.MarshalSignature(&out)
	if err != nil {
		return err
	}
	signed, err := s.value(xml, name)
	if err != nil {
		return err
	}
	o.put(ofd.File{Name: name, Data: xml})
	o.put(ofd.File{Name: value, Data: signed})
	return nil
}

// enlist writes the entry of a signature into the list.
func (o *OFD) enlist(kind, name string) error {
	id, err := o.ids.next()
	if err != nil {
		return err
	}
	b, err := o.list.Add(ofd.SignatureRef{ID: id, Type: kind, Location: "/" + name}, id)
	if err != nil {
		return err
	}
	if o.list, err = ofd.ParseSignatureList(o.list.File, b); err != nil {
		return err
	}
	o.put(ofd.File{Name: o.list.File, Data: b})
	return nil
}

// freeFolder is the first folder for a signature that is not used.
func (o *OFD) freeFolder() string {
	base := path.Dir(o.list.File)
	if path.Base(base) != "Signs" {
		base = path.Join(base, "Signs")
	}
	used := map[string]bool{}
	for _, f := range o.added {
		used[path.Dir(f.Name)] = true
	}
	for n := 0; ; n++ {
		if folder := path.Join(base, "Sign_"+strconv.Itoa(n)); !used[folder] && !o.pkg.Taken(folder) {
			return folder
		}
	}
}

// references lists what a signature protects, with the digests.
func (o *OFD) references(ctx context.Context, s signature) ([]ofd.Reference, error) {
	skip := map[string]bool{}
	if !s.closing {
		skip[o.list.File] = true
	}
	if s.leaveRoot {
		skip[o.pkg.Main()] = true
	}
	for _, d := range o.pkg.Documents() {
		if d.Index != o.doc.Index && d.SignatureList != "" {
			skip[d.SignatureList] = true // another document's own
		}
	}
	var out []ofd.Reference
	for _, name := range o.pkg.Files() {
		if skip[name] || o.index(name) >= 0 {
			continue
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		digest, err := o.pkg.FileDigest(name, ofd.SM3, nil)
		if err != nil {
			return nil, err
		}
		out = append(out, ofd.Reference{Path: "/" + name, Value: digest})
	}
	for _, f := range o.added {
		if !skip[f.Name] {
			digest := sm3.Sum(f.Data)
			out = append(out, ofd.Reference{Path: "/" + f.Name, Value: digest[:]})
		}
	}
	return out, nil
}

// Write writes the package with everything that was added.
func (o *OFD) Write(w io.Writer) error { return o.pkg.Write(w, o.added) }
