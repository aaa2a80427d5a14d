package ses_test

import (
	"bytes"
	"encoding/asn1"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/oid"
	"github.com/elicense/elicense/internal/ses"
)

// What encoding/asn1 reads with these structures is what the standards demand, field by field.
type (
	stdHeader struct {
		ID      string `asn1:"ia5"`
		Version int
		Vendor  string `asn1:"ia5"`
	}
	stdPicture struct {
		Type          string `asn1:"ia5"`
		Data          []byte
		Width, Height int
	}
	stdExtension struct {
		ID       asn1.ObjectIdentifier
		Critical bool `asn1:"optional"`
		Value    []byte
	}
	stdPropertyV4 struct {
		Type                           int
		Name                           string `asn1:"utf8"`
		ListType                       int
		List                           [][]byte
		Created, ValidFrom, ValidUntil time.Time `asn1:"generalized"`
	}
	stdDigest struct {
		Type  string `asn1:"printable"`
		Value []byte
	}
	stdPropertyDigests struct {
		Type                           int
		Name                           string `asn1:"utf8"`
		ListType                       int
		List                           []stdDigest
		Created, ValidFrom, ValidUntil time.Time `asn1:"generalized"`
	}
	stdPropertyV1 struct {
		Type                           int
		Name                           string `asn1:"utf8"`
		List                           [][]byte
		Created, ValidFrom, ValidUntil time.Time `asn1:"utc"`
	}
	stdInfo[P any] struct {
		Header     stdHeader
		ID         string `asn1:"ia5"`
		Property   P
		Picture    stdPicture
		Extensions []stdExtension `asn1:"optional"`
	}
	stdSigned struct {
		Certificate []byte
		Algorithm   asn1.ObjectIdentifier
		Value       asn1.BitString
	}
	stdSealV4 struct {
		Info        asn1.RawValue
		Certificate []byte
		Algorithm   asn1.ObjectIdentifier
		Value       asn1.BitString
	}
	stdSealV1 struct {
		Info   asn1.RawValue
		Signed stdSigned
	}
	stdToSignV4 struct {
		Version    int
		Seal       asn1.RawValue
		Time       time.Time `asn1:"generalized"`
		Hash       asn1.BitString
		Property   string         `asn1:"ia5"`
		Extensions []stdExtension `asn1:"explicit,tag:0,optional"`
	}
	stdToSignV1 struct {
		Version     int
		Seal        asn1.RawValue
		Time        asn1.BitString
		Hash        asn1.BitString
		Property    string `asn1:"ia5"`
		Certificate []byte
		Algorithm   asn1.ObjectIdentifier
	}
	stdSignatureV4 struct {
		ToSign      asn1.RawValue
		Certificate []byte
		Algorithm   asn1.ObjectIdentifier
		Value       asn1.BitString
		Token       asn1.BitString `asn1:"explicit,tag:0,optional"`
	}
	stdSignatureV1 struct {
		ToSign asn1.RawValue
		Value  asn1.BitString
	}
)

func unmarshal[T any](t *testing.T, der []byte) T {
	t.Helper()
	var v T
	rest, err := asn1.Unmarshal(der, &v)
	require.NoError(t, err)
	require.Empty(t, rest)
	return v
}

var sm2WithSM3 = asn1.ObjectIdentifier{1, 2, 156, 10197, 1, 501}

func TestSealV4IsWrittenAsTheStandardSays(t *testing.T) {
	want := newSeal(ses.V4)
	want.Extensions = []ses.Extension{
		{ID: oid.SM3, Value: []byte("one")}, {ID: oid.SM4, Critical: true, Value: []byte("two")},
	}
	d, err := ses.NewSealDraft(want)
	require.NoError(t, err)
	value, public := sign(t, d.ToSign())
	der, err := d.Seal(value)
	require.NoError(t, err)

	seal := unmarshal[stdSealV4](t, der)
	require.Equal(t, makerCert, seal.Certificate)
	require.Equal(t, sm2WithSM3, seal.Algorithm)
	require.NoError(t, public.Verify(seal.Info.FullBytes, seal.Value.RightAlign()))
	info := unmarshal[stdInfo[stdPropertyV4]](t, seal.Info.FullBytes)
	require.Equal(t, stdInfo[stdPropertyV4]{
		Header: stdHeader{"ES", 4, "elicense"}, ID: want.ID,
		Property: stdPropertyV4{1, want.Name, 1, want.Certificates, want.Created, want.ValidFrom, want.ValidUntil},
		Picture:  stdPicture{"png", want.Picture.Data, 40, 41},
		Extensions: []stdExtension{
			{ID: oid.SM3.ASN1(), Value: []byte("one")}, {oid.SM4.ASN1(), true, []byte("two")},
		},
	}, info)
}

