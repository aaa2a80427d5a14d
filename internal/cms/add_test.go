package cms_test

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"math/big"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/cryptobyte"

	"github.com/elicense/elicense/internal/cms"
	"github.com/elicense/elicense/internal/oid"
)

// addedSigner writes one more SignerInfo over the content of a forge, named by a serial number.
func addedSigner(t testing.TB, f forge, form cms.Form, serial int64) []byte {
	t.Helper()
	b, err := form.NewBuilder(testIssuer, big.NewInt(serial), nil)
	require.NoError(t, err)
	set, err := form.SignedAttributes(f.content, time.Time{})
	require.NoError(t, err)
	value, err := f.public.Sign(rand.Reader, f.key, set)
	require.NoError(t, err)
	info, err := b.SignerInfo(set, value)
	require.NoError(t, err)
	return info
}

// addedCounter writes a countersignature of a value as an attribute.
func addedCounter(t testing.TB, f forge, value []byte, attributes bool) []byte {
	t.Helper()
	b, err := cms.NewBuilder(testIssuer, testSerial, nil)
	require.NoError(t, err)
	message := value
	var set []byte
	if attributes {
		set, err = cms.CountersignedAttributes(value, time.Time{})
		require.NoError(t, err)
		message = set
	}
	signature, err := f.public.Sign(rand.Reader, f.key, message)
	require.NoError(t, err)
	info, err := b.SignerInfo(set, signature)
	require.NoError(t, err)
	return cms.EncodeElement(oid.Countersignature, info)
}

var note = cms.EncodeAttribute(oid.TSTInfo, func(b *cryptobyte.Builder) { b.AddASN1NULL() })

// Whatever form was received, what is added leaves every signature as it was, and the order of DER where there was one.
func TestWith(t *testing.T) {
	for name, change := range map[string]func(*forge){
		"standard":               func(*forge) {},
		"attached, attributes":   func(f *forge) { f.detached, f.attributes = false, true },
		"RFC 5652":               func(f *forge) { f.outer, f.inner, f.version = cmsSigned, cmsData, 3 },
		"certificates":           func(f *forge) { f.certificates = element(0xa0, fakeCertificate) },
		"certificates odd":       func(f *forge) { f.certificates = element(0xa0, element(0x31, fakeCertificate)) },
		"CRLs":                   func(f *forge) { f.crls = element(0xa1, fakeCertificate) },
		"unsigned":               func(f *forge) { f.unsigned = element(0xa1, attribute(idType, []byte{5, 0})) },
		"unsigned, out of order": func(f *forge) { f.unsigned = element(0xa1, note, attribute(idType, []byte{5, 0})) },
		"another digest":         func(f *forge) { f.digest = append(idSM3, 1) },
		"attributes out of order": func(f *forge) {
			f.attributes = true
			f.attributeList = f.usualAttributes()
			slices.Reverse(f.attributeList)
		},
		"raw value": func(f *forge) { f.raw = true },
	} {
		t.Run(name, func(t *testing.T) {
			f := newForge(t)
			change(&f)
			der := f.build(t)
			before, err := cms.Parse(der)
			require.NoError(t, err)
			same, err := before.With(cms.Additions{})
			require.NoError(t, err)
			require.Equal(t, der, same)

			more := cms.Additions{
				Signers:  [][]byte{addedSigner(t, f, cms.FormOf(before), 1), addedSigner(t, f, cms.FormOf(before), 2)},
				Unsigned: map[int][][]byte{0: {note, addedCounter(t, f, before.Signers[0].Signature, true)}},
				CRLs:     [][]byte{element(0x30, []byte{5, 0})},
			}
			if name != "certificates odd" {
				more.Certificates = [][]byte{fakeCertificate, element(0x30, []byte{5, 0})}
			}
			der, err = before.With(more)
			require.NoError(t, err)
			after, err := cms.Parse(der)
			require.NoError(t, err)
			// The added signature is named as its arc has it.
			require.Equal(t, before.Tolerances|cms.TolerantSignatureAlgorithm, after.Tolerances|cms.TolerantSignatureAlgorithm)
			require.Len(t, after.Signers, 3)
			require.Len(t, after.CRLs, len(before.CRLs)+1)
			require.Contains(t, after.Digests, oid.SM3)
			content := f.content
			if !f.detached {
				content = nil
			}
			for i := range after.Signers {
				s := &after.Signers[i]
				message, err := after.SignedBytes(s, content)
				require.NoError(t, err)
				value, err := s.SignatureDER()
				require.NoError(t, err)
				require.NoError(t, f.public.Verify(message, value))
				if !s.NamedBy(testIssuer, testSerial) {
					continue
				}
				require.Equal(t, before.Signers[0].Attributes, s.Attributes)
				require.Len(t, s.UnsignedAttributes, len(before.Signers[0].UnsignedAttributes)+2)
				counters, err := s.Countersignatures()
				require.NoError(t, err)
				require.Len(t, counters, 1)
				message, err = s.CounterSignedBytes(&counters[0], nil)
				require.NoError(t, err)
				require.NoError(t, f.public.Verify(message, counters[0].Signature))
			}
			if name == "standard" {
				raws := [][]byte{after.Signers[0].Raw, after.Signers[1].Raw, after.Signers[2].Raw}
				require.True(t, slices.IsSortedFunc(raws, bytes.Compare), "DER sorts sets")
			}
		})
	}
}

