package api

// Quality is how a department's licences come into the vault, from one day to another.
type Quality struct {
	Department string `json:"department"`
	From       string `json:"from" format:"date"`
	Until      string `json:"until" format:"date"`

	Issued   int `json:"issued" doc:"licences issued"`
	Late     int `json:"late" doc:"of them after the day on the paper"`
	LateDays int `json:"lateDays" doc:"days that the late ones were late, all together"`
	Elements int `json:"elements" doc:"elements that the issued licences could have said"`
	Filled   int `json:"filled" doc:"elements that they said"`
	Compared int `json:"compared" doc:"comparisons with the department's licences"`
	Differed int `json:"differed" doc:"of them such that found a difference"`

	Disputes    int     `json:"disputes" doc:"disputes of the department's licences that are open, now"`
	Settled     int     `json:"settled" doc:"disputes settled in these days"`
	SettledDays float64 `json:"settledDays" doc:"how many days each of them took: the median"`

	Hanging int      `json:"hanging" doc:"reservations that are neither confirmed nor voided, now"`
	Missing []string `json:"missing" doc:"types that the department is to issue and that have no licence in the vault, now"`

	Refused []Count `json:"refused" doc:"calls that were refused, by code, the most first"`
	Fields  []Count `json:"fields" doc:"elements whose values were refused, the worst first"`
}

// Count is how often something was.
type Count struct {
	Name  string `json:"name"`
	Count int    `json:"count"`
}