func TestSealOfDigestsIsWrittenAsTheStandardSays(t *testing.T) {
	want := newSeal(ses.V4)
	want.Certificates, want.Digests = nil, []ses.CertDigest{{Type: "SM3", Value: bytes.Repeat([]byte{7}, 32)}}
	info := unmarshal[stdInfo[stdPropertyDigests]](t, unmarshal[stdSealV4](t, makeSeal(t, want)).Info.FullBytes)
	require.Equal(t, 2, info.Property.ListType)
	require.Equal(t, []stdDigest{{"SM3", want.Digests[0].Value}}, info.Property.List)
}

func TestSealV1IsWrittenAsTheStandardSays(t *testing.T) {
	want := newSeal(ses.V1)
	d, err := ses.NewSealDraft(want)
	require.NoError(t, err)
	value, public := sign(t, d.ToSign())
	der, err := d.Seal(value)
	require.NoError(t, err)

	seal := unmarshal[stdSealV1](t, der)
	require.Equal(t, makerCert, seal.Signed.Certificate)
	require.Equal(t, sm2WithSM3, seal.Signed.Algorithm)
	covered, err := asn1.Marshal(struct {
		Info        asn1.RawValue
		Certificate []byte
		Algorithm   asn1.ObjectIdentifier
	}{seal.Info, makerCert, sm2WithSM3})
	require.NoError(t, err)
	require.NoError(t, public.Verify(covered, seal.Signed.Value.RightAlign()))
	info := unmarshal[stdInfo[stdPropertyV1]](t, seal.Info.FullBytes)
	require.Equal(t, stdInfo[stdPropertyV1]{
		Header: stdHeader{"ES", 1, "elicense"}, ID: want.ID,
		Property: stdPropertyV1{1, want.Name, want.Certificates, want.Created, want.ValidFrom, want.ValidUntil},
		Picture:  stdPicture{"png", want.Picture.Data, 40, 41},
	}, info)
}

func TestSignatureV4IsWrittenAsTheStandardSays(t *testing.T) {
	seal := makeSeal(t, newSeal(ses.V4))
	for _, token := range [][]byte{nil, someToken} {
		want := newSignature(t, seal)
		want.Extensions = []ses.Extension{{ID: oid.SM3, Value: []byte("one")}}
		d, err := ses.NewSignatureDraft(want)
		require.NoError(t, err)
		value, public := sign(t, d.ToSign())
		der, err := d.Signature(value, token)
		require.NoError(t, err)

		got := unmarshal[stdSignatureV4](t, der)
		require.Equal(t, signerCert, got.Certificate)
		require.Equal(t, sm2WithSM3, got.Algorithm)
		require.Equal(t, token, got.Token.Bytes)
		require.NoError(t, public.Verify(got.ToSign.FullBytes, got.Value.RightAlign()))
		tbs := unmarshal[stdToSignV4](t, got.ToSign.FullBytes)
		require.Equal(t, 4, tbs.Version)
		require.Equal(t, seal, tbs.Seal.FullBytes)
		require.Equal(t, want.Time, tbs.Time)
		require.Equal(t, want.DataHash, tbs.Hash.RightAlign())
		require.Equal(t, want.Property, tbs.Property)
		require.Equal(t, []stdExtension{{ID: oid.SM3.ASN1(), Value: []byte("one")}}, tbs.Extensions)
	}
}

