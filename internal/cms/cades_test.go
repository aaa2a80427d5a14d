package cms_test

import (
	"bytes"
	"crypto/sha1"
	"encoding/asn1"
	"math/big"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm3"
	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/cryptobyte"

	"github.com/elicense/elicense/internal/cms"
	"github.com/elicense/elicense/internal/oid"
)

// signerWith reads a signature with the attributes given, signed and not.
func signerWith(t testing.TB, signed, unsigned [][]byte) *cms.SignerInfo {
	t.Helper()
	f := newForge(t)
	f.attributes = true
	f.attributeList = append(f.usualAttributes(), signed...)
	if unsigned != nil {
		f.unsigned = element(0xa1, unsigned...)
	}
	d, err := cms.Parse(f.build(t))
	require.NoError(t, err)
	return &d.Signers[0]
}

func one(id oid.ID, value []byte) [][]byte { return [][]byte{attribute(id.ASN1(), value)} }

func seq(parts ...[]byte) []byte { return element(0x30, parts...) }

var (
	null     = []byte{5, 0}
	digest32 = make([]byte, 32)
	hashSM3  = seq(seq(object(idSM3)), element(4, digest32))
	hashSHA1 = element(4, make([]byte, sha1.Size))
)

func TestPolicy(t *testing.T) {
	policy := object(gmData)
	for name, test := range map[string]struct {
		value []byte
		want  *cms.Policy
	}{
		"implied":   {null, &cms.Policy{}},
		"by name":   {seq(policy), &cms.Policy{ID: oid.GMData}},
		"by digest": {seq(policy, hashSM3), &cms.Policy{ID: oid.GMData, Algorithm: oid.SM3, Digest: digest32}},
		"with qualifiers": {seq(policy, hashSM3, seq(null)), &cms.Policy{
			ID: oid.GMData, Algorithm: oid.SM3, Digest: digest32, Qualifiers: seq(null),
		}},
		"nothing":          {seq(), nil},
		"no identifier":    {seq(hashSM3), nil},
		"a digest alone":   {seq(policy, element(4, digest32)), nil},
		"long digest":      {seq(policy, seq(seq(object(idSM3)), element(4, make([]byte, 65)))), nil},
		"three qualifiers": {seq(policy, hashSM3, seq(null), seq(null)), nil},
		"other qualifiers": {seq(policy, hashSM3, null), nil},
		"after the hash":   {seq(policy, seq(seq(object(idSM3)), element(4, digest32), null)), nil},
	} {
		got, err := signerWith(t, one(oid.SignaturePolicy, test.value), nil).Policy()
		if test.want == nil {
			require.ErrorIs(t, err, cms.ErrMalformed, name)
		} else {
			require.NoError(t, err, name)
		}
		require.Empty(t, cmp.Diff(test.want, got), name)
	}
	got, err := signerWith(t, nil, nil).Policy()
	require.NoError(t, err)
	require.Nil(t, got)
	_, err = signerWith(t, append(one(oid.SignaturePolicy, null), one(oid.SignaturePolicy, null)...), nil).Policy()
	require.ErrorIs(t, err, cms.ErrAttributes)
}

func TestCommitments(t *testing.T) {
	origin, approval := object(oid.ProofOfOrigin.ASN1()), object(oid.ProofOfApproval.ASN1())
	for name, test := range map[string]struct {
		values [][]byte
		want   []oid.ID
	}{
		"none":       {[][]byte{}, nil},
		"one":        {[][]byte{seq(origin)}, []oid.ID{oid.ProofOfOrigin}},
		"two":        {[][]byte{seq(origin), seq(approval, seq(null))}, []oid.ID{oid.ProofOfOrigin, oid.ProofOfApproval}},
		"bare":       {[][]byte{origin}, nil},
		"two in one": {[][]byte{seq(origin, origin)}, nil},
	} {
		s := signerWith(t, [][]byte{attribute(oid.CommitmentType.ASN1(), test.values...)}, nil)
		got, err := s.Commitments()
		if test.want == nil && len(test.values) > 0 {
			require.ErrorIs(t, err, cms.ErrMalformed, name)
		} else {
			require.NoError(t, err, name)
		}
		require.Equal(t, test.want, got, name)
	}
}

