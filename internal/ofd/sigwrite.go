package ofd

import (
	"encoding/base64"
	"slices"
	"strings"
)

// xmlHead begins everything that is written here.
const xmlHead = `<?xml version="1.0" encoding="UTF-8"?>` + "\n"

// escaper writes text so that it is read as it was, in attributes too.
var escaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;",
	"\n", "&#10;", "\r", "&#13;", "\t", "&#9;")

// xmlBuilder writes elements with the prefix that everybody uses.
type xmlBuilder struct{ strings.Builder }

// open writes a start tag; attributes are pairs of name and value. Values that are empty are left out.
func (b *xmlBuilder) open(name string, attributes ...string) { b.tag(name, ">", attributes) }

func (b *xmlBuilder) tag(name, end string, attributes []string) {
	b.WriteString("<ofd:" + name)
	for pair := range slices.Chunk(attributes, 2) {
		if pair[1] != "" {
			b.WriteString(" " + pair[0] + `="`)
			_, _ = escaper.WriteString(b, pair[1]) // a Builder does not fail
			b.WriteString(`"`)
		}
	}
	b.WriteString(end)
}

func (b *xmlBuilder) close(name string) { b.WriteString("</ofd:" + name + ">") }

// leaf writes an element without content.
func (b *xmlBuilder) leaf(name string, attributes ...string) { b.tag(name, "/>", attributes) }

// text writes an element with text.
func (b *xmlBuilder) text(name, text string) {
	b.open(name)
	_, _ = escaper.WriteString(b, text)
	b.close(name)
}

func checkText(texts ...string) error {
	for _, t := range texts {
		if strings.ContainsFunc(t, func(r rune) bool {
			return (r < ' ' && r != '\n' && r != '\r' && r != '\t') || r == '\uFFFD' || r == '\uFFFE' || r == '\uFFFF'
		}) {
			return refuse(ReasonInput, "%q holds a character that XML does not have", t)
		}
	}
	return nil
}

// dateTimeForm is the form in which times are written.
const dateTimeForm = "2006-01-02T15:04:05Z"

// MethodSM2 is the SignatureMethod that is written: SM2 with SM3.
const MethodSM2 = "1.2.156.10197.1.501"

const digestSM3 = "1.2.156.10197.1.401"

// MarshalSignature writes Signature.xml over SM3 digests, in the order of GB/T 33190-2016, 18.2. Of s, Provider, Time,
// References, Stamps, Seal and SignedValue are used. Paths of References are from the root.
func MarshalSignature(s *Signature) ([]byte, error) {
	if err := checkSignature(s); err != nil {
		return nil, err
	}
	var b xmlBuilder
	b.Grow(1024 + 160*len(s.References))
	b.WriteString(xmlHead)
	b.open("Signature", "xmlns:ofd", namespace)
	b.open("SignedInfo")
	b.leaf("Provider", "ProviderName", s.Provider.Name, "Version", s.Provider.Version, "Company", s.Provider.Company)
	b.text("SignatureMethod", MethodSM2)
	b.text("SignatureDateTime", s.Time.UTC().Format(dateTimeForm))
	b.open("References", "CheckMethod", digestSM3)
	for _, r := range s.References {
		b.open("Reference", "FileRef", r.Path)
		b.text("CheckValue", base64.StdEncoding.EncodeToString(r.Value))
		b.close("Reference")
	}
	b.close("References")
	for _, a := range s.Stamps {
		clip := ""
		if a.Clip != nil {
			clip = a.Clip.String()
		}
		b.leaf("StampAnnot", "ID", a.ID, "PageRef", a.PageRef, "Boundary", a.Boundary.String(), "Clip", clip)
	}
	if s.Seal != "" {
		b.open("Seal")
		b.text("BaseLoc", s.Seal)
		b.close("Seal")
	}
	b.close("SignedInfo")
	b.text("SignedValue", s.SignedValue)
	b.close("Signature")
	return readable([]byte(b.String()), func(out []byte) error {
		_, err := ParseSignature(s.File, out)
		return err
	})
}

// readable gives what was written if it is read again, within the limits of reading.
func readable(out []byte, parse func(out []byte) error) ([]byte, error) {
	if len(out) > maxXMLBytes {
		return nil, refuse(ReasonLimit, "XML of %d bytes", len(out))
	}
	if err := parse(out); err != nil {
		return nil, refuse(ReasonInput, "what would not be read: %v", err)
	}
	return out, nil
}

