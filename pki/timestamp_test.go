package pki_test

import (
	"crypto/rand"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/asn1"
	"math/big"
	"slices"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm3"
	"github.com/emmansun/gmsm/smx509"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/elicense/elicense/internal/cms"
	"github.com/elicense/elicense/internal/oid"
	"github.com/elicense/elicense/internal/sm2sig"
	"github.com/elicense/elicense/internal/tsp"
	"github.com/elicense/elicense/pki"
)

const stampPolicy oid.ID = "\x2a\x03\x04\x01" // 1.2.3.4.1

var stamped = []byte("a made-up document")

func forStamps(c *smx509.Certificate) {
	c.ExtraExtensions = append(c.ExtraExtensions, purposes(true, oid.PurposeTimestamp))
}

// stamper is an authority with a certificate for time-stamping, and what a token of it says; tests change either.
type stamper struct {
	root, signer *node
	info         tsp.Info
	arc          cms.Arc
	bound        *node // the certificate that the attributes name; nil: the signer's
	key          *node // whose key signs; nil: the signer's
	carries      []*node
	attributes   [][]byte // in place of those that bind the certificate
	byKeyID      bool     // the signer is named by key identifier, in kinsec alone
}

func newStamper(t testing.TB, changes ...change) *stamper {
	t.Helper()
	root := forge(t, nil, "made-up root", isCA)
	signer := forge(t, root, "made-up TSA", append([]change{forStamps}, changes...)...)
	digest := sm3.Sum(stamped)
	return &stamper{
		root: root, signer: signer, arc: cms.ArcRFC5652, carries: []*node{signer},
		info: tsp.Info{
			Policy: stampPolicy, Imprint: tsp.Imprint{Algorithm: oid.SM3, Digest: digest[:]}, Serial: []byte{77},
			GenTime: now.Add(-time.Hour), Accuracy: tsp.AccuracyOf(time.Second), Ordering: true, Nonce: []byte{0, 0x99},
			TSA: tsp.DirectoryName(signer.RawSubject),
		},
	}
}

// token is written by our writer, so that what is wrong in it is what the test made wrong.
func (s *stamper) token(t testing.TB) []byte {
	t.Helper()
	bound, key := s.signer, s.signer
	if s.bound != nil {
		bound = s.bound
	}
	if s.key != nil {
		key = s.key
	}
	info, err := tsp.MarshalInfo(&s.info)
	require.NoError(t, err)
	w, err := tsp.NewWriter(s.arc, tsp.SignerCertificate{
		Raw: bound.Raw, Issuer: s.signer.RawIssuer, Serial: s.signer.Serial,
	}, nil)
	require.NoError(t, err)
	message, err := w.ToSign(info)
	require.NoError(t, err)
	form := cms.Form{Arc: s.arc, Content: oid.TSTInfo}
	if s.attributes != nil {
		message, err = form.SignedAttributes(info, time.Time{}, s.attributes...)
		require.NoError(t, err)
	}
	public, err := sm2sig.FromCrypto(key.key.Public())
	require.NoError(t, err)
	signature, err := public.Sign(rand.Reader, key.key, message)
	require.NoError(t, err)
	var carried [][]byte
	for _, c := range s.carries {
		carried = append(carried, c.Raw)
	}
	b, err := form.NewBuilder(s.signer.RawIssuer, s.signer.Serial, carried)
	require.NoError(t, err)
	der, err := b.Attached(info, message, signature)
	require.NoError(t, err)
	return der
}

func (s *stamper) options(t testing.TB) pki.TimestampOptions {
	t.Helper()
	digest := sm3.Sum(stamped)
	return pki.TimestampOptions{Digest: digest[:], At: now, Chain: pki.ChainOptions{Anchors: anchors(t, s.root.Certificate)}}
}

func verifyStamp(der []byte, o pki.TimestampOptions) (*pki.VerifiedTimestamp, error) {
	token, err := pki.ParseTimestamp(der)
	if err != nil {
		return nil, err
	}
	return token.Verify(o)
}

func stampReason(err error) pki.TimestampReason {
	var refusal *pki.TimestampError
	if ok := asError(err, &refusal); ok {
		return refusal.Reason
	}
	return ""
}

