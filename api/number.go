package api

// NumberList is a page of the numbers (编号台账) that the vault allocated for a type of a department.
type NumberList struct {
	Numbers []NumberUse `json:"numbers"`
	Next    string      `json:"next,omitempty" doc:"after, for the next page"`
}

// NumberUse explains one number, or a run of numbers that a restored vault passed over.
type NumberUse struct {
	Series     string `json:"series" doc:"the sequence that it belongs to"`
	Sequence   uint64 `json:"sequence" doc:"place in its series, from 1"`
	Through    uint64 `json:"through,omitempty" doc:"last place of a run that was passed over"`
	Number     string `json:"number,omitempty" doc:"absent where it was voided or passed over"`
	Identifier string `json:"identifier,omitempty"`
	State      string `json:"state,omitempty"`
	StateZh    string `json:"stateZh,omitempty"`
	Reason     string `json:"reason,omitempty" doc:"why it was voided or passed over"`
}
