package ca

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/elicense/elicense/internal/code"
	"github.com/elicense/elicense/internal/oid"
	"github.com/elicense/elicense/pki"
)

// rules are applied to every certificate before it is signed, and again by the sweep. GB 5.2.x is GB/T 20518-2018.
var rules = []Rule{
	{"size", "RFC 5280, 4.1", (*lintCase).tooLarge},
	{"version", "RFC 5280, 4.1.2.1", func(l *lintCase) string { return when(l.version != 2, "version is not 3") }},
	{"serial-number", "RFC 5280, 4.1.2.2", (*lintCase).badSerial},
	{"algorithm", "RFC 5280, 4.1.2.3; GB 5.2.3", func(l *lintCase) string {
		return when(!isSM2WithSM3(l.algorithm), "signature algorithm is not SM2 with SM3")
	}},
	{"issuer-name", "RFC 5280, 4.1.2.4", (*lintCase).badIssuer},
	{"issuer-authority", "RFC 5280, 4.2.1.9", (*lintCase).badAuthority},
	{"validity", "RFC 5280, 4.1.2.5", (*lintCase).badValidity},
	{"validity-in-issuer", "RFC 5280, 6.1.3 (a)(2)", (*lintCase).outsideIssuer},
	{"time-encoding", "RFC 5280, 4.1.2.5", (*lintCase).badTimes},
	{"subject-name", "RFC 5280, 4.1.2.6", (*lintCase).badSubject},
	{"subject-encoding", "GB 5.2.3", (*lintCase).badNameEncoding},
	{"subject-length", "RFC 5280, appendix A.1", (*lintCase).longName},
	{"subject-of-holder", "profile", (*lintCase).subjectOfHolder},
	{"public-key", "RFC 5480, 2.1.1; GB/T 32918.1, 6.2", func(l *lintCase) string {
		return when(l.public == nil, "public key is not an SM2 point on the named curve")
	}},
	{"issuer-key", "RFC 5280, 3.2", (*lintCase).issuersKey},
	{"known-extensions", "RFC 5280, 4.2", (*lintCase).strangeExtensions},
	{"critical-extensions", "RFC 5280, 4.2.1", (*lintCase).badCriticality},
	{"basic-constraints", "RFC 5280, 4.2.1.9", (*lintCase).badConstraints},
	{"key-usage", "RFC 5280, 4.2.1.3; GB 5.2.4", (*lintCase).badKeyUsage},
	{"ext-key-usage", "RFC 5280, 4.2.1.12", (*lintCase).badPurposes},
	{"subject-key-identifier", "RFC 5280, 4.2.1.2", (*lintCase).badSubjectKey},
	{"authority-key-identifier", "RFC 5280, 4.2.1.1", (*lintCase).badAuthorityKey},
	{"certificate-policies", "RFC 5280, 4.2.1.4", (*lintCase).badPolicy},
	{"subject-alt-name", "RFC 5280, 4.2.1.6; RFC 1034, 3.5", (*lintCase).badHosts},
	{"identity", "GB 5.2.4; GB 11643-1999; GB 32100-2015", (*lintCase).badIdentity},
	{"crl-distribution-points", "RFC 5280, 4.2.1.13", (*lintCase).badDistribution},
	{"freshest-crl", "RFC 5280, 4.2.1.15, 6.3.3 (c)", (*lintCase).badFreshest},
	{"authority-info-access", "RFC 5280, 4.2.2.1", (*lintCase).badAccess},
	{"ocsp-nocheck", "RFC 6960, 4.2.2.2.1", (*lintCase).badNoCheck},
}

func when(broken bool, format string, args ...any) string {
	if !broken {
		return ""
	}
	return fmt.Sprintf(format, args...)
}

const maxTBSBytes = 8 << 10

func (l *lintCase) tooLarge() string {
	size := len(l.subject) + len(l.issuer)
	for i := range l.extensions {
		size += len(l.extensions[i].value)
	}
	return when(size > maxTBSBytes, "names and extensions of %d bytes", size)
}

func (l *lintCase) badSerial() string {
	size := (l.serial.BitLen() + 8) / 8
	return when(l.serial.Sign() <= 0 || size < minSerialBytes || size > maxSerialBytes,
		"serial number has %d bytes", size)
}

