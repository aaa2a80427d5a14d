package api

import "time"

// PagePath is where the page of a QR code is, beside the interface: its token stands behind it.
const PagePath = "/v/"

// PublicState is all that the bearer of a licence's QR code learns.
type PublicState struct {
	State   string    `json:"state"`
	StateZh string    `json:"stateZh"`
	Version int       `json:"version" doc:"in force or last in force: a printed page of another version is out of date"`
	At      time.Time `json:"at" doc:"when this was so"`
}

// PublicVerdict is all that anybody learns of a file that he holds.
type PublicVerdict struct {
	Decision   string    `json:"decision" enum:"accept,return,recheck"`
	Headline   string    `json:"headline" doc:"the decision in Chinese and English, with the time of another attempt"`
	ReasonZh   string    `json:"reasonZh,omitempty"`
	ReasonEn   string    `json:"reasonEn,omitempty"`
	Indication string    `json:"indication" doc:"of ETSI EN 319 102-1"`
	Because    string    `json:"because,omitempty" doc:"the check that decided, of docs/verify.md"`
	Kind       string    `json:"kind" doc:"what the file was taken for"`
	JudgedAt   time.Time `json:"judgedAt"`
	Policy     string    `json:"policy" doc:"version of the rules by which it was judged"`
}

// CheckedReceipt is the judgement on a receipt, with what it says: who asked when for which case, and what was
// answered.
type CheckedReceipt struct {
	PublicVerdict

	Facts []ReceiptFact `json:"facts"`
}

// ReceiptFact is one thing that a receipt says.
type ReceiptFact struct {
	Name   string `json:"name"`
	Value  string `json:"value"`
	Proven bool   `json:"proven" doc:"by the signature; else it is only claimed"`
}
