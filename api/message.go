package api

import "time"

// MessageTrail is everything in this vault that belongs to a message: what it asked for, as the audit has it, and what
// happened by it. A licence that was taken over from another vault brings its events; what was asked there stands in
// that vault's audit.
type MessageTrail struct {
	Message string         `json:"message" doc:"id of the message: trace-id of W3C Trace Context"`
	Entries []MessageEntry `json:"entries" doc:"of the audit, the oldest first"`
	Events  []Event        `json:"events" doc:"of licences; without their place in the feed"`
	More    bool           `json:"more,omitempty" doc:"there is more than is told"`
}

// MessageEntry is an entry of the audit.
type MessageEntry struct {
	Number     int       `json:"number"`
	Time       time.Time `json:"time"`
	Act        string    `json:"act"`
	Result     string    `json:"result" doc:"done, or the code of the refusal"`
	Caller     string    `json:"caller"`
	Clerk      string    `json:"clerk,omitempty" doc:"who acted behind the caller, by a name of his department's"`
	Purpose    string    `json:"purpose"`
	Item       string    `json:"item,omitempty"`
	Case       string    `json:"case,omitempty"`
	Ground     string    `json:"ground"`
	Basis      string    `json:"basis,omitempty"`
	Type       string    `json:"type,omitempty"`
	Identifier string    `json:"identifier,omitempty" doc:"电子证照标识"`
	Batch      string    `json:"batch,omitempty"`
	Object     string    `json:"object,omitempty" doc:"what else was acted on"`
	Change     string    `json:"change,omitempty" doc:"what became of it"`
	Reason     string    `json:"reason,omitempty"`
	Count      int       `json:"count,omitempty" doc:"licences concerned, when more than one"`
}
