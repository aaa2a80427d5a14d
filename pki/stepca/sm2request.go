package stepca

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"fmt"
	"io"

	"github.com/emmansun/gmsm/smx509"

	"github.com/elicense/elicense/pki"
)

// sm2Request is a PKCS#10 request (RFC 2986) whose SM2 key has signed it.
type sm2Request struct {
	*smx509.CertificateRequest

	public *pki.PublicKey
}

// parseSM2Request reads a request and checks the proof of possession: SM2 with SM3 over the default identifier, the
// signature in strict DER. A signature without Z, or over another or an empty identifier, is none.
func parseSM2Request(der []byte) (*sm2Request, error) {
	if len(der) > maxRequestBytes {
		return nil, refuse(ReasonRequest, "too long")
	}
	csr, err := smx509.ParseCertificateRequest(der)
	if err != nil {
		return nil, refuse(ReasonRequest, "cannot be read")
	}
	public, err := pki.PublicKeyOf(csr.PublicKey)
	if err != nil || csr.SignatureAlgorithm != smx509.SM2WithSM3 {
		return nil, refuse(ReasonRequest, "not SM2 with SM3")
	}
	if pki.VerifySM2(public, csr.RawTBSCertificateRequest, csr.Signature) != nil {
		return nil, refuse(ReasonPossession, "")
	}
	return &sm2Request{csr, public}, nil
}

// shadow lets smallstep look at SM2 requests. Go's crypto/x509 refuses every SM2 key, so smallstep gets the same
// request with a key of ours in it and signed by that. The key is nowhere else; nothing is ever issued for it.
type shadow struct {
	key    *ecdsa.PrivateKey
	random io.Reader
}

func newShadow(random io.Reader) (*shadow, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), random)
	if err != nil {
		return nil, fmt.Errorf("generating shadow key: %w", err)
	}
	return &shadow{key, random}, nil
}

// of is the shadow of a request: its subject and extensions as they are. Raw is the original, so that a token that is
// bound to a request is held against the real one.
func (s *shadow) of(csr *sm2Request) (*x509.CertificateRequest, error) {
	der, err := x509.CreateCertificateRequest(s.random, &x509.CertificateRequest{
		RawSubject: csr.RawSubject, ExtraExtensions: csr.Extensions,
	}, s.key)
	if err != nil {
		return nil, refuse(ReasonRequest, "subject or extensions")
	}
	shadow, err := x509.ParseCertificateRequest(der)
	if err != nil {
		return nil, refuse(ReasonRequest, "subject or extensions")
	}
	shadow.Raw = csr.Raw
	return shadow, nil
}
