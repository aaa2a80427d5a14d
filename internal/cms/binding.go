package cms

import (
	"bytes"
	"math/big"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/elicense/elicense/internal/oid"
)

const (
	maxCertIDs     = 16
	maxDigestBytes = 64
)

// Binding is a SigningCertificate or SigningCertificateV2 attribute: it names the certificate whose key made the
// signature, so that no other certificate of the same key can take its place.
//
//	SigningCertificate   ::= SEQUENCE { certs SEQUENCE OF ESSCertID, policies SEQUENCE OF … OPTIONAL }
//	ESSCertID            ::= SEQUENCE { certHash OCTET STRING, issuerSerial IssuerSerial OPTIONAL }        -- SHA-1
//	SigningCertificateV2 ::= SEQUENCE { certs SEQUENCE OF ESSCertIDv2, policies SEQUENCE OF … OPTIONAL }
//	ESSCertIDv2          ::= SEQUENCE { hashAlgorithm AlgorithmIdentifier DEFAULT { SHA-256 }, certHash OCTET STRING,
//	                         issuerSerial IssuerSerial OPTIONAL }
//	IssuerSerial         ::= SEQUENCE { issuer GeneralNames, serialNumber INTEGER }
type Binding struct {
	Certificates []CertID // the signer's first; more of them limit the chain (RFC 5035, 5)
	Policies     bool     // the attribute limits the policies too
}

// CertID names one certificate.
type CertID struct {
	Algorithm oid.ID // of Hash
	Hash      []byte // of the whole certificate
	Issuer    []byte // contents of GeneralNames, nil if absent
	Serial    []byte // contents octets of the INTEGER, nil if absent
}

// NamesIssuer tells whether the issuer and serial number of the CertID, if it has them, are those given. The name must
// be there as one directory name.
func (c *CertID) NamesIssuer(issuer []byte, serial *big.Int) bool {
	if c.Serial == nil {
		return true
	}
	var b cryptobyte.Builder
	addDirectoryName(&b, issuer)
	want, err := b.Bytes()
	return err == nil && serial != nil && bytes.Equal(c.Issuer, want) && c.Serial[0]&0x80 == 0 &&
		new(big.Int).SetBytes(c.Serial).Cmp(serial) == 0
}

// SigningCertificates reads the attributes of either kind; each may be there once.
func (s *SignerInfo) SigningCertificates() ([]Binding, error) {
	var out []Binding
	for _, kind := range []oid.ID{oid.SigningCertificate, oid.SigningCertificateV2} {
		value, err := s.SignedAttribute(kind)
		if err != nil {
			return nil, err
		}
		if value == nil {
			continue
		}
		b, ok := parseBinding(value, kind == oid.SigningCertificateV2)
		if !ok {
			return nil, malformed("SigningCertificate")
		}
		out = append(out, b)
	}
	return out, nil
}

func parseBinding(value cryptobyte.String, second bool) (Binding, bool) {
	var body, list cryptobyte.String
	if !value.ReadASN1(&body, casn1.SEQUENCE) || !value.Empty() ||
		!body.ReadASN1(&list, casn1.SEQUENCE) || list.Empty() {
		return Binding{}, false
	}
	var b Binding
	for !list.Empty() {
		id, ok := readCertID(&list, second)
		if !ok || len(b.Certificates) == maxCertIDs {
			return Binding{}, false
		}
		b.Certificates = append(b.Certificates, id)
	}
	b.Policies = !body.Empty()
	return b, body.Empty() || body.SkipASN1(casn1.SEQUENCE) && body.Empty()
}

func readCertID(list *cryptobyte.String, second bool) (CertID, bool) {
	var body, hash cryptobyte.String
	if !list.ReadASN1(&body, casn1.SEQUENCE) {
		return CertID{}, false
	}
	c := CertID{Algorithm: oid.SHA1}
	if second {
		c.Algorithm = oid.SHA256
		if body.PeekASN1Tag(casn1.SEQUENCE) && !readAlgorithm(&body, &c.Algorithm) {
			return CertID{}, false
		}
	}
	if !body.ReadASN1(&hash, casn1.OCTET_STRING) {
		return CertID{}, false
	}
	c.Hash = hash
	if wellFormedDigest(c.Algorithm, c.Hash) && readIssuerSerial(&body, &c) && body.Empty() {
		return c, true
	}
	return CertID{}, false
}

func readAlgorithm(s *cryptobyte.String, id *oid.ID) bool {
	var body cryptobyte.String
	return s.ReadASN1(&body, casn1.SEQUENCE) && oid.Read(&body, id) && (body.Empty() || bytes.Equal(body, []byte{5, 0}))
}

func readIssuerSerial(s *cryptobyte.String, c *CertID) bool {
	if s.Empty() {
		return true
	}
	var body, names cryptobyte.String
	if !s.ReadASN1(&body, casn1.SEQUENCE) || !body.ReadASN1(&names, casn1.SEQUENCE) {
		return false
	}
	var serial cryptobyte.String
	if !body.ReadASN1(&serial, casn1.INTEGER) || len(serial) > maxSerialBytes || !shortestInteger(serial) {
		return false
	}
	c.Issuer, c.Serial = names, serial
	return body.Empty()
}

// addDirectoryName writes a GeneralName of the kind directoryName: [4] EXPLICIT Name (RFC 5280, 4.2.1.6).
func addDirectoryName(b *cryptobyte.Builder, name []byte) {
	b.AddASN1(casn1.Tag(4).ContextSpecific().Constructed(), func(b *cryptobyte.Builder) { b.AddBytes(name) })
}

// EncodeSigningCertificate is the SigningCertificateV2 attribute that binds a signature to one certificate by its SM3
// digest, issuer and serial number.
func EncodeSigningCertificate(digest [32]byte, issuer []byte, serial *big.Int) []byte {
	return EncodeAttribute(oid.SigningCertificateV2, func(b *cryptobyte.Builder) {
		b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
					addAlgorithm(b, oid.SM3)
					b.AddASN1OctetString(digest[:])
					addIssuerSerial(b, issuer, serial)
				})
			})
		})
	})
}

func addIssuerSerial(b *cryptobyte.Builder, issuer []byte, serial *big.Int) {
	b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) { addDirectoryName(b, issuer) })
		b.AddASN1BigInt(serial)
	})
}

// DigestSize is the length of a digest by a known algorithm, 0 for others.
func DigestSize(id oid.ID) int {
	switch id {
	case oid.MD5:
		return 16
	case oid.SHA1:
		return 20
	case oid.SHA224:
		return 28
	case oid.SHA256, oid.SM3, oid.SM3NoKey:
		return 32
	case oid.SHA384:
		return 48
	case oid.SHA512:
		return 64
	default:
		return 0
	}
}

func wellFormedDigest(algorithm oid.ID, digest []byte) bool {
	size := DigestSize(algorithm)
	return len(digest) > 0 && len(digest) <= maxDigestBytes && (size == 0 || size == len(digest))
}