func (l *lintCase) badIssuer() string {
	if l.above == nil {
		return when(!bytes.Equal(l.subject, l.issuer), "root is not self-issued")
	}
	return when(!bytes.Equal(l.issuer, l.above.RawSubject), "issuer name differs from the issuer's")
}

func (l *lintCase) badAuthority() string {
	switch {
	case l.above == nil:
		return when(!l.profile.CA, "only a root is its own issuer")
	case !l.above.IsCA || l.above.KeyUsage&pki.UsageCertSign == 0:
		return "issuer may not sign certificates"
	case l.profile.CA && !l.link && l.above.MaxPathLen >= 0 && l.profile.MaxPathLen >= l.above.MaxPathLen:
		return "issuer may have no such authority below it"
	}
	return ""
}

func (l *lintCase) badValidity() string {
	length := l.notAfter.Sub(l.notBefore.Time)
	if length <= 0 {
		return "validity is empty"
	}
	return when(length > l.profile.Validity, "validity longer than %s", l.profile.Validity)
}

func (l *lintCase) outsideIssuer() string {
	if l.above == nil {
		return ""
	}
	return when(l.notBefore.Before(l.above.NotBefore) || l.notAfter.After(l.above.NotAfter),
		"validity exceeds the issuer's")
}

func (l *lintCase) badTimes() string {
	for _, t := range []instant{l.notBefore, l.notAfter} {
		if t.general != (t.Year() >= 2050) || t.Location() != time.UTC || t.Nanosecond() != 0 {
			return "UTCTime through 2049, GeneralizedTime from 2050, in Zulu"
		}
	}
	return ""
}

func (l *lintCase) badSubject() string {
	cn, ok := l.attribute(oid.CommonName)
	switch {
	case l.names == nil || !ok || cn == "":
		return "common name is missing"
	case l.above != nil && !l.link && bytes.Equal(l.subject, l.above.RawSubject):
		return "subject is named like its issuer"
	case l.link && !bytes.Equal(l.subject, l.above.RawSubject):
		return "link certificate of another name"
	}
	return ""
}

// nameOrder is the order of attributes, each of which stands at most once.
var nameOrder = []oid.ID{
	oid.Country, oid.Province, oid.Locality, oid.Organization, oid.OrganizationalUnit, oid.CommonName, oid.SerialNumber,
}

func (l *lintCase) badNameEncoding() string {
	last := -1
	for _, a := range l.names {
		at := slices.Index(nameOrder, a.id)
		if at <= last {
			return "attributes are strange, repeated or out of order"
		}
		last = at
		want := casn1.UTF8String
		if a.id == oid.Country || a.id == oid.SerialNumber {
			want = casn1.PrintableString
		}
		if a.tag != want || want == casn1.PrintableString && !isPrintableString(a.value) {
			return "country is a PrintableString, text is UTF8String"
		}
	}
	country, _ := l.attribute(oid.Country)
	return when(country != "CN", "country is not CN")
}

func (l *lintCase) longName() string {
	for _, a := range l.names {
		if !printable(a.value) || a.value == "" {
			return "an attribute is empty, too long, or holds what cannot be printed"
		}
	}
	return ""
}

// holderParts are the parts of a certificate that say whose it is.
type holderParts uint8

const (
	partOrganization holderParts = 1 << iota // in the name
	partNumber                               // the serial number in the name
	partUSCC
	partPerson   // citizen or passport number
	partBusiness // tax or registration number
	partHosts
)

// holderRules are the parts that a kind of holder must have and those that it may have.
var holderRules = map[HolderKind]struct{ must, may holderParts }{
	HolderNone:         {0, partOrganization | partNumber},
	HolderDepartment:   {partUSCC, partOrganization | partNumber},
	HolderEnterprise:   {partUSCC | partOrganization, partBusiness | partNumber},
	HolderPerson:       {partPerson | partNumber, partUSCC | partOrganization},
	HolderServer:       {partHosts, partUSCC | partOrganization | partNumber},
	HolderOrganization: {0, partUSCC | partOrganization | partNumber},
}

