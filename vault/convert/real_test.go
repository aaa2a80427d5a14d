package convert_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/encoding/charmap"

	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/internal/sheet"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/catalogue"
	"github.com/elicense/elicense/vault/convert"
)

var update = flag.Bool("update", false, "write the golden files")

// golden holds text against a file of testdata.
func golden(t testing.TB, name, text string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), text)
}

// savedMapping is a mapping of fixtures/mappings.
func savedMapping(t testing.TB, name string) *convert.Mapping {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "..", "fixtures", "mappings", name+".yaml"))
	require.NoError(t, err)
	m, err := convert.ParseMapping(data)
	require.NoError(t, err)
	return m
}

// listing is file, line and codes of each line of Job.Errors: no value of any row, and no heading.
func listing(t testing.TB, text string) []string {
	t.Helper()
	var out []string
	for line := range strings.Lines(text) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		require.Len(t, f, 6)
		out = append(out, strings.Join([]string{f[0], f[2], f[3], f[5]}, "\t"))
	}
	return out
}

// TestBusinessLicencesFujian_A73 converts the 55,915 rows of the real register: N/A is absent; every row with ten
// columns and a sound code is created; each other row is rejected with its code, and the list of them is held.
func TestBusinessLicencesFujian_A73(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(testdata(t, "ledgers", "business-licences-fujian"), "*.csv"))
	require.NoError(t, err)
	require.Len(t, files, 27)
	w := newWorld(t)
	m := savedMapping(t, "business-licences-fujian")
	var list []string
	rows, created := 0, 0
	for _, path := range files {
		data, err := os.ReadFile(path)
		require.NoError(t, err)
		var errors bytes.Buffer
		rep, err := convert.Run(t.Context(), w.configOf(0), convert.Job{
			Type: m.Type, File: fileOf(filepath.Base(path), data), Mapping: m, Errors: &errors,
		})
		require.NoError(t, err, path)
		require.True(t, rep.Reconcile.Balanced)
		require.Equal(t, rep.Counts.Rows, rep.Counts.Created+rep.Counts.Rejected, "no conflict in %s", path)
		rows, created = rows+rep.Counts.Rows, created+rep.Counts.Created
		list = append(list, listing(t, errors.String())...)
		sound := soundRows(t, path)
		require.Equal(t, sound, rep.Counts.Created, path)
	}
	require.Equal(t, 55915, rows)
	golden(t, "business-licences-fujian.tsv", fmt.Sprintf("rows %d, created %d, rejected %d\n%s\n",
		rows, created, rows-created, strings.Join(slices.Compact(list), "\n")))
}

// declare puts a test type into force and lets the first department issue it.
func (w *world) declare(name string) string {
	w.t.Helper()
	yaml, err := os.ReadFile(filepath.Join("testdata", "types", name+".yaml"))
	require.NoError(w.t, err)
	def, err := catalogue.ParseType(yaml)
	require.NoError(w.t, err)
	operate := vault.Access{Caller: fixtures.Operator, Purpose: "登记", Ground: vault.GroundOperator}
	list, err := w.v.Callers(w.t.Context(), operate)
	require.NoError(w.t, err)
	for _, c := range list {
		if c.ID == fixtures.Caller(0) {
			c.Issues = append(c.Issues, def.Code)
			require.NoError(w.t, w.v.PutCaller(w.t.Context(), operate, c))
		}
	}
	_, err = w.v.PutType(w.t.Context(), department(0), yaml)
	require.NoError(w.t, err)
	return def.Code
}

