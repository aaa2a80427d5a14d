package server

import (
	"context"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/elicense/elicense/server/identity"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/catalogue"
)

// Elements that are about a person (personal in the type's definition) are shown masked (脱敏) where somebody browses:
// who has licences in front of him one after the other needs to tell them apart, not to read them. Who has named the
// one licence that he wants reads it, by the purpose, case and ground that stand in the audit.

// sight is whether a role reads personal elements as they are.
type sight struct {
	lists bool // of what a look-up by holder or issuer found
	named bool // of a licence that was named by its identifier or number
	drawn bool // of a sample of a conversion, which is drawn to be held against the papers
}

// sights is who reads what. A role that is not here reads nothing personal.
var sights = map[identity.Role]sight{
	identity.RoleDepartmentSystem: {lists: true, named: true, drawn: true}, // a machine: it masks for its own users
	identity.RoleBatchOperator:    {drawn: true},
	identity.RoleDepartmentClerk:  {named: true},
	identity.RoleReviewer:         {named: true},
	identity.RoleWindowClerk:      {named: true},
	identity.RoleHolder:           {lists: true, named: true}, // what is his own
	identity.RoleAgent:            {lists: true, named: true},
}

// reads tells whether a caller reads personal elements as they are.
func reads(c *identity.Caller, named bool) bool {
	if c == nil {
		return false
	}
	if named {
		return sights[c.Role].named
	}
	return sights[c.Role].lists
}

// shown are the elements that were asked for and that a version has, by short name; open: as they are, else as whoever
// browses reads them. What the type does not know any more counts as personal.
func (s *Server) shown(ctx context.Context, v *vault.Version, fields []string, open bool) map[string]string {
	names := s.shortNames(ctx, v.Record.TypeCode, fields)
	var out map[string]string
	for _, name := range names {
		value := v.Value(name)
		if value == "" {
			continue
		}
		if out == nil {
			out = make(map[string]string, len(names))
		}
		out[name] = value
	}
	if open || out == nil {
		return out
	}
	t, err := s.cfg.Vault.Type(ctx, v.Record.TypeCode)
	for name, value := range out {
		var col *catalogue.Column
		if err == nil {
			col, _ = t.Column(name)
		}
		if col == nil || col.Personal {
			value = masked(col, value)
		}
		out[name] = hideNumbers(value)
	}
	return out
}

// masked hides a personal value: of a number the first and the last character stay, of a name the last, of a date the
// year, and of everything else nothing.
func masked(col *catalogue.Column, value string) string {
	switch {
	case col == nil:
		return hidden
	case col.Kind == catalogue.KindDate && len(value) > len("2006"):
		return value[:len("2006")] + "-**-**"
	case col.Kind == catalogue.KindCode || col.Name == catalogue.MetaHolderCode:
		return maskNumber(value)
	case col.Kind == catalogue.KindText && utf8.RuneCountInString(value) <= longestName:
		return maskName(value)
	}
	return hidden
}

const (
	hidden      = "***"
	longestName = 10 // characters; a longer text is no name
)

// maskNumber keeps the first and the last character of a number (证件号).
func maskNumber(number string) string {
	r := []rune(number)
	if len(r) < 6 {
		return hidden
	}
	return string(r[0]) + strings.Repeat("*", len(r)-2) + string(r[len(r)-1])
}

// maskName keeps the last character of a name (姓名).
func maskName(name string) string {
	r := []rune(name)
	if len(r) < 2 {
		return hidden
	}
	return strings.Repeat("*", len(r)-1) + string(r[len(r)-1])
}

// citizenNumbers finds what reads as a citizen number, its check character right or wrong.
var citizenNumbers = regexp.MustCompile(`[1-9]\d{5}(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dXx]`)

// hideNumbers masks citizen numbers wherever they stand in a text, as in a licence number that is made of one.
func hideNumbers(text string) string { return citizenNumbers.ReplaceAllStringFunc(text, maskNumber) }
