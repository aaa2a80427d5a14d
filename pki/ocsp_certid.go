package pki

import (
	"bytes"
	"crypto/sha1" //nolint:gosec // RFC 6960 names certificates by SHA-1; nothing is signed with it
	"crypto/sha256"
	"crypto/sha512"
	"math/big"

	"github.com/emmansun/gmsm/sm3"
	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/elicense/elicense/internal/oid"
)

// CertID names a certificate in OCSP: by hashes of its issuer's name and key, and its serial number (RFC 6960, 4.1.1).
type CertID struct {
	Hash       oid.ID // oid.SM3, oid.SHA256, oid.SHA384, oid.SHA512 or oid.SHA1; another is read and matches nothing
	IssuerName []byte // hash of the issuer's DER Name
	IssuerKey  []byte // hash of the bits of the issuer's public key
	Serial     *big.Int
}

// NewCertID names the certificate with a serial number that issuer has issued. The error is ErrOCSP for a hash that is
// not known here.
func NewCertID(hash oid.ID, issuer *Certificate, serial *big.Int) (CertID, error) {
	if issuer == nil || serial == nil {
		return CertID{}, ErrOCSP
	}
	name, key := digest(hash, issuer.RawSubject), digest(hash, keyBits(issuer))
	if name == nil || key == nil {
		return CertID{}, ErrOCSP
	}
	return CertID{Hash: hash, IssuerName: name, IssuerKey: key, Serial: serial}, nil
}

// Matches tells whether the certificate that is named is that of issuer with this serial number.
func (id CertID) Matches(issuer *Certificate, serial *big.Int) bool {
	want, err := NewCertID(id.Hash, issuer, serial)
	return err == nil && id.Equal(want)
}

// Equal tells whether both name the same certificate in the same way.
func (id CertID) Equal(other CertID) bool {
	return id.Hash == other.Hash && bytes.Equal(id.IssuerName, other.IssuerName) &&
		bytes.Equal(id.IssuerKey, other.IssuerKey) &&
		id.Serial != nil && other.Serial != nil && id.Serial.Cmp(other.Serial) == 0
}

// keyBits is the contents of the BIT STRING subjectPublicKey, without the number of unused bits.
func keyBits(c *Certificate) []byte {
	input := cryptobyte.String(c.RawKey)
	var body cryptobyte.String
	var bits []byte
	if !input.ReadASN1(&body, casn1.SEQUENCE) || !body.SkipASN1(casn1.SEQUENCE) ||
		!body.ReadASN1BitStringAsBytes(&bits) {
		return nil
	}
	return bits
}

// isKeyHash tells whether hash is the KeyHash of a responder: SHA-1 by RFC 6960, 4.2.1. One of SM3 is taken as well; it
// only says which certificate to try.
func isKeyHash(hash, key []byte) bool {
	switch len(hash) {
	case sha1.Size:
		return bytes.Equal(hash, digest(oid.SHA1, key))
	case sm3.Size:
		return bytes.Equal(hash, digest(oid.SM3, key))
	default:
		return false
	}
}

// digest is nil for a hash that is not known here.
func digest(hash oid.ID, b []byte) []byte {
	switch hash {
	case oid.SM3, oid.SM3Old:
		sum := sm3.Sum(b)
		return sum[:]
	case oid.SHA256:
		sum := sha256.Sum256(b)
		return sum[:]
	case oid.SHA384:
		sum := sha512.Sum384(b)
		return sum[:]
	case oid.SHA512:
		sum := sha512.Sum512(b)
		return sum[:]
	case oid.SHA1:
		sum := sha1.Sum(b) //nolint:gosec // see above
		return sum[:]
	default:
		return nil
	}
}

// read reads
//
//	CertID ::= SEQUENCE { hashAlgorithm AlgorithmIdentifier, issuerNameHash OCTET STRING,
//	    issuerKeyHash OCTET STRING, serialNumber INTEGER }
func (id *CertID) read(s *cryptobyte.String) bool {
	var body, name, key, serial cryptobyte.String
	if !s.ReadASN1(&body, casn1.SEQUENCE) || !readHash(&body, &id.Hash) ||
		!body.ReadASN1(&name, casn1.OCTET_STRING) || !body.ReadASN1(&key, casn1.OCTET_STRING) ||
		!readIntegerBytes(&body, &serial) || !body.Empty() {
		return false
	}
	id.IssuerName, id.IssuerKey, id.Serial = name, key, integerValue(serial)
	return true
}

// readHash reads an AlgorithmIdentifier whose parameters are absent or NULL.
func readHash(s *cryptobyte.String, out *oid.ID) bool {
	var body, null cryptobyte.String
	var present bool
	return s.ReadASN1(&body, casn1.SEQUENCE) && oid.Read(&body, out) &&
		body.ReadOptionalASN1(&null, &present, casn1.NULL) && null.Empty() && body.Empty()
}

func (id CertID) add(b *cryptobyte.Builder) {
	b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
			oid.Add(b, id.Hash)
			b.AddASN1(casn1.NULL, func(*cryptobyte.Builder) {}) // RFC 6960 follows RFC 5754 and its forerunners here
		})
		b.AddASN1OctetString(id.IssuerName)
		b.AddASN1OctetString(id.IssuerKey)
		b.AddASN1BigInt(id.Serial)
	})
}
