package ca

import (
	"fmt"
	"time"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/elicense/elicense/internal/oid"
	"github.com/elicense/elicense/pki"
)

// certList is everything that is encoded into a TBSCertList. What it speaks of is everything of its issuer, unless it
// names a distribution point: then the certificates that name the same.
type certList struct {
	issuer     []byte // DER Name
	key        KeyID
	number     uint64
	base       uint64 // number of the CRL that a delta adds to; zero: this is no delta
	thisUpdate time.Time
	nextUpdate time.Time
	point      string // address of the distribution point of a partial CRL; empty: the CRL is of everything
	freshest   string // address of the delta CRL; empty: none
	// expiredFrom: certificates that expired since then are still listed; zero: says nothing.
	expiredFrom time.Time
	places      uint64 // of the issuance log that are given out; zero: says nothing
	entries     []byte // one after the other, as appendCRLEntry writes them
}

// encode writes (RFC 5280, 5.1)
//
//	TBSCertList ::= SEQUENCE { version INTEGER (1), signature AlgorithmIdentifier, issuer Name, thisUpdate Time,
//	                nextUpdate Time, revokedCertificates SEQUENCE OF Entry OPTIONAL, crlExtensions [0] Extensions }
func (l *certList) encode() ([]byte, error) {
	b := cryptobyte.NewBuilder(make([]byte, 0, len(l.entries)+len(l.issuer)+512))
	b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1Int64(1)
		addSignatureAlgorithm(b)
		b.AddBytes(l.issuer)
		addTime(b, l.thisUpdate)
		addTime(b, l.nextUpdate)
		if len(l.entries) > 0 { // an empty list is left out
			b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) { b.AddBytes(l.entries) })
		}
		b.AddASN1(contextTag(0).Constructed(), func(b *cryptobyte.Builder) {
			b.AddASN1(casn1.SEQUENCE, l.addExtensions)
		})
	})
	return b.Bytes()
}

func (l *certList) addExtensions(b *cryptobyte.Builder) {
	addExtension(b, oid.AuthorityKeyID, false, func(b *cryptobyte.Builder) {
		b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1(contextTag(0), func(b *cryptobyte.Builder) { b.AddBytes(l.key[:]) })
		})
	})
	addExtension(b, oid.CRLNumber, false, func(b *cryptobyte.Builder) { b.AddASN1Uint64(l.number) })
	if l.base > 0 {
		addExtension(b, oid.DeltaCRLIndicator, true, func(b *cryptobyte.Builder) { b.AddASN1Uint64(l.base) })
	}
	if l.point != "" {
		addExtension(b, oid.IssuingDistributionPoint, true, l.addPoint)
	}
	if l.freshest != "" {
		addExtension(b, oid.FreshestCRL, false, func(b *cryptobyte.Builder) { addDistributionPoint(b, l.freshest) })
	}
	if !l.expiredFrom.IsZero() {
		addExtension(b, oid.ExpiredCertsOnCRL, false, func(b *cryptobyte.Builder) {
			b.AddASN1GeneralizedTime(l.expiredFrom)
		})
	}
	if l.places > 0 {
		addExtension(b, oid.IssuedPlaces, false, func(b *cryptobyte.Builder) { b.AddASN1Uint64(l.places) })
	}
}

// addPoint writes IssuingDistributionPoint ::= SEQUENCE { distributionPoint [0] EXPLICIT CHOICE { fullName [0] } }
// with the same address as the certificates have it (RFC 5280, 5.2.5).
func (l *certList) addPoint(b *cryptobyte.Builder) {
	b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(contextTag(0).Constructed(), func(b *cryptobyte.Builder) {
			b.AddASN1(contextTag(0).Constructed(), func(b *cryptobyte.Builder) { addURI(b, l.point) })
		})
	})
}

// signList signs a list, and verifies what it signed before it lets it out: a faulty signature can betray the key.
func (a *Authority) signList(l *certList) ([]byte, error) {
	l.issuer, l.key = a.chain[0].RawSubject, a.id
	tbs, err := l.encode()
	if err != nil {
		return nil, fmt.Errorf("writing CRL: %w", err)
	}
	signature, err := a.own.Sign(a.config.Rand, a.key, tbs)
	if err != nil {
		return nil, fmt.Errorf("signing CRL: %w", err)
	}
	if err := pki.VerifySM2(a.own, tbs, signature); err != nil {
		return nil, fmt.Errorf("checking new CRL: %w", err)
	}
	return wrapLarge(tbs, signature)
}

// wrapLarge is wrap with room for all of it from the start.
func wrapLarge(tbs, signature []byte) ([]byte, error) {
	b := cryptobyte.NewBuilder(make([]byte, 0, len(tbs)+len(signature)+64))
	b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddBytes(tbs)
		addSignatureAlgorithm(b)
		b.AddASN1BitString(signature)
	})
	return b.Bytes()
}
