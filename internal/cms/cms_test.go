package cms_test

import (
	"bytes"
	"encoding/asn1"
	"math/big"
	"slices"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm3"
	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/cms"
	"github.com/elicense/elicense/internal/oid"
	"github.com/elicense/elicense/internal/sm2sig"
)

// verify is what a caller does with SignedData of one signer.
func verify(public *sm2sig.PublicKey, d *cms.SignedData, content []byte) error {
	message, err := d.SignedBytes(&d.Signers[0], content)
	if err != nil {
		return err
	}
	value, err := d.Signers[0].SignatureDER()
	if err != nil {
		return err
	}
	return public.Verify(message, value)
}

// fakeCertificate has the outer shape of a certificate, which is all this package looks at.
var fakeCertificate = element(0x30, element(0x30, element(0xa0, []byte{2, 1, 2})), element(0x30), element(3, []byte{0}))

func id(numbers ...int) asn1.ObjectIdentifier { return numbers }

func TestParseTolerates(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(*forge)
		want   []string
	}{
		{"standard form", func(*forge) {}, nil},
		{"attached", func(f *forge) { f.detached = false }, nil},
		{"attached empty", func(f *forge) { f.detached, f.content = false, []byte{} }, nil},
		{"NULL parameters", func(f *forge) { f.parameters = []byte{5, 0} }, nil},
		{"other parameters", func(f *forge) { f.parameters = []byte{2, 1, 7} }, []string{"parameters"}},
		{"signed attributes", func(f *forge) { f.attributes = true }, nil},
		{"outer type of RFC 5652", func(f *forge) { f.outer = cmsSigned }, []string{"outer-type"}},
		{"inner type of RFC 5652", func(f *forge) { f.inner = cmsData }, []string{"inner-type"}},
		{"version 3", func(f *forge) { f.version = 3 }, []string{"version"}},
		{"digest 401.1", func(f *forge) { f.digest = append(idSM3, 1) }, []string{"digest-algorithm"}},
		{"digest 401.2", func(f *forge) { f.digest = append(idSM3, 2) }, []string{"digest-algorithm"}},
		{"digest of the old arc", func(f *forge) { f.digest = id(1, 2, 156, 197, 1, 401) },
			[]string{"digest-algorithm"}},
		{"signature 501", func(f *forge) { f.signature = id(1, 2, 156, 10197, 1, 501) },
			[]string{"signature-algorithm"}},
		{"signature 301", func(f *forge) { f.signature = id(1, 2, 156, 10197, 1, 301) },
			[]string{"signature-algorithm"}},
		{"old arc 301", func(f *forge) { f.signature = id(1, 2, 156, 197, 1, 301) }, []string{"signature-algorithm"}},
		{"old arc 301.1", func(f *forge) { f.signature = id(1, 2, 156, 197, 1, 301, 1) },
			[]string{"signature-algorithm"}},
		{"old arc 501", func(f *forge) { f.signature = id(1, 2, 156, 197, 1, 501) }, []string{"signature-algorithm"}},
		{"raw signature", func(f *forge) { f.raw = true }, []string{"raw-signature"}},
		{"subject key identifier", func(f *forge) { f.keyID = []byte("key") }, []string{"subject-key-id"}},
		{"unsigned attributes", func(f *forge) { f.unsigned = element(0xa1, attribute(idType, []byte{5, 0})) }, nil},
		{"attributes out of order", func(f *forge) {
			f.attributes = true
			f.attributeList = f.usualAttributes()
			slices.Reverse(f.attributeList)
		}, []string{"attribute-order"}},
		{"type attribute of the other arc", func(f *forge) { // Yunnan
			f.attributes = true
			f.attributeList = f.usualAttributes()
			f.inner = cmsData
		}, []string{"inner-type", "content-type-attribute"}},
		{"certificates", func(f *forge) { f.certificates = element(0xa0, fakeCertificate, fakeCertificate) }, nil},
		{"one certificate", func(f *forge) { f.certificates = element(0xa0, fakeCertificate) }, nil},
		{"no certificate", func(f *forge) { f.certificates = element(0xa0) }, nil},
		{"SET inside", func(f *forge) {
			f.certificates = element(0xa0, element(0x31, fakeCertificate))
		}, []string{"certificate-tag"}},
		{"SEQUENCE inside", func(f *forge) {
			f.certificates = element(0xa0, element(0x30, fakeCertificate))
		}, []string{"certificate-tag"}},
		{"bare SET", func(f *forge) { f.certificates = element(0x31, fakeCertificate) }, []string{"certificate-tag"}},
		{"bare SEQUENCE", func(f *forge) { f.certificates = element(0x30, fakeCertificate) },
			[]string{"certificate-tag"}},
		{"attribute certificate", func(f *forge) {
			f.certificates = element(0xa0, fakeCertificate, element(0xa1, []byte{5, 0}))
		}, []string{"certificate-choice"}},
		{"CRL", func(f *forge) { f.crls = element(0xa1, fakeCertificate) }, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := newForge(t)
			test.change(&f)
			d, err := cms.Parse(f.build(t))
			require.NoError(t, err)
			require.Equal(t, test.want, d.Tolerances.Names())
			require.Len(t, d.Signers, 1)
			require.Equal(t, f.detached, d.Detached)
			given, wrong := f.content, []byte("other content")
			if !f.detached {
				require.Equal(t, f.content, d.Content)
				require.ErrorIs(t, verify(f.public, d, f.content), cms.ErrContent)
				given = nil
			} else {
				require.Error(t, verify(f.public, d, wrong))
				require.ErrorIs(t, verify(f.public, d, nil), cms.ErrContent)
			}
			require.NoError(t, verify(f.public, d, given))
			require.Equal(t, f.keyID == nil, d.Signers[0].NamedBy(testIssuer, testSerial))
			require.False(t, d.Signers[0].NamedBy(testIssuer, big.NewInt(1)))
			for _, c := range d.Certificates {
				require.Equal(t, fakeCertificate, c)
			}
		})
	}
}

