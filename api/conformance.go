package api

import (
	"slices"
	"time"
)

// ConformanceMediaType is what a certificate of conformance says it is.
const ConformanceMediaType = "application/vnd.elicense.conformance.v1+json"

// ConformanceReport is what a caller's run of a department's day (elicense conformance) found, in the caller's words.
type ConformanceReport struct {
	Run        string            `json:"run" pattern:"^[0-9a-f]{32}$" doc:"drawn by the run; stands in papers and cases"`
	Caller     string            `json:"caller" maxLength:"64" doc:"as registered in the vault"`
	Department string            `json:"department" maxLength:"18" doc:"统一社会信用代码"`
	Type       string            `json:"type" maxLength:"64" doc:"licence type that it was done with"`
	Started    time.Time         `json:"started"`
	Finished   time.Time         `json:"finished"`
	Passed     bool              `json:"passed" doc:"every step that must pass has passed"`
	Steps      []ConformanceStep `json:"steps" maxItems:"100"`
	// Licences are what was written, and Disputes the ids of what was disputed and settled, for the service to hold
	// against its own records.
	Licences []ConformanceLicence `json:"licences" maxItems:"100"`
	Disputes []string             `json:"disputes" maxItems:"10"`
}

// Outcomes of a step.
const (
	ConformancePassed  = "passed"
	ConformanceFailed  = "failed"
	ConformanceSkipped = "skipped" // could not be tried; Found says why
)

// ConformanceStep is one thing that was tried.
type ConformanceStep struct {
	ID       string   `json:"id" maxLength:"64" doc:"stable name"`
	Rows     []string `json:"rows" maxItems:"20" doc:"what it proves: rows of docs/requirements.md"`
	Habit    string   `json:"habit,omitempty" maxLength:"64" doc:"of a department, D1.1 to D1.10"`
	Zh       string   `json:"zh" maxLength:"400"`
	En       string   `json:"en" maxLength:"400"`
	Outcome  string   `json:"outcome" enum:"passed,failed,skipped"`
	Expected string   `json:"expected" maxLength:"1000"`
	Found    string   `json:"found,omitempty" maxLength:"4000" doc:"where it is not what was expected"`
	Millis   int64    `json:"millis"`
}

// ConformanceLicence is a licence that the run wrote.
type ConformanceLicence struct {
	Part       string `json:"part" maxLength:"64" doc:"what it was made for"`
	Identifier string `json:"identifier" maxLength:"200" doc:"电子证照标识, of any version"`
}

// ConformanceCertificate is what the service signs (接入符合性证书): the report of the caller, and what the service's own
// records say of it.
type ConformanceCertificate struct {
	MediaType string               `json:"mediaType"`
	Service   string               `json:"service" doc:"name of the vault"`
	Sandbox   bool                 `json:"sandbox"`
	Issued    time.Time            `json:"issued"`
	Report    ConformanceReport    `json:"report" doc:"by the word of the caller"`
	Recorded  []ConformanceHistory `json:"recorded" doc:"by the records of the service"`
	Disputes  []ConformanceDispute `json:"disputes" doc:"by the records of the service"`
	Proven    []string             `json:"proven" doc:"by what the caller proved itself as it handed the report in"`
}

// ConformanceDispute is what the service's own records say of a dispute of the run.
type ConformanceDispute struct {
	ID         string `json:"id"`
	Identifier string `json:"identifier" doc:"电子证照标识"`
	State      string `json:"state" doc:"corrected or rejected, by the caller within the time of the run"`
}

// ConformanceProofs are by what a system must prove itself when it hands its report in, both at once: the certificate
// of the connection, and the signature on the message.
func ConformanceProofs() []string { return []string{"mtls", "signature"} }

// ConformanceOutcomes are the ends of disputes that every run brings about, in order.
func ConformanceOutcomes() []string { return []string{"rejected", "corrected"} }

// ConformanceHistory is what the service's own records say of a licence of the run.
type ConformanceHistory struct {
	ConformanceLicence

	Events []string `json:"events" doc:"kinds, in order, all by the caller within the time of the run"`
}

// ConformancePass is a certificate with its signature.
type ConformancePass struct {
	Certificate []byte `json:"certificate" doc:"a ConformanceCertificate as JSON, byte for byte as it was signed"`
	Signature   []byte `json:"signature" doc:"detached GB/T 35275 SignedData by the service"`
}

// ConformancePart is a licence that a run writes, and what must have happened to it by the end.
type ConformancePart struct {
	Part     string
	Events   []string // kinds in order; those of documents, which follow by themselves, left out
	Outright bool     // issued in one: it is reserved in passing only where the vault makes the number
}

// Holds reports whether these are the kinds of the events of the part.
func (p *ConformancePart) Holds(events []string) bool {
	return slices.Equal(events, p.Events) || p.Outright && slices.Equal(events, p.Events[1:])
}

// ConformanceDisputed is the part that is disputed.
const ConformanceDisputed = "disputed"

// ConformanceParts are the licences that every run writes.
func ConformanceParts() []ConformancePart {
	return []ConformancePart{
		{"day", []string{"reserved", "issued", "changed", "suspended", "resumed", "cancelled"}, true},
		{"paper", []string{"reserved", "issued"}, false},
		{"cancelled", []string{"reserved", "voided"}, false},
		{"batch", []string{"reserved", "issued"}, true},
		{"signed", []string{"reserved", "issued"}, true},
		{ConformanceDisputed, []string{"reserved", "issued", "changed"}, true},
	}
}

// ConformanceSteps are the steps that must have passed.
func ConformanceSteps() []string {
	return slices.Clone(conformanceSteps)
}

var conformanceSteps = []string{
	"types", "tls", "validate", "all-errors", "issue", "retry", "other-request", "reserve", "ticket", "hanging",
	"cancel", "stale", "correct", "superseded", "suspend", "resume", "batch", "one-verdict", "compare", "receipt",
	"ground", "others", "document", "copy", "bulk", "push", "pull", "front", "dispute", "end", "public", "feed",
	"quality",
}
