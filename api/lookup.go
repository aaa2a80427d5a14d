package api

import "github.com/elicense/elicense/vault/record"

// LookupRequest finds licences. One of identifier; type and number; issuer and type;
// holder; batch must be given.
type LookupRequest struct {
	Asked
	Identifier string   `json:"identifier,omitempty" maxLength:"200"`
	Type       string   `json:"type,omitempty" maxLength:"64"`
	Number     string   `json:"number,omitempty" maxLength:"200"`
	Issuer     string   `json:"issuer,omitempty" maxLength:"18"`
	Holder     *Holder  `json:"holder,omitempty"`
	Batch      string   `json:"batch,omitempty" maxLength:"64" doc:"conversion that brought them, once it is signed off"`
	Fields     []string `json:"fields,omitempty" maxItems:"100" doc:"the elements to show, or * alone for all on the face; none if absent"`
	Limit      int      `json:"limit,omitempty" minimum:"0" maximum:"500" doc:"most licences in an answer; 50 if absent"`
	Cursor     string   `json:"cursor,omitempty" maxLength:"512" doc:"next of the page before"`
	Receipt    bool     `json:"receipt,omitempty" doc:"sign a receipt; for a single licence"`
}

// Holder names a holder (持证主体).
type Holder struct {
	Kind string `json:"kind,omitempty" maxLength:"3" doc:"持证主体代码类型代码 of GB/T 36903; told by the code if empty"`
	Code string `json:"code" maxLength:"64"`
}

// LookupAnswer is what was found. Nothing found always says what that means.
type LookupAnswer struct {
	Licences []Licence `json:"licences"`
	Next     string    `json:"next,omitempty" doc:"cursor of the next page"`
	Absence  string    `json:"absence,omitempty" doc:"never-issued, not-converted or source-silent, if nothing was found"`
	Receipt  *Receipt  `json:"receipt,omitempty"`
}

// Receipt is a signed statement of the vault that can stand in a case file. Dropped into the verifier, as JSON, it is
// verified.
type Receipt struct {
	Raw        []byte              `json:"raw"`
	Signature  []byte              `json:"signature"`
	Opens      []record.Disclosure `json:"opens,omitempty"`
	Checkpoint []byte              `json:"checkpoint,omitempty"`
}

// ComparisonRequest holds what an applicant says against the vault.
type ComparisonRequest struct {
	Asked
	Comparison
}

// Comparison is one licence and what an applicant says of it.
type Comparison struct {
	Identifier string            `json:"identifier,omitempty" maxLength:"200"`
	Type       string            `json:"type,omitempty" maxLength:"64"`
	Number     string            `json:"number,omitempty" maxLength:"200"`
	Issuer     string            `json:"issuer,omitempty" maxLength:"18"`
	Holder     *Holder           `json:"holder,omitempty"`
	Claims     map[string]string `json:"claims" doc:"what the applicant says, by short name"`
}

// ComparisonAnswer is the judgement, with the receipt that proves it.
type ComparisonAnswer struct {
	Result     string         `json:"result" doc:"matched, different, missing, or why nothing was found"`
	Identifier string         `json:"identifier,omitempty"`
	State      string         `json:"state,omitempty"`
	StateZh    string         `json:"stateZh,omitempty"`
	SourceTime string         `json:"sourceTime,omitempty"`
	Fields     []FieldVerdict `json:"fields,omitempty"`
	Receipt    *Receipt       `json:"receipt,omitempty"`
}

// FieldVerdict is the judgement on one element.
type FieldVerdict struct {
	Field     string   `json:"field"`
	Label     string   `json:"label"`
	Verdict   string   `json:"verdict" doc:"equal, different or missing"`
	VerdictZh string   `json:"verdictZh" doc:"一致, 不一致 or 缺失"`
	Rules     []string `json:"rules,omitempty" doc:"normalisations that decided it"`
}
