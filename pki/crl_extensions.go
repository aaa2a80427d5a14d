package pki

import (
	"bytes"
	"math/big"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/elicense/elicense/internal/oid"
)

// maxCRLNumberBytes is the longest cRLNumber (RFC 5280, 5.2.3), with the octet of its sign.
const maxCRLNumberBytes = 21

// readExtensions reads crlExtensions (RFC 5280, 5.2). It names the extension that is wrong.
func (c *CRL) readExtensions(explicit cryptobyte.String) string {
	var list cryptobyte.String
	if !explicit.ReadASN1(&list, casn1.SEQUENCE) || !explicit.Empty() || list.Empty() {
		return "crlExtensions"
	}
	var seen seenExtensions
	for !list.Empty() {
		e, ok := nextExtension(&list)
		if !ok || !seen.add(e.id) {
			return "crlExtensions"
		}
		if !c.readExtension(e) {
			return "extension " + oid.ID(e.id).String()
		}
	}
	return ""
}

func (c *CRL) readExtension(e extension) bool {
	switch oid.ID(e.id) {
	case oid.AuthorityKeyID:
		return readKeyIdentifier(e.value, &c.AuthorityKeyID)
	case oid.CRLNumber:
		return readCRLNumber(e.value, &c.Number)
	case oid.DeltaCRLIndicator:
		return readCRLNumber(e.value, &c.BaseNumber)
	case oid.IssuingDistributionPoint:
		c.Scope.Raw = e.value
		return c.Scope.read(e.value)
	case oid.ExpiredCertsOnCRL:
		return readGeneralizedTime(&e.value, &c.ExpiredFrom) && e.value.Empty()
	case oid.FreshestCRL, oid.IssuerAltName, oid.AuthorityInfo:
		return true // where else to ask and how else the issuer is called: nothing is fetched here
	default:
		if e.critical && c.unknown == "" {
			c.unknown = oid.ID(bytes.Clone(e.id))
		}
		return true
	}
}

func readCRLNumber(value cryptobyte.String, out **big.Int) bool {
	var contents cryptobyte.String
	if !readIntegerBytes(&value, &contents) || !value.Empty() ||
		len(contents) > maxCRLNumberBytes || contents[0]&0x80 != 0 {
		return false
	}
	*out = integerValue(contents)
	return true
}

// readKeyIdentifier reads the key identifier of AuthorityKeyIdentifier (RFC 5280, 4.2.1.1); issuer and serial number
// beside it are skipped.
//
//	SEQUENCE { keyIdentifier [0] IMPLICIT OCTET STRING OPTIONAL, authorityCertIssuer [1] OPTIONAL,
//	    authorityCertSerialNumber [2] OPTIONAL }
func readKeyIdentifier(value cryptobyte.String, out *[]byte) bool {
	var body, identifier cryptobyte.String
	var present bool
	if !value.ReadASN1(&body, casn1.SEQUENCE) || !value.Empty() ||
		!body.ReadOptionalASN1(&identifier, &present, contextTag(0)) ||
		!body.SkipOptionalASN1(constructedTag(1)) ||
		!body.SkipOptionalASN1(contextTag(2)) || !body.Empty() {
		return false
	}
	if present {
		*out = identifier
	}
	return true
}

// read reads
//
//	IssuingDistributionPoint ::= SEQUENCE {
//	    distributionPoint [0] DistributionPointName OPTIONAL, onlyContainsUserCerts [1] BOOLEAN DEFAULT FALSE,
//	    onlyContainsCACerts [2] BOOLEAN DEFAULT FALSE, onlySomeReasons [3] ReasonFlags OPTIONAL,
//	    indirectCRL [4] BOOLEAN DEFAULT FALSE, onlyContainsAttributeCerts [5] BOOLEAN DEFAULT FALSE }
func (s *CRLScope) read(value cryptobyte.String) bool {
	var body, name cryptobyte.String
	if !value.ReadASN1(&body, casn1.SEQUENCE) || !value.Empty() || body.Empty() ||
		!body.ReadOptionalASN1(&name, &s.Named, constructedTag(0)) ||
		s.Named && !s.readPoint(name) {
		return false
	}
	if !readFlag(&body, 1, &s.OnlyUsers) || !readFlag(&body, 2, &s.OnlyAuthorities) ||
		!readReasons(&body, 3, &s.Causes) ||
		!readFlag(&body, 4, &s.Indirect) || !readFlag(&body, 5, &s.OnlyAttributeCerts) || !body.Empty() {
		return false
	}
	return !(s.OnlyUsers && s.OnlyAuthorities) && !(s.OnlyAttributeCerts && (s.OnlyUsers || s.OnlyAuthorities))
}

func (s *CRLScope) readPoint(name cryptobyte.String) bool {
	var err error
	s.FullName, s.Relative, err = (&reader{tolerant: true}).distributionPointName(name, "distributionPoint")
	return err == nil
}

// readFlag reads [tag] IMPLICIT BOOLEAN DEFAULT FALSE.
func readFlag(s *cryptobyte.String, tag uint8, out *bool) bool {
	var value cryptobyte.String
	var present bool
	if !s.ReadOptionalASN1(&value, &present, contextTag(tag)) {
		return false
	}
	if present && (len(value) != 1 || value[0] != 0 && value[0] != 0xff) {
		return false
	}
	*out = present && value[0] == 0xff
	return true
}

// readReasons reads [tag] IMPLICIT ReasonFlags OPTIONAL and leaves out as it is if they are absent. A CRL for no reason
// at all would say nothing.
func readReasons(s *cryptobyte.String, tag uint8, out *ReasonFlags) bool {
	if !s.PeekASN1Tag(contextTag(tag)) {
		return true
	}
	bits, err := (&reader{tolerant: true}).namedBits(s, contextTag(tag), "onlySomeReasons")
	*out = ReasonFlags(bits) & AllReasons // some set bit 0
	return err == nil && *out != 0
}
