package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/convert"
	"github.com/elicense/elicense/vault/record"
)

// Most lines of each kind in a report for people; --json and the result sheet have all.
const (
	maxShownCodes = 8
	maxShownSpans = 8
	maxShownScans = 5
)

// showReport says what became of the file, why rows were sent back, whether all numbers are there, and what to do next.
func (cv *conversion) showReport(r *convert.Report) {
	cv.Tell("%s：%s", "%s: %s", cv.headline(r), cv.counts(r.Counts))
	cv.Tell("台账：%s，表头到第 %d 行", "ledger: %s, heading down to row %d", readAs(r), r.HeadingRow)
	if unused := unusedColumns(r); unused != "" {
		cv.Tell("没有用到的列：%s", "columns not used: %s", unused)
	}
	if len(r.Others) > 0 {
		cv.Tell("另有工作表像同类台账，没有转换：%s；用 --sheet 逐一转换", "other sheets look alike and were not converted: %s; "+
			"convert each by itself, named with --sheet", strings.Join(r.Others, "、"))
	}
	cv.tellHidden(r.HiddenSheet, r.Hidden)
	if r.Skipped > 0 {
		cv.Tell("跳过 %d 行（空行、重复的表头、合计、附注）", "%d rows passed over: empty ones, headings again, totals, notes", r.Skipped)
	}
	if r.Resumed > 0 {
		cv.Tell("从断点继续：其中 %d 行上次已完成", "went on where it stopped: %d of them were done before", r.Resumed)
	}
	if r.Noted > 0 {
		cv.Tell("有 %d 行经过规范（全角、日期、旧代码等），逐项记入证照来源", "%d rows were normalised, each change noted", r.Noted)
	}
	cv.showCodes(r)
	cv.showSpans(r)
	cv.showScans(r)
	cv.showPhotos(r)
	cv.Tell("用时 %s，每秒 %s 行", "took %s, %s rows a second", short(r.Elapsed), rate(r))
	cv.showNext(r)
}

// tellHidden says what of a ledger is not shown: what is hidden is often what was crossed out.
func (c *program) tellHidden(sheet bool, rows int) {
	if sheet {
		c.Tell("此工作表是隐藏的，请核对是否该用", "the sheet is hidden: see whether it is the one to use")
	}
	if rows > 0 {
		c.Tell("有 %d 行在表中是隐藏的（或被筛选隐藏），照常处理；请核对是否已作废",
			"%d rows are hidden in the sheet, or by a filter, and are worked as all others: see whether they were crossed out", rows)
	}
}

// unusedColumns are those with a heading that went into no element and that the mapping does not pass over.
func unusedColumns(r *convert.Report) string {
	own := []string{"", convert.ResultState, convert.ResultCode, convert.ResultFix}
	var list []string
	for _, c := range r.Columns {
		if len(c.Elements) == 0 && !c.Ignored && !slices.Contains(own, c.Heading) {
			list = append(list, c.Heading)
		}
	}
	return strings.Join(list, "、")
}

// readAs is what the file was read as.
func readAs(r *convert.Report) string {
	if r.Encoding != "" {
		return r.Format + " " + r.Encoding
	}
	return r.Format + " " + r.Sheet
}

func (cv *conversion) headline(r *convert.Report) string {
	switch {
	case r.DryRun:
		return cv.Say("试运行（未写库）", "dry run (nothing written)")
	case r.Stopped != nil:
		return fmt.Sprintf(cv.Say("在第 %d 行停止（看了 %d 行，退回 %d 行）；已入库", "stopped at row %d (%d rows read, %d rejected); brought in"),
			r.Stopped.Row, r.Stopped.Rows, r.Stopped.Rejected)
	case r.Again:
		return cv.Say("此文件以前已经转换完毕，没有新变化，未写库", "this file was converted before and brings nothing new; nothing was written")
	}
	return cv.Say("转换完成", "converted")
}