func TestSignatureV1IsWrittenAsTheStandardSays(t *testing.T) {
	seal := makeSeal(t, newSeal(ses.V1))
	for _, token := range [][]byte{nil, someToken} {
		want := newSignature(t, seal)
		wantTime := append([]byte{0x17, 13}, "260301100000Z"...)
		if token != nil {
			want.Time, want.TimeToken, wantTime = time.Time{}, token, token
		}
		d, err := ses.NewSignatureDraft(want)
		require.NoError(t, err)
		value, public := sign(t, d.ToSign())
		der, err := d.Signature(value, nil)
		require.NoError(t, err)

		got := unmarshal[stdSignatureV1](t, der)
		require.NoError(t, public.Verify(got.ToSign.FullBytes, got.Value.RightAlign()))
		tbs := unmarshal[stdToSignV1](t, got.ToSign.FullBytes)
		require.Equal(t, 1, tbs.Version)
		require.Equal(t, seal, tbs.Seal.FullBytes)
		require.Equal(t, wantTime, tbs.Time.RightAlign())
		require.Equal(t, want.DataHash, tbs.Hash.RightAlign())
		require.Equal(t, want.Property, tbs.Property)
		require.Equal(t, signerCert, tbs.Certificate)
		require.Equal(t, sm2WithSM3, tbs.Algorithm)
	}
}

var ignoreUnexported = cmpopts.IgnoreUnexported(ses.Seal{}, ses.Signature{})

// What is written reads back as what was given, and is written again with the same bytes.
func TestWhatIsWrittenReadsBack(t *testing.T) {
	for _, version := range []ses.Version{ses.V1, ses.V4} {
		want := newSeal(version)
		d, err := ses.NewSealDraft(want)
		require.NoError(t, err)
		value, _ := sign(t, d.ToSign())
		der, err := d.Seal(value)
		require.NoError(t, err)
		seal, err := ses.ParseSeal(der)
		require.NoError(t, err)
		require.Equal(t, d.ToSign(), seal.SignedBytes())
		want.Raw, want.Signature, want.Algorithm = der, value, oid.SM2WithSM3
		require.Empty(t, cmp.Diff(want, seal, ignoreUnexported))

		signature := newSignature(t, der)
		signed, err := ses.NewSignatureDraft(signature)
		require.NoError(t, err)
		whole, err := signed.Signature(value, nil)
		require.NoError(t, err)
		got, err := ses.ParseSignature(whole)
		require.NoError(t, err)
		require.Equal(t, signed.ToSign(), got.SignedBytes())
		signature.Raw, signature.Version, signature.Value, signature.Algorithm = whole, version, value, oid.SM2WithSM3
		require.Empty(t, cmp.Diff(signature, got, ignoreUnexported))
		requireRewritten(t, got)
	}
}

// requireRewritten: a seal that needed no tolerance has one form.
func requireRewritten(t *testing.T, s *ses.Signature) {
	t.Helper()
	d, err := ses.NewSignatureDraft(s)
	require.NoError(t, err)
	der, err := d.Signature(s.Value, s.TimeStamp)
	require.NoError(t, err)
	require.Equal(t, s.Raw, der)
	seal, err := ses.NewSealDraft(s.Seal)
	require.NoError(t, err)
	require.Equal(t, s.Seal.SignedBytes(), seal.ToSign())
	der, err = seal.Seal(s.Seal.Signature)
	require.NoError(t, err)
	require.Equal(t, s.Seal.Raw, der)
}

// The production seals without deviations are written as their makers wrote them.
func TestForeignSealsAreWrittenAgain(t *testing.T) {
	written := 0
	for _, f := range foreignSignatures {
		if f.tolerances != "" || f.version == ses.V5 {
			continue
		}
		s, err := ses.ParseSignature(foreignFile(t, f.file))
		require.NoError(t, err)
		requireRewritten(t, s)
		written++
	}
	require.Equal(t, 3, written)
}

