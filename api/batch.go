package api

// BatchRequest asks for many electronic licences at once, each of a paper that is printed.
type BatchRequest struct {
	Items []BatchItem `json:"items" minItems:"1" maxItems:"1000"`
}

// BatchItem is one of them.
type BatchItem struct {
	IssueRequest

	Key string `json:"key" minLength:"1" maxLength:"128" doc:"what Idempotency-Key is to a single request"`
}

// BatchAnswer is the outcome, item by item in the order of the request. One that is refused does not hold up others.
type BatchAnswer struct {
	Done     int            `json:"done" doc:"items carried out, or found valid with validate=only"`
	Replayed int            `json:"replayed" doc:"items carried out by an earlier request with the same key"`
	Refused  int            `json:"refused"`
	Items    []BatchOutcome `json:"items"`
}

// BatchOutcome is the outcome of one item: exactly what the single request would have been answered.
type BatchOutcome struct {
	Key       string     `json:"key"`
	Status    int        `json:"status" doc:"the HTTP status that the single request would have had"`
	Written   *Written   `json:"written,omitempty"`
	Validated *Validated `json:"validated,omitempty"`
	Problem   *Problem   `json:"problem,omitempty"`
}