func TestToleranceNames(t *testing.T) {
	all := cms.EndOfTolerances - 1
	require.Len(t, all.Names(), 19)
	require.Equal(t, "version,raw-signature", (cms.TolerantVersion | cms.TolerantRawSignature).String())
	require.Equal(t, []string{"countersignature-type"}, (cms.EndOfTolerances >> 1).Names())
}

func TestParseRefuses(t *testing.T) {
	f := newForge(t)
	good := f.build(t)
	with := func(change func(*forge)) []byte {
		g := f
		change(&g)
		return g.build(t)
	}
	for name, test := range map[string]struct {
		der  []byte
		want error
	}{
		"nothing":          {nil, cms.ErrMalformed},
		"three bytes":      {[]byte{0x30, 0x82, 0x06}, cms.ErrMalformed},
		"bytes after":      {append(bytes.Clone(good), 0), cms.ErrMalformed},
		"cut":              {good[:len(good)-1], cms.ErrMalformed},
		"other type":       {with(func(f *forge) { f.outer = gmData }), cms.ErrMalformed},
		"version 6":        {with(func(f *forge) { f.version = 6 }), cms.ErrMalformed},
		"negative version": {with(func(f *forge) { f.version = -1 }), cms.ErrMalformed},
		"two parameters":   {with(func(f *forge) { f.parameters = []byte{5, 0, 5, 0} }), cms.ErrMalformed},
		"certificates twice": {with(func(f *forge) { f.certificates = bytes.Repeat(element(0xa0), 2) }),
			cms.ErrMalformed},
		"broken certificate": {with(func(f *forge) { f.certificates = element(0xa0, []byte{0x30, 9}) }),
			cms.ErrMalformed},
		"broken CRL":         {with(func(f *forge) { f.crls = element(0xa1, []byte{0x30, 9}) }), cms.ErrMalformed},
		"empty key id":       {with(func(f *forge) { f.keyID = []byte{} }), cms.ErrMalformed},
		"long key id":        {with(func(f *forge) { f.keyID = make([]byte, 65) }), cms.ErrMalformed},
		"bytes after signer": {with(func(f *forge) { f.unsigned = []byte{5, 0} }), cms.ErrMalformed},
		"no attribute": {with(func(f *forge) {
			f.attributes, f.attributeList = true, [][]byte{}
		}), cms.ErrMalformed},
		"broken attribute": {with(func(f *forge) {
			f.attributes, f.attributeList = true, [][]byte{element(0x30, object(idType))}
		}), cms.ErrMalformed},
		"65 attributes": {with(func(f *forge) {
			f.attributes, f.attributeList = true, slices.Repeat([][]byte{attribute(idType)}, 65)
		}), cms.ErrLimit},
		"65 certificates": {with(func(f *forge) {
			f.certificates = element(0xa0, bytes.Repeat(fakeCertificate, 65))
		}), cms.ErrLimit},
		"65 CRLs": {with(func(f *forge) { f.crls = element(0xa1, bytes.Repeat(fakeCertificate, 65)) }),
			cms.ErrLimit},
		"65 signers": {with(func(f *forge) { f.signers = 65 }), cms.ErrLimit},
		"too long":   {make([]byte, cms.MaxBytes+1), cms.ErrLimit},
	} {
		t.Run(name, func(t *testing.T) {
			d, err := cms.Parse(test.der)
			require.ErrorIs(t, err, test.want)
			require.Nil(t, d)
		})
	}
}

