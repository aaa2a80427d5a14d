package pki

import (
	"fmt"
	"io"
	"log/slog"
	"strings"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/elicense/elicense/internal/code"
	"github.com/elicense/elicense/internal/oid"
)

// IdentityNumber is a number that identifies a person. It never prints itself: whoever needs it asks for it.
type IdentityNumber struct {
	// A pointer, so that a printer that ignores methods writes an address.
	value *string
}

const hidden = "[hidden]"

// Reveal is the number. It is not for logs and error texts.
func (n IdentityNumber) Reveal() string {
	if n.value == nil {
		return ""
	}
	return *n.value
}

// Empty tells whether there is no number.
func (n IdentityNumber) Empty() bool { return n.value == nil || *n.value == "" }

// Equal compares two numbers.
func (n IdentityNumber) Equal(other IdentityNumber) bool { return n.Reveal() == other.Reveal() }

// String hides the number.
func (n IdentityNumber) String() string {
	if n.Empty() {
		return ""
	}
	return hidden
}

// Format hides the number whatever the verb.
func (n IdentityNumber) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, n.String()) }

// MarshalText hides the number.
func (n IdentityNumber) MarshalText() ([]byte, error) { return []byte(n.String()), nil }

// LogValue hides the number.
func (n IdentityNumber) LogValue() slog.Value { return slog.StringValue(n.String()) }

// IdentityKind is what an identity extension holds.
type IdentityKind string

// Kinds of identity.
const (
	IdentityCitizen      IdentityKind = "citizen"      // 居民身份证号
	IdentityMilitary     IdentityKind = "military"     // 军官证号
	IdentityPassport     IdentityKind = "passport"     // 护照号
	IdentityPerson       IdentityKind = "person"       // 个人身份标识码 of unknown kind
	IdentityInsurance    IdentityKind = "insurance"    // 社会保险号
	IdentityHealth       IdentityKind = "health"       // 卫生系统实体唯一标识
	IdentityCreditCode   IdentityKind = "credit-code"  // 统一社会信用代码
	IdentityOrganization IdentityKind = "organization" // 组织机构代码, the credit code in practice
	IdentityRegistration IdentityKind = "registration" // 工商注册号, the credit code since 2015
	IdentityTax          IdentityKind = "tax"          // 税号, the credit code since 2015
	IdentityCertificate  IdentityKind = "certificate"  // a number that the authority gave the certificate
)

// Identity is the value of one identity extension.
type Identity struct {
	Kind      IdentityKind
	Extension oid.ID
	Number    IdentityNumber
}

// identityKinds are the extensions of GB/T 20518 and GM/T 0015 with their forerunners. In the arcs 1.2.86.11.7 and
// 1.2.156.11.7 the numbers 3 and 4 are exchanged.
var identityKinds = map[oid.ID]IdentityKind{
	oid.IdentifyCode: IdentityPerson, oid.IdentifyCard: IdentityCitizen, oid.IdentifyPassport: IdentityPassport,
	oid.InsuranceNumber: IdentityInsurance, oid.RegistrationNumber: IdentityRegistration,
	oid.OrganizationCode: IdentityOrganization, oid.TaxNumber: IdentityTax,
	oid.CreditCode: IdentityCreditCode, oid.CreditCodeLong: IdentityCreditCode,
	oid.OldIdentify: IdentityPerson, oid.OldRegistration: IdentityRegistration,
	oid.OldOrganization: IdentityOrganization, oid.OldTax: IdentityTax,
	oid.EGovIdentify: IdentityPerson, oid.EGovInsurance: IdentityInsurance,
	oid.EGovOrganization: IdentityOrganization, oid.EGovRegistration: IdentityRegistration, oid.EGovTax: IdentityTax,
	oid.HealthIdentifier: IdentityHealth, oid.FujianCertificateID: IdentityCertificate,
	oid.OldKeyIdentifier: IdentityOrganization,
}

func isIdentity(id oid.ID) bool {
	_, ok := identityKinds[id]
	return ok
}

// identities reads the identity extensions. Their tagging is read in as many ways as there are makers, so nothing is
// refused: a value that gives no text is left out.
func identities(extensions []Extension) []Identity {
	var out []Identity
	for _, e := range extensions {
		kind, ok := identityKinds[e.ID]
		if !ok {
			continue
		}
		text, alternative := identityText(e.Value)
		if text == "" || e.ID == oid.OldKeyIdentifier && code.CheckUSCC(text) != nil {
			continue // the old meaning of that extension is another
		}
		if kind == IdentityPerson {
			kind, text = personKind(text, alternative)
		}
		out = append(out, Identity{Kind: kind, Extension: e.ID, Number: IdentityNumber{&text}})
	}
	return out
}

// personKind reads
//
//	IdentifyCode ::= CHOICE { residenterCardNumber [0] PrintableString, militaryOfficerCardNumber [1] UTF8String,
//	    passportNumber [2] PrintableString }
//
// by the tag, and without one by the check digit. Some makers put a letter N or a zero before a citizen number.
func personKind(text string, alternative int) (IdentityKind, string) {
	switch alternative {
	case 1:
		return IdentityMilitary, text
	case 2:
		return IdentityPassport, text
	}
	bare := text
	if len(text) == 19 {
		bare = strings.TrimPrefix(strings.TrimPrefix(text, "N"), "0")
	}
	if code.CheckCitizenNumber(bare) == nil {
		return IdentityCitizen, bare
	}
	if alternative == 0 {
		return IdentityCitizen, text
	}
	return IdentityPerson, text
}

// maxWrappers is how many headers can stand around a value.
const maxWrappers = 4

// identityText takes headers off, then blanks and zero bytes. alternative is the number of the outermost context tag,
// or -1. A value without any header is taken as it is: the first character of a number is no header of its length.
func identityText(value []byte) (text string, alternative int) {
	rest := cryptobyte.String(value)
	alternative = -1
	var tag casn1.Tag
	for range maxWrappers {
		var inner cryptobyte.String
		whole := rest
		if !whole.ReadAnyASN1(&inner, &tag) || !whole.Empty() || !isWrapper(tag) {
			break
		}
		if tag&0xc0 == 0x80 && alternative < 0 {
			alternative = int(tag & 0x1f)
		}
		if tag == tagBMPString {
			wide, _, _ := (&reader{tolerant: true}).text(rest, tag, "") // a tolerant reader has no errors here
			rest = cryptobyte.String(wide)
			break
		}
		rest = inner
	}
	text = strings.ToUpper(strings.Trim(string(rest), " \x00"))
	if !isASCII(rest) || strings.ContainsFunc(text, func(c rune) bool { return c <= ' ' || c == 0x7f }) {
		return "", alternative
	}
	return text, alternative
}

func isWrapper(tag casn1.Tag) bool {
	switch tag {
	case casn1.OCTET_STRING, casn1.UTF8String, casn1.PrintableString, casn1.IA5String, casn1.T61String,
		tagNumericString, tagBMPString, casn1.SEQUENCE:
		return true
	default:
		return tag&0xc0 == 0x80
	}
}
