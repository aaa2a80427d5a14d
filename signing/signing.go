// Package signing makes SM2 signatures: SignedData of GB/T 35275-2017 and RFC 5652 over licence records, receipts,
// statements and files, by one signer or many, and signed notes over ledger checkpoints; and envelopes (数字信封) to
// encryption certificates.
//
// Keys stand behind crypto.Signer, so they may live in a device; for a key that is out of reach a Remote prepares
// what is to be signed and puts the value in its place. Nothing here decides whether a foreign signature is to be
// relied on; the one check made is that a record signed elsewhere carries the signature of the department
// certificate that was registered for its issuer.
package signing

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/elicense/elicense/internal/cms"
	"github.com/elicense/elicense/internal/oid"
	"github.com/elicense/elicense/pki"
)

var (
	// ErrConfig is returned for a missing key, chain or source of randomness, or parts that do not belong together.
	ErrConfig = errors.New("signing: invalid configuration")
	// ErrContent is returned for empty content, or content that is not what the other signatures cover.
	ErrContent = errors.New("signing: nothing to sign")
	// ErrBorrowed is returned for content that a signature of another kind covers, and that is to be signed without
	// attributes: whoever had it signed could pass the value off as one over something else.
	ErrBorrowed = errors.New("signing: content is what a signature of another kind covers")
	// ErrSigned is returned for bytes that are no SignedData to which a signature can be added.
	ErrSigned = errors.New("signing: signature cannot be added")
	// ErrTimestamp is returned for a time-stamp token that is not over the signature it was asked for.
	ErrTimestamp = errors.New("signing: time-stamp token is not over this signature")
)

// Arc is the family of identifiers that is written.
type Arc = cms.Arc

// Arcs.
const (
	ArcGM      = cms.ArcGM      // GB/T 35275-2017
	ArcRFC5652 = cms.ArcRFC5652 // RFC 5652, for readers that know nothing else
)

// Config describes a Signer.
type Config struct {
	// Key signs. It is given e = SM3(Z ‖ message), 32 bytes, and crypto.Hash(0), and answers with a DER signature
	// value. It must be safe for concurrent use if the Signer is used so. Required, but for a Remote.
	Key crypto.Signer
	// Chain is the certificate of Key, with the right to sign, and those above it, each signed by the next. Required.
	Chain []*pki.Certificate
	// Rand is the source of nonces, unpredictable and safe for concurrent use. Required with Key.
	Rand io.Reader
	// Arc is what is written where no other signature decides it. Zero is GB/T 35275.
	Arc Arc
	// WithCertificates puts the chain, without a root at its end, into the SignedData.
	WithCertificates bool
	// WithAttributes has the signature cover signed attributes (content type, message digest) in place of the content.
	WithAttributes bool
	// WithBinding adds the attribute that names the certificate by its SM3 digest (SigningCertificateV2, RFC 5035), as
	// CAdES wants it: no other certificate of the same key can then take its place. Only WithAttributes.
	WithBinding bool
	// Commitment is the type of commitment that the signature makes (ETSI EN 319 122-1), such as oid.ProofOfApproval.
	// Empty: the attribute is left out. Only WithAttributes.
	Commitment oid.ID
	// Policy is the signature policy that the signature follows. Nil: the attribute is left out. Only WithAttributes.
	Policy *Policy
	// Now gives the signing time attribute; without it there is none. It is used only WithAttributes.
	Now func() time.Time
	// Timestamper puts a time-stamp token over its value beside each signature. Nil: there is none.
	Timestamper Timestamper
}

// Policy names a signature policy (签名策略).
type Policy struct {
	ID     oid.ID
	Digest [32]byte // SM3 of the document
}

// Signer signs with one key and certificate. It is immutable and safe for concurrent use.
type Signer struct{ maker }

// NewSigner checks that key and chain belong together and prepares everything that does not depend on the content.
func NewSigner(config Config) (*Signer, error) {
	if config.Key == nil || config.Rand == nil {
		return nil, fmt.Errorf("%w: key and source of randomness are required", ErrConfig)
	}
	m, err := newMaker(config)
	if err != nil {
		return nil, err
	}
	public, err := pki.PublicKeyOf(config.Key.Public())
	if err != nil || !public.Equal(m.public) {
		return nil, fmt.Errorf("%w: key and certificate differ", ErrConfig)
	}
	return &Signer{*m}, nil
}

// Detached returns SignedData over content without the content.
func (s *Signer) Detached(ctx context.Context, content []byte) ([]byte, error) {
	return s.make(ctx, func() (*draft, error) { return s.draftContent(content, detached) })
}

// DetachedDigest is Detached for content of which the SM3 digest is known, so that long content is read once. It needs
// WithAttributes: without them the signature covers the content itself.
func (s *Signer) DetachedDigest(ctx context.Context, digest [32]byte) ([]byte, error) {
	return s.make(ctx, func() (*draft, error) { return s.draftDigest(digest) })
}

// Attached returns SignedData with the content inside.
func (s *Signer) Attached(ctx context.Context, content []byte) ([]byte, error) {
	return s.make(ctx, func() (*draft, error) { return s.draftContent(content, attached) })
}

// AddTo returns SignedData with one more signature over the same content. content is nil if it is inside. What others
// signed stays byte for byte as it was. Their signatures are not verified; but content that is not what they signed is
// refused, and so is a second signature by one certificate.
func (s *Signer) AddTo(ctx context.Context, der, content []byte) ([]byte, error) {
	return s.make(ctx, func() (*draft, error) { return s.draftAdded(der, content) })
}

// Countersign returns SignedData with a signature (会签) over the value of the signature with that index, beside it.
func (s *Signer) Countersign(ctx context.Context, der []byte, signer int) ([]byte, error) {
	return s.make(ctx, func() (*draft, error) { return s.draftCounter(der, signer) })
}

// make has the key sign a draft and writes the result.
func (s *Signer) make(ctx context.Context, prepare func() (*draft, error)) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	d, err := prepare()
	if err != nil {
		return nil, err
	}
	value, err := s.public.SignDigest(s.config.Rand, s.config.Key, d.digest)
	if err != nil {
		return nil, fmt.Errorf("signing with the key of %q: %w", s.config.Chain[0].Subject, err)
	}
	return s.finish(ctx, d, value)
}

// SignTogether returns SignedData over content by every signer, in the arc of the first.
func SignTogether(ctx context.Context, content []byte, inside bool, signers ...*Signer) ([]byte, error) {
	if len(signers) == 0 {
		return nil, fmt.Errorf("%w: a signer is required", ErrConfig)
	}
	sign, given := signers[0].Detached, content
	if inside {
		sign, given = signers[0].Attached, nil
	}
	der, err := sign(ctx, content)
	for _, s := range signers[1:] {
		if err != nil {
			return nil, err
		}
		der, err = s.AddTo(ctx, der, given)
	}
	return der, err
}
