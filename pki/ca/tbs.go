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
	issuerKey KeyID
	ownKey    KeyID // of public
	holder    Identity
	dnsNames  []string
	where     *location // nil: no addresses
	link      bool      // named like its issuer on purpose
}

// location is where a certificate says that its revocation and its issuer are found. There may be no OCSP.
type location struct{ crl, ocsp, issuer string }

func newLocation(a Addresses, shard uint32) *location {
	return &location{crl: a.Shard(shard), ocsp: a.OCSP(), issuer: a.Certificate()}
}

// keyID is the leftmost 160 bits of SM3 over the point (the way of RFC 7093, 2, method 1).
func keyID(public *pki.PublicKey) KeyID {
	digest := sm3.Sum(public.Point())
	return KeyID(digest[:keyIDBytes])
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
