package oid

const (
	ansi962  = "\x2a\x86\x48\xce\x3d"             // 1.2.840.10045
	pkcs1    = pkcs + "\x01"                      // 1.2.840.113549.1.1
	nistHash = "\x60\x86\x48\x01\x65\x03\x04\x02" // 2.16.840.1.101.3.4.2
	pkix     = "\x2b\x06\x01\x05\x05\x07"         // 1.3.6.1.5.5.7
	idAT     = "\x55\x04"                         // 2.5.4
)

// Public keys and curves of X.509 beside SM2.
const (
	RSA        ID = pkcs1 + "\x01"           // 1.2.840.113549.1.1.1
	RSAPSS     ID = pkcs1 + "\x0a"           // 1.2.840.113549.1.1.10, of a key and of a signature
	PrimeField ID = ansi962 + "\x01\x01"     // 1.2.840.10045.1.1
	CurveP256  ID = ansi962 + "\x03\x01\x07" // 1.2.840.10045.3.1.7
	CurveP384  ID = "\x2b\x81\x04\x00\x22"   // 1.3.132.0.34
	CurveP521  ID = "\x2b\x81\x04\x00\x23"   // 1.3.132.0.35
)

// Signature algorithms beside SM2 with SM3.
const (
	RSAWithMD5      ID = pkcs1 + "\x04"           // 1.2.840.113549.1.1.4
	RSAWithSHA1     ID = pkcs1 + "\x05"           // 1.2.840.113549.1.1.5
	RSAWithSHA1Old  ID = "\x2b\x0e\x03\x02\x1d"   // 1.3.14.3.2.29
	RSAWithSHA256   ID = pkcs1 + "\x0b"           // 1.2.840.113549.1.1.11
	RSAWithSHA384   ID = pkcs1 + "\x0c"           // 1.2.840.113549.1.1.12
	RSAWithSHA512   ID = pkcs1 + "\x0d"           // 1.2.840.113549.1.1.13
	RSAWithSHA224   ID = pkcs1 + "\x0e"           // 1.2.840.113549.1.1.14
	ECDSAWithSHA1   ID = ansi962 + "\x04\x01"     // 1.2.840.10045.4.1
	ECDSAWithSHA224 ID = ansi962 + "\x04\x03\x01" // 1.2.840.10045.4.3.1
	ECDSAWithSHA256 ID = ansi962 + "\x04\x03\x02" // 1.2.840.10045.4.3.2
	ECDSAWithSHA384 ID = ansi962 + "\x04\x03\x03" // 1.2.840.10045.4.3.3
	ECDSAWithSHA512 ID = ansi962 + "\x04\x03\x04" // 1.2.840.10045.4.3.4
)

// Hashes and the mask generation that RSASSA-PSS names (RFC 4055).
const (
	MGF1   ID = pkcs1 + "\x08"         // 1.2.840.113549.1.1.8
	SHA1   ID = "\x2b\x0e\x03\x02\x1a" // 1.3.14.3.2.26
	SHA256 ID = nistHash + "\x01"      // 2.16.840.1.101.3.4.2.1
	SHA384 ID = nistHash + "\x02"      // 2.16.840.1.101.3.4.2.2
	SHA512 ID = nistHash + "\x03"      // 2.16.840.1.101.3.4.2.3
	SHA224 ID = nistHash + "\x04"      // 2.16.840.1.101.3.4.2.4
)

// Certificate extensions of RFC 5280 beyond those of the profile, and of RFC 6960.
const (
	SubjectAltName       ID = idCE + "\x11"         // 2.5.29.17
	IssuerAltName        ID = idCE + "\x12"         // 2.5.29.18
	NameConstraints      ID = idCE + "\x1e"         // 2.5.29.30
	CRLDistribution      ID = idCE + "\x1f"         // 2.5.29.31
	CertificatePolicies  ID = idCE + "\x20"         // 2.5.29.32
	AnyPolicy            ID = idCE + "\x20\x00"     // 2.5.29.32.0
	PolicyMappings       ID = idCE + "\x21"         // 2.5.29.33
	PolicyConstraints    ID = idCE + "\x24"         // 2.5.29.36
	ExtKeyUsage          ID = idCE + "\x25"         // 2.5.29.37
	AnyExtKeyUsage       ID = idCE + "\x25\x00"     // 2.5.29.37.0
	FreshestCRL          ID = idCE + "\x2e"         // 2.5.29.46
	InhibitAnyPolicy     ID = idCE + "\x36"         // 2.5.29.54
	AuthorityInfo        ID = pkix + "\x01\x01"     // 1.3.6.1.5.5.7.1.1
	OCSPNoCheck          ID = pkix + "\x30\x01\x05" // 1.3.6.1.5.5.7.48.1.5
	AccessOCSP           ID = pkix + "\x30\x01"     // 1.3.6.1.5.5.7.48.1
	AccessIssuers        ID = pkix + "\x30\x02"     // 1.3.6.1.5.5.7.48.2
	PolicyCPS            ID = pkix + "\x02\x01"     // 1.3.6.1.5.5.7.2.1
	PolicyNotice         ID = pkix + "\x02\x02"     // 1.3.6.1.5.5.7.2.2
	PurposeServerAuth    ID = pkix + "\x03\x01"     // 1.3.6.1.5.5.7.3.1
	PurposeClientAuth    ID = pkix + "\x03\x02"     // 1.3.6.1.5.5.7.3.2
	PurposeCodeSigning   ID = pkix + "\x03\x03"     // 1.3.6.1.5.5.7.3.3
	PurposeEmail         ID = pkix + "\x03\x04"     // 1.3.6.1.5.5.7.3.4
	PurposeTimestamp     ID = pkix + "\x03\x08"     // 1.3.6.1.5.5.7.3.8
	PurposeOCSPSigning   ID = pkix + "\x03\x09"     // 1.3.6.1.5.5.7.3.9
	EmbeddedSCTs         ID = ct + "\x02"           // 1.3.6.1.4.1.11129.2.4.2
	Poison               ID = ct + "\x03"           // 1.3.6.1.4.1.11129.2.4.3
	ct                      = "\x2b\x06\x01\x04\x01\xd6\x79\x02\x04"
	SubjectDirAttributes ID = idCE + "\x09" // 2.5.29.9
)