func TestSignedBytesRefuses(t *testing.T) {
	digest := func(f *forge) [][]byte { return f.usualAttributes()[1:] }
	for name, test := range map[string]struct {
		change func(*forge)
		want   error
	}{
		"no content type": {func(f *forge) { f.attributeList = digest(f) }, cms.ErrAttributes},
		"content type twice": {func(f *forge) {
			f.attributeList = append(f.usualAttributes(), f.usualAttributes()[0])
		}, cms.ErrAttributes},
		"content type with two values": {func(f *forge) {
			f.attributeList = append(digest(f), attribute(idType, object(gmData), object(gmData)))
		}, cms.ErrAttributes},
		"other content type": {func(f *forge) {
			f.attributeList = append(digest(f), attribute(idType, object(gmSigned)))
		}, cms.ErrAttributes},
		"no digest": {func(f *forge) { f.attributeList = f.usualAttributes()[:1] }, cms.ErrAttributes},
		"digest twice": {func(f *forge) {
			f.attributeList = append(f.usualAttributes(), digest(f)...)
		}, cms.ErrAttributes},
		"digest of another content": {func(f *forge) {
			f.attributeList = f.usualAttributes()
			f.attributeList[1] = attribute(idDigest, element(4, make([]byte, 32)))
		}, cms.ErrDigest},
		"foreign digest":    {func(f *forge) { f.digest = id(2, 16, 840, 1, 101, 3, 4, 2, 1) }, cms.ErrAlgorithm},
		"foreign signature": {func(f *forge) { f.signature = id(1, 2, 840, 10045, 4, 3, 2) }, cms.ErrAlgorithm},
		"HMAC as signature": {func(f *forge) { f.signature = append(idSM3, 2) }, cms.ErrAlgorithm},
	} {
		t.Run(name, func(t *testing.T) {
			f := newForge(t)
			f.attributes = true
			test.change(&f)
			d, err := cms.Parse(f.build(t))
			require.NoError(t, err)
			message, err := d.SignedBytes(&d.Signers[0], f.content)
			require.ErrorIs(t, err, test.want)
			require.Nil(t, message)
		})
	}
}

