package convert_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/internal/engine/enginetest"
	"github.com/elicense/elicense/internal/engine/memory"
	"github.com/elicense/elicense/internal/sheet"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/convert"
	"github.com/elicense/elicense/vault/record"
)

// foodJob is a job over a made-up ledger of food licences.
func foodJob(t testing.TB, o fixtures.LedgerOptions) (*fixtures.Ledger, convert.Job) {
	t.Helper()
	o.Type, o.SerialDates = fixtures.FoodLicence, true
	l, file := ledgerFile(t, o)
	return l, convert.Job{Type: typeOf(t, o.Type), File: file, Mapping: mappingOf(l)}
}

// outcome is what a run says, apart from what each run has of its own.
type outcome struct {
	rows   []convert.RowReport
	sheet  string
	errors string
	report *convert.Report
}

func run(t testing.TB, cfg convert.Config, job convert.Job) (outcome, error) {
	t.Helper()
	var rows, result, listing bytes.Buffer
	job.Rows, job.Result, job.Errors = &rows, &result, &listing
	rep, err := convert.Run(t.Context(), cfg, job)
	o := outcome{rows: rowReports(t, rows.Bytes()), sheet: result.String(), errors: listing.String(), report: rep}
	for i := range o.rows {
		o.rows[i].Identifier = ""
	}
	return o, err
}

func mustRun(t testing.TB, cfg convert.Config, job convert.Job) outcome {
	t.Helper()
	o, err := run(t, cfg, job)
	require.NoError(t, err)
	return o
}

// content is everything in an engine but the audit.
func content(t testing.TB, e engine.Engine) map[string]string {
	t.Helper()
	out := map[string]string{}
	require.NoError(t, e.View(t.Context(), func(r engine.Reader) error {
		return r.Scan(engine.Range{}, func(k, v []byte) (bool, error) {
			if k[0] != 'a' && k[0] != 'A' {
				out[string(k)] = string(v)
			}
			return true, nil
		})
	}))
	return out
}

// TestDryRunTellsTheTruth_D3_1: same code, same verdicts row by row, nothing written but the audit entry.
func TestDryRunTellsTheTruth_D3_1(t *testing.T) {
	w := newWorld(t)
	for edition := range 3 { // new, changed, and changed again with the rows before in the vault
		_, job := foodJob(t, fixtures.LedgerOptions{Rows: 1800, Dirt: 0.4, Seed: 3, Edition: edition, Changed: 0.3})
		before := content(t, w.engine)
		job.DryRun = true
		dry := mustRun(t, w.configOf(0), job)
		require.Equal(t, before, content(t, w.engine))
		require.Empty(t, dry.report.Batch)
		job.DryRun = false
		real := mustRun(t, w.configOf(0), job)
		require.Equal(t, dry.rows, real.rows)
		require.Equal(t, dry.sheet, real.sheet)
		require.Equal(t, dry.report.Counts, real.report.Counts)
		require.Equal(t, dry.report.Reconcile, real.report.Reconcile)
		require.NotEmpty(t, real.report.Batch)
	}
}

// TestResume_D3_2 breaks a conversion off at every commit, before and after it takes effect, and by cancelling between
// groups: the end equals an undisturbed run.
func TestResume_D3_2(t *testing.T) {
	_, job := foodJob(t, fixtures.LedgerOptions{Rows: 2600, Dirt: 0.3, Seed: 5})
	clean := mustRun(t, newWorld(t).configOf(0), job)
	require.Equal(t, 6, clean.report.Account.Groups)
	disturb := map[string]func(*testing.T, *world, *enginetest.Faulty) outcome{
		"cancelled": func(t *testing.T, w *world, _ *enginetest.Faulty) outcome {
			t.Helper()
			ctx, cancel := context.WithCancel(t.Context())
			j := job
			j.Progress = func(convert.Progress) { cancel() }
			_, err := convert.Run(ctx, w.configOf(0), j)
			require.ErrorIs(t, err, context.Canceled)
			w.open() // as after a kill
			return mustRun(t, w.configOf(0), job)
		},
	}
	for name, fault := range map[string]enginetest.Fault{
		"before": enginetest.Before, "after": enginetest.After, "lost": enginetest.Lost,
	} {
		disturb[name] = func(t *testing.T, w *world, f *enginetest.Faulty) outcome {
			t.Helper()
			for n := 0; ; n++ {
				// a commit that was overtaken meets no fault; its repetition does
				f.SetPlan(func(i int) enginetest.Fault {
					if i == n || i == n+1 {
						return fault
					}
					return enginetest.None
				})
				w.open() // as after a kill
				o, err := run(t, w.configOf(0), job)
				if err == nil {
					require.Greater(t, n, 3)
					return o
				}
				require.True(t, errors.Is(err, enginetest.ErrInjected), err)
			}
		}
	}
	for name, breakOff := range disturb {
		t.Run(name, func(t *testing.T) {
			f := enginetest.NewFaulty(memory.New(), nil)
			w := newWorldOn(t, f)
			again := breakOff(t, w, f)
			f.SetPlan(nil)
			require.Equal(t, clean.rows, again.rows)
			require.Equal(t, clean.sheet, again.sheet)
			require.Equal(t, clean.errors, again.errors)
			require.Equal(t, clean.report.Counts, again.report.Counts)
			require.Equal(t, clean.report.Reconcile, again.report.Reconcile)
			require.Equal(t, clean.report.Account.Groups, again.report.Account.Groups)
			require.Equal(t, vault.BatchWaiting, again.report.Account.State)
			batches, err := w.v.Batches(t.Context(), department(0))
			require.NoError(t, err)
			require.Len(t, batches, 1)
		})
	}
}

