package verify

import (
	"cmp"
	"strings"
)

// evidenceRules are the rules of the checks on evidence files and what lies in them.
var evidenceRules = map[string]rule{
	"evidence.text": {
		LevelFormat, "docs/formats.md 9", words{"格式", "form"},
		words{"不是完好的核验证据包", "not a sound evidence file"}, words{},
	},
	"evidence.report": {
		LevelFormat, "docs/formats.md 9", words{"其中的报告可读", "the report in it can be read"},
		words{"其中的报告不是本系统的报告，或与清单不符", "the report in it is none of ours, or not that of the manifest"}, words{},
	},
	"evidence.clock": {
		LevelTime, "docs/formats.md 9", words{"核验时间不晚于现在", "judged not later than now"},
		words{"核验时间在将来", "it was judged in the future"},
		words{"核验时间在将来；请核对时钟", "it was judged in the future; check the clock"},
	},
	"evidence.parts": {
		LevelDigest, "docs/formats.md 9", words{"各部分齐全且未被改动", "every part is there and unchanged"},
		words{"有部分被改动、缺失或多出；请取得原件", "a part was changed, removed or added: ask for the original"}, words{},
	},
	"evidence.needed": {
		LevelRules, "docs/verify.md 10", words{"没有用不到的部分", "nothing lies in it that was not needed"},
		words{"其中有核验用不到的部分", "there are parts in it on which nothing rests"}, words{},
	},
	"evidence.closed": {
		LevelSignature, "docs/verify.md 10", words{"核验人的收尾签名", "closing signature"},
		words{"收尾签名不成立：清单、报告或核验时间可能被改", "the closing signature does not hold: reports and moment may be anybody's"},
		words{"没有收尾签名，或尚不能判定；报告和时间只是所称", "none, or undecided: reports and moment are only claimed"},
	},
	"evidence.same": {
		LevelRules, "docs/verify.md 10", words{"重新核验与其中报告一致", "judged anew, it comes to the report in it"},
		words{
			"其中的报告说通过，以现在的信任目录重新核验则不通过",
			"the report in it says passed; judged anew with the trust of now it does not pass",
		},
		words{
			"重新核验与其中的报告不同；请核对信任根和核验选项，再不同则报告不可采信",
			"judged anew it differs from its report: compare trust and options; if it still does, do not rely on it",
		},
	},
	"evidence.then": {
		LevelState, "docs/verify.md 10", words{"按当时核验", "judged as of then"},
		words{"按当时核验，文件不通过", "judged as of then the document does not pass"},
		words{"按当时核验，文件无法判定", "judged as of then the document is undecided"},
	},
	"evidence.now": {
		LevelState, "docs/verify.md 10", words{"按现在核验", "judged as of now"},
		words{"按现在核验，文件不通过", "judged as of now the document does not pass"},
		words{"按现在核验，文件无法判定", "judged as of now the document is undecided"},
	},
	"expect.department": expectation(words{"签发或盖章的部门", "issuing or sealing department"}),
	"expect.case":       expectation(words{"办件编号", "case"}),
}

// evidencePhrases are what was expected and found of evidence files.
var evidencePhrases = map[string]string{
	"a document": "文件", "an evidence file within another": "证据包中的证据包",
	"detached SignedData over the manifest":                "对清单的分离式签名",
	"report, moment and expectation: no closing signature": "报告、核验时间和预期：没有收尾签名",
	"state then: the source's word was not signed":         "当时的证照状态：状态来源的答复没有签名，无从重验",
	"head: ": "开头不符：", "line: ": "清单有误：", "order: ": "次序有误：", "limit: ": "超出限制：",
	"missing: ": "缺失：", "extra: ": "多出：",
	"not needed by this verifier: ": "本次核验用不到的部分：",
}

// evidenceFacts are the names of facts about evidence files.
var evidenceFacts = map[string]words{
	"evidence.documents": {"文件数", "documents"}, "evidence.policy": {"当时的规则版本", "policy version then"},
	"evidence.option": {"当时的核验选项", "option then"},
}