func TestSignatureDERRefuses(t *testing.T) {
	for name, value := range map[string][]byte{
		"raw zero":     make([]byte, 64),
		"raw too big":  bytes.Repeat([]byte{0xff}, 64),
		"raw too long": bytes.Repeat([]byte{1}, 65),
		"bytes after":  {0x30, 6, 2, 1, 1, 2, 1, 1, 0},
		"padded":       {0x30, 7, 2, 2, 0, 1, 2, 1, 1},
	} {
		s := cms.SignerInfo{Signature: value}
		der, err := s.SignatureDER()
		require.ErrorIs(t, err, sm2sig.ErrEncoding, name)
		require.Nil(t, der, name)
	}
}

// form is what a built value has beside its signature.
type form struct {
	certificates         [][]byte
	attributes, attached bool
}

func build(t testing.TB, f forge, as form) []byte {
	t.Helper()
	b, err := cms.NewBuilder(testIssuer, testSerial, as.certificates)
	require.NoError(t, err)
	var set []byte
	message := f.content
	if as.attributes {
		set, err = cms.SignedAttributes(f.content, time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC))
		require.NoError(t, err)
		message = set
	}
	value, err := f.public.Sign(bytes.NewReader(bytes.Repeat([]byte{7}, 1000)), f.key, message)
	require.NoError(t, err)
	write := b.Detached
	if as.attached {
		write = func(a, v []byte) ([]byte, error) { return b.Attached(f.content, a, v) }
	}
	der, err := write(set, value)
	require.NoError(t, err)
	return der
}

// What is written reads back without any tolerance, also where lengths need two or three octets.
func TestBuildRoundTrip(t *testing.T) {
	f := newForge(t)
	for _, size := range []int{0, 1, 100, 127, 128, 255, 256, 300, 65536, 70000} {
		f.content = bytes.Repeat([]byte{'x'}, size)
		for i := range 8 {
			var certificates [][]byte
			if i&1 != 0 {
				certificates = [][]byte{fakeCertificate, fakeCertificate, element(0x30, []byte{5, 0})}
			}
			der := build(t, f, form{certificates, i&2 != 0, i&4 != 0})
			require.Equal(t, len(der), cap(der), "size was computed exactly")
			d, err := cms.Parse(der)
			require.NoError(t, err)
			require.Empty(t, d.Tolerances.Names())
			require.Equal(t, oid.GMData, d.ContentType)
			require.Equal(t, i&2 != 0, d.Signers[0].HasSignedAttributes())
			require.Len(t, d.Certificates, len(slices.CompactFunc(certificates, bytes.Equal)))
			require.True(t, d.Signers[0].NamedBy(testIssuer, testSerial))
			given := f.content
			if !d.Detached {
				require.Equal(t, f.content, d.Content)
				given = nil
			}
			require.NoError(t, verify(f.public, d, given))
			if i&2 == 0 { // the long way gives the same bytes
				f.detached, f.certificates = d.Detached, nil
				if certificates != nil {
					f.certificates = element(0xa0, element(0x30, []byte{5, 0}), fakeCertificate)
				}
				f.value = d.Signers[0].Signature
				require.Equal(t, f.build(t), der)
			}
		}
	}
}

// No changed bit goes unseen: the result is refused, names another signer, or shows a tolerance.
func TestEveryBitCounts(t *testing.T) {
	f := newForge(t)
	for _, attributes := range []bool{false, true} {
		der := build(t, f, form{attributes: attributes})
		for i := range len(der) * 8 {
			changed := bytes.Clone(der)
			changed[i/8] ^= 1 << (i % 8)
			d, err := cms.Parse(changed)
			if err != nil || len(d.Signers) != 1 || !d.Signers[0].NamedBy(testIssuer, testSerial) {
				continue
			}
			if verify(f.public, d, f.content) == nil {
				require.NotEmpty(t, d.Tolerances.Names(), "bit %d", i)
			}
		}
	}
}

