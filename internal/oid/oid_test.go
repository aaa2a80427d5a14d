package oid_test

import (
	"encoding/asn1"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/cryptobyte"

	"github.com/elicense/elicense/internal/oid"
)

func TestDottedForms(t *testing.T) {
	for id, want := range map[oid.ID]string{
		oid.SM2: "1.2.156.10197.1.301", oid.SM2Sign: "1.2.156.10197.1.301.1",
		oid.SM3: "1.2.156.10197.1.401", oid.SM3NoKey: "1.2.156.10197.1.401.1", oid.SM3Keyed: "1.2.156.10197.1.401.2",
		oid.SM2WithSM3: "1.2.156.10197.1.501", oid.SM4CBC: "1.2.156.10197.1.104.2",
		oid.SM2Old: "1.2.156.197.1.301", oid.SM2SignOld: "1.2.156.197.1.301.1",
		oid.SM3Old: "1.2.156.197.1.401", oid.SM2WithSM3Old: "1.2.156.197.1.501",
		oid.ECPublicKey: "1.2.840.10045.2.1", oid.PBES2: "1.2.840.113549.1.5.13", oid.PBKDF2: "1.2.840.113549.1.5.12",
		oid.HMACSHA256: "1.2.840.113549.2.9",
		oid.GMData:     "1.2.156.10197.6.1.4.2.1", oid.GMSignedData: "1.2.156.10197.6.1.4.2.2",
		oid.Data: "1.2.840.113549.1.7.1", oid.SignedData: "1.2.840.113549.1.7.2",
		oid.ContentType: "1.2.840.113549.1.9.3", oid.MessageDigest: "1.2.840.113549.1.9.4",
		oid.SigningTime: "1.2.840.113549.1.9.5",
		oid.TSTInfo:     "1.2.840.113549.1.9.16.1.4", oid.SigningCertificate: "1.2.840.113549.1.9.16.2.12",
		oid.SigningCertificateV2: "1.2.840.113549.1.9.16.2.47", oid.AlgorithmProtection: "1.2.840.113549.1.9.52",
		oid.PurposeTimestamp: "1.3.6.1.5.5.7.3.8", oid.GMContent: "1.2.156.10197.6.1.4.2",
		oid.MD5: "1.2.840.113549.2.5", oid.SHA1: "1.3.14.3.2.26", oid.SHA224: "2.16.840.1.101.3.4.2.4",
		oid.SHA256: "2.16.840.1.101.3.4.2.1", oid.SHA384: "2.16.840.1.101.3.4.2.2", oid.SHA512: "2.16.840.1.101.3.4.2.3",
		oid.SubjectKeyID: "2.5.29.14", oid.KeyUsage: "2.5.29.15", oid.BasicConstraints: "2.5.29.19",
		oid.AuthorityKeyID: "2.5.29.35", oid.OrganizationCode: "1.2.156.10260.4.1.4",
		oid.CommonName: "2.5.4.3", oid.Country: "2.5.4.6", oid.Locality: "2.5.4.7", oid.Province: "2.5.4.8",
		oid.Organization: "2.5.4.10", oid.OrganizationalUnit: "2.5.4.11",
	} {
		require.Equal(t, want, id.String())
		require.Equal(t, want, id.ASN1().String())
		require.Equal(t, id, oid.FromASN1(id.ASN1()))
	}
}

func TestReadRefuses(t *testing.T) {
	for name, der := range map[string][]byte{
		"empty":          {6, 0},
		"padded arc":     {6, 3, 0x2a, 0x80, 0x01},
		"unfinished arc": {6, 2, 0x2a, 0x81},
		"huge arc":       {6, 12, 0x2a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
		"other tag":      {2, 1, 0x2a},
		"too long":       append([]byte{6, 65}, make([]byte, 65)...),
	} {
		var id oid.ID
		s := cryptobyte.String(der)
		require.False(t, oid.Read(&s, &id), name)
		require.Empty(t, id, name)
	}
	require.Equal(t, "invalid", oid.ID("").String())
	require.Nil(t, oid.ID("\x80").ASN1())
	require.Nil(t, oid.ID("\x2a\xff\xff\xff\xff\xff\x7f").ASN1())
	require.Empty(t, oid.FromASN1(asn1.ObjectIdentifier{9}))
}

func FuzzRead(f *testing.F) {
	f.Add([]byte{6, 3, 0x2a, 0x03, 0x04})
	f.Fuzz(func(t *testing.T, der []byte) {
		var id oid.ID
		s := cryptobyte.String(der)
		if !oid.Read(&s, &id) {
			require.Empty(t, id)
			return
		}
		var b cryptobyte.Builder
		oid.Add(&b, id)
		require.Equal(t, der[:len(der)-len(s)], b.BytesOrPanic())
		require.NotEqual(t, "invalid", id.String())
	})
}
