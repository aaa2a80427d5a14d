package pki

// Cause is why a certificate was revoked: the CRLReason of RFC 5280, 5.3.1. Zero is unspecified.
type Cause uint8

// Causes. removeFromCRL is what a delta CRL says of a certificate that came back; nobody revokes with it.
const (
	CauseUnspecified          Cause = 0
	CauseKeyCompromise        Cause = 1
	CauseCACompromise         Cause = 2
	CauseAffiliationChanged   Cause = 3
	CauseSuperseded           Cause = 4
	CauseCessationOfOperation Cause = 5
	CauseCertificateHold      Cause = 6
	CauseRemoveFromCRL        Cause = 8
	CausePrivilegeWithdrawn   Cause = 9
	CauseAACompromise         Cause = 10
)

var causeNames = [...]string{
	CauseUnspecified: "unspecified", CauseKeyCompromise: "keyCompromise", CauseCACompromise: "cACompromise",
	CauseAffiliationChanged: "affiliationChanged", CauseSuperseded: "superseded",
	CauseCessationOfOperation: "cessationOfOperation", CauseCertificateHold: "certificateHold",
	CauseRemoveFromCRL: "removeFromCRL", CausePrivilegeWithdrawn: "privilegeWithdrawn",
	CauseAACompromise: "aACompromise",
}

// String is the name that RFC 5280 gives it.
func (c Cause) String() string {
	if c.valid() {
		return causeNames[c]
	}
	return "invalid"
}

// valid tells whether c is one of the named values; 7 is not used.
func (c Cause) valid() bool { return int(c) < len(causeNames) && causeNames[c] != "" }

// AllReasons is every reason by which CRLs can be divided among each other; bit 0 means nothing.
const AllReasons ReasonFlags = 0x1fe

const holdFlag ReasonFlags = 1 << 6 // certificateHold

// orAll gives absent flags the meaning that they have.
func (f ReasonFlags) orAll() ReasonFlags {
	if f == 0 {
		return AllReasons
	}
	return f & AllReasons
}
