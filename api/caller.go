package api

// CallerRights are what a caller (调用方) of the vault may do. The systems behind it are registrations.
type CallerRights struct {
	Department string   `json:"department,omitempty" maxLength:"18" doc:"统一社会信用代码"`
	Name       string   `json:"name,omitempty" maxLength:"200"`
	Issues     []string `json:"issues,omitempty" maxItems:"1000" doc:"types that it may issue"`
	Bases      []string `json:"bases,omitempty" maxItems:"1000" doc:"legal bases on which it may ask about others"`
	MaxLevel   string   `json:"maxLevel,omitempty" enum:"none,registered,real-name,certificate" doc:"strongest login that it may vouch for; none if absent"`
	Auditor    bool     `json:"auditor,omitempty" doc:"may read the audit"`
}

// CallerStanding is a caller as it is registered.
type CallerStanding struct {
	ID string `json:"id"`
	CallerRights

	Operator bool `json:"operator,omitempty" doc:"runs the vault; made where the vault is, never here"`
}

// CallerList is a page of callers, in the order of their ids.
type CallerList struct {
	Callers []CallerStanding `json:"callers"`
	Next    string           `json:"next,omitempty" doc:"after, for the next page"`
}
