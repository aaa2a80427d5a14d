package signing

import (
	"context"
	"crypto"
	"fmt"
	"io"
	"time"

	"github.com/emmansun/gmsm/sm3"

	"github.com/elicense/elicense/internal/ses"
	"github.com/elicense/elicense/pki"
)

// vendor names this software in the seals it makes.
const vendor = "elicense"

// digestSM3 is how the digests of certificates in a seal are called.
const digestSM3 = "SM3"

// maxSealYears is the longest validity of a seal.
const maxSealYears = 10

// SealMakerConfig describes a SealMaker.
type SealMakerConfig struct {
	// Key signs seals, as Config.Key does. Required.
	Key crypto.Signer
	// Chain is the maker's certificate and those above it, each signed by the next. Required. A certificate of this
	// project's profiles must have the purpose of a seal maker.
	Chain []*pki.Certificate
	// Rand is the source of nonces. Required.
	Rand io.Reader
	// Now gives the time of making. Required.
	Now func() time.Time
}

// SealMaker makes seals (制章): it binds name and picture to those who may use them. It is immutable and safe for
// concurrent use.
type SealMaker struct {
	config SealMakerConfig
	public *pki.PublicKey
}

// SealSpec is the seal that is wanted.
type SealSpec struct {
	Version SealVersion
	ID      string // 印章编码, 14 digits: division and serial number
	// Name is the name of the seal: exactly that of the organisation or person in the certificates, followed by Usage.
	Name  string
	Usage string // 用途, as ApprovalSeal; empty: the seal of the holder at large
	// Personal tells that it is a person's seal (个人章).
	Personal bool
	// Signers are the certificates whose keys may use the seal. Each must be valid now, all of one holder. Required.
	Signers []*pki.Certificate
	// ByDigest lists the digests of the certificates in place of the certificates. GB/T 38540 alone.
	ByDigest   bool
	ValidFrom  time.Time // whole seconds. Required
	ValidUntil time.Time // at most ten years later. Required
	Picture    SealPicture
}

// NewSealMaker checks that key and certificate belong together and are a seal maker's.
func NewSealMaker(config SealMakerConfig) (*SealMaker, error) {
	config.Chain = append([]*pki.Certificate(nil), config.Chain...)
	public, err := checkSealKey(config.Key, config.Chain, config.Rand, config.Now)
	if err != nil {
		return nil, err
	}
	if err := checkMaker(config.Chain[0]); err != nil {
		return nil, err
	}
	return &SealMaker{config: config, public: public}, nil
}

// checkSealKey wants a key, its certificate and what belongs to it.
func checkSealKey(
	key crypto.Signer, chain []*pki.Certificate, random io.Reader, now func() time.Time,
) (*pki.PublicKey, error) {
	if key == nil || random == nil || now == nil {
		return nil, refuseSeal(SealReasonConfig, "key, source of randomness and clock are required")
	}
	if err := checkChain(chain); err != nil {
		return nil, refuseSeal(SealReasonConfig, "%v", err)
	}
	public, err := pki.PublicKeyOf(key.Public())
	if err != nil || !public.Equal(chain[0].PublicKey) {
		return nil, refuseSeal(SealReasonConfig, "key and certificate differ")
	}
	return public, nil
}

// checkChainTime wants every certificate of the chain to be valid.
func checkChainTime(chain []*pki.Certificate, at time.Time) error {
	for _, c := range chain {
		if !validAt(c, at) {
			return refuseSeal(SealReasonExpired, "%v is not valid at %s", c, at.Format(time.RFC3339))
		}
	}
	return nil
}

func validAt(c *pki.Certificate, at time.Time) bool {
	return !at.Before(c.NotBefore) && !at.After(c.NotAfter)
}

// Certificate is the maker's certificate.
func (m *SealMaker) Certificate() *pki.Certificate { return m.config.Chain[0] }

// Make returns the DER of a signed seal. A refusal is a *SealError.
func (m *SealMaker) Make(ctx context.Context, spec SealSpec) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	now := m.config.Now().UTC().Truncate(time.Second)
	if err := checkChainTime(m.config.Chain, now); err != nil {
		return nil, err
	}
	if err := spec.check(now); err != nil {
		return nil, err
	}
	version, err := spec.Version.codec()
	if err != nil {
		return nil, err
	}
	draft, err := ses.NewSealDraft(m.fill(&spec, version, now))
	if err != nil {
		return nil, refuseSeal(SealReasonForm, "%v", err)
	}
	message := draft.ToSign()
	value, err := m.public.Sign(m.config.Rand, m.config.Key, message)
	if err != nil {
		return nil, fmt.Errorf("signing a seal: %w", err)
	}
	// A seal is used for years: a faulty device is to be found now.
	if err := pki.VerifySM2(m.public, message, value); err != nil {
		return nil, refuseSeal(SealReasonSignature, "%v", err)
	}
	der, err := draft.Seal(value)
	if err != nil {
		return nil, refuseSeal(SealReasonForm, "%v", err)
	}
	return der, nil
}

func (m *SealMaker) fill(spec *SealSpec, version ses.Version, now time.Time) *ses.Seal {
	s := &ses.Seal{
		Version: version, Vendor: vendor, ID: spec.ID, Type: ses.TypeUnit, Name: spec.Name,
		Created: now, ValidFrom: spec.ValidFrom, ValidUntil: spec.ValidUntil,
		Picture: ses.Picture(spec.Picture), Maker: m.config.Chain[0].Raw,
	}
	if spec.Personal {
		s.Type = ses.TypePerson
	}
	for _, c := range spec.Signers {
		if spec.ByDigest {
			digest := sm3.Sum(c.Raw)
			s.Digests = append(s.Digests, ses.CertDigest{Type: digestSM3, Value: digest[:]})
		} else {
			s.Certificates = append(s.Certificates, c.Raw)
		}
	}
	return s
}
