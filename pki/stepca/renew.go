package stepca

import (
	"context"
	"crypto/x509"
	"fmt"
	"slices"

	"github.com/smallstep/certificates/authority/policy"
)

// Renew gives a certificate like an old one, for as long again from now. The caller has made sure that whoever asks
// holds the old one's key. Only a certificate that was issued here, and is neither revoked nor expired, is renewed.
func (a *Authority) Renew(ctx context.Context, old *x509.Certificate) ([]*x509.Certificate, error) {
	if old == nil {
		return nil, refuse(ReasonNotIssued, "")
	}
	if err := a.tls.register.checkIssued(old); err != nil {
		return nil, err
	}
	if err := a.checkPolicy(old); err != nil {
		return nil, err
	}
	chain, err := a.tls.authority.RenewContext(ctx, old, nil)
	if err != nil {
		return nil, explain(err, ReasonConstraint)
	}
	return chain, nil
}

// checkPolicy holds the names of a certificate against the policies as they are now: the authority's, and that of the
// provisioner that it was issued for. Smallstep asks them at the first issue alone, so that a name that is not allowed
// any more would be renewed for ever.
func (a *Authority) checkPolicy(c *x509.Certificate) error {
	policies := []policy.X509PolicyOptionsInterface{a.config.Policy.authority()}
	data, err := a.tls.register.GetCertificateData(c.SerialNumber.String())
	if err != nil {
		return fmt.Errorf("reading issued certificate: %w", err)
	}
	if data.Provisioner == nil {
		return refuse(ReasonNotIssued, "for a provisioner that is not known")
	}
	i := slices.IndexFunc(a.config.Provisioners, func(p Provisioner) bool { return p.Name == data.Provisioner.Name })
	if i < 0 {
		return refuse(ReasonConstraint, "its provisioner is gone")
	}
	policies = append(policies, a.config.Provisioners[i].Policy.adapt())
	for _, p := range policies {
		engine, err := policy.NewX509PolicyEngine(p)
		if err != nil {
			return fmt.Errorf("%w: %v", ErrConfig, err)
		}
		if engine == nil {
			continue
		}
		if err := engine.IsX509CertificateAllowed(c); err != nil {
			return refuse(ReasonConstraint, "policy does not allow its names any more")
		}
	}
	return nil
}
