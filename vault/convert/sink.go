package convert

import (
	"bufio"
	"cmp"
	"encoding/json"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/elicense/elicense/internal/sheet"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/catalogue"
)

// sink takes the results of groups in the order of the file: counts, numbers, listings, and what the result will say.
type sink struct {
	r       *runner
	l       *layout
	report  *Report
	spool   *spool // nil texts if there is no result to write
	numbers *ledgerNumbers
	codes   map[vault.Code]int
	rows    *bufio.Writer
	json    *json.Encoder
	errors  *bufio.Writer
	scans   *ScanReport
	photos  *ScanReport
	stopped *Stop // set by the committing goroutine before it sends the group
	width   int   // of the widest row; set by the reading goroutine before it ends
}

func newSink(r *runner) *sink {
	info := &r.o.book.Info
	s := &sink{r: r, l: r.l, spool: &spool{temp: r.cfg.Temp}, codes: make(map[vault.Code]int)}
	s.numbers = newLedgerNumbers(r.l.typ.Definition.Numbering)
	s.report = &Report{
		File: r.spec.FileName, Digest: r.spec.File, Mapping: r.spec.Mapping, Format: info.Format.String(),
		Sheet: info.Sheets[r.o.index].Name, HeadingRow: r.l.head.last, Columns: r.l.uses(), DryRun: r.job.DryRun,
	}
	s.report.Others = r.o.others(r.l.typ)
	s.report.HiddenSheet = info.Sheets[r.o.index].Hidden
	if info.Format == sheet.FormatCSV {
		s.report.Encoding = info.Dialect.Encoding.String()
	}
	switch {
	case r.batch != nil:
		s.report.Batch = r.batch.ID()
	case r.former != nil:
		s.report.Batch, s.report.Again = r.former.ID, true
	}
	if r.job.Rows != nil {
		s.rows = bufio.NewWriterSize(r.job.Rows, 64<<10)
		s.json = json.NewEncoder(s.rows)
		s.json.SetEscapeHTML(false)
	}
	if r.job.Errors != nil {
		s.errors = bufio.NewWriterSize(r.job.Errors, 64<<10)
	}
	if r.scans != nil {
		s.scans = &ScanReport{}
	}
	if r.photos != nil {
		s.photos = &ScanReport{}
	}
	return s
}

// take adds a group. One without results was not committed: only its errors are listed.
func (s *sink) take(g *group) error {
	width := len(s.l.columns)
	for i := range g.rows {
		row := g.values[i*width : (i+1)*width]
		if g.results == nil {
			if len(g.findings[i]) > 0 {
				rejected := &vault.RowResult{Row: g.rows[i].number, Outcome: vault.RowRejected}
				if err := s.write(g, i, rejected); err != nil {
					return err
				}
			}
			continue
		}
		s.count(g, i)
		s.numbers.add(row[s.l.at.number], yearOf(row[s.l.at.issued]))
		s.pair(s.scans, g, i, g.lacking[i])
		s.pair(s.photos, g, i, g.faceless[i])
		if err := s.write(g, i, &g.results[i]); err != nil {
			return err
		}
	}
	return nil
}

func yearOf(day string) int {
	if len(day) < 4 {
		return 0
	}
	y, err := strconv.Atoi(day[:4])
	if err != nil {
		return 0
	}
	return y
}

func (s *sink) count(g *group, i int) {
	c := &s.report.Counts
	c.Rows++
	switch g.results[i].Outcome {
	case vault.RowCreated:
		c.Created++
	case vault.RowUpdated:
		c.Updated++
	case vault.RowUnchanged:
		c.Unchanged++
	case vault.RowConflict:
		c.Conflict++
	case vault.RowRejected:
		c.Rejected++
	}
	if g.done != nil {
		s.report.Resumed++
	}
	if g.noted[i] {
		s.report.Noted++
	}
	if g.rows[i].hidden {
		s.report.Hidden++
	}
}

// pair counts a row with its files or without.
func (s *sink) pair(to *ScanReport, g *group, i int, lacking bool) {
	switch {
	case to == nil:
	case !lacking:
		if g.values[i*len(s.l.columns)+s.l.at.number] != "" {
			to.Paired++
			if g.results[i].Outcome == vault.RowUnchanged {
				to.Unchanged++
			}
		}
	case len(to.Missing) == maxListed:
		to.MoreRows++
	default:
		to.Missing = append(to.Missing, Place{g.rows[i].number, g.rows[i].line})
	}
}

// write puts one row into words, for those who want them.
func (s *sink) write(g *group, i int, res *vault.RowResult) error {
	problems := s.problems(g, i, res)
	for k := range problems {
		first := slices.IndexFunc(problems, func(p Problem) bool { return p.Code == problems[k].Code }) == k
		if first {
			s.codes[problems[k].Code]++
		}
	}
	if s.errors != nil {
		for k := range problems {
			s.list(&g.rows[i], &problems[k])
		}
	}
	if s.json != nil {
		r := RowReport{
			Row: g.rows[i].number, Line: g.rows[i].line, Outcome: res.Outcome, Code: res.Code, OtherRow: res.OtherRow,
			Identifier: res.Identifier, Problems: problems, Notes: g.notes[i],
		}
		if g.rows[i].hidden {
			r.Notes = append(r.Notes, vault.Note{Code: CodeRowHidden})
		}
		if len(problems) > 0 && r.Code == "" {
			r.Code = problems[0].Code
		}
		if err := s.json.Encode(&r); err != nil {
			return err
		}
	}
	if s.r.job.Result == nil {
		return nil
	}
	e := entry{row: g.rows[i].number, outcome: res.Outcome}
	e.codes, e.fix = texts(problems)
	if g.rows[i].hidden {
		e.fix = noteHidden(e.fix)
	}
	return s.spool.add(&e)
}

