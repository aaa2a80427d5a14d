package oid

// Content types beside SignedData.
const (
	GMEnvelopedData          ID = gmCMS + "\x03"     // 1.2.156.10197.6.1.4.2.3, 数字信封
	GMSignedAndEnvelopedData ID = gmCMS + "\x04"     // 1.2.156.10197.6.1.4.2.4, known by name, to be refused
	EnvelopedData            ID = pkcs + "\x07\x03"  // 1.2.840.113549.1.7.3
	AuthEnvelopedData        ID = smime + "\x01\x17" // 1.2.840.113549.1.9.16.1.23, RFC 5083
)

// Algorithms of envelopes.
const (
	SM2Encrypt    ID = gm + "\x01\x82\x2d\x03"         // 1.2.156.10197.1.301.3
	SM2EncryptSM3 ID = gm + "\x01\x82\x2d\x03\x02\x01" // 1.2.156.10197.1.301.3.2.1, one library's name for it
	SM2EncryptOld ID = gmOld + "\x01\x82\x2d\x03"      // 1.2.156.197.1.301.3
	SM4GCM        ID = gm + "\x01\x68\x08"             // 1.2.156.10197.1.104.8
)

// Attributes of RFC 5652, of RFC 5126 and ETSI EN 319 122-1 (CAdES), and what is found in their place.
const (
	Countersignature   ID = pkcs + "\x09\x06"                      // 1.2.840.113549.1.9.6
	SignatureTimestamp ID = smime + "\x02\x0e"                     // 1.2.840.113549.1.9.16.2.14
	SignaturePolicy    ID = smime + "\x02\x0f"                     // 1.2.840.113549.1.9.16.2.15
	CommitmentType     ID = smime + "\x02\x10"                     // 1.2.840.113549.1.9.16.2.16
	ContentTimestamp   ID = smime + "\x02\x14"                     // 1.2.840.113549.1.9.16.2.20
	CertificateRefs    ID = smime + "\x02\x15"                     // 1.2.840.113549.1.9.16.2.21
	RevocationRefs     ID = smime + "\x02\x16"                     // 1.2.840.113549.1.9.16.2.22
	CertificateValues  ID = smime + "\x02\x17"                     // 1.2.840.113549.1.9.16.2.23
	RevocationValues   ID = smime + "\x02\x18"                     // 1.2.840.113549.1.9.16.2.24
	ArchiveTimestamp   ID = smime + "\x02\x1b"                     // 1.2.840.113549.1.9.16.2.27
	ArchiveTimestampV2 ID = smime + "\x02\x30"                     // 1.2.840.113549.1.9.16.2.48
	ArchiveTimestampV3 ID = "\x04\x00\x8d\x45\x02\x04"             // 0.4.0.1733.2.4
	RevocationArchival ID = "\x2a\x86\x48\x86\xf7\x2f\x01\x01\x08" // 1.2.840.113583.1.1.8, of signed PDF
	RevocationInfoOCSP ID = pkix + "\x10\x02"                      // 1.3.6.1.5.5.7.16.2, RFC 5940
)

// Commitment types (承诺类型), ETSI EN 319 122-1, 5.2.3.
const (
	ProofOfOrigin   ID = smime + "\x06\x01" // 1.2.840.113549.1.9.16.6.1
	ProofOfReceipt  ID = smime + "\x06\x02" // 1.2.840.113549.1.9.16.6.2
	ProofOfApproval ID = smime + "\x06\x05" // 1.2.840.113549.1.9.16.6.5
	ProofOfCreation ID = smime + "\x06\x06" // 1.2.840.113549.1.9.16.6.6
)
