package stepca

import (
	"context"
	"errors"
	"fmt"
	"math/big"

	"github.com/smallstep/certificates/db"
)

// maxReasonCode is aACompromise, the last of RFC 5280, 5.3.1; 7 is not used there, and 8 is for delta lists.
const (
	maxReasonCode       = 10
	unusedReasonCode    = 7
	removeFromCRLReason = 8
)

// Revocation says which certificate is revoked and why.
type Revocation struct {
	Serial     *big.Int
	ReasonCode int    // RFC 5280, 5.3.1; zero means unspecified
	Words      string // for the register
}

// Revoke revokes a certificate for the operator, durably: it is not renewed any more from now on, and stands in the
// next CRL. Others revoke over HTTP, with a token or the certificate itself. What is revoked stays so; revoking it
// again is a refusal with ReasonRevoked.
func (a *Authority) Revoke(ctx context.Context, r Revocation) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if r.Serial == nil || r.ReasonCode < 0 || r.ReasonCode > maxReasonCode || r.ReasonCode == unusedReasonCode ||
		r.ReasonCode == removeFromCRLReason {
		return refuse(ReasonRequest, "no serial number, or no reason that a full CRL can give")
	}
	err := a.tls.register.Revoke(&db.RevokedCertificateInfo{
		Serial: r.Serial.String(), ReasonCode: r.ReasonCode, Reason: r.Words, RevokedAt: a.config.Now().UTC(),
	})
	if errors.Is(err, db.ErrAlreadyExists) {
		return refuse(ReasonRevoked, "already")
	}
	if err != nil {
		return fmt.Errorf("recording revocation: %w", explain(err, ReasonOther))
	}
	return nil
}
