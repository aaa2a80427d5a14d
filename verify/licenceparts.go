package verify

import (
	"bytes"
	"slices"
	"strings"

	"github.com/elicense/elicense/internal/ofd"
	"github.com/elicense/elicense/vault/record"
)

// licenceNames are the elements of GB/T 36903-2018 by which a document says that it is a licence.
var licenceNames = []string{
	"ZZMC", "ZZLXMC", "ZZLXDM", elementNumber, elementIdentifier, "ZZBFJG", "ZZBFJGDM", "ZZBFRQ", elementHolder,
	elementHolderCode, "CZZTDMLX", "CZZTDMLXDM", "ZZYXQQSRQ", "ZZYXQJZRQ", copyMade, copyMaker, copyPurpose, copyUntil,
	copyFor,
}

// otherTags are vocabularies of custom tags that are known to be of something else: invoices.
var otherTags = []string{"fp", "e-invoice"}

// ourTag is the vocabulary of licences that this project draws.
const ourTag = "elicense"

// judgePlain: a sealed document passes as one that is no licence only if it cannot be one. Where any part of it says
// that it is, its identifier is missing. Where OFD.xml, in which the identifier stands, is open to whoever has the
// file, nobody can tell what stood there when it was sealed: a licence that is not in force would pass for a letter.
func (j *judgement) judgePlain(o *ofdPackage) {
	const id = "licence.none"
	j.listEnclosed(o)
	said, may := j.licenceParts(o)
	switch {
	case len(said) > 0:
		j.open(id, SigConstraintsFailure, "the identifier of the licence", listed(said))
	case len(may) > 0 && j.expect.NoLicenceUnsafe:
		j.add(Check{ID: id, Status: CheckSkipped, Found: listed(may)})
	case len(may) > 0:
		j.open(id, SignedDataNotFound, "sealed metadata", listed(may))
	default:
		j.pass(id)
	}
}

// listEnclosed lists the documents in the document: whoever sealed a letter says nothing of the licence enclosed.
func (j *judgement) listEnclosed(o *ofdPackage) {
	for _, name := range o.Files() {
		if head, err := o.readHead(name); err == nil && (isOFD(head) || isPDF(head)) {
			j.uncovered(enclosedMark + name)
		}
	}
}

// enclosedMark begins the line of a report for a document that lies in another.
const enclosedMark = "enclosed, its own signatures were not judged: "

// licenceParts are the parts that say that the document is a licence, and those that leave it open. What a vault
// signed is a licence or a copy of one; its reports are judged apart.
func (j *judgement) licenceParts(o *ofdPackage) (said, may []string) {
	for _, name := range o.licenceElements() {
		said = append(said, o.Main()+": "+name)
	}
	for i := range j.signers {
		if j.v.pinned("", j.signers[i].cert.PublicKey) {
			said = append(said, "the signature of a vault")
		}
	}
	if !o.rootSealed() {
		may = append(may, o.Main())
	}
	content, err := o.Content(o.document.Root)
	if err != nil {
		return said, append(may, o.document.Root)
	}
	said, may = o.tagParts(content, said, may)
	return o.attachedParts(content, said, may)
}

// licenceElements are the elements of a licence that OFD.xml holds.
func (o *ofdPackage) licenceElements() (names []string) {
	for _, c := range o.document.Info.Custom {
		if name := strings.ToUpper(strings.TrimSpace(c.Name)); slices.Contains(licenceNames, name) {
			names = append(names, name)
		}
	}
	return names
}

// tagParts adds the indexes of custom tags. One in words that are not known leaves it open.
func (o *ofdPackage) tagParts(content *ofd.Content, said, may []string) (s, m []string) {
	tags, err := o.CustomTags(content)
	if err != nil {
		return said, append(may, content.CustomTags)
	}
	for _, tag := range tags {
		switch {
		case tag.TypeID == ourTag || o.speaksOfLicence(tag.File):
			said = append(said, tag.File)
		case !slices.Contains(otherTags, tag.TypeID) && !o.speaksOfInvoice(tag.File):
			may = append(may, tag.File)
		}
	}
	return said, may
}

// attachedParts adds the attachments that hold the face of a licence as data.
func (o *ofdPackage) attachedParts(content *ofd.Content, said, may []string) (s, m []string) {
	attached, err := o.Attachments(content)
	if err != nil {
		return said, append(may, content.Attachments)
	}
	for _, a := range attached {
		if o.speaksOfLicence(a.File) {
			said = append(said, a.File)
		}
	}
	return said, may
}

// rootSealed: every signature is over OFD.xml as it stands. One signer's word does not do for another's: a stranger can
// take the identifier out and sign what is left.
func (o *ofdPackage) rootSealed() bool {
	return o.list != nil && len(o.covers) == len(o.list.Signatures) &&
		!slices.ContainsFunc(o.covers, func(c sealCover) bool { return !c.files[o.Main()] })
}

// speaksOfLicence tells a file of XML or JSON that names the identifier of a licence or two of its other elements.
func (o *ofdPackage) speaksOfLicence(file string) bool {
	text := o.structured(file)
	if bytes.Contains(text, []byte(elementIdentifier)) {
		return true
	}
	n := 0
	for _, name := range licenceNames {
		if bytes.Contains(text, []byte(name)) {
			n++
		}
	}
	return n > 1
}

// speaksOfInvoice tells the index of an invoice by the elements that it has.
func (o *ofdPackage) speaksOfInvoice(file string) bool {
	return bytes.Contains(o.structured(file), []byte("INVOICE"))
}

// structured is a file of XML or JSON in capital letters; nothing if it is none, or too large to be metadata.
func (o *ofdPackage) structured(file string) []byte {
	if file == "" || o.Size(file) > record.MaxBundle {
		return nil
	}
	b, err := o.ReadFile(file, record.MaxBundle)
	if err != nil {
		return nil
	}
	begin := bytes.TrimLeft(bytes.TrimPrefix(b, []byte("\ufeff")), " \t\r\n")
	if len(begin) == 0 || begin[0] != '<' && begin[0] != '{' && begin[0] != '[' {
		return nil
	}
	return bytes.ToUpper(b)
}
