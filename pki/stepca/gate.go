package stepca

import (
	"crypto"
	"crypto/x509"
	"strings"
	"time"

	casapi "github.com/smallstep/certificates/cas/apiv1"
	"github.com/smallstep/certificates/cas/softcas"
)

// gate stands between smallstep and the key: nothing is signed that it did not check. Smallstep itself would sign
// certificates that outlive their issuer, wildcards if no other rule for names exists, and keys on P-224; and it would
// not say where the CRL is.
type gate struct {
	soft      *softcas.SoftCAS
	crl       string
	now       func() time.Time
	wildcards map[string]bool // names of provisioners that may have them
}

var (
	_ casapi.CertificateAuthorityService      = (*gate)(nil)
	_ casapi.CertificateAuthorityCRLGenerator = (*gate)(nil)
)

func newGate(c Config) *gate {
	g := &gate{
		soft: &softcas.SoftCAS{CertificateChain: c.Chain, Signer: c.Signer},
		crl:  c.CRL.URL, now: c.Now, wildcards: map[string]bool{},
	}
	for i := range c.Provisioners {
		g.wildcards[c.Provisioners[i].Name] = c.Policy.Wildcards && c.Provisioners[i].Policy.Wildcards
	}
	return g
}

// CreateCertificate implements casapi.CertificateAuthorityService.
func (g *gate) CreateCertificate(r *casapi.CreateCertificateRequest) (*casapi.CreateCertificateResponse, error) {
	t := r.Template
	if r.Provisioner == nil || r.IsCAServerCert {
		return nil, refuse(ReasonConstraint, "no provisioner")
	}
	for _, name := range t.DNSNames {
		if strings.Contains(name, "*") && !g.wildcards[r.Provisioner.Name] {
			return nil, refuse(ReasonConstraint, "wildcard")
		}
	}
	if len(t.CRLDistributionPoints) == 0 {
		t.CRLDistributionPoints = []string{g.crl}
	}
	if err := g.check(t); err != nil {
		return nil, err
	}
	return g.soft.CreateCertificate(r)
}

// RenewCertificate implements casapi.CertificateAuthorityService. The extensions are those of the old certificate; the
// times are set here, so that they are checked before anything is signed.
func (g *gate) RenewCertificate(r *casapi.RenewCertificateRequest) (*casapi.RenewCertificateResponse, error) {
	now := g.now()
	r.Template.NotBefore, r.Template.NotAfter = now.Add(-r.Backdate), now.Add(r.Lifetime)
	if err := g.check(r.Template); err != nil {
		return nil, err
	}
	made, err := g.soft.CreateCertificate(&casapi.CreateCertificateRequest{
		Template: r.Template, Lifetime: r.Lifetime, Backdate: r.Backdate,
	})
	if err != nil {
		return nil, err
	}
	return &casapi.RenewCertificateResponse{
		Certificate: made.Certificate, CertificateChain: made.CertificateChain,
	}, nil
}

// check refuses what must not be signed, whoever asks.
func (g *gate) check(t *x509.Certificate) error {
	switch {
	case t.IsCA || t.KeyUsage&(x509.KeyUsageCertSign|x509.KeyUsageCRLSign) != 0:
		return refuse(ReasonConstraint, "an authority")
	case t.NotAfter.IsZero() || t.NotAfter.After(g.issuer().NotAfter):
		return refuse(ReasonConstraint, "valid for longer than its issuer")
	case checkKey(t.PublicKey) != nil:
		return refuse(ReasonConstraint, "weak key, or one of another kind")
	case sameKey(t.PublicKey, g.issuer().PublicKey):
		return refuse(ReasonConstraint, "the issuer's key")
	}
	return nil
}

func sameKey(a, b crypto.PublicKey) bool {
	key, ok := a.(interface{ Equal(crypto.PublicKey) bool })
	return ok && key.Equal(b)
}

func (g *gate) issuer() *x509.Certificate { return g.soft.CertificateChain[0] }

// RevokeCertificate implements casapi.CertificateAuthorityService: the register is all there is to do.
func (g *gate) RevokeCertificate(r *casapi.RevokeCertificateRequest) (*casapi.RevokeCertificateResponse, error) {
	return &casapi.RevokeCertificateResponse{Certificate: r.Certificate, CertificateChain: g.soft.CertificateChain}, nil
}

// CreateCRL implements casapi.CertificateAuthorityCRLGenerator.
func (g *gate) CreateCRL(r *casapi.CreateCRLRequest) (*casapi.CreateCRLResponse, error) {
	return g.soft.CreateCRL(r)
}
