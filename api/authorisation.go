package api

import "time"

// Asking is why a holder asks about what is his own.
type Asking struct {
	Purpose string `json:"purpose" minLength:"1" maxLength:"200" doc:"用途: why this is asked"`
	Case    string `json:"case,omitempty" maxLength:"200" doc:"case number"`
}

// AuthorisationRequest is a holder's consent (授权) that a department may see his licences.
type AuthorisationRequest struct {
	Asking

	Department string   `json:"department" minLength:"1" maxLength:"18" doc:"credit code of the department that may ask"`
	OnlyCase   string   `json:"onlyCase,omitempty" maxLength:"200" doc:"for this case alone; any if absent"`
	OnlyTypes  []string `json:"onlyTypes,omitempty" maxItems:"100" doc:"for licences of these types alone; all if absent"`
	Until      string   `json:"until" format:"date" doc:"last day"`
}

// Authorisation is a consent as it stands.
type Authorisation struct {
	ID         string    `json:"id" doc:"what the department names as basis, with the ground consent"`
	State      string    `json:"state" enum:"open,ended,withdrawn"`
	StateZh    string    `json:"stateZh"`
	Department string    `json:"department"`
	OnlyCase   string    `json:"onlyCase,omitempty"`
	OnlyTypes  []string  `json:"onlyTypes,omitempty"`
	Granted    time.Time `json:"granted"`
	Expires    time.Time `json:"expires"`
	Withdrawn  time.Time `json:"withdrawn,omitzero" doc:"when it was taken back"`
	Replayed   bool      `json:"replayed,omitempty" doc:"given by an earlier request with the same key"`
}

// Authorisations are everything that a holder has consented to, the newest first.
type Authorisations struct {
	Authorisations []Authorisation `json:"authorisations"`
}

// Grounds are the legal bases on which a caller may ask about others, as the operator registered them.
type Grounds struct {
	Caller     string   `json:"caller" doc:"as which the vault knows the caller"`
	Department string   `json:"department"`
	Issues     []string `json:"issues" doc:"types that the department may issue"`
	Bases      []string `json:"bases" doc:"what may be named as basis, with the ground law"`
	MaxLevel   string   `json:"maxLevel" doc:"strongest login that the caller may vouch for"`
}

// Accesses are looks at a holder's licences, the newest first.
type Accesses struct {
	Accesses []Seen `json:"accesses"`
	Next     int    `json:"next,omitempty" doc:"before of the next page; absent at the end"`
}

// Seen is one look at a holder's licences: who, when, why.
type Seen struct {
	Number     int       `json:"number" doc:"of the entry in the audit"`
	Time       time.Time `json:"time"`
	Act        string    `json:"act" doc:"lookup, compare, history, bundle and so on"`
	Department string    `json:"department,omitempty" doc:"credit code of who looked"`
	Name       string    `json:"name,omitempty" doc:"of the department"`
	Caller     string    `json:"caller" doc:"the system that asked"`
	Purpose    string    `json:"purpose"`
	Item       string    `json:"item,omitempty"`
	Case       string    `json:"case,omitempty"`
	Ground     string    `json:"ground"`
	Basis      string    `json:"basis,omitempty"`
	Licence    string    `json:"licence,omitempty" doc:"identifier of what was seen, where one was asked for"`
	Type       string    `json:"type,omitempty"`
}
