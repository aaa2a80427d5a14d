// Package ca is a small SM2 certificate authority (证书认证机构): a root, issuing authorities below it, and certificates for
// departments and for the vault, by profiles that are data.
//
// An authority is a value that holds a key and its certificate chain; it can be saved and loaded as one PEM text with
// the key encrypted. It keeps no list of what it issued. Clock and randomness are injected. Every certificate passes
// the lint of its profile before it is signed, by construction. Profiles follow GB/T 20518-2018.
package ca

import (
	"bytes"
	"crypto"
	"errors"
	"fmt"
	"io"
	"math/big"
	"time"

	"github.com/emmansun/gmsm/smx509"

	"github.com/elicense/elicense/internal/sm2sig"
	"github.com/elicense/elicense/pki"
)

const (
	backdate    = time.Hour // clocks of verifiers may be behind
	maxCSRBytes = 64 << 10
)

var (
	// ErrConfig is returned for a missing clock or source of randomness.
	ErrConfig = errors.New("ca: incomplete configuration")
	// ErrProfile is returned for an unknown profile or one that the call does not issue.
	ErrProfile = errors.New("ca: unknown profile")
	// ErrRequest is returned for a certificate request that is malformed or not signed by its key.
	ErrRequest = errors.New("ca: invalid certificate request")
	// ErrAuthority is returned for a saved authority that is incomplete or inconsistent.
	ErrAuthority = errors.New("ca: invalid authority")
)

// Config is what an authority needs from outside; both are required.
type Config struct {
	Rand io.Reader        // unpredictable; for keys, serial numbers and signatures; safe for concurrent use
	Now  func() time.Time // start of validity
}

// Authority signs certificates with one key. It is immutable and safe for concurrent use.
type Authority struct {
	config Config
	key    crypto.Signer
	chain  []*pki.Certificate // own certificate first, root last
}

// Request asks for one certificate. Exactly one of CSR and PublicKey is to be set. The subject is what the authority
// has established, never what the request claims.
type Request struct {
	Profile   string
	Subject   Name
	USCC      string           // unified social credit code; required by ProfileDepartment
	PublicKey crypto.PublicKey // SM2
	CSR       []byte           // PKCS#10 in DER, signed by its key; only the key is taken from it
}

// NewRoot makes a key and a self-signed root certificate valid for 30 years.
func NewRoot(config Config, subject Name) (*Authority, error) {
	if config.Rand == nil || config.Now == nil {
		return nil, ErrConfig
	}
	key, err := pki.GenerateKey(config.Rand)
	if err != nil {
		return nil, err
	}
	a := &Authority{config: config, key: key}
	root, err := a.issue(Request{Profile: ProfileRoot, Subject: subject, PublicKey: key.Public()})
	if err != nil {
		return nil, err
	}
	a.chain = []*pki.Certificate{root}
	return a, nil
}

// NewIssuing makes a key and a certificate for an authority below this one, valid for 15 years at most.
func (a *Authority) NewIssuing(subject Name) (*Authority, error) {
	key, err := pki.GenerateKey(a.config.Rand)
	if err != nil {
		return nil, err
	}
	c, err := a.issue(Request{Profile: ProfileIssuing, Subject: subject, PublicKey: key.Public()})
	if err != nil {
		return nil, err
	}
	return &Authority{config: a.config, key: key, chain: append([]*pki.Certificate{c}, a.chain...)}, nil
}

// Issue signs a certificate for someone who is no authority.
func (a *Authority) Issue(request Request) (*pki.Certificate, error) {
	if p, ok := ProfileNamed(request.Profile); !ok || p.CA {
		return nil, fmt.Errorf("%w: %q", ErrProfile, request.Profile)
	}
	return a.issue(request)
}

// Certificate is the authority's own certificate.
func (a *Authority) Certificate() *pki.Certificate { return a.chain[0] }

// Chain is the authority's own certificate followed by those above it, the root last.
func (a *Authority) Chain() []*pki.Certificate { return append([]*pki.Certificate(nil), a.chain...) }

func (a *Authority) issue(request Request) (*pki.Certificate, error) {
	profile, ok := ProfileNamed(request.Profile)
	if !ok {
		return nil, fmt.Errorf("%w: %q", ErrProfile, request.Profile)
	}
	public, err := request.key()
	if err != nil {
		return nil, err
	}
	c, issuer, err := a.prepare(profile, request, public)
	if err != nil {
		return nil, err
	}
	checked, err := lint(c, issuer)
	if err != nil {
		return nil, err
	}
	return a.sign(checked, c.issuerKey)
}

