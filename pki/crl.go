package pki

import (
	"bytes"
	"errors"
	"fmt"
	"math/big"
	"sync/atomic"
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

	Issuer     string // RFC 4514 text
	IssuerName Name
	ThisUpdate time.Time
	NextUpdate time.Time // zero if absent
	Number     *big.Int  // nil if absent
	// BaseNumber is the deltaCRLIndicator: the CRL it adds to. It is nil in a full CRL.
	BaseNumber     *big.Int
	AuthorityKeyID []byte
	FreshestCRL    []DistributionPoint // where the delta CRLs to this one are
	// Scope is the issuingDistributionPoint: for which certificates and reasons this CRL speaks.
	Scope CRLScope
	// ExpiredFrom is expiredCertsOnCRL: certificates that expired at this time or later are still listed. Zero if
	// absent: an entry may have been dropped once its certificate expired.
	ExpiredFrom time.Time

	SignatureAlgorithm SignatureAlgorithm
	Signature          []byte // contents of the BIT STRING

	unknown  oid.ID // a critical extension of list or entry that is not understood here
	entries  crlEntries
	verified atomic.Pointer[[32]byte] // digest of the key with which the signature has been found good
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
	if !list.ReadASN1BitStringAsBytes(&c.Signature) || !list.Empty() {
		return nil, fmt.Errorf("%w: signatureValue", ErrCRL)
	}
	c.RawTBS = tbs
	if field := c.readTBS(tbs, algorithm); field != "" {
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
func (c *CRL) readTBS(element, outer cryptobyte.String) string {
	var tbs cryptobyte.String
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
	inner := tbs
	if !tbs.SkipASN1(casn1.SEQUENCE) || !bytes.Equal(inner[:len(inner)-len(tbs)], outer) ||
		!readAlgorithm(&inner, &c.SignatureAlgorithm) {
		return "signature"
	}
	if !readName(&tbs, &c.IssuerName) || c.IssuerName.Empty() { // RFC 5280, 5.1.2.3
		return "issuer"
	}
	c.RawIssuer, c.Issuer = c.IssuerName.Raw, c.IssuerName.String()
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
	if !tbs.ReadOptionalASN1(&revoked, &listed, casn1.SEQUENCE) {
		return "revokedCertificates"
	}
	if !tbs.ReadOptionalASN1(&extensions, &extended, constructedTag(0)) || extended && !version2 || !tbs.Empty() {
		return "crlExtensions"
	}
	c.Scope.Causes = AllReasons
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

// readName reads a Name. How its texts are encoded does not matter here: it is only compared.
func readName(s *cryptobyte.String, out *Name) bool {
	name, err := (&reader{tolerant: true}).name(s, "name")
	*out = name
	return err == nil
}

// readAlgorithm reads an AlgorithmIdentifier. Whether its parameters are NULL or absent does not matter here.
func readAlgorithm(s *cryptobyte.String, out *SignatureAlgorithm) bool {
	var body cryptobyte.String
	if !s.ReadASN1(&body, casn1.SEQUENCE) {
		return false
	}
	a, err := (&reader{tolerant: true}).signatureAlgorithm(body, "algorithm")
	*out = a
	return err == nil
}