func checkSignature(s *Signature) error {
	if s.Time.IsZero() || s.SignedValue == "" || s.Provider.Name == "" || len(s.References) == 0 {
		return refuse(ReasonInput, "a signature without time, value, provider or references")
	}
	seen := make(map[string]bool, len(s.References))
	for _, r := range s.References {
		if !strings.HasPrefix(r.Path, "/") || len(r.Value) != SM3.Size() || seen[r.Path] {
			return refuse(ReasonInput, "reference to %q", r.Path)
		}
		seen[r.Path] = true
		if err := checkText(r.Path); err != nil {
			return err
		}
	}
	if err := checkStamps(s.Stamps); err != nil {
		return err
	}
	return checkText(s.Provider.Name, s.Provider.Version, s.Provider.Company, s.Seal, s.SignedValue)
}

func checkStamps(stamps []Stamp) error {
	seen := make(map[string]bool, len(stamps))
	for _, a := range stamps {
		if a.ID == "" || a.PageRef == "" || seen[a.ID] || a.Boundary.W <= 0 || a.Boundary.H <= 0 {
			return refuse(ReasonInput, "stamp %q", a.ID)
		}
		seen[a.ID] = true
		if err := checkText(a.ID, a.PageRef); err != nil {
			return err
		}
	}
	return nil
}

// NewSignatureList writes a list without signatures, the value that Add begins with.
func NewSignatureList(name string) (*SignatureList, error) {
	var b xmlBuilder
	b.WriteString(xmlHead)
	b.open("Signatures", "xmlns:ofd", namespace)
	b.text("MaxSignId", "s000")
	b.close("Signatures")
	return ParseSignatureList(name, []byte(b.String()))
}

// Add writes the list with one more signature at its end and another MaxSignId; everything else stays as it is written.
func (l *SignatureList) Add(ref SignatureRef, maxID string) ([]byte, error) {
	if l.empty || (l.maxStart == 0 && l.maxEnd != 0) {
		return nil, refuse(ReasonInput, "%s: an empty list or MaxSignId is not continued", l.File)
	}
	if err := checkText(ref.ID, ref.Type, ref.Location, maxID); err != nil {
		return nil, err
	}
	for _, other := range l.Signatures {
		if other.ID == ref.ID || other.Location == ref.Location {
			return nil, refuse(ReasonDuplicate, "%s: signature %s", l.File, ref.ID)
		}
	}
	element := `<` + l.rootPrefix + `Signature ID="` + escaper.Replace(ref.ID) + `" Type="` +
		escaper.Replace(ref.Type) + `" BaseLoc="` + escaper.Replace(ref.Location) + `"/>`
	edits := []edit{{l.end, l.end, element}}
	if l.maxStart != 0 {
		edits = append(edits, edit{l.maxStart, l.maxEnd, escaper.Replace(maxID)})
	}
	return readable(apply(l.raw, edits), func(out []byte) error {
		_, err := ParseSignatureList(l.File, out)
		return err
	})
}

// NameSignatures writes OFD.xml so that a document names a list of signatures that it did not name.
func (p *Package) NameSignatures(d Document, list string) ([]byte, error) {
	if d.SignaturesNamed != "" {
		return nil, refuse(ReasonInput, "document %d names signatures already", d.Index)
	}
	main := p.index[fold(mainFile)]
	b, err := p.readXML(main.name)
	if err != nil {
		return nil, err
	}
	tag := d.prefix + "Signatures>"
	out := apply(b, []edit{{d.end, d.end, "<" + tag + escaper.Replace(list) + "</" + tag}})
	return readable(out, func([]byte) error { return checkText(list) })
}

// edit puts text in place of a stretch.
type edit struct {
	from, to int
	text     string
}

// apply makes edits that do not overlap.
func apply(b []byte, edits []edit) []byte {
	slices.SortFunc(edits, func(x, y edit) int { return x.from - y.from })
	var out []byte
	at := 0
	for _, e := range edits {
		out = append(append(out, b[at:e.from]...), e.text...)
		at = e.to
	}
	return append(out, b[at:]...)
}
