package pki

import (
	"bytes"
	"errors"
	"fmt"
	"math/big"
	"time"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/elicense/elicense/internal/oid"
)

// MaxCRLBytes is the size of the largest CRL that is read: about two and a half million entries.
const MaxCRLBytes = 128 << 20

// ErrCRL is returned for bytes that are no CRL.
var ErrCRL = errors.New("pki: malformed CRL")

// CRL is a certificate revocation list (证书撤销列表) as read, full or delta; it says nothing about trust. It is
// immutable and safe for concurrent use.
type CRL struct {
	Raw       []byte
	RawTBS    []byte
	RawIssuer []byte // DER Name

	ThisUpdate time.Time
	NextUpdate time.Time // zero if absent
	Number     *big.Int  // nil if absent
	// BaseNumber is the deltaCRLIndicator: the CRL it adds to. It is nil in a full CRL.
	BaseNumber     *big.Int
	AuthorityKeyID []byte
	// Scope is the issuingDistributionPoint: for which certificates and reasons this CRL speaks.
	Scope CRLScope
	// ExpiredFrom is expiredCertsOnCRL: certificates that expired at this time or later are still listed. Zero if
	// absent: an entry may have been dropped once its certificate expired.
	ExpiredFrom time.Time

	algorithm []byte // DER AlgorithmIdentifier
	signature []byte // contents of the BIT STRING
	unknown   oid.ID // a critical extension of list or entry that is not understood here
	entries   crlEntries
}

// CRLScope is for which certificates a CRL speaks (issuingDistributionPoint, RFC 5280, 5.2.5). The zero value is the
// scope of a CRL without the extension: all certificates of its issuer, for every reason.
type CRLScope struct {
	// Raw is the extension's value, nil if absent. A delta CRL belongs to a full CRL with the same bytes here.
	Raw                []byte
	Names              distributionName
	OnlyUsers          bool // only certificates of end entities
	OnlyAuthorities    bool // only certificates of CAs
	OnlyAttributeCerts bool
	// Causes are the reasons covered; AllCauses if the CRL is not partitioned by reason.
	Causes CauseSet
	// Indirect marks a CRL that may list certificates of other issuers. Such CRLs are read but never relied on.
	Indirect bool
}

// ParseCRL reads one DER CRL and nothing after it. Every entry is checked, and found again without a search
// (CRL.Entry): beside a copy of the bytes it takes about eight bytes of memory for an entry.
//
//	CertificateList ::= SEQUENCE { tbsCertList, signatureAlgorithm, signature BIT STRING }
func ParseCRL(der []byte) (*CRL, error) {
	if len(der) > MaxCRLBytes {
		return nil, fmt.Errorf("%w: %d bytes", ErrCRL, len(der))
	}
	der = bytes.Clone(der)
	input := cryptobyte.String(der)
	var list, tbs, algorithm cryptobyte.String
	c := &CRL{Raw: der}
	if !input.ReadASN1(&list, casn1.SEQUENCE) || !input.Empty() ||
		!list.ReadASN1Element(&tbs, casn1.SEQUENCE) || !list.ReadASN1Element(&algorithm, casn1.SEQUENCE) {
		return nil, fmt.Errorf("%w: outer structure", ErrCRL)
	}
	if !list.ReadASN1BitStringAsBytes(&c.signature) || !list.Empty() {
		return nil, fmt.Errorf("%w: signatureValue", ErrCRL)
	}
	c.RawTBS, c.algorithm = tbs, algorithm
	if field := c.readTBS(tbs); field != "" {
		return nil, fmt.Errorf("%w: %s", ErrCRL, field)
	}
	return c, nil
}

// readTBS names the field that is wrong, or returns the empty string.
//
//	TBSCertList ::= SEQUENCE {
//	    version INTEGER (1) OPTIONAL, signature AlgorithmIdentifier, issuer Name,
//	    thisUpdate Time, nextUpdate Time OPTIONAL,
//	    revokedCertificates SEQUENCE OF Entry OPTIONAL, crlExtensions [0] EXPLICIT Extensions OPTIONAL }
func (c *CRL) readTBS(element cryptobyte.String) string {
	var tbs, algorithm, issuer cryptobyte.String
	if !element.ReadASN1(&tbs, casn1.SEQUENCE) {
		return "tbsCertList"
	}
	version2 := tbs.PeekASN1Tag(casn1.INTEGER)
	if version2 {
		var version int
		if !tbs.ReadASN1Integer(&version) || version != 1 {
			return "version"
		}
	}
	// Both algorithm identifiers must be the same (RFC 5280, 5.1.1.2): the signature covers only the inner one.
	if !tbs.ReadASN1Element(&algorithm, casn1.SEQUENCE) || !bytes.Equal(algorithm, c.algorithm) {
		return "signature"
	}
	if !readCRLName(&tbs, &issuer) {
		return "issuer"
	}
	c.RawIssuer = issuer
	if !readTime(&tbs, &c.ThisUpdate) {
		return "thisUpdate"
	}
	if !readOptionalTime(&tbs, &c.NextUpdate) || !c.NextUpdate.IsZero() && c.NextUpdate.Before(c.ThisUpdate) {
		return "nextUpdate"
	}
	return c.readLists(tbs, version2)
}

// readLists reads what follows nextUpdate. Version 1 has no extensions, neither of the list nor of an entry.
func (c *CRL) readLists(tbs cryptobyte.String, version2 bool) string {
	var revoked, extensions cryptobyte.String
	var listed, extended bool
	tag := casn1.Tag(0).ContextSpecific().Constructed()
	if !tbs.ReadOptionalASN1(&revoked, &listed, casn1.SEQUENCE) {
		return "revokedCertificates"
	}
	if !tbs.ReadOptionalASN1(&extensions, &extended, tag) || extended && !version2 || !tbs.Empty() {
		return "crlExtensions"
	}
	c.Scope.Causes = AllCauses
	if extended {
		if field := c.readExtensions(extensions); field != "" {
			return field
		}
	}
	return c.readEntries(revoked, version2)
}

// IsDelta tells whether c lists only changes to a full CRL.
func (c *CRL) IsDelta() bool { return c.BaseNumber != nil }

// Len is the number of entries.
func (c *CRL) Len() int { return c.entries.count }

// readCRLName reads a Name that is not empty (RFC 5280, 5.1.2.3).
func readCRLName(s *cryptobyte.String, out *cryptobyte.String) bool {
	var name cryptobyte.String
	if !s.ReadASN1Element(out, casn1.SEQUENCE) {
		return false
	}
	whole := *out
	return whole.ReadASN1(&name, casn1.SEQUENCE) && !name.Empty() && wellFormedName(name)
}

// wellFormedName checks RDNSequence ::= SEQUENCE OF SET OF SEQUENCE { type, value }.
func wellFormedName(name cryptobyte.String) bool {
	for !name.Empty() {
		var set cryptobyte.String
		if !name.ReadASN1(&set, casn1.SET) || !wellFormedRDN(set) {
			return false
		}
	}
	return true
}

func wellFormedRDN(set cryptobyte.String) bool {
	if set.Empty() {
		return false
	}
	for !set.Empty() {
		var attribute, value cryptobyte.String
		var id oid.ID
		var tag casn1.Tag
		if !set.ReadASN1(&attribute, casn1.SEQUENCE) || !oid.Read(&attribute, &id) ||
			!attribute.ReadAnyASN1(&value, &tag) || !attribute.Empty() {
			return false
		}
	}
	return true
}
