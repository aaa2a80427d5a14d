package main

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/pki/ca"
	"github.com/elicense/elicense/pki/stepca"
)

// sm2Issuer lets enrolment tokens fetch what the register has approved: a token names an application, and what the
// token was approved for must be what the application is for. Without an application a token opens nothing here, since
// whose certificate it is was established by an officer and not by whoever signs tokens.
type sm2Issuer struct {
	register *ca.Register
}

var _ stepca.SM2Issuer = sm2Issuer{}

// Issue implements stepca.SM2Issuer. An application is issued once: the same token or another for the same key gets the
// same certificates.
func (i sm2Issuer) Issue(ctx context.Context, r stepca.SM2Request) (stepca.SM2Issued, error) {
	id, err := ca.ParseApplicationID(r.Application)
	if err != nil {
		return stepca.SM2Issued{}, notApproved("the token names no application")
	}
	a, err := i.register.Application(ctx, id)
	if err != nil {
		return stepca.SM2Issued{}, inTokenWords(err)
	}
	if err := checkApplication(a, &r); err != nil {
		return stepca.SM2Issued{}, err
	}
	csr := r.CSR
	if a.Enrolment.CSR != nil {
		csr = nil // it is the same one
	}
	actor := ca.Actor{Name: "token of " + r.Provisioner, Roles: ca.RoleEnrol}
	certified, err := i.register.Issue(ctx, actor, id, csr)
	if err != nil {
		return stepca.SM2Issued{}, inTokenWords(err)
	}
	return i.issued(ctx, certified, &r)
}

// checkApplication holds what was approved for the token against what was approved for the application.
func checkApplication(a *ca.Application, r *stepca.SM2Request) error {
	e := &a.Enrolment
	profile, ok := ca.ProfileNamed(e.Profile)
	switch {
	case !ok || r.Profile != "" && r.Profile != e.Profile:
		return notApproved("another profile")
	case r.CommonName != e.Subject.CommonName:
		return notApproved("another name")
	case len(r.EmailAddresses)+len(r.IPAddresses)+len(r.URIs) > 0 || !sameNames(r.DNSNames, e.DNSNames):
		return notApproved("other alternative names")
	case e.CSR != nil && !bytes.Equal(e.CSR, r.CSR):
		return notApproved("another certificate request")
	case r.NotAfter.Sub(r.NotBefore) < profile.Validity:
		return notApproved("the token allows a shorter time than the profile has")
	}
	return nil
}

// sameNames compares names as sets.
func sameNames(a, b []string) bool {
	a, b = slices.Clone(a), slices.Clone(b)
	slices.Sort(a)
	slices.Sort(b)
	return slices.Equal(slices.Compact(a), slices.Compact(b))
}

// issued is the answer, for the key that asked and no other.
func (i sm2Issuer) issued(ctx context.Context, c *ca.Certified, r *stepca.SM2Request) (stepca.SM2Issued, error) {
	certificate, err := c.Certificate.Certificate()
	if err != nil {
		return stepca.SM2Issued{}, fmt.Errorf("reading the certificate that was issued: %w", err)
	}
	if !r.PublicKey.Equal(certificate.PublicKey) {
		return stepca.SM2Issued{}, notApproved("issued for another key already")
	}
	chain, err := i.chain(ctx, certificate)
	if err != nil {
		return stepca.SM2Issued{}, err
	}
	out := stepca.SM2Issued{Chain: chain, Enveloped: c.Enveloped}
	if c.Twin != nil {
		out.Twin = c.Twin.DER
	}
	return out, nil
}

// chain is the certificate and those above it, without the root.
func (i sm2Issuer) chain(ctx context.Context, certificate *pki.Certificate) ([][]byte, error) {
	out := [][]byte{certificate.Raw}
	issuers, err := i.register.Issuers(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading issuers: %w", err)
	}
	for _, issuer := range issuers {
		chains, err := i.register.IssuerChains(ctx, issuer)
		if err != nil {
			return nil, fmt.Errorf("reading issuers: %w", err)
		}
		for _, above := range chains {
			sameKey := bytes.Equal(certificate.AuthorityKeyID, above[0].SubjectKeyID)
			if !sameKey || certificate.CheckIssuedBy(above[0]) != nil {
				continue
			}
			for _, c := range above {
				if !bytes.Equal(c.RawSubject, c.RawIssuer) {
					out = append(out, c.Raw)
				}
			}
			return out, nil
		}
	}
	return out, nil
}

func notApproved(detail string) error {
	return &stepca.RefusalError{Reason: stepca.ReasonConstraint, Detail: detail}
}

// inTokenWords passes a refusal of the register on by its code, which holds nothing personal.
func inTokenWords(err error) error {
	if reason := ca.ReasonOf(err); reason != "" {
		return notApproved(string(reason))
	}
	return err
}
