package stepca

import (
	"context"
	"crypto/x509"
	"errors"
	"net/url"
	"time"

	casapi "github.com/smallstep/certificates/cas/apiv1"

	"github.com/elicense/elicense/pki"
)

// SM2Issuer is the SM2 authority as this package needs it.
//
// Issue signs the certificate that a request was approved for, for no longer and no other names than that, and makes it
// durable before it returns. It may refuse: its own rules come on top, and a refusal that is a *RefusalError reaches
// the client as it is. The token is used up then too. TokenID never comes twice with different requests, so that Issue
// may take it to find what it did before. It is called by many goroutines at once.
type SM2Issuer interface {
	Issue(ctx context.Context, request SM2Request) (SM2Issued, error)
}

// SM2Issued is what the SM2 authority gives for a request. Twin and Enveloped are there if its profile has a pair of
// certificates.
type SM2Issued struct {
	Chain     [][]byte // the certificate in DER, followed by its chain without the root
	Twin      []byte   // the certificate for encryption (加密证书) in DER
	Enveloped []byte   // its private key for the holder of the signing key: SM2EnvelopedKey of GB/T 35276
}

// ErrSM2Issuer is returned if the SM2 authority issued nothing and said no error.
var ErrSM2Issuer = errors.New("stepca: the SM2 authority gave no certificate")

// SM2Request is a certificate request that a token was good for, with what the certificate may say. Subject, names and
// times are those that were approved, not those in the CSR.
type SM2Request struct {
	CSR       []byte         // PKCS#10 as received; its key signed it
	PublicKey *pki.PublicKey // the key in it

	CommonName     string
	DNSNames       []string
	EmailAddresses []string
	IPAddresses    []string // as text
	URIs           []*url.URL
	NotBefore      time.Time
	NotAfter       time.Time

	Provisioner string // who approved it
	TokenID     string // unique
	// Profile and Application are claims of the token, for the SM2 authority to judge: which kind of certificate, and
	// which application of its register the token belongs to.
	Profile     string
	Application string
}

// EnrolSM2 uses up the token and has the SM2 authority issue what it is for. The CSR is
// checked before the token is touched; names, times and policy after that, by the rules that the token brings, on a
// shadow of the request. Nothing is issued unless all agree.
func (a *Authority) EnrolSM2(ctx context.Context, e Enrolment) (SM2Issued, error) {
	request, err := a.approve(ctx, e)
	if err != nil {
		return SM2Issued{}, err
	}
	issued, err := a.config.SM2.Issue(ctx, request)
	if err != nil {
		return SM2Issued{}, err
	}
	if len(issued.Chain) == 0 {
		return SM2Issued{}, ErrSM2Issuer
	}
	return issued, nil
}

// approve uses up the token for a request and gives what may be issued.
func (a *Authority) approve(ctx context.Context, e Enrolment) (SM2Request, error) {
	if a.config.SM2 == nil {
		return SM2Request{}, refuse(ReasonNotServed, "no SM2 authority")
	}
	csr, err := parseSM2Request(e.CSR)
	if err != nil {
		return SM2Request{}, err
	}
	shadow, err := a.shadow.of(csr)
	if err != nil {
		return SM2Request{}, err
	}
	options, err := a.sm2.authorize(ctx, e.Token)
	if err != nil {
		return SM2Request{}, err
	}
	_, err = a.sm2.authority.SignWithContext(signing(ctx), shadow, e.options(), options...)
	var approved *approval
	if !errors.As(err, &approved) {
		return SM2Request{}, explain(err, ReasonConstraint)
	}
	return approved.request(csr, e.Token)
}

// approval is what comes out of smallstep when it wants a certificate signed: all its rules were satisfied. It is an
// error so that smallstep, which has no certificate then, registers nothing.
type approval struct {
	template    *x509.Certificate
	provisioner string
}

func (*approval) Error() string { return "stepca: approved, and not to be signed here" }

// request is what was approved, for the SM2 authority.
func (p *approval) request(csr *sm2Request, token string) (SM2Request, error) {
	_, c, err := readToken(token) // verified by now
	if err != nil {
		return SM2Request{}, err
	}
	t := p.template
	if t.IsCA || t.Subject.CommonName == "" || t.NotAfter.IsZero() {
		return SM2Request{}, refuse(ReasonConstraint, "no end, no name, or an authority")
	}
	var addresses []string
	for _, ip := range t.IPAddresses {
		addresses = append(addresses, ip.String())
	}
	return SM2Request{
		CSR: csr.Raw, PublicKey: csr.public,
		CommonName: t.Subject.CommonName, DNSNames: t.DNSNames, EmailAddresses: t.EmailAddresses,
		IPAddresses: addresses, URIs: t.URIs, NotBefore: t.NotBefore, NotAfter: t.NotAfter,
		Provisioner: p.provisioner, TokenID: c.ID, Profile: c.Profile, Application: c.Application,
	}, nil
}

// approver is smallstep's signer on the SM2 side. It holds no key: it hands out what was approved.
type approver struct{}

var _ casapi.CertificateAuthorityService = approver{}

// CreateCertificate implements casapi.CertificateAuthorityService.
func (approver) CreateCertificate(r *casapi.CreateCertificateRequest) (*casapi.CreateCertificateResponse, error) {
	if r.Template == nil || r.Provisioner == nil {
		return nil, refuse(ReasonConstraint, "no provisioner")
	}
	return nil, &approval{r.Template, r.Provisioner.Name}
}

// RenewCertificate implements casapi.CertificateAuthorityService.
func (approver) RenewCertificate(*casapi.RenewCertificateRequest) (*casapi.RenewCertificateResponse, error) {
	return nil, refuse(ReasonNotServed, "")
}

// RevokeCertificate implements casapi.CertificateAuthorityService.
func (approver) RevokeCertificate(*casapi.RevokeCertificateRequest) (*casapi.RevokeCertificateResponse, error) {
	return nil, refuse(ReasonNotServed, "")
}
