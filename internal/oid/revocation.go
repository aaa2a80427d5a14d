package oid

const pkixOCSP = "\x2b\x06\x01\x05\x05\x07\x30\x01" // 1.3.6.1.5.5.7.48.1

// Extensions of CRLs and their entries, RFC 5280 section 5.
const (
	CRLNumber                ID = idCE + "\x14" // 2.5.29.20
	CRLReason                ID = idCE + "\x15" // 2.5.29.21
	HoldInstruction          ID = idCE + "\x17" // 2.5.29.23, withdrawn
	InvalidityDate           ID = idCE + "\x18" // 2.5.29.24
	DeltaCRLIndicator        ID = idCE + "\x1b" // 2.5.29.27
	IssuingDistributionPoint ID = idCE + "\x1c" // 2.5.29.28
	CertificateIssuer        ID = idCE + "\x1d" // 2.5.29.29
	ExpiredCertsOnCRL        ID = idCE + "\x3c" // 2.5.29.60, X.509 (2016) 9.5.2.8
)

// Response type and extensions of OCSP, RFC 6960 section 4.4.
const (
	OCSPBasic          ID = pkixOCSP + "\x01" // 1.3.6.1.5.5.7.48.1.1
	OCSPNonce          ID = pkixOCSP + "\x02" // 1.3.6.1.5.5.7.48.1.2
	OCSPCRLReference   ID = pkixOCSP + "\x03" // 1.3.6.1.5.5.7.48.1.3
	OCSPAcceptable     ID = pkixOCSP + "\x04" // 1.3.6.1.5.5.7.48.1.4
	OCSPArchiveCutoff  ID = pkixOCSP + "\x06" // 1.3.6.1.5.5.7.48.1.6
	OCSPServiceLocator ID = pkixOCSP + "\x07" // 1.3.6.1.5.5.7.48.1.7
	OCSPPreferred      ID = pkixOCSP + "\x08" // 1.3.6.1.5.5.7.48.1.8
	OCSPExtendedRevoke ID = pkixOCSP + "\x09" // 1.3.6.1.5.5.7.48.1.9
)