func TestWithRefuses(t *testing.T) {
	f := newForge(t)
	d, err := cms.Parse(f.build(t))
	require.NoError(t, err)
	f.certificates = element(0xa0, element(0x31, fakeCertificate))
	odd, err := cms.Parse(f.build(t))
	require.NoError(t, err)
	good := addedSigner(t, f, cms.Form{}, 1)
	other := element(0x30, []byte{5, 0})
	for name, test := range map[string]struct {
		data *cms.SignedData
		more cms.Additions
		want error
	}{
		"no SignerInfo":      {d, cms.Additions{Signers: [][]byte{other}}, cms.ErrInput},
		"bytes after":        {d, cms.Additions{Signers: [][]byte{append(bytes.Clone(good), 0)}}, cms.ErrInput},
		"64 more signers":    {d, cms.Additions{Signers: slices.Repeat([][]byte{good}, 64)}, cms.ErrLimit},
		"no certificate":     {d, cms.Additions{Certificates: [][]byte{{0x30, 9}}}, cms.ErrInput},
		"65 certificates":    {d, cms.Additions{Certificates: slices.Repeat([][]byte{other}, 65)}, cms.ErrLimit},
		"odd field":          {odd, cms.Additions{Certificates: [][]byte{other}}, cms.ErrInput},
		"no CRL":             {d, cms.Additions{CRLs: [][]byte{{5, 0}}}, cms.ErrInput},
		"no such signature":  {d, cms.Additions{Unsigned: map[int][][]byte{1: {note}}}, cms.ErrInput},
		"negative signature": {d, cms.Additions{Unsigned: map[int][][]byte{-1: {note}}}, cms.ErrInput},
		"no attribute":       {d, cms.Additions{Unsigned: map[int][][]byte{0: {other}}}, cms.ErrInput},
		"65 attributes":      {d, cms.Additions{Unsigned: map[int][][]byte{0: slices.Repeat([][]byte{note}, 65)}}, cms.ErrLimit},
	} {
		der, err := test.data.With(test.more)
		require.ErrorIs(t, err, test.want, name)
		require.Nil(t, der, name)
	}
	var crls [][]byte
	for i := range 65 {
		crls = append(crls, element(0x30, []byte{4, 1, byte(i)}))
	}
	_, err = d.With(cms.Additions{CRLs: crls})
	require.ErrorIs(t, err, cms.ErrLimit)
	_, err = cms.WithUnsigned(other, note)
	require.ErrorIs(t, err, cms.ErrInput)
	_, err = cms.WithUnsigned(good, other)
	require.ErrorIs(t, err, cms.ErrInput)
}