func TestTimestampIsAccepted(t *testing.T) {
	s := newStamper(t)
	for arc, tolerances := range map[cms.Arc][]string{cms.ArcRFC5652: nil, cms.ArcGM: {"gm-arc"}} {
		s.arc = arc
		o := s.options(t)
		o.Nonce, o.Policies, o.MaxAccuracy = []byte{0x99}, []oid.ID{stampPolicy}, time.Second
		for _, cross := range []bool{false, true} {
			o.Chain.CrossCheck = cross
			v, err := verifyStamp(s.token(t), o)
			require.NoError(t, err)
			require.Equal(t, now.Add(-time.Hour), v.GenTime)
			require.Equal(t, v.GenTime.Add(-time.Second), v.NotBefore)
			require.Equal(t, v.GenTime.Add(time.Second), v.NotAfter)
			require.True(t, v.Ordering)
			require.Equal(t, big.NewInt(77), v.Serial)
			require.Equal(t, s.signer.Raw, v.Signer.Raw)
			require.Len(t, v.Chain.Certificates, 2)
			require.Equal(t, tolerances, v.Tolerances)
			require.Equal(t, pki.HashSM3, v.Imprint)
			require.False(t, v.Unbound)
		}
	}
}

// The certificate need not be inside, and may come with its chain.
func TestTimestampFindsItsSigner(t *testing.T) {
	s := newStamper(t)
	middle := forge(t, s.root, "made-up CA between", isCA)
	s.signer = forge(t, middle, "made-up TSA", forStamps)
	s.carries = []*node{s.signer, middle}
	_, err := verifyStamp(s.token(t), s.options(t))
	require.NoError(t, err)

	s.carries = nil
	o := s.options(t)
	_, err = verifyStamp(s.token(t), o)
	require.Equal(t, pki.TimestampNoSigner, stampReason(err))
	o.Chain.Intermediates = []*pki.Certificate{nil, middle.Certificate, s.signer.Certificate}
	_, err = verifyStamp(s.token(t), o)
	require.NoError(t, err)
}

// Of two certificates for one key the attributes decide which one signed.
func TestTimestampBindsItsSigner(t *testing.T) {
	s := newStamper(t)
	twin := forgeKey(t, s.root, "made-up TSA", s.signer.key, forStamps, func(c *smx509.Certificate) {
		c.SerialNumber, c.NotAfter = s.signer.Serial, future.AddDate(1, 0, 0)
	})
	s.carries = []*node{twin, s.signer}
	v, err := verifyStamp(s.token(t), s.options(t))
	require.NoError(t, err)
	require.Equal(t, s.signer.Raw, v.Signer.Raw)

	s.carries = []*node{twin}
	_, err = verifyStamp(s.token(t), s.options(t))
	require.Equal(t, pki.TimestampBinding, stampReason(err))
}

