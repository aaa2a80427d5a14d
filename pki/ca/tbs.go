package ca

import (
	"math/big"
	"time"

	"github.com/emmansun/gmsm/sm3"
	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/elicense/elicense/internal/oid"
	"github.com/elicense/elicense/pki"
)

// certificate is everything that is encoded into a TBSCertificate.
type certificate struct {
	profile   Profile
	serial    *big.Int
	issuer    []byte // DER Name
	subject   []byte // DER Name
	notBefore time.Time
	notAfter  time.Time
	public    *pki.PublicKey
	issuerKey *pki.PublicKey
	uscc      string
}

// keyID is the leftmost 160 bits of SM3 over the point (the way of RFC 7093, 2, method 1).
func keyID(public *pki.PublicKey) []byte {
	digest := sm3.Sum(public.Point())
	return digest[:keyIDBytes]
}

// encode writes
//
//	TBSCertificate ::= SEQUENCE { version [0] 2, serialNumber, signature AlgorithmIdentifier, issuer, validity,
//	                   subject, subjectPublicKeyInfo, extensions [3] }
func (c *certificate) encode() ([]byte, error) {
	var b cryptobyte.Builder
	b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(casn1.Tag(0).ContextSpecific().Constructed(), func(b *cryptobyte.Builder) { b.AddASN1Int64(2) })
		b.AddASN1BigInt(c.serial)
		addSignatureAlgorithm(b)
		b.AddBytes(c.issuer)
		b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
			addTime(b, c.notBefore)
			addTime(b, c.notAfter)
		})
		b.AddBytes(c.subject)
		b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
				oid.Add(b, oid.ECPublicKey)
				oid.Add(b, oid.SM2)
			})
			b.AddASN1BitString(c.public.Point())
		})
		b.AddASN1(casn1.Tag(3).ContextSpecific().Constructed(), func(b *cryptobyte.Builder) {
			b.AddASN1(casn1.SEQUENCE, c.addExtensions)
		})
	})
	return b.Bytes()
}

func (c *certificate) addExtensions(b *cryptobyte.Builder) {
	addExtension(b, oid.BasicConstraints, true, func(b *cryptobyte.Builder) {
		b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
			if c.profile.CA {
				b.AddASN1Boolean(true)
				b.AddASN1Int64(int64(c.profile.MaxPathLen))
			}
		})
	})
	addExtension(b, oid.KeyUsage, true, func(b *cryptobyte.Builder) { addKeyUsage(b, c.profile.KeyUsage) })
	addExtension(b, oid.SubjectKeyID, false, func(b *cryptobyte.Builder) { b.AddASN1OctetString(keyID(c.public)) })
	addExtension(b, oid.AuthorityKeyID, false, func(b *cryptobyte.Builder) {
		b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1(casn1.Tag(0).ContextSpecific(), func(b *cryptobyte.Builder) { b.AddBytes(keyID(c.issuerKey)) })
		})
	})
	if c.uscc != "" {
		addExtension(b, oid.OrganizationCode, false, func(b *cryptobyte.Builder) {
			b.AddASN1(casn1.PrintableString, func(b *cryptobyte.Builder) { b.AddBytes([]byte(c.uscc)) })
		})
	}
}

func addExtension(b *cryptobyte.Builder, id oid.ID, critical bool, value cryptobyte.BuilderContinuation) {
	b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
		oid.Add(b, id)
		if critical {
			b.AddASN1Boolean(true)
		}
		b.AddASN1(casn1.OCTET_STRING, value)
	})
}

// addKeyUsage writes the named bits without trailing zeros, as DER wants it (X.690, 11.2.2).
func addKeyUsage(b *cryptobyte.Builder, usage pki.KeyUsage) {
	var bits [2]byte
	last := 0
	for i := range 9 {
		if usage&(1<<i) != 0 {
			bits[i/8] |= 0x80 >> (i % 8)
			last = i
		}
	}
	b.AddASN1(casn1.BIT_STRING, func(b *cryptobyte.Builder) {
		b.AddUint8(uint8(7 - last%8))
		b.AddBytes(bits[:last/8+1])
	})
}

// addSignatureAlgorithm writes SM2 with SM3 with NULL parameters, as the national root does.
func addSignatureAlgorithm(b *cryptobyte.Builder) {
	b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
		oid.Add(b, oid.SM2WithSM3)
		b.AddASN1NULL()
	})
}

// addTime writes UTCTime up to 2049 and GeneralizedTime from 2050 (RFC 5280, 4.1.2.5).
func addTime(b *cryptobyte.Builder, t time.Time) {
	if t = t.UTC(); t.Year() < 2050 {
		b.AddASN1UTCTime(t)
		return
	}
	b.AddASN1GeneralizedTime(t)
}

// wrap makes the Certificate of a TBSCertificate and a signature value.
func wrap(tbs, signature []byte) ([]byte, error) {
	var b cryptobyte.Builder
	b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddBytes(tbs)
		addSignatureAlgorithm(b)
		b.AddASN1BitString(signature)
	})
	return b.Bytes()
}
