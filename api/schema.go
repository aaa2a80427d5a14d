package api

// SchemaList are the published forms of what travels between departments.
type SchemaList struct {
	Items []SchemaEntry `json:"items"`
}

// SchemaEntry is one of them.
type SchemaEntry struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	Zh      string `json:"zh" doc:"what the message is, in Chinese"`
	En      string `json:"en" doc:"what the message is, in English"`
	Path    string `json:"path" doc:"where its JSON Schema is; POST to checks below it holds a message against it"`
}

// CheckedMessage says whether a message has the published form.
type CheckedMessage struct {
	Schema   string   `json:"schema"`
	Version  string   `json:"version"`
	Conforms bool     `json:"conforms"`
	Errors   []Defect `json:"errors" doc:"every deviation with its place"`
}