// TestErrorsInMySpreadsheet_D3_3: the same sheet in the same order with three columns more; corrected there and fed
// back, only changed rows are worked.
func TestErrorsInMySpreadsheet_D3_3(t *testing.T) {
	for _, format := range []sheet.Format{sheet.FormatCSV, sheet.FormatXLSX} {
		t.Run(format.String(), func(t *testing.T) {
			w := newWorld(t)
			o := fixtures.LedgerOptions{Rows: 700, Dirt: 0.2, Seed: 9, Format: format}
			if format == sheet.FormatCSV {
				o.Encoding = sheet.GB18030
			}
			l, job := foodJob(t, o)
			first := mustRun(t, w.configOf(0), job)
			rows := readSheet(t, []byte(first.sheet))
			head := rows[0]
			at := len(head) - 3
			require.Equal(t, []string{"状态", "错误码", "怎么改"}, head[at:])
			o.Dirt = 0
			sound, _ := foodJob(t, o)
			corrected, rejected := map[int]bool{}, 0
			for e := range l.All() {
				row := pad(rows[e.Row-1], len(head))
				state := map[fixtures.Verdict]string{fixtures.Created: "新建", fixtures.Updated: "更新",
					fixtures.Unchanged: "无变化",
					fixtures.Conflict:  "冲突", fixtures.Rejected: "退回", fixtures.Blank: ""}[e.Verdict]
				require.Equal(t, state, row[at])
				require.Equal(t, e.Verdict == fixtures.Rejected || e.Verdict == fixtures.Conflict, row[at+2] != "")
				if e.Verdict == fixtures.Rejected && e.Index%2 == 0 {
					correct(row[:at], func(i int) string { return sound.Values(e.Index)[l.Mapping()[head[i]]] })
					clear(row[at:])
					corrected[e.Row] = true
				} else if e.Verdict == fixtures.Rejected {
					rejected++
				}
				rows[e.Row-1] = row
			}
			job.File = writeCSV(t, rows)
			second := mustRun(t, w.configOf(0), job)
			require.Equal(t, rejected, second.report.Counts.Rejected)
			for _, r := range second.rows {
				switch {
				case corrected[r.Row]: // unless a duplicate of it went in before
					require.NotEqual(t, vault.RowRejected, r.Outcome)
				case r.Outcome != vault.RowRejected && r.Outcome != vault.RowConflict:
					require.Equal(t, vault.RowUnchanged, r.Outcome, "row %d %q", r.Row, rows[r.Row-1])
				}
			}
			require.Equal(t, head, readSheet(t, []byte(second.sheet))[0], "the columns are replaced, not added again")
		})
	}
}

func pad(row []string, n int) []string {
	for len(row) < n {
		row = append(row, "")
	}
	return row
}

// correct puts sound values into a row.
func correct(row []string, sound func(column int) string) {
	for i := range row {
		row[i] = sound(i)
	}
}

func writeCSV(t testing.TB, rows [][]string) convert.File {
	t.Helper()
	var b bytes.Buffer
	w, err := sheet.NewWriter(&b, sheet.WriterOptions{Format: sheet.FormatCSV})
	require.NoError(t, err)
	for _, row := range rows {
		require.NoError(t, w.Write(row))
	}
	require.NoError(t, w.Close())
	return fileOf("台账-已改.csv", b.Bytes())
}

