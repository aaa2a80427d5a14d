package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/elicense/elicense/internal/cli"
	"github.com/elicense/elicense/internal/sheet"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/catalogue"
)

// sheetCompare is a sheet of claims, one licence a row.
type sheetCompare struct{ file, result, encoding string }

// claimSheet is an open one.
type claimSheet struct {
	*program

	comparing

	book    *sheet.Book
	at      int      // sheet
	heading int      // row of the heading, from 1
	names   []string // short name of each column; "" for one that says nothing
	unknown []string // headings that say nothing: they are not compared, and the person is told
	width   int
	counts  [5]int             // rows by exit code
	ahead   map[int]rowVerdict // what a service answered, by row; nil: rows are compared in their turn
}

// Headings of the columns that a comparison adds. A sheet that has them already has them replaced.
var comparedHeadings = []string{"比对结论", "证照状态", "不一致项", "缺失项", "说明"}

// compareSheet compares every row as compareOne would, and writes the same sheet with the verdicts beside it.
func (c *program) compareSheet(ctx context.Context, x comparing, s sheetCompare) error {
	if err := typeCode(ctx, x.desk, &x.query.Type); err != nil {
		return err
	}
	f, err := os.Open(s.file)
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // only read
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if err := checkEncoding(s.encoding); err != nil {
		return err
	}
	opts := sheet.Options{Temp: tempSheet}
	opts.Encoding, _ = sheet.ParseEncoding(s.encoding)
	book, err := sheet.Open(f, info.Size(), filepath.Base(s.file), opts)
	if err != nil {
		return err
	}
	defer book.Close() //nolint:errcheck // only read
	cs := &claimSheet{program: c, comparing: x, book: book}
	if err := cs.findHeading(ctx); err != nil {
		return err
	}
	if err := cs.askAhead(ctx); err != nil {
		return err
	}
	if s.result == "" {
		s.result = freeName(s.file, c.Say("-比对", "-compared"), book.ResultFormat() == sheet.FormatXLSX)
	}
	if err := cs.write(ctx, s.result); err != nil {
		return err
	}
	return cs.finish(s.result)
}

func tempSheet() (sheet.TempFile, error) { return newTemporary("") }

// claimRows is how far down the heading is looked for.
const claimRows = 20

// findHeading takes the first row in which a licence is named and something is claimed of it.
func (cs *claimSheet) findHeading(ctx context.Context) error {
	var err error
	if cs.at, err = cs.book.DefaultSheet(); err != nil {
		return err
	}
	rows, err := cs.book.Rows(cs.at)
	if err != nil {
		return err
	}
	var t *vault.LicenceType
	if cs.query.Type != "" {
		if t, err = cs.desk.Type(ctx, cs.query.Type); err != nil {
			return err
		}
	}
	var row sheet.Row
	for rows.Next(&row) == nil && row.Number <= claimRows {
		names, width := claimNames(t, &row)
		named := slices.Contains(names, catalogue.MetaIdentifier) || slices.Contains(names, catalogue.MetaNumber)
		if named && slices.IndexFunc(names, isClaim) >= 0 {
			cs.heading, cs.names, cs.width = row.Number, names, width
			again := slices.ContainsFunc(row.Cells, isCompared)
			for i := range width {
				if names[i] == "" && row.Cells[i].Text != "" {
					cs.unknown = append(cs.unknown, row.Cells[i].Text)
				}
			}
			if !again {
				cs.passSurplus(rows)
			}
			return nil
		}
	}
	return cli.Usage(
		"找不到表头：前 20 行中没有同时含“证照编号”（或“证照标识”）和要比对的要素的一行；列名用短名或中文名，并请给出 --type",
		"no heading: none of the first 20 rows has a licence number (or identifier) beside elements to compare; "+
			"name columns by short name or label, and give --type",
	)
}

// passSurplus moves the verdicts behind what rows have beyond the heading, such as remarks without one. Whoever reads the
// rows next tells what is wrong with them.
func (cs *claimSheet) passSurplus(rows *sheet.Reader) {
	var row sheet.Row
	for rows.Next(&row) == nil {
		for i := cs.width; i < len(row.Cells); i++ {
			if row.Cells[i].Text != "" {
				cs.width = i + 1
			}
		}
	}
}

