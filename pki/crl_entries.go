package pki

import (
	"bytes"
	"hash/maphash"
	"iter"
	"math/big"
	"math/bits"
	"time"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/elicense/elicense/internal/oid"
)

// CRLEntry is one revoked certificate on a CRL.
type CRLEntry struct {
	Serial *big.Int
	// RevokedAt is the revocationDate.
	RevokedAt time.Time
	// InvalidFrom is the invalidityDate: from when on the key is known or feared to have been misused. Zero if absent.
	InvalidFrom time.Time
	Cause       Cause
}

// listing is an entry as the index meets it: nothing in it is copied.
type listing struct {
	serial      []byte // contents of the INTEGER
	revokedAt   time.Time
	invalidFrom time.Time
	cause       Cause
	foreign     bool   // names an issuer of its own: only indirect CRLs do
	unknown     []byte // a critical extension that is not understood
}

// from is since when the certificate must not be relied on: the earlier of both dates.
func (l *listing) from() time.Time {
	if !l.invalidFrom.IsZero() && l.invalidFrom.Before(l.revokedAt) {
		return l.invalidFrom
	}
	return l.revokedAt
}

// crlEntries is the list revokedCertificates with an index over it: an open hash table of offsets, so that a look-up
// takes a few steps however long the list is, and nothing is unpacked before it is asked for.
type crlEntries struct {
	list  []byte // contents of revokedCertificates
	count int
	seed  maphash.Seed
	slots []uint32 // 1 + offset of an entry in list, or 0
}

// readEntries checks every entry and builds the index. It names the field that is wrong.
func (c *CRL) readEntries(list cryptobyte.String, version2 bool) string {
	c.entries.list = list
	for rest := list; !rest.Empty(); c.entries.count++ {
		var l listing
		if !readListing(&rest, &l, version2) {
			return "revokedCertificates"
		}
		if l.cause == CauseRemoveFromCRL && !c.IsDelta() {
			return "removeFromCRL in a full CRL" // RFC 5280, 5.3.1
		}
		c.Scope.Indirect = c.Scope.Indirect || l.foreign
		if l.unknown != nil && c.unknown == "" {
			c.unknown = oid.ID(l.unknown)
		}
	}
	c.entries.index()
	return ""
}

// readListing reads one entry.
//
//	SEQUENCE { userCertificate INTEGER, revocationDate Time, crlEntryExtensions Extensions OPTIONAL }
func readListing(rest *cryptobyte.String, l *listing, version2 bool) bool {
	var entry, serial, extensions cryptobyte.String
	var extended bool
	if !rest.ReadASN1(&entry, casn1.SEQUENCE) || !readIntegerBytes(&entry, &serial) ||
		!readTime(&entry, &l.revokedAt) ||
		!entry.ReadOptionalASN1(&extensions, &extended, casn1.SEQUENCE) || !entry.Empty() {
		return false
	}
	l.serial = serial
	return !extended || version2 && readEntryExtensions(extensions, l)
}

// readEntryExtensions reads the extensions of RFC 5280, 5.3. No memory is taken: a CRL may have millions of them.
func readEntryExtensions(list cryptobyte.String, l *listing) bool {
	if list.Empty() {
		return false
	}
	var seen seenExtensions
	for !list.Empty() {
		e, ok := nextExtension(&list)
		if !ok || !seen.add(e.id) || !readEntryExtension(e, l) {
			return false
		}
	}
	return true
}

func readEntryExtension(e extension, l *listing) bool {
	switch string(e.id) {
	case string(oid.CRLReason):
		return readCause(&e.value, &l.cause) && e.value.Empty()
	case string(oid.InvalidityDate):
		return readGeneralizedTime(&e.value, &l.invalidFrom) && e.value.Empty()
	case string(oid.CertificateIssuer):
		l.foreign = true
		return true
	default:
		if e.critical {
			l.unknown = e.id
		}
		return true
	}
}

