package verify

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"
)

// maxReport is the largest report that is read out of a package.
const maxReport = 16 << 20

// signedReport is a report of verification (验证报告) that lies in a signed OFD, as CaseMediaType.
type signedReport struct {
	file string

	MediaType  string     `json:"media_type"`
	Number     string     `json:"case"`
	Indication Indication `json:"indication"`
	Documents  []struct {
		Name   string `json:"name"`
		Input  Input  `json:"input"`
		Report struct {
			Indication Indication `json:"indication"`
			JudgedAt   time.Time  `json:"judged_at"`
		} `json:"report"`
	} `json:"documents"`
}

// findReport gives the report that a package is: its only attachment, with nothing of a licence beside it, and every
// signature over all of that and over OFD.xml, so that nothing can have been taken away. Anything else is no report.
func (o *ofdPackage) findReport() *signedReport {
	if !o.rootSealed() || len(o.licenceElements()) > 0 {
		return nil
	}
	content, err := o.Content(o.document.Root)
	if err != nil || content.CustomTags != "" {
		return nil
	}
	attached, err := o.Attachments(content)
	if err != nil || len(attached) != 1 || attached[0].File == "" || !o.covered[attached[0].File] {
		return nil
	}
	raw, err := o.ReadFile(attached[0].File, maxReport)
	if err != nil {
		return nil
	}
	r := &signedReport{file: attached[0].File}
	if _, once := members(raw); !once || json.Unmarshal(raw, r) != nil || r.MediaType != CaseMediaType {
		return nil
	}
	return r
}

// judgeReport judges a report of verification: what it says counts if a known vault said so, and only while it is
// fresh. A report that returns a document is a return; one of last month does not tell what the document is worth now.
func (j *judgement) judgeReport(o *ofdPackage, r *signedReport) {
	j.need("report.signer", "report.clock", "report.fresh", "report.result")
	j.fact("case", r.Number)
	j.forCase = r.Number
	if j.byVault(o, r) || j.byExpected() {
		j.pass("report.signer")
	} else {
		j.open("report.signer", NoSigningCertificateFound, "a known vault")
	}
	worst := TotalPassed
	var first, last time.Time
	for i := range r.Documents {
		d := &r.Documents[i]
		j.fact("report-document", strconv.Itoa(i+1)+" "+d.Name+" "+d.Report.Indication.String()+" SM3 "+d.Input.SM3)
		if d.Report.Indication == TotalFailed || worst == TotalPassed {
			worst = d.Report.Indication
		}
		if at := d.Report.JudgedAt; i == 0 || at.Before(first) {
			first = at
		}
		if at := d.Report.JudgedAt; at.After(last) {
			last = at
		}
	}
	j.moment("judged", last)
	j.clock("report.clock", last)
	if first.Before(j.now.Add(-maxSourceAge)) {
		j.open("report.fresh", TryLater, "judged within a day", stamp(first))
	} else {
		j.pass("report.fresh")
	}
	j.judgeReported(r, worst)
	j.expectAll(j.signerAnswers())
}

// byVault tells whether a known vault signed the report and all around it.
func (j *judgement) byVault(o *ofdPackage, r *signedReport) bool {
	return slices.ContainsFunc(j.signers, func(s signerSeen) bool {
		return j.v.pinned("", s.cert.PublicKey) && s.files[o.Main()] && s.files[r.file]
	})
}

// byExpected tells whether the department signed from which the caller expects the report.
func (j *judgement) byExpected() bool {
	return slices.ContainsFunc(j.departments(answers{}), func(d department) bool {
		same, _ := d.is(strings.TrimSpace(j.expect.Department))
		return same
	})
}

// judgeReported: what the report says of the case is what it says of the worst document.
func (j *judgement) judgeReported(r *signedReport, worst Indication) {
	const id = "report.result"
	switch {
	case len(r.Documents) == 0 || r.Indication != worst:
		j.fail(id, SigConstraintsFailure, worst.String(), r.Indication.String())
	case worst == TotalPassed:
		j.pass(id)
	case worst == TotalFailed:
		j.fail(id, ReportedFailure, "", r.Indication.String())
	default:
		j.open(id, TryLater, "", r.Indication.String())
	}
}

// reportRules are the rules of the checks on signed reports.
var reportRules = map[string]rule{
	"report.signer": {
		LevelRules, "docs/verify.md 4", words{"由已知证照库签署", "signed by a known vault"}, words{},
		words{
			"报告不是已知证照库或所指明的部门签署的，谁都能写出这样的报告；请核验报告所列文件本身",
			"neither a known vault nor the department asked for signed this report, and anybody can write one: " +
				"judge the documents themselves",
		},
	},
	"report.fresh": {
		LevelState, "docs/verify.md 5", words{"一日内作出", "made within a day"}, words{},
		words{
			"报告所说是当时的情况，已超过一日；请重新核验报告所列文件",
			"it tells what was so then, more than a day ago: judge the documents again",
		},
	},
	"report.result": {
		LevelState, "docs/verify.md 5", words{"报告的结论", "what the report says"},
		words{
			"报告属实，其结论是退回；请看报告所列原因", "the report is authentic and says RETURN: have a look at the reasons it gives",
		},
		words{
			"报告属实，其结论是待复验；请重新核验报告所列文件", "the report is authentic and says RECHECK: judge the documents again",
		},
	},
}

// reportPassed is the reason of a report that passes.
var reportPassed = words{
	"验证报告真实，由已知证照库在一日内作出，结论是可以受理；只对报告所列文件有效",
	"the report is authentic, a known vault made it within a day and says ACCEPT: of the documents that it lists alone",
}
