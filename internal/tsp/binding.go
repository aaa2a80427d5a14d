package tsp

import (
	"errors"
	"fmt"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/elicense/elicense/internal/cms"
)

// Binding names the certificate whose key made a token.
type Binding = cms.Binding

// CertID names one certificate of a Binding.
type CertID = cms.CertID

// readBindings reads the attributes of either kind; each may be there once.
func readBindings(signer *cms.SignerInfo) ([]Binding, error) {
	bindings, err := signer.SigningCertificates()
	switch {
	case errors.Is(err, cms.ErrMalformed):
		return nil, malformed("SigningCertificate")
	case err != nil:
		return nil, fmt.Errorf("%w: %v", ErrForm, err)
	default:
		return bindings, nil
	}
}

// addDirectoryName writes a GeneralName of the kind directoryName: [4] EXPLICIT Name (RFC 5280, 4.2.1.6).
func addDirectoryName(b *cryptobyte.Builder, name []byte) {
	b.AddASN1(casn1.Tag(4).ContextSpecific().Constructed(), func(b *cryptobyte.Builder) { b.AddBytes(name) })
}
