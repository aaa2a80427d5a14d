package main

import (
	"bytes"
	"context"
	"crypto"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/elicense/elicense/internal/sm2sig"
	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/pki/ca"
	"github.com/elicense/elicense/pki/ca/kmc"
)

// office is the SM2 authority of a data directory: its register, what it publishes and its key management centre.
type office struct {
	*station

	register   *ca.Register
	publisher  *ca.Publisher
	responders []*ca.Responder // one for each issuer; empty until the register has caught up
	centre     *kmc.Centre     // nil if there are no pairs
}

// Programs act under names of their own.
var (
	publishing = ca.Actor{Name: "publisher", Roles: ca.RoleOperate}
	founding   = ca.Actor{Name: "ceremony", Roles: ca.RoleEnrol | ca.RoleOperate}
)

var errNoOffice = errors.New("no SM2 authority in this directory")

// openOffice opens a data directory with its SM2 authority; close gives it back.
func (c *program) openOffice(ctx context.Context) (*office, error) {
	if c.shared != nil {
		return c.shared, nil
	}
	s, err := c.open(ctx)
	if err != nil {
		return nil, err
	}
	o, err := c.office(ctx, s)
	if err != nil {
		return nil, errors.Join(err, s.close())
	}
	return o, nil
}

func (c *program) office(ctx context.Context, s *station) (*office, error) {
	a := s.settings.Authority
	if a == nil {
		return nil, errNoOffice
	}
	o := &office{station: s}
	if err := c.openCentre(ctx, o); err != nil {
		return nil, err
	}
	issuers, err := c.issuers(s)
	if err != nil {
		return nil, err
	}
	if o.register, err = c.openRegister(ctx, o, issuers, a.Approvals); err != nil {
		return nil, err
	}
	if o.publisher, err = ca.NewPublisher(ca.PublisherConfig{Register: o.register, Actor: publishing}); err != nil {
		return nil, err
	}
	if o.register.Behind() { // it answers nobody until it has caught up
		return o, nil
	}
	for _, name := range a.Responders {
		if err := c.openResponder(ctx, o, name); err != nil {
			return nil, err
		}
	}
	return o, nil
}

func (c *program) openRegister(
	ctx context.Context, o *office, issuers []*ca.Authority, approvals map[string]int,
) (*ca.Register, error) {
	a := o.settings.Authority
	config := ca.RegisterConfig{
		Engine: o.engine, Issuers: issuers, Tokens: o.keys, Now: c.Now, Rand: c.Rand, Base: a.Base,
		Policy: ca.Policy{Approvals: approvals, KeepExpired: a.KeepExpired},
	}
	if o.centre != nil {
		config.Keys = escrow{o.centre}
	}
	return ca.OpenRegister(ctx, config)
}

func (c *program) issuers(s *station) ([]*ca.Authority, error) {
	var list []*ca.Authority
	for _, name := range s.settings.Authority.Issuing {
		text, err := s.read(name)
		if err != nil {
			return nil, fmt.Errorf("reading an authority: %w", err)
		}
		a, err := ca.Load(ca.Config{Rand: c.Rand, Now: c.Now}, text, keyPassphrase(s.master))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		list = append(list, a)
	}
	if len(list) == 0 {
		return nil, badSettings("authority 没有 issuing", "authority names no issuing file")
	}
	return list, nil
}

// openResponder opens the OCSP responder of the issuer that has certified it.
func (c *program) openResponder(ctx context.Context, o *office, name string) error {
	key, chain, err := o.pair(name)
	if err != nil {
		return err
	}
	issuer, err := issuerOf(chain[0])
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	r, err := ca.OpenResponder(ctx, ca.ResponderConfig{
		Register: o.register, Issuer: issuer, Key: key, Certificate: chain[0],
	})
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	o.responders = append(o.responders, r)
	return nil
}

// issuerOf is the issuer of a certificate, by its key.
func issuerOf(c *pki.Certificate) (ca.KeyID, error) {
	if len(c.AuthorityKeyID) != len(ca.KeyID{}) {
		return ca.KeyID{}, badSettings("证书没有签发者密钥标识", "a certificate names no issuer's key")
	}
	return ca.KeyID(c.AuthorityKeyID), nil
}

// openCentre opens the key management centre, if there is one.
func (c *program) openCentre(ctx context.Context, o *office) error {
	a := o.settings.Authority
	if a.Escrow == "" {
		return nil
	}
	text, err := o.read(a.Escrow)
	if err != nil {
		return fmt.Errorf("reading the key of the key management centre: %w", err)
	}
	key, err := pki.ParseKey(text, keyPassphrase(o.master))
	if err != nil {
		return fmt.Errorf("%s: %w", a.Escrow, err)
	}
	config := kmc.Config{Engine: o.engine, Rand: c.Rand, Now: c.Now, Signer: key}
	for _, point := range a.Judicial {
		public, err := parsePoint(point)
		if err != nil {
			return badSettings("judicial 不是 SM2 公钥", "judicial holds something that is no SM2 public key")
		}
		config.Judicial = append(config.Judicial, public)
	}
	o.centre, err = kmc.Open(ctx, config)
	return err
}

// pair reads a file with an encrypted key and its certificate chain, as own programs of the authority have them.
func (s *station) pair(name string) (crypto.Signer, []*pki.Certificate, error) {
	text, err := s.read(name)
	if err != nil {
		return nil, nil, fmt.Errorf("reading a key file: %w", err)
	}
	key, chain, err := parsePair(text, keyPassphrase(s.master))
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", name, err)
	}
	return key, chain, nil
}

// parsePair reads an encrypted key and the certificates behind it.
func parsePair(text, passphrase []byte) (crypto.Signer, []*pki.Certificate, error) {
	at := bytes.Index(text, []byte("-----BEGIN CERTIFICATE-----"))
	if at < 0 {
		return nil, nil, pki.ErrKeyFile
	}
	key, err := pki.ParseKey(text[:at], passphrase)
	if err != nil {
		return nil, nil, err
	}
	chain, err := pki.ParseCertificatesPEM(text[at:])
	if err != nil {
		return nil, nil, err
	}
	return key, chain, nil
}

func parsePoint(text string) (*pki.PublicKey, error) {
	point, err := hex.DecodeString(text)
	if err != nil {
		return nil, err
	}
	return sm2sig.ParsePublicKey(point)
}

// escrow lets the register have its encryption keys from the key management centre.
type escrow struct{ centre *kmc.Centre }

// EncryptionKey implements ca.EncryptionKeys.
func (e escrow) EncryptionKey(
	ctx context.Context, id ca.ApplicationID, signing *pki.PublicKey,
) (*pki.PublicKey, []byte, error) {
	d, err := e.centre.Assign(ctx, kmc.Application{Request: id.String(), Holder: id.String(), Recipient: signing})
	if err != nil {
		return nil, nil, err
	}
	return d.Public, d.Envelope, nil
}
