// Package ca is an SM2 certificate authority (证书认证机构): a root, issuing authorities below it, and certificates for
// departments, people, enterprises, seals and servers, by profiles that are data (GB/T 20518-2018).
//
// An Authority is a value that holds a key and its certificate chain; it can be saved and loaded as one PEM text with
// the key encrypted, or stand on a key in a device. It keeps no list of what it issued. A Register stands above it and
// keeps everything: applications and approvals, what was issued, what became of it, CRL numbers and an audit of every
// act, each act in one transaction.
//
// Clock, randomness and storage are injected. Every certificate passes the lint before it is signed, by construction.
package ca

import (
	"bytes"
	"crypto"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/elicense/elicense/pki"
)

const backdate = time.Hour // clocks of verifiers may be behind

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

// Config is what an authority needs from outside; randomness and clock are required.
type Config struct {
	Rand io.Reader        // unpredictable; for keys, serial numbers and signatures; safe for concurrent use
	Now  func() time.Time // start of validity
	// Base is the address under which an authority that stands outside of a register, an offline root for one, has its
	// CRL and its certificate published; without a slash at the end. Empty: what it certifies names no addresses.
	Base string
}

// Authority signs certificates with one key. It is immutable and safe for concurrent use.
type Authority struct {
	config Config
	key    crypto.Signer
	own    *pki.PublicKey     // of key
	id     KeyID              // of own
	chain  []*pki.Certificate // own certificate first, root last
}

// Request asks for one certificate. Exactly one of CSR and PublicKey is to be set. The subject is what the authority
// has established, never what the request claims.
type Request struct {
	Profile   string
	Subject   Name
	USCC      string           // unified social credit code; required by ProfileDepartment and its like
	Holder    Identity         // other codes; its USCC is the one above
	DNSNames  []string         // of a server
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
	return NewRootWithKey(config, key, subject)
}

// NewRootWithKey makes a self-signed root certificate for a key that exists, in a device for one. The key signs a
// digest of 32 bytes without further hashing and answers with the DER of GB/T 35276.
func NewRootWithKey(config Config, key crypto.Signer, subject Name) (*Authority, error) {
	a, err := newAuthority(config, key, nil)
	if err != nil {
		return nil, err
	}
	root, err := a.issue(Request{Profile: ProfileRoot, Subject: subject, PublicKey: a.own})
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
	return a.NewIssuingWithKey(key, subject)
}

// NewIssuingWithKey is NewIssuing for a key that exists.
func (a *Authority) NewIssuingWithKey(key crypto.Signer, subject Name) (*Authority, error) {
	below, err := newAuthority(a.config, key, nil)
	if err != nil {
		return nil, err
	}
	c, err := a.issue(Request{Profile: ProfileIssuing, Subject: subject, PublicKey: below.own})
	if err != nil {
		return nil, err
	}
	below.chain = append([]*pki.Certificate{c}, a.chain...)
	return below, nil
}

// CertifyIssuing certifies an authority below this one from a request that was made where its key is.
func (a *Authority) CertifyIssuing(csr []byte, subject Name) (*pki.Certificate, error) {
	public, err := ParseRequest(csr)
	if err != nil {
		return nil, err
	}
	if err := checkWeak(public); err != nil {
		return nil, err
	}
	return a.issue(Request{Profile: ProfileIssuing, Subject: subject, PublicKey: public})
}

// NewAuthority puts a key and its certificate chain together, own certificate first, root last; it checks that they
// belong together.
func NewAuthority(config Config, key crypto.Signer, chain []*pki.Certificate) (*Authority, error) {
	a, err := newAuthority(config, key, chain)
	if err != nil {
		return nil, err
	}
	if len(chain) == 0 || chain[0] == nil || !a.own.Equal(chain[0].PublicKey) {
		return nil, fmt.Errorf("%w: key and certificate differ", ErrAuthority)
	}
	for i, c := range chain {
		issuer := chain[min(i+1, len(chain)-1)]
		if c == nil || issuer == nil || c.CheckIssuedBy(issuer) != nil || !c.IsCA {
			return nil, fmt.Errorf("%w: certificate %d of the chain", ErrAuthority, i+1)
		}
	}
	if !bytes.Equal(chain[0].SubjectKeyID, a.id[:]) {
		return nil, fmt.Errorf("%w: subject key identifier of the certificate", ErrAuthority)
	}
	return a, nil
}