// TestStopThreshold_D3_4: good rows go in, bad rows wait, and too many bad rows stop the conversion, which can go on.
func TestStopThreshold_D3_4(t *testing.T) {
	w := newWorld(t)
	_, job := foodJob(t, fixtures.LedgerOptions{Rows: 1600, Dirt: 0.5, Seed: 2})
	job.MaxReject = convert.Threshold{Share: 0.01}
	stopped, err := run(t, w.configOf(0), job)
	require.ErrorIs(t, err, convert.ErrThreshold)
	require.NotNil(t, stopped.report.Stopped)
	require.Zero(t, stopped.report.Counts.Rows, "the group that was too bad is not committed")
	require.Contains(t, stopped.sheet, "未处理")
	require.Contains(t, stopped.sheet, "退回")
	require.NotEmpty(t, stopped.errors)

	job.DryRun = true
	dry := mustRun(t, w.configOf(0), job)
	require.Equal(t, stopped.report.Stopped, dry.report.Stopped)
	require.Positive(t, dry.report.Counts.Created, "a dry run shows every row")

	job.DryRun = false
	job.MaxReject = convert.Threshold{Count: stopped.report.Stopped.Rejected + 1}
	stopped, err = run(t, w.configOf(0), job)
	require.ErrorIs(t, err, convert.ErrThreshold)
	require.Positive(t, stopped.report.Counts.Rows)
	require.Positive(t, stopped.report.Counts.Created)
	require.Equal(t, dry.rows[:stopped.report.Counts.Rows], stopped.rows[:stopped.report.Counts.Rows])

	again, err := run(t, w.configOf(0), job)
	require.ErrorIs(t, err, convert.ErrThreshold, "the same limit stops at the same place")
	require.Equal(t, stopped.report.Stopped, again.report.Stopped)
	require.Equal(t, stopped.report.Counts, again.report.Counts)
	job.MaxReject = convert.Threshold{Count: 1}
	again, err = run(t, w.configOf(0), job)
	require.ErrorIs(t, err, convert.ErrThreshold, "rows of the earlier run count")
	require.Equal(t, stopped.report.Counts, again.report.Counts)

	job.MaxReject = convert.Threshold{}
	done := mustRun(t, w.configOf(0), job)
	require.Equal(t, dry.rows, done.rows)
	require.Equal(t, stopped.report.Counts.Rows, done.report.Resumed)
	require.Nil(t, done.report.Stopped)
}

// TestThresholdAtTheEnd_D3_4 judges a file that is shorter than the minimum.
func TestThresholdAtTheEnd_D3_4(t *testing.T) {
	w := newWorld(t)
	_, job := foodJob(t, fixtures.LedgerOptions{Rows: 40, Dirt: 0.9, Seed: 2})
	job.MaxReject = convert.Threshold{Share: 0.05}
	_, err := run(t, w.configOf(0), job)
	require.ErrorIs(t, err, convert.ErrThreshold)
}

// TestNeverADuplicate_D3_5: the same file twice changes nothing, and rows in conflict stay so.
func TestNeverADuplicate_D3_5(t *testing.T) {
	w := newWorld(t)
	_, job := foodJob(t, fixtures.LedgerOptions{
		Rows: 1500, Dirt: 0.3, Seed: 8,
		Faults: []fixtures.Fault{fixtures.FaultDuplicate, fixtures.FaultSameNumber, fixtures.FaultMissing},
	})
	first := mustRun(t, w.configOf(0), job)
	before := licences(t, w)
	for range 2 {
		again := mustRun(t, w.configOf(0), job)
		c := again.report.Counts
		require.Zero(t, c.Created+c.Updated)
		require.Equal(t, first.report.Counts.Created+first.report.Counts.Unchanged, c.Unchanged)
		require.Equal(t, first.report.Counts.Conflict, c.Conflict)
		require.Equal(t, first.report.Counts.Rejected, c.Rejected)
		require.Equal(t, before, licences(t, w))
	}
}

