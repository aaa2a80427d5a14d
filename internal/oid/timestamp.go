package oid

const (
	smime = pkcs + "\x09\x10"                  // 1.2.840.113549.1.9.16
	nist  = "\x60\x86\x48\x01\x65\x03\x04\x02" // 2.16.840.1.101.3.4.2
)

// Timestamps of RFC 3161 and what binds them to their signer (RFC 2634, RFC 5035).
const (
	TSTInfo              ID = smime + "\x01\x04"                 // 1.2.840.113549.1.9.16.1.4
	SigningCertificate   ID = smime + "\x02\x0c"                 // 1.2.840.113549.1.9.16.2.12, attribute, SHA-1
	SigningCertificateV2 ID = smime + "\x02\x2f"                 // 1.2.840.113549.1.9.16.2.47, attribute, any digest
	GMContent            ID = gmCMS                              // 1.2.156.10197.6.1.4.2, above the content types
	AlgorithmProtection  ID = pkcs + "\x09\x34"                  // 1.2.840.113549.1.9.52, attribute of RFC 6211
	PurposeTimestamp     ID = "\x2b\x06\x01\x05\x05\x07\x03\x08" // 1.3.6.1.5.5.7.3.8, extended key usage
)

// Digests.
const (
	MD5    ID = "\x2a\x86\x48\x86\xf7\x0d\x02\x05" // 1.2.840.113549.2.5
	SHA1   ID = "\x2b\x0e\x03\x02\x1a"             // 1.3.14.3.2.26
	SHA224 ID = nist + "\x04"                      // 2.16.840.1.101.3.4.2.4
	SHA256 ID = nist + "\x01"                      // 2.16.840.1.101.3.4.2.1
	SHA384 ID = nist + "\x02"                      // 2.16.840.1.101.3.4.2.2
	SHA512 ID = nist + "\x03"                      // 2.16.840.1.101.3.4.2.3
)