func TestNewSealDraftRefuses(t *testing.T) {
	long := strings.Repeat("x", 1025)
	for name, change := range map[string]func(s *ses.Seal){
		"no vendor":          func(s *ses.Seal) { s.Vendor = "" },
		"vendor not ASCII":   func(s *ses.Seal) { s.Vendor = "厂商" },
		"long vendor":        func(s *ses.Seal) { s.Vendor = long },
		"no seal code":       func(s *ses.Seal) { s.ID = "3500000000000" },
		"letter in the code": func(s *ses.Seal) { s.ID = "3500000000000X" },
		"no type":            func(s *ses.Seal) { s.Type = 0 },
		"no name":            func(s *ses.Seal) { s.Name = "" },
		"name not UTF-8":     func(s *ses.Seal) { s.Name = "\xff" },
		"nobody":             func(s *ses.Seal) { s.Certificates = nil },
		"somebody twice":     func(s *ses.Seal) { s.Certificates = [][]byte{signerCert, signerCert} },
		"no certificate":     func(s *ses.Seal) { s.Certificates = [][]byte{{2, 1, 1}} },
		"bytes after one":    func(s *ses.Seal) { s.Certificates = [][]byte{append(signerCert, 0)} },
		"both lists":         func(s *ses.Seal) { s.Digests = []ses.CertDigest{{"SM3", []byte{1}}} },
		"too many": func(s *ses.Seal) {
			s.Certificates = nil
			for i := range 65 {
				s.Certificates = append(s.Certificates, []byte{0x30, 3, 2, 1, byte(i)})
			}
		},
		"digest twice": func(s *ses.Seal) {
			s.Certificates, s.Digests = nil, []ses.CertDigest{{"SM3", []byte{1}}, {"SM3", []byte{1}}}
		},
		"digest of no kind": func(s *ses.Seal) { s.Certificates, s.Digests = nil, []ses.CertDigest{{"", []byte{1}}} },
		"empty digest":      func(s *ses.Seal) { s.Certificates, s.Digests = nil, []ses.CertDigest{{"SM3", nil}} },
		"no time":           func(s *ses.Seal) { s.Created = time.Time{} },
		"half a second":     func(s *ses.Seal) { s.ValidFrom = s.ValidFrom.Add(time.Second / 2) },
		"year 10000":        func(s *ses.Seal) { s.ValidUntil = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC) },
		"never valid":       func(s *ses.Seal) { s.ValidUntil = s.ValidFrom },
		"no picture":        func(s *ses.Seal) { s.Picture.Data = nil },
		"large picture":     func(s *ses.Seal) { s.Picture.Data = make([]byte, ses.MaxPictureBytes+1) },
		"picture no kind":   func(s *ses.Seal) { s.Picture.Type = "" },
		"no width":          func(s *ses.Seal) { s.Picture.WidthMM = 0 },
		"no height":         func(s *ses.Seal) { s.Picture.HeightMM = -1 },
		"too wide":          func(s *ses.Seal) { s.Picture.WidthMM = 10_001 },
		"no maker":          func(s *ses.Seal) { s.Maker = nil },
		"extension no name": func(s *ses.Seal) { s.Extensions = []ses.Extension{{}} },
		"extension by text": func(s *ses.Seal) { s.Extensions = []ses.Extension{{ID: "tag"}} },
		"extension twice":   func(s *ses.Seal) { s.Extensions = []ses.Extension{{ID: oid.SM3}, {ID: oid.SM3}} },
		"many extensions": func(s *ses.Seal) {
			for i := range 65 {
				s.Extensions = append(s.Extensions, ses.Extension{ID: oid.ID("\x2a" + strconv.Itoa(i))})
			}
		},
		"large extension": func(s *ses.Seal) { s.Extensions = []ses.Extension{{ID: oid.SM3, Value: make([]byte, 1<<17)}} },
	} {
		s := newSeal(ses.V4)
		change(s)
		d, err := ses.NewSealDraft(s)
		require.ErrorIs(t, err, ses.ErrInput, name)
		require.Nil(t, d, name)
	}
}