func TestTimestampIsRefused(t *testing.T) {
	for _, test := range []struct {
		name    string
		want    pki.TimestampReason
		token   func(*stamper)
		options func(*pki.TimestampOptions)
	}{
		{"no digest", pki.TimestampNoOptions, nil, func(o *pki.TimestampOptions) { o.Digest = nil }},
		{"no time", pki.TimestampNoOptions, nil, func(o *pki.TimestampOptions) { o.At = time.Time{} }},
		{"no anchors", pki.TimestampNoOptions, nil, func(o *pki.TimestampOptions) { o.Chain.Anchors = nil }},
		{"time of the chain", pki.TimestampNoOptions, nil, func(o *pki.TimestampOptions) { o.Chain.At = now }},
		{"usage of the chain", pki.TimestampNoOptions, nil, func(o *pki.TimestampOptions) { o.Chain.Usage = 1 }},
		{"purpose of the chain", pki.TimestampNoOptions, nil, func(o *pki.TimestampOptions) {
			o.Chain.Purpose = pki.PurposeSigning
		}},
		{"other data", pki.TimestampImprint, nil, func(o *pki.TimestampOptions) { o.Digest = make([]byte, 32) }},
		{"part of the digest", pki.TimestampImprint, nil, func(o *pki.TimestampOptions) { o.Digest = o.Digest[:31] }},
		{"MD5", pki.TimestampOutdated, func(s *stamper) {
			s.info.Imprint = tsp.Imprint{Algorithm: oid.MD5, Digest: make([]byte, 16)}
		}, func(o *pki.TimestampOptions) { o.Digest, o.SHA1Until = make([]byte, 16), future }},
		{"SHA-1", pki.TimestampOutdated, func(s *stamper) {
			s.info.Imprint = tsp.Imprint{Algorithm: oid.SHA1, Digest: make([]byte, 20)}
		}, func(o *pki.TimestampOptions) { o.Digest = make([]byte, 20) }},
		{"SHA-1 too late", pki.TimestampOutdated, func(s *stamper) {
			s.info.Imprint = tsp.Imprint{Algorithm: oid.SHA1, Digest: make([]byte, 20)}
		}, func(o *pki.TimestampOptions) { o.Digest, o.SHA1Until = make([]byte, 20), now.Add(-time.Hour) }},
		{"unknown digest", pki.TimestampAlgorithm, func(s *stamper) {
			s.info.Imprint = tsp.Imprint{Algorithm: "\x2a\x03", Digest: []byte("x")}
		}, func(o *pki.TimestampOptions) { o.Digest = []byte("x") }},
		{"from the future", pki.TimestampFuture, func(s *stamper) { s.info.GenTime = now.Add(1001 * time.Millisecond) }, nil},
		{"other policy", pki.TimestampPolicy, nil, func(o *pki.TimestampOptions) { o.Policies = []oid.ID{oid.SM2} }},
		{"other nonce", pki.TimestampNonce, nil, func(o *pki.TimestampOptions) { o.Nonce = []byte{0x98} }},
		{"no nonce", pki.TimestampNonce, func(s *stamper) { s.info.Nonce = nil },
			func(o *pki.TimestampOptions) { o.Nonce = []byte{0x99} }},
		{"coarse", pki.TimestampAccuracy, nil, func(o *pki.TimestampOptions) { o.MaxAccuracy = time.Second - 1 }},
		{"no accuracy", pki.TimestampAccuracy, func(s *stamper) { s.info.Accuracy = tsp.Accuracy{} },
			func(o *pki.TimestampOptions) { o.MaxAccuracy = time.Second }},
		{"critical extension", pki.TimestampExtension, func(s *stamper) {
			s.info.Extensions = []tsp.Extension{{ID: "\x2a\x03", Critical: true}}
		}, nil},
		{"no certificate", pki.TimestampNoSigner, func(s *stamper) { s.carries = nil }, nil},
		{"other certificate", pki.TimestampNoSigner, func(s *stamper) { s.carries = []*node{s.root} }, nil},
		{"other certificate bound", pki.TimestampBinding, func(s *stamper) { s.bound = s.root }, nil},
		{"other name", pki.TimestampName, func(s *stamper) { s.info.TSA = tsp.DirectoryName(s.root.RawSubject) }, nil},
		{"name of another kind", pki.TimestampName, func(s *stamper) { s.info.TSA = []byte("\x82\x05a.gov") }, nil},
		{"other key", pki.TimestampBadSignature, func(s *stamper) { s.key = s.root }, nil},
		{"other root", pki.TimestampChain, nil, func(o *pki.TimestampOptions) {
			o.Chain.Anchors = anchors(t, forge(t, nil, "made-up root", isCA).Certificate)
		}},
		{"before the certificate", pki.TimestampChain, func(s *stamper) { s.info.GenTime = past.Add(-time.Second) }, nil},
		{"after the certificate", pki.TimestampChain, func(s *stamper) { s.info.GenTime = future.Add(time.Second) },
			func(o *pki.TimestampOptions) { o.At = future.AddDate(1, 0, 0) }},
		{"anchor for something else", pki.TimestampChain, nil, func(o *pki.TimestampOptions) {
			scope := pki.Scope{Purposes: []pki.Purpose{pki.PurposeSigning}, Algorithms: []pki.KeyAlgorithm{pki.KeySM2}}
			scoped, err := pki.NewScopedAnchors(pki.Anchor{Certificate: o.Chain.Anchors.Certificates()[0], Scope: scope})
			require.NoError(t, err)
			o.Chain.Anchors = scoped
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newStamper(t)
			o := s.options(t)
			if test.token != nil {
				test.token(s)
			}
			if test.options != nil {
				test.options(&o)
			}
			v, err := verifyStamp(s.token(t), o)
			require.Equal(t, test.want, stampReason(err), "%v", err)
			require.Nil(t, v)
			require.Equal(t, test.want == pki.TimestampChain, pki.ReasonOf(err) != "", "a chain has a reason of its own")
		})
	}
}

