package api

// Problem is every answer that is not what was asked for: problem details of RFC 9457 with members of our own.
type Problem struct {
	Type     string `json:"type" doc:"where docs/errors.md explains the code"`
	Title    string `json:"title" doc:"what is wrong, in Chinese"`
	Status   int    `json:"status" doc:"the HTTP status"`
	Detail   string `json:"detail,omitempty" doc:"what is wrong, in English"`
	Instance string `json:"instance,omitempty" doc:"the operation that was refused"`

	Code      string   `json:"code" doc:"stable name of the first error: the same in every language and release"`
	Retryable bool     `json:"retryable" doc:"the same request may succeed later, unchanged"`
	Trace     string   `json:"trace,omitempty" doc:"by it the operator finds the request again"`
	Errors    []Defect `json:"errors,omitempty" doc:"everything that is wrong with the request, at once"`
}

// Defect is one thing that is wrong with a request.
type Defect struct {
	Code  string `json:"code" doc:"stable name"`
	Path  string `json:"path,omitempty" doc:"JSON pointer, query parameter or header that is wrong"`
	Found string `json:"found,omitempty" doc:"what was submitted there, where it helps"`
	Zh    string `json:"zh" doc:"what is wrong, in Chinese"`
	En    string `json:"en" doc:"what is wrong, in English"`
	FixZh string `json:"fixZh" doc:"how to put it right, in Chinese"`
	FixEn string `json:"fixEn" doc:"how to put it right, in English"`

	RuleZh  string `json:"ruleZh" doc:"the rule behind it: what is demanded, in Chinese"`
	RuleEn  string `json:"ruleEn" doc:"the rule behind it, in English"`
	Basis   string `json:"basis" doc:"what the rule rests on: standard, law or policy with its clause, or a page of docs"`
	Keyword string `json:"keyword,omitempty" doc:"the limit that was not kept to, as maxLength 200, or what else a program can act on"`
}