func (c *program) counts(n record.Counts) string {
	return fmt.Sprintf(c.Say("%d 行 = 新建 %d + 更新 %d + 无变化 %d + 冲突 %d + 退回 %d",
		"%d rows = created %d + updated %d + unchanged %d + conflict %d + rejected %d"),
		n.Rows, n.Created, n.Updated, n.Unchanged, n.Conflict, n.Rejected)
}

func short(d time.Duration) string { return d.Round(10 * time.Millisecond).String() }

func rate(r *convert.Report) string {
	if s := r.Elapsed.Seconds(); s > 0 {
		return fmt.Sprintf("%.0f", float64(r.Counts.Rows-r.Resumed)/s)
	}
	return "-"
}

func (cv *conversion) showCodes(r *convert.Report) {
	if len(r.Codes) == 0 {
		return
	}
	cv.Tell("退回和冲突的原因：", "why rows were sent back:")
	for i, x := range r.Codes {
		if i == maxShownCodes {
			cv.Tell("          …… 另有 %d 种，见结果表", "          … and %d more kinds, see the result", len(r.Codes)-i)
			break
		}
		cv.Tell("  %6d 行  %s [%s]", "  %6d rows  %s [%s]", x.Rows, cv.Say(convert.RowWords(x.Code)), x.Code)
	}
}

// showSpans lists the number ranges that have gaps: those that are whole are only counted.
func (cv *conversion) showSpans(r *convert.Report) {
	var spans []record.Span
	gaps, missing := 0, 0
	for _, s := range r.Reconcile.Spans {
		if s.Series == record.YearUnreadable {
			cv.Tell("年份无法识别：%d 个编号，不列入号段", "year unreadable: %d numbers, in no range", s.Seen)
			continue
		}
		spans = append(spans, s)
		if s.Missing > 0 {
			gaps++
			missing += s.Missing
		}
	}
	if !r.Reconcile.Balanced {
		cv.Tell("对账不平：请报告此问题", "the account does not balance: please report this")
	}
	if len(spans) == 0 {
		return
	}
	if gaps == 0 {
		cv.Tell("编号连续：%d 个号段没有缺号", "numbers run on: no gap in %d ranges", len(spans))
		return
	}
	cv.Tell("编号缺 %d 个（%d 个号段中的 %d 个），请查是否漏登：", "%d numbers are missing (in %[3]d of %[2]d ranges), were they left out?",
		missing, len(spans), gaps)
	shown := 0
	for _, s := range spans {
		if s.Missing == 0 {
			continue
		}
		if shown++; shown > maxShownSpans {
			cv.Tell("  …… 全部见 --json 或批次证明", "  … all of them in --json")
			return
		}
		cv.Tell("  %d 年 %s %s 至 %s：有 %d，缺 %d", "  %d %s %s to %s: %d seen, %d missing",
			s.Year, cv.series(s.Series), s.First, s.Last, s.Seen, s.Missing)
	}
}

// series names a series of numbers: what stands before their running digits, or what the type's rule says of them.
func (c *program) series(name string) string {
	return strings.NewReplacer(
		"division=", c.Say("区划 ", "division "), "category=", c.Say("类别 ", "category "), "year=", c.Say("年份 ", "year "),
		",", c.Say("，", ", "),
	).Replace(name)
}

func (cv *conversion) showScans(r *convert.Report) {
	s := r.Scans
	if s == nil {
		return
	}
	cv.showPaired(s, "扫描件", "scan")
	if s.Unchanged > 0 {
		cv.Tell("  其中 %d 行无变化，扫描件没有再存：证照已有扫描件，或入库后办理过业务；要另存，逐件执行 %s document attach 标识 文件 --kind scan",
			"  %d of them changed nothing and their scans were not stored: the licence has scans, or was acted on since; to add "+
				"one, run %s document attach IDENTIFIER FILE --kind scan", s.Unchanged, cv.again())
	}
	cv.showUnpaired(s, "扫描件", "scan")
}

func (cv *conversion) showPhotos(r *convert.Report) {
	if s := r.Photos; s != nil {
		cv.showPaired(s, "照片", "photo")
		cv.showUnpaired(s, "照片", "photo")
	}
}