func TestNewSealDraftRefusesByVersion(t *testing.T) {
	for _, version := range []ses.Version{0, 2, 3, ses.V5, 6} {
		_, err := ses.NewSealDraft(newSeal(version))
		require.ErrorIs(t, err, ses.ErrVersion)
	}
	late := newSeal(ses.V1)
	late.ValidUntil = time.Date(2050, 1, 1, 0, 0, 0, 0, time.UTC)
	_, err := ses.NewSealDraft(late)
	require.ErrorIs(t, err, ses.ErrInput, "UTCTime ends with 2049")
	digests := newSeal(ses.V1)
	digests.Certificates, digests.Digests = nil, []ses.CertDigest{{"SM3", []byte{1}}}
	_, err = ses.NewSealDraft(digests)
	require.ErrorIs(t, err, ses.ErrInput, "V1 knows no digests")
}

func TestNewSignatureDraftRefuses(t *testing.T) {
	seal := makeSeal(t, newSeal(ses.V4))
	for name, change := range map[string]func(s *ses.Signature){
		"no digest":       func(s *ses.Signature) { s.DataHash = nil },
		"short digest":    func(s *ses.Signature) { s.DataHash = make([]byte, 20) },
		"no property":     func(s *ses.Signature) { s.Property = "" },
		"relative path":   func(s *ses.Signature) { s.Property = "Doc_0/Signature.xml" },
		"path not ASCII":  func(s *ses.Signature) { s.Property = "/文档/Signature.xml" },
		"long property":   func(s *ses.Signature) { s.Property = "/" + strings.Repeat("x", 64<<10) },
		"no time":         func(s *ses.Signature) { s.Time = time.Time{} },
		"half a second":   func(s *ses.Signature) { s.Time = s.Time.Add(time.Second / 2) },
		"token as time":   func(s *ses.Signature) { s.Time, s.TimeToken = time.Time{}, someToken },
		"no certificate":  func(s *ses.Signature) { s.Certificate = nil },
		"extension twice": func(s *ses.Signature) { s.Extensions = []ses.Extension{{ID: oid.SM3}, {ID: oid.SM3}} },
	} {
		s := newSignature(t, seal)
		change(s)
		d, err := ses.NewSignatureDraft(s)
		require.ErrorIs(t, err, ses.ErrInput, name)
		require.Nil(t, d, name)
	}
	s := newSignature(t, makeSeal(t, newSeal(ses.V1)))
	s.Extensions = []ses.Extension{{ID: oid.SM3}}
	_, err := ses.NewSignatureDraft(s)
	require.ErrorIs(t, err, ses.ErrInput, "V1 knows no extensions")
	s.Extensions, s.TimeToken = nil, someToken
	_, err = ses.NewSignatureDraft(s)
	require.ErrorIs(t, err, ses.ErrInput, "two times")
	for _, none := range []*ses.Seal{nil, newSeal(ses.V4)} {
		s.Seal = none
		_, err = ses.NewSignatureDraft(s)
		require.ErrorIs(t, err, ses.ErrVersion, "a seal that was not parsed")
	}
}

func TestDraftsRefuseValues(t *testing.T) {
	d, err := ses.NewSealDraft(newSeal(ses.V4))
	require.NoError(t, err)
	value, _ := sign(t, d.ToSign())
	seal, err := d.Seal(value)
	require.NoError(t, err)
	s, err := ses.NewSignatureDraft(newSignature(t, seal))
	require.NoError(t, err)
	for _, bad := range [][]byte{nil, {}, make([]byte, 64), append(bytes.Clone(value), 0)} {
		_, err = d.Seal(bad)
		require.ErrorIs(t, err, ses.ErrInput)
		_, err = s.Signature(bad, nil)
		require.ErrorIs(t, err, ses.ErrInput)
	}
	for _, bad := range [][]byte{{}, {0x30}, append(bytes.Clone(someToken), 0)} {
		_, err = s.Signature(value, bad)
		require.ErrorIs(t, err, ses.ErrInput)
	}
	old, err := ses.NewSignatureDraft(newSignature(t, makeSeal(t, newSeal(ses.V1))))
	require.NoError(t, err)
	_, err = old.Signature(value, someToken)
	require.ErrorIs(t, err, ses.ErrInput, "V1 has no place for a token over the value")
}