// isCompared tells the first of the columns that a comparison added.
func isCompared(cell sheet.Cell) bool { return strings.TrimSpace(cell.Text) == comparedHeadings[0] }

// isClaim tells the columns to compare from those that name the licence and those that say nothing.
func isClaim(name string) bool {
	switch name {
	case "", catalogue.MetaIdentifier, catalogue.MetaNumber, catalogue.MetaTypeCode, catalogue.MetaIssuerCode:
		return false
	}
	return true
}

// claimNames gives the short name of each column of a heading, and its width without the columns that a comparison
// added.
func claimNames(t *vault.LicenceType, row *sheet.Row) (names []string, width int) {
	for _, cell := range row.Cells {
		name := strings.TrimSpace(cell.Text)
		if isCompared(cell) {
			break
		}
		if name != "" {
			width = len(names) + 1
		}
		if i := slices.Index(names, claimName(t, name)); i >= 0 && names[i] != "" {
			names = append(names, "") // the first column of that name counts
			continue
		}
		names = append(names, claimName(t, name))
	}
	return names, width
}

// claimName is the short name that a heading means: by the type if it is known, else by the standard's metadata.
func claimName(t *vault.LicenceType, heading string) string {
	if heading == "" {
		return ""
	}
	if t != nil {
		if _, known := t.Column(heading); known || heading == catalogue.MetaTypeCode {
			return heading
		}
		if list := t.FindHeading(heading); len(list) > 0 {
			return list[0]
		}
	}
	for _, m := range catalogue.Metadata() {
		if m.Name == heading || catalogue.NormaliseHeading(m.Label) == catalogue.NormaliseHeading(heading) ||
			slices.Contains(m.Synonyms, heading) {
			return m.Name
		}
	}
	if strings.HasPrefix(heading, "KZ_") {
		return heading
	}
	return ""
}

// write makes the result whole or not at all.
func (cs *claimSheet) write(ctx context.Context, name string) error {
	f, err := os.CreateTemp(filepath.Dir(name), ".new-*")
	if err != nil {
		return about(err, name)
	}
	note := sheet.Annotation{Sheet: cs.at, Column: cs.width, Cells: len(comparedHeadings)}
	err = cs.book.Annotate(f, note, func(row *sheet.Row) ([]string, error) {
		switch {
		case row.Number < cs.heading || row.Number > cs.heading && row.Empty():
			return nil, nil
		case row.Number == cs.heading:
			return comparedHeadings, nil
		}
		return cs.row(ctx, row)
	})
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}

// comparedRow is a row as --json shows it: the comparison as a single one would be, with its place.
type comparedRow struct {
	Row        int               `json:"row"`
	Comparison *vault.Comparison `json:"comparison,omitempty"`
	Problems   []cli.ProblemJSON `json:"problems,omitempty"`
}

// row compares one row. What is wrong with one row does not end the others; what is wrong with the vault does.
func (cs *claimSheet) row(ctx context.Context, row *sheet.Row) ([]string, error) {
	out := comparedRow{Row: row.Number}
	var err error
	out.Comparison, err = cs.judge(ctx, row)
	if err != nil && !isRowError(err) {
		return nil, err
	}
	var cells []string
	if err != nil {
		for _, p := range problems(nil, err) {
			out.Problems = append(out.Problems, cs.ProblemJSON(&p))
		}
		cells = cs.refused(err, out.Problems)
		cs.counts[cli.ExitFailed]++
	} else {
		words, code := cs.outcome(out.Comparison)
		cs.counts[code]++
		cells = cs.verdicts(out.Comparison, words)
	}
	if cs.JSON {
		return cells, cs.WriteJSON(out)
	}
	return cells, nil
}

func (cs *claimSheet) judge(ctx context.Context, row *sheet.Row) (*vault.Comparison, error) {
	if row.Err != nil {
		return nil, row.Err
	}
	if v, answered := cs.ahead[row.Number]; answered {
		return v.comparison, v.err
	}
	q, claims := cs.claims(row)
	return cs.compare(ctx, q, claims)
}

// isRowError tells what only this row suffers from: its values, the rights to this licence, the limit of guesses.
func isRowError(err error) bool {
	var refusal *vault.Refusal
	var usage *cli.UsageError
	var bad *sheet.Error
	if errors.As(err, &usage) || errors.As(err, &bad) || isServiceRowError(err) {
		return true
	}
	return errors.As(err, &refusal) && !errors.Is(err, vault.ErrUnknownCaller) && !errors.Is(err, vault.ErrRestored)
}