// showPaired says how many files and rows found each other.
func (cv *conversion) showPaired(s *convert.ScanReport, zh, en string) {
	missing, extra := len(s.Missing)+s.MoreRows, len(s.Extra)+s.MoreFiles
	cv.Tell(zh+" %d 个：%d 行已配上，%d 行没有"+zh+"，%d 个文件没有对应的行",
		"%d "+en+"s: %d rows paired, %d rows without, %d files without a row", s.Files, s.Paired, missing, extra)
}

// showUnpaired names the first rows without a file, and the first files without a row.
func (cv *conversion) showUnpaired(s *convert.ScanReport, zh, en string) {
	for i, p := range s.Missing {
		if i == maxShownScans {
			break
		}
		cv.Tell("  第 %d 行没有"+zh, "  row %d has no "+en, p.Row)
	}
	for i, name := range s.Extra {
		if i == maxShownScans {
			break
		}
		cv.Tell("  没有对应的行：%s", "  belongs to no row: %s", name)
	}
	for _, name := range s.Shared {
		cv.Tell("  不止一行用到：%s", "  claimed by several rows: %s", name)
	}
}

// feedBack is the command that works the corrected result.
func (cv *conversion) feedBack() string {
	call := cv.again() + " convert " + quoted(cv.result) + " --type " + quoted(cv.typ)
	for _, f := range []struct{ flag, value string }{
		{"mapping", cv.mapping}, {"sheet", cv.sheet}, {"encoding", cv.encoding}, {"scans", cv.scans}, {"photos", cv.photos},
		{"as", cv.access.Caller},
	} {
		if f.value != "" {
			call += " --" + f.flag + " " + quoted(f.value)
		}
	}
	return call
}

// showNext says what to do now: correct rows, then sample and sign off.
func (cv *conversion) showNext(r *convert.Report) {
	n := r.Counts
	cv.Tell("结果表：%s", "result: %s", cv.result)
	if n.Rejected+n.Conflict > 0 {
		cv.Tell("  其中 %d 行要改：见“怎么改”一列，改好后导入：", "  %d rows to correct, see the column 怎么改; then feed it back:",
			n.Rejected+n.Conflict)
		cv.Fact("  %s", cv.feedBack())
	}
	switch {
	case r.DryRun && r.Stopped != nil:
		cv.Tell("正式转换会在第 %d 行因退回过多而停止", "a real run would stop at row %d: too many rejected", r.Stopped.Row)
	case r.DryRun:
		cv.Tell("去掉 --dry-run 即正式转换", "without --dry-run it is done")
	case r.Stopped == nil && n.Created+n.Updated > 0:
		cv.Tell("批次 %s 签核后才对外可查：", "look-ups see batch %s once it is signed off:", r.Batch)
		cv.showSignOff(r.Batch)
	case r.Again && r.Account != nil && r.Account.State == vault.BatchWaiting:
		cv.Tell("它的批次 %s 还没有签核，签核后才对外可查：", "its batch %s is not signed off yet; look-ups see it once it is:", r.Batch)
		cv.showSignOff(r.Batch)
	case r.Stopped != nil && r.Counts.Created+r.Counts.Updated > 0:
		cv.Tell("批次 %s 没有做完，已入库的不对外可查；可以继续，也可以撤回：%s convert --undo %[1]s --reason 理由",
			"batch %s is not finished and look-ups do not see it; go on with it, or undo it: %s convert --undo %[1]s --reason TEXT",
			r.Batch, cv.again())
	case r.Batch != "":
		cv.Tell("批次 %s", "batch %s", r.Batch)
	}
}

// showSignOff is how a batch is sampled and signed off.
func (cv *conversion) showSignOff(batch string) {
	as := ""
	if cv.access.Caller != "" {
		as = " --as " + quoted(cv.access.Caller)
	}
	cv.Tell("  %s batch sample %s --sheet 抽样.xlsx%s", "  %s batch sample %s --sheet sample.xlsx%s", cv.again(), batch, as)
	cv.Tell("  %s batch sign-off %s --by 核对人 --sampled 20%s", "  %s batch sign-off %s --by NAME --sampled 20%s", cv.again(),
		batch, as)
}
