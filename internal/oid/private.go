package oid

// Private is the arc of everything this project had to name by itself. It lies under the enterprise number that RFC
// 5612 keeps for documentation, since none was assigned: an authority that goes into service under an arc of its own
// changes this line, and certificates issued before it keep their meaning only where the old arc is still read.
//
//	Private.1  purposes (extended key usage)
//	Private.2  extensions
//	Private.3  certificate policies
const Private = "\x2b\x06\x01\x04\x01\x81\xfd\x59\x23" // 1.3.6.1.4.1.32473.35

// Purposes of keys that no public list names. A verifier demands them by name.
const (
	PurposeApprovalSeal ID = Private + "\x01\x01" // seals as 行政审批专用章 of the department in the certificate
	PurposeSealMaker    ID = Private + "\x01\x02" // makes seals, 制章人
	PurposeVault        ID = Private + "\x01\x03" // signs a vault's receipts, checkpoints and reports
)

// Extensions.
const (
	// IssuedPlaces stands in a full CRL: INTEGER, how many places of the issuer's issuance log were given out when it
	// was signed. Not critical.
	IssuedPlaces ID = Private + "\x02\x01"
)

// Certificate policies: how the holder was proven.
const (
	PolicyWindow  ID = Private + "\x03\x01" // face to face at a window, documents seen
	PolicySystem  ID = Private + "\x03\x02" // a system of the authority or of a department, by its officers
	PolicyAccount ID = Private + "\x03\x03" // through an account or a token
)

// TimestampPolicy is what the authority's timestamps promise: a clock that was checked, and an accuracy of a second.
const TimestampPolicy ID = Private + "\x03\x04"
