package pki

import (
	"slices"
	"strings"

	"github.com/elicense/elicense/internal/code"
	"github.com/elicense/elicense/internal/oid"
)

// HolderKind is what a certificate stands for. The zero value is unknown.
type HolderKind string

// Kinds of holders.
const (
	HolderPerson       HolderKind = "person"       // 个人, also one who acts within an organisation
	HolderOrganization HolderKind = "organization" // 机构
	HolderSeal         HolderKind = "seal"         // 电子印章: the common name is the code of a seal
)

// Holder is whom a certificate names, by its subject and by the identity extensions. It is what the authority wrote,
// read in the ways that are in use; it says nothing about trust.
type Holder struct {
	Kind         HolderKind
	CommonName   string // as it stands
	Organization string // as it stands
	// Name is the name alone, without the numbers that some authorities put into the common name or organisation.
	Name string
	// USCC is the unified social credit code (统一社会信用代码): the one that passes its check digit among the
	// extensions that may hold it, or else 组织机构代码 as it stands. It is empty if there is none, and if there are
	// two that differ.
	USCC string
	// Number identifies the person; empty if there is none, and if there are two that differ.
	Number     IdentityNumber
	NumberKind IdentityKind
	SealCode   string // 印章编码, of HolderSeal
	// Ambiguous tells that extensions contradict each other.
	Ambiguous  bool
	Identities []Identity
}

var (
	personalNumbers     = []IdentityKind{IdentityCitizen, IdentityMilitary, IdentityPassport, IdentityPerson}
	organizationNumbers = []IdentityKind{IdentityCreditCode, IdentityOrganization, IdentityRegistration, IdentityTax}
)

// sealCodeDigits is the length of a seal code of GA/T 1106.
const sealCodeDigits = 14

// holderOf reads the holder from subject and extensions.
func holderOf(subject Name, extensions []Extension) Holder {
	h := Holder{
		CommonName: subject.last(oid.CommonName), Organization: strings.Join(subject.Values(oid.Organization), " "),
		Identities: identities(extensions),
	}
	h.Name = h.CommonName
	h.readNumber()
	h.readUSCC()
	if isDigits(h.CommonName, sealCodeDigits) && h.Organization != "" {
		h.readSeal()
	} else if parts := strings.Split(h.CommonName, "@"); len(parts) == 4 {
		h.Name = parts[2] // 041@0<number>@<name>@<serial>
	}
	switch {
	case h.SealCode != "":
		h.Kind = HolderSeal
	case h.has(personalNumbers...), h.has(IdentityInsurance):
		h.Kind = HolderPerson
	case h.USCC != "", h.has(organizationNumbers...):
		h.Kind = HolderOrganization
	}
	return h
}

// readSeal reads the certificate of a seal: the organisation begins with its credit code.
func (h *Holder) readSeal() {
	h.SealCode, h.Name = h.CommonName, h.Organization
	if len(h.Organization) < usccBytes || code.CheckUSCC(h.Organization[:usccBytes]) != nil {
		return
	}
	uscc := h.Organization[:usccBytes]
	h.Name = strings.TrimSpace(h.Organization[usccBytes:])
	if h.USCC != "" && h.USCC != uscc {
		h.USCC, h.Ambiguous = "", true
		return
	}
	if !h.Ambiguous {
		h.USCC = uscc
	}
}

const usccBytes = 18

func (h *Holder) readNumber() {
	for _, i := range h.Identities {
		if !slices.Contains(personalNumbers, i.Kind) {
			continue
		}
		if !h.Number.Empty() && !h.Number.Equal(i.Number) {
			h.Number, h.NumberKind, h.Ambiguous = IdentityNumber{}, "", true
			return
		}
		h.Number, h.NumberKind = i.Number, i.Kind
	}
}

// readUSCC looks for the code where makers put it. A registration or tax number of the time before 2015 is none.
func (h *Holder) readUSCC() {
	var asItStands string
	var found []string
	for _, i := range h.Identities {
		if !slices.Contains(organizationNumbers, i.Kind) {
			continue
		}
		text := i.Number.Reveal()
		valid := code.CheckUSCC(text) == nil
		if asItStands == "" && i.Kind == IdentityOrganization {
			asItStands = text
		}
		if valid || len(text) == usccBytes && i.Kind != IdentityTax && i.Kind != IdentityRegistration {
			found = append(found, text)
		}
	}
	if len(found) == 0 {
		h.USCC = asItStands
		return
	}
	for _, text := range found[1:] {
		if text != found[0] {
			h.Ambiguous = true
			return
		}
	}
	h.USCC = found[0]
}

func (h *Holder) has(kinds ...IdentityKind) bool {
	return slices.ContainsFunc(h.Identities, func(i Identity) bool { return slices.Contains(kinds, i.Kind) })
}

func isDigits(s string, n int) bool {
	return len(s) == n && !strings.ContainsFunc(s, func(c rune) bool { return c < '0' || c > '9' })
}
