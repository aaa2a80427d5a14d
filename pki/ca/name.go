package ca

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/elicense/elicense/internal/oid"
)

// maxNameRunes is the upper bound of X.520 for common name and organisation.
const maxNameRunes = 64

// Name is a distinguished name; the country is always CN. Empty parts are left out.
type Name struct {
	Province           string
	Locality           string
	Organization       string
	OrganizationalUnit string
	CommonName         string // required
	SerialNumber       string // tells holders of one name apart; a register fills it in for persons
}

// encode writes the name as GB/T 20518 has it: country as PrintableString, everything else as UTF8String.
func (n Name) encode() ([]byte, error) {
	if n.CommonName == "" {
		return nil, refuse(ErrLint, ReasonLint, "common name is empty")
	}
	var b cryptobyte.Builder
	b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
		addRDN(b, oid.Country, casn1.PrintableString, "CN")
		addRDN(b, oid.Province, casn1.UTF8String, n.Province)
		addRDN(b, oid.Locality, casn1.UTF8String, n.Locality)
		addRDN(b, oid.Organization, casn1.UTF8String, n.Organization)
		addRDN(b, oid.OrganizationalUnit, casn1.UTF8String, n.OrganizationalUnit)
		addRDN(b, oid.CommonName, casn1.UTF8String, n.CommonName)
		addRDN(b, oid.SerialNumber, casn1.PrintableString, n.SerialNumber)
	})
	for _, part := range n.parts() {
		if !printable(part) || len(n.SerialNumber) > 0 && !isPrintableString(n.SerialNumber) {
			return nil, refuse(ErrLint, ReasonLint, "a part of the name is too long or holds what cannot be printed")
		}
	}
	return b.Bytes()
}

// parts are the values in the order of the name.
func (n Name) parts() []string {
	return []string{n.Province, n.Locality, n.Organization, n.OrganizationalUnit, n.CommonName, n.SerialNumber}
}

func addRDN(b *cryptobyte.Builder, id oid.ID, tag casn1.Tag, value string) {
	if value == "" {
		return
	}
	b.AddASN1(casn1.SET, func(b *cryptobyte.Builder) {
		b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
			oid.Add(b, id)
			b.AddASN1(tag, func(b *cryptobyte.Builder) { b.AddBytes([]byte(value)) })
		})
	})
}

func printable(s string) bool {
	return utf8.ValidString(s) && utf8.RuneCountInString(s) <= maxNameRunes && s == strings.TrimSpace(s) &&
		strings.IndexFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) < 0
}

// isPrintableString tells whether s is made of the characters of a PrintableString (X.680, 41.4).
func isPrintableString(s string) bool {
	const characters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 '()+,-./:=?"
	return s != "" && strings.Trim(s, characters) == ""
}
