package ca

import (
	"time"

	"github.com/elicense/elicense/internal/oid"
	"github.com/elicense/elicense/pki"
)

// The entries of a CRL are written by hand, not through a builder: a full CRL has a million of them. Every length in
// an entry fits into one byte:
//
//	Entry ::= SEQUENCE { userCertificate INTEGER, revocationDate Time, crlEntryExtensions Extensions OPTIONAL }
//
// with reasonCode and invalidityDate as extensions, neither critical (RFC 5280, 5.3).

const (
	tagInteger     = 0x02
	tagOctetString = 0x04
	tagOID         = 0x06
	tagEnumerated  = 0x0a
	tagUTCTime     = 0x17
	tagGeneralized = 0x18
	tagSequence    = 0x30

	maxEntryBytes = 96 // of an entry with everything in it
)

// appendCRLEntry appends one entry. A certificate that is valid again stands in a delta CRL as removeFromCRL, with
// the time when it came back.
func appendCRLEntry(b []byte, v *Revocation) []byte {
	cause := v.Cause
	if v.State == StateValid {
		cause = pki.CauseRemoveFromCRL
	}
	from := len(b)
	b = append(b, tagSequence, 0)
	b = appendSerial(b, v.Serial)
	b = appendCRLTime(b, v.At)
	if cause != pki.CauseUnspecified || !v.Invalid.IsZero() { // an unspecified reason is left out (RFC 5280, 5.3.1)
		at := len(b)
		b = append(b, tagSequence, 0)
		if cause != pki.CauseUnspecified {
			b = appendEntryExtension(b, oid.CRLReason, []byte{tagEnumerated, 1, byte(cause)})
		}
		if !v.Invalid.IsZero() {
			b = appendEntryExtension(b, oid.InvalidityDate, appendGeneralizedTime(make([]byte, 0, 17), v.Invalid))
		}
		b[at+1] = short(len(b) - at - 2)
	}
	b[from+1] = short(len(b) - from - 2)
	return b
}

// short is a length below 128, which is its own encoding.
func short(n int) byte { return byte(n & 0x7f) }

// appendSerial appends a serial number as INTEGER in its shortest form.
func appendSerial(b []byte, s Serial) []byte {
	rest := s[:]
	for len(rest) > 1 && rest[0] == 0 {
		rest = rest[1:]
	}
	if rest[0]&0x80 != 0 { // a shorter number of a foreign certificate
		b = append(b, tagInteger, short(len(rest)+1), 0)
	} else {
		b = append(b, tagInteger, short(len(rest)))
	}
	return append(b, rest...)
}

func appendEntryExtension(b []byte, id oid.ID, value []byte) []byte {
	b = append(b, tagSequence, short(4+len(id)+len(value)), tagOID, short(len(id)))
	b = append(b, id...)
	b = append(b, tagOctetString, short(len(value)))
	return append(b, value...)
}

// appendCRLTime writes UTCTime up to 2049 and GeneralizedTime from 2050, as everywhere else (RFC 5280, 5.1.2.6).
func appendCRLTime(b []byte, t time.Time) []byte {
	if t = t.UTC(); t.Year() >= 2050 {
		return appendGeneralizedTime(b, t)
	}
	b = append(b, tagUTCTime, 13)
	return appendClock(appendDigits(b, t.Year()%100), t)
}

func appendGeneralizedTime(b []byte, t time.Time) []byte {
	t = t.UTC()
	b = append(b, tagGeneralized, 15)
	return appendClock(appendDigits(appendDigits(b, t.Year()/100), t.Year()%100), t)
}

// appendClock writes what follows the year: month to second, and Z.
func appendClock(b []byte, t time.Time) []byte {
	hour, minute, second := t.Clock()
	for _, n := range []int{int(t.Month()), t.Day(), hour, minute, second} {
		b = appendDigits(b, n)
	}
	return append(b, 'Z')
}

func appendDigits(b []byte, n int) []byte {
	const digits = "0123456789"
	return append(b, digits[n/10%10], digits[n%10])
}