// TestCodePageOfKaunas_A73: a register as an older program saves it, in windows-1257, is refused until somebody says so,
// and then converts as the same register in UTF-8 does. Its result, in UTF-8, is fed back with the same mapping.
func TestCodePageOfKaunas_A73(t *testing.T) {
	data, err := os.ReadFile(filepath.Join(testdata(t, "kaunas-licences"), "Leidimai prekiauti - Leidimai.csv"))
	require.NoError(t, err)
	old, err := charmap.Windows1257.NewEncoder().Bytes(data)
	require.NoError(t, err)
	m := savedMapping(t, "kaunas-trade-permits")
	job := convert.Job{Type: m.Type, File: fileOf("Leidimai.csv", data), Mapping: m}
	w := newWorld(t)
	w.declare("trade-permit")
	want := mustRun(t, w.configOf(0), job)

	w = newWorld(t)
	w.declare("trade-permit")
	job.File = fileOf("Leidimai.csv", old)
	_, err = run(t, w.configOf(0), job)
	require.ErrorIs(t, err, sheet.ErrUnsure)
	list, err := w.v.Batches(t.Context(), department(0))
	require.NoError(t, err)
	require.Empty(t, list, "nothing was begun")

	job.File.Encoding = "windows-1257"
	got := mustRun(t, w.configOf(0), job)
	require.Equal(t, "windows-1257", got.report.Encoding)
	require.Equal(t, want.rows, got.rows)
	require.Equal(t, "\ufeff"+want.sheet, got.sheet)
	require.NotEqual(t, m.Digest(), got.report.Mapping, "another reading of the file is another batch")

	stated := *m
	stated.Encoding = "windows-1257"
	require.Equal(t, stated.Digest(), got.report.Mapping, "stated here or there")
	job.File, job.Mapping = fileOf("Leidimai-result.csv", []byte(got.sheet)), &stated
	again := mustRun(t, w.configOf(0), job)
	require.Equal(t, "UTF-8", again.report.Encoding)
	require.Zero(t, again.report.Counts.Created+again.report.Counts.Updated)

	lt, err := w.v.Type(t.Context(), m.Type)
	require.NoError(t, err)
	file := fileOf("Leidimai.csv", old)
	file.Encoding = "windows-1257"
	p, err := convert.Detect(t.Context(), file, lt, nil, nil)
	require.NoError(t, err)
	require.Equal(t, "windows-1257", p.Mapping.Encoding, "it is kept with the mapping")
}

// TestKaunas_A73 converts municipal registers of another country, as .csv and as .xls: headings of two rows, real and
// American dates, decimal commas, two dates in one cell. What is rejected or in conflict is held.
func TestKaunas_A73(t *testing.T) {
	const tobacco = "Mažmeninė prekyba tabako gaminiais"
	dir := testdata(t, "kaunas-licences")
	var out strings.Builder
	for _, c := range []struct{ mapping, typ, csv, xls string }{
		{"kaunas-kiosk-contracts", "kiosk-contract", "Kiosku sutartys - Sutartys", "Kiosku sutartys"},
		{"kaunas-kiosk-contracts-list", "kiosk-contract", "Kiosku sutartys - Sarasas", "Kiosku sutartys"},
		{"kaunas-kiosk-permits", "kiosk-permit", "Leidimai kioskams - Leidimai_K", "Leidimai kioskams"},
		{"kaunas-trade-permits", "trade-permit", "Leidimai prekiauti - Leidimai", "Leidimai prekiauti"},
		{"kaunas-tobacco-licences", "tobacco-licence", tobacco + " - Tabakas", tobacco},
		{"kaunas-tobacco-list", "tobacco-licence", tobacco + " - Sarasas", tobacco},
	} {
		w := newWorld(t)
		m := savedMapping(t, c.mapping)
		require.Equal(t, w.declare(c.typ), m.Type)
		for _, name := range []string{c.csv + ".csv", c.xls + ".xls"} {
			data, err := os.ReadFile(filepath.Join(dir, name))
			require.NoError(t, err)
			var errors, result bytes.Buffer
			rep, err := convert.Run(t.Context(), w.configOf(0), convert.Job{
				Type: m.Type, File: fileOf(name, data), Mapping: m, Errors: &errors, Result: &result,
			})
			require.NoError(t, err, c.mapping)
			n := rep.Counts
			fmt.Fprintf(&out, "%s\trows %d, created %d, updated %d, unchanged %d, conflict %d, rejected %d\n",
				c.mapping+" "+name, n.Rows, n.Created, n.Updated, n.Unchanged, n.Conflict, n.Rejected)
			for _, line := range listing(t, errors.String()) {
				out.WriteString(line + "\n")
			}
			require.Equal(t, rep.Format == "xls", bytes.HasPrefix(result.Bytes(), []byte("PK")))
		}
	}
	golden(t, "kaunas-licences.tsv", out.String())
}
