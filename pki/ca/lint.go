package ca

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/elicense/elicense/internal/code"
	"github.com/elicense/elicense/pki"
)

// ErrLint is returned for a certificate that must not be signed; the text names each fault.
var ErrLint = errors.New("ca: certificate refused by lint")

// linted is a TBSCertificate that passed the lint. Only lint makes one and sign takes nothing else, so nothing can be
// signed that was not linted.
type linted struct {
	tbs []byte
}

// dummySignature is a well-formed value that no key made; it lets the lint read the certificate as everybody else will.
var dummySignature = []byte{0x30, 6, 2, 1, 1, 2, 1, 1}

// lint encodes the certificate, reads the encoding back with the parser of verifiers, and holds it against the
// profile and the issuer (nil for a root). All faults are reported at once.
func lint(c *certificate, issuer *pki.Certificate) (linted, error) {
	tbs, err := c.encode()
	if err != nil {
		return linted{}, fmt.Errorf("%w: %v", ErrLint, err)
	}
	der, err := wrap(tbs, dummySignature)
	if err != nil {
		return linted{}, fmt.Errorf("%w: %v", ErrLint, err)
	}
	read, err := pki.ParseCertificate(der)
	if err != nil {
		return linted{}, fmt.Errorf("%w: %v", ErrLint, err)
	}
	faults := append(lintProfile(read, c.profile), lintIssuer(read, issuer)...)
	if len(faults) > 0 {
		return linted{}, fmt.Errorf("%w: %w", ErrLint, errors.Join(faults...))
	}
	return linted{tbs: tbs}, nil
}

// faultIf collects the texts whose condition holds.
type faultIf []error

func (f *faultIf) add(condition bool, format string, args ...any) {
	if condition {
		*f = append(*f, fmt.Errorf(format, args...))
	}
}

func lintProfile(c *pki.Certificate, p Profile) []error {
	var f faultIf
	size := (c.Serial.BitLen() + 8) / 8
	f.add(c.Serial.Sign() <= 0 || size < minSerialBytes || size > maxSerialBytes, "serial number has %d bytes", size)
	f.add(c.PublicKey == nil, "public key is not SM2")
	f.add(c.KeyUsage != p.KeyUsage || p.KeyUsage == 0, "key usage %#x, profile %#x", c.KeyUsage, p.KeyUsage)
	f.add(c.IsCA != p.CA, "CA flag %t, profile %t", c.IsCA, p.CA)
	f.add(p.CA && c.MaxPathLen != p.MaxPathLen, "path length %d, profile %d", c.MaxPathLen, p.MaxPathLen)
	f.add(!c.NotBefore.Before(c.NotAfter), "validity is empty")
	f.add(c.NotAfter.Sub(c.NotBefore) > p.Validity, "validity longer than %s", p.Validity)
	f.add(c.Holder.CommonName == "", "common name is empty")
	f.add(len(c.SubjectKeyID) != keyIDBytes, "subject key identifier has %d bytes", len(c.SubjectKeyID))
	if p.NeedsUSCC || c.Holder.USCC != "" {
		err := code.CheckUSCC(c.Holder.USCC)
		f.add(err != nil, "unified social credit code: %v", err)
	}
	return f
}

func lintIssuer(c, issuer *pki.Certificate) []error {
	var f faultIf
	if issuer == nil {
		f.add(!bytes.Equal(c.RawSubject, c.RawIssuer), "root is not self-issued")
		f.add(!bytes.Equal(c.SubjectKeyID, c.AuthorityKeyID), "root names another key as its issuer's")
		return f
	}
	f.add(!bytes.Equal(c.RawIssuer, issuer.RawSubject), "issuer name differs")
	f.add(bytes.Equal(c.RawSubject, issuer.RawSubject), "subject is named like its issuer")
	f.add(!bytes.Equal(c.AuthorityKeyID, issuer.SubjectKeyID), "authority key identifier differs")
	f.add(c.NotBefore.Before(issuer.NotBefore) || c.NotAfter.After(issuer.NotAfter), "validity exceeds the issuer's")
	f.add(!issuer.IsCA || issuer.KeyUsage&pki.UsageCertSign == 0, "issuer may not sign certificates")
	f.add(c.IsCA && issuer.MaxPathLen == 0, "issuer may have no authority below it")
	f.add(c.PublicKey.Equal(issuer.PublicKey), "key is the issuer's")
	return f
}