// TestSameNumberFarApart_D3_5: a row that says what the vault has is remembered: another row of the file with its number
// and other content is a conflict, also where the two share no transaction.
func TestSameNumberFarApart_D3_5(t *testing.T) {
	const head, known = "编号,名称,代码,发证日期", "A-001,甲公司,"
	w := newWorld(t)
	job := convert.Job{
		Type: typeCode(t, "business-licence"), Mapping: plainMapping(), File: csvOf(head, known+firm(1)+",2015-01-02"),
	}
	mustRun(t, w.configOf(0), job)
	rows := []string{head, known + firm(1) + ",2015-01-02"}
	for i := range 1200 {
		rows = append(rows, "B-"+strconv.Itoa(1000+i)+",乙公司,"+firm(2+i)+",2015-01-03")
	}
	job.File = csvOf(append(rows, known+firm(1)+",2016-05-06")...)
	out := mustRun(t, w.configOf(0), job)
	require.Equal(t, vault.RowUnchanged, out.rows[0].Outcome)
	last := out.rows[len(out.rows)-1]
	require.Equal(t, vault.RowConflict, last.Outcome)
	require.Equal(t, []string{"conflict-same-file "}, problemCodes(last))
	require.Equal(t, out.rows[0].Row, last.OtherRow)
	require.Equal(t, record.Counts{Rows: 1202, Created: 1200, Unchanged: 1, Conflict: 1}, out.report.Counts)
}

// TestFinishedFile_D3_2: a file that was converted to its end makes no empty batch when it is run again: the answer names
// the batch that brought it in, and listings and result are those of any run.
func TestFinishedFile_D3_2(t *testing.T) {
	w := newWorld(t)
	_, job := foodJob(t, fixtures.LedgerOptions{Rows: 1200, Dirt: 0.2, Seed: 8})
	first := mustRun(t, w.configOf(0), job)
	require.False(t, first.report.Again)
	before := content(t, w.engine)
	again := mustRun(t, w.configOf(0), job)
	require.True(t, again.report.Again)
	require.False(t, again.report.DryRun)
	require.Equal(t, first.report.Batch, again.report.Batch)
	require.Equal(t, first.report.Account, again.report.Account)
	require.Equal(t, first.errors, again.errors)
	require.Len(t, again.rows, len(first.rows))
	require.Equal(t, first.report.Codes, again.report.Codes)
	for k, v := range content(t, w.engine) {
		if !strings.ContainsRune("aAk", rune(k[0])) { // the audit alone has grown
			require.Equal(t, before[k], v, "%q", k)
		}
	}
	batches, err := w.v.Batches(t.Context(), department(0))
	require.NoError(t, err)
	require.Len(t, batches, 1)

	strict := job
	strict.MaxReject.Count = 1
	stopped, err := run(t, w.configOf(0), strict)
	require.ErrorIs(t, err, convert.ErrThreshold)
	require.NotNil(t, stopped.report.Stopped)

	_, err = w.v.UndoBatch(t.Context(), department(0), first.report.Batch, "台账版本有误", func(vault.Undone) {})
	require.NoError(t, err)
	anew := mustRun(t, w.configOf(0), job)
	require.False(t, anew.report.Again, "what was taken back is converted anew")
	require.Equal(t, first.report.Counts, anew.report.Counts)
}

// TestLaterScans: scans that come after the conversion make a version that states them, once; what has a scan, or was
// acted on since, stays.
func TestLaterScans(t *testing.T) {
	w := newWorld(t)
	job := convert.Job{
		Type: typeCode(t, "business-licence"), Mapping: plainMapping(),
		File: csvOf("编号,名称,代码,发证日期", "A-1,甲公司,"+firm(1)+",2015-01-02", "A-2,乙公司,"+firm(2)+",2015-01-03",
			"A-3,丙公司,"+firm(3)+",2015-01-04"),
	}
	job.Scans = fstest.MapFS{"A-1.jpg": {Data: []byte("first")}}
	first := mustRun(t, w.configOf(0), job)
	require.Equal(t, 3, first.report.Counts.Created)

	job.Scans = fstest.MapFS{"A-1.jpg": {Data: []byte("another")}, "A-2.jpg": {Data: []byte("second")}}
	dry := job
	dry.DryRun = true
	told := mustRun(t, w.configOf(0), dry)
	require.Equal(t, 1, told.report.Counts.Updated)
	later := mustRun(t, w.configOf(0), job)
	require.Equal(t, told.report.Counts, later.report.Counts)
	require.Equal(t, told.sheet, later.sheet)
	require.Equal(t, 1, later.report.Scans.Unchanged)
	sample, err := w.v.Sample(t.Context(), department(0), later.report.Batch, 5, 1)
	require.NoError(t, err)
	require.Len(t, sample, 1)
	require.Equal(t, []record.Digest{record.Sum([]byte("second"))}, sample[0].Scans)

	again := mustRun(t, w.configOf(0), job)
	require.True(t, again.report.Again)
	require.Equal(t, 3, again.report.Counts.Unchanged)
	require.Equal(t, 2, again.report.Scans.Unchanged)
	all, err := w.v.Sample(t.Context(), department(0), first.report.Batch, 5, 1)
	require.NoError(t, err)
	_, err = w.v.Attach(t.Context(), department(0), all[2].Found.Identifier, vault.KindScan, []byte("by hand"))
	require.NoError(t, err)
	job.Scans = fstest.MapFS{"A-3.jpg": {Data: []byte("third")}}
	require.Zero(t, mustRun(t, w.configOf(0), job).report.Counts.Updated)
}