// A certificate that is good for other things too must not sign tokens (RFC 3161, 2.3).
func TestTimestampCertificate(t *testing.T) {
	usage := func(u smx509.KeyUsage) change { return func(c *smx509.Certificate) { c.KeyUsage = u } }
	purpose := func(critical bool, ids ...oid.ID) change {
		return func(c *smx509.Certificate) { c.ExtraExtensions = []pkixExtension{purposes(critical, ids...)} }
	}
	for _, test := range []struct {
		name    string
		changes []change
		ok      bool
	}{
		{"as it should be", nil, true},
		{"non-repudiation", []change{usage(smx509.KeyUsageContentCommitment)}, true},
		{"both", []change{usage(smx509.KeyUsageContentCommitment | signOnly)}, true},
		{"no purpose", []change{func(c *smx509.Certificate) { c.ExtraExtensions = nil }}, false},
		{"not critical", []change{purpose(false, oid.PurposeTimestamp)}, false},
		{"another purpose", []change{purpose(true, oid.PurposeOCSPSigning)}, false},
		{"two purposes", []change{purpose(true, oid.PurposeTimestamp, oid.PurposeServerAuth)}, false},
		{"any purpose", []change{purpose(true, oid.PurposeTimestamp, oid.AnyExtKeyUsage)}, false},
		{"encipherment", []change{usage(signOnly | smx509.KeyUsageKeyEncipherment)}, false},
		{"signs certificates", []change{usage(signOnly | smx509.KeyUsageCertSign), func(c *smx509.Certificate) { c.IsCA = true }}, false},
		{"authority", []change{func(c *smx509.Certificate) { c.IsCA = true }}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newStamper(t, test.changes...)
			_, err := verifyStamp(s.token(t), s.options(t))
			if test.ok {
				require.NoError(t, err)
				require.NoError(t, pki.CheckTimestampCertificate(s.signer.Certificate))
				return
			}
			require.Equal(t, pki.TimestampPurpose, stampReason(err))
			require.Equal(t, pki.TimestampPurpose, stampReason(pki.CheckTimestampCertificate(s.signer.Certificate)))
		})
	}
	none := newStamper(t, usage(0))
	_, err := verifyStamp(none.token(t), none.options(t))
	require.Equal(t, pki.ReasonKeyUsage, pki.ReasonOf(err), "no key usage: nothing is allowed, unless the anchor says so")
}

// The shape of the server in use in Fujian: GB/T 35275 data, no signed attributes, odd identifiers. It is accepted only
// by who knows that nothing binds the certificate.
func TestTimestampWithoutAttributes(t *testing.T) {
	s := newStamper(t)
	s.info.Imprint.Algorithm = oid.GMContent
	der := s.kinsec(t)
	o := s.options(t)
	_, err := verifyStamp(der, o)
	require.Equal(t, pki.TimestampBinding, stampReason(err))
	o.UnboundSignerUnsafe = true
	v, err := verifyStamp(der, o)
	require.NoError(t, err)
	require.True(t, v.Unbound)
	require.Equal(t, []string{"imprint-algorithm", "gm-arc", "content-type", "no-signed-attributes", "digest-algorithm"},
		v.Tolerances)
	digest, err := v.DigestOf(stamped)
	require.NoError(t, err)
	require.Equal(t, o.Digest, digest, "the imprint is SM3 whatever it is called")

	s.key = s.root
	_, err = verifyStamp(s.kinsec(t), o)
	require.Equal(t, pki.TimestampBadSignature, stampReason(err))
}