// keptReason is the reason of a report on an evidence file: what was decided then, and why it is what it is now. Empty:
// the file does not tell what was decided then.
func (r *Report) keptReason() words {
	if r.Kind != KindEvidence || len(r.Kept) == 0 {
		return words{}
	}
	if r.Indication == TotalPassed {
		return passedWords[KindEvidence]
	}
	for i := range r.Kept {
		k := &r.Kept[i]
		name := words{}
		if len(r.Kept) > 1 {
			name = words{"《" + k.Name + "》", k.Name + ": "}
		}
		then := decisions[k.Then.Decision()]
		switch {
		case r.Headline == "evidence.then" && k.Then.Indication == r.Indication:
			return thenAndAgain(name, then, words{"：", ": "}, k.Then.reason())
		case r.Headline == "evidence.now" && k.Now.Indication == r.Indication:
			return thenAndAgain(name, then, words{"；现在：", "; now: "}, k.Now.reason())
		}
	}
	if c, ok := r.Check("evidence.same"); !ok || c.Status != CheckPassed || r.Headline == "evidence.same" {
		return words{}
	}
	c := r.worst()
	return thenAndAgain(words{}, decisions[r.decisionThen()], words{"；但", "; but "}, finding(&c))
}

func thenAndAgain(name, then, link, why words) words {
	return words{
		name.zh + "当时的结论是" + then.zh + "，重新核验一致" + link.zh + why.zh,
		name.en + "the decision then was " + then.en + ", and is again" + link.en + why.en,
	}
}

// decisionThen is the decision on the case then.
func (r *Report) decisionThen() Decision {
	then := CaseReport{}
	for i := range r.Kept {
		then.Reports = append(then.Reports, r.Kept[i].Then)
	}
	return then.Decision()
}

// keptText is what became of one document of an evidence file.
type keptText struct {
	name  string
	lines []string
}

func (r *Report) keptTexts(lang string) []keptText {
	say := func(zh, en string) string { return words{zh, en}.in(lang) }
	out := make([]keptText, len(r.Kept))
	for i := range r.Kept {
		k := &r.Kept[i]
		out[i] = keptText{k.Name, []string{say("当时的报告", "report of then") + ": " + k.Stated.String()}}
		for _, again := range []struct {
			when   string
			report *Report
		}{{say("按当时重新核验", "judged anew as of then"), k.Then}, {say("按现在核验", "judged as of now"), k.Now}} {
			decision, why := again.report.Headlines(lang)
			out[i].lines = append(out[i].lines, again.when+": "+decision+"  "+why)
		}
		out[i].lines = append(out[i].lines, differenceLines(k.Differences, say)...)
	}
	return out
}

// writeKept writes what became of each document of an evidence file.
func (r *Report) writeKept(line func(format string, args ...any), lang string) {
	for _, k := range r.keptTexts(lang) {
		line("")
		line("%s", k.name)
		for _, l := range k.lines {
			line("  %s", l)
		}
	}
}

// maxShownDifferences is how many differences of a document are shown in full; the written form has all of them.
const maxShownDifferences = 12

// differenceLines are what differs: checks one by one, of the rest the names.
func differenceLines(list []Difference, say func(zh, en string) string) []string {
	var out, rest []string
	for _, d := range list {
		if d.Stated+d.Again == "" || strings.HasPrefix(d.What, "proof of ") || len(out) == maxShownDifferences {
			rest = append(rest, d.What)
			continue
		}
		out = append(out, say("不同", "differs")+": "+d.What+"  "+cmp.Or(d.Stated, "-")+" → "+cmp.Or(d.Again, "-"))
	}
	if len(rest) > 0 {
		out = append(out, say("另有不同", "differs too")+": "+listed(rest))
	}
	return out
}

type jsonRejudged struct {
	Name        string       `json:"name"`
	Stated      Verdict      `json:"stated"`
	Same        bool         `json:"same"` // to the byte
	Then        *Report      `json:"then"`
	Now         *Report      `json:"now"`
	Differences []Difference `json:"differences,omitempty"`
}

func (r *Report) jsonKept() []jsonRejudged {
	var out []jsonRejudged
	for i := range r.Kept {
		k := &r.Kept[i]
		out = append(out, jsonRejudged{k.Name, k.Stated, len(k.Differences) == 0, k.Then, k.Now, k.Differences})
	}
	return out
}
