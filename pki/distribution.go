package pki

import (
	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/elicense/elicense/internal/oid"
)

const maxDistributionPoints = 64

// ReasonFlags is the set of revocation reasons that a CRL covers; bit i is the named bit i of RFC 5280, 4.2.1.13. Zero
// means all.
type ReasonFlags uint16

// DistributionPoint says where a CRL is and what it covers.
type DistributionPoint struct {
	FullName []GeneralName
	// Relative, if it has attributes, is appended to the name of CRLIssuer, or of the certificate's issuer without one.
	Relative  RawRDN
	Reasons   ReasonFlags
	CRLIssuer []GeneralName // absent: the certificate's issuer signs the CRL
}

// crlDistribution reads CRLDistributionPoints ::= SEQUENCE SIZE (1..MAX) OF DistributionPoint.
func (r *reader) crlDistribution(c *Certificate, der []byte, field string) error {
	var err error
	c.CRLDistributionPoints, err = r.distributionPoints(der, field)
	return err
}

func (r *reader) freshestCRL(c *Certificate, der []byte, field string) error {
	var err error
	c.FreshestCRL, err = r.distributionPoints(der, field)
	return err
}

func (r *reader) distributionPoints(der []byte, field string) ([]DistributionPoint, error) {
	body, err := sequence(der, field)
	if err != nil {
		return nil, err
	}
	var points []DistributionPoint
	for !body.Empty() {
		var one cryptobyte.String
		if len(points) == maxDistributionPoints || !body.ReadASN1(&one, casn1.SEQUENCE) {
			return nil, malformed(field)
		}
		p, err := r.distributionPoint(one, field)
		if err != nil {
			return nil, err
		}
		points = append(points, p)
	}
	if len(points) == 0 {
		return nil, malformed(field)
	}
	return points, nil
}

// distributionPoint reads the contents of
//
//	DistributionPoint ::= SEQUENCE { distributionPoint [0] DistributionPointName OPTIONAL,
//	    reasons [1] ReasonFlags OPTIONAL, cRLIssuer [2] GeneralNames OPTIONAL }
//
// in which reasons alone have no meaning.
func (r *reader) distributionPoint(body cryptobyte.String, field string) (DistributionPoint, error) {
	var p DistributionPoint
	var name, issuer cryptobyte.String
	var hasName, hasIssuer bool
	if !body.ReadOptionalASN1(&name, &hasName, constructedTag(0)) {
		return p, malformed(field)
	}
	var err error
	if hasName {
		if p.FullName, p.Relative, err = r.distributionPointName(name, field); err != nil {
			return p, err
		}
	}
	if body.PeekASN1Tag(contextTag(1)) {
		bits, err := r.namedBits(&body, contextTag(1), field+".reasons")
		if err != nil {
			return p, err
		}
		p.Reasons = ReasonFlags(bits)
	}
	if !body.ReadOptionalASN1(&issuer, &hasIssuer, constructedTag(2)) || !body.Empty() || !hasName && !hasIssuer {
		return p, malformed(field)
	}
	if hasIssuer {
		p.CRLIssuer, err = r.generalNames(issuer, field+".cRLIssuer")
	}
	return p, err
}

// distributionPointName reads the contents of the tag around
//
//	DistributionPointName ::= CHOICE { fullName [0] GeneralNames,
//	    nameRelativeToCRLIssuer [1] RelativeDistinguishedName }
func (r *reader) distributionPointName(body cryptobyte.String, field string) ([]GeneralName, RawRDN, error) {
	var names, set cryptobyte.String
	var full, relative bool
	if !body.ReadOptionalASN1(&names, &full, constructedTag(0)) ||
		!body.ReadOptionalASN1(&set, &relative, constructedTag(1)) || !body.Empty() || full == relative {
		return nil, RawRDN{}, malformed(field)
	}
	if full {
		list, err := r.generalNames(names, field+".fullName")
		return list, RawRDN{}, err
	}
	rdn, err := r.rdn(set, field+".nameRelativeToCRLIssuer")
	return nil, rdn, err
}

// AccessDescription is one entry of authorityInfoAccess (RFC 5280, 4.2.2.1).
type AccessDescription struct {
	Method   oid.ID
	Location GeneralName
}

// authorityInfo reads
//
//	AuthorityInfoAccessSyntax ::= SEQUENCE SIZE (1..MAX) OF SEQUENCE { accessMethod OBJECT IDENTIFIER,
//	    accessLocation GeneralName }
func (r *reader) authorityInfo(c *Certificate, der []byte, field string) error {
	body, err := sequence(der, field)
	if err != nil {
		return err
	}
	if body.Empty() {
		return r.allow(ToleranceEmptyExtension, field)
	}
	for !body.Empty() {
		var one cryptobyte.String
		var a AccessDescription
		if len(c.AuthorityInfo) == maxDistributionPoints || !body.ReadASN1(&one, casn1.SEQUENCE) ||
			!oid.Read(&one, &a.Method) {
			return malformed(field)
		}
		if a.Location, err = r.generalName(&one, field+".accessLocation"); err != nil {
			return err
		}
		if !one.Empty() {
			return malformed(field)
		}
		c.AuthorityInfo = append(c.AuthorityInfo, a)
	}
	return nil
}

// OCSPServers lists the URIs of OCSP responders that the certificate names.
func (c *Certificate) OCSPServers() []string { return c.accessURIs(oid.AccessOCSP) }

// IssuerURLs lists the URIs where the certificate says that its issuer's certificate is.
func (c *Certificate) IssuerURLs() []string { return c.accessURIs(oid.AccessIssuers) }

func (c *Certificate) accessURIs(method oid.ID) []string {
	var out []string
	for _, a := range c.AuthorityInfo {
		if a.Method == method && a.Location.Form == FormURI {
			out = append(out, a.Location.Text)
		}
	}
	return out
}
