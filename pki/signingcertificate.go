package pki

import (
	"fmt"

	"github.com/elicense/elicense/internal/cms"
)

// CheckSigningCertificate holds a signer's certificate against the signed attributes that name one (RFC 5035, 3):
// each must name this certificate first. named tells whether there is such an attribute.
func CheckSigningCertificate(s *cms.SignerInfo, c *Certificate) (named bool, err error) {
	bindings, err := s.SigningCertificates()
	if err != nil {
		return false, fmt.Errorf("%w: signing certificate attribute: %v", ErrCertificate, err)
	}
	for i := range bindings {
		if c == nil || !names(&bindings[i].Certificates[0], c) {
			return true, fmt.Errorf("%w: another one is named as the signer's", ErrCertificate)
		}
	}
	return len(bindings) > 0, nil
}
