package pki

import (
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
	case oid.FreshestCRL:
		var err error
		c.FreshestCRL, err = (&reader{tolerant: true}).distributionPoints(e.value, "freshestCRL")
		c.noteCritical(e) // RFC 5280, 5.2.6, forbids it, and nothing is fetched here
		return err == nil
	default: // such as how else the issuer is called, which nobody may mark critical
		c.noteCritical(e)
		return true
	}
}

func (c *CRL) noteCritical(e extension) {
	if e.critical && c.unknown == "" {
		c.unknown = oid.ID(e.id)
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