// kinsec writes the token with encoding/asn1 in the shape of that product.
func (s *stamper) kinsec(t testing.TB) []byte {
	t.Helper()
	info, err := tsp.MarshalInfo(&s.info)
	require.NoError(t, err)
	key := s.signer
	if s.key != nil {
		key = s.key
	}
	public, err := sm2sig.FromCrypto(key.key.Public())
	require.NoError(t, err)
	value, err := public.Sign(rand.Reader, key.key, info)
	require.NoError(t, err)
	element := func(tag byte, parts ...[]byte) []byte {
		der, err := asn1.Marshal(asn1.RawValue{
			Class: int(tag >> 6), Tag: int(tag & 0x1f), IsCompound: tag&0x20 != 0, Bytes: slices.Concat(parts...),
		})
		require.NoError(t, err)
		return der
	}
	name := func(id oid.ID, more ...[]byte) []byte {
		return slices.Concat(append([][]byte{element(6, []byte(id))}, more...)...)
	}
	null, one := []byte{5, 0}, []byte{2, 1, 1}
	serial, err := asn1.Marshal(s.signer.Serial)
	require.NoError(t, err)
	named := element(0x30, s.signer.RawIssuer, serial)
	if s.byKeyID {
		named = element(0x80, s.signer.SubjectKeyID)
	}
	signer := element(0x30, one, named, element(0x30, name(oid.SM3Keyed, null)),
		element(0x30, name(oid.SM2Sign, null)), element(4, value))
	data := element(0x30, one, element(0x31, element(0x30, name(oid.SM3Keyed, null))),
		element(0x30, name(oid.GMData, element(0xa0, element(4, info)))), element(0xa0, s.signer.Raw), element(0x31, signer))
	return element(0x30, name(oid.GMSignedData, element(0xa0, data)))
}

// The signer can be named by the key identifier of its certificate.
func TestTimestampByKeyIdentifier(t *testing.T) {
	s := newStamper(t)
	s.byKeyID = true
	o := s.options(t)
	o.UnboundSignerUnsafe = true
	v, err := verifyStamp(s.kinsec(t), o)
	require.NoError(t, err)
	require.Equal(t, s.signer.Raw, v.Signer.Raw)
	s.signer.Certificate.SubjectKeyID = []byte("another")
	_, err = verifyStamp(s.kinsec(t), o)
	require.Equal(t, pki.TimestampNoSigner, stampReason(err))
}

// bind is a SigningCertificateV2 attribute by SHA-256 that names certificates, with or without limits of policies.
func bind(policies bool, certificates ...*node) []byte {
	return cms.EncodeAttribute(oid.SigningCertificateV2, func(b *cryptobyte.Builder) {
		b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
				for _, c := range certificates {
					sum := sha256.Sum256(c.Raw)
					b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) { b.AddASN1OctetString(sum[:]) })
				}
			})
			if policies {
				b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) { b.AddASN1NULL() })
			}
		})
	})
}

// bindFirst is a SigningCertificate attribute of the first kind, by SHA-1.
func bindFirst(c *node) []byte {
	return cms.EncodeAttribute(oid.SigningCertificate, func(b *cryptobyte.Builder) {
		b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
				sum := sha1.Sum(c.Raw)
				b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) { b.AddASN1OctetString(sum[:]) })
			})
		})
	})
}

// What the attributes may say of the certificates.
func TestTimestampBindings(t *testing.T) {
	s := newStamper(t)
	middle := forge(t, s.root, "made-up CA between", isCA)
	s.signer = forge(t, middle, "made-up TSA", forStamps)
	s.carries = []*node{s.signer, middle}
	for name, test := range map[string]struct {
		attributes [][]byte
		ok         bool
	}{
		"the signer":                        {[][]byte{bind(false, s.signer)}, true},
		"the signer, first kind":            {[][]byte{bindFirst(s.signer)}, true},
		"the signer, both kinds":            {[][]byte{bindFirst(s.signer), bind(false, s.signer)}, true},
		"both kinds, the first of another":  {[][]byte{bindFirst(middle), bind(false, s.signer)}, false},
		"both kinds, the second of another": {[][]byte{bindFirst(s.signer), bind(false, middle)}, false},
		"signer and authority":              {[][]byte{bind(false, s.signer, middle)}, true},
		"signer and another authority":      {[][]byte{bind(false, s.signer, s.root)}, false},
		"the signer is not the first":       {[][]byte{bind(false, middle, s.signer)}, false},
		"policies":                          {[][]byte{bind(true, s.signer)}, false},
		"nothing":                           {[][]byte{cms.Form{Arc: cms.ArcRFC5652}.AlgorithmProtection()}, false},
	} {
		s.attributes = test.attributes
		_, err := verifyStamp(s.token(t), s.options(t))
		if test.ok {
			require.NoError(t, err, name)
		} else {
			require.Equal(t, pki.TimestampBinding, stampReason(err), name)
		}
	}
}

