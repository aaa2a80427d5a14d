package oid_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/oid"
)

func TestDottedFormsOfX509(t *testing.T) {
	for id, want := range map[oid.ID]string{
		oid.PrimeField:           "1.2.840.10045.1.1",
		oid.RSA:                  "1.2.840.113549.1.1.1",
		oid.RSAPSS:               "1.2.840.113549.1.1.10",
		oid.CurveP256:            "1.2.840.10045.3.1.7",
		oid.CurveP384:            "1.3.132.0.34",
		oid.CurveP521:            "1.3.132.0.35",
		oid.RSAWithMD5:           "1.2.840.113549.1.1.4",
		oid.RSAWithSHA1:          "1.2.840.113549.1.1.5",
		oid.RSAWithSHA1Old:       "1.3.14.3.2.29",
		oid.RSAWithSHA256:        "1.2.840.113549.1.1.11",
		oid.RSAWithSHA384:        "1.2.840.113549.1.1.12",
		oid.RSAWithSHA512:        "1.2.840.113549.1.1.13",
		oid.RSAWithSHA224:        "1.2.840.113549.1.1.14",
		oid.ECDSAWithSHA1:        "1.2.840.10045.4.1",
		oid.ECDSAWithSHA224:      "1.2.840.10045.4.3.1",
		oid.ECDSAWithSHA256:      "1.2.840.10045.4.3.2",
		oid.ECDSAWithSHA384:      "1.2.840.10045.4.3.3",
		oid.ECDSAWithSHA512:      "1.2.840.10045.4.3.4",
		oid.MGF1:                 "1.2.840.113549.1.1.8",
		oid.SHA1:                 "1.3.14.3.2.26",
		oid.SHA256:               "2.16.840.1.101.3.4.2.1",
		oid.SHA384:               "2.16.840.1.101.3.4.2.2",
		oid.SHA512:               "2.16.840.1.101.3.4.2.3",
		oid.SHA224:               "2.16.840.1.101.3.4.2.4",
		oid.SubjectAltName:       "2.5.29.17",
		oid.IssuerAltName:        "2.5.29.18",
		oid.NameConstraints:      "2.5.29.30",
		oid.CRLDistribution:      "2.5.29.31",
		oid.CertificatePolicies:  "2.5.29.32",
		oid.AnyPolicy:            "2.5.29.32.0",
		oid.PolicyMappings:       "2.5.29.33",
		oid.PolicyConstraints:    "2.5.29.36",
		oid.ExtKeyUsage:          "2.5.29.37",
		oid.AnyExtKeyUsage:       "2.5.29.37.0",
		oid.FreshestCRL:          "2.5.29.46",
		oid.InhibitAnyPolicy:     "2.5.29.54",
		oid.AuthorityInfo:        "1.3.6.1.5.5.7.1.1",
		oid.OCSPNoCheck:          "1.3.6.1.5.5.7.48.1.5",
		oid.AccessOCSP:           "1.3.6.1.5.5.7.48.1",
		oid.AccessIssuers:        "1.3.6.1.5.5.7.48.2",
		oid.PolicyCPS:            "1.3.6.1.5.5.7.2.1",
		oid.PolicyNotice:         "1.3.6.1.5.5.7.2.2",
		oid.PurposeServerAuth:    "1.3.6.1.5.5.7.3.1",
		oid.PurposeClientAuth:    "1.3.6.1.5.5.7.3.2",
		oid.PurposeCodeSigning:   "1.3.6.1.5.5.7.3.3",
		oid.PurposeEmail:         "1.3.6.1.5.5.7.3.4",
		oid.PurposeTimestamp:     "1.3.6.1.5.5.7.3.8",
		oid.PurposeOCSPSigning:   "1.3.6.1.5.5.7.3.9",
		oid.EmbeddedSCTs:         "1.3.6.1.4.1.11129.2.4.2",
		oid.Poison:               "1.3.6.1.4.1.11129.2.4.3",
		oid.SubjectDirAttributes: "2.5.29.9",
		oid.Surname:              "2.5.4.4",
		oid.SerialNumber:         "2.5.4.5",
		oid.Street:               "2.5.4.9",
		oid.Title:                "2.5.4.12",
		oid.PostalCode:           "2.5.4.17",
		oid.NameAttribute:        "2.5.4.41",
		oid.GivenName:            "2.5.4.42",
		oid.UniqueIdentifier:     "2.5.4.45",
		oid.DNQualifier:          "2.5.4.46",
		oid.EmailAddress:         "1.2.840.113549.1.9.1",
		oid.DomainComponent:      "0.9.2342.19200300.100.1.25",
		oid.UserID:               "0.9.2342.19200300.100.1.1",
		oid.IdentifyCode:         "1.2.156.10260.4.1.1",
		oid.IdentifyCard:         "1.2.156.10260.4.1.1.1",
		oid.IdentifyPassport:     "1.2.156.10260.4.1.1.2",
		oid.InsuranceNumber:      "1.2.156.10260.4.1.2",
		oid.RegistrationNumber:   "1.2.156.10260.4.1.3",
		oid.TaxNumber:            "1.2.156.10260.4.1.5",
		oid.CreditCode:           "1.2.156.10260.4.4",
		oid.CreditCodeLong:       "1.2.156.10260.4.4.4",
		oid.OldIdentify:          "1.2.86.11.7.1",
		oid.OldRegistration:      "1.2.86.11.7.3",
		oid.OldOrganization:      "1.2.86.11.7.4",
		oid.OldTax:               "1.2.86.11.7.5",
		oid.EGovIdentify:         "1.2.156.11.7.1",
		oid.EGovInsurance:        "1.2.156.11.7.2",
		oid.EGovOrganization:     "1.2.156.11.7.3",
		oid.EGovRegistration:     "1.2.156.11.7.4",
		oid.EGovTax:              "1.2.156.11.7.5",
		oid.HealthIdentifier:     "1.2.86.21.1.1",
		oid.FujianCertificateID:  "1.2.156.112578.1",
		oid.OldKeyIdentifier:     "2.5.29.1",
		oid.BeijingPrivate:       "1.2.156.112562.2.1",
	} {
		require.Equal(t, want, id.String())
		require.Equal(t, id, oid.FromASN1(id.ASN1()))
	}
}

func TestParse(t *testing.T) {
	id, err := oid.Parse("2.5.29.32.0")
	require.NoError(t, err)
	require.Equal(t, oid.AnyPolicy, id)
	for _, bad := range []string{"", "1", "1.2.", "1.+2.3", "1.02.3", "3.1.2", "1.40.1", "x"} {
		id, err := oid.Parse(bad)
		require.ErrorIs(t, err, oid.ErrDotted, bad)
		require.Empty(t, id)
	}
}
