package pki_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/elicense/elicense/internal/oid"
	"github.com/elicense/elicense/pki"
)

// Lists of one kind of certificates, for the other kind.
func TestCRLKinds_A55(t *testing.T) {
	w := newStatusWorld(t)
	leafGood := forgeCRL(t, w.sub)
	for n, want := range map[uint8]pki.RevocationStatus{
		1: pki.StatusUnknown, 2: pki.StatusGood, 5: pki.StatusUnknown,
	} {
		list := forgeCRL(t, w.root, within(flag(n)))
		report := pki.VerifyRevocation(w.chain, pki.RevocationOptions{At: now}, pki.Evidence{CRLs: []*pki.CRL{list, leafGood}})
		require.Equal(t, want, report.Certificates[1].Status, n)
	}
}

// A point whose list another signs is not answered by the issuer's own list of that name.
func TestCRLOfAnotherPoint_A55(t *testing.T) {
	w := newStatusWorld(t)
	other := forge(t, w.root, "other", isCA)
	points := func(withIssuer bool) change {
		return extension(oid.CRLDistribution.ASN1(), false, der(func(b *cryptobyte.Builder) {
			b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
					b.AddBytes(atURI(leafPoint))
					if withIssuer {
						b.AddASN1(tagged(2), func(b *cryptobyte.Builder) {
							b.AddASN1(tagged(4), func(b *cryptobyte.Builder) { b.AddBytes(other.RawSubject) })
						})
					}
				})
			})
		}))
	}
	for withIssuer, want := range map[bool]pki.RevocationStatus{true: pki.StatusUnknown, false: pki.StatusGood} {
		leaf := forge(t, w.sub, "leaf", points(withIssuer))
		report := pki.VerifyRevocation(w.verify(t, leaf), pki.RevocationOptions{At: now},
			w.crls(forgeCRL(t, w.sub, within(atURI(leafPoint)))))
		require.Equal(t, want, report.Certificates[0].Status)
	}
}