func newAuthority(config Config, key crypto.Signer, chain []*pki.Certificate) (*Authority, error) {
	if config.Rand == nil || config.Now == nil || key == nil {
		return nil, ErrConfig
	}
	own, err := pki.PublicKeyOf(key.Public())
	if err != nil {
		return nil, err
	}
	return &Authority{config: config, key: key, own: own, id: keyID(own), chain: slices.Clone(chain)}, nil
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
func (a *Authority) Chain() []*pki.Certificate { return slices.Clone(a.chain) }

// KeyIDOf is the identifier of a public key: the leftmost 160 bits of SM3 over the point.
func KeyIDOf(public crypto.PublicKey) (KeyID, error) {
	key, err := pki.PublicKeyOf(public)
	if err != nil {
		return KeyID{}, err
	}
	return keyID(key), nil
}

// KeyID names the authority as an issuer.
func (a *Authority) KeyID() KeyID { return a.id }

func (a *Authority) issue(request Request) (*pki.Certificate, error) {
	c, err := a.draft(request)
	if err != nil {
		return nil, err
	}
	der, err := a.certify(c)
	if err != nil {
		return nil, err
	}
	return pki.ParseCertificate(der)
}

// draft fills in what a request says.
func (a *Authority) draft(r Request) (*certificate, error) {
	profile, ok := ProfileNamed(r.Profile)
	if !ok {
		return nil, fmt.Errorf("%w: %q", ErrProfile, r.Profile)
	}
	public, err := r.key()
	if err != nil {
		return nil, err
	}
	subject, err := r.Subject.encode()
	if err != nil {
		return nil, err
	}
	holder := r.Holder
	holder.USCC = r.USCC
	c := &certificate{
		profile: profile, subject: subject, public: public, holder: holder, dnsNames: r.DNSNames,
	}
	if profile.Name != ProfileRoot {
		c.where = a.ownLocation()
	}
	return c, a.complete(c, a.config.Now())
}

// ownLocation is where the one CRL of an authority outside of a register is found; nil if nobody has said.
func (a *Authority) ownLocation() *location {
	if a.config.Base == "" {
		return nil
	}
	where := Addresses{a.config.Base, a.id}
	return &location{crl: where.Full(), issuer: where.Certificate()}
}

// complete fills in what the authority decides.
func (a *Authority) complete(c *certificate, now time.Time) error {
	serial, err := a.serial()
	if err != nil {
		return err
	}
	now = now.UTC().Truncate(time.Second)
	c.serial, c.issuerKey, c.ownKey = serial.Big(), a.id, keyID(c.public)
	c.notBefore, c.notAfter = now.Add(-backdate), now.Add(c.profile.Validity-backdate)
	if c.profile.Name == ProfileRoot {
		c.issuer = c.subject
		return nil
	}
	issuer := a.chain[0]
	c.issuer = issuer.RawSubject
	if c.notBefore.Before(issuer.NotBefore) {
		c.notBefore = issuer.NotBefore
	}
	if c.notAfter.After(issuer.NotAfter) {
		c.notAfter = issuer.NotAfter
	}
	return nil
}

// serial is 20 octets with the top two bits 01: positive, never shorter, 158 random bits.
func (a *Authority) serial() (Serial, error) {
	var s Serial
	if _, err := io.ReadFull(a.config.Rand, s[:]); err != nil {
		return Serial{}, fmt.Errorf("reading random serial number: %w", err)
	}
	s[0] = s[0]&0x3f | 0x40
	return s, nil
}

// certify lints and signs.
func (a *Authority) certify(c *certificate) ([]byte, error) {
	checked, err := lint(c, a.issuerOf(c))
	if err != nil {
		return nil, err
	}
	return a.sign(checked, c.profile.CA)
}

// issuerOf is the certificate that stands above c; nil for a root, which is its own.
func (a *Authority) issuerOf(c *certificate) *pki.Certificate {
	if c.profile.Name == ProfileRoot {
		return nil
	}
	return a.chain[0]
}

// sign signs and verifies what it signed before it lets it out: a faulty signature can betray the key. What an
// authority gets is verified by two implementations.
func (a *Authority) sign(checked linted, careful bool) ([]byte, error) {
	signature, err := a.own.Sign(a.config.Rand, a.key, checked.tbs)
	if err != nil {
		return nil, fmt.Errorf("signing certificate: %w", err)
	}
	verify := pki.VerifySM2
	if careful {
		verify = pki.CrossCheck
	}
	if err := verify(a.own, checked.tbs, signature); err != nil {
		return nil, fmt.Errorf("checking new certificate: %w", err)
	}
	der, err := wrap(checked.tbs, signature)
	if err != nil {
		return nil, fmt.Errorf("writing certificate: %w", err)
	}
	return der, nil
}

func (r Request) key() (*pki.PublicKey, error) {
	if (r.CSR == nil) == (r.PublicKey == nil) {
		return nil, fmt.Errorf("%w: exactly one of request and public key", ErrRequest)
	}
	if r.CSR != nil {
		return ParseRequest(r.CSR)
	}
	key, err := pki.PublicKeyOf(r.PublicKey)
	if err != nil {
		return nil, fmt.Errorf("%w: key is not SM2", ErrRequest)
	}
	return key, nil
}

// Save writes the key, encrypted, and the certificate chain as PEM. A key in a device cannot be saved.
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
	return NewAuthority(config, key, chain)
}
