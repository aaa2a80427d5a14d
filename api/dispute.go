package api

import "time"

// DisputeRequest says that elements of a licence are not right (准确性异议).
type DisputeRequest struct {
	Asked
	Identifier string     `json:"identifier" minLength:"1" maxLength:"200" doc:"电子证照标识"`
	Elements   []Disputed `json:"elements" minItems:"1" maxItems:"50"`
	Reason     string     `json:"reason" minLength:"1" maxLength:"500" doc:"what is wrong, for the department that issued"`
}

// Disputed is one element that is not right.
type Disputed struct {
	Field   string `json:"field" minLength:"1" maxLength:"100"`
	Claimed string `json:"claimed,omitempty" maxLength:"1000" doc:"what it should say"`
}

// Dispute is how a dispute stands.
type Dispute struct {
	ID         string     `json:"id"`
	Identifier string     `json:"identifier" doc:"of the version that was disputed"`
	Version    int        `json:"version"`
	Type       string     `json:"type"`
	Issuer     string     `json:"issuer" doc:"the department that settles it"`
	Elements   []Disputed `json:"elements"`
	Reason     string     `json:"reason"`
	RaisedBy   string     `json:"raisedBy" doc:"the role of who raised it"`
	Case       string     `json:"case,omitempty"`
	Raised     time.Time  `json:"raised"`

	State       string    `json:"state" enum:"open,corrected,rejected"`
	StateZh     string    `json:"stateZh"`
	Settled     time.Time `json:"settled,omitzero"`
	CorrectedBy int       `json:"correctedBy,omitempty" doc:"the version that put it right"`
	Because     string    `json:"because,omitempty" doc:"what the department says to it"`
}

// Disputes are disputes: open ones the oldest first, else the newest first.
type Disputes struct {
	Disputes []Dispute `json:"disputes"`
	More     bool      `json:"more,omitempty" doc:"there are more than limit"`
	Next     string    `json:"next,omitempty" doc:"after of the next page, if there is more"`
}

// Settlement ends a dispute.
type Settlement struct {
	Outcome string `json:"outcome" enum:"corrected,rejected"`
	Version int    `json:"version,omitempty" minimum:"0" doc:"corrected: the licence's version now, in which a disputed element differs"`
	Reason  string `json:"reason,omitempty" maxLength:"500" doc:"rejected: why; told to who raised it"`
}
