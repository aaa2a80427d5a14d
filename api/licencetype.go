package api

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