// subjectOfHolder: each kind of holder has its names and codes, and no others.
func (l *lintCase) subjectOfHolder() string {
	rule, known := holderRules[l.profile.Holder]
	has := l.holderParts()
	switch {
	case !known:
		return "unknown kind of holder"
	case has&rule.must != rule.must:
		return "a name or code that its kind of holder must have is missing"
	case has&^(rule.must|rule.may) != 0:
		return "a name or code that its kind of holder does not have"
	}
	return ""
}

func (l *lintCase) holderParts() holderParts {
	var has holderParts
	for _, a := range l.names {
		switch a.id {
		case oid.Organization:
			has |= partOrganization
		case oid.SerialNumber:
			has |= partNumber
		default:
		}
	}
	for i := range l.extensions {
		switch l.extensions[i].id {
		case oid.OrganizationCode:
			has |= partUSCC
		case oid.IdentifyCode:
			has |= partPerson
		case oid.RegistrationNumber, oid.TaxNumber:
			has |= partBusiness
		case oid.SubjectAltName:
			has |= partHosts
		default:
		}
	}
	return has
}

func (l *lintCase) issuersKey() string {
	if l.above == nil || l.public == nil {
		return ""
	}
	return when(l.public.Equal(l.above.PublicKey), "key is the issuer's")
}

// criticality lists every extension that is written here, and whether it is critical always.
var criticality = map[oid.ID]bool{
	oid.BasicConstraints: true, oid.KeyUsage: true, oid.ExtKeyUsage: false, oid.SubjectKeyID: false,
	oid.AuthorityKeyID: false, oid.CertificatePolicies: false, oid.SubjectAltName: false, oid.IdentifyCode: false,
	oid.RegistrationNumber: false, oid.OrganizationCode: false, oid.TaxNumber: false, oid.CRLDistribution: false,
	oid.FreshestCRL: false, oid.AuthorityInfo: false, oid.OCSPNoCheck: false,
}

func (l *lintCase) strangeExtensions() string {
	for i := range l.extensions {
		e := &l.extensions[i]
		if _, known := criticality[e.id]; !known || l.extension(e.id) != e {
			return "extension " + e.id.String() + " is unknown or stands twice"
		}
	}
	return ""
}

func (l *lintCase) badCriticality() string {
	for i := range l.extensions {
		e := &l.extensions[i]
		want := criticality[e.id] || e.id == oid.ExtKeyUsage && l.profile.PurposesCritical
		if e.critical != want {
			return "extension " + e.id.String() + " is critical where it must not be, or the other way round"
		}
	}
	return ""
}

func (l *lintCase) badConstraints() string {
	e := l.extension(oid.BasicConstraints)
	if e == nil {
		return "missing"
	}
	isCA, pathLen, ok := e.basicConstraints()
	want := -1
	if l.profile.CA {
		want = l.profile.MaxPathLen
	}
	return when(!ok || isCA != l.profile.CA || pathLen != want, "CA flag or path length are not the profile's")
}

func (l *lintCase) badKeyUsage() string {
	e := l.extension(oid.KeyUsage)
	if e == nil {
		return "missing"
	}
	usage, ok := e.keyUsage()
	return when(!ok || usage != l.profile.KeyUsage || usage == 0, "key usage is not the profile's")
}

func (l *lintCase) badPurposes() string {
	e := l.extension(oid.ExtKeyUsage)
	if e == nil {
		return when(len(l.profile.Purposes) > 0, "missing")
	}
	purposes, ok := e.ids()
	return when(!ok || len(purposes) == 0 || !slices.Equal(purposes, l.profile.Purposes),
		"extended key usage is not the profile's")
}

func (l *lintCase) badSubjectKey() string {
	e := l.extension(oid.SubjectKeyID)
	if e == nil || l.public == nil {
		return "missing"
	}
	id, ok := e.keyIdentifier()
	want := keyID(l.public)
	return when(!ok || !bytes.Equal(id, want[:]), "is not the leftmost 160 bits of SM3 over the point")
}

