// Package tsa is a time-stamp authority (时间戳服务) of RFC 3161 with SM2 and SM3.
//
// It signs that a digest existed at a time. What it promises: every token has a serial number that no other has, and a
// time later than that of every token before it, across restarts and kill -9; no token is made while the clock is not
// trusted, while the certificate is not valid, or by a key whose certificate is not for time-stamping alone; no token
// leaves that was not verified. What it does not do: it keeps no tokens, and asks nobody who he is. The clocks,
// randomness and other sources of time are passed in.
package tsa

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/elicense/elicense/internal/cms"
	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/internal/oid"
	"github.com/elicense/elicense/internal/tsp"
	"github.com/elicense/elicense/pki"
)

var (
	// ErrConfig is returned for a configuration that is incomplete or contradicts itself.
	ErrConfig = errors.New("tsa: invalid configuration")
	// ErrCertificate is returned for a key and certificates that must not sign tokens.
	ErrCertificate = errors.New("tsa: certificate is not fit to sign tokens")
)

// Config is what an authority needs.
type Config struct {
	Engine engine.Engine      // required: keeps serial numbers; keys begin with "tsa/"
	Clock  *Clock             // required
	Rand   io.Reader          // required: unpredictable; safe for concurrent use
	Log    *slog.Logger       // required
	Key    crypto.Signer      // required: SM2; safe for concurrent use
	Chain  []*pki.Certificate // required: the key's certificate, then those above it; the root may be left out

	Policy string // required: identifier of the policy, dotted
	// OtherPolicies are those that a request may name in place of Policy.
	OtherPolicies []string
	// Accuracy is required: how far a token's time may be off. It cannot be finer than what the clock allows itself.
	Accuracy time.Duration
	// Hashes are the algorithms of imprints; none: SM3 alone. SHA-256, SHA-384 and SHA-512 can be added.
	Hashes []pki.Hash
	// OtherSM3 accepts SM3 imprints that are named as a product in use names them: 1.2.156.10197.6.1.4.2, or 401.1.
	OtherSM3 bool
	// GMArc writes SignedData under the arc of GB/T 35275 in place of RFC 5652.
	GMArc bool
	// SkipSignatureCheckUnsafe lets tokens out without verifying them first.
	SkipSignatureCheckUnsafe bool
}

// Authority makes tokens. It is safe for concurrent use.
type Authority struct {
	config   Config
	public   *pki.PublicKey
	writer   *tsp.Writer
	desk     desk
	policy   oid.ID
	policies []oid.ID
	hashes   []pki.Hash
	name     []byte // GeneralName
	accuracy tsp.Accuracy
}

// Open checks everything that can be checked before the first token, the cryptography of the process and the key
// included, and fails if anything is wrong.
func Open(config Config) (*Authority, error) {
	if err := pki.SelfTest(); err != nil {
		return nil, err
	}
	if err := config.check(); err != nil {
		return nil, err
	}
	a := &Authority{
		config: config, hashes: slices.Clone(config.Hashes), accuracy: tsp.AccuracyOf(config.Accuracy),
		desk: desk{engine: config.Engine, clock: config.Clock, rand: config.Rand},
	}
	a.config.Chain = slices.Clone(config.Chain)
	if len(a.hashes) == 0 {
		a.hashes = []pki.Hash{pki.HashSM3}
	}
	if err := a.setPolicies(); err != nil {
		return nil, err
	}
	if err := a.setSigner(); err != nil {
		return nil, err
	}
	return a, nil
}

func (c *Config) check() error {
	if c.Engine == nil || c.Clock == nil || c.Rand == nil || c.Log == nil || c.Key == nil || len(c.Chain) == 0 {
		return fmt.Errorf("%w: engine, clock, randomness, log, key and chain are required", ErrConfig)
	}
	if least := c.Clock.config.uncertainty() + ahead; c.Accuracy < least {
		return fmt.Errorf("%w: accuracy %s, but times may be off by %s", ErrConfig, c.Accuracy, least)
	}
	for _, h := range c.Hashes {
		if !slices.Contains([]pki.Hash{pki.HashSM3, pki.HashSHA256, pki.HashSHA384, pki.HashSHA512}, h) {
			return fmt.Errorf("%w: imprints with %q", ErrConfig, h)
		}
	}
	return nil
}

func (a *Authority) setPolicies() error {
	var err error
	if a.policy, err = parseID(a.config.Policy); err != nil {
		return err
	}
	a.policies = []oid.ID{a.policy}
	for _, text := range a.config.OtherPolicies {
		id, err := parseID(text)
		if err != nil {
			return err
		}
		a.policies = append(a.policies, id)
	}
	return nil
}

