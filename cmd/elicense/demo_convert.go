package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/internal/sheet"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/catalogue"
	"github.com/elicense/elicense/vault/convert"
)

// Files that a demo leaves beside the vault's.
const (
	mappingFile = "映射.yaml"
	bundleFile  = "证照.json"
	receiptFile = "回执.json"
)

// pass is one run over the ledger with every row's outcome.
type pass struct {
	report *convert.Report
	rows   map[int]convert.RowReport
}

// convert turns a ledger with every fault into licences: dry, for real, and once more.
func (d *demo) convert(ctx context.Context) error {
	d.title("存量转换：%d 行台账，带着各种毛病", "conversion: a ledger of %d rows full of faults", d.rows)
	if err := d.makeLedger(ctx); err != nil {
		return err
	}
	dry, err := d.pass(ctx, true)
	if err != nil {
		return err
	}
	real, err := d.pass(ctx, false)
	if err != nil {
		return err
	}
	if err := d.check(sameRows(dry, real), "试运行与正式转换 %d 行，逐行结论相同",
		"dry run and real run: the same verdict on each of %d rows", len(real.rows)); err != nil {
		return err
	}
	kinds, err := d.expectRows(real)
	if err != nil {
		return err
	}
	if err := d.check(true, "每一行的结论都与造数时埋下的 %d 种毛病相符",
		"every verdict is right: %d kinds of faults had been put in", kinds); err != nil {
		return err
	}
	d.showReasons(real.report)
	again, err := d.pass(ctx, false)
	if err != nil {
		return err
	}
	n := again.report.Counts
	return d.check(n.Created+n.Updated == 0 && n.Rejected == real.report.Counts.Rejected,
		"同一文件再转换一次：没有重复，没有变化", "the same file once more: no duplicate, no change")
}

// makeLedger writes the ledger and its mapping, which says that bare numbers in date columns are dates.
func (d *demo) makeLedger(ctx context.Context) error {
	var err error
	d.ledger, err = fixtures.NewLedger(fixtures.LedgerOptions{
		Type: fixtures.HealthLicence, Seed: d.seed, Rows: d.rows, Dirt: 0.12, DirtyHeading: true,
		Encoding: sheet.GB18030, SerialDates: true,
	})
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if _, err := d.ledger.WriteTo(&b); err != nil {
		return err
	}
	if err := writeFile(d.ledgerPath(), b.Bytes()); err != nil {
		return err
	}
	t, err := resolveType(ctx, d.house.vault, fixtures.HealthLicence)
	if err != nil {
		return err
	}
	p, err := detectIn(ctx, ledgerFile{path: d.ledgerPath()}, t)
	if err != nil {
		return err
	}
	named := d.nameColumns(p.Mapping)
	p.Mapping.Serials = true
	d.Tell("   %s  %s，表头在第 %d 行", "   %s  %s, heading in row %d", d.ledgerPath(), p.Encoding, p.HeadingRow)
	if err := writeFile(filepath.Join(d.keep, mappingFile), p.Mapping.Encode()); err != nil {
		return err
	}
	return d.check(len(named) == len(p.Problems), "自动识别 %d 列；%s 一列写进映射，下次不用再写",
		"%d columns are recognised; %s is put into the mapping, once for all", len(p.Mapping.Columns)-len(named),
		strings.Join(named, " "))
}

// nameColumns puts the columns into a mapping that are not recognised, as a ledger keeper does once, and names them.
func (d *demo) nameColumns(m *convert.Mapping) []string {
	known := map[string]bool{}
	for i := range m.Columns {
		for _, e := range m.Columns[i].Elements {
			known[e] = true
		}
	}
	var named []string
	for heading, element := range d.ledger.Mapping() {
		if !known[element] {
			m.Columns = append(m.Columns, convert.MappedColumn{Heading: heading, Elements: []string{element}})
			named = append(named, heading)
		}
	}
	return named
}

func (d *demo) ledgerPath() string { return filepath.Join(d.keep, d.ledger.Name()) }

// pass runs the ledger through once. The result of the first real run is kept.
func (d *demo) pass(ctx context.Context, dry bool) (*pass, error) {
	f, err := os.Open(d.ledgerPath())
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // only read
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	text, err := os.ReadFile(filepath.Join(d.keep, mappingFile))
	if err != nil {
		return nil, err
	}
	mapping, err := convert.ParseMapping(text)
	if err != nil {
		return nil, err
	}
	var rows, result bytes.Buffer
	job := convert.Job{
		Type: mapping.Type, Mapping: mapping, DryRun: dry, Expected: d.rows, Rows: &rows, Result: &result,
		File: convert.File{Reader: f, SizeBytes: info.Size(), Name: d.ledger.Name()},
	}
	name := d.Say("正式转换", "converting")
	if dry {
		name = d.Say("试运行", "dry run")
	}
	if !dry && d.result == "" && !d.terminal { // there a bar shows how far it is
		d.Tell("   %s %d 行，每张证照随即绘制、用印：请稍候……", "   %s %d rows, each licence is drawn and sealed: this takes a while …", name, d.rows)
	}
	report, err := d.convertInto(ctx, converting{d.house, as(1, "存量证照电子化转换"), name}, job)
	if err != nil {
		return nil, err
	}
	d.Fact("   %s  %s  %s", name, d.counts(report.Counts), short(report.Elapsed))
	if !dry && d.result == "" {
		d.result = freeName(d.ledgerPath(), d.Say("-结果", "-result"), false)
		if err := writeFile(d.result, result.Bytes()); err != nil {
			return nil, err
		}
	}
	p := &pass{report, map[int]convert.RowReport{}}
	for dec := json.NewDecoder(&rows); dec.More(); {
		var r convert.RowReport
		if err := dec.Decode(&r); err != nil {
			return nil, err
		}
		p.rows[r.Row] = r
	}
	return p, nil
}

