package verify_test

import (
	"crypto/rand"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/sm3"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/elicense/elicense/internal/evidence"
	"github.com/elicense/elicense/internal/oid"
	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/verify"
)

// answer is what an authority says by OCSP: that a certificate is good.
func (w *world) answer(issuer node, of *pki.Certificate, made time.Time) *pki.OCSPResponse {
	w.t.Helper()
	algorithm := func(b *cryptobyte.Builder, id oid.ID) {
		b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) { oid.Add(b, id) })
	}
	name, key := sm3.Sum(issuer.cert().RawSubject), sm3.Sum(issuer.cert().PublicKey.Point())
	data := cryptobyte.NewBuilder(nil)
	data.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(casn1.Tag(1).ContextSpecific().Constructed(), func(b *cryptobyte.Builder) { b.AddBytes(issuer.cert().RawSubject) })
		b.AddASN1GeneralizedTime(made.UTC())
		b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
					algorithm(b, oid.SM3)
					b.AddASN1OctetString(name[:])
					b.AddASN1OctetString(key[:])
					b.AddASN1BigInt(of.Serial)
				})
				b.AddASN1(casn1.Tag(0).ContextSpecific(), func(*cryptobyte.Builder) {})
				b.AddASN1GeneralizedTime(made.UTC())
				b.AddASN1(casn1.Tag(0).ContextSpecific().Constructed(), func(b *cryptobyte.Builder) {
					b.AddASN1GeneralizedTime(made.UTC().AddDate(0, 0, 1))
				})
			})
		})
	})
	signature, err := issuer.key.Sign(rand.Reader, data.BytesOrPanic(), sm2.DefaultSM2SignerOpts)
	require.NoError(w.t, err)
	basic := cryptobyte.NewBuilder(nil)
	basic.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddBytes(data.BytesOrPanic())
		algorithm(b, oid.SM2WithSM3)
		b.AddASN1BitString(signature)
	})
	whole := cryptobyte.NewBuilder(nil)
	whole.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1Enum(0)
		b.AddASN1(casn1.Tag(0).ContextSpecific().Constructed(), func(b *cryptobyte.Builder) {
			b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
				oid.Add(b, oid.OCSPBasic)
				b.AddASN1OctetString(basic.BytesOrPanic())
			})
		})
	})
	r, err := pki.ParseOCSPResponse(whole.BytesOrPanic())
	require.NoError(w.t, err)
	return r
}

// TestEvidenceOCSP: an OCSP answer is evidence like a CRL: it lies in the file, and changed or left out it is missed.
func TestEvidenceOCSP(t *testing.T) {
	d := newDesk(t)
	leaf := d.judge(d.here(nil), d.keep(d.here(nil), verify.Expect{}, nil, d.docs[2])).Kept[0].Then.Grounds.Certificates[0]
	made := now.Add(-time.Minute)
	file := d.keep(d.here(func(c *verify.Config) {
		c.Evidence = []pki.Evidence{{
			CRLs: []*pki.CRL{d.crl(d.root, made)}, Responses: []*pki.OCSPResponse{d.answer(d.issuing, leaf, made)},
		}}
	}), verify.Expect{}, nil, d.docs[2])
	v := d.elsewhere(now, nil)
	r := d.judge(v, file)
	same(t, r)
	require.Equal(t, verify.TotalPassed, r.Indication, "%s %v", r.Headline, r.Checks)
	require.Len(t, r.Grounds.Responses, 1)
	for name, edit := range map[string]func(*kept){
		"changed": func(k *kept) { c := k.content[k.at(evidence.KindOCSP)]; c[len(c)-1] ^= 1 },
		"no more": func(k *kept) { k.drop(evidence.KindOCSP) },
	} {
		t.Run(name, func(t *testing.T) {
			r := d.judge(v, remake(t, file, edit))
			require.Equal(t, verify.Indeterminate, r.Indication)
			require.Equal(t, verify.Indeterminate, r.Kept[0].Then.Indication)
		})
	}
}
