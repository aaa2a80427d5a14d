package oid_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/oid"
)

func TestDottedFormsOfCMS(t *testing.T) {
	for id, want := range map[oid.ID]string{
		oid.GMEnvelopedData:          "1.2.156.10197.6.1.4.2.3",
		oid.GMSignedAndEnvelopedData: "1.2.156.10197.6.1.4.2.4",
		oid.EnvelopedData:            "1.2.840.113549.1.7.3",
		oid.AuthEnvelopedData:        "1.2.840.113549.1.9.16.1.23",
		oid.SM2Encrypt:               "1.2.156.10197.1.301.3",
		oid.SM2EncryptSM3:            "1.2.156.10197.1.301.3.2.1",
		oid.SM2EncryptOld:            "1.2.156.197.1.301.3",
		oid.SM4GCM:                   "1.2.156.10197.1.104.8",
		oid.Countersignature:         "1.2.840.113549.1.9.6",
		oid.SignatureTimestamp:       "1.2.840.113549.1.9.16.2.14",
		oid.SignaturePolicy:          "1.2.840.113549.1.9.16.2.15",
		oid.CommitmentType:           "1.2.840.113549.1.9.16.2.16",
		oid.ContentTimestamp:         "1.2.840.113549.1.9.16.2.20",
		oid.CertificateRefs:          "1.2.840.113549.1.9.16.2.21",
		oid.RevocationRefs:           "1.2.840.113549.1.9.16.2.22",
		oid.CertificateValues:        "1.2.840.113549.1.9.16.2.23",
		oid.RevocationValues:         "1.2.840.113549.1.9.16.2.24",
		oid.ArchiveTimestamp:         "1.2.840.113549.1.9.16.2.27",
		oid.ArchiveTimestampV2:       "1.2.840.113549.1.9.16.2.48",
		oid.ArchiveTimestampV3:       "0.4.0.1733.2.4",
		oid.RevocationArchival:       "1.2.840.113583.1.1.8",
		oid.RevocationInfoOCSP:       "1.3.6.1.5.5.7.16.2",
		oid.ProofOfOrigin:            "1.2.840.113549.1.9.16.6.1",
		oid.ProofOfReceipt:           "1.2.840.113549.1.9.16.6.2",
		oid.ProofOfApproval:          "1.2.840.113549.1.9.16.6.5",
		oid.ProofOfCreation:          "1.2.840.113549.1.9.16.6.6",
	} {
		require.Equal(t, want, id.String())
		require.Equal(t, id, oid.FromASN1(id.ASN1()))
	}
}
