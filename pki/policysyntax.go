package pki

import (
	"slices"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/elicense/elicense/internal/oid"
)

// Limits of one certificate. With them a policy graph stays small.
const (
	maxPolicies       = 128
	maxPolicyMappings = 256
)

// Policy is a certificate policy (证书策略) that a certificate was issued under.
type Policy struct {
	ID         oid.ID
	Qualifiers []PolicyQualifier
}

// PolicyQualifier is information beside a policy; it has no effect on a judgement.
type PolicyQualifier struct {
	ID    oid.ID
	Value []byte // DER
}

// PolicyMapping says that an authority takes two policies to be equivalent.
type PolicyMapping struct {
	Issuer, Subject oid.ID
}

// certificatePolicies reads
//
//	CertificatePolicies ::= SEQUENCE SIZE (1..MAX) OF SEQUENCE { policyIdentifier OBJECT IDENTIFIER,
//	    policyQualifiers SEQUENCE SIZE (1..MAX) OF SEQUENCE { OBJECT IDENTIFIER, ANY } OPTIONAL }
func (r *reader) certificatePolicies(c *Certificate, der []byte, field string) error {
	body, err := sequence(der, field)
	if err != nil {
		return err
	}
	c.HasPolicies = true
	for !body.Empty() {
		var one cryptobyte.String
		var p Policy
		if len(c.Policies) == maxPolicies || !body.ReadASN1(&one, casn1.SEQUENCE) || !oid.Read(&one, &p.ID) {
			return malformed(field)
		}
		if p.Qualifiers, err = r.qualifiers(one, field); err != nil {
			return err
		}
		if slices.ContainsFunc(c.Policies, func(other Policy) bool { return other.ID == p.ID }) {
			if err := r.allow(ToleranceDuplicatePolicy, field); err != nil {
				return err
			}
			continue
		}
		c.Policies = append(c.Policies, p)
	}
	if len(c.Policies) == 0 {
		return malformed(field)
	}
	return nil
}

func (r *reader) qualifiers(rest cryptobyte.String, field string) ([]PolicyQualifier, error) {
	if rest.Empty() {
		return nil, nil
	}
	var list cryptobyte.String
	if !rest.ReadASN1(&list, casn1.SEQUENCE) || !rest.Empty() {
		return nil, malformed(field)
	}
	if list.Empty() {
		return nil, r.allow(ToleranceEmptyExtension, field)
	}
	var out []PolicyQualifier
	for !list.Empty() {
		var one, value cryptobyte.String
		var tag casn1.Tag
		var q PolicyQualifier
		if len(out) == maxPolicies || !list.ReadASN1(&one, casn1.SEQUENCE) || !oid.Read(&one, &q.ID) ||
			!one.ReadAnyASN1Element(&value, &tag) || !one.Empty() {
			return nil, malformed(field)
		}
		q.Value = value
		out = append(out, q)
	}
	return out, nil
}

// policyMappings reads
//
//	PolicyMappings ::= SEQUENCE SIZE (1..MAX) OF SEQUENCE { issuerDomainPolicy OBJECT IDENTIFIER,
//	    subjectDomainPolicy OBJECT IDENTIFIER }
//
// Whether they may be there at all is for the chain to judge.
func (r *reader) policyMappings(c *Certificate, der []byte, field string) error {
	body, err := sequence(der, field)
	if err != nil {
		return err
	}
	for !body.Empty() {
		var one cryptobyte.String
		var m PolicyMapping
		if len(c.PolicyMappings) == maxPolicyMappings || !body.ReadASN1(&one, casn1.SEQUENCE) ||
			!oid.Read(&one, &m.Issuer) || !oid.Read(&one, &m.Subject) || !one.Empty() {
			return malformed(field)
		}
		c.PolicyMappings = append(c.PolicyMappings, m)
	}
	if len(c.PolicyMappings) == 0 {
		return malformed(field)
	}
	return nil
}

// policyConstraints reads
//
//	PolicyConstraints ::= SEQUENCE { requireExplicitPolicy [0] INTEGER OPTIONAL,
//	    inhibitPolicyMapping [1] INTEGER OPTIONAL }
//
// of which one must be there (RFC 5280, 4.2.1.11).
func (r *reader) policyConstraints(c *Certificate, der []byte, field string) error {
	body, err := sequence(der, field)
	if err != nil {
		return err
	}
	if body.Empty() {
		return malformed(field)
	}
	for i, member := range []*int{&c.RequireExplicitPolicy, &c.InhibitPolicyMapping} {
		tag := contextTag(uint8(i))
		if !body.PeekASN1Tag(tag) {
			continue
		}
		if *member, err = r.count(&body, tag, field); err != nil {
			return err
		}
	}
	if !body.Empty() {
		return malformed(field)
	}
	return nil
}

// inhibitAnyPolicy reads InhibitAnyPolicy ::= INTEGER.
func (r *reader) inhibitAnyPolicy(c *Certificate, der []byte, field string) error {
	input := cryptobyte.String(der)
	var err error
	if c.InhibitAnyPolicy, err = r.count(&input, casn1.INTEGER, field); err != nil {
		return err
	}
	if !input.Empty() {
		return malformed(field)
	}
	return nil
}
