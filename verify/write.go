package verify

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"

	"github.com/elicense/elicense/internal/moment"
	"github.com/elicense/elicense/internal/ofd"
)

// Headlines gives the first two lines of the report: the decision, in Chinese and English, and its reason in "zh"
// or "en".
func (r *Report) Headlines(lang string) (decision, reason string) {
	w := r.decisionWords()
	return w.zh + " / " + w.en, r.forPeople(r.reason().in(lang), lang)
}

// DecisionIn is the decision in one language alone.
func (r *Report) DecisionIn(lang string) string { return r.decisionWords().in(lang) }

// forPeople writes the instants in a text by the clock of the verifier. The written form keeps those of RFC 3339, so
// that it is the same wherever it is made.
func (r *Report) forPeople(text, lang string) string { return moment.SayAll(text, r.zone, lang) }

func (r *Report) decisionWords() words {
	if r.RecheckAt.IsZero() {
		return decisions[r.Decision()]
	}
	return words{
		"待 " + moment.Say(r.RecheckAt, r.zone, "zh") + " 复验", "RECHECK AFTER " + moment.Say(r.RecheckAt, r.zone, "en"),
	}
}

func (r *Report) reason() words {
	if w := r.keptReason(); w != (words{}) {
		return w
	}
	if r.Indication == TotalPassed {
		if _, licence := r.Check("state.now"); licence && r.Kind == KindOFD {
			return words{
				"证照真实，由颁发机构签章，现行有效", "the licence is authentic, sealed by its issuer and in force",
			}
		}
		if _, report := r.Check("report.result"); report {
			return reportPassed
		}
		return r.asOfThen(passedWords[r.Kind])
	}
	c := r.worst()
	return finding(&c)
}

// asOfThen adds to what a receipt says of which time that is: of what came after it says nothing.
func (r *Report) asOfThen(w words) words {
	if r.Kind != KindReceipt {
		return w
	}
	for i := range r.Timeline {
		m := &r.Timeline[i]
		switch {
		case m.ID != "statement":
		case m.at.Before(r.JudgedAt.Add(-maxSourceAge)):
			return words{
				w.zh + "；所答是 " + m.Time + " 的情况，此后如何请重新查验",
				w.en + "; it says what was so at " + m.Time + ": compare again to know what is so now",
			}
		default:
			return words{w.zh + "（" + m.Time + "）", w.en + " (" + m.Time + ")"}
		}
	}
	return w
}

// worst is the finding that decided. An ID may stand twice; the headline is the worst of them.
func (r *Report) worst() Check {
	for i := range r.Checks {
		if r.Checks[i].ID == r.Headline && r.Checks[i].outcome() == r.Indication &&
			r.Checks[i].Status != CheckPassed && r.Checks[i].Status != CheckSkipped {
			return r.Checks[i]
		}
	}
	return Check{ID: "document.complete", Sub: TryLater}
}

// pair shows what was expected and found, unless the words of the refusal say it.
func pair(c *Check) words {
	if _, ok := refusalWords(c); ok {
		return words{}
	}
	e, f := phrase(c.Expected), phrase(c.Found)
	switch c.ID {
	case "pdf.changed", "pdf.permitted":
		f.zh = changePhrase(c.Found)
	case "description.files":
		f.zh = statePhrase(c.Found)
	case "record.validity":
		f = daysPhrase(c.Found)
	case "evidence.then", "evidence.now":
		f = title(c.Found)
	}
	switch {
	case c.Expected == "" && c.Found == "":
		return words{}
	case c.Expected == "":
		return words{"（实为 " + f.zh + "）", " (found " + f.en + ")"}
	case c.Found == "":
		return words{"（应为 " + e.zh + "）", " (expected " + e.en + ")"}
	}
	return words{"（应为 " + e.zh + "，实为 " + f.zh + "）", " (expected " + e.en + ", found " + f.en + ")"}
}

// daysPhrase says from or to which day a licence is valid.
func daysPhrase(found string) words {
	if until, ok := strings.CutPrefix(found, "..."); ok {
		return words{"有效至 " + until, "valid until " + until}
	}
	from := strings.TrimSuffix(found, "...")
	return words{from + " 起有效", "valid from " + from}
}

// statePhrase says in Chinese what became of the files that a seal lists.
func statePhrase(found string) string {
	files := strings.Split(found, ", ")
	for i, f := range files {
		if at := strings.LastIndexByte(f, ' '); at > 0 && fileStates[f[at+1:]] != "" {
			files[i] = f[:at] + " " + fileStates[f[at+1:]]
		}
	}
	return strings.Join(files, ", ")
}

var fileStates = map[string]string{
	string(ofd.StateDiffers): "被改动", string(ofd.StateMissing): "缺失", string(ofd.StateRenamed): "改了名",
	string(ofd.StateUnchecked): "摘要算法不被接受",
}

var marks = map[CheckStatus]string{CheckPassed: "+", CheckFailed: "x", CheckIndeterminate: "?", CheckSkipped: "-"}

// WriteText writes the report for people, in "zh" or "en": the decision on the first line, the reason on the second.
func (r *Report) WriteText(w io.Writer, lang string) error {
	var b strings.Builder
	decision, reason := r.Headlines(lang)
	line := func(format string, args ...any) { fmt.Fprintf(&b, "%s\n", oneLine(fmt.Sprintf(format, args...))) }
	say := func(zh, en string) string { return words{zh, en}.in(lang) }
	line("%s", decision)
	line("%s", reason)
	line("")
	line("%s: %s  %s %s  %s", say("文件", "document"), kinds[r.Kind].in(lang), r.Indication, r.SubIndication,
		PolicyVersion)
	for i := range r.Checks {
		c := &r.Checks[i]
		line("%s %s%s  [%s; %s]", marks[c.Status], inPart(c.Part), checkText(c, lang), c.ID, c.Clause)
	}
	r.writeRest(line, lang)
	_, err := io.WriteString(w, r.forPeople(b.String(), lang))
	return err
}

