package pki

import (
	"bytes"
	"math/big"
	"time"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"
)

const maxSerialBytes = 20

// certificate reads c.Raw:
//
//	Certificate ::= SEQUENCE { tbsCertificate, signatureAlgorithm AlgorithmIdentifier, signature BIT STRING }
func (r *reader) certificate(c *Certificate) error {
	body, err := sequence(c.Raw, "certificate")
	if err != nil {
		return err
	}
	var element, tbs, outer cryptobyte.String
	whole := body
	if !body.ReadASN1Element(&element, casn1.SEQUENCE) || !whole.ReadASN1(&tbs, casn1.SEQUENCE) {
		return malformed("tbsCertificate")
	}
	c.RawTBS = element
	if !body.ReadASN1(&outer, casn1.SEQUENCE) {
		return malformed("signatureAlgorithm")
	}
	if c.Signature, err = r.octetBits(&body, "signatureValue"); err != nil {
		return err
	}
	if !body.Empty() {
		return malformed("certificate")
	}
	return r.tbs(c, tbs, outer)
}

// tbs reads
//
//	TBSCertificate ::= SEQUENCE { version [0] EXPLICIT INTEGER DEFAULT v1, serialNumber INTEGER, signature
//	    AlgorithmIdentifier, issuer Name, validity Validity, subject Name, subjectPublicKeyInfo,
//	    issuerUniqueID [1] BIT STRING OPTIONAL, subjectUniqueID [2] BIT STRING OPTIONAL,
//	    extensions [3] EXPLICIT Extensions OPTIONAL }
func (r *reader) tbs(c *Certificate, s, outer cryptobyte.String) error {
	if err := r.version(c, &s); err != nil {
		return err
	}
	var err error
	if c.Serial, err = r.serial(&s); err != nil {
		return err
	}
	// What the signature does not cover must say the same as what it covers (RFC 5280, 4.1.1.2).
	var inner cryptobyte.String
	if !s.ReadASN1(&inner, casn1.SEQUENCE) || !bytes.Equal(inner, outer) {
		return malformed("signature")
	}
	if c.SignatureAlgorithm, err = r.signatureAlgorithm(inner, "signature"); err != nil {
		return err
	}
	if c.IssuerName, err = r.name(&s, "issuer"); err != nil {
		return err
	}
	if c.IssuerName.Empty() {
		if err := r.allow(ToleranceEmptyIssuer, "issuer"); err != nil {
			return err
		}
	}
	if c.NotBefore, c.NotAfter, err = r.validity(&s); err != nil {
		return err
	}
	if c.SubjectName, err = r.name(&s, "subject"); err != nil {
		return err
	}
	if err := r.keyInfo(c, &s); err != nil {
		return err
	}
	return r.optionalMembers(c, s)
}

func (r *reader) version(c *Certificate, s *cryptobyte.String) error {
	c.Version = 1
	if !s.PeekASN1Tag(constructedTag(0)) {
		return nil
	}
	var tagged cryptobyte.String
	if !s.ReadASN1(&tagged, constructedTag(0)) {
		return malformed("version")
	}
	n, err := r.count(&tagged, casn1.INTEGER, "version")
	if err != nil {
		return err
	}
	if !tagged.Empty() || n > 2 {
		return malformed("version")
	}
	c.Version = n + 1
	if n == 0 {
		return r.allow(ToleranceDefault, "version")
	}
	return nil
}

// serial reads a CertificateSerialNumber, which is positive and no longer than 20 octets (RFC 5280, 4.1.2.2).
func (r *reader) serial(s *cryptobyte.String) (*big.Int, error) {
	const field = "serialNumber"
	n, err := r.integer(s, casn1.INTEGER, field)
	if err != nil {
		return nil, err
	}
	if n.Sign() < 0 {
		err = r.allow(ToleranceNegativeSerial, field)
	} else if n.Sign() == 0 {
		err = r.allow(ToleranceZeroSerial, field)
	}
	if err == nil && n.BitLen() >= maxSerialBytes*8 {
		err = r.allow(ToleranceLongSerial, field)
	}
	if err != nil {
		return nil, err
	}
	return n, nil
}

// validity reads Validity ::= SEQUENCE { notBefore Time, notAfter Time }.
func (r *reader) validity(s *cryptobyte.String) (from, to time.Time, err error) {
	var body cryptobyte.String
	if !s.ReadASN1(&body, casn1.SEQUENCE) {
		return from, to, malformed("validity")
	}
	if from, err = r.time(&body, "notBefore"); err != nil {
		return from, to, err
	}
	if to, err = r.time(&body, "notAfter"); err != nil {
		return from, to, err
	}
	if !body.Empty() {
		return from, to, malformed("validity")
	}
	return from, to, nil
}

func (r *reader) keyInfo(c *Certificate, s *cryptobyte.String) error {
	const field = "subjectPublicKeyInfo"
	var element, body cryptobyte.String
	whole := *s
	if !s.ReadASN1Element(&element, casn1.SEQUENCE) || !whole.ReadASN1(&body, casn1.SEQUENCE) {
		return malformed(field)
	}
	c.RawKey = element
	var err error
	c.Key, err = r.publicKey(body, field)
	return err
}

// optionalMembers reads what follows the public key.
func (r *reader) optionalMembers(c *Certificate, s cryptobyte.String) error {
	for i, field := range []string{"issuerUniqueID", "subjectUniqueID"} {
		tag := contextTag(uint8(i + 1))
		if !s.PeekASN1Tag(tag) {
			continue
		}
		if !s.SkipASN1(tag) {
			return malformed(field)
		}
		if err := r.needsVersion(c, 2, field); err != nil {
			return err
		}
	}
	if s.Empty() {
		return nil
	}
	const field = "extensions"
	var tagged, list cryptobyte.String
	if !s.ReadASN1(&tagged, constructedTag(3)) || !s.Empty() || !tagged.ReadASN1(&list, casn1.SEQUENCE) ||
		!tagged.Empty() {
		return malformed(field)
	}
	if err := r.needsVersion(c, 3, field); err != nil {
		return err
	}
	var err error
	if c.Extensions, err = r.extensions(list, field); err != nil {
		return err
	}
	return r.understand(c)
}

func (r *reader) needsVersion(c *Certificate, version int, field string) error {
	if c.Version >= version {
		return nil
	}
	return r.allow(ToleranceVersion, field)
}
