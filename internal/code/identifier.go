package code

import (
	"strconv"
	"strings"
)

// IdentifierRoot is the OID arc before every licence identifier (电子证照根代码).
const IdentifierRoot = "1.2.156.3005.2"

// MaxIdentifierBytes is the longest identifier, root included (the width of the national table's column).
const MaxIdentifierBytes = 128

const (
	licenceTypeBytes = uscBytes + 3
	maxVersion       = 999
)

// Identifier is a licence identifier (电子证照标识) of GB/T 36904-2018:
//
//	1.2.156.3005.2 . type (21) . issuer (18 or 6) . serial . version (3) . check (1)
//
// It looks like an OID but is none, since its parts hold letters.
type Identifier struct {
	Type    string // 21 characters: USCC of the defining authority and a 3-digit serial (证照类型代码)
	Issuer  string // 18 characters (USCC of the issuing body) or, in old ones, 6 digits (division)
	Serial  string // [0-9A-Z]+, unique inside type and issuer (流水号)
	Version int    // 1..999, one more at each change of the same licence
	Check   byte   // as read, not judged: see CheckValid
}

// ParseIdentifier reads an identifier tolerantly: lower case is raised, the parts need the right shape only, a wrong
// check character or a USCC with a wrong check digit is no error. CheckIdentifier is the strict judge.
func ParseIdentifier(s string) (Identifier, error) {
	id, _, err := splitIdentifier(s)
	return id, err
}

// CheckIdentifier says whether s is an identifier exactly as NewIdentifier would make it.
func CheckIdentifier(s string) error {
	id, body, err := splitIdentifier(s)
	if err != nil {
		return err
	}
	if body != s {
		return identifierError("", ReasonAlphabet, lowerPosition(s), "")
	}
	if err := id.checkParts(); err != nil {
		return err
	}
	if !id.CheckValid() {
		e := identifierError("check", ReasonCheck, len(s), string(rune(id.Check)))
		e.Want = string(rune(id.ExpectedCheck()))
		return e
	}
	return nil
}

// NewIdentifier validates each part strictly and computes the check character. The issuer may be an 18-character USCC
// or a 6-digit division code.
func NewIdentifier(licenceType, issuer, serial string, version int) (Identifier, error) {
	id := Identifier{Type: licenceType, Issuer: issuer, Serial: serial, Version: version}
	if err := id.checkParts(); err != nil {
		return Identifier{}, err
	}
	id.Check = id.ExpectedCheck()
	return id, nil
}

// WithVersion is the identifier of another version of the same licence, with a fresh check character.
func (i Identifier) WithVersion(n int) (Identifier, error) {
	if n < 1 || n > maxVersion {
		return Identifier{}, versionError(n)
	}
	i.Version = n
	i.Check = i.ExpectedCheck()
	return i, nil
}

// String gives the full form with root.
func (i Identifier) String() string {
	return string(i.AppendTo(make([]byte, 0, MaxIdentifierBytes)))
}

// AppendTo appends the full form to dst.
func (i Identifier) AppendTo(dst []byte) []byte {
	dst = append(dst, IdentifierRoot...)
	dst = append(append(dst, '.'), i.Type...)
	dst = append(append(dst, '.'), i.Issuer...)
	dst = append(append(dst, '.'), i.Serial...)
	dst = append(dst, '.')
	dst = appendVersion(dst, i.Version)
	return append(dst, '.', i.Check)
}

// ExpectedCheck computes the check character: ISO/IEC 7064 MOD 37,36 (GB/T 17710) over type, issuer, serial and
// version, the root left out. It is 0 if a part holds a character outside [0-9A-Z].
func (i Identifier) ExpectedCheck() byte {
	var m mod3736
	m.write(i.Type)
	m.write(i.Issuer)
	m.write(i.Serial)
	var v [20]byte
	m.write(string(appendVersion(v[:0], i.Version)))
	return m.check()
}

// CheckValid reports whether the check character is the expected one.
func (i Identifier) CheckValid() bool { return i.Check != 0 && i.Check == i.ExpectedCheck() }

func (i Identifier) checkParts() error {
	if err := CheckLicenceType(i.Type); err != nil {
		return inField(err, ErrIdentifier, "type")
	}
	if err := checkIssuer(i.Issuer, true); err != nil {
		return err
	}
	if err := checkSerial(i.Serial); err != nil {
		return err
	}
	if i.Version < 1 || i.Version > maxVersion {
		return versionError(i.Version)
	}
	if n := len(IdentifierRoot) + len(i.Type) + len(i.Issuer) + len(i.Serial) + 9; n > MaxIdentifierBytes {
		return tooLong(n)
	}
	return nil
}