// The field tsa may be one of the alternative names of the certificate.
func TestTimestampNames(t *testing.T) {
	s := newStamper(t, func(c *smx509.Certificate) { c.DNSNames = []string{"a.example", "tsa.example"} })
	for name, ok := range map[string]bool{"\x82\x0btsa.example": true, "\x82\x0btsb.example": false, "\x86\x0btsa.example": false} {
		s.info.TSA = []byte(name)
		_, err := verifyStamp(s.token(t), s.options(t))
		if ok {
			require.NoError(t, err, name)
		} else {
			require.Equal(t, pki.TimestampName, stampReason(err), name)
		}
	}
	s.info.TSA = nil
	_, err := verifyStamp(s.token(t), s.options(t))
	require.NoError(t, err, "the field may be absent")
}

func TestParseTimestampRefuses(t *testing.T) {
	good := newStamper(t).token(t)
	for name, der := range map[string][]byte{
		"nothing": nil, "bytes after": append(slices.Clone(good), 0), "cut": good[:len(good)-1],
		"too long": make([]byte, 2<<20),
	} {
		token, err := pki.ParseTimestamp(der)
		require.ErrorIs(t, err, pki.ErrTimestamp, name)
		require.Nil(t, token, name)
	}
}

func TestTimestampResponses(t *testing.T) {
	s := newStamper(t)
	granted, err := tsp.MarshalResponse(&tsp.Response{Token: s.token(t)})
	require.NoError(t, err)
	token, err := pki.ParseTimestampResponse(granted)
	require.NoError(t, err)
	_, err = token.Verify(s.options(t))
	require.NoError(t, err)

	rejected, err := tsp.MarshalResponse(&tsp.Response{Status: tsp.Rejection, Failures: []tsp.Failure{tsp.BadAlg}})
	require.NoError(t, err)
	for name, der := range map[string][]byte{"rejected": rejected, "nothing": nil, "token": token.Raw} {
		token, err := pki.ParseTimestampResponse(der)
		require.ErrorIs(t, err, pki.ErrTimestamp, name)
		require.Nil(t, token, name)
	}
	_, err = pki.ParseTimestampResponse(rejected)
	require.ErrorContains(t, err, "badAlg")
}

func TestMarshalTimestampRequest(t *testing.T) {
	der, err := pki.MarshalTimestampRequest(sm3.Sum(stamped), stampPolicy, []byte{0x99})
	require.NoError(t, err)
	r, err := tsp.ParseRequest(der)
	require.NoError(t, err)
	require.Equal(t, []byte{0, 0x99}, r.Nonce)
	require.Equal(t, stampPolicy, r.Policy)
	require.True(t, r.CertReq)
	der, err = pki.MarshalTimestampRequest(sm3.Sum(stamped), "", nil)
	require.NoError(t, err)
	r, err = tsp.ParseRequest(der)
	require.NoError(t, err)
	require.Nil(t, r.Nonce)
	_, err = pki.MarshalTimestampRequest(sm3.Sum(stamped), "", make([]byte, 100, 200))
	require.NoError(t, err, "zeros before a number do not count")
	_, err = pki.MarshalTimestampRequest(sm3.Sum(stamped), "", slices.Repeat([]byte{1}, 65))
	require.Error(t, err)
}

// No changed bit of a token goes unseen.
func TestEveryBitOfTimestampCounts(t *testing.T) {
	s := newStamper(t)
	der, o := s.token(t), s.options(t)
	step := 1
	if testing.Short() {
		step = 7
	}
	for i := 0; i < len(der)*8; i += step {
		changed := slices.Clone(der)
		changed[i/8] ^= 1 << (i % 8)
		token, err := pki.ParseTimestamp(changed)
		if err != nil {
			continue
		}
		_, err = token.Verify(o)
		require.Error(t, err, "bit %d", i)
	}
}

func FuzzParseTimestamp(f *testing.F) {
	s := newStamper(f)
	f.Add(s.token(f))
	f.Add(s.kinsec(f))
	o := s.options(f)
	f.Fuzz(func(t *testing.T, der []byte) {
		token, err := pki.ParseTimestamp(der)
		if err != nil {
			require.Nil(t, token)
			return
		}
		o := o
		o.Digest = token.Digest
		v, err := token.Verify(o)
		if err != nil {
			require.Nil(t, v)
			require.NotEmpty(t, stampReason(err))
		}
	})
}
