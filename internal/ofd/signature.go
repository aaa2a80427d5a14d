package ofd

import (
	"encoding/base64"
	"strings"
	"time"
)

// Signature is Signature.xml (GB/T 33190-2016, 18.2).
type Signature struct {
	File string // its name
	Raw  []byte // as received: what the signature is made over

	Provider      Provider
	Method        string // SignatureMethod as it stands there
	DateTime      string // SignatureDateTime as it stands there
	Time          time.Time
	CheckMethod   string // as it stands there
	Digest        Digest // what CheckMethod means; empty if that is not known
	References    []Reference
	Stamps        []Stamp
	Seal          string // path of the seal, empty if none is named
	SealImage     string // path of a picture beside the seal
	SignedValue   string // path of the signature value
	Tolerances    Tolerances
	referencesSet bool
}

// Provider is the software that made a signature, by its own account.
type Provider struct{ Name, Version, Company string }

// Reference is one file that a signature covers.
type Reference struct {
	Path  string // FileRef as it stands there
	Value []byte // digest
}

// Stamp is where a seal is shown (StampAnnot).
type Stamp struct {
	ID, PageRef string
	Boundary    Box
	Clip        *Box // what of the picture is shown, in its own coordinates; nil: all
}

const (
	maxReferences = MaxEntries
	maxStamps     = 4096
)

// ParseSignature reads Signature.xml. name is its name in the package, for refusals and for relative paths.
func ParseSignature(name string, b []byte) (*Signature, error) {
	x, err := newScanner(name, b)
	if err != nil {
		return nil, err
	}
	if err := x.root("Signature"); err != nil {
		return nil, err
	}
	s := &Signature{File: name, Raw: b}
	once := x.once()
	err = x.children(func(child string) (err error) {
		if err := once(child); err != nil {
			return err
		}
		switch child {
		case "SignedInfo":
			return s.readInfo(x)
		case "SignedValue":
			s.SignedValue, err = x.textOf()
			return err
		}
		return x.skip()
	})
	if err != nil {
		return nil, err
	}
	s.Tolerances |= x.tolerances
	if err := x.finish(); err != nil {
		return nil, err
	}
	if !s.referencesSet || s.SignedValue == "" {
		return nil, refuse(ReasonStructure, "%s: no References or no SignedValue", name)
	}
	return s, nil
}

// once refuses an element that comes twice; those of which there may be many are not given to it.
func (x *scanner) once() func(child string) error {
	seen := map[string]bool{}
	return func(child string) error {
		if seen[child] {
			return refuse(ReasonStructure, "%s: %s twice", x.file, child)
		}
		seen[child] = true
		return nil
	}
}

func (s *Signature) readInfo(x *scanner) error {
	once := x.once()
	return x.children(func(child string) (err error) {
		if child == "StampAnnot" {
			return s.readStamp(x)
		}
		if err := once(child); err != nil {
			return err
		}
		switch child {
		case "Provider":
			return s.readProvider(x)
		case "SignatureMethod":
			s.Method, err = x.textOf()
			if err == nil && !strings.HasPrefix(s.Method, "1.") {
				s.Tolerances |= TolerantMethodName
			}
			return err
		case "SignatureDateTime":
			s.DateTime, err = x.textOf()
			s.readTime()
			return err
		case "References":
			return s.readReferences(x)
		case "Seal":
			return s.readSeal(x)
		}
		return x.skip()
	})
}

func (s *Signature) readProvider(x *scanner) error {
	if err := x.read(map[string]*string{
		"ProviderName": &s.Provider.Name, "Version": &s.Provider.Version, "Company": &s.Provider.Company,
	}); err != nil {
		return err
	}
	elements := map[string]*string{
		"ProviderName": &s.Provider.Name, "Version": &s.Provider.Version, "Company": &s.Provider.Company,
	}
	return x.children(func(child string) (err error) {
		into := elements[child]
		if into == nil {
			return x.skip()
		}
		if *into != "" {
			return refuse(ReasonStructure, "%s: %s twice", x.file, child)
		}
		s.Tolerances |= TolerantProvider
		*into, err = x.textOf()
		return err
	})
}

