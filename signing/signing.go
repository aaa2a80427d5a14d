// Package signing makes SM2 signatures: SignedData of GB/T 35275-2017 over licence records, receipts and statements,
// and signed notes over ledger checkpoints.
//
// Keys stand behind crypto.Signer, so they may live in a device. Nothing here decides whether a foreign signature is
// to be relied on; the one check made is that a record signed elsewhere carries the signature of the department
// certificate that was registered for its issuer.
package signing

import (
	"bytes"
	"context"
	"crypto"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/elicense/elicense/internal/cms"
	"github.com/elicense/elicense/pki"
)

var (
	// ErrConfig is returned for a missing key, chain or source of randomness, or parts that do not belong together.
	ErrConfig = errors.New("signing: invalid configuration")
	// ErrContent is returned for empty content.
	ErrContent = errors.New("signing: nothing to sign")
)

// Config describes a Signer.
type Config struct {
	// Key signs. It is given e = SM3(Z ‖ message), 32 bytes, and crypto.Hash(0), and answers with a DER signature
	// value. It must be safe for concurrent use if the Signer is used so. Required.
	Key crypto.Signer
	// Chain is the certificate of Key, with the right to sign, and those above it, each signed by the next. Required.
	Chain []*pki.Certificate
	// Rand is the source of nonces, unpredictable and safe for concurrent use. Required.
	Rand io.Reader
	// WithCertificates puts the chain, without a root at its end, into the SignedData.
	WithCertificates bool
	// WithAttributes has the signature cover signed attributes (content type, message digest) in place of the content.
	WithAttributes bool
	// Now gives the signing time attribute; without it there is none. It is used only WithAttributes.
	Now func() time.Time
}

// Signer signs with one key and certificate. It is immutable and safe for concurrent use.
type Signer struct {
	config  Config
	public  *pki.PublicKey
	builder *cms.Builder
}

// NewSigner checks that key and chain belong together and prepares everything that does not depend on the content.
func NewSigner(config Config) (*Signer, error) {
	if config.Key == nil || config.Rand == nil {
		return nil, fmt.Errorf("%w: key and source of randomness are required", ErrConfig)
	}
	config.Chain = append([]*pki.Certificate(nil), config.Chain...)
	if err := checkChain(config.Chain); err != nil {
		return nil, err
	}
	leaf := config.Chain[0]
	public, err := pki.PublicKeyOf(config.Key.Public())
	if err != nil || !public.Equal(leaf.PublicKey) {
		return nil, fmt.Errorf("%w: key and certificate differ", ErrConfig)
	}
	if leaf.KeyUsage&pki.UsageDigitalSignature == 0 {
		return nil, fmt.Errorf("%w: certificate may not sign documents", ErrConfig)
	}
	var certificates [][]byte
	if config.WithCertificates {
		certificates = withoutRoot(config.Chain)
	}
	builder, err := cms.NewBuilder(leaf.RawIssuer, leaf.Serial, certificates)
	if err != nil {
		return nil, fmt.Errorf("%w: %v", ErrConfig, err)
	}
	return &Signer{config: config, public: public, builder: builder}, nil
}

// Detached returns SignedData over content without the content.
func (s *Signer) Detached(ctx context.Context, content []byte) ([]byte, error) {
	attributes, signature, err := s.sign(ctx, content)
	if err != nil {
		return nil, err
	}
	return s.builder.Detached(attributes, signature)
}

// Attached returns SignedData with the content inside.
func (s *Signer) Attached(ctx context.Context, content []byte) ([]byte, error) {
	attributes, signature, err := s.sign(ctx, content)
	if err != nil {
		return nil, err
	}
	return s.builder.Attached(content, attributes, signature)
}

// Certificate is the certificate of the signing key.
func (s *Signer) Certificate() *pki.Certificate { return s.config.Chain[0] }

func (s *Signer) sign(ctx context.Context, content []byte) (attributes, signature []byte, err error) {
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	if len(content) == 0 {
		return nil, nil, ErrContent
	}
	message := content
	if s.config.WithAttributes {
		if attributes, err = s.attributes(content); err != nil {
			return nil, nil, err
		}
		message = attributes
	}
	if signature, err = s.public.Sign(s.config.Rand, s.config.Key, message); err != nil {
		return nil, nil, fmt.Errorf("signing with the key of %q: %w", s.config.Chain[0].Subject, err)
	}
	return attributes, signature, nil
}

func (s *Signer) attributes(content []byte) ([]byte, error) {
	var at time.Time
	if s.config.Now != nil {
		at = s.config.Now()
	}
	return cms.SignedAttributes(content, at)
}

func checkChain(chain []*pki.Certificate) error {
	if len(chain) == 0 {
		return fmt.Errorf("%w: a certificate is required", ErrConfig)
	}
	for i, c := range chain {
		if c == nil || c.PublicKey == nil {
			return fmt.Errorf("%w: certificate %d has no SM2 key", ErrConfig, i+1)
		}
		if i == 0 {
			continue
		}
		if err := chain[i-1].CheckIssuedBy(c); err != nil {
			return fmt.Errorf("%w: chain broken: %w", ErrConfig, err)
		}
	}
	return nil
}

func withoutRoot(chain []*pki.Certificate) [][]byte {
	var ders [][]byte
	for i, c := range chain {
		if i > 0 && i == len(chain)-1 && bytes.Equal(c.RawSubject, c.RawIssuer) {
			break
		}
		ders = append(ders, c.Raw)
	}
	return ders
}