// splitIdentifier parses the shape and also gives s in upper case.
func splitIdentifier(s string) (Identifier, string, error) {
	if len(s) > MaxIdentifierBytes {
		return Identifier{}, "", tooLong(len(s))
	}
	s = upperASCII(s)
	body, found := strings.CutPrefix(s, IdentifierRoot+".")
	if !found {
		return Identifier{}, "", identifierError("root", ReasonRoot, 0, "")
	}
	parts, ok := cutParts(body)
	if !ok {
		n := strings.Count(body, ".") + 1
		e := identifierError("", ReasonParts, 0, strconv.Itoa(n))
		e.Want = "5"
		return Identifier{}, "", e
	}
	id := Identifier{Type: parts[0], Issuer: parts[1], Serial: parts[2]}
	if err := id.parseRest(parts[3], parts[4]); err != nil {
		return Identifier{}, "", err
	}
	return id, s, nil
}

func (i *Identifier) parseRest(version, check string) error {
	if len(i.Type) != licenceTypeBytes {
		return lengthError("type", len(i.Type), "21")
	}
	if p := outsideBase36(i.Type); p > 0 {
		return identifierError("type", ReasonAlphabet, p, i.Type[p-1:p])
	}
	if err := checkIssuer(i.Issuer, false); err != nil {
		return err
	}
	if err := checkSerial(i.Serial); err != nil {
		return err
	}
	n, ok := digits(version)
	if !ok || len(version) != 3 || n == 0 {
		e := identifierError("version", ReasonRange, 0, "")
		e.Want = "001..999"
		return e
	}
	if len(check) != 1 || outsideBase36(check) > 0 {
		return lengthError("check", len(check), "1")
	}
	i.Version, i.Check = n, check[0]
	return nil
}

// cutParts splits at the full stops into exactly five parts.
func cutParts(body string) (parts [5]string, ok bool) {
	for k := range 4 {
		head, tail, found := strings.Cut(body, ".")
		if !found {
			return parts, false
		}
		parts[k], body = head, tail
	}
	parts[4] = body
	return parts, strings.IndexByte(body, '.') < 0
}

func checkIssuer(issuer string, strict bool) error {
	switch len(issuer) {
	case uscBytes:
		if p := outsideBase36(issuer); p > 0 {
			return identifierError("issuer", ReasonAlphabet, p, issuer[p-1:p])
		}
		if !strict {
			return nil
		}
		return inField(CheckUSCC(issuer), ErrIdentifier, "issuer")
	case divisionBytes:
		if _, ok := digits(issuer); !ok {
			return identifierError("issuer", ReasonDivision, 0, "")
		}
		return nil
	}
	return lengthError("issuer", len(issuer), "18")
}

func checkSerial(serial string) error {
	if serial == "" {
		return identifierError("serial", ReasonEmpty, 0, "")
	}
	if p := outsideBase36(serial); p > 0 {
		return identifierError("serial", ReasonAlphabet, p, serial[p-1:p])
	}
	return nil
}

func appendVersion(dst []byte, n int) []byte {
	if n >= 0 && n < 100 {
		dst = append(dst, '0')
	}
	if n >= 0 && n < 10 {
		dst = append(dst, '0')
	}
	return strconv.AppendInt(dst, int64(n), 10)
}

func identifierError(field string, r Reason, position int, found string) *CheckError {
	return &CheckError{Err: ErrIdentifier, Field: field, Reason: r, Position: position, Found: found}
}

func lengthError(field string, found int, want string) *CheckError {
	e := identifierError(field, ReasonLength, 0, strconv.Itoa(found))
	e.Want = want
	return e
}

func versionError(n int) *CheckError {
	e := identifierError("version", ReasonRange, 0, strconv.Itoa(n))
	e.Want = "1..999"
	return e
}

func tooLong(n int) *CheckError {
	e := lengthError("", n, "at most "+strconv.Itoa(MaxIdentifierBytes))
	return e
}

// mod3736 is the hybrid system MOD 37,36 of ISO/IEC 7064; the zero value is ready.
type mod3736 struct {
	p   int
	bad bool
}

func (m *mod3736) write(s string) {
	p := m.p
	if p == 0 {
		p = 36
	}
	for k := range len(s) {
		v := base36(s[k])
		if v < 0 {
			m.bad = true
			return
		}
		if p += v; p >= 36 {
			p -= 36
		}
		if p == 0 {
			p = 36
		}
		if p *= 2; p >= 37 {
			p -= 37
		}
	}
	m.p = p
}

func (m *mod3736) check() byte {
	if m.bad || m.p == 0 {
		return 0
	}
	return base36Alphabet[(37-m.p)%36]
}
