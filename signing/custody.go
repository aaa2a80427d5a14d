package signing

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/elicense/elicense/internal/cms"
	"github.com/elicense/elicense/pki"
)

var (
	// ErrNoSigner is returned for an issuer without a certificate, or without a key in custody where one is needed.
	ErrNoSigner = errors.New("signing: issuer has no such key")
	// ErrIssuer is returned for a certificate whose organisation code is not the issuer's.
	ErrIssuer = errors.New("signing: certificate belongs to another organisation")
	// ErrValidity is returned for a time at which the issuer's certificate is not valid.
	ErrValidity = errors.New("signing: certificate is not valid at that time")
	// ErrRecordSignature is returned for a signature that is not the named certificate's over the record.
	ErrRecordSignature = errors.New("signing: record signature does not verify")
)

// recordUsage is what a department certificate must allow (GB/T 20518-2018, signing certificate).
const recordUsage = pki.UsageDigitalSignature | pki.UsageNonRepudiation

// CustodyConfig describes a Custody.
type CustodyConfig struct {
	Anchors    *pki.Anchors // required: every department certificate must lead to one of these
	CrossCheck bool         // have each signature checked by two implementations
}

// Custody holds the departments' signing certificates by the issuer's unified social credit code, and the keys of those
// that keep theirs here. It is safe for concurrent use.
type Custody struct {
	config CustodyConfig

	mu            sync.RWMutex
	departments   map[string]*entry   // current one by issuer; guarded by mu
	byCertificate map[[32]byte]*entry // by SM3 digest of the certificate; guarded by mu
}

// entry is one certificate of one department; it is immutable.
type entry struct {
	issuer string
	chain  *pki.Chain
	signer *Signer // nil if the key is elsewhere
}

// NewCustody returns a custody without departments.
func NewCustody(config CustodyConfig) (*Custody, error) {
	if len(config.Anchors.Certificates()) == 0 {
		return nil, fmt.Errorf("%w: trust anchors are required", ErrConfig)
	}
	return &Custody{
		config: config, departments: make(map[string]*entry), byCertificate: make(map[[32]byte]*entry),
	}, nil
}

// Register makes the signer's certificate the issuer's current one. The certificate must be that of an organisation,
// not of somebody in it or of its seal, hold the issuer's unified social credit code, allow signing of documents, and
// lead to an anchor through the signer's chain at the start of its validity. Certificates registered before stay known,
// for the records they signed.
func (c *Custody) Register(issuer string, signer *Signer) error {
	if signer == nil {
		return fmt.Errorf("%w: signer is required", ErrConfig)
	}
	return c.register(issuer, signer.config.Chain, signer)
}

// RegisterRemote is Register for a department whose key is elsewhere: SignRecord refuses it, CheckRecord serves it.
func (c *Custody) RegisterRemote(issuer string, chain []*pki.Certificate) error {
	if err := checkChain(chain); err != nil {
		return err
	}
	return c.register(issuer, chain, nil)
}

func (c *Custody) register(issuer string, certificates []*pki.Certificate, signer *Signer) error {
	leaf := certificates[0]
	if issuer == "" || leaf.Holder.USCC != issuer || leaf.Holder.Kind != pki.HolderOrganization {
		return fmt.Errorf("%w: issuer %q, certificate of %q", ErrIssuer, issuer, leaf.Holder.USCC)
	}
	chain, err := pki.VerifyChain(leaf, pki.ChainOptions{
		Anchors: c.config.Anchors, Intermediates: certificates[1:], At: leaf.NotBefore, Usage: recordUsage,
		CrossCheck: c.config.CrossCheck,
	})
	if err != nil {
		return fmt.Errorf("registering certificate of %q: %w", issuer, err)
	}
	e := &entry{issuer: issuer, chain: chain, signer: signer}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.departments[issuer] = e
	c.byCertificate[leaf.Digest] = e
	return nil
}