// parseID reads a dotted object identifier.
func parseID(text string) (oid.ID, error) {
	var numbers []int
	for part := range strings.SplitSeq(text, ".") {
		n, err := strconv.Atoi(part)
		if err != nil {
			return "", fmt.Errorf("%w: policy %q is no object identifier", ErrConfig, text)
		}
		numbers = append(numbers, n)
	}
	if id := oid.FromASN1(numbers); id != "" && id.String() == text {
		return id, nil
	}
	return "", fmt.Errorf("%w: policy %q is no object identifier", ErrConfig, text)
}

// setSigner holds key and certificates against each other and against the profile, and has the key sign once.
func (a *Authority) setSigner() error {
	chain := a.config.Chain
	if err := checkChain(chain); err != nil {
		return err
	}
	var err error
	leaf := chain[0]
	if a.public, err = pki.PublicKeyOf(a.config.Key.Public()); err != nil || !a.public.Equal(leaf.PublicKey) {
		return fmt.Errorf("%w: key and certificate do not belong together", ErrCertificate)
	}
	trial := []byte("elicense: a trial of the key of the time-stamp authority")
	if _, err := a.sign(trial); err != nil {
		return fmt.Errorf("trying the key: %w", err)
	}
	arc := cms.ArcRFC5652
	if a.config.GMArc {
		arc = cms.ArcGM
	}
	signer := tsp.SignerCertificate{Raw: leaf.Raw, Issuer: leaf.RawIssuer, Serial: leaf.Serial}
	var above [][]byte
	for _, c := range chain[1:] {
		above = append(above, c.Raw)
	}
	if a.writer, err = tsp.NewWriter(arc, signer, above); err != nil {
		return fmt.Errorf("%w: %v", ErrCertificate, err)
	}
	a.name = tsp.DirectoryName(leaf.RawSubject)
	return nil
}

const maxChain = 8

// checkChain wants a certificate of the profile (RFC 3161, 2.3; GB/T 20518), each certificate signed by the next, and
// all of them authorities but the first.
func checkChain(chain []*pki.Certificate) error {
	if len(chain) > maxChain || slices.Contains(chain, nil) {
		return fmt.Errorf("%w: chain of %d certificates", ErrCertificate, len(chain))
	}
	leaf := chain[0]
	if err := pki.CheckTimestampCertificate(leaf); err != nil {
		return fmt.Errorf("%w: %v", ErrCertificate, err)
	}
	switch {
	case len(leaf.Tolerances) > 0:
		return fmt.Errorf("%w: it breaks rules: %v", ErrCertificate, leaf.Tolerances)
	case leaf.KeyUsage&(pki.UsageDigitalSignature|pki.UsageNonRepudiation) == 0:
		return fmt.Errorf("%w: key usage does not allow signatures", ErrCertificate)
	case leaf.PublicKey == nil:
		return fmt.Errorf("%w: key is not SM2", ErrCertificate)
	}
	for i, c := range chain[1:] {
		if err := chain[i].CheckIssuedBy(c); err != nil || !c.IsCA {
			return fmt.Errorf("%w: certificate %d of the chain did not issue the one before", ErrCertificate, i+2)
		}
	}
	return nil
}

// valid tells whether every certificate of the chain is valid at a time.
func (a *Authority) valid(at time.Time) bool {
	return !slices.ContainsFunc(a.config.Chain, func(c *pki.Certificate) bool {
		return at.Before(c.NotBefore) || at.After(c.NotAfter)
	})
}

// sign signs a message and verifies the signature before anybody sees it: a faulty one can betray the key, and a token
// that does not verify is found out when it is needed.
func (a *Authority) sign(message []byte) ([]byte, error) {
	signature, err := a.public.Sign(a.config.Rand, a.config.Key, message)
	if err != nil {
		return nil, fmt.Errorf("signing: %w", err)
	}
	if a.config.SkipSignatureCheckUnsafe {
		return signature, nil
	}
	if err := pki.VerifySM2(a.public, message, signature); err != nil {
		return nil, fmt.Errorf("verifying what was signed: %w", err)
	}
	return signature, nil
}

// Certificate is the certificate that signs.
func (a *Authority) Certificate() *pki.Certificate { return a.config.Chain[0] }

// Close gives back serial numbers and times that were set aside. No token may be asked for afterwards or meanwhile.
func (a *Authority) Close(ctx context.Context) error { return a.desk.close(ctx) }
