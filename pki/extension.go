package pki

import (
	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/elicense/elicense/internal/oid"
)

const maxExtensions = 128

// Extension is an extension as read.
type Extension struct {
	ID       oid.ID
	Critical bool
	Value    []byte // contents of the OCTET STRING
}

// Extension gives an extension by its identifier.
func (c *Certificate) Extension(id oid.ID) (Extension, bool) {
	for _, e := range c.Extensions {
		if e.ID == id {
			return e, true
		}
	}
	return Extension{}, false
}

// extensions reads the contents of Extensions ::= SEQUENCE SIZE (1..MAX) OF Extension. No identifier may come twice:
// readers that take the first and readers that take the last would see two certificates.
//
//	Extension ::= SEQUENCE { extnID OBJECT IDENTIFIER, critical BOOLEAN DEFAULT FALSE, extnValue OCTET STRING }
func (r *reader) extensions(body cryptobyte.String, field string) ([]Extension, error) {
	if body.Empty() {
		return nil, r.allow(ToleranceExtensionPresent, field)
	}
	var list []Extension
	seen := make(map[oid.ID]bool)
	for !body.Empty() {
		var one, value cryptobyte.String
		var e Extension
		if len(list) == maxExtensions || !body.ReadASN1(&one, casn1.SEQUENCE) || !oid.Read(&one, &e.ID) || seen[e.ID] {
			return nil, malformed(field)
		}
		var err error
		if e.Critical, err = r.optionalTrue(&one, field+".critical"); err != nil {
			return nil, err
		}
		if !one.ReadASN1(&value, casn1.OCTET_STRING) || !one.Empty() {
			return nil, malformed(field)
		}
		e.Value = value
		seen[e.ID] = true
		list = append(list, e)
	}
	return list, nil
}

// extensionReader reads the value of one extension into a certificate.
type extensionReader struct {
	field string
	read  func(*reader, *Certificate, []byte, string) error
	// limits says that the extension narrows what the certificate may do: one that cannot be read is never let pass.
	limits bool
}

// extensionReaders are the extensions that are understood. A critical extension that is not here is refused in a chain.
var extensionReaders = map[oid.ID]extensionReader{
	oid.KeyUsage:            {"keyUsage", (*reader).keyUsage, true},
	oid.BasicConstraints:    {"basicConstraints", (*reader).basicConstraints, true},
	oid.ExtKeyUsage:         {"extKeyUsage", (*reader).extKeyUsage, true},
	oid.NameConstraints:     {"nameConstraints", (*reader).nameConstraints, true},
	oid.CertificatePolicies: {"certificatePolicies", (*reader).certificatePolicies, true},
	oid.PolicyMappings:      {"policyMappings", (*reader).policyMappings, true},
	oid.PolicyConstraints:   {"policyConstraints", (*reader).policyConstraints, true},
	oid.InhibitAnyPolicy:    {"inhibitAnyPolicy", (*reader).inhibitAnyPolicy, true},
	oid.SubjectAltName:      {"subjectAltName", (*reader).subjectAltName, true},
	oid.IssuerAltName:       {"issuerAltName", (*reader).issuerAltName, false},
	oid.SubjectKeyID:        {"subjectKeyIdentifier", (*reader).subjectKeyID, false},
	oid.AuthorityKeyID:      {"authorityKeyIdentifier", (*reader).authorityKeyID, false},
	oid.CRLDistribution:     {"cRLDistributionPoints", (*reader).crlDistribution, false},
	oid.FreshestCRL:         {"freshestCRL", (*reader).freshestCRL, false},
	oid.AuthorityInfo:       {"authorityInfoAccess", (*reader).authorityInfo, false},
	oid.OCSPNoCheck:         {"ocspNoCheck", (*reader).ocspNoCheck, false},
}

// understand reads the values of the extensions that are understood.
func (r *reader) understand(c *Certificate) error {
	for _, e := range c.Extensions {
		known, ok := extensionReaders[e.ID]
		if !ok {
			if e.Critical && !isIdentity(e.ID) {
				c.unknownCritical = append(c.unknownCritical, e.ID)
			}
			continue
		}
		err := known.read(r, c, e.Value, known.field)
		if err == nil {
			continue
		}
		if known.limits || hasTolerance(err) {
			return err
		}
		if err := r.allow(ToleranceExtension, known.field); err != nil {
			return err
		}
		if e.Critical {
			c.unknownCritical = append(c.unknownCritical, e.ID)
		}
	}
	return nil
}

// keyUsage reads KeyUsage ::= BIT STRING. At least one bit must be set (RFC 5280, 4.2.1.3).
func (r *reader) keyUsage(c *Certificate, der []byte, field string) error {
	input := cryptobyte.String(der)
	bits, err := r.namedBits(&input, casn1.BIT_STRING, field)
	if err != nil {
		return err
	}
	if !input.Empty() {
		return malformed(field)
	}
	c.KeyUsage, c.HasKeyUsage = KeyUsage(bits), true
	return nil
}

