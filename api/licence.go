package api

import "time"

// IssueRequest asks for the electronic licence of a paper (A72). Values are as the department writes them; the vault
// normalises them and says how.
type IssueRequest struct {
	Type     string            `json:"type" maxLength:"64" doc:"type code"`
	Values   map[string]string `json:"values" doc:"by short name, or by the names of GB/T 36903"`
	Images   map[string][]byte `json:"images,omitempty" doc:"photos, JPEG or PNG in base64, by the names of their elements; not in values"`
	Paper    string            `json:"paper,omitempty" maxLength:"64" doc:"serial of the printed paper; not for a reservation"`
	Division string            `json:"division,omitempty" maxLength:"6" doc:"six digits, where the vault allocates the number"`
}

// Written is the outcome of a write.
type Written struct {
	Identifier string `json:"identifier" doc:"电子证照标识 of GB/T 36904"`
	Number     string `json:"number,omitempty" doc:"证照编号, of what is new"`
	Version    int    `json:"version"`
	State      string `json:"state"`
	Record     string `json:"record,omitempty" doc:"SM3 of the record, hexadecimal; none where a number was given up"`
	ToSign     []byte `json:"toSign,omitempty" doc:"what the department's own key has to sign"`
	Notes      []Note `json:"notes,omitempty" doc:"what was changed of the submitted values"`
	Replayed   bool   `json:"replayed" doc:"carried out by an earlier request with the same key"`
	Unchanged  bool   `json:"unchanged,omitempty" doc:"nothing differed: no new version"`
}

// Note is a change that was made to a submitted value, or a warning.
type Note struct {
	Path string `json:"path"`
	Code string `json:"code"`
	Old  string `json:"old,omitempty"`
	New  string `json:"new,omitempty"`
	Zh   string `json:"zh,omitempty"`
	En   string `json:"en,omitempty"`
}

// Validated is the outcome of a write with validate=only: it would be carried out, and nothing was changed.
type Validated struct {
	Valid bool   `json:"valid"`
	Notes []Note `json:"notes,omitempty"`
}

// Confirmation settles a reservation: the paper is printed.
type Confirmation struct {
	Paper     string `json:"paper" maxLength:"64" doc:"serial of the printed paper"`
	Signature []byte `json:"signature,omitempty" doc:"detached GB/T 35275 SignedData over toSign, with a key of the department's own"`
}

// Cancellation voids a reserved number for ever.
type Cancellation struct {
	Reason string `json:"reason" minLength:"1" maxLength:"200"`
}

// ActRequest is a change of a licence's content or state.
type ActRequest struct {
	Kind      string            `json:"kind,omitempty" enum:"cancelled,revoked,annulled,superseded" doc:"of a revocation: 注销, 吊销, 撤销, 被替换"`
	Effective string            `json:"effective,omitempty" format:"date" doc:"from when it counts in law; today if absent"`
	Basis     string            `json:"basis,omitempty" maxLength:"200" doc:"legal basis"`
	Reason    string            `json:"reason" maxLength:"200"`
	Values    map[string]string `json:"values,omitempty" doc:"the elements that change, for acts that make a new version"`
	Images    map[string][]byte `json:"images,omitempty" doc:"photos that change, as in an issue"`
	Paper     string            `json:"paper,omitempty" maxLength:"64" doc:"serial of the new paper, where one is printed"`
}

// Licence is a licence as it stands.
type Licence struct {
	Identifier string            `json:"identifier"`
	Type       string            `json:"type"`
	TypeName   string            `json:"typeName"`
	Number     string            `json:"number,omitempty"`
	Version    int               `json:"version"`
	State      string            `json:"state" doc:"stable name of the state"`
	StateZh    string            `json:"stateZh" doc:"the state in Chinese"`
	Since      string            `json:"since,omitempty" format:"date" doc:"effective day of the state"`
	SourceTime time.Time         `json:"sourceTime" doc:"when the vault last learnt something of it"`
	Issuer     string            `json:"issuer"`
	IssuerName string            `json:"issuerName"`
	Values     map[string]string `json:"values,omitempty" doc:"the fields asked for and allowed"`
	Record     string            `json:"record" doc:"SM3 of the record, hexadecimal"`
	Batch      string            `json:"batch,omitempty" doc:"conversion that brought the version"`
	Documents  []Document        `json:"documents,omitempty"`
	Token      string            `json:"token,omitempty" doc:"what the QR code holds, for the department that prints it: to the issuer alone, of one licence"`
}

