package verify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// MaxCase is the most documents that one case may hold.
const MaxCase = 1000

// Named is a document of a case under the name that the case gives it.
type Named struct {
	Document

	Name string
}

// CaseReport is the judgement on the documents of one case (办件), in the order in which they were given.
type CaseReport struct {
	Number  string // of the case (办件编号); whoever asks may set it, nothing is judged by it
	Names   []string
	Inputs  []Input // what was judged, by its digests
	Reports []*Report

	// What was judged, by whom and with what expectations, for WriteEvidence.
	docs   []Named
	judge  *Verifier
	expect Expect
}

// VerifyCase judges every document of a case as of one moment, and takes the digest of each: a report must say what it
// is about. A sealed licence beside the bundle of the same record is judged with it, see Report.With. The error says
// that judging was broken off; the reports so far are there, the others are INDETERMINATE.
func (v *Verifier) VerifyCase(ctx context.Context, docs []Named, expect Expect) (*CaseReport, error) {
	if len(docs) > MaxCase {
		return &CaseReport{}, fmt.Errorf("%w: %d documents, at most %d", ErrConfig, len(docs), MaxCase)
	}
	v = v.asOf(v.config.Now())
	docs, with := paired(docs)
	c := &CaseReport{docs: docs, judge: v, expect: expect}
	var first error
	for i := range docs {
		r, err := v.VerifyDocument(ctx, docs[i].Document, expect)
		in, unread := inputOf(ctx, &docs[i].Document)
		err = errors.Join(err, unread)
		if at, ok := with[i]; ok {
			r.With = docs[at].Name
		}
		if at := slices.Index(c.Inputs, in); at >= 0 && in.SM3 != "" {
			r.SameAs = c.Names[at]
		}
		c.Names, c.Inputs, c.Reports = append(c.Names, docs[i].Name), append(c.Inputs, in), append(c.Reports, r)
		if err != nil && first == nil {
			first = fmt.Errorf("verifying %q: %w", docs[i].Name, err)
		}
	}
	return c, first
}

// Indication is that of the worst document; a case without documents is not decided.
func (c *CaseReport) Indication() Indication {
	worst := TotalPassed
	for _, r := range c.Reports {
		switch r.Indication {
		case TotalFailed:
			return TotalFailed
		case Indeterminate:
			worst = Indeterminate
		case TotalPassed:
		}
	}
	if len(c.Reports) == 0 {
		return Indeterminate
	}
	return worst
}

// Decision is what to do with the case.
func (c *CaseReport) Decision() Decision { return (&Report{Indication: c.Indication()}).Decision() }

// counts are the documents by decision.
func (c *CaseReport) counts() (accept, back, recheck int) {
	for _, r := range c.Reports {
		switch r.Decision() {
		case Accept:
			accept++
		case Return:
			back++
		case Recheck:
			recheck++
		}
	}
	return accept, back, recheck
}

// Headlines are the decision on the case and how it came about.
func (c *CaseReport) Headlines(lang string) (decision, reason string) {
	w := decisions[c.Decision()]
	accept, back, recheck := c.counts()
	reason = words{
		fmt.Sprintf("共 %d 件：可以受理 %d，退回 %d，待复验 %d", len(c.Reports), accept, back, recheck),
		fmt.Sprintf("%d documents: %d to accept, %d to return, %d to recheck", len(c.Reports), accept, back, recheck),
	}.in(lang)
	return w.zh + " / " + w.en, reason
}

// DecisionIn is the decision on the case in one language alone.
func (c *CaseReport) DecisionIn(lang string) string { return decisions[c.Decision()].in(lang) }

// Notice is the one text for the applicant, a line for each document that cannot be accepted and about which the
// applicant can do something.
func (c *CaseReport) Notice(lang string) string {
	return c.join(lang, (*Report).Notice)
}

// Todo is what only the office can clear up, a line for each document that waits for it.
func (c *CaseReport) Todo(lang string) string { return c.join(lang, (*Report).Todo) }

