package verify

import "time"

// Outline is a report in words, in "zh" or "en", in the order in which people read it: for whoever lays it out in a
// form of his own. Each text is one line and holds nothing that steers a terminal or turns the direction of writing.
// Instants in its rows are those of RFC 3339: a layout writes them by the clock of its readers.
type Outline struct {
	Decision, Reason string // the first two lines
	Notice           string // for the applicant (告知); empty if there is nothing to tell
	Todo             string // for the office; empty if nothing is left to it
	Kind             string
	Indication       string // words of the standard
	Policy           string
	JudgedAt         string // RFC 3339
	Sections         []Section
}

// Sections whose rows are checks: those that did not pass, and the others.
const (
	SectionOpen   = "open"
	SectionChecks = "checks"
)

// Section is one heading with what stands below it.
type Section struct {
	ID    string // documents, open, facts, timeline, advice, others, uncovered, tolerances, checks
	Title string
	Rows  []Row
}

// Row is one line of a section.
type Row struct {
	Status CheckStatus // of checks; any other row has CheckSkipped
	Label  string      // name of a fact, time of a moment; empty for others
	Text   string
	Note   string // what stands small beside it: id and clause of a check, that a fact is not proven
}

// Outline says the report in words.
func (r *Report) Outline(lang string) Outline {
	v := r.view(lang)
	o := Outline{
		Decision: v.Decision, Reason: v.Reason, Notice: v.Notice, Todo: v.Todo, Kind: v.Kind, Policy: v.Policy,
		Indication: oneLine(v.Indication + " " + v.Sub), JudgedAt: r.JudgedAt.Format(time.RFC3339),
	}
	for _, s := range []Section{
		{"documents", v.Labels.Documents, textRows(v.Documents)},
		{SectionOpen, v.Labels.Open, checkRows(v.Open)},
		{"facts", v.Labels.Facts, factRows(v.Facts, v.Labels.Unproven)},
		{"timeline", v.Labels.Timeline, momentRows(v.Timeline)}, {"advice", v.Labels.Advice, textRows(v.Advice)},
		{"others", v.Labels.Others, textRows(v.OtherReader)}, {"uncovered", v.Labels.Uncovered, textRows(v.Uncovered)},
		{"tolerances", v.Labels.Tolerances, textRows(v.Tolerances)},
		{SectionChecks, v.Labels.Checks, checkRows(v.Checks)},
	} {
		if len(s.Rows) > 0 {
			o.Sections = append(o.Sections, s)
		}
	}
	o.Reason, o.Notice, o.Todo = oneLine(o.Reason), oneLine(o.Notice), oneLine(o.Todo)
	return o
}

func checkRows(list []htmlLine) []Row {
	out := make([]Row, len(list))
	for i, c := range list {
		out[i] = Row{
			Status: c.status, Text: oneLine(inPart(c.Part) + c.Text), Note: oneLine(c.ID + "  " + c.Clause),
		}
	}
	return out
}

func factRows(list []htmlFact, unproven string) []Row {
	out := make([]Row, len(list))
	for i, f := range list {
		out[i] = Row{Status: CheckSkipped, Label: oneLine(inPart(f.Part) + f.Name), Text: oneLine(f.Value)}
		if !f.Proven {
			out[i].Note = unproven
		}
	}
	return out
}

func momentRows(list []htmlFact) []Row {
	out := make([]Row, len(list))
	for i, m := range list {
		out[i] = Row{Status: CheckSkipped, Label: oneLine(m.Name), Text: oneLine(inPart(m.Part) + m.Value)}
	}
	return out
}

func textRows(list []string) []Row {
	out := make([]Row, len(list))
	for i, t := range list {
		out[i] = Row{Status: CheckSkipped, Text: oneLine(t)}
	}
	return out
}

// Word is the outcome in "zh" or "en", for readers who may see no color.
func (s CheckStatus) Word(lang string) string { return statusWords[s].in(lang) }

var statusWords = map[CheckStatus]words{
	CheckPassed: {"通过", "passed"}, CheckFailed: {"不通过", "failed"}, CheckIndeterminate: {"未定", "open"},
	CheckSkipped: {"不适用", "skipped"},
}
