package stepca

import (
	"context"
	"crypto/x509"
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
	chain, err := a.tls.authority.RenewContext(ctx, old, nil)
	if err != nil {
		return nil, explain(err, ReasonConstraint)
	}
	return chain, nil
}
