package signing

import (
	"bytes"
	"context"
	"crypto"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/emmansun/gmsm/sm3"

	"github.com/elicense/elicense/internal/ses"
	"github.com/elicense/elicense/internal/tsp"
	"github.com/elicense/elicense/pki"
)

// maxSealedBytes limits the Signature.xml that is sealed: a list of files and digests.
const maxSealedBytes = 16 << 20

// SealerConfig describes a Sealer.
type SealerConfig struct {
	// Key signs, as Config.Key does. Required.
	Key crypto.Signer
	// Chain is the certificate of Key and those above it, each signed by the next. The seal must list it. Required.
	Chain []*pki.Certificate
	// Rand is the source of nonces. Required.
	Rand io.Reader
	// Now gives the time of sealing. Required.
	Now func() time.Time
	// Seal is the signed seal, DER. Required.
	Seal []byte
	// Timestamp gives a token over each signature value; nil: none. A seal of GM/T 0031-2014 has no place for it.
	Timestamp Timestamper
}

// Sealer seals (签章) with one seal and one key. It is immutable and safe for concurrent use.
type Sealer struct {
	config SealerConfig
	public *pki.PublicKey
	seal   *ses.Seal
}

// NewSealer checks that seal, key and certificate belong together: the seal's own signature verifies, its maker is one,
// its list holds the certificate. Whether the maker is to be relied on is for whoever verifies.
func NewSealer(config SealerConfig) (*Sealer, error) {
	config.Chain = append([]*pki.Certificate(nil), config.Chain...)
	config.Seal = bytes.Clone(config.Seal)
	public, err := checkSealKey(config.Key, config.Chain, config.Rand, config.Now)
	if err != nil {
		return nil, err
	}
	seal, err := ses.ParseSeal(config.Seal)
	if err != nil {
		return nil, refuseSeal(SealReasonForm, "%v", err)
	}
	s := &Sealer{config: config, public: public, seal: seal}
	if err := s.checkSeal(); err != nil {
		return nil, err
	}
	return s, nil
}

func (s *Sealer) checkSeal() error {
	if s.seal.Version == ses.V5 {
		return refuseSeal(SealReasonForm, "seals of %s are read only", s.seal.Version)
	}
	if s.config.Timestamp != nil && s.seal.Version == ses.V1 {
		return refuseSeal(SealReasonConfig, "a signature of %s has no place for a token", s.seal.Version)
	}
	if err := checkMakersSignature(s.seal); err != nil {
		return err
	}
	usage := ""
	if strings.HasSuffix(s.seal.Name, ApprovalSeal) {
		usage = ApprovalSeal
	}
	if err := checkSigner(s.config.Chain[0], usage); err != nil {
		return err
	}
	if !s.seal.Lists(s.config.Chain[0].Raw) {
		return refuseSeal(SealReasonNotListed, "%v may not use this seal", s.config.Chain[0])
	}
	return nil
}

func checkMakersSignature(seal *ses.Seal) error {
	if !ses.IsSM2(seal.Algorithm) {
		return refuseSeal(SealReasonAlgorithms, "seal signed with %s", seal.Algorithm)
	}
	maker, err := pki.ParseTolerant(seal.Maker)
	if err != nil {
		return refuseSeal(SealReasonForm, "%v", err)
	}
	if err := checkMaker(maker); err != nil {
		return err
	}
	if err := pki.VerifySM2(maker.PublicKey, seal.SignedBytes(), seal.Signature); err != nil {
		return refuseSeal(SealReasonSignature, "%v", err)
	}
	return nil
}

// Seal is a copy of the seal.
func (s *Sealer) Seal() []byte { return bytes.Clone(s.seal.Raw) }

// Picture is a copy of the seal's picture.
func (s *Sealer) Picture() SealPicture {
	p := SealPicture(s.seal.Picture)
	p.Data = bytes.Clone(p.Data)
	return p
}

// Certificate is the certificate that seals.
func (s *Sealer) Certificate() *pki.Certificate { return s.config.Chain[0] }

// Value returns the SES_Signature over the bytes of a Signature.xml. The property is the absolute path of that file in
// its package. A refusal is a *SealError.
func (s *Sealer) Value(ctx context.Context, signatureXML []byte, property string) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	now := s.config.Now().UTC().Truncate(time.Second)
	if err := s.checkUse(signatureXML, property, now); err != nil {
		return nil, err
	}
	digest := sm3.Sum(signatureXML)
	draft, err := ses.NewSignatureDraft(&ses.Signature{
		Seal: s.seal, Time: now, DataHash: digest[:], Property: property, Certificate: s.config.Chain[0].Raw,
	})
	if err != nil {
		return nil, refuseSeal(SealReasonForm, "%v", err)
	}
	value, err := s.public.Sign(s.config.Rand, s.config.Key, draft.ToSign())
	if err != nil {
		return nil, fmt.Errorf("sealing with the key of %v: %w", s.config.Chain[0], err)
	}
	token, err := s.token(ctx, value)
	if err != nil {
		return nil, err
	}
	der, err := draft.Signature(value, token)
	if err != nil {
		return nil, refuseSeal(SealReasonForm, "%v", err)
	}
	return der, nil
}

func (s *Sealer) checkUse(signatureXML []byte, property string, now time.Time) error {
	switch {
	case len(signatureXML) == 0, len(signatureXML) > maxSealedBytes:
		return refuseSeal(SealReasonContent, "%d bytes", len(signatureXML))
	case !strings.HasPrefix(property, "/"):
		return refuseSeal(SealReasonProperty, "is no absolute path")
	case now.Before(s.seal.ValidFrom), now.After(s.seal.ValidUntil):
		return refuseSeal(SealReasonValidity, "seal is not valid at %s", now.Format(time.RFC3339))
	}
	return checkChainTime(s.config.Chain, now)
}

// token asks for a time-stamp token over the signature value and checks that it is one.
func (s *Sealer) token(ctx context.Context, value []byte) ([]byte, error) {
	if s.config.Timestamp == nil {
		return nil, nil
	}
	imprint := sm3.Sum(value)
	der, err := s.config.Timestamp.Timestamp(ctx, imprint)
	if err != nil {
		return nil, fmt.Errorf("asking for a time-stamp token: %w", err)
	}
	token, err := tsp.ParseToken(der)
	if err != nil {
		return nil, refuseSeal(SealReasonTimestamp, "%v", err)
	}
	if i := token.Info.Imprint; !i.SM3() || !bytes.Equal(i.Digest, imprint[:]) {
		return nil, refuseSeal(SealReasonTimestamp, "token is over something else")
	}
	return der, nil
}
