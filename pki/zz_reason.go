package pki

const (
	ReasonPurpose  Reason = "purpose"
	ReasonEncoding Reason = "encoding"
	ReasonWeak     Reason = "weak-algorithm"
)
