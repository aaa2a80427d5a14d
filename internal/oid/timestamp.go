package oid

const smime = pkcs + "\x09\x10" // 1.2.840.113549.1.9.16

// Timestamps of RFC 3161 and what binds them to their signer (RFC 2634, RFC 5035).
const (
	TSTInfo              ID = smime + "\x01\x04" // 1.2.840.113549.1.9.16.1.4
	SigningCertificate   ID = smime + "\x02\x0c" // 1.2.840.113549.1.9.16.2.12, attribute, SHA-1
	SigningCertificateV2 ID = smime + "\x02\x2f" // 1.2.840.113549.1.9.16.2.47, attribute, any digest
	GMContent            ID = gmCMS              // 1.2.156.10197.6.1.4.2, above the content types
	AlgorithmProtection  ID = pkcs + "\x09\x34"  // 1.2.840.113549.1.9.52, attribute of RFC 6211
)

// MD5 is known by name, to be refused.
const MD5 ID = "\x2a\x86\x48\x86\xf7\x0d\x02\x05" // 1.2.840.113549.2.5
