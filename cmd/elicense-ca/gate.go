package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/elicense/elicense/pki/ca"
	"github.com/elicense/elicense/pki/stepca"
)

// gate issues SM2 certificates to whoever brings a one-time token: for an application that officers have approved, or, if
// policy asks for no approval, for a server.
type gate struct{ office *office }

var _ stepca.SM2Issuer = gate{}

// gatekeeper is the gate in the register's audit.
var gatekeeper = ca.Actor{Name: "gate", Roles: ca.RoleEnrol}

// errGate is returned for a token that fits neither an application nor a profile of servers.
var errGate = errors.New("the token does not fit what it asks for")

// Issue implements stepca.SM2Issuer.
func (g gate) Issue(ctx context.Context, r stepca.SM2Request) (stepca.SM2Issued, error) {
	if len(r.EmailAddresses)+len(r.IPAddresses)+len(r.URIs) > 0 {
		return stepca.SM2Issued{}, fmt.Errorf("%w: names other than host names", errGate)
	}
	done, err := g.certify(ctx, r)
	if err != nil {
		return stepca.SM2Issued{}, err
	}
	chains, err := g.office.register.IssuerChains(ctx, done.Certificate.ID.Issuer)
	if err != nil {
		return stepca.SM2Issued{}, err
	}
	out := stepca.SM2Issued{Chain: [][]byte{done.Certificate.DER}, Enveloped: done.Enveloped}
	if n := len(chains); n > 0 {
		for _, c := range chains[n-1][:max(len(chains[n-1])-1, 1)] {
			out.Chain = append(out.Chain, c.Raw)
		}
	}
	if done.Twin != nil {
		out.Twin = done.Twin.DER
	}
	return out, nil
}

func (g gate) certify(ctx context.Context, r stepca.SM2Request) (*ca.Certified, error) {
	if r.Application == "" {
		return g.server(ctx, r)
	}
	id, err := ca.ParseApplicationID(r.Application)
	if err != nil {
		return nil, err
	}
	a, err := g.office.register.Application(ctx, id)
	if err != nil {
		return nil, err
	}
	e := &a.Enrolment
	if r.CommonName != e.Subject.CommonName || !slices.Equal(slices.Sorted(slices.Values(r.DNSNames)),
		slices.Sorted(slices.Values(e.DNSNames))) || r.Profile != "" && r.Profile != e.Profile {
		return nil, fmt.Errorf("%w: other names than those of the application", errGate)
	}
	return g.office.register.Issue(ctx, gatekeeper, id, r.CSR)
}

// server enrols a server by its token alone. The register refuses it unless policy lets the profile pass without
// approval.
func (g gate) server(ctx context.Context, r stepca.SM2Request) (*ca.Certified, error) {
	if r.Profile != ca.ProfileServer {
		return nil, fmt.Errorf("%w: without an application it is for servers only", errGate)
	}
	id, err := g.office.register.NewApplicationID()
	if err != nil {
		return nil, err
	}
	return g.office.register.Enrol(ctx, gatekeeper, id, ca.Enrolment{
		Profile: r.Profile, Subject: ca.Name{CommonName: r.CommonName}, DNSNames: r.DNSNames, CSR: r.CSR,
	})
}
