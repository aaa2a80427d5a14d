package tsp

import (
	"fmt"
	"time"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/elicense/elicense/internal/oid"
)

const (
	maxInfoBytes       = 64 << 10
	maxSerialBytes     = 21 // of 160 bits, with a sign
	maxAccuracySeconds = 1 << 31
)

// Info is a TSTInfo, what a token says.
//
//	TSTInfo ::= SEQUENCE { version INTEGER { v1(1) }, policy OBJECT IDENTIFIER, messageImprint MessageImprint,
//	            serialNumber INTEGER, genTime GeneralizedTime, accuracy Accuracy OPTIONAL,
//	            ordering BOOLEAN DEFAULT FALSE, nonce INTEGER OPTIONAL, tsa [0] GeneralName OPTIONAL,
//	            extensions [1] IMPLICIT Extensions OPTIONAL }
type Info struct {
	Policy     oid.ID
	Imprint    Imprint
	Serial     []byte    // contents octets of the INTEGER, not negative
	GenTime    time.Time // UTC
	Accuracy   Accuracy
	Ordering   bool
	Nonce      []byte // contents octets of the INTEGER, nil if absent
	TSA        []byte // GeneralName as a whole DER element, nil if absent
	Extensions []Extension
}

// Accuracy is how far the true time may be from genTime, to either side. The zero value says that nothing was stated.
//
//	Accuracy ::= SEQUENCE { seconds INTEGER OPTIONAL, millis [0] INTEGER (1..999) OPTIONAL,
//	             micros [1] INTEGER (1..999) OPTIONAL }
type Accuracy struct {
	Stated  bool
	Seconds int
	Millis  int
	Micros  int
}

// AccuracyOf is a duration as Accuracy, rounded up to microseconds.
func AccuracyOf(d time.Duration) Accuracy {
	micros := (d + time.Microsecond - 1) / time.Microsecond
	return Accuracy{
		Stated: true, Seconds: int(micros / 1e6), Millis: int(micros / 1000 % 1000), Micros: int(micros % 1000),
	}
}

// Duration is the sum of the parts.
func (a Accuracy) Duration() time.Duration {
	return time.Duration(a.Seconds)*time.Second + time.Duration(a.Millis)*time.Millisecond +
		time.Duration(a.Micros)*time.Microsecond
}

// ParseInfo reads one TSTInfo and nothing after it. The result points into der.
func ParseInfo(der []byte) (*Info, error) {
	if len(der) > maxInfoBytes {
		return nil, fmt.Errorf("%w: TSTInfo of %d bytes", ErrLimit, len(der))
	}
	input := cryptobyte.String(der)
	var body cryptobyte.String
	if !input.ReadASN1(&body, casn1.SEQUENCE) || !input.Empty() {
		return nil, malformed("TSTInfo")
	}
	i := new(Info)
	if err := readVersion(&body); err != nil {
		return nil, err
	}
	if field := i.readRequired(&body); field != "" {
		return nil, malformed(field)
	}
	if field := i.readOptional(&body); field != "" {
		return nil, malformed(field)
	}
	if !body.Empty() {
		return nil, malformed("bytes after the fields of TSTInfo")
	}
	return i, nil
}

// readRequired names the field at fault, or nothing.
func (i *Info) readRequired(body *cryptobyte.String) string {
	if !oid.Read(body, &i.Policy) {
		return "policy"
	}
	if !readImprint(body, &i.Imprint) {
		return "messageImprint"
	}
	var ok bool
	if i.Serial, ok = readOptionalInteger(body); !ok || i.Serial == nil || i.Serial[0]&0x80 != 0 {
		return "serialNumber"
	}
	if i.GenTime, ok = readGenTime(body); !ok {
		return "genTime"
	}
	return ""
}

func (i *Info) readOptional(body *cryptobyte.String) string {
	var ok bool
	if i.Accuracy, ok = readAccuracy(body); !ok {
		return "accuracy"
	}
	if i.Ordering, ok = readDefaultFalse(body); !ok {
		return "ordering"
	}
	if i.Nonce, ok = readOptionalInteger(body); !ok {
		return "nonce"
	}
	if i.TSA, ok = readGeneralName(body); !ok {
		return "tsa"
	}
	if i.Extensions, ok = readExtensions(body, context1); !ok {
		return "extensions"
	}
	return ""
}