// checkText is what was asked, and what was found unless it passed.
func checkText(c *Check, lang string) string {
	text := title(c.ID).in(lang)
	switch c.Status {
	case CheckPassed:
	case CheckSkipped:
		text += ": " + skipped(c).in(lang) + pair(c).in(lang)
	case CheckFailed, CheckIndeterminate:
		text += pair(c).in(lang)
	}
	return text
}

// skipped says why a check was not made.
func skipped(c *Check) words {
	_, aspect, _ := strings.Cut(c.ID, ".")
	if w, ok := skippedWords[aspect]; ok {
		return w
	}
	if r := ruleOf(c.ID); r.open != (words{}) {
		return r.open
	}
	return words{"不适用", "does not apply"}
}

// writeRest writes facts, time line and uncovered parts.
func (r *Report) writeRest(line func(format string, args ...any), lang string) {
	say := func(zh, en string) string { return words{zh, en}.in(lang) }
	line("")
	for _, f := range r.shownFacts(lang) {
		mark := ""
		if !f.Proven {
			mark = say("（未经证明）", " (not proven)")
		}
		line("%s%s: %s%s", inPart(f.Part), f.Name, f.Value, mark)
	}
	line("")
	for _, m := range r.Timeline {
		line("%s  %s%s", m.Time, inPart(m.Part), momentNames[m.ID].in(lang))
	}
	for _, a := range r.Advice {
		line("%s: %s%s", say("诊断", "diagnosis"), inPart(a.Part), adviceWords[a.ID].in(lang))
	}
	for _, o := range r.OtherReaders(lang) {
		line("%s: %s", say("别的阅读器可能说有效", "other readers may say valid"), o)
	}
	for _, t := range r.Tolerances {
		line("%s: %s%s", say("容许的偏差", "let pass"), inPart(t.Part), t.Name)
	}
	for _, u := range r.Uncovered {
		line("%s: %s", say("没有签名覆盖", "covered by no signature"), phrase(u).in(lang))
	}
	r.writeKept(line, lang)
}

// inPart names the signature of the document that a line is about.
func inPart(part string) string {
	if part == "" {
		return ""
	}
	return "[" + part + "] "
}

// oneLine keeps a value of the document from looking like a line of the report or steering a terminal.
func oneLine(s string) string {
	return strings.Map(func(c rune) rune {
		if unicode.IsControl(c) || unicode.Is(unicode.Cf, c) || c == '\u2028' || c == '\u2029' {
			return ' '
		}
		return c
	}, s)
}

// texts is a text in both languages, as JSON shows it.
type texts struct {
	Zh string `json:"zh"`
	En string `json:"en"`
}

func (w words) texts() texts { return texts{Zh: w.zh, En: w.en} }

type jsonCheck struct {
	Check

	Title   texts  `json:"title"`
	Problem *texts `json:"problem,omitempty"`
}

type jsonReport struct {
	MediaType     string        `json:"media_type"`
	Policy        string        `json:"policy"`
	Decision      texts         `json:"decision"`
	Reason        texts         `json:"reason"`
	NextAct       texts         `json:"next_act"`
	Kind          Kind          `json:"kind"`
	Indication    Indication    `json:"indication"`
	SubIndication SubIndication `json:"sub_indication,omitempty"`
	Headline      string        `json:"headline,omitempty"`
	Authentic     bool          `json:"authentic"`
	JudgedAt      time.Time     `json:"judged_at"`
	RecheckAt     *time.Time    `json:"recheck_at,omitempty"`
	Checks        []jsonCheck   `json:"checks"`
	Facts         []Fact        `json:"facts"`
	Timeline      []Moment      `json:"timeline"`
	Uncovered     []string      `json:"uncovered"`
	Tolerances    []Tolerance   `json:"tolerances,omitempty"`
	Advice        []jsonAdvice  `json:"advice,omitempty"`

	Documents []jsonRejudged `json:"documents,omitempty"`
}

type jsonAdvice struct {
	Advice

	Text texts `json:"text"`
}

// MarshalJSON writes the report as MediaType.
func (r *Report) MarshalJSON() ([]byte, error) {
	out := jsonReport{
		MediaType: MediaType, Policy: PolicyVersion, Decision: decisions[r.Decision()].texts(),
		Reason: r.reason().texts(), NextAct: texts{r.NextAct("zh"), r.NextAct("en")},
		Kind: r.Kind, Indication: r.Indication, SubIndication: r.SubIndication, Headline: r.Headline,
		Authentic: r.Authentic, JudgedAt: r.JudgedAt, Checks: make([]jsonCheck, len(r.Checks)),
		Facts: append([]Fact{}, r.Facts...), Timeline: append([]Moment{}, r.Timeline...),
		Uncovered: append([]string{}, r.Uncovered...), Tolerances: r.Tolerances, Documents: r.jsonKept(),
	}
	for _, a := range r.Advice {
		out.Advice = append(out.Advice, jsonAdvice{a, adviceWords[a.ID].texts()})
	}
	if !r.RecheckAt.IsZero() {
		out.RecheckAt = &r.RecheckAt
	}
	for i := range r.Checks {
		c := r.Checks[i]
		out.Checks[i] = jsonCheck{Check: c, Title: title(c.ID).texts()}
		if c.Status == CheckFailed || c.Status == CheckIndeterminate {
			p := problem(&c).texts()
			out.Checks[i].Problem = &p
		}
	}
	return json.Marshal(out)
}