// problems are what is wrong with a row: its own errors, or what the vault has against it.
func (s *sink) problems(g *group, i int, res *vault.RowResult) []Problem {
	if list := g.findings[i]; len(list) > 0 {
		out := make([]Problem, len(list))
		for k := range list {
			out[k] = list[k].say(s.l)
		}
		return out
	}
	if res.Code == "" {
		return nil
	}
	zh, en := res.Code.Sentence()
	p := Problem{Code: res.Code, Zh: zh, En: en}
	if res.Code == vault.CodeValidityGap {
		p.Element, p.Column, p.Heading = s.l.place(catalogue.MetaFrom)
	}
	if res.OtherRow > 0 {
		p.Zh += "（见第" + strconv.Itoa(res.OtherRow) + "行）"
		p.En += " (see row " + strconv.Itoa(res.OtherRow) + ")"
	}
	return []Problem{p}
}

// list adds a line of the listing: file, row, line, column, heading, code. It holds no value of the row.
func (s *sink) list(raw *rawRow, p *Problem) {
	fields := []string{
		s.report.File, strconv.Itoa(raw.number), strconv.Itoa(cmp.Or(raw.line, raw.number)),
		p.Column, p.Heading, string(p.Code),
	}
	for i, f := range fields {
		if i > 0 {
			s.errors.WriteByte('\t') //nolint:errcheck // flush tells
		}
		s.errors.WriteString(strings.Map(plain, f)) //nolint:errcheck // flush tells
	}
	s.errors.WriteByte('\n') //nolint:errcheck // flush tells
}

func plain(c rune) rune {
	if c < ' ' || c == 0x7f {
		return ' '
	}
	return c
}

// texts are the cells 错误码 and 怎么改 of a row.
func texts(problems []Problem) (codes, fix string) {
	if len(problems) == 0 {
		return "", ""
	}
	var list []string
	var b strings.Builder
	for i := range problems {
		p := &problems[i]
		if !slices.Contains(list, string(p.Code)) {
			list = append(list, string(p.Code))
		}
		if i > 0 {
			b.WriteString("\n")
		}
		if p.Column != "" {
			b.WriteString(p.Column + "列")
		}
		if p.Heading != "" {
			b.WriteString("“" + p.Heading + "”")
		}
		if p.Column != "" || p.Heading != "" {
			b.WriteString("：")
		}
		b.WriteString(p.Zh)
	}
	return strings.Join(list, ";"), b.String()
}

// noteHidden adds to what stands beside a row that the sheet does not show it.
func noteHidden(fix string) string {
	zh, _ := Sentence(CodeRowHidden)
	if fix != "" {
		fix += "\n"
	}
	return fix + zh
}

// flush completes the report and ends the listings.
func (s *sink) flush() error {
	s.report.Stopped = s.stopped
	s.report.Reconcile = s.numbers.reconcile(s.report.Counts)
	for c, n := range s.codes {
		s.report.Codes = append(s.report.Codes, CodeCount{c, n})
	}
	slices.SortFunc(s.report.Codes, func(a, b CodeCount) int {
		return cmp.Or(cmp.Compare(b.Rows, a.Rows), cmp.Compare(a.Code, b.Code))
	})
	if s.scans != nil {
		s.r.scans.report(s.scans)
		s.report.Scans = s.scans
	}
	if s.photos != nil {
		s.r.photos.report(s.photos)
		s.report.Photos = s.photos
	}
	for _, w := range []*bufio.Writer{s.rows, s.errors} {
		if w != nil {
			if err := w.Flush(); err != nil {
				return err
			}
		}
	}
	return nil
}

var stateNames = map[vault.Outcome]string{
	vault.RowCreated: "新建", vault.RowUpdated: "更新", vault.RowUnchanged: "无变化",
	vault.RowConflict: "冲突", vault.RowRejected: "退回",
}

// stateWaiting stands beside rows that were not worked because the conversion stopped.
const stateWaiting = "未处理"

// result writes the sheet again with what became of each row.
func (s *sink) result(o *opened, w io.Writer) error {
	list, err := s.spool.entries()
	if err != nil {
		return err
	}
	at := s.l.head.result
	if at < 0 {
		at = max(s.width, len(s.l.head.columns))
	}
	c := &cutter{l: s.l}
	var e entry
	more, err := list.next(&e)
	if err != nil {
		return err
	}
	a := sheet.Annotation{Sheet: o.index, Column: min(at, sheet.MaxColumns-3), Cells: 3}
	return o.book.Annotate(w, a, func(row *sheet.Row) ([]string, error) {
		switch {
		case row.Number == s.l.head.last:
			return []string{ResultState, ResultCode, ResultFix}, nil
		case row.Number < s.l.head.last:
			return nil, nil
		case more && row.Number == e.row:
			cells := []string{stateNames[e.outcome], e.codes, e.fix}
			more, err = list.next(&e)
			return cells, err
		}
		c.row = *row
		if c.passedOver() {
			return nil, nil
		}
		return []string{stateWaiting, "", ""}, nil
	})
}