func readAccuracy(s *cryptobyte.String) (Accuracy, bool) {
	if !s.PeekASN1Tag(casn1.SEQUENCE) {
		return Accuracy{}, true
	}
	a := Accuracy{Stated: true}
	var body cryptobyte.String
	ok := s.ReadASN1(&body, casn1.SEQUENCE) &&
		readPart(&body, casn1.INTEGER, 0, maxAccuracySeconds, &a.Seconds) &&
		readPart(&body, casn1.Tag(0).ContextSpecific(), 1, 999, &a.Millis) &&
		readPart(&body, casn1.Tag(1).ContextSpecific(), 1, 999, &a.Micros) && body.Empty()
	if !ok {
		return Accuracy{}, false
	}
	return a, true
}

// readPart reads an optional INTEGER under a tag.
func readPart(s *cryptobyte.String, tag casn1.Tag, low, high int64, out *int) bool {
	if !s.PeekASN1Tag(tag) {
		return true
	}
	var octets cryptobyte.String
	if !s.ReadASN1(&octets, tag) || !wellFormedInteger(octets) || len(octets) > 8 || octets[0]&0x80 != 0 {
		return false
	}
	var v int64
	for _, c := range octets {
		v = v<<8 | int64(c)
	}
	*out = int(v)
	return v >= low && v <= high
}

// readGeneralName reads [0] over a GeneralName, itself a context tag from 0 to 8 (RFC 5280, 4.2.1.6).
func readGeneralName(s *cryptobyte.String) ([]byte, bool) {
	if !s.PeekASN1Tag(context0) {
		return nil, true
	}
	var explicit, name cryptobyte.String
	var tag casn1.Tag
	if !s.ReadASN1(&explicit, context0) || !explicit.ReadAnyASN1Element(&name, &tag) || !explicit.Empty() {
		return nil, false
	}
	return name, tag&0xc0 == 0x80 && tag&0x1f <= 8
}

// MarshalInfo writes a TSTInfo. The time is written to the microsecond.
func MarshalInfo(i *Info) ([]byte, error) {
	if err := i.check(); err != nil {
		return nil, err
	}
	var b cryptobyte.Builder
	b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1Int64(1)
		oid.Add(b, i.Policy)
		addImprint(b, i.Imprint)
		addOptionalInteger(b, i.Serial)
		addGenTime(b, i.GenTime)
		addAccuracy(b, i.Accuracy)
		addDefaultFalse(b, i.Ordering)
		addOptionalInteger(b, i.Nonce)
		if i.TSA != nil {
			b.AddASN1(context0, func(b *cryptobyte.Builder) { b.AddBytes(i.TSA) })
		}
		addExtensions(b, context1, i.Extensions)
	})
	return written(&b)
}

// check is for writing: RFC 3161 wants serial numbers of at most 160 bits.
func (i *Info) check() error {
	year := i.GenTime.UTC().Year()
	for _, c := range []struct {
		ok    bool
		field string
	}{
		{i.Policy != "", "policy"}, {i.Imprint.wellFormed(), "messageImprint"},
		{wellFormedInteger(i.Serial) && i.Serial[0]&0x80 == 0 && len(i.Serial) <= maxSerialBytes, "serialNumber"},
		{1 <= year && year <= 9999, "genTime"}, {i.Accuracy.wellFormed(), "accuracy"},
		{i.Nonce == nil || wellFormedInteger(i.Nonce), "nonce"}, {i.TSA == nil || isElement(i.TSA), "tsa"},
		{len(i.Extensions) <= maxExtensions, "extensions"},
	} {
		if !c.ok {
			return fmt.Errorf("%w: %s", ErrInput, c.field)
		}
	}
	return nil
}

func (a Accuracy) wellFormed() bool {
	within := func(v, high int) bool { return 0 <= v && v <= high }
	return within(a.Seconds, maxAccuracySeconds) && within(a.Millis, 999) && within(a.Micros, 999)
}

func isElement(der []byte) bool {
	s := cryptobyte.String(der)
	var element cryptobyte.String
	var tag casn1.Tag
	return s.ReadAnyASN1(&element, &tag) && s.Empty()
}

func addAccuracy(b *cryptobyte.Builder, a Accuracy) {
	if !a.Stated {
		return
	}
	b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
		if a.Seconds != 0 {
			b.AddASN1Int64(int64(a.Seconds))
		}
		if a.Millis != 0 {
			b.AddASN1Int64WithTag(int64(a.Millis), casn1.Tag(0).ContextSpecific())
		}
		if a.Micros != 0 {
			b.AddASN1Int64WithTag(int64(a.Micros), casn1.Tag(1).ContextSpecific())
		}
	})
}
