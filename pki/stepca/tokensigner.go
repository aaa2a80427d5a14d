package stepca

import (
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"time"

	"go.step.sm/crypto/jose"
)

const tokenIDBytes = 16

// TokenSigner makes one-time tokens (一次性令牌) for one provisioner: it is what stands at a registration desk, or in a
// system that enrols machines.
type TokenSigner struct {
	Provisioner string              // required: its name
	KeyID       string              // of a KindJWK provisioner's key
	Chain       []*x509.Certificate // for a KindX5C provisioner: the signer's certificate and those up to its root
	Key         crypto.Signer       // required: ECDSA on a NIST curve, RSA or Ed25519
	Host        string              // required: one of the authority's Config.Names
	Rand        io.Reader           // required
}

// Token is what a one-time token says.
type Token struct {
	Subject string   // common name of the certificate; for a revocation the serial number in decimal digits
	SANs    []string // alternative names; none means the subject, but for SM2 it means none
	Begin   time.Time
	End     time.Time
	Revoke  bool   // a token to revoke the certificate Subject; else one to enrol
	CSR     []byte // if set, the token is good for this certificate request (DER) alone

	Profile     string // for the SM2 authority, see SM2Request
	Application string // likewise
}

// Sign makes a token. Each has an identifier of its own, by which the authority knows it if it comes again.
func (s TokenSigner) Sign(t Token) (string, error) {
	if s.Key == nil || s.Rand == nil {
		return "", fmt.Errorf("%w: key or randomness of a token signer", ErrConfig)
	}
	var id [tokenIDBytes]byte
	if _, err := io.ReadFull(s.Rand, id[:]); err != nil {
		return "", fmt.Errorf("reading random token identifier: %w", err)
	}
	signer, err := s.signer()
	if err != nil {
		return "", err
	}
	c := claims{
		Claims: jose.Claims{
			ID: hex.EncodeToString(id[:]), Issuer: s.Provisioner, Subject: t.Subject,
			Audience: jose.Audience{s.audience(t)},
			IssuedAt: jose.NewNumericDate(t.Begin), NotBefore: jose.NewNumericDate(t.Begin),
			Expiry: jose.NewNumericDate(t.End),
		},
		SANs: t.SANs, Profile: t.Profile, Application: t.Application,
	}
	if t.CSR != nil {
		digest := sha256.Sum256(t.CSR)
		c.Confirmation = &confirmation{Request: base64.RawURLEncoding.EncodeToString(digest[:])}
	}
	token, err := jose.Signed(signer).Claims(c).CompactSerialize()
	if err != nil {
		return "", fmt.Errorf("signing token: %v", err)
	}
	return token, nil
}

func (s TokenSigner) audience(t Token) string {
	audience := "https://" + s.Host + "/1.0/" + actSign
	if t.Revoke {
		audience = "https://" + s.Host + "/1.0/" + actRevoke
	}
	if s.Chain != nil {
		audience += "#x5c/" + s.Provisioner
	}
	return audience
}

func (s TokenSigner) signer() (jose.Signer, error) {
	opaque := jose.NewOpaqueSigner(s.Key)
	algorithms := opaque.Algs()
	if len(algorithms) == 0 {
		return nil, fmt.Errorf("%w: key of a token signer", ErrConfig)
	}
	options := new(jose.SignerOptions).WithType("JWT")
	if s.KeyID != "" {
		options = options.WithHeader("kid", s.KeyID)
	}
	if s.Chain != nil {
		chain := make([]string, len(s.Chain))
		for i, c := range s.Chain {
			chain[i] = base64.StdEncoding.EncodeToString(c.Raw)
		}
		options = options.WithHeader("x5c", chain)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: algorithms[0], Key: opaque}, options)
	if err != nil {
		return nil, fmt.Errorf("%w: key of a token signer: %v", ErrConfig, err)
	}
	return signer, nil
}
