package api

import "time"

// IssueRequest asks for the electronic licence of a paper (A72). Values are as the department writes them; the vault
// normalises them and says how.
type IssueRequest struct {
	Type     string            `json:"type" maxLength:"64" doc:"type code"`
	Values   map[string]string `json:"values" doc:"by short name, or by the names of GB/T 36903"`
	Paper    string            `json:"paper,omitempty" maxLength:"64" doc:"serial of the printed paper; not for a reservation"`
	Division string            `json:"division,omitempty" maxLength:"6" doc:"six digits, where the vault allocates the number"`
}

// Written is the outcome of a write.
type Written struct {
	Identifier string `json:"identifier" doc:"电子证照标识 of GB/T 36904"`
	Number     string `json:"number" doc:"证照编号"`
	Version    int    `json:"version"`
	State      string `json:"state"`
	Record     string `json:"record" doc:"SM3 of the record, hexadecimal"`
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
	Documents  []Document        `json:"documents,omitempty"`
}

// Document is a document bound to a version of a licence.
type Document struct {
	Version int    `json:"version"`
	Kind    string `json:"kind"`
	Digest  string `json:"digest" doc:"SM3, hexadecimal"`
}
