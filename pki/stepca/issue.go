package stepca

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"github.com/smallstep/certificates/authority/provisioner"

	"github.com/elicense/elicense/internal/engine"
)

const maxRequestBytes = 16 << 10

// Enrolment asks for one certificate.
type Enrolment struct {
	Token string // one-time token
	CSR   []byte // PKCS#10 in DER, signed by its key

	// NotBefore and NotAfter are asked for, within what the provisioner allows; zero means what it gives by default.
	NotBefore, NotAfter time.Time
}

func (e *Enrolment) options() provisioner.SignOptions {
	return provisioner.SignOptions{
		NotBefore: provisioner.NewTimeDuration(e.NotBefore), NotAfter: provisioner.NewTimeDuration(e.NotAfter),
	}
}

// Issue uses up the token and gives the certificate, durably registered, followed by its chain without the root. A
// request that cannot be read leaves its token usable.
func (a *Authority) Issue(ctx context.Context, e Enrolment) ([]*x509.Certificate, error) {
	if len(e.CSR) > maxRequestBytes {
		return nil, refuse(ReasonRequest, "too long")
	}
	csr, err := x509.ParseCertificateRequest(e.CSR)
	if err != nil {
		return nil, refuse(ReasonRequest, "cannot be read")
	}
	if checkKey(csr.PublicKey) != nil {
		return nil, refuse(ReasonRequest, "weak key, or one of another kind")
	}
	if csr.CheckSignature() != nil {
		return nil, refuse(ReasonPossession, "")
	}
	options, err := a.tls.authorize(ctx, e.Token)
	if err != nil {
		return nil, err
	}
	chain, err := a.tls.authority.SignWithContext(signing(ctx), csr, e.options(), options...)
	if err != nil {
		return nil, explain(err, ReasonConstraint)
	}
	return chain, nil
}

// authorize uses up a token to sign and gives the rules for what may be signed.
func (s *side) authorize(ctx context.Context, token string) ([]provisioner.SignOption, error) {
	_, c, err := readToken(token)
	if err != nil {
		return nil, err
	}
	act, err := s.checkClaims(c, s.now())
	if err != nil {
		return nil, err
	}
	if act != actSign {
		return nil, refuse(ReasonAudience, "not a token to enrol")
	}
	options, err := s.authority.Authorize(signing(ctx), token)
	if err != nil {
		return nil, explain(err, ReasonToken)
	}
	return options, nil
}

func signing(ctx context.Context) context.Context {
	return provisioner.NewContextWithMethod(ctx, provisioner.SignMethod)
}

// explain puts an error of smallstep's into ours. Its words are dropped: they can hold names and tokens.
func explain(err error, otherwise Reason) error {
	var refusal *RefusalError
	if errors.As(err, &refusal) {
		return refusal
	}
	for _, fault := range []error{
		engine.ErrAmbiguous, engine.ErrNoSpace, engine.ErrClosed, engine.ErrCorrupt, engine.ErrTooLarge,
		engine.ErrInvalidKey, context.Canceled, context.DeadlineExceeded,
	} {
		if errors.Is(err, fault) {
			return fmt.Errorf("stepca: %w", fault)
		}
	}
	return refuse(otherwise, "")
}
