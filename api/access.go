package api

import "time"

// GroundRegistered leaves the right to the caller's registration, if it has one alone: the only legal basis; without
// any, that of a department about its own licences. What was applied stands in the audit. Who has several must choose.
const GroundRegistered = "registered"

// Asked says for what and by which right something is asked; it stands in the audit (A76–A79).
type Asked struct {
	Purpose   string     `json:"purpose" minLength:"1" maxLength:"200" doc:"用途: why this is asked"`
	Item      string     `json:"item,omitempty" maxLength:"200" doc:"事项 code"`
	Case      string     `json:"case,omitempty" maxLength:"200" doc:"case number"`
	Ground    string     `json:"ground" enum:"issuer,holder,consent,law,operator,registered" doc:"the right under which it is asked"`
	Basis     string     `json:"basis,omitempty" maxLength:"200" doc:"consent or legal basis behind the ground"`
	Applicant *Applicant `json:"applicant,omitempty" doc:"who is present in the case, for the ground holder"`
}

// Applicant is a person or firm that the caller vouches for as present in the case.
type Applicant struct {
	Kind    string    `json:"kind" maxLength:"3" doc:"持证主体代码类型代码 of GB/T 36903"`
	Code    string    `json:"code" maxLength:"64"`
	Level   string    `json:"level" enum:"registered,real-name,certificate" doc:"how strongly the applicant logged in"`
	Expires time.Time `json:"expires" doc:"until when the caller vouches"`
}