// licences is every head, version and event of the vault.
func licences(t testing.TB, w *world) map[string]string {
	t.Helper()
	out := map[string]string{}
	for k, v := range content(t, w.engine) {
		if strings.ContainsRune("lvehinx", rune(k[0])) {
			out[k] = v
		}
	}
	return out
}

// TestUpdates_D3_5: a later edition of the ledger updates what changed.
func TestUpdates_D3_5(t *testing.T) {
	w := newWorld(t)
	o := fixtures.LedgerOptions{Rows: 900, Seed: 4, Changed: 0.25}
	_, job := foodJob(t, o)
	mustRun(t, w.configOf(0), job)
	o.Edition = 1
	l, job := foodJob(t, o)
	again := mustRun(t, w.configOf(0), job)
	require.Equal(t, l.Counts()[fixtures.Updated], again.report.Counts.Updated)
	require.Equal(t, l.Counts()[fixtures.Unchanged], again.report.Counts.Unchanged)
}

// TestValidityGap_D3_5: the result sheet tells of a row that would take a licence out of force until a later day, and the
// dry run tells the same.
func TestValidityGap_D3_5(t *testing.T) {
	w := newWorld(t)
	m := plainMapping()
	m.Columns = append(m.Columns, column("有效期起", "ZZYXQQSRQ"))
	heading := "编号,名称,代码,发证日期,有效期起"
	mustRun(t, w.configOf(0), business(t, csvOf(heading, "A-1,甲公司,"+firm(1)+",2015-01-02,2015-01-02"), m))
	job := business(t, csvOf(heading, "A-1,甲公司,"+firm(1)+",2015-01-02,2031-01-02"), m)
	job.DryRun = true
	dry := mustRun(t, w.configOf(0), job)
	job.DryRun = false
	o := mustRun(t, w.configOf(0), job)
	require.Equal(t, dry.rows, o.rows)
	require.Equal(t, dry.sheet, o.sheet)
	require.Equal(t, vault.RowConflict, o.rows[0].Outcome)
	require.Equal(t, []string{"validity-gap E"}, problemCodes(o.rows[0]))
	require.Contains(t, o.sheet, "冲突,validity-gap,E列“有效期起”：新有效期从以后的日期开始")
}

// TestProgress_D3_7_A74: rate, rest, forecast against a deadline.
func TestProgress_D3_7_A74(t *testing.T) {
	w := newWorld(t)
	_, job := foodJob(t, fixtures.LedgerOptions{Rows: 3000, Seed: 4})
	job.Deadline = w.now.Add(time.Nanosecond)
	var seen []convert.Progress
	job.Progress = func(p convert.Progress) { seen = append(seen, p) }
	cfg := w.configOf(0)
	now := w.now
	cfg.Now = func() time.Time { now = now.Add(150 * time.Millisecond); return now }
	mustRun(t, cfg, job)
	require.GreaterOrEqual(t, len(seen), 4)
	last := seen[len(seen)-1]
	require.True(t, last.Done)
	require.Equal(t, 3000, last.Total)
	require.Equal(t, last.Rows, last.Counts.Created)
	for _, p := range seen[:len(seen)-1] {
		require.Positive(t, p.Rate)
		require.GreaterOrEqual(t, p.Total, p.Rows)
		if p.Total > p.Rows {
			require.True(t, p.Late)
			require.Positive(t, p.Remaining)
		}
	}
}