// Name attributes beside those of the profile.
const (
	Surname          ID = idAT + "\x04"                              // 2.5.4.4
	SerialNumber     ID = idAT + "\x05"                              // 2.5.4.5
	Street           ID = idAT + "\x09"                              // 2.5.4.9
	Title            ID = idAT + "\x0c"                              // 2.5.4.12
	PostalCode       ID = idAT + "\x11"                              // 2.5.4.17
	NameAttribute    ID = idAT + "\x29"                              // 2.5.4.41
	GivenName        ID = idAT + "\x2a"                              // 2.5.4.42
	UniqueIdentifier ID = idAT + "\x2d"                              // 2.5.4.45
	DNQualifier      ID = idAT + "\x2e"                              // 2.5.4.46
	EmailAddress     ID = pkcs + "\x09\x01"                          // 1.2.840.113549.1.9.1
	DomainComponent  ID = "\x09\x92\x26\x89\x93\xf2\x2c\x64\x01\x19" // 0.9.2342.19200300.100.1.25
	UserID           ID = "\x09\x92\x26\x89\x93\xf2\x2c\x64\x01\x01" // 0.9.2342.19200300.100.1.1
)

const (
	cnCert = "\x2a\x81\x1c\xd0\x14\x04" // 1.2.156.10260.4
	cnOld  = "\x2a\x56\x0b\x07"         // 1.2.86.11.7
	cnEGov = "\x2a\x81\x1c\x0b\x07"     // 1.2.156.11.7
)

// Identity extensions of GB/T 20518 and GM/T 0015, of their forerunners, and of authorities in use. OrganizationCode
// stands with the profile.
const (
	IdentifyCode        ID = cnExt + "\x01"                     // 1.2.156.10260.4.1.1, 个人身份标识码
	IdentifyCard        ID = cnExt + "\x01\x01"                 // 1.2.156.10260.4.1.1.1, of GM/T 0015-2023
	IdentifyPassport    ID = cnExt + "\x01\x02"                 // 1.2.156.10260.4.1.1.2, of GM/T 0015-2023
	InsuranceNumber     ID = cnExt + "\x02"                     // 1.2.156.10260.4.1.2, 个人社会保险号
	RegistrationNumber  ID = cnExt + "\x03"                     // 1.2.156.10260.4.1.3, 企业工商注册号
	TaxNumber           ID = cnExt + "\x05"                     // 1.2.156.10260.4.1.5, 企业税号
	CreditCode          ID = cnCert + "\x04"                    // 1.2.156.10260.4.4, 统一社会信用代码
	CreditCodeLong      ID = cnCert + "\x04\x04"                // 1.2.156.10260.4.4.4, the same in another reading
	OldIdentify         ID = cnOld + "\x01"                     // 1.2.86.11.7.1
	OldRegistration     ID = cnOld + "\x03"                     // 1.2.86.11.7.3
	OldOrganization     ID = cnOld + "\x04"                     // 1.2.86.11.7.4
	OldTax              ID = cnOld + "\x05"                     // 1.2.86.11.7.5
	EGovIdentify        ID = cnEGov + "\x01"                    // 1.2.156.11.7.1
	EGovInsurance       ID = cnEGov + "\x02"                    // 1.2.156.11.7.2
	EGovOrganization    ID = cnEGov + "\x03"                    // 1.2.156.11.7.3
	EGovRegistration    ID = cnEGov + "\x04"                    // 1.2.156.11.7.4
	EGovTax             ID = cnEGov + "\x05"                    // 1.2.156.11.7.5
	HealthIdentifier    ID = "\x2a\x56\x15\x01\x01"             // 1.2.86.21.1.1, 卫生系统证书实体唯一标识
	FujianCertificateID ID = "\x2a\x81\x1c\x86\xef\x42\x01"     // 1.2.156.112578.1, 福建CA证书编码
	OldKeyIdentifier    ID = idCE + "\x01"                      // 2.5.29.1, withdrawn; one authority keeps a code there
	BeijingPrivate      ID = "\x2a\x81\x1c\x86\xef\x32\x02\x01" // 1.2.156.112562.2.1, arc of one authority
)
