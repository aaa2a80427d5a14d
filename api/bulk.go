package api

// Many comparisons travel as lines of JSON (application/x-ndjson): the first line of the request is an Asked, each
// further line a ComparisonRow, at most 100,000 of them. The answer has a ComparedRow for each row, in their order, and
// ends with a ComparedEnd; an answer without it was cut off.

// ComparisonRow is one row of many comparisons.
type ComparisonRow struct {
	Comparison

	Ref string `json:"ref,omitempty" maxLength:"128" doc:"the caller's name for the row, given back with its answer"`
}

// ComparedRow is the answer to one row: a judgement, or the problem that a single comparison would have had.
type ComparedRow struct {
	Row     int               `json:"row" doc:"from 1"`
	Ref     string            `json:"ref,omitempty"`
	Answer  *ComparisonAnswer `json:"answer,omitempty"`
	Problem *Problem          `json:"problem,omitempty"`
}

// ComparedEnd is the last line of the answer.
type ComparedEnd struct {
	End       bool     `json:"end"`
	Rows      int      `json:"rows" doc:"rows that were answered"`
	Matched   int      `json:"matched"`
	Different int      `json:"different"`
	Missing   int      `json:"missing"`
	NotFound  int      `json:"notFound"`
	Refused   int      `json:"refused" doc:"rows with a problem"`
	Problem   *Problem `json:"problem,omitempty" doc:"why no more rows were read"`
}
