package cms_test

import (
	"bytes"
	"crypto/sha256"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/cryptobyte"

	"github.com/elicense/elicense/internal/cms"
	"github.com/elicense/elicense/internal/oid"
)

const tstInfo = oid.TSTInfo

// Each form reads back with the tolerances of its arc and no other.
func TestForms(t *testing.T) {
	f := newForge(t)
	for _, test := range []struct {
		form    cms.Form
		outer   oid.ID
		content oid.ID
		version int
		want    []string
	}{
		{cms.Form{}, oid.GMSignedData, oid.GMData, 1, nil},
		{cms.Form{Content: tstInfo}, oid.GMSignedData, tstInfo, 1, []string{"inner-type"}},
		{cms.Form{Arc: cms.ArcRFC5652}, oid.SignedData, oid.Data, 1,
			[]string{"outer-type", "inner-type", "signature-algorithm"}},
		{cms.Form{Arc: cms.ArcRFC5652, Content: tstInfo}, oid.SignedData, tstInfo, 3,
			[]string{"outer-type", "inner-type", "version", "signature-algorithm"}},
	} {
		b, err := test.form.NewBuilder(testIssuer, testSerial, [][]byte{fakeCertificate})
		require.NoError(t, err)
		set, err := test.form.SignedAttributes(f.content, time.Time{}, test.form.AlgorithmProtection())
		require.NoError(t, err)
		value, err := f.public.Sign(bytes.NewReader(bytes.Repeat([]byte{7}, 1000)), f.key, set)
		require.NoError(t, err)
		der, err := b.Attached(f.content, set, value)
		require.NoError(t, err)
		d, err := cms.Parse(der)
		require.NoError(t, err)
		require.Equal(t, test.want, d.Tolerances.Names())
		require.Equal(t, test.outer, d.OuterType)
		require.Equal(t, test.content, d.ContentType)
		require.Equal(t, test.version, d.Version)
		require.Equal(t, 1, d.Signers[0].Version)
		require.NoError(t, verify(f.public, d, nil))
	}
	_, err := cms.Form{Arc: 2}.NewBuilder(testIssuer, testSerial, nil)
	require.ErrorIs(t, err, cms.ErrInput)
	_, err = cms.Form{}.SignedAttributes(f.content, time.Time{}, append(cms.Form{}.AlgorithmProtection(), 0))
	require.ErrorIs(t, err, cms.ErrInput)
}

// An attribute that names the algorithms is held against them, in every signature that has one.
func TestAlgorithmProtection(t *testing.T) {
	protect := oid.AlgorithmProtection.ASN1()
	pair := func(digest, signature []byte) []byte {
		return attribute(protect, element(0x30, element(0x30, digest), element(0xa1, signature)))
	}
	for name, test := range map[string]struct {
		attribute []byte
		ok        bool
	}{
		"the same":        {pair(object(idSM3), object(idSM2)), true},
		"another digest":  {pair(object(gmData), object(idSM2)), false},
		"another key":     {pair(object(idSM3), object(gmData)), false},
		"malformed":       {attribute(protect, object(gmData)), false},
		"trailing octets": {attribute(protect, element(0x30, element(0x30, object(idSM3)), element(0xa1, object(idSM2)), object(idSM2))), false},
		"two values":      {attribute(protect, object(gmData), object(gmData)), false},
	} {
		f := newForge(t)
		f.attributes = true
		f.attributeList = append(f.usualAttributes(), test.attribute)
		d, err := cms.Parse(f.build(t))
		require.NoError(t, err, name)
		if test.ok {
			require.NoError(t, verify(f.public, d, f.content), name)
		} else {
			require.ErrorIs(t, verify(f.public, d, f.content), cms.ErrAttributes, name)
		}
	}
}

func TestForeignSignedBytes(t *testing.T) {
	sum := func(b []byte) []byte {
		s := sha256.Sum256(b)
		return s[:]
	}
	f := newForge(t)
	f.digest, f.signature, f.parameters = id(2, 16, 840, 1, 101, 3, 4, 2, 1), id(1, 2, 840, 10045, 4, 3, 2), []byte{2, 1, 7}
	f.attributes = true
	f.attributeList = [][]byte{attribute(idType, object(gmData)), attribute(idDigest, element(4, sum(f.content)))}
	d, err := cms.Parse(f.build(t))
	require.NoError(t, err)
	signer := &d.Signers[0]
	require.False(t, signer.IsSM2())
	require.Equal(t, []byte{2, 1, 7}, signer.Parameters)
	message, err := d.ForeignSignedBytes(signer, f.content, sum)
	require.NoError(t, err)
	require.Equal(t, element(0x31, f.attributeList...), message)
	_, err = d.ForeignSignedBytes(signer, f.content[1:], sum)
	require.ErrorIs(t, err, cms.ErrDigest)
	_, err = d.ForeignSignedBytes(signer, f.content, nil)
	require.ErrorIs(t, err, cms.ErrAlgorithm)
	_, err = d.ForeignSignedBytes(signer, nil, sum)
	require.ErrorIs(t, err, cms.ErrContent)

	for _, change := range []func(*forge){
		func(f *forge) { f.digest = idSM3 },
		func(f *forge) { f.signature = idSM2 },
	} {
		mixed := f
		change(&mixed)
		d, err := cms.Parse(mixed.build(t))
		require.NoError(t, err)
		_, err = d.ForeignSignedBytes(&d.Signers[0], f.content, sum)
		require.ErrorIs(t, err, cms.ErrAlgorithm, "SM2 and SM3 go together and the other way")
		_, err = d.SignedBytes(&d.Signers[0], f.content)
		require.ErrorIs(t, err, cms.ErrAlgorithm)
	}
}

func TestSignedAttribute(t *testing.T) {
	extra := cms.EncodeAttribute(oid.SigningTime, func(b *cryptobyte.Builder) { b.AddASN1NULL() })
	for name, test := range map[string]struct {
		more [][]byte
		want []byte
		err  error
	}{
		"none":       {},
		"once":       {[][]byte{extra}, []byte{5, 0}, nil},
		"twice":      {[][]byte{extra, extra}, nil, cms.ErrAttributes},
		"two values": {[][]byte{attribute(oid.SigningTime.ASN1(), []byte{5, 0}, []byte{5, 0})}, nil, cms.ErrAttributes},
		"no value":   {[][]byte{attribute(oid.SigningTime.ASN1())}, nil, cms.ErrAttributes},
	} {
		f := newForge(t)
		f.attributes = true
		f.attributeList = append(f.usualAttributes(), test.more...)
		d, err := cms.Parse(f.build(t))
		require.NoError(t, err, name)
		value, err := d.Signers[0].SignedAttribute(oid.SigningTime)
		require.ErrorIs(t, err, test.err, name)
		require.Equal(t, test.want, value, name)
	}
}