// basicConstraints reads
//
//	BasicConstraints ::= SEQUENCE { cA BOOLEAN DEFAULT FALSE, pathLenConstraint INTEGER OPTIONAL }
//
// A path length beside cA FALSE has no meaning and is kept out.
func (r *reader) basicConstraints(c *Certificate, der []byte, field string) error {
	body, err := sequence(der, field)
	if err != nil {
		return err
	}
	if c.IsCA, err = r.optionalTrue(&body, field+".cA"); err != nil {
		return err
	}
	c.HasBasicConstraints = true
	if body.PeekASN1Tag(casn1.INTEGER) {
		length, err := r.count(&body, casn1.INTEGER, field+".pathLenConstraint")
		if err != nil {
			return err
		}
		if c.IsCA {
			c.MaxPathLen = length
		}
	}
	if !body.Empty() {
		return malformed(field)
	}
	return nil
}

// extKeyUsage reads ExtKeyUsageSyntax ::= SEQUENCE SIZE (1..MAX) OF OBJECT IDENTIFIER.
func (r *reader) extKeyUsage(c *Certificate, der []byte, field string) error {
	body, err := sequence(der, field)
	if err != nil {
		return err
	}
	if body.Empty() {
		return malformed(field)
	}
	for !body.Empty() {
		var id oid.ID
		if !oid.Read(&body, &id) {
			return malformed(field)
		}
		c.ExtKeyUsage = append(c.ExtKeyUsage, id)
	}
	return nil
}

func (r *reader) subjectAltName(c *Certificate, der []byte, field string) error {
	var err error
	c.SubjectAltNames, err = r.altNames(der, field)
	return err
}

func (r *reader) issuerAltName(c *Certificate, der []byte, field string) error {
	var err error
	c.IssuerAltNames, err = r.altNames(der, field)
	return err
}

// altNames reads GeneralNames. If they cannot be read and that is let pass, one name that matches nothing stands for
// them, so that constraints on names still have something to refuse.
func (r *reader) altNames(der []byte, field string) ([]GeneralName, error) {
	var names []GeneralName
	body, err := sequence(der, field)
	if err == nil {
		names, err = r.generalNames(body, field)
	}
	if err != nil {
		unreadable := []GeneralName{{Form: FormUnknown, Raw: der, Malformed: true}}
		return unreadable, r.allow(ToleranceGeneralName, field)
	}
	if err := r.checkAlternatives(names, field); err != nil {
		return nil, err
	}
	return names, nil
}

func (r *reader) subjectKeyID(c *Certificate, der []byte, field string) error {
	input := cryptobyte.String(der)
	var id cryptobyte.String
	if !input.ReadASN1(&id, casn1.OCTET_STRING) || !input.Empty() || len(id) == 0 {
		return malformed(field)
	}
	c.SubjectKeyID = id
	return nil
}

// authorityKeyID reads
//
//	AuthorityKeyIdentifier ::= SEQUENCE { keyIdentifier [0] OCTET STRING OPTIONAL,
//	    authorityCertIssuer [1] GeneralNames OPTIONAL, authorityCertSerialNumber [2] INTEGER OPTIONAL }
//
// in which issuer and serial number come together or not at all.
func (r *reader) authorityKeyID(c *Certificate, der []byte, field string) error {
	body, err := sequence(der, field)
	if err != nil {
		return err
	}
	var id, issuer cryptobyte.String
	var hasID, hasIssuer bool
	if !body.ReadOptionalASN1(&id, &hasID, contextTag(0)) ||
		!body.ReadOptionalASN1(&issuer, &hasIssuer, constructedTag(1)) {
		return malformed(field)
	}
	hasSerial := body.PeekASN1Tag(contextTag(2))
	if hasIssuer != hasSerial {
		return malformed(field)
	}
	if hasSerial {
		if c.AuthorityIssuer, err = r.generalNames(issuer, field+".authorityCertIssuer"); err != nil {
			return err
		}
		c.AuthoritySerial, err = r.integer(&body, contextTag(2), field+".authorityCertSerialNumber")
		if err != nil {
			return err
		}
	}
	if !body.Empty() {
		return malformed(field)
	}
	c.AuthorityKeyID = id
	return nil
}

// ocspNoCheck reads NULL (RFC 6960, 4.2.2.2.1).
func (r *reader) ocspNoCheck(c *Certificate, der []byte, field string) error {
	if string(der) != "\x05\x00" {
		return malformed(field)
	}
	c.OCSPNoCheck = true
	return nil
}
