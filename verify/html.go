package verify

import (
	"cmp"
	_ "embed"
	"html/template"
	"io"
	"slices"
	"strings"
	"time"
)

//go:embed report.html
var reportHTML string

// htmlReport is parsed once; nothing of the document is ever part of the template, and html/template escapes what it is
// given.
var htmlReport = template.Must(template.New("report").Parse(reportHTML))

type htmlLine struct {
	Mark, Class, Part, Text, ID, Clause string

	status CheckStatus
}

type htmlFact struct {
	Part, Name, Value string
	Proven            bool
}

type htmlView struct {
	Lang, Class, Decision, Reason, Notice, Todo string
	Document                                    string // its name
	Kind, Indication, Sub, Policy, JudgedAt     string
	Labels                                      htmlLabels
	Open, Checks                                []htmlLine // those that did not pass, and the others
	Facts                                       []htmlFact
	Timeline                                    []htmlFact
	Advice, Uncovered, Tolerances, OtherReader  []string
	Documents                                   []string // of an evidence file
}

type htmlLabels struct {
	Title, Open, Checks, Notice, Todo, Facts, Timeline, Advice, Uncovered, Tolerances, Others, Policy, JudgedAt,
	Unproven, Documents string
}

// WriteHTML writes the report on a document of that name as one file that needs nothing else and prints well, in "zh"
// or "en". What was not passed stands first, then what the document says, and last what passed.
func (r *Report) WriteHTML(w io.Writer, document, lang string) error {
	v := r.view(lang)
	v.Document = document
	r.tellTimes(&v, lang)
	for _, said := range []*string{&v.Notice, &v.Todo} {
		if strings.TrimRight(*said, "。.") == v.Reason {
			*said = ""
		}
	}
	return htmlReport.Execute(w, v)
}

// tellTimes writes the times of a view as people read them.
func (r *Report) tellTimes(v *htmlView, lang string) {
	say := func(s *string) { *s = r.forPeople(*s, lang) }
	say(&v.JudgedAt)
	for _, list := range [][]htmlLine{v.Open, v.Checks} {
		for i := range list {
			say(&list[i].Text)
		}
	}
	for i := range v.Facts {
		say(&v.Facts[i].Value)
	}
	for i := range v.Timeline {
		say(&v.Timeline[i].Name)
	}
}

// tellChecks takes in those that did not pass, the failed ones before the open ones, and apart from them the others in
// their order.
func (r *Report) tellChecks(v *htmlView, lang string) {
	for i := range r.Checks {
		c := &r.Checks[i]
		line := htmlLine{
			marks[c.Status], c.Status.String(), c.Part, checkText(c, lang), c.ID, c.Clause, c.Status,
		}
		if c.Status == CheckFailed || c.Status == CheckIndeterminate {
			v.Open = append(v.Open, line)
		} else {
			v.Checks = append(v.Checks, line)
		}
	}
	slices.SortStableFunc(v.Open, func(a, b htmlLine) int {
		return cmp.Compare(openOrder[a.status], openOrder[b.status])
	})
}

var openOrder = map[CheckStatus]int{CheckFailed: 0, CheckIndeterminate: 1}

// shownFacts are the facts as people read them, and with what the document was judged.
func (r *Report) shownFacts(lang string) []htmlFact {
	out := make([]htmlFact, 0, len(r.Facts)+2)
	for i := range r.Facts {
		f := &r.Facts[i]
		out = append(out, htmlFact{f.Part, f.name().in(lang), f.value(lang), f.Proven})
	}
	if r.With != "" {
		out = append(out, htmlFact{Name: withName.in(lang), Value: r.With, Proven: true})
	}
	if r.SameAs != "" {
		out = append(out, htmlFact{Name: sameName.in(lang), Value: r.SameAs, Proven: true})
	}
	return out
}

// sameName is before an earlier document of the case with the same content.
var sameName = words{"与同案文件内容相同", "the same content as (of the same case)"}

// withName is before the document of the case that says what the vault knows of another.
var withName = words{"连同核验（同案提交的证照库说明）", "judged with (the vault's word, from the same case)"}

// withWords say behind a verdict with what the document was judged.
func (r *Report) withWords(lang string) string {
	if r.With == "" {
		return ""
	}
	return words{"（连同《" + r.With + "》核验）", " (judged with " + r.With + ")"}.in(lang)
}

func (r *Report) view(lang string) htmlView {
	say := func(zh, en string) string { return words{zh, en}.in(lang) }
	decision, reason := r.Headlines(lang)
	v := htmlView{
		Lang: map[bool]string{true: "en", false: "zh-CN"}[lang == "en"], Class: r.Decision().String(),
		Decision: decision, Reason: reason, Notice: r.Notice(lang), Todo: r.Todo(lang), Kind: kinds[r.Kind].in(lang),
		Indication: r.Indication.String(), Sub: string(r.SubIndication), Policy: PolicyVersion,
		JudgedAt: r.JudgedAt.Format(time.RFC3339),
		Labels: htmlLabels{
			Title: say("验证报告", "verification report"), Open: say("未通过的检查", "checks that did not pass"),
			Checks: say("通过的检查", "checks that passed"), Notice: noticeTitle.in(lang), Todo: todoTitle.in(lang),
			Facts:    say("内容", "facts"),
			Timeline: say("时间线", "time line"), Advice: say("诊断", "diagnosis"),
			Uncovered: say("没有签名覆盖的部分", "covered by no signature"), Tolerances: say("容许的偏差", "let pass"),
			Others: say("别的阅读器可能说有效", "other readers may say valid"), Policy: say("规则版本", "policy version"),
			JudgedAt: say("验证时间", "judged at"), Unproven: say("未经证明", "not proven"),
			Documents: say("证据包中的文件", "documents of the evidence"),
		},
		OtherReader: r.OtherReaders(lang),
	}
	for _, u := range r.Uncovered {
		v.Uncovered = append(v.Uncovered, phrase(u).in(lang))
	}
	for _, k := range r.keptTexts(lang) {
		for _, l := range k.lines {
			v.Documents = append(v.Documents, k.name+"  "+l)
		}
	}
	r.tellChecks(&v, lang)
	v.Facts = r.shownFacts(lang)
	for _, m := range r.Timeline {
		v.Timeline = append(v.Timeline, htmlFact{Part: m.Part, Name: m.Time, Value: momentNames[m.ID].in(lang)})
	}
	for _, a := range r.Advice {
		v.Advice = append(v.Advice, inPart(a.Part)+adviceWords[a.ID].in(lang))
	}
	for _, t := range r.Tolerances {
		v.Tolerances = append(v.Tolerances, inPart(t.Part)+t.Name)
	}
	return v
}