// claims splits a row into what names the licence and what is claimed of it: exactly what a single comparison is given.
func (cs *claimSheet) claims(row *sheet.Row) (vault.Query, map[string]string) {
	q, claims := cs.query.Query, map[string]string{}
	for i, name := range cs.names {
		if name == "" || i >= len(row.Cells) || row.Cells[i].Text == "" {
			continue
		}
		text := strings.TrimSpace(sheetText(cs.book, &row.Cells[i]))
		switch name {
		case catalogue.MetaIdentifier:
			q.Identifier = text
		case catalogue.MetaTypeCode:
			q.Type = text
		case catalogue.MetaNumber:
			q.Number = text
		case catalogue.MetaIssuerCode:
			q.Issuer = text
		default:
			claims[name] = text
		}
	}
	if q.Identifier != "" { // the identifier says which licence; the other two become claims
		if q.Number != "" {
			claims[catalogue.MetaNumber] = q.Number
		}
		if q.Issuer != "" {
			claims[catalogue.MetaIssuerCode] = q.Issuer
		}
		q.Number, q.Issuer, q.Type = "", "", ""
	}
	return q, claims
}

// sheetText is what a person sees in a cell: a date as a date, a number with the zeros that its format shows.
func sheetText(book *sheet.Book, cell *sheet.Cell) string {
	switch cell.Kind {
	case sheet.KindDate:
		if t, ok := sheet.ParseSerial(cell.Text, book.Info.Date1904); ok {
			return t.Format("2006-01-02")
		}
	case sheet.KindNumber:
		return sheet.Padded(cell.Text, book.FormatCode(cell.Format))
	case sheet.KindEmpty, sheet.KindText, sheet.KindBool, sheet.KindError:
	}
	return cell.Text
}

// verdicts are the cells of a comparison.
func (cs *claimSheet) verdicts(res *vault.Comparison, words string) []string {
	var different, missing, rules []string
	for _, f := range res.Fields {
		switch f.Verdict {
		case vault.Different:
			different = append(different, f.Label)
		case vault.Missing:
			missing = append(missing, f.Label)
		case vault.Equal:
		}
		if len(f.Rules) > 0 {
			rules = append(rules, f.Label+cs.Say("", " ")+cs.rules(f.Rules))
		}
	}
	state := ""
	if res.State != "" {
		state = cs.state(res.State)
	}
	return []string{words, state, strings.Join(different, "、"), strings.Join(missing, "、"), strings.Join(rules, "；")}
}

// refused are the cells of a row that could not be compared.
func (cs *claimSheet) refused(err error, list []cli.ProblemJSON) []string {
	var why []string
	for i := range list {
		why = append(why, list[i].Message+" ["+list[i].Code+"]")
	}
	if len(why) == 0 {
		why = append(why, cs.Text(describe(err)))
	}
	return []string{cs.Say("未能比对", "not compared"), "", "", "", strings.Join(why, "；")}
}

// finish says how it went; the exit code is that of the worst row.
func (cs *claimSheet) finish(name string) error {
	n := cs.counts
	rows := n[cli.ExitDone] + n[cli.ExitNotPassed] + n[cli.ExitIndeterminate] + n[cli.ExitFailed]
	cs.Tell("比对 %d 行：一致且有效 %d，不一致、缺失或失效 %d，没有查到 %d，未能比对 %d",
		"%d rows: equal and in force %d, different, missing or not in force %d, not found %d, not compared %d",
		rows, n[cli.ExitDone], n[cli.ExitNotPassed], n[cli.ExitIndeterminate], n[cli.ExitFailed])
	if len(cs.unknown) > 0 {
		cs.Aside(cs.Say("注意：这些列不是该类证照的要素，没有比对：", "note: these columns are no elements of the type and were not compared: ") +
			strings.Join(cs.unknown, "、") + "\n")
	}
	cs.Tell("结果表：%s", "result: %s", name)
	for _, code := range []int{cli.ExitFailed, cli.ExitNotPassed, cli.ExitIndeterminate} {
		if n[code] > 0 {
			return &cli.ExitError{Code: code}
		}
	}
	return nil
}
