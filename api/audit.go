package api

import "time"

// AuditPage is a part of the audit (审计记录), oldest first. That it was read is an entry of its own.
type AuditPage struct {
	Entries []AuditEntry `json:"entries"`
	Next    int          `json:"next" doc:"from, for the next page; there may be nothing yet"`
}

// AuditEntry is who asked for what, by which right. It names no person and shows no content.
type AuditEntry struct {
	Number   int       `json:"number"`
	Time     time.Time `json:"time"`
	Previous string    `json:"previous" doc:"SM3 of the entry before, hexadecimal: the entries are a chain"`
	Caller   string    `json:"caller"`
	Clerk    string    `json:"clerk,omitempty" doc:"who acted behind the caller, by a name of his department's"`
	Act      string    `json:"act"`
	Result   string    `json:"result" doc:"done, or the code of the refusal"`
	Purpose  string    `json:"purpose"`
	Ground   string    `json:"ground"`
	Basis    string    `json:"basis,omitempty"`
	Item     string    `json:"item,omitempty"`
	Case     string    `json:"case,omitempty"`
	Level    string    `json:"level" doc:"how strongly the applicant had logged in"`
	Type     string    `json:"type,omitempty"`
	Issuer   string    `json:"issuer,omitempty"`
	Licence  string    `json:"licence,omitempty"`
	Batch    string    `json:"batch,omitempty"`
	Subject  string    `json:"subject,omitempty" doc:"stands for the holder asked about: the same for the same holder"`
	Object   string    `json:"object,omitempty"`
	Change   string    `json:"change,omitempty"`
	Reason   string    `json:"reason,omitempty"`
	Count    int       `json:"count,omitempty"`
	Message  string    `json:"message,omitempty" doc:"X-Trace-Id of the request that asked for it"`
}

// SignedVersions are a part of what a key has signed. A page may be empty and not the last.
type SignedVersions struct {
	Versions []SignedVersion `json:"versions"`
	Next     string          `json:"next,omitempty" doc:"after, for the next page; absent: this was the last"`
}

// SignedVersion is one version of a licence.
type SignedVersion struct {
	Identifier string `json:"identifier"`
	Version    int    `json:"version"`
	Type       string `json:"type"`
	Issuer     string `json:"issuer"`
	IssuedOn   string `json:"issuedOn" format:"date"`
	Record     string `json:"record" doc:"SM3 of the record, hexadecimal"`
	InForce    bool   `json:"inForce" doc:"it is the licence's latest version"`
}