// prepare fills in what the authority decides. The issuer is nil for the root, which is its own.
func (a *Authority) prepare(p Profile, r Request, public *pki.PublicKey) (*certificate, *pki.Certificate, error) {
	subject, err := r.Subject.encode()
	if err != nil {
		return nil, nil, err
	}
	own, err := pki.PublicKeyOf(a.key.Public())
	if err != nil {
		return nil, nil, err
	}
	serial, err := a.serial()
	if err != nil {
		return nil, nil, err
	}
	now := a.config.Now().UTC().Truncate(time.Second)
	c := &certificate{
		profile: p, serial: serial, issuer: subject, subject: subject, public: public, issuerKey: own, uscc: r.USCC,
		notBefore: now.Add(-backdate), notAfter: now.Add(p.Validity - backdate),
	}
	if p.Name == ProfileRoot {
		return c, nil, nil
	}
	issuer := a.chain[0]
	c.issuer = issuer.RawSubject
	if c.notBefore.Before(issuer.NotBefore) {
		c.notBefore = issuer.NotBefore
	}
	if c.notAfter.After(issuer.NotAfter) {
		c.notAfter = issuer.NotAfter
	}
	return c, issuer, nil
}

// serial is 20 octets with the top two bits 01: positive, never shorter, 158 random bits.
func (a *Authority) serial() (*big.Int, error) {
	var b [maxSerialBytes]byte
	if _, err := io.ReadFull(a.config.Rand, b[:]); err != nil {
		return nil, fmt.Errorf("reading random serial number: %w", err)
	}
	b[0] = b[0]&0x3f | 0x40
	return new(big.Int).SetBytes(b[:]), nil
}

// sign signs and verifies what it signed before it lets it out: a faulty signature can betray the key.
func (a *Authority) sign(checked linted, own *pki.PublicKey) (*pki.Certificate, error) {
	signature, err := own.Sign(a.config.Rand, a.key, checked.tbs)
	if err != nil {
		return nil, fmt.Errorf("signing certificate: %w", err)
	}
	if err := pki.CrossCheck(own, checked.tbs, signature); err != nil {
		return nil, fmt.Errorf("checking new certificate: %w", err)
	}
	der, err := wrap(checked.tbs, signature)
	if err != nil {
		return nil, fmt.Errorf("writing certificate: %w", err)
	}
	return pki.ParseCertificate(der)
}

func (r Request) key() (*pki.PublicKey, error) {
	if (r.CSR == nil) == (r.PublicKey == nil) {
		return nil, fmt.Errorf("%w: exactly one of request and public key", ErrRequest)
	}
	public := r.PublicKey
	if r.CSR != nil {
		if len(r.CSR) > maxCSRBytes {
			return nil, fmt.Errorf("%w: %d bytes", ErrRequest, len(r.CSR))
		}
		csr, err := smx509.ParseCertificateRequest(r.CSR)
		if err != nil {
			return nil, fmt.Errorf("%w: %v", ErrRequest, err)
		}
		if err := csr.CheckSignature(); err != nil {
			return nil, fmt.Errorf("%w: %v", ErrRequest, err)
		}
		public = csr.PublicKey
	}
	key, err := sm2sig.FromCrypto(public)
	if err != nil {
		return nil, fmt.Errorf("%w: key is not SM2", ErrRequest)
	}
	return key, nil
}

// Save writes the key, encrypted, and the certificate chain as PEM.
func (a *Authority) Save(passphrase []byte) ([]byte, error) {
	text, err := pki.MarshalKey(a.key, passphrase, a.config.Rand)
	if err != nil {
		return nil, err
	}
	return pki.AppendPEM(text, a.chain...), nil
}

// Load reads what Save wrote, and checks that key and certificates belong together.
func Load(config Config, text, passphrase []byte) (*Authority, error) {
	if config.Rand == nil || config.Now == nil {
		return nil, ErrConfig
	}
	at := bytes.Index(text, []byte("-----BEGIN CERTIFICATE-----"))
	if at < 0 {
		return nil, fmt.Errorf("%w: no certificate", ErrAuthority)
	}
	key, err := pki.ParseKey(text[:at], passphrase)
	if err != nil {
		return nil, err
	}
	chain, err := pki.ParseCertificatesPEM(text[at:])
	if err != nil {
		return nil, err
	}
	public, err := pki.PublicKeyOf(key.Public())
	if err != nil || !public.Equal(chain[0].PublicKey) {
		return nil, fmt.Errorf("%w: key and certificate differ", ErrAuthority)
	}
	for i, c := range chain {
		issuer := chain[min(i+1, len(chain)-1)]
		if err := c.CheckIssuedBy(issuer); err != nil || !c.IsCA {
			return nil, fmt.Errorf("%w: certificate %d of the chain", ErrAuthority, i+1)
		}
	}
	return &Authority{config: config, key: key, chain: chain}, nil
}