func sameRows(a, b *pass) bool {
	if len(a.rows) != len(b.rows) || len(a.rows) != a.report.Counts.Rows || a.report.Counts != b.report.Counts {
		return false
	}
	for n, x := range a.rows {
		y := b.rows[n]
		if x.Outcome != y.Outcome || x.Code != y.Code || x.OtherRow != y.OtherRow || len(x.Problems) != len(y.Problems) {
			return false
		}
	}
	return true
}

// expectRows holds the verdict on every single row against what the generator of the ledger knows, and counts the kinds
// of faults that were in it.
func (d *demo) expectRows(p *pass) (kinds int, err error) {
	faults := map[fixtures.Fault]bool{}
	rows := 0
	for e := range d.ledger.All() {
		for _, f := range append(e.Problems, e.Notes...) {
			faults[f.Fault] = true
		}
		if e.Verdict == fixtures.Blank {
			faults[fixtures.FaultBlank] = true
			continue
		}
		rows++
		if got := p.rows[e.Row]; string(got.Outcome) != string(e.Verdict) {
			return 0, fmt.Errorf("%w: row %d: %s, expected %s", errDemo, e.Row, got.Outcome, e.Verdict)
		}
		if err := explained(p.rows[e.Row], e); err != nil {
			return 0, err
		}
	}
	if rows != len(p.rows) {
		return 0, fmt.Errorf("%w: %d rows, expected %d", errDemo, len(p.rows), rows)
	}
	return len(faults), nil
}

// explained wants each fault of a rejected row to be named.
func explained(got convert.RowReport, want fixtures.Expected) error {
	codes := map[vault.Code]bool{}
	for i := range got.Problems {
		codes[got.Problems[i].Code] = true
	}
	for _, f := range want.Problems {
		if f.Code != "" && !codes[vault.Code(f.Code)] {
			return fmt.Errorf("%w: row %d: %s is not reported", errDemo, want.Row, f.Code)
		}
	}
	return nil
}

func (d *demo) showReasons(r *convert.Report) {
	const most = 3
	for i, x := range r.Codes {
		if i == most {
			d.Tell("       …… 共 %d 种，每行怎么改见 %s", "       … %d kinds in all; how to correct each row: %s", len(r.Codes), d.result)
			return
		}
		d.Fact("     %4d  %s", x.Rows, d.Say(convert.RowWords(x.Code)))
	}
}

// signOff draws a sample, opens the batches to look-ups and verifies the certificate of the first.
func (d *demo) signOff(ctx context.Context) error {
	d.title("抽样核对、签核：批次此后才对外可查", "sample and sign-off: only now do look-ups see the batch")
	a := as(1, "抽样核对")
	hidden, err := d.house.vault.Lookup(ctx, hall(), d.firstOfLedger())
	if err != nil {
		return err
	}
	if err := d.check(len(hidden.Found) == 0, "签核之前查不到", "before the sign-off nothing is found"); err != nil {
		return err
	}
	batches, err := d.house.vault.Batches(ctx, a)
	if err != nil {
		return err
	}
	for _, b := range batches {
		if b.Counts.Created == 0 {
			continue
		}
		sample, err := d.house.vault.Sample(ctx, a, b.ID, 20, d.seed)
		if err != nil {
			return err
		}
		so := vault.SignOff{By: "示例核对员", Sampled: len(sample)}
		if _, err := d.house.vault.SignOffBatch(ctx, a, b.ID, so); err != nil {
			return err
		}
		d.Tell("   批次 %s：抽样 %d 件，已签核", "   batch %s: %d sampled, signed off", b.ID, len(sample))
	}
	seen, err := d.house.vault.Lookup(ctx, hall(), d.firstOfLedger())
	if err != nil {
		return err
	}
	return d.check(len(seen.Found) == 1, "签核之后按编号查到", "after it the licence is found by its number")
}

// firstOfLedger asks for the first licence that the ledger brought.
func (d *demo) firstOfLedger() vault.Query {
	for e := range d.ledger.All() {
		if e.Verdict == fixtures.Created {
			t, err := catalogue.ParseType(fixtures.HealthType())
			if err != nil {
				break
			}
			return vault.Query{Type: t.Code, Number: e.Number, Issuer: d.ledger.Department().Code}
		}
	}
	return vault.Query{}
}