// TestReconcile_D3_8: counts balance, gaps are listed by year and series, and the batch certificate says the same.
func TestReconcile_D3_8(t *testing.T) {
	w := newWorld(t)
	job := convert.Job{Type: typeCode(t, "business-licence"), Mapping: plainMapping(), File: csvOf(
		"编号,名称,代码,发证日期",
		"示证字〔2015〕第0001号,甲公司,"+firm(1)+",2015-01-02",
		"示证字〔2015〕第0002号,乙公司,"+firm(2)+",2015-01-03",
		"示证字〔2015〕第0005号,丙公司,"+firm(3)+",2015-02-03",
		"示证字〔2015〕第0006号,丁公司,坏,2015-02-03",
		"示证字〔2015〕第0009号,戊公司,"+firm(5)+",2015-03-03",
		"示证字〔2016〕第0001号,己公司,"+firm(6)+",2016-03-03",
		firm(7)+",庚公司,"+firm(7)+",2016-03-03",
	)}
	o := mustRun(t, w.configOf(0), job)
	r := o.report.Reconcile
	require.True(t, r.Balanced)
	require.Equal(t, []record.Span{
		{Year: 2015, Series: "示证字〔2015〕第#号", First: "0001", Last: "0009", Seen: 5, Missing: 4},
		{Year: 2016, Series: "示证字〔2016〕第#号", First: "0001", Last: "0001", Seen: 1},
		{Year: 2016, Series: "-", First: "-", Last: "-", Seen: 1},
	}, r.Spans)
	require.Equal(t, []convert.Gap{
		{Year: 2015, Series: "示证字〔2015〕第#号", From: "0003", To: "0004", Count: 2},
		{Year: 2015, Series: "示证字〔2015〕第#号", From: "0007", To: "0008", Count: 2},
	}, r.Gaps)
	cert, err := record.ParseBatchCertificate(o.report.Account.Certificate)
	require.NoError(t, err)
	require.Equal(t, o.report.Counts, cert.Counts)
	require.Equal(t, r.Spans, cert.Spans)
	require.Equal(t, o.report.Digest, cert.File)
	require.Equal(t, o.report.Mapping, cert.Mapping)
	require.NotEmpty(t, o.report.Account.CertificateSignature)
}

// TestYearUnreadable_D3_8: numbers whose year cannot be read make no range of a year 0; they stand in one named line, and
// fill a gap where it is sure which one.
func TestYearUnreadable_D3_8(t *testing.T) {
	w := newWorld(t)
	job := convert.Job{Type: typeCode(t, "business-licence"), Mapping: plainMapping(), File: csvOf(
		"编号,名称,代码,发证日期",
		"示证字〔2015〕第0001号,甲公司,"+firm(1)+",2015-01-02",
		"示证字〔2015〕第0003号,乙公司,"+firm(2)+",不详", // the year cannot be read: no gap all the same
		"示证字〔2015〕第0004号,丙公司,"+firm(3)+",2015-13-45",
		"示证字〔2015〕第0006号,丁公司,"+firm(4)+",2015-02-03",
		"示证字〔2015〕第0009号,戊公司,"+firm(5)+",", // beyond the last that is sure
		"甲1,己公司,"+firm(6)+",2015-02-03",
		"甲3,庚公司,"+firm(7)+",2015-02-03",
		"甲1,辛公司,"+firm(8)+",2016-02-03",
		"甲3,壬公司,"+firm(9)+",2016-02-03",
		"甲2,癸公司,"+firm(10)+",坏", // of which year?
		firm(11)+",子公司,"+firm(11)+",坏",
	)}
	r := mustRun(t, w.configOf(0), job).report.Reconcile
	require.True(t, r.Balanced)
	require.Equal(t, []record.Span{
		{Year: 2015, Series: "甲#", First: "1", Last: "3", Seen: 2, Missing: 1},
		{Year: 2015, Series: "示证字〔2015〕第#号", First: "0001", Last: "0006", Seen: 2, Missing: 2},
		{Year: 2016, Series: "甲#", First: "1", Last: "3", Seen: 2, Missing: 1},
		{Series: record.YearUnreadable, First: "-", Last: "-", Seen: 5},
	}, r.Spans)
	require.Equal(t, []convert.Gap{
		{Year: 2015, Series: "甲#", From: "2", To: "2", Count: 1},
		{Year: 2015, Series: "示证字〔2015〕第#号", From: "0002", To: "0002", Count: 1},
		{Year: 2015, Series: "示证字〔2015〕第#号", From: "0005", To: "0005", Count: 1},
		{Year: 2016, Series: "甲#", From: "2", To: "2", Count: 1},
	}, r.Gaps)
}

