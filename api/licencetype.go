package api

import "encoding/json"

// TypeSummary is one line of the catalogue of licence types (A67, A68).
type TypeSummary struct {
	Code           string `json:"code"`
	Name           string `json:"name"`
	Version        int    `json:"version" doc:"0: a department is to issue it and nobody declared it"`
	Owner          string `json:"owner,omitempty"`
	Classification string `json:"classification,omitempty"`
	Declared       bool   `json:"declared"`
	Live           bool   `json:"live" doc:"at least one licence is in the vault"`
	Missing        bool   `json:"missing" doc:"should be in the vault and is not"`
}

// TypeList is the catalogue.
type TypeList struct {
	Types []TypeSummary `json:"types"`
}

// Completion declares that the paper stock of a type is fully converted: from then on "not found" means never issued.
type Completion struct {
	Issuer string `json:"issuer" minLength:"1" maxLength:"18" doc:"credit code of the department; * for all, which the operator declares"`
	Series string `json:"series,omitempty" maxLength:"100" doc:"as far as numbers begin so; all if absent"`
}

// LicenceType is a licence type as it is declared.
type LicenceType struct {
	Code     string    `json:"code"`
	Name     string    `json:"name"`
	Version  int       `json:"version"`
	Owner    string    `json:"owner"`
	Digest   string    `json:"digest" doc:"SM3 of the definition's canonical bytes, hexadecimal"`
	Elements []Element `json:"elements" doc:"everything that a licence of the type can say, in order"`

	// Definition is what PUT takes.
	Definition json.RawMessage `json:"definition" doc:"the whole definition, as PUT takes it"`
}

// Element is one element of a licence: of its metadata (GB/T 36903) or of its face.
type Element struct {
	Name     string   `json:"name" doc:"short name: by it values are asked for and answered"`
	English  string   `json:"english,omitempty" doc:"element name of GB/T 36903, taken for name"`
	Label    string   `json:"label" doc:"as the face of the licence has it, taken for name"`
	Kind     string   `json:"kind" doc:"text, date, number, money, division, code or image"`
	Format   string   `json:"format,omitempty"`
	Required bool     `json:"required"`
	Personal bool     `json:"personal" doc:"about a person"`
	Metadata bool     `json:"metadata" doc:"of GB/T 36903, not of the type's own face"`
	Enum     []string `json:"enum,omitempty" doc:"the only values"`
	Pattern  string   `json:"pattern,omitempty"`
	MaxChars int      `json:"maxChars,omitempty"`
}
