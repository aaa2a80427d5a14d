package ca

import (
	"crypto"
	"fmt"
	"io"

	"github.com/emmansun/gmsm/smx509"
)

// MakeRequest makes the certificate request (PKCS#10) of a key: a proof that whoever asks holds it, and nothing else.
// Whose key it is, the officer establishes.
func MakeRequest(random io.Reader, key crypto.Signer) ([]byte, error) {
	der, err := smx509.CreateCertificateRequest(random, &smx509.CertificateRequest{}, key)
	if err != nil {
		return nil, fmt.Errorf("making a certificate request: %v", err)
	}
	if _, err := ParseRequest(der); err != nil {
		return nil, err
	}
	return der, nil
}
