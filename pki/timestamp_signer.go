package pki

import (
	"bytes"
	"slices"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/emmansun/gmsm/sm3"

	"github.com/elicense/elicense/internal/cms"
	"github.com/elicense/elicense/internal/oid"
	"github.com/elicense/elicense/internal/tsp"
)

// findSigner looks for the certificate that the signature names, inside the token first, then among those given. Of
// several it prefers the one that the attributes bind.
func (t *Timestamp) findSigner(o *TimestampOptions) (*Certificate, error) {
	var found *Certificate
	for _, c := range slices.Concat(t.Certificates, o.Chain.Intermediates) {
		if c == nil || !t.namesSigner(c) {
			continue
		}
		if found == nil || t.checkBinding(found, false) != nil {
			found = c
		}
	}
	if found == nil {
		return nil, refuseToken(TimestampNoSigner, "neither inside the token nor given")
	}
	return found, nil
}

func (t *Timestamp) namesSigner(c *Certificate) bool {
	signer := t.token.Signer()
	if signer.SubjectKeyID != nil {
		return bytes.Equal(signer.SubjectKeyID, c.SubjectKeyID)
	}
	return signer.NamedBy(c.RawIssuer, c.Serial)
}

// checkBinding wants every SigningCertificate attribute to name c first (RFC 2634, 5.4; RFC 5035, 4; RFC 5816).
func (t *Timestamp) checkBinding(c *Certificate, unbound bool) error {
	if len(t.token.Bindings) == 0 && !unbound {
		return refuseToken(TimestampBinding, "no attribute names the certificate")
	}
	for _, binding := range t.token.Bindings {
		if binding.Policies {
			return refuseToken(TimestampBinding, "limits of policies are not supported")
		}
		if !names(&binding.Certificates[0], c) {
			return refuseToken(TimestampBinding, "another certificate is named")
		}
	}
	return nil
}

func namesAny(ids []tsp.CertID, c *Certificate) bool {
	return slices.ContainsFunc(ids, func(id tsp.CertID) bool { return names(&id, c) })
}

// names tells whether id names c. SHA-1 is what ESSCertID is defined with; who could use a collision has to be the
// authority itself.
func names(id *tsp.CertID, c *Certificate) bool {
	if !id.NamesIssuer(c.RawIssuer, c.Serial) {
		return false
	}
	if id.Algorithm == oid.SM3 {
		digest := sm3.Sum(c.Raw)
		return bytes.Equal(id.Hash, digest[:])
	}
	h, ok := hashes[hashIDs[id.Algorithm]]
	if !ok {
		return false
	}
	w := h.New()
	w.Write(c.Raw)
	return bytes.Equal(id.Hash, w.Sum(nil))
}

// checkSigner holds the certificate against RFC 3161, 2.3: its extended key usage is critical and time-stamping alone;
// and against GB/T 20518: its key usage is that of a signing certificate.
func (t *Timestamp) checkSigner(c *Certificate) error {
	if err := CheckTimestampCertificate(c); err != nil {
		return err
	}
	name := t.token.Info.TSA
	if name != nil && !c.isNamed(name) {
		return refuseToken(TimestampName, "the certificate has another name")
	}
	return nil
}

// CheckTimestampCertificate holds a certificate against what RFC 3161, 2.3, and GB/T 20518 want of one that signs
// time-stamp tokens: its extended key usage is critical and names time-stamping alone, its key usage is that of a
// signing certificate, and it is no authority. The error is a *TimestampError.
func CheckTimestampCertificate(c *Certificate) error {
	purpose, ok := c.Extension(oid.ExtKeyUsage)
	switch {
	case !ok || !slices.Equal(c.ExtKeyUsage, []oid.ID{oid.PurposeTimestamp}):
		return refuseToken(TimestampPurpose, "extended key usage is not time-stamping alone")
	case !purpose.Critical:
		return refuseToken(TimestampPurpose, "extended key usage is not critical")
	case c.HasKeyUsage && (c.KeyUsage == 0 || c.KeyUsage&^(UsageDigitalSignature|UsageNonRepudiation) != 0):
		return refuseToken(TimestampPurpose, "key usage %#x is not that of a signing certificate", c.KeyUsage)
	case c.IsCA:
		return refuseToken(TimestampPurpose, "it is an authority")
	}
	return nil
}

// isNamed tells whether a GeneralName is the subject of c or one of its alternative names.
func (c *Certificate) isNamed(name []byte) bool {
	element := cryptobyte.String(name)
	var directory cryptobyte.String
	if element.ReadASN1(&directory, casn1.Tag(4).ContextSpecific().Constructed()) &&
		bytes.Equal(directory, c.RawSubject) {
		return true
	}
	extension, ok := c.Extension(oid.SubjectAltName)
	if !ok {
		return false
	}
	value := cryptobyte.String(extension.Value)
	var list cryptobyte.String
	ok = value.ReadASN1(&list, casn1.SEQUENCE)
	for ok && !list.Empty() {
		var alternative cryptobyte.String
		var tag casn1.Tag
		if ok = list.ReadAnyASN1Element(&alternative, &tag); ok && bytes.Equal(alternative, name) {
			return true
		}
	}
	return false
}

// checkSignature checks the one signature over the attributes, or over the content if there are none.
func (t *Timestamp) checkSignature(c *Certificate, o *TimestampOptions) error {
	signer := t.token.Signer()
	algorithm := signerAlgorithm(signer)
	if algorithm.Key == "" || algorithm.Hash == "" {
		return refuseToken(TimestampAlgorithm, "%s with %s", signer.SignatureAlgorithm, signer.DigestAlgorithm)
	}
	if !o.accepts(algorithm.Hash, t.GenTime) {
		return refuseToken(TimestampOutdated, "signature with %s", algorithm.Hash)
	}
	message, err := t.signedBytes(algorithm)
	if err != nil {
		return refuseToken(TimestampBadSignature, "%v", err)
	}
	if algorithm.Key == KeySM2 {
		err = verifySM2Signer(c, signer, message, o.Chain.CrossCheck)
	} else {
		err = c.Key.verify(algorithm, message, signer.Signature)
	}
	if err != nil {
		return refuseToken(TimestampBadSignature, "%v", err)
	}
	return nil
}

func verifySM2Signer(c *Certificate, signer *cms.SignerInfo, message []byte, cross bool) error {
	value, err := signer.SignatureDER()
	if err != nil {
		return err
	}
	if cross {
		return CrossCheck(c.PublicKey, message, value)
	}
	return VerifySM2(c.PublicKey, message, value)
}

func (t *Timestamp) signedBytes(a SignatureAlgorithm) ([]byte, error) {
	if a.Key == KeySM2 {
		return t.token.Signed.SignedBytes(t.token.Signer(), nil)
	}
	return t.token.Signed.ForeignSignedBytes(t.token.Signer(), nil, func(content []byte) []byte {
		h := hashes[a.Hash].New()
		h.Write(content)
		return h.Sum(nil)
	})
}

// signerAlgorithm is what a SignerInfo names; without Key if nothing here computes it.
func signerAlgorithm(s *cms.SignerInfo) SignatureAlgorithm {
	a, err := SignerAlgorithm(s.DigestAlgorithm, s.SignatureAlgorithm, s.Parameters)
	if err != nil || a.Hash == HashMD5 {
		return SignatureAlgorithm{}
	}
	return a
}