func TestSigningTime(t *testing.T) {
	at := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	for name, test := range map[string]struct {
		value []byte
		want  time.Time
	}{
		"UTCTime":         {must(asn1.Marshal(at)), at},
		"GeneralizedTime": {must(asn1.MarshalWithParams(at, "generalized")), at},
		"text":            {element(12, []byte("260301090000Z")), time.Time{}},
		"no such day":     {element(23, []byte("260231090000Z")), time.Time{}},
	} {
		got, ok, err := signerWith(t, one(oid.SigningTime, test.value), nil).SigningTime()
		require.Equal(t, !test.want.IsZero(), ok, name)
		require.Equal(t, ok, err == nil, name)
		require.True(t, test.want.Equal(got), name)
	}
	_, ok, err := signerWith(t, nil, nil).SigningTime()
	require.NoError(t, err)
	require.False(t, ok)
}

func TestSigningCertificates(t *testing.T) {
	digest := sm3.Sum(fakeCertificate)
	written := cms.EncodeSigningCertificate(digest, testIssuer, testSerial)
	got, err := signerWith(t, [][]byte{written}, nil).SigningCertificates()
	require.NoError(t, err)
	require.Len(t, got, 1)
	id := got[0].Certificates[0]
	require.Equal(t, oid.SM3, id.Algorithm)
	require.Equal(t, digest[:], id.Hash)
	require.True(t, id.NamesIssuer(testIssuer, testSerial))
	require.False(t, id.NamesIssuer(testIssuer, big.NewInt(1)))
	require.False(t, id.NamesIssuer(seq(null), testSerial))
	for name, value := range map[string][]byte{
		"empty":           seq(seq()),
		"digest too long": seq(seq(seq(seq(object(idSM3)), element(4, make([]byte, 33))))),
		"half a name":     seq(seq(seq(seq(object(idSM3)), element(4, digest32), seq(seq())))),
		"long number":     seq(seq(seq(seq(object(idSM3)), element(4, digest32), seq(seq(), []byte{2, 2, 0, 1})))),
	} {
		_, err := signerWith(t, one(oid.SigningCertificateV2, value), nil).SigningCertificates()
		require.ErrorIs(t, err, cms.ErrMalformed, name)
	}
	_, err = signerWith(t, [][]byte{written, written}, nil).SigningCertificates()
	require.ErrorIs(t, err, cms.ErrAttributes)
}

func TestEvidence(t *testing.T) {
	x, y := seq(null), seq(null, null)
	s := signerWith(t, one(oid.RevocationArchival, seq(element(0xa0, seq(x)), element(0xa1, seq(y)))), [][]byte{
		attribute(oid.CertificateValues.ASN1(), seq(x, y)),
		attribute(oid.RevocationValues.ASN1(), seq(element(0xa0, seq(y)), element(0xa1, seq(x)), element(0xa2, null))),
	})
	got, err := s.Evidence()
	require.NoError(t, err)
	require.Empty(t, cmp.Diff(&cms.Evidence{
		Certificates: [][]byte{x, y}, CRLs: [][]byte{y, x}, BasicResponses: [][]byte{x}, OCSPResponses: [][]byte{y},
	}, got))
	got, err = signerWith(t, nil, nil).Evidence()
	require.NoError(t, err)
	require.Zero(t, *got)
	for name, test := range map[string]struct {
		id    oid.ID
		value []byte
		want  error
	}{
		"no list":             {oid.CertificateValues, null, cms.ErrMalformed},
		"no certificate":      {oid.CertificateValues, seq(null), cms.ErrMalformed},
		"too many":            {oid.CertificateValues, seq(bytes.Repeat(x, 257)), cms.ErrLimit},
		"no values":           {oid.RevocationValues, null, cms.ErrMalformed},
		"CRLs of nothing":     {oid.RevocationValues, seq(element(0xa0, null)), cms.ErrMalformed},
		"something else":      {oid.RevocationValues, seq(element(0xa3, seq(x))), cms.ErrMalformed},
		"in another order":    {oid.RevocationValues, seq(element(0xa1, seq(x)), element(0xa0, seq(x))), cms.ErrMalformed},
		"archival of nothing": {oid.RevocationArchival, seq(element(0xa1, null)), cms.ErrMalformed},
	} {
		got, err := signerWith(t, nil, one(test.id, test.value)).Evidence()
		require.ErrorIs(t, err, test.want, name)
		require.Nil(t, got, name)
	}
}

