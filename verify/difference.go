package verify

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"time"
)

// statedReport is a report as it lies in an evidence file. It is a claim: whoever made the file wrote it.
type statedReport struct {
	MediaType string    `json:"media_type"`
	Policy    string    `json:"policy"`
	JudgedAt  time.Time `json:"judged_at"`
	Verdict

	Checks []Check `json:"checks"`
	Facts  []Fact  `json:"facts"`
}

func (s *statedReport) verdict() Verdict { return s.Verdict }

// parseStated reads a report of ours. Two readers must not see two reports in it, and what is shown of it are words.
func parseStated(raw []byte) (*statedReport, bool) {
	var s statedReport
	if _, ok := members(raw); !ok || json.Unmarshal(raw, &s) != nil || s.MediaType != MediaType {
		return nil, false
	}
	shown := []string{s.Headline, string(s.SubIndication)}
	for i := range s.Checks {
		shown = append(shown, s.Checks[i].ID, string(s.Checks[i].Sub))
	}
	for i := range s.Facts {
		shown = append(shown, s.Facts[i].ID)
	}
	return &s, !slices.ContainsFunc(shown, noWord)
}

// maxWord is how long a word of a report may be.
const maxWord = 64

// noWord tells what cannot be the name of a check, fact or sub-indication.
func noWord(s string) bool {
	return len(s) > maxWord || strings.ContainsFunc(s, func(c rune) bool {
		return (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && !strings.ContainsRune("._-", c)
	})
}

// differences are what two reports do not say alike; none only if they are the same to the byte.
func differences(stated, again []byte) []Difference {
	if bytes.Equal(stated, again) {
		return nil
	}
	var out []Difference
	a, okA := parseStated(stated)
	b, okB := parseStated(again)
	if !okA || !okB {
		return []Difference{{What: "report"}}
	}
	if a.Verdict != b.Verdict {
		out = append(out, Difference{"verdict", a.String(), b.String()})
	}
	out = append(out, differingChecks(a.Checks, b.Checks)...)
	out = append(out, differingFacts(a.Facts, b.Facts)...)
	out = append(out, differingMembers(stated, again)...)
	if len(out) == 0 {
		out = append(out, Difference{What: "text"})
	}
	return out
}

// ofSubstance tells a difference in what the document says or what was decided from one in how it was judged.
func (d Difference) ofSubstance() bool {
	return d.What == "verdict" || d.What == "report" || d.What == "kind" || d.What == "authentic" ||
		d.What == "judged_at" || strings.HasPrefix(d.What, "fact ") || strings.HasPrefix(d.What, "proof of ")
}

// differingLists holds two lists against each other, by names that may stand several times.
func differingLists(kind string, a, b map[string][]string, shown bool) []Difference {
	names := map[string]bool{}
	for _, m := range []map[string][]string{a, b} {
		for name := range m {
			names[name] = true
		}
	}
	sorted := make([]string, 0, len(names))
	for name := range names {
		sorted = append(sorted, name)
	}
	slices.Sort(sorted)
	var out []Difference
	for _, name := range sorted {
		if slices.Equal(a[name], b[name]) {
			continue
		}
		d := Difference{What: kind + " " + name}
		if shown {
			d.Stated, d.Again = strings.Join(a[name], "; "), strings.Join(b[name], "; ")
		}
		out = append(out, d)
	}
	return out
}

// differingChecks shows how checks came out, and names those that differ in what was expected or found: a report in the
// file may say anything there.
func differingChecks(a, b []Check) []Difference {
	list := func(checks []Check) (outcomes, details map[string][]string) {
		outcomes, details = map[string][]string{}, map[string][]string{}
		for i := range checks {
			c := &checks[i]
			name := strings.TrimSpace(c.Part + " " + c.ID)
			outcomes[name] = append(outcomes[name], strings.TrimSpace(c.Status.String()+" "+string(c.Sub)))
			details[name] = append(details[name], c.Expected, c.Found)
		}
		return outcomes, details
	}
	cameA, detailA := list(a)
	cameB, detailB := list(b)
	out := differingLists("check", cameA, cameB, true)
	for i := range out {
		name := strings.TrimPrefix(out[i].What, "check ")
		delete(detailA, name)
		delete(detailB, name)
	}
	return append(out, differingLists("detail of", detailA, detailB, false)...)
}

// differingFacts names facts; what they say may be personal and is not repeated.
func differingFacts(a, b []Fact) []Difference {
	list := func(facts []Fact) (values, proofs map[string][]string) {
		values, proofs = map[string][]string{}, map[string][]string{}
		for i := range facts {
			f := &facts[i]
			name := strings.TrimSpace(f.Part + " " + f.ID)
			values[name] = append(values[name], f.Value)
			proofs[name] = append(proofs[name], map[bool]string{true: "proven", false: "not proven"}[f.Proven])
		}
		return values, proofs
	}
	saidA, provenA := list(a)
	saidB, provenB := list(b)
	return append(differingLists("fact", saidA, saidB, false), differingLists("proof of", provenA, provenB, true)...)
}

// differingMembers names the other members that differ.
func differingMembers(stated, again []byte) []Difference {
	var a, b map[string]json.RawMessage
	if json.Unmarshal(stated, &a) != nil || json.Unmarshal(again, &b) != nil {
		return []Difference{{What: "report"}}
	}
	var names []string
	for _, m := range []map[string]json.RawMessage{a, b} {
		for name := range m {
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	slices.Sort(names)
	var out []Difference
	for _, name := range names {
		switch name {
		case "checks", "facts", "indication", "sub_indication", "headline":
		default:
			if !bytes.Equal(a[name], b[name]) {
				out = append(out, Difference{What: name})
			}
		}
	}
	return out
}
