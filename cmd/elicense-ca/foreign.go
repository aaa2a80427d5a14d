package main

import (
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net/http"
	"time"

	"github.com/elicense/elicense/pki/stepca"
)

// foreignSettings are the authority for foreign systems, ECDSA and RSA: see the configuration of pki/stepca.
type foreignSettings struct {
	Names         []string            `koanf:"names"`
	Roots         string              `koanf:"roots"` // PEM file
	Chain         string              `koanf:"chain"` // PEM file, the issuing certificate first
	Key           string              `koanf:"key"`   // of the issuing certificate
	CRL           crlSettings         `koanf:"crl"`
	TokenLifetime time.Duration       `koanf:"token_lifetime"`
	Lifetimes     lifetimeSettings    `koanf:"lifetimes"`
	Policy        policySettings      `koanf:"policy"`
	Provisioners  []provisionerConfig `koanf:"provisioners"`
}

type crlSettings struct {
	URL      string        `koanf:"url"`
	Lifetime time.Duration `koanf:"lifetime"`
	Every    time.Duration `koanf:"every"`
}

type lifetimeSettings struct {
	Min     time.Duration `koanf:"min"`
	Default time.Duration `koanf:"default"`
	Max     time.Duration `koanf:"max"`
}

type policySettings struct {
	Allow     nameSettings `koanf:"allow"`
	Deny      nameSettings `koanf:"deny"`
	Wildcards bool         `koanf:"wildcards"`
}

type nameSettings struct {
	CommonNames []string `koanf:"cn"`
	DNS         []string `koanf:"dns"`
	IP          []string `koanf:"ip"`
	Email       []string `koanf:"email"`
	URI         []string `koanf:"uri"`
}

type provisionerConfig struct {
	Kind      string           `koanf:"kind"` // jwk, x5c or acme
	Name      string           `koanf:"name"`
	Services  []string         `koanf:"services"` // tls, sm2
	Key       string           `koanf:"key"`      // jwk: PEM file with the public key
	KeyID     string           `koanf:"key_id"`   // jwk
	Roots     string           `koanf:"roots"`    // x5c: PEM file
	Lifetimes lifetimeSettings `koanf:"lifetimes"`
	Policy    policySettings   `koanf:"policy"`
	NoRenewal bool             `koanf:"no_renewal"`
}

// challengeTimeout bounds one look at a server that wants a certificate by ACME.
const challengeTimeout = 10 * time.Second

// openForeign opens the authority for foreign systems. What its tokens approve for SM2 goes to sm2; nil means that it
// is refused.
func (c *program) openForeign(s *station, sm2 stepca.SM2Issuer) (*stepca.Authority, error) {
	f := s.settings.Foreign
	config := stepca.Config{
		Engine: s.engine, Names: f.Names, Lifetimes: stepca.Lifetimes(f.Lifetimes), TokenLifetime: f.TokenLifetime,
		Policy: f.Policy.policy(), CRL: stepca.CRLConfig{Lifetime: f.CRL.Lifetime, Every: f.CRL.Every, URL: f.CRL.URL},
		Challenges: stepca.Challenges{HTTP: challengeClient()}, SM2: sm2, Rand: c.Rand, Now: c.Now,
	}
	var err error
	if config.Roots, err = s.certificates(f.Roots); err != nil {
		return nil, err
	}
	if config.Chain, err = s.certificates(f.Chain); err != nil {
		return nil, err
	}
	if config.Signer, err = s.foreignKey(f.Key); err != nil {
		return nil, err
	}
	for i := range f.Provisioners {
		p, err := s.provisioner(&f.Provisioners[i])
		if err != nil {
			return nil, err
		}
		config.Provisioners = append(config.Provisioners, p)
	}
	return stepca.New(config)
}

// challengeClient asks servers directly, whatever proxies the environment names.
func challengeClient() *http.Client {
	return &http.Client{Timeout: challengeTimeout, Transport: &http.Transport{DisableKeepAlives: true}}
}

func (s *station) provisioner(p *provisionerConfig) (stepca.Provisioner, error) {
	out := stepca.Provisioner{
		Kind: stepca.Kind(p.Kind), Name: p.Name, KeyID: p.KeyID, Lifetimes: stepca.Lifetimes(p.Lifetimes),
		Policy: p.Policy.policy(), NoRenewal: p.NoRenewal,
	}
	for _, service := range p.Services {
		bit, ok := map[string]stepca.Services{"tls": stepca.ServesTLS, "sm2": stepca.ServesSM2}[service]
		if !ok {
			return out, badSettings("provisioners 的 services 只有 tls 和 sm2："+service,
				"services of provisioners are tls and sm2: "+service)
		}
		out.Services |= bit
	}
	var err error
	if p.Key != "" {
		if out.Key, err = s.publicKey(p.Key); err != nil {
			return out, err
		}
	}
	if p.Roots != "" {
		out.Roots, err = s.certificates(p.Roots)
	}
	return out, err
}

func (p policySettings) policy() stepca.Policy {
	return stepca.Policy{Allow: stepca.Names(p.Allow), Deny: stepca.Names(p.Deny), Wildcards: p.Wildcards}
}

// certificates reads a PEM file with certificates and nothing else.
func (s *station) certificates(name string) ([]*x509.Certificate, error) {
	text, err := s.read(name)
	if err != nil {
		return nil, fmt.Errorf("reading certificates: %w", err)
	}
	var list []*x509.Certificate
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil || block.Type != "CERTIFICATE" {
			return nil, badSettings(name+" 不是证书文件", name+" is no file of certificates")
		}
		list = append(list, c)
	}
	if len(list) == 0 {
		return nil, badSettings(name+" 中没有证书", name+" holds no certificate")
	}
	return list, nil
}

func (s *station) publicKey(name string) (crypto.PublicKey, error) {
	text, err := s.read(name)
	if err != nil {
		return nil, fmt.Errorf("reading a public key: %w", err)
	}
	block, _ := pem.Decode(text)
	if block == nil || block.Type != "PUBLIC KEY" {
		return nil, badSettings(name+" 不是公钥文件", name+" is no file with a public key")
	}
	key, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, badSettings(name+" 不是公钥文件", name+" is no file with a public key")
	}
	return key, nil
}