// notice is Notice with the instants of the written form, and todo is Todo.
func (c *CaseReport) notice(lang string) string { return c.join(lang, (*Report).notice) }
func (c *CaseReport) todo(lang string) string   { return c.join(lang, (*Report).todo) }

func (c *CaseReport) join(lang string, notice func(r *Report, lang string) string) string {
	var lines []string
	for i, r := range c.Reports {
		if n := notice(r, lang); n != "" {
			lines = append(lines, oneLine(words{"《" + c.Names[i] + "》", c.Names[i] + ": "}.in(lang)+n))
		}
	}
	return strings.Join(lines, "\n")
}

// Titles of what the applicant is told, and of what is left to the office.
var (
	noticeTitle = words{"告知申请人：", "For the applicant:"}
	todoTitle   = words{"经办人办理：", "For the office:"}
)

// asideOn says of a document that it is another one again, or that it was made for another case: whether that matters,
// nobody but whoever knows the case can tell.
func (c *CaseReport) asideOn(r *Report, lang string) string {
	var out string
	if r.SameAs != "" {
		out = words{"（与《" + r.SameAs + "》内容相同）", " (the same content as " + r.SameAs + ")"}.in(lang)
	}
	if made := r.caseNumber(); c.Number != "" && made != "" && made != c.Number {
		out += words{
			"（注意：它是为办件 " + made + " 出具的，不是本办件）", " (mind: it was made for case " + made + ", not for this one)",
		}.in(lang)
	}
	return out
}

// caseNumber is that of the case for which a receipt, an evidence file or a report was made; empty: it names none.
func (r *Report) caseNumber() string {
	for i := range r.Facts {
		if r.Facts[i].ID == "case" {
			return r.Facts[i].Value
		}
	}
	return ""
}

// WriteText writes the summary: the decision, then one line for each document, the notice, and what is left to do.
func (c *CaseReport) WriteText(w io.Writer, lang string) error {
	var b strings.Builder
	decision, reason := c.Headlines(lang)
	fmt.Fprintf(&b, "%s\n%s\n\n", decision, reason)
	for i, r := range c.Reports {
		d, why := r.Headlines(lang)
		aside := r.withWords(lang) + c.asideOn(r, lang)
		fmt.Fprintf(&b, "%s\n", oneLine(fmt.Sprintf("%s  %s  %s%s", c.Names[i], d, why, aside)))
	}
	if n := c.Notice(lang); n != "" {
		fmt.Fprintf(&b, "\n%s\n%s\n", noticeTitle.in(lang), n)
	}
	if n := c.Todo(lang); n != "" {
		fmt.Fprintf(&b, "\n%s\n%s\n", todoTitle.in(lang), n)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

type jsonNamed struct {
	Name   string  `json:"name"`
	With   string  `json:"with,omitempty"`    // name of the document that says what the vault knows of this one
	SameAs string  `json:"same_as,omitempty"` // name of an earlier document with the same content
	Input  Input   `json:"input"`
	Report *Report `json:"report"`
}

type jsonCase struct {
	MediaType  string      `json:"media_type"`
	Policy     string      `json:"policy"`
	Number     string      `json:"case,omitempty"`
	Decision   texts       `json:"decision"`
	Indication Indication  `json:"indication"`
	Notice     texts       `json:"notice"`
	Todo       texts       `json:"todo"`
	Documents  []jsonNamed `json:"documents"`
}

// CaseMediaType is that of the JSON form of a case's report.
const CaseMediaType = "application/vnd.elicense.case.v1+json"

// MarshalJSON writes the report as CaseMediaType.
func (c *CaseReport) MarshalJSON() ([]byte, error) {
	out := jsonCase{
		MediaType: CaseMediaType, Policy: PolicyVersion, Number: c.Number, Decision: decisions[c.Decision()].texts(),
		Indication: c.Indication(), Notice: texts{c.notice("zh"), c.notice("en")},
		Todo: texts{c.todo("zh"), c.todo("en")}, Documents: []jsonNamed{},
	}
	for i, r := range c.Reports {
		out.Documents = append(out.Documents, jsonNamed{c.Names[i], r.With, r.SameAs, c.Inputs[i], r})
	}
	return json.Marshal(out)
}