func TestBuilderRefuses(t *testing.T) {
	_, err := cms.NewBuilder(nil, testSerial, nil)
	require.ErrorIs(t, err, cms.ErrInput)
	_, err = cms.NewBuilder(testIssuer, nil, nil)
	require.ErrorIs(t, err, cms.ErrInput)
	_, err = cms.NewBuilder(testIssuer, big.NewInt(-1), nil)
	require.ErrorIs(t, err, cms.ErrInput)
	_, err = cms.NewBuilder(testIssuer, testSerial, [][]byte{{0x30, 0, 0}})
	require.ErrorIs(t, err, cms.ErrInput)
	_, err = cms.NewBuilder(testIssuer, testSerial, make([][]byte, 65))
	require.ErrorIs(t, err, cms.ErrLimit)

	b, err := cms.NewBuilder(testIssuer, testSerial, nil)
	require.NoError(t, err)
	good := []byte{0x30, 6, 2, 1, 1, 2, 1, 1}
	_, err = b.Detached(nil, good[:7])
	require.ErrorIs(t, err, cms.ErrInput)
	_, err = b.Detached([]byte{0xa0, 0}, good)
	require.ErrorIs(t, err, cms.ErrInput)
	_, err = b.Attached(make([]byte, cms.MaxBytes), nil, good)
	require.ErrorIs(t, err, cms.ErrLimit)
	_, err = cms.SignedAttributes(nil, time.Date(1949, 1, 1, 0, 0, 0, 0, time.UTC))
	require.ErrorIs(t, err, cms.ErrInput)
	set, err := cms.SignedAttributes(nil, time.Date(2050, 1, 1, 0, 0, 0, 0, time.UTC))
	require.NoError(t, err)
	require.Contains(t, string(set), "20500101000000Z")
}

func FuzzParse(f *testing.F) {
	forge := newForge(f)
	f.Add(forge.build(f))
	forge.attributes, forge.detached = true, false
	forge.certificates, forge.crls = element(0xa0, element(0x31, fakeCertificate)), element(0xa1, fakeCertificate)
	f.Add(forge.build(f))
	f.Add([]byte{0x30, 0x82, 0x06})
	forge.unsigned = element(0xa1, note, addedCounter(f, forge, []byte("value"), true))
	f.Add(forge.build(f))
	forge.unsigned = element(0xa1, attribute(oid.CertificateRefs.ASN1(), seq(seq(hashSM3, seq(null)), seq(hashSHA1))),
		attribute(oid.RevocationValues.ASN1(), seq(element(0xa0, seq(seq(null))), element(0xa1, seq(seq(null))))))
	forge.attributeList = append(forge.usualAttributes(), cms.EncodePolicy(oid.GMData, [32]byte{1}),
		cms.EncodeCommitment(oid.ProofOfOrigin), cms.EncodeSigningCertificate([32]byte{1}, testIssuer, testSerial))
	f.Add(forge.build(f))
	f.Fuzz(func(t *testing.T, der []byte) {
		d, err := cms.Parse(der)
		if err != nil {
			require.Nil(t, d)
			return
		}
		same, err := d.With(cms.Additions{})
		require.NoError(t, err)
		require.Equal(t, der, same)
		for i := range d.Signers {
			message, err := d.SignedBytes(&d.Signers[i], nil)
			if err != nil {
				require.Nil(t, message)
			}
			readAttributes(t, &d.Signers[i])
			addAttribute(t, d, i)
			value, err := d.Signers[i].SignatureDER()
			if err == nil {
				require.NoError(t, sm2sig.CheckSignature(value))
			}
		}
		if len(d.Signers) == 1 && d.Tolerances == 0 && !d.Signers[0].HasSignedAttributes() {
			rebuild(t, d)
		}
	})
}

// readAttributes asks for everything that stands beside a signature: a refusal comes alone.
func readAttributes(t *testing.T, s *cms.SignerInfo) {
	t.Helper()
	for name, read := range map[string]func() (bool, error){
		"bindings":    func() (bool, error) { x, err := s.SigningCertificates(); return x == nil, err },
		"policy":      func() (bool, error) { x, err := s.Policy(); return x == nil, err },
		"commitments": func() (bool, error) { x, err := s.Commitments(); return x == nil, err },
		"evidence":    func() (bool, error) { x, err := s.Evidence(); return x == nil, err },
		"references":  func() (bool, error) { x, err := s.References(); return x == nil, err },
		"time":        func() (bool, error) { x, ok, err := s.SigningTime(); return x.IsZero() && !ok, err },
		"counters":    func() (bool, error) { x, err := s.Countersignatures(); return x == nil, err },
	} {
		if none, err := read(); err != nil {
			require.True(t, none, name)
		}
	}
	counters, err := s.Countersignatures()
	for i := 0; err == nil && i < len(counters); i++ {
		message, err := s.CounterSignedBytes(&counters[i], nil)
		if err != nil {
			require.Nil(t, message)
		}
	}
}