// Document is a document bound to a version of a licence.
type Document struct {
	Version int    `json:"version"`
	Kind    string `json:"kind"`
	Digest  string `json:"digest" doc:"SM3, hexadecimal"`
}

// History is everything that happened to a licence, oldest first.
type History struct {
	Identifier string         `json:"identifier"`
	Events     []HistoryEvent `json:"events"`
}

// HistoryEvent is one thing that happened to a licence.
type HistoryEvent struct {
	Number    int       `json:"number" doc:"place among the licence's events, from 1"`
	Kind      string    `json:"kind" doc:"stable name"`
	KindZh    string    `json:"kindZh" doc:"what happened, in Chinese"`
	Version   int       `json:"version" doc:"in force after the event; 0 while only reserved"`
	Recorded  time.Time `json:"recorded" doc:"when the vault learnt of it"`
	Effective string    `json:"effective,omitempty" format:"date" doc:"from when it counts in law"`
	By        string    `json:"by" doc:"the system that did it"`
	Paper     string    `json:"paper,omitempty" doc:"serial of the printed paper"`
	Basis     string    `json:"basis,omitempty" doc:"legal basis"`
	Reason    string    `json:"reason,omitempty"`
	Batch     string    `json:"batch,omitempty" doc:"conversion that brought it"`
	Document  string    `json:"document,omitempty" doc:"SM3 of the document that was attached, hexadecimal"`
	Proven    bool      `json:"proven" doc:"stands under a signed checkpoint of the ledger"`

	Raw   []byte `json:"raw,omitempty" doc:"the event as committed to in the ledger, with content=true"`
	Proof []byte `json:"proof,omitempty" doc:"the ledger's proof of it, with content=true"`
}

// Moment is what was in force on a day, by what the vault knew at an instant.
type Moment struct {
	Identifier string            `json:"identifier"`
	State      string            `json:"state"`
	StateZh    string            `json:"stateZh"`
	Since      string            `json:"since,omitempty" format:"date"`
	Version    int               `json:"version,omitempty" doc:"absent: no version was in force"`
	Record     string            `json:"record,omitempty" doc:"SM3 of the record, hexadecimal"`
	Values     map[string]string `json:"values,omitempty" doc:"the fields asked for"`
}

// Reservations are numbers that were taken for papers and neither confirmed nor voided (A72).
type Reservations struct {
	Reservations []Reservation `json:"reservations"`
}

// Reservation is one of them.
type Reservation struct {
	Identifier string `json:"identifier"`
	Number     string `json:"number"`
	Since      string `json:"since" format:"date"`
	Record     string `json:"record" doc:"SM3 of the record, hexadecimal"`
}

// CopyRequest asks for a purpose-bound copy (加注件): for one reader and purpose, until a day.
type CopyRequest struct {
	Asked

	For     string `json:"for" minLength:"1" maxLength:"200" doc:"用证单位: who may use it"`
	Because string `json:"because" minLength:"1" maxLength:"200" doc:"事由: what for"`
	Until   string `json:"until" format:"date" doc:"last day"`
}

// DisclosureRequest asks for a proof that shows some elements of a licence and no others.
type DisclosureRequest struct {
	Asked

	Fields []string `json:"fields" minItems:"1" maxItems:"100" doc:"the elements to show"`
}

// Attached is a document that was bound to a version.
type Attached struct {
	Document

	Bytes int `json:"bytes"`
}