func TestCountersignatures(t *testing.T) {
	f := newForge(t)
	parent, err := cms.Parse(f.build(t))
	require.NoError(t, err)
	value := parent.Signers[0].Signature
	other := f.usualAttributes()
	with := func(attributes ...[]byte) *cms.SignerInfo {
		f.unsigned = element(0xa1, attributes...)
		d, err := cms.Parse(f.build(t))
		require.NoError(t, err)
		d.Signers[0].Signature = value // what the countersignatures are of
		return &d.Signers[0]
	}
	for _, attributes := range []bool{false, true} {
		s := with(addedCounter(t, f, value, attributes))
		list, err := s.Countersignatures()
		require.NoError(t, err)
		require.Len(t, list, 1)
		require.Equal(t, attributes, list[0].HasSignedAttributes())
		message, err := s.CounterSignedBytes(&list[0], nil)
		require.NoError(t, err)
		require.NoError(t, f.public.Verify(message, list[0].Signature))
		s.Signature = value[1:]
		message, err = s.CounterSignedBytes(&list[0], nil)
		if attributes {
			require.ErrorIs(t, err, cms.ErrDigest)
		} else {
			require.Error(t, f.public.Verify(message, list[0].Signature))
		}
		s.Signature = nil
		_, err = s.CounterSignedBytes(&list[0], nil)
		require.ErrorIs(t, err, cms.ErrContent)
	}

	// One with a content type: read, and said so.
	typed := f
	typed.attributes, typed.attributeList, typed.unsigned = true, other, nil
	d, err := cms.Parse(typed.build(t))
	require.NoError(t, err)
	list, err := with(cms.EncodeElement(oid.Countersignature, d.Signers[0].Raw)).Countersignatures()
	require.NoError(t, err)
	require.Equal(t, cms.TolerantCounterType, list[0].Tolerances)

	_, err = with(cms.EncodeElement(oid.Countersignature, []byte{5, 0})).Countersignatures()
	require.ErrorIs(t, err, cms.ErrMalformed)
	many := attribute(oid.Countersignature.ASN1(), slices.Repeat([][]byte{d.Signers[0].Raw}, 60)...)
	_, err = with(many, many).Countersignatures()
	require.ErrorIs(t, err, cms.ErrLimit)

	// A foreign one names its digest.
	foreign := f
	foreign.digest, foreign.signature = id(2, 16, 840, 1, 101, 3, 4, 2, 1), id(1, 2, 840, 10045, 4, 3, 2)
	foreign.attributes, foreign.unsigned = true, nil
	sum := func(b []byte) []byte { s := sha256.Sum256(b); return s[:] }
	foreign.attributeList = [][]byte{attribute(idDigest, element(4, sum(value)))}
	d, err = cms.Parse(foreign.build(t))
	require.NoError(t, err)
	s := with(cms.EncodeElement(oid.Countersignature, d.Signers[0].Raw))
	list, err = s.Countersignatures()
	require.NoError(t, err)
	_, err = s.CounterSignedBytes(&list[0], nil)
	require.ErrorIs(t, err, cms.ErrAlgorithm)
	message, err := s.CounterSignedBytes(&list[0], sum)
	require.NoError(t, err)
	require.Equal(t, element(0x31, foreign.attributeList...), message)
}

// A long content is hashed once for all signers.
func TestSignedBytesOver(t *testing.T) {
	f := newForge(t)
	f.attributes = true
	d, err := cms.Parse(f.build(t))
	require.NoError(t, err)
	s := &d.Signers[0]
	want, err := d.SignedBytes(s, f.content)
	require.NoError(t, err)
	value, err := s.SignedAttribute(oid.MessageDigest)
	require.NoError(t, err)
	got, err := d.SignedBytesOver(s, value[2:])
	require.NoError(t, err)
	require.Equal(t, want, got)
	_, err = d.SignedBytesOver(s, value[3:])
	require.ErrorIs(t, err, cms.ErrDigest)
	_, err = d.SignedBytesOver(s, nil)
	require.ErrorIs(t, err, cms.ErrDigest)

	f.attributes = false
	d, err = cms.Parse(f.build(t))
	require.NoError(t, err)
	_, err = d.SignedBytesOver(&d.Signers[0], value[2:])
	require.ErrorIs(t, err, cms.ErrAttributes)
	empty := newForge(t)
	empty.attributes, empty.attributeList = true, [][]byte{f.usualAttributes()[0], attribute(idDigest, element(4))}
	d, err = cms.Parse(empty.build(t))
	require.NoError(t, err)
	_, err = d.SignedBytesOver(&d.Signers[0], []byte{})
	require.ErrorIs(t, err, cms.ErrDigest, "an empty digest is none")
}

// What is added stays within what is read beside a signature.
func TestWithRoomForCountersignatures(t *testing.T) {
	d, err := cms.Parse(newForge(t).build(t))
	require.NoError(t, err)
	for n, want := range map[int]error{62: nil, 63: cms.ErrLimit} {
		many := cms.EncodeAttribute(oid.Countersignature, func(b *cryptobyte.Builder) {
			for range n {
				b.AddASN1NULL()
			}
		})
		_, err = d.With(cms.Additions{Unsigned: map[int][][]byte{0: {many, cms.EncodeElement(oid.Countersignature, []byte{5, 0}), cms.EncodeElement(oid.Countersignature, []byte{5, 0})}}})
		require.ErrorIs(t, err, want, n)
	}
}