func (l *lintCase) badAuthorityKey() string {
	e := l.extension(oid.AuthorityKeyID)
	if e == nil {
		return "missing"
	}
	id, ok := e.authorityKey()
	if l.above != nil {
		return when(!ok || !bytes.Equal(id, l.above.SubjectKeyID), "is not the issuer's subject key identifier")
	}
	own := l.extension(oid.SubjectKeyID)
	if own == nil {
		return "root without a key identifier"
	}
	want, _ := own.keyIdentifier()
	return when(!ok || !bytes.Equal(id, want), "root names another key as its issuer's")
}

func (l *lintCase) badPolicy() string {
	e := l.extension(oid.CertificatePolicies)
	if e == nil {
		return when(l.profile.Policy != "", "missing")
	}
	policy, ok := e.policy()
	return when(!ok || policy != l.profile.Policy || policy == "", "policy is not the profile's")
}

const maxHosts = 100

func (l *lintCase) badHosts() string {
	e := l.extension(oid.SubjectAltName)
	if e == nil {
		return ""
	}
	hosts, ok := e.hosts()
	if !ok || len(hosts) == 0 || len(hosts) > maxHosts {
		return "is no list of host names"
	}
	seen := make(map[string]bool, len(hosts))
	for _, h := range hosts {
		if !isHost(h) || seen[h] {
			return "a host name is malformed or stands twice"
		}
		seen[h] = true
	}
	return ""
}

// isHost tells whether s is a host name of at least two labels in lower case; the first may be a star.
func isHost(s string) bool {
	labels := strings.Split(s, ".")
	if len(s) > 253 || len(labels) < 2 {
		return false
	}
	for i, label := range labels {
		if i == 0 && label == "*" && len(labels) > 2 {
			continue
		}
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' ||
			strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
			return false
		}
	}
	last := labels[len(labels)-1]
	return strings.Trim(last, "0123456789") != "" // an address is no name
}

func (l *lintCase) badIdentity() string {
	for i := range l.extensions {
		e := &l.extensions[i]
		var ok bool
		switch e.id {
		case oid.OrganizationCode:
			var s string
			s, ok = e.printable()
			ok = ok && code.CheckUSCC(s) == nil
		case oid.IdentifyCode:
			ok = soundPersonal(e)
		case oid.RegistrationNumber, oid.TaxNumber:
			var s string
			s, ok = e.printable()
			ok = ok && len(s) <= 64
		default:
			ok = true
		}
		if !ok {
			return "code in " + e.id.String() + " is malformed or fails its check digit"
		}
	}
	return ""
}

func soundPersonal(e *extension) bool {
	tag, number, ok := e.personal()
	if !ok {
		return false
	}
	if tag == 0 {
		return code.CheckCitizenNumber(number) == nil
	}
	return len(number) >= 5 && len(number) <= 20 && strings.Trim(number, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == ""
}

// badFreshest: a delta CRL must have the scope of the CRL that the certificate points to (RFC 5280, 6.3.3 (c)), and
// there is none of a shard.
func (l *lintCase) badFreshest() string {
	return when(l.extension(oid.FreshestCRL) != nil, "points to a delta CRL of another scope than the shard's")
}

func (l *lintCase) badDistribution() string {
	e := l.extension(oid.CRLDistribution)
	if l.where == nil || l.profile.NoCheck {
		return when(e != nil, "address where there is none")
	}
	if e == nil {
		return "missing"
	}
	address, ok := e.distributionPoint()
	return when(!ok || address != l.where.crl, "is not the address of the issuer and shard")
}

func (l *lintCase) badAccess() string {
	e := l.extension(oid.AuthorityInfo)
	if l.where == nil || l.profile.NoCheck {
		return when(e != nil, "address where there is none")
	}
	if e == nil {
		return "missing"
	}
	ocsp, issuer, ok := e.access()
	return when(!ok || ocsp != l.where.ocsp || issuer != l.where.issuer, "are not the addresses of the issuer")
}

func (l *lintCase) badNoCheck() string {
	e := l.extension(oid.OCSPNoCheck)
	if e == nil {
		return when(l.profile.NoCheck, "missing")
	}
	value := e.value
	var null cryptobyte.String
	return when(!l.profile.NoCheck || !value.ReadASN1(&null, casn1.NULL) || !null.Empty() || !value.Empty(),
		"is not this profile's, or not NULL")
}