func TestReferences(t *testing.T) {
	sm3Ref, sha1Ref := cms.Reference{Algorithm: oid.SM3, Digest: digest32}, cms.Reference{Algorithm: oid.SHA1, Digest: hashSHA1[2:]}
	s := signerWith(t, nil, [][]byte{
		attribute(oid.CertificateRefs.ASN1(), seq(seq(hashSM3, seq(null)), seq(hashSHA1))),
		attribute(oid.RevocationRefs.ASN1(), seq(
			seq(element(0xa0, seq(seq(seq(hashSM3)))), element(0xa1, seq(seq(seq(seq(null), hashSM3), seq(seq(null)))))),
			seq(element(0xa2, null)),
		)),
	})
	got, err := s.References()
	require.NoError(t, err)
	require.Empty(t, cmp.Diff(&cms.References{
		Certificates: []cms.Reference{sm3Ref, sha1Ref}, CRLs: []cms.Reference{sm3Ref}, Responses: []cms.Reference{sm3Ref, {}},
	}, got))
	for name, test := range map[string]struct {
		id    oid.ID
		value []byte
		want  error
	}{
		"no list":        {oid.CertificateRefs, null, cms.ErrMalformed},
		"no digest":      {oid.CertificateRefs, seq(seq()), cms.ErrMalformed},
		"short SHA-1":    {oid.CertificateRefs, seq(seq(element(4, digest32))), cms.ErrMalformed},
		"short SM3":      {oid.CertificateRefs, seq(seq(seq(seq(object(idSM3)), element(4, digest32[1:])))), cms.ErrMalformed},
		"bytes after":    {oid.CertificateRefs, seq(seq(hashSM3, seq(null), null)), cms.ErrMalformed},
		"too many":       {oid.CertificateRefs, seq(bytes.Repeat(seq(hashSHA1), 257)), cms.ErrLimit},
		"no reference":   {oid.RevocationRefs, seq(null), cms.ErrMalformed},
		"no CRL list":    {oid.RevocationRefs, seq(seq(element(0xa0, null))), cms.ErrMalformed},
		"two CRL lists":  {oid.RevocationRefs, seq(seq(element(0xa0, seq(seq()), seq(seq())))), cms.ErrMalformed},
		"no response":    {oid.RevocationRefs, seq(seq(element(0xa1, seq(seq(seq(hashSHA1)))))), cms.ErrMalformed},
		"in wrong order": {oid.RevocationRefs, seq(seq(element(0xa1, seq(seq())), element(0xa0, seq(seq())))), cms.ErrMalformed},
	} {
		got, err := signerWith(t, nil, one(test.id, test.value)).References()
		require.ErrorIs(t, err, test.want, name)
		require.Nil(t, got, name)
	}
}

// What is written of CAdES reads back.
func TestEncodeCAdES(t *testing.T) {
	s := signerWith(t, [][]byte{cms.EncodeCommitment(oid.ProofOfApproval), cms.EncodePolicy(oid.GMData, [32]byte{1})}, nil)
	commitments, err := s.Commitments()
	require.NoError(t, err)
	require.Equal(t, []oid.ID{oid.ProofOfApproval}, commitments)
	policy, err := s.Policy()
	require.NoError(t, err)
	require.Equal(t, oid.SM3, policy.Algorithm)
	require.Equal(t, byte(1), policy.Digest[0])
	require.Nil(t, cms.EncodeAttribute(oid.GMData, func(b *cryptobyte.Builder) { b.SetError(cms.ErrInput) }))
}