func plainMapping() *convert.Mapping {
	return &convert.Mapping{Columns: []convert.MappedColumn{
		{Heading: "编号", Elements: []string{"ZZBH"}}, {Heading: "名称", Elements: []string{"CZZT"}},
		{Heading: "代码", Elements: []string{"CZZTDM"}}, {Heading: "发证日期", Elements: []string{"ZZBFRQ"}},
	}}
}

func firm(i int) string { return fixtures.FirmAt(uint64(i)).Code }

// TestUndo_D3_9: what a batch brought is withdrawn, what it updated returns to its former content, and the same file
// can be converted again.
func TestUndo_D3_9(t *testing.T) {
	w := newWorld(t)
	o := fixtures.LedgerOptions{Rows: 600, Seed: 4, Changed: 0.25}
	_, first := foodJob(t, o)
	mustRun(t, w.configOf(0), first)
	o.Edition, o.Rows = 1, 800
	_, second := foodJob(t, o)
	done := mustRun(t, w.configOf(0), second)
	results := map[string]int{}
	visit := func(u vault.Undone) { results[u.Result]++ }
	account, err := w.v.UndoBatch(t.Context(), department(0), done.report.Batch, "台账版本有误", visit)
	require.NoError(t, err)
	require.Equal(t, vault.BatchUndone, account.State)
	require.Equal(t, done.report.Counts.Created, results["withdrawn"])
	require.Equal(t, done.report.Counts.Updated, results["restored"])
	again := mustRun(t, w.configOf(0), first)
	require.Equal(t, again.report.Counts.Rows, again.report.Counts.Unchanged)
	again = mustRun(t, w.configOf(0), second)
	require.Equal(t, done.report.Counts.Created, again.report.Counts.Created)
	require.Equal(t, done.report.Counts.Updated, again.report.Counts.Updated)
}

// TestSampleAndSignOff_D3_10: the sample shows data beside scans, and look-ups see the batch only after the sign-off.
func TestSampleAndSignOff_D3_10(t *testing.T) {
	w := newWorld(t)
	scan := append([]byte("\xff\xd8\xff"), make([]byte, 100)...)
	_, err := rand.Read(scan[3:])
	require.NoError(t, err)
	job := convert.Job{
		Type: typeCode(t, "business-licence"), Mapping: plainMapping(),
		File: csvOf("编号,名称,代码,发证日期", "A-001,甲公司,"+firm(1)+",2015-01-02", "A-002,乙公司,"+firm(2)+",2015-01-03"),
		Scans: fstest.MapFS{"扫描/a-001.jpg": {Data: scan}, "扫描/A-001-2.JPG": {Data: scan[:50]},
			"扫描/其他.pdf": {Data: scan}},
	}
	o := mustRun(t, w.configOf(0), job)
	require.Equal(t, &convert.ScanReport{
		Files: 3, Paired: 1, Missing: []convert.Place{{Row: 3, Line: 3}}, Extra: []string{"扫描/其他.pdf"},
	}, o.report.Scans)

	var b bytes.Buffer
	files := map[string][]byte{}
	drawn, err := w.v.Sample(t.Context(), department(0), o.report.Batch, 10, 1)
	require.NoError(t, err)
	require.Len(t, drawn, 2)
	typ, err := w.v.Type(t.Context(), job.Type)
	require.NoError(t, err)
	sample := convert.Sample{
		Type: typ, Drawn: drawn,
		Scan: func(ctx context.Context, d record.Digest) ([]byte, error) {
			return w.v.SampledScan(ctx, department(0), o.report.Batch, d)
		},
		Save: func(name string, content []byte) error { files[name] = content; return nil },
	}
	require.NoError(t, sample.WriteSheet(t.Context(), &b))
	require.Len(t, files, 2)
	rows := readSheet(t, b.Bytes())
	require.Len(t, rows, 3)
	text := strings.Join(rows[1], "|")
	require.Contains(t, text, "甲公司")
	for name, content := range files {
		require.Contains(t, text, name)
		require.True(t, strings.HasSuffix(name, ".jpg"))
		require.True(t, bytes.HasPrefix(scan, content))
	}

	require.Zero(t, found(t, w, firm(1)))
	_, err = w.v.SignOffBatch(t.Context(), department(0), o.report.Batch, vault.SignOff{By: "核对人", Sampled: len(drawn)})
	require.NoError(t, err)
	require.Equal(t, 1, found(t, w, firm(1)))
}

