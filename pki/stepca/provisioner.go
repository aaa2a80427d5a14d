package stepca

import (
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"time"

	"github.com/smallstep/certificates/authority/policy"
	"github.com/smallstep/certificates/authority/provisioner"
	"go.step.sm/crypto/jose"
)

// Kind says how a provisioner knows who asks.
type Kind string

// Kinds.
const (
	KindJWK  Kind = "jwk"  // by one-time tokens that its key signed
	KindX5C  Kind = "x5c"  // by one-time tokens that the key of a certificate below its roots signed
	KindACME Kind = "acme" // by control over a name, RFC 8555
)

// Services is a set of what a provisioner opens.
type Services uint8

// The authorities behind the tokens.
const (
	ServesTLS Services = 1 << iota // certificates with ECDSA and RSA keys, from this package
	ServesSM2                      // certificates with SM2 keys, from Config.SM2
)

// Provisioner is one who may let others have certificates (开通方).
type Provisioner struct {
	Kind     Kind     // required
	Name     string   // required, unique
	Services Services // required; KindACME serves TLS alone

	Key   crypto.PublicKey    // KindJWK: ECDSA on a NIST curve, or RSA
	KeyID string              // KindJWK
	Roots []*x509.Certificate // KindX5C: whose certificates may sign tokens; not to be confused with Config.Roots

	// Lifetimes and Policy bound the certificates further. KindACME needs a policy that allows something: whoever shows
	// control over a name could have it otherwise.
	Lifetimes Lifetimes
	Policy    Policy
	// NoRenewal has each certificate asked for anew.
	NoRenewal bool
}

func checkProvisioners(list []Provisioner, challenges Challenges) error {
	names := map[string]bool{}
	for i := range list {
		p := &list[i]
		if p.Name == "" || names[p.Name] {
			return fmt.Errorf("%w: provisioner %d has no name, or that of another", ErrConfig, i+1)
		}
		names[p.Name] = true
		if fault := p.fault(challenges); fault != "" {
			return fmt.Errorf("%w: provisioner %q: %s", ErrConfig, p.Name, fault)
		}
	}
	return nil
}

// fault says what is wrong with a provisioner, or nothing.
func (p *Provisioner) fault(challenges Challenges) string {
	if p.Services == 0 || p.Services > ServesTLS|ServesSM2 {
		return "serves nothing, or something unknown"
	}
	switch p.Kind {
	case KindJWK:
		if p.KeyID == "" || checkKey(p.Key) != nil {
			return "no key, a weak key, or no key identifier"
		}
	case KindX5C:
		if len(p.Roots) == 0 {
			return "no roots"
		}
	case KindACME:
		return p.faultACME(challenges)
	default:
		return "unknown kind"
	}
	return ""
}

func (p *Provisioner) faultACME(challenges Challenges) string {
	switch {
	case p.Services != ServesTLS:
		return "ACME serves TLS alone"
	case p.Policy.Allow.empty():
		return "ACME without a policy of allowed names"
	case len(challenges.offered()) == 0:
		return "ACME without a way to check challenges"
	}
	return ""
}

// sm2Template is what an SM2 request is approved for: the subject of the token, and the alternative names that the
// token states. Smallstep's own template would make the subject an alternative name if there is none.
const sm2Template = `{
	"subject": {{ toJson .Subject }},
	"sans": {{ if .Token.sans }}{{ toJson .SANs }}{{ else }}[]{{ end }},
	"keyUsage": ["digitalSignature"]
}`

// adapt makes smallstep's provisioner for one of the services.
func (p *Provisioner) adapt(service Services, challenges Challenges) provisioner.Interface {
	options := &provisioner.Options{X509: p.Policy.adapt()}
	if service == ServesSM2 {
		options.X509.Template = sm2Template
	}
	claims := p.Lifetimes.adapt()
	claims.DisableRenewal = &p.NoRenewal
	switch p.Kind {
	case KindJWK:
		key := &jose.JSONWebKey{Key: p.Key, KeyID: p.KeyID}
		return &provisioner.JWK{Type: "JWK", Name: p.Name, Key: key, Claims: claims, Options: options}
	case KindX5C:
		var roots []byte
		for _, root := range p.Roots {
			roots = append(roots, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: root.Raw})...)
		}
		return &provisioner.X5C{Type: "X5C", Name: p.Name, Roots: roots, Claims: claims, Options: options}
	case KindACME:
		return &provisioner.ACME{
			Type: "ACME", Name: p.Name, Challenges: challenges.offered(), Claims: claims, Options: options,
		}
	}
	return nil
}

func (c Challenges) offered() []provisioner.ACMEChallenge {
	var list []provisioner.ACMEChallenge
	if c.HTTP != nil {
		list = append(list, provisioner.HTTP_01)
	}
	if c.LookupTXT != nil {
		list = append(list, provisioner.DNS_01)
	}
	return list
}

func (l Lifetimes) adapt() *provisioner.Claims {
	return &provisioner.Claims{
		MinTLSDur: duration(l.Min), DefaultTLSDur: duration(l.Default), MaxTLSDur: duration(l.Max),
	}
}

func duration(d time.Duration) *provisioner.Duration {
	if d == 0 {
		return nil
	}
	return &provisioner.Duration{Duration: d}
}

func (p Policy) adapt() *provisioner.X509Options {
	return &provisioner.X509Options{
		AllowedNames: p.Allow.adapt(), DeniedNames: p.Deny.adapt(), AllowWildcardNames: p.Wildcards,
	}
}

// authority is the policy in the shape that smallstep wants for a whole authority.
func (p Policy) authority() *policy.X509PolicyOptions {
	return &policy.X509PolicyOptions{
		AllowedNames: p.Allow.adapt(), DeniedNames: p.Deny.adapt(), AllowWildcardNames: p.Wildcards,
	}
}

func (n Names) adapt() *policy.X509NameOptions {
	return &policy.X509NameOptions{
		CommonNames: n.CommonNames, DNSDomains: n.DNS, IPRanges: n.IP, EmailAddresses: n.Email, URIDomains: n.URI,
	}
}
