package pki

import (
	"bytes"
	"slices"
	"strings"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"
)

const maxSubtrees = 1024

// NameConstraints limits the names of all certificates below an authority (RFC 5280, 4.2.1.10). The bases are
// GeneralNames; that of an IP address holds address and mask, those of mail, DNS and URI may be or begin with a domain.
type NameConstraints struct {
	Permitted []GeneralName
	Excluded  []GeneralName // one that is Malformed, here or above, refuses every name
}

// nameConstraints reads
//
//	NameConstraints ::= SEQUENCE { permittedSubtrees [0] GeneralSubtrees OPTIONAL,
//	    excludedSubtrees [1] GeneralSubtrees OPTIONAL }
//
// of which one must be there.
func (r *reader) nameConstraints(c *Certificate, der []byte, field string) error {
	body, err := sequence(der, field)
	if err != nil {
		return err
	}
	var permitted, excluded cryptobyte.String
	var hasPermitted, hasExcluded bool
	if !body.ReadOptionalASN1(&permitted, &hasPermitted, constructedTag(0)) ||
		!body.ReadOptionalASN1(&excluded, &hasExcluded, constructedTag(1)) || !body.Empty() {
		return malformed(field)
	}
	if permitted.Empty() && excluded.Empty() {
		return malformed(field)
	}
	if hasPermitted && permitted.Empty() || hasExcluded && excluded.Empty() {
		if err := r.allow(ToleranceEmptyExtension, field); err != nil {
			return err
		}
	}
	constraints := new(NameConstraints)
	if constraints.Permitted, err = r.subtrees(permitted, field+".permittedSubtrees"); err != nil {
		return err
	}
	if constraints.Excluded, err = r.subtrees(excluded, field+".excludedSubtrees"); err != nil {
		return err
	}
	c.NameConstraints = constraints
	return nil
}

// subtrees reads SEQUENCE SIZE (1..MAX) OF
//
//	GeneralSubtree ::= SEQUENCE { base GeneralName, minimum [0] INTEGER DEFAULT 0, maximum [1] INTEGER OPTIONAL }
//
// The profile allows no minimum but zero and no maximum.
func (r *reader) subtrees(body cryptobyte.String, field string) ([]GeneralName, error) {
	var out []GeneralName
	for !body.Empty() {
		var one cryptobyte.String
		if len(out) == maxSubtrees || !body.ReadASN1(&one, casn1.SEQUENCE) {
			return nil, malformed(field)
		}
		base, err := r.generalName(&one, field)
		if err != nil {
			return nil, err
		}
		if one.PeekASN1Tag(contextTag(0)) {
			minimum, err := r.count(&one, contextTag(0), field+".minimum")
			if err != nil || minimum != 0 {
				return nil, malformed(field + ".minimum")
			}
			if err := r.allow(ToleranceDefault, field+".minimum"); err != nil {
				return nil, err
			}
		}
		if !one.Empty() {
			if !one.SkipASN1(contextTag(1)) || !one.Empty() {
				return nil, malformed(field)
			}
			if err := r.allow(ToleranceSubtreeBounds, field+".maximum"); err != nil {
				return nil, err
			}
			base.Malformed = true
		} else if base.Malformed || !isBase(base) {
			return nil, malformed(field)
		}
		out = append(out, base)
	}
	return out, nil
}

// isBase tells whether a name can stand for a subtree. A form that is not understood can: it counts if a name of that
// form comes below.
func isBase(base GeneralName) bool {
	switch base.Form {
	case FormDNS, FormURI:
		return base.Text == "" || isHost(strings.TrimPrefix(base.Text, "."))
	case FormMail:
		if strings.Contains(base.Text, "@") {
			_, ok := mailHost(base.Text)
			return ok
		}
		return base.Text == "" || isHost(strings.TrimPrefix(base.Text, "."))
	case FormIP:
		return (len(base.IP) == 8 || len(base.IP) == 32) && isMask(base.IP[len(base.IP)/2:])
	case FormDirectory, FormOther, FormX400, FormEDIParty, FormRegistered, FormUnknown:
	}
	return true
}

// usable tells whether constraints that a caller made up are what the reader lets pass.
func (n *NameConstraints) usable() bool {
	bad := func(base GeneralName) bool { return base.Malformed || !isBase(base) }
	return len(n.Permitted)+len(n.Excluded) > 0 && !slices.ContainsFunc(n.Permitted, bad) &&
		!slices.ContainsFunc(n.Excluded, bad)
}

// isMask tells whether the ones stand before the zeros.
func isMask(mask []byte) bool {
	rest := bytes.TrimLeft(mask, "\xff")
	if len(rest) == 0 {
		return true
	}
	inverted := ^rest[0]
	return inverted&(inverted+1) == 0 && len(bytes.Trim(rest[1:], "\x00")) == 0
}
