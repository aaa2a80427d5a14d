package pki

import (
	"bytes"
	"slices"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// CRLScope is for which certificates a CRL speaks (issuingDistributionPoint, RFC 5280, 5.2.5). The zero value is the
// scope of a CRL without the extension: all certificates of its issuer, for every reason.
type CRLScope struct {
	// Raw is the extension's value, nil if absent. A delta CRL belongs to a full CRL with the same bytes here.
	Raw []byte
	// Named tells that the CRL answers only for the distribution point that FullName or Relative names.
	Named              bool
	FullName           []GeneralName
	Relative           RawRDN // appended to the name of the CRL's issuer
	OnlyUsers          bool   // only certificates of end entities
	OnlyAuthorities    bool   // only certificates of CAs
	OnlyAttributeCerts bool
	// Causes are the reasons covered; all of them if the CRL is not partitioned by reason.
	Causes ReasonFlags
	// Indirect marks a CRL that may list certificates of other issuers. Such CRLs are read but never relied on.
	Indirect bool
}

// speaksFor is the reasons for which the CRL would list the certificate, of whose issuer it is (RFC 5280, 6.3.3 b and
// d). Every distribution point of the certificate is tried, then the point named like the issuer, as 6.3.3 has it for
// CRLs that the certificate does not mention.
func (c *CRL) speaksFor(cert *Certificate) ReasonFlags {
	s := &c.Scope
	if s.OnlyAttributeCerts || s.OnlyUsers && cert.IsCA || s.OnlyAuthorities && !cert.IsCA {
		return 0
	}
	if !s.Named {
		return s.Causes
	}
	own := GeneralName{Form: FormDirectory, Directory: cert.IssuerName}
	if c.isAt([]GeneralName{own}) {
		return s.Causes
	}
	var causes ReasonFlags
	for _, p := range cert.CRLDistributionPoints {
		if len(p.CRLIssuer) == 0 && c.isAt(p.names(cert.IssuerName)) {
			causes |= s.Causes & p.Reasons.orAll()
		}
	}
	return causes
}

// isAt tells whether one of the names of the CRL's own distribution point is among names.
func (c *CRL) isAt(names []GeneralName) bool {
	point := DistributionPoint{FullName: c.Scope.FullName, Relative: c.Scope.Relative}
	for _, mine := range point.names(c.IssuerName) {
		if slices.ContainsFunc(names, mine.same) {
			return true
		}
	}
	return false
}

// names is the full names of a distribution point; a relative one is completed by the name of its issuer.
func (p DistributionPoint) names(issuer Name) []GeneralName {
	if len(p.Relative.RDN) == 0 {
		return p.FullName
	}
	return []GeneralName{{Form: FormDirectory, Directory: issuer.Child(p.Relative)}}
}

// same compares names of distribution points: directory names by their meaning, others by their bytes.
func (g GeneralName) same(other GeneralName) bool {
	if g.Form != other.Form {
		return false
	}
	if g.Form == FormDirectory {
		return !g.Directory.Empty() && g.Directory.Equal(other.Directory)
	}
	return len(g.Raw) > 0 && bytes.Equal(g.Raw, other.Raw)
}

// read reads
//
//	IssuingDistributionPoint ::= SEQUENCE {
//	    distributionPoint [0] DistributionPointName OPTIONAL, onlyContainsUserCerts [1] BOOLEAN DEFAULT FALSE,
//	    onlyContainsCACerts [2] BOOLEAN DEFAULT FALSE, onlySomeReasons [3] ReasonFlags OPTIONAL,
//	    indirectCRL [4] BOOLEAN DEFAULT FALSE, onlyContainsAttributeCerts [5] BOOLEAN DEFAULT FALSE }
func (s *CRLScope) read(value cryptobyte.String) bool {
	var body cryptobyte.String
	if !value.ReadASN1(&body, casn1.SEQUENCE) || !value.Empty() || body.Empty() || !s.readPoint(&body) {
		return false
	}
	if !readFlag(&body, 1, &s.OnlyUsers) || !readFlag(&body, 2, &s.OnlyAuthorities) ||
		!readReasons(&body, 3, &s.Causes) ||
		!readFlag(&body, 4, &s.Indirect) || !readFlag(&body, 5, &s.OnlyAttributeCerts) || !body.Empty() {
		return false
	}
	return s.kinds() <= 1
}

// kinds counts the kinds of certificates to which the CRL limits itself; more than one would leave none.
func (s *CRLScope) kinds() int {
	n := 0
	for _, only := range []bool{s.OnlyUsers, s.OnlyAuthorities, s.OnlyAttributeCerts} {
		if only {
			n++
		}
	}
	return n
}

func (s *CRLScope) readPoint(body *cryptobyte.String) bool {
	var name cryptobyte.String
	if !body.ReadOptionalASN1(&name, &s.Named, constructedTag(0)) {
		return false
	}
	if !s.Named {
		return true
	}
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
