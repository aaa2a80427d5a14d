package stepca

import (
	"bytes"
	"context"
	"fmt"
	"time"
)

// CRL gives the list of revoked certificates in DER. It is made anew when a revocation is missing from it and the last
// one is older than CRLConfig.Every, and in any case at half its lifetime; who publishes it elsewhere calls this that
// often. Making it costs time and memory for every revoked certificate that has not expired.
func (a *Authority) CRL(ctx context.Context) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	a.crlMu.Lock()
	defer a.crlMu.Unlock()
	now := a.config.Now()
	if a.crlDue(now) {
		// A revocation that becomes durable from here on sets it again, whether or not the new list has it.
		a.tls.register.pending.Store(false)
		if err := a.tls.authority.GenerateCertificateRevocationList(); err != nil {
			a.tls.register.pending.Store(true)
			return nil, fmt.Errorf("making CRL: %w", explain(err, ReasonOther))
		}
		list, err := a.tls.authority.GetCertificateRevocationList()
		if err != nil {
			a.tls.register.pending.Store(true)
			return nil, fmt.Errorf("reading CRL: %w", explain(err, ReasonOther))
		}
		a.crl, a.crlMade = list.Data, now
	}
	return bytes.Clone(a.crl), nil
}

func (a *Authority) crlDue(now time.Time) bool {
	age := now.Sub(a.crlMade)
	switch {
	case a.crlMade.IsZero(), age < 0, age >= a.config.CRL.Lifetime/2:
		return true
	default:
		return a.tls.register.pending.Load() && age >= a.config.CRL.Every
	}
}