// addAttribute puts one beside a signature and expects everything else to be as it was.
func addAttribute(t *testing.T, d *cms.SignedData, i int) {
	t.Helper()
	der, err := d.With(cms.Additions{Unsigned: map[int][][]byte{i: {note}}})
	if err != nil {
		require.ErrorIs(t, err, cms.ErrLimit)
		return
	}
	after, err := cms.Parse(der)
	require.NoError(t, err)
	require.Equal(t, d.Content, after.Content)
	require.Equal(t, d.Certificates, after.Certificates)
	require.Equal(t, d.Tolerances, after.Tolerances)
	require.Len(t, after.Signers, len(d.Signers))
	message, wrong := d.SignedBytes(&d.Signers[i], nil)
	for j := range after.Signers {
		if len(after.Signers[j].UnsignedAttributes) == len(d.Signers[i].UnsignedAttributes)+1 &&
			bytes.Equal(after.Signers[j].Signature, d.Signers[i].Signature) {
			again, err := after.SignedBytes(&after.Signers[j], nil)
			require.Equal(t, wrong == nil, err == nil)
			require.Equal(t, message, again)
			return
		}
	}
	require.Fail(t, "the signature is gone")
}

// rebuild writes what was read without tolerance and expects it to read the same.
func rebuild(t *testing.T, d *cms.SignedData) {
	t.Helper()
	s := d.Signers[0]
	b, err := cms.NewBuilder(s.Issuer, new(big.Int).SetBytes(s.Serial), d.Certificates)
	value, valueErr := s.SignatureDER()
	if err != nil || valueErr != nil {
		return
	}
	der, err := b.Detached(nil, value)
	if !d.Detached {
		der, err = b.Attached(d.Content, nil, value)
	}
	require.NoError(t, err)
	again, err := cms.Parse(der)
	require.NoError(t, err)
	require.Equal(t, d.Content, again.Content)
	require.Equal(t, d.Detached, again.Detached)
	require.Equal(t, s.Signature, again.Signers[0].Signature)
	require.Equal(t, s.Issuer, again.Signers[0].Issuer)
}

// BenchmarkVerify is one detached signature over 4 KiB: "whole" from the SignedData to the verdict, "bare" the
// digests and the one signature check that it cannot do without. The mark is a ratio of 1.25.
func BenchmarkVerify(b *testing.B) {
	f := newForge(b)
	f.content = bytes.Repeat([]byte("0123456789abcdef"), 256)
	for _, attributes := range []bool{false, true} {
		der := build(b, f, form{attributes: attributes})
		d, err := cms.Parse(der)
		require.NoError(b, err)
		message, err := d.SignedBytes(&d.Signers[0], f.content)
		require.NoError(b, err)
		value := d.Signers[0].Signature
		name := map[bool]string{false: "content", true: "attributes"}[attributes]
		b.Run(name+"/whole", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				d, err := cms.Parse(der)
				if err != nil || verify(f.public, d, f.content) != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(name+"/bare", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if attributes {
					sm3.Sum(f.content)
				}
				if f.public.Verify(message, value) != nil {
					b.Fatal("does not verify")
				}
			}
		})
	}
}

func BenchmarkParse(b *testing.B) {
	f := newForge(b)
	der := build(b, f, form{})
	b.ReportAllocs()
	for b.Loop() {
		if _, err := cms.Parse(der); err != nil {
			b.Fatal(err)
		}
	}
}