// found is how many licences the hall sees of a firm.
func found(t testing.TB, w *world, uscc string) int {
	t.Helper()
	res, err := w.v.Lookup(t.Context(), vault.Access{
		Caller: fixtures.Hall, Purpose: "办理设立登记", Case: "2026-1", Ground: vault.GroundLaw, Basis: fixtures.HallBasis,
	}, vault.Query{HolderKind: "001", HolderCode: uscc})
	require.NoError(t, err)
	return len(res.Found)
}

// TestDashboard_A74 adds up batches by department and type, with a forecast against the deadline.
func TestDashboard_A74(t *testing.T) {
	start := time.Date(2017, 3, 1, 8, 0, 0, 0, zone)
	deadline := time.Date(2017, 6, 30, 23, 59, 59, 0, zone)
	account := func(file string, day, created, rejected int, state vault.BatchState) vault.BatchAccount {
		return vault.BatchAccount{
			Type: "T", Issuer: "D", FileName: file, State: state, Started: start.AddDate(0, 0, day), Expected: 10000,
			Counts: record.Counts{Rows: created + rejected, Created: created, Rejected: rejected},
		}
	}
	list := []vault.BatchAccount{
		account("a.xls", 0, 900, 100, vault.BatchOpen), account("a.xls", 2, 80, 20, vault.BatchWaiting),
		account("b.xls", 3, 500, 0, vault.BatchUndone), account("c.xls", 4, 20, 5, vault.BatchConverting),
	}
	d := convert.Dashboards(list, start.AddDate(0, 0, 10), deadline)
	require.Len(t, d, 1)
	require.Equal(t, 10000, d[0].Total)
	require.Equal(t, 1000, d[0].Converted)
	require.Equal(t, 25, d[0].Rejected)
	require.Equal(t, 1, d[0].Waiting)
	require.Equal(t, 1, d[0].Open)
	require.InDelta(t, 100, d[0].PerDay, 0.01)
	require.Equal(t, start.AddDate(0, 0, 100).Unix(), d[0].Forecast.Unix())
	require.False(t, d[0].Late)
	require.True(t, convert.Dashboards(list, start.AddDate(0, 0, 10), start.AddDate(0, 0, 99))[0].Late)

	// Each department and each type has a line of its own.
	of := func(department, typ string, created int) vault.BatchAccount {
		b := account("d.xls", 0, created, 1, vault.BatchOpen)
		b.Issuer, b.Type = department, typ
		return b
	}
	d = convert.Dashboards([]vault.BatchAccount{
		of("D", "T", 10), of("D", "U", 20), of("E", "T", 30), of("D", "T", 5),
	}, start.AddDate(0, 0, 10), deadline)
	lines := map[string]int{}
	for _, line := range d {
		lines[line.Issuer+line.Type] = line.Converted
	}
	require.Equal(t, map[string]int{"DT": 15, "DU": 20, "ET": 30}, lines)
}

// TestDeliver_D3_2: the result is delivered whole before the batch is closed; where it cannot be, the batch stays open
// and the same file goes on with it.
func TestDeliver_D3_2(t *testing.T) {
	w := newWorld(t)
	_, job := foodJob(t, fixtures.LedgerOptions{Rows: 1200, Dirt: 0.2, Seed: 5})
	var result bytes.Buffer
	var delivered string
	full := errors.New("no room for it")
	job.Result = &result
	state := func() vault.BatchState {
		list, err := w.v.Batches(t.Context(), department(0))
		require.NoError(t, err)
		require.Len(t, list, 1)
		return list[0].State
	}
	job.Deliver = func() error {
		require.Equal(t, vault.BatchConverting, state())
		delivered = result.String()
		return full
	}
	_, err := convert.Run(t.Context(), w.configOf(0), job)
	require.ErrorIs(t, err, full)
	require.Equal(t, vault.BatchConverting, state())
	first := delivered

	result.Reset()
	job.Deliver = func() error { delivered = result.String(); return nil }
	rep, err := convert.Run(t.Context(), w.configOf(0), job)
	require.NoError(t, err)
	require.Equal(t, vault.BatchWaiting, state())
	require.Equal(t, rep.Counts.Rows, rep.Resumed)
	require.NotEmpty(t, delivered)
	require.Equal(t, first, delivered)
	require.Equal(t, result.String(), delivered, "nothing is written after it was delivered")
}
