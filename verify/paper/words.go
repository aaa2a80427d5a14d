package paper

import (
	"fmt"
	"time"

	"github.com/elicense/elicense/internal/moment"
	"github.com/elicense/elicense/internal/page"
	"github.com/elicense/elicense/verify"
)

// words is a text in Chinese and English.
type words struct{ zh, en string }

func (w *writer) say(t words) string {
	if w.cfg.Lang == "en" {
		return t.en
	}
	return t.zh
}

var (
	title      = words{"电子文件验证报告", "Report of verification"}
	caseNumber = words{"办件编号", "Case"}
	files      = words{"文件数", "Files"}
	judged     = words{"验证时间", "Judged at"}
	policy     = words{"规则版本", "Policy version"}
	signer     = words{"报告签署", "Signed by"}
	fileList   = words{"所验文件", "Files"}
	notice     = words{"告知申请人", "Notice to the applicant"}
	todo       = words{"经办人办理", "To be done by the office"}
	of         = words{"SM3 摘要", "SM3"}
	content    = words{"所签内容的 SM3 摘要", "SM3 of what is signed"}
	beside     = words{"证照库现况的 SM3 摘要", "SM3 of what the vault says now"}
	size       = words{"字节", "bytes"}
	kind       = words{"类型", "Kind"}
	continued  = words{"（续）", " (continued)"}
	noNumber   = words{"未填写", "not given"}
	signature  = words{
		"本报告由 %s 电子签名，签名覆盖全部页面和附件；任何改动都会使签名不成立，须用能核验签名的软件打开核对，打印件不能代替。" +
			"附件 report.json 是同一报告的机器可读形式。",
		"This report is signed electronically by %s. The signature covers all pages and the attachment; it breaks if " +
			"anything is changed. Check it with software that verifies signatures: a print proves nothing. " +
			"The attachment report.json is the same report for programs.",
	}
	pageOf = words{"第 %d 页，共 %d 页", "page %d of %d"}
)

// Colors of a report. They are never the only sign of what is meant.
var (
	black = page.Color{20, 20, 20}
	grey  = page.Color{105, 105, 105}
	light = page.Color{205, 205, 205}
	shade = page.Color{243, 244, 246}

	green, paleGreen = page.Color{17, 112, 58}, page.Color{234, 246, 239}
	red, paleRed     = page.Color{176, 26, 26}, page.Color{253, 237, 236}
	amber, paleAmber = page.Color{150, 88, 0}, page.Color{255, 246, 226}
)

func decisionColors(d verify.Decision) (ink, ground page.Color) {
	switch d {
	case verify.Accept:
		return green, paleGreen
	case verify.Return:
		return red, paleRed
	case verify.Recheck:
	}
	return amber, paleAmber
}

func statusColor(s verify.CheckStatus) page.Color {
	switch s {
	case verify.CheckPassed:
		return green
	case verify.CheckFailed:
		return red
	case verify.CheckSkipped:
		return grey
	case verify.CheckIndeterminate:
	}
	return amber
}

// moment writes the instants in a text by the clock of the report.
func (w *writer) moment(s string) string { return moment.SayAll(s, w.cfg.Zone, w.cfg.Lang) }

// judgedAt is when the last of the files was judged.
func (w *writer) judgedAt() time.Time {
	var last time.Time
	for _, r := range w.report.Reports {
		if r.JudgedAt.After(last) {
			last = r.JudgedAt
		}
	}
	return last.In(w.cfg.Zone)
}

func (w *writer) tell(t words, args ...any) string { return fmt.Sprintf(w.say(t), args...) }