// dateTimes are the forms in use; the first two are those of the standards. Parts of a second may follow each.
var dateTimes = []string{
	time.RFC3339, "20060102150405Z", "20060102150405", "2006-01-02 15:04:05",
	"2006-01-02T15:04:05", "2006-01-02",
}

// readTime reads DateTime as UTC where it says no zone. Whoever judges takes the time of the signature value: this one
// is a claim of the software, and is never more. Products that write a Z often mean local time.
func (s *Signature) readTime() {
	for i, layout := range dateTimes {
		if t, err := time.Parse(layout, s.DateTime); err == nil {
			s.Time = t.UTC()
			if i > 1 {
				s.Tolerances |= TolerantDateTime
			}
			return
		}
	}
	s.Tolerances |= TolerantDateTime
}

func (s *Signature) readReferences(x *scanner) error {
	s.referencesSet = true
	method, found, err := x.attr("CheckMethod")
	if err != nil {
		return err
	}
	s.CheckMethod = method
	if !found {
		method = string(MD5)
		s.Tolerances |= TolerantNoCheckMethod
	}
	s.Digest = ParseDigest(method)
	if found && !strings.Contains(method, ".") {
		s.Tolerances |= TolerantMethodName
	}
	seen := map[string]bool{}
	err = x.children(func(child string) error {
		if child != "Reference" {
			return x.skip()
		}
		if len(s.References) == maxReferences {
			return refuse(ReasonLimit, "%s: more than %d references", x.file, maxReferences)
		}
		r, err := readReference(x)
		if err != nil {
			return err
		}
		if seen[r.Path] {
			return refuse(ReasonDuplicate, "%s: reference to %s", x.file, r.Path)
		}
		seen[r.Path] = true
		s.References = append(s.References, r)
		return nil
	})
	if err == nil && len(s.References) == 0 {
		return refuse(ReasonStructure, "%s: no Reference", x.file)
	}
	return err
}

func readReference(x *scanner) (Reference, error) {
	path, found, err := x.attr("FileRef")
	if err != nil {
		return Reference{}, err
	}
	if !found || path == "" {
		return Reference{}, refuse(ReasonStructure, "%s: Reference without FileRef", x.file)
	}
	r := Reference{Path: path}
	err = x.children(func(child string) error {
		if child != "CheckValue" || r.Value != nil {
			return refuse(ReasonStructure, "%s: %s in Reference", x.file, child)
		}
		text, err := x.textOf()
		if err != nil {
			return err
		}
		text = strings.Join(strings.Fields(text), "") // long values are broken into lines
		if r.Value, err = base64.StdEncoding.Strict().DecodeString(text); err != nil || len(r.Value) == 0 {
			return refuse(ReasonStructure, "%s: CheckValue of %s", x.file, path)
		}
		return nil
	})
	if err == nil && r.Value == nil {
		err = refuse(ReasonStructure, "%s: Reference to %s without CheckValue", x.file, path)
	}
	return r, err
}

func (s *Signature) readStamp(x *scanner) error {
	if len(s.Stamps) == maxStamps {
		return refuse(ReasonLimit, "%s: more than %d stamps", x.file, maxStamps)
	}
	var stamp Stamp
	var boundary, clip string
	err := x.read(map[string]*string{
		"ID": &stamp.ID, "PageRef": &stamp.PageRef, "Boundary": &boundary, "Clip": &clip,
	})
	if err != nil {
		return err
	}
	if stamp.Boundary, err = ParseBox(boundary); err != nil {
		return err
	}
	if clip != "" {
		box, err := ParseBox(clip)
		if err != nil {
			return err
		}
		stamp.Clip = &box
	}
	for _, other := range s.Stamps {
		if other.ID == stamp.ID {
			return refuse(ReasonDuplicate, "%s: stamp %s", x.file, stamp.ID)
		}
	}
	s.Stamps = append(s.Stamps, stamp)
	return x.skip()
}

func (s *Signature) readSeal(x *scanner) error {
	once := x.once()
	return x.children(func(child string) (err error) {
		if err := once(child); err != nil {
			return err
		}
		switch child {
		case "BaseLoc":
			s.Seal, err = x.textOf()
			return err
		case "ImageLoc":
			s.SealImage, err = x.textOf()
			return err
		}
		return x.skip()
	})
}
