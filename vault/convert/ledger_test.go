package convert_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/internal/sheet"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/convert"
)

// rowReports reads the lines of Job.Rows.
func rowReports(t testing.TB, b []byte) []convert.RowReport {
	t.Helper()
	var out []convert.RowReport
	d := json.NewDecoder(bytes.NewReader(b))
	for d.More() {
		var r convert.RowReport
		require.NoError(t, d.Decode(&r))
		out = append(out, r)
	}
	return out
}

// mappingOf is the mapping of a made-up ledger.
func mappingOf(l *fixtures.Ledger) *convert.Mapping {
	m := &convert.Mapping{Serials: true}
	for _, h := range l.Headings() {
		if name := l.Mapping()[h]; name != "" {
			m.Columns = append(m.Columns, convert.MappedColumn{Heading: h, Elements: []string{name}})
		} else {
			m.Ignore = append(m.Ignore, h)
		}
	}
	return m
}

// TestMadeUpLedgers_D3_6_D3_5_A73 holds every row of dirty ledgers in all formats against what their maker expects:
// dates of all styles, full width, 15-digit numbers, damaged numbers, two licences in one row, ragged rows, duplicates.
func TestMadeUpLedgers_D3_6_D3_5_A73(t *testing.T) {
	for _, o := range []fixtures.LedgerOptions{
		{Type: fixtures.FoodLicence, SerialDates: true},
		{Type: fixtures.FoodLicence, Encoding: sheet.GB18030, DirtyHeading: true},
		{Type: fixtures.FoodLicence, Format: sheet.FormatXLSX, DirtyHeading: true},
		{Type: fixtures.SpecialWork, Encoding: sheet.GB18030, SerialDates: true},
		{Type: fixtures.SpecialWork, Format: sheet.FormatXLSX},
		{Type: fixtures.BusinessLicence, DirtyHeading: true, BOM: true, Delimiter: ';'},
	} {
		o.Rows, o.Dirt, o.Seed = 1500, 0.35, 7
		l, file := ledgerFile(t, o)
		t.Run(l.Name()+" "+o.Format.String()+" "+o.Encoding.String(), func(t *testing.T) {
			w := newWorld(t)
			expectLedger(t, w, l, convert.Job{Type: typeOf(t, o.Type), File: file, Mapping: mappingOf(l)})
		})
	}
}

func expectLedger(t *testing.T, w *world, l *fixtures.Ledger, job convert.Job) {
	t.Helper()
	var rows, result bytes.Buffer
	job.Rows, job.Result = &rows, &result
	rep, err := convert.Run(t.Context(), w.configOf(departmentOf(t, l)), job)
	require.NoError(t, err)
	require.True(t, rep.Reconcile.Balanced)
	got := map[int]convert.RowReport{}
	for _, r := range rowReports(t, rows.Bytes()) {
		got[r.Row] = r
	}
	blank, all := 0, 0
	for e := range l.All() {
		all++
		r, ok := got[e.Row]
		if e.Verdict == fixtures.Blank {
			require.False(t, ok)
			blank++
			continue
		}
		require.Equal(t, string(e.Verdict), string(r.Outcome), "row %d: %+v %+v", e.Row, e, r)
		var want, have []string
		for _, p := range e.Problems {
			want = append(want, p.Code)
		}
		for i, p := range r.Problems {
			if i < len(e.Problems) && e.Problems[i].Code == "" {
				want[i] = string(p.Code)
			}
			have = append(have, string(p.Code))
			require.NotEmpty(t, p.Zh)
			require.NotEmpty(t, p.En)
		}
		if e.Verdict == fixtures.Rejected {
			require.Equal(t, want, have, "row %d: %+v", e.Row, r)
		}
		if e.Same > 0 && e.Verdict == fixtures.Conflict {
			require.Equal(t, e.Same, r.OtherRow)
		}
	}
	require.Equal(t, all-blank, rep.Counts.Rows)
	require.Equal(t, blank, rep.Skipped)
	require.Equal(t, vault.BatchWaiting, rep.Account.State)
}

func departmentOf(t testing.TB, l *fixtures.Ledger) int {
	t.Helper()
	for i, d := range fixtures.Departments() {
		if d == l.Department() {
			return i
		}
	}
	require.Fail(t, "no such department")
	return 0
}

func typeOf(t testing.TB, name string) string {
	t.Helper()
	return typeCode(t, map[string]string{
		fixtures.FoodLicence: "food-business-licence", fixtures.BusinessLicence: "business-licence",
		fixtures.SpecialWork: "special-operator",
	}[name])
}
