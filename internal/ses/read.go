package ses

import (
	"time"
	"unicode/utf8"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/elicense/elicense/internal/oid"
)

const (
	context0  = casn1.Tag(0x80 | 0x20)
	ia5String = casn1.Tag(22)
)

// Layouts of the one form that DER has for each kind of time.
const (
	generalLayout = "20060102150405Z"
	utcLayout     = "060102150405Z"
)

// reader reads one structure and notes what it tolerated. It lives for one call.
type reader struct {
	tolerances Tolerances
}

func (r *reader) note(t Tolerances, met bool) {
	if met {
		r.tolerances |= t
	}
}

// readText reads a string of one kind: not empty, at most limit bytes, ASCII if it is an IA5String or PrintableString.
func readText(s *cryptobyte.String, tag casn1.Tag, field string) (string, error) {
	var body cryptobyte.String
	if !s.ReadASN1(&body, tag) {
		return "", malformed(field)
	}
	if len(body) > maxTextBytes {
		return "", beyond(field)
	}
	if len(body) == 0 || !utf8.Valid(body) || tag != casn1.UTF8String && !printable(body) {
		return "", malformed(field)
	}
	return string(body), nil
}

// printable tells whether b is ASCII without control characters.
func printable(b []byte) bool {
	for _, c := range b {
		if c < 0x20 || c > 0x7e {
			return false
		}
	}
	return true
}

func readOctets(s *cryptobyte.String, limit int, field string) ([]byte, error) {
	var body cryptobyte.String
	if !s.ReadASN1(&body, casn1.OCTET_STRING) {
		return nil, malformed(field)
	}
	if len(body) > limit {
		return nil, beyond(field)
	}
	return body, nil
}

// readCertificate reads an OCTET STRING that holds exactly one SEQUENCE; what is in that is pki's to say.
func readCertificate(s *cryptobyte.String, field string) ([]byte, error) {
	body, err := readOctets(s, maxCertBytes, field)
	if err != nil {
		return nil, err
	}
	if !isSequence(body) {
		return nil, malformed(field)
	}
	return body, nil
}

func isSequence(der []byte) bool {
	element := cryptobyte.String(der)
	return element.SkipASN1(casn1.SEQUENCE) && element.Empty()
}

func readBits(s *cryptobyte.String, limit int, field string) ([]byte, error) {
	var body []byte
	if !s.ReadASN1BitStringAsBytes(&body) || len(body) == 0 {
		return nil, malformed(field)
	}
	if len(body) > limit {
		return nil, beyond(field)
	}
	return body, nil
}

// algorithm reads the identifier of a signature algorithm.
func (r *reader) algorithm(s *cryptobyte.String, field string) (oid.ID, error) {
	var id oid.ID
	if !oid.Read(s, &id) {
		return "", malformed(field)
	}
	r.note(TolerantForeignAlgorithm, !IsSM2(id))
	r.note(TolerantAlgorithm, IsSM2(id) && id != oid.SM2WithSM3)
	return id, nil
}

// instant reads a time in its DER form. V1 has UTCTime, the others GeneralizedTime.
func (r *reader) instant(s *cryptobyte.String, v1 bool, field string) (time.Time, error) {
	isUTC := s.PeekASN1Tag(casn1.UTCTime)
	tag, layout := casn1.GeneralizedTime, generalLayout
	if isUTC {
		tag, layout = casn1.UTCTime, utcLayout
	}
	var body cryptobyte.String
	if !s.ReadASN1(&body, tag) {
		return time.Time{}, malformed(field)
	}
	t, ok := parseTime(layout, string(body))
	if !ok {
		return time.Time{}, malformed(field)
	}
	r.note(TolerantTimeType, isUTC != v1)
	return t, nil
}

// parseTime reads text that has exactly the form of the layout. A UTCTime is of the years 1950 to 2049.
func parseTime(layout, text string) (time.Time, bool) {
	t, err := time.Parse(layout, text)
	if err != nil || t.Format(layout) != text {
		return time.Time{}, false
	}
	if layout == utcLayout && t.Year() >= 2050 {
		t = t.AddDate(-100, 0, 0)
	}
	return t, t.Year() > 0
}

// readToken reads [0] EXPLICIT BIT STRING OPTIONAL, a time-stamp token.
func readToken(s *cryptobyte.String, field string) ([]byte, error) {
	var tagged cryptobyte.String
	var present bool
	if !s.ReadOptionalASN1(&tagged, &present, context0) {
		return nil, malformed(field)
	}
	if !present {
		return nil, nil
	}
	token, err := readBits(&tagged, MaxTokenBytes, field)
	if err != nil {
		return nil, err
	}
	if !tagged.Empty() {
		return nil, malformed(field)
	}
	return token, nil
}