// readCause reads CRLReason ::= ENUMERATED.
func readCause(s *cryptobyte.String, out *Cause) bool {
	var value int
	if !s.ReadASN1Enum(&value) || value < 0 || value > 0xff || !Cause(value).valid() {
		return false
	}
	*out = Cause(value)
	return true
}

// index builds the hash table. Of several entries with one serial number it keeps the worst, so that no entry can
// hide another, and so that a list of nothing but equal numbers costs no more than any other.
func (e *crlEntries) index() {
	if e.count == 0 {
		return
	}
	e.seed = maphash.MakeSeed()
	e.slots = make([]uint32, 1<<bits.Len(uint(e.count+e.count/2)))
	rest := cryptobyte.String(e.list)
	for !rest.Empty() {
		offset := len(e.list) - len(rest)
		var l listing
		if !readListing(&rest, &l, true) {
			return // readEntries has read the same
		}
		slot := e.find(l.serial)
		if e.slots[slot] != 0 {
			if there := e.at(slot); !worse(&l, &there) {
				continue
			}
		}
		e.slots[slot] = uint32(offset) + 1 //nolint:gosec // less than MaxCRLBytes
	}
}

// find is the slot that holds serial, or the free one where it would stand.
func (e *crlEntries) find(serial []byte) int {
	mask := len(e.slots) - 1
	slot := int(maphash.Bytes(e.seed, serial)) & mask //nolint:gosec // masked
	for e.slots[slot] != 0 && !bytes.Equal(e.serialAt(slot), serial) {
		slot = (slot + 1) & mask
	}
	return slot
}

// serialAt reads no more of the entry than the comparison needs.
func (e *crlEntries) serialAt(slot int) []byte {
	rest := cryptobyte.String(e.list[e.slots[slot]-1:])
	var entry, serial cryptobyte.String
	if !rest.ReadASN1(&entry, casn1.SEQUENCE) || !entry.ReadASN1(&serial, casn1.INTEGER) {
		return nil
	}
	return serial
}

func (e *crlEntries) at(slot int) listing {
	rest := cryptobyte.String(e.list[e.slots[slot]-1:])
	var l listing
	if !readListing(&rest, &l, true) {
		return listing{}
	}
	return l
}

// worse orders two entries of one certificate: a revocation for ever before a hold before a removal, then the earlier.
func worse(a, b *listing) bool {
	if x, y := severity(a.cause), severity(b.cause); x != y {
		return x > y
	}
	return a.from().Before(b.from())
}

const (
	severityRemoved = iota
	severityHeld
	severityRevoked
)

func severity(c Cause) int {
	if c == CauseRemoveFromCRL {
		return severityRemoved
	}
	if c == CauseCertificateHold {
		return severityHeld
	}
	return severityRevoked
}

// lookup finds the entry of a serial number, given as the contents of its INTEGER.
func (e *crlEntries) lookup(serial []byte) (listing, bool) {
	if e.count == 0 {
		return listing{}, false
	}
	slot := e.find(serial)
	if e.slots[slot] == 0 {
		return listing{}, false
	}
	return e.at(slot), true
}

// Entry finds the entry of a serial number; of several the worst. That there is none does not make a certificate good:
// the CRL may not speak for it, see VerifyRevocation.
func (c *CRL) Entry(serial *big.Int) (CRLEntry, bool) {
	if serial == nil {
		return CRLEntry{}, false
	}
	l, ok := c.entries.lookup(integerContents(serial))
	if !ok {
		return CRLEntry{}, false
	}
	return l.entry(), true
}

// Entries yields every entry in the order of the list.
func (c *CRL) Entries() iter.Seq[CRLEntry] {
	return func(yield func(CRLEntry) bool) {
		for rest := cryptobyte.String(c.entries.list); !rest.Empty(); {
			var l listing
			if !readListing(&rest, &l, true) || !yield(l.entry()) {
				return
			}
		}
	}
}

func (l *listing) entry() CRLEntry {
	return CRLEntry{
		Serial: integerValue(l.serial), RevokedAt: l.revokedAt, InvalidFrom: l.invalidFrom, Cause: l.cause,
	}
}
