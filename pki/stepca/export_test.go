package stepca

import (
	"context"
	"crypto/x509"
	"time"

	"github.com/smallstep/certificates/authority"
	"github.com/smallstep/certificates/authority/config"
	"github.com/smallstep/certificates/authority/provisioner"
	casapi "github.com/smallstep/certificates/cas/apiv1"
	"github.com/smallstep/certificates/db"
	"github.com/smallstep/nosql/database"
	"go.step.sm/crypto/x509util"

	"github.com/elicense/elicense/internal/engine"
)

// MaxPartsBytes is the longest value that the database takes.
const MaxPartsBytes = maxParts * partBytes

// NewDatabase is smallstep's database on an engine.
func NewDatabase(e engine.Engine, prefix string) database.DB {
	return &bucketed{engine: e, prefix: prefix}
}

// ParseSM2Request reads a request as EnrolSM2 does, and gives whether it is good.
func ParseSM2Request(der []byte) (raw []byte, err error) {
	r, err := parseSM2Request(der)
	if err != nil {
		if r != nil {
			panic("a request beside a refusal")
		}
		return nil, err
	}
	return r.Raw, nil
}

// Shadow gives the DNS names that smallstep would see of an SM2 request.
func Shadow(a *Authority, der []byte) ([]string, error) {
	r, err := parseSM2Request(der)
	if err != nil {
		return nil, err
	}
	s, err := a.shadow.of(r)
	if err != nil {
		return nil, err
	}
	return s.DNSNames, nil
}

// ReadToken reads the identifier of a token without verifying it.
func ReadToken(token string) (id string, err error) {
	_, c, err := readToken(token)
	if err != nil {
		return "", err
	}
	return c.ID, nil
}

// Sign is what smallstep asks for when its own rules are satisfied.
func Sign(c Config, template *x509.Certificate, provisioner string) (*x509.Certificate, error) {
	r := &casapi.CreateCertificateRequest{Template: template, Lifetime: time.Hour}
	if provisioner != "" {
		r.Provisioner = &casapi.ProvisionerInfo{Name: provisioner}
	}
	made, err := newGate(c).CreateCertificate(r)
	if err != nil {
		return nil, err
	}
	return made.Certificate, nil
}

// UsedTokens counts the tokens that are remembered.
func UsedTokens(a *Authority) (int, error) {
	list, err := a.database.List(bucketTokens)
	return len(list), err
}

// Nonces counts the ACME nonces that are out.
func Nonces(a *Authority) (int, error) {
	list, err := a.database.List(bucketNonces)
	return len(list), err
}

// Bare is smallstep on our database without anything of ours before it: what it is measured by.
type Bare struct {
	authority   *authority.Authority
	provisioner *provisioner.ACME
}

// NewBare opens smallstep as it is.
func NewBare(c Config) (*Bare, error) {
	database := &bucketed{engine: c.Engine, prefix: "bare/"}
	for _, bucket := range buckets {
		if err := database.CreateTable(bucket); err != nil {
			return nil, err
		}
	}
	p := &provisioner.ACME{Type: "ACME", Name: "bare"}
	a, err := authority.NewEmbedded(
		authority.WithConfig(&config.Config{
			DNSNames: c.Names, AuthorityConfig: &config.AuthConfig{
				Provisioners: provisioner.List{p, c.Provisioners[0].adapt(ServesTLS, c.Challenges)},
			},
		}),
		authority.WithX509RootCerts(c.Roots...), authority.WithX509SignerChain(c.Chain, c.Signer),
		authority.WithDatabase(&db.DB{DB: database}), authority.WithQuietInit(),
	)
	return &Bare{a, p}, err
}

// Enrol reads and checks a request and a token and gives a certificate, durably registered, as smallstep's interface
// does.
func (b *Bare) Enrol(ctx context.Context, token string, csr []byte) error {
	request, err := x509.ParseCertificateRequest(csr)
	if err != nil {
		return err
	}
	if err := request.CheckSignature(); err != nil {
		return err
	}
	ctx = signing(ctx)
	options, err := b.authority.Authorize(ctx, token)
	if err != nil {
		return err
	}
	_, err = b.authority.SignWithContext(ctx, request, provisioner.SignOptions{}, options...)
	return err
}

// Sign reads and checks a request and gives a certificate for a name, durably registered, as an ACME order does once it
// is ready: there is no token to verify.
func (b *Bare) Sign(ctx context.Context, csr []byte, name string) error {
	request, err := x509.ParseCertificateRequest(csr)
	if err != nil {
		return err
	}
	ctx = signing(ctx)
	options, err := b.provisioner.AuthorizeSign(ctx, "")
	if err != nil {
		return err
	}
	data := x509util.CreateTemplateData(name, []string{name})
	template, err := provisioner.CustomTemplateOptions(nil, data, x509util.DefaultLeafTemplate)
	if err != nil {
		return err
	}
	_, err = b.authority.SignWithContext(ctx, request, provisioner.SignOptions{}, append(options, template)...)
	return err
}
