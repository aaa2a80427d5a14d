package ofd

// SignatureRef is one entry of Signatures.xml (GB/T 33190-2016, 18.1).
type SignatureRef struct {
	ID string
	// Type is Seal or Sign; Seal if nothing is said.
	Type string
	// Location is BaseLoc as it stands there, File where it leads: empty if there is no such file.
	Location, File string
}

// Types of signatures.
const (
	TypeSeal = "Seal"
	TypeSign = "Sign"
)

// SignatureList is Signatures.xml.
type SignatureList struct {
	File       string // its name
	MaxID      string // MaxSignId as it stands there
	Signatures []SignatureRef
	Tolerances Tolerances

	raw        []byte
	end        int // where </Signatures> begins, or the whole empty tag
	empty      bool
	maxStart   int // the text of MaxSignId; both 0 if there is none
	maxEnd     int
	rootPrefix string
}

const maxSignatures = 256

// Signatures reads the list of signatures of a document. A document that names none has an empty list; one that names a
// list that is not there is refused, for its signatures were stripped.
func (p *Package) Signatures(d Document) (*SignatureList, error) {
	switch {
	case d.SignaturesNamed == "":
		return &SignatureList{}, nil
	case d.SignatureList == "":
		return nil, refuse(ReasonMissing, "the document names signatures in %q, which are not there", d.SignaturesNamed)
	}
	b, err := p.readXML(d.SignatureList)
	if err != nil {
		return nil, err
	}
	l, err := ParseSignatureList(d.SignatureList, b)
	if err != nil {
		return nil, err
	}
	for i := range l.Signatures {
		s := &l.Signatures[i]
		if err := p.follow(l.File, s.Location, &s.File, &l.Tolerances); err != nil && !isMissing(err) {
			return nil, err
		}
	}
	return l, nil
}

// ParseSignatureList reads Signatures.xml of the given name. The files of its signatures are not looked for.
func ParseSignatureList(name string, b []byte) (*SignatureList, error) {
	x, err := newScanner(name, b)
	if err != nil {
		return nil, err
	}
	if err := x.root("Signatures"); err != nil {
		return nil, err
	}
	l := &SignatureList{File: name, raw: b, empty: x.empty, rootPrefix: x.rootPrefix}
	if err := x.children(func(child string) error { return l.read(x, child) }); err != nil {
		return nil, err
	}
	l.end = x.start
	l.Tolerances = x.tolerances
	if err := x.finish(); err != nil {
		return nil, err
	}
	return l, nil
}

func (l *SignatureList) read(x *scanner, child string) (err error) {
	switch child {
	case "MaxSignId":
		if l.maxEnd != 0 {
			return refuse(ReasonStructure, "%s: MaxSignId twice", x.file)
		}
		l.maxStart = x.end
		if x.empty {
			l.maxStart = 0
		}
		l.MaxID, err = x.textOf()
		l.maxEnd = x.start
		return err
	case "Signature":
		return l.readRef(x)
	}
	return x.skip()
}

func (l *SignatureList) readRef(x *scanner) error {
	if len(l.Signatures) == maxSignatures {
		return refuse(ReasonLimit, "%s: more than %d signatures", x.file, maxSignatures)
	}
	s := SignatureRef{}
	if err := x.read(map[string]*string{"ID": &s.ID, "Type": &s.Type, "BaseLoc": &s.Location}); err != nil {
		return err
	}
	switch s.Type {
	case "":
		s.Type = TypeSeal
	case TypeSeal, TypeSign:
	default:
		return refuse(ReasonStructure, "%s: signature %s of type %q", x.file, s.ID, s.Type)
	}
	if s.Location == "" {
		return refuse(ReasonStructure, "%s: signature %s without BaseLoc", x.file, s.ID)
	}
	for _, other := range l.Signatures {
		if other.ID == s.ID || other.Location == s.Location {
			return refuse(ReasonDuplicate, "%s: signature %s", x.file, s.ID)
		}
	}
	l.Signatures = append(l.Signatures, s)
	return x.skip()
}