// SignerFor returns the SM3 digest of the issuer's current certificate, which must be valid at that time, and whether
// its key is in custody.
func (c *Custody) SignerFor(issuer string, at time.Time) (certificate [32]byte, custody bool, err error) {
	e, err := c.current(issuer)
	if err != nil {
		return [32]byte{}, false, err
	}
	if !e.chain.ValidAt(at) {
		return [32]byte{}, false, fmt.Errorf("%w: issuer %q", ErrValidity, issuer)
	}
	return e.chain.Certificates[0].Digest, e.signer != nil, nil
}

// SignRecord returns detached SignedData over raw by the issuer's current key, as the registered Signer was configured.
// If another certificate was registered since SignerFor was asked, CheckRecord tells.
func (c *Custody) SignRecord(ctx context.Context, issuer string, raw []byte) ([]byte, error) {
	e, err := c.current(issuer)
	if err != nil {
		return nil, err
	}
	if e.signer == nil {
		return nil, fmt.Errorf("%w: key of issuer %q is not in custody", ErrNoSigner, issuer)
	}
	return e.signer.Detached(ctx, raw)
}

// CheckRecord checks that signature is detached SignedData with exactly one signature, made over raw by the certificate
// with the given SM3 digest; that this certificate was registered for issuer; and that its chain is valid at that time.
// Certificates inside the SignedData are not used. Revocation is not looked at.
func (c *Custody) CheckRecord(issuer string, certificate [32]byte, raw, signature []byte, at time.Time) error {
	c.mu.RLock()
	e := c.byCertificate[certificate]
	c.mu.RUnlock()
	if e == nil {
		return fmt.Errorf("%w: certificate %x", ErrNoSigner, certificate[:4])
	}
	if e.issuer != issuer {
		return fmt.Errorf("%w: issuer %q, certificate of %q", ErrIssuer, issuer, e.issuer)
	}
	if !e.chain.ValidAt(at) {
		return fmt.Errorf("%w: issuer %q", ErrValidity, issuer)
	}
	return c.checkSignature(e.chain.Certificates[0], raw, signature)
}

func (c *Custody) checkSignature(leaf *pki.Certificate, raw, signature []byte) error {
	data, err := cms.Parse(signature)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrRecordSignature, err)
	}
	if !data.Detached || len(data.Signers) != 1 {
		return fmt.Errorf("%w: wants no content and one signature", ErrRecordSignature)
	}
	signer := &data.Signers[0]
	if !signer.NamedBy(leaf.RawIssuer, leaf.Serial) {
		return fmt.Errorf("%w: made with another certificate", ErrRecordSignature)
	}
	message, err := data.SignedBytes(signer, raw)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrRecordSignature, err)
	}
	value, err := signer.SignatureDER()
	if err != nil {
		return fmt.Errorf("%w: %w", ErrRecordSignature, err)
	}
	verify := pki.VerifySM2
	if c.config.CrossCheck {
		verify = pki.CrossCheck
	}
	if err := verify(leaf.PublicKey, message, value); err != nil {
		return fmt.Errorf("%w: %w", ErrRecordSignature, err)
	}
	return nil
}

// Certificates returns the DER of a registered certificate and of those above it, leaf first, anchor last.
func (c *Custody) Certificates(certificate [32]byte) ([][]byte, error) {
	c.mu.RLock()
	e := c.byCertificate[certificate]
	c.mu.RUnlock()
	if e == nil {
		return nil, fmt.Errorf("%w: certificate %x", ErrNoSigner, certificate[:4])
	}
	ders := make([][]byte, len(e.chain.Certificates))
	for i, cert := range e.chain.Certificates {
		ders[i] = bytes.Clone(cert.Raw)
	}
	return ders, nil
}

func (c *Custody) current(issuer string) (*entry, error) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	e := c.departments[issuer]
	if e == nil {
		return nil, fmt.Errorf("%w: issuer %q", ErrNoSigner, issuer)
	}
	return e, nil
}
