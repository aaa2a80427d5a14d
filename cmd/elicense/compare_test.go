package main

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/internal/cli"
	"github.com/elicense/elicense/internal/proctest"
	"github.com/elicense/elicense/internal/sheet"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/convert"
)

// ran is what a command wrote and its exit code.
type ran struct {
	code     int
	out, err string
}

// runner runs commands on one data directory.
type runner struct {
	t   *testing.T
	dir string
}

func newRunner(t *testing.T) *runner {
	t.Helper()
	return &runner{t, filepath.Join(t.TempDir(), "data")}
}

func (r *runner) run(args ...string) ran {
	r.t.Helper()
	var out, errs bytes.Buffer
	c := &program{
		World: &cli.World{
			Name: "elicense", Args: append([]string{"-d", r.dir, "--lang", "zh"}, args...), In: strings.NewReader(""),
			Out: &out, Err: &errs, Env: func(string) string { return "" }, Now: time.Now, Rand: rand.Reader,
		},
		selfTest: selfTested, columns: 80,
	}
	code := c.run(r.t.Context())
	proctest.Settle()
	return ran{code, out.String(), errs.String()}
}

func (r *runner) ok(args ...string) string {
	r.t.Helper()
	got := r.run(args...)
	require.Equal(r.t, cli.ExitDone, got.code, got.err+got.out)
	return got.out
}

// judged is what must be equal, byte for byte, however a comparison was asked for: everything but the receipt, whose
// salts, time and signature never repeat.
type judged struct {
	Result     string          `json:"result"`
	Identifier string          `json:"identifier"`
	State      string          `json:"state"`
	SourceTime string          `json:"source_time"`
	Fields     json.RawMessage `json:"fields"`
}

// TestSheetCompare_D18 holds the verdicts on a sheet against those of single comparisons of the same claims (D1.8).
func TestSheetCompare_D18(t *testing.T) {
	t.Parallel()
	r := newSandbox(t)
	l, err := fixtures.NewLedger(fixtures.LedgerOptions{Type: fixtures.FoodLicence, Seed: 3, Rows: 12})
	require.NoError(t, err)
	var b bytes.Buffer
	_, err = l.WriteTo(&b)
	require.NoError(t, err)
	dir := t.TempDir()
	file := filepath.Join(dir, "台账.csv")
	require.NoError(t, os.WriteFile(file, b.Bytes(), 0o600))
	var report convert.Report
	require.NoError(t, json.Unmarshal([]byte(r.ok("--json", "convert", file, "--type", "食品经营许可证")), &report))
	require.Equal(t, 12, report.Counts.Created)
	r.ok("batch", "sign-off", report.Batch, "--by", "张示例", "--sampled", "1")

	claims, rows := claimsOf(t, l)
	sheetFile := filepath.Join(dir, "申报.csv")
	require.NoError(t, os.WriteFile(sheetFile, claims, 0o600))
	got := r.run("--json", "compare", "--sheet", sheetFile, "--type", "食品经营许可证")
	require.Equal(t, cli.ExitNotPassed, got.code, got.err)
	lines := strings.Split(strings.TrimSpace(got.out), "\n")
	require.Len(t, lines, len(rows))
	equal := 0
	for i, line := range lines {
		var whole struct {
			Comparison judged `json:"comparison"`
		}
		require.NoError(t, json.Unmarshal([]byte(line), &whole))
		single := r.run(append([]string{"--json", "compare", "--type", "食品经营许可证"}, rows[i]...)...)
		var one judged
		require.NoError(t, json.Unmarshal([]byte(single.out), &one), single.err)
		require.Equal(t, one, whole.Comparison)
		require.Equal(t, string(one.Fields), string(whole.Comparison.Fields))
		if one.Result == "matched" {
			equal++
		}
	}
	require.Equal(t, 8, equal)
	cellsOfResult(t, strings.TrimSuffix(sheetFile, ".csv")+"-比对.csv", len(rows))
}

// claimsOf makes a sheet of claims, each third row with a wrong name, and the same claims as arguments.
func claimsOf(t *testing.T, l *fixtures.Ledger) (file []byte, rows [][]string) {
	t.Helper()
	var b bytes.Buffer
	w, err := sheet.NewWriter(&b, sheet.WriterOptions{Format: sheet.FormatCSV})
	require.NoError(t, err)
	require.NoError(t, w.Write([]string{"证照编号", "颁发机构代码", "法定代表人（负责人）", "签发日期"}))
	for i := range 12 {
		v := l.Values(i)
		person := v["KZ_FDDBR"]
		if i%3 == 0 {
			person = "别人"
		}
		issuer := l.Department().Code
		day := strings.ReplaceAll(v["ZZBFRQ"], "-", ".")
		row := []string{v["ZZBH"], issuer, person, day}
		if i == 1 {
			row = append(row, "", "没有表头的备注")
		}
		require.NoError(t, w.Write(row))
		rows = append(rows, []string{"--number", v["ZZBH"], "--issuer", issuer, "法定代表人（负责人）=" + person, "签发日期=" + day})
	}
	require.NoError(t, w.Close())
	return b.Bytes(), rows
}

func cellsOfResult(t *testing.T, name string, rows int) {
	t.Helper()
	b, err := os.ReadFile(name)
	require.NoError(t, err)
	lines := strings.Split(strings.TrimSpace(string(b)), "\n")
	require.Len(t, lines, rows+1)
	require.Contains(t, lines[0], strings.Join(comparedHeadings, ","))
	require.Contains(t, lines[1], "有不一致")
	require.Contains(t, lines[2], ",,没有表头的备注,全部一致")
}

// TestProgress shows a bar on a terminal, JSON lines with --json, and nothing in a pipe or cron (D3.7).
func TestProgress(t *testing.T) {
	p := convert.Progress{File: "台账.csv", Rows: 50, Total: 200, Rate: 10, Ends: time.Now(), Deadline: time.Now(),
		Late: true}
	p.Counts.Rejected = 3
	for _, x := range []struct {
		name           string
		terminal, json bool
		want           []string
	}{
		{"pipe", false, false, nil},
		{"terminal", true, false, []string{"退回 3", "晚于期限", "50/约 200 行", "10 行/秒", "25%"}},
		{"json", true, true, []string{`{"progress":`, `"rows":50`, `"late":true`, `"rows_per_second":10`}},
	} {
		t.Run(x.name, func(t *testing.T) {
			var errs bytes.Buffer
			w := &program{World: &cli.World{Err: &errs, JSON: x.json, Lang: "zh"}, terminal: x.terminal, columns: 80}
			m := w.progress("转换")
			m.update(p)
			m.finish()
			if x.want == nil {
				require.Empty(t, errs.String())
			}
			for _, part := range x.want {
				require.Contains(t, errs.String(), part)
			}
		})
	}
}

// TestSecrets wants no master key, passphrase or private key in any output, and every file of a vault closed to others.
func TestSecrets(t *testing.T) {
	t.Parallel()
	r := newRunner(t)
	var all strings.Builder
	for _, args := range [][]string{
		{"init", "--sandbox"}, {"doctor"}, {"--json", "doctor"}, {"type", "report"}, {"caller", "list"}, {"audit", "list"},
		{"audit", "verify"}, {"proof", "checkpoint"}, {"backup", filepath.Join(t.TempDir(), "b")}, {"lookup", "x"},
	} {
		got := r.run(args...)
		all.WriteString(got.out + got.err)
	}
	master, err := os.ReadFile(filepath.Join(r.dir, masterFile))
	require.NoError(t, err)
	require.NotContains(t, all.String(), strings.TrimSpace(string(master)))
	require.NotContains(t, all.String(), "PRIVATE KEY")
	err = filepath.WalkDir(filepath.Join(r.dir, "keys"), func(path string, d os.DirEntry, err error) error {
		require.NoError(t, err)
		info, err := d.Info()
		require.NoError(t, err)
		require.Zero(t, info.Mode().Perm()&0o077, path)
		text, err := os.ReadFile(path)
		if !d.IsDir() {
			require.NoError(t, err)
			require.NotContains(t, string(text), "BEGIN PRIVATE KEY", path)
		}
		return nil
	})
	require.NoError(t, err)
}

// TestRotation certifies a department anew: what its former key signed stays verifiable (D1.10).
func TestRotation(t *testing.T) {
	t.Parallel()
	r := newSandbox(t)
	firm := fixtures.FirmAt(1)
	issue := func(key string) string {
		var a vault.Answer
		out := r.ok("--json", "issue", "--type", "食品经营许可证", "--key", key, "--paper", key, "--division", "350102",
			"CZZT="+firm.Name, "CZZTDM="+firm.Code, "CZZTDMLXDM=001", "ZZBFRQ=2026-03-02", "KZ_FDDBR=张示例", "KZ_ZS=示例路1号",
			"KZ_JYCS=示例路1号", "KZ_ZTYT=食品销售经营者", "KZ_JYXM=预包装食品销售", "ZZYXQQSRQ=2026-03-02", "ZZYXQJZRQ=2031-03-01")
		require.NoError(t, json.Unmarshal([]byte(out), &a))
		return a.Identifier
	}
	before := issue("k1")
	d := fixtures.Departments()[0]
	r.ok("department", "add", "--id", fixtures.Caller(0), "--name", d.Name, "--code", d.Code, "--issues",
		"11990000MB1E000137001", "--replace")
	after := issue("k2")
	for i, id := range []string{before, after} {
		file := filepath.Join(t.TempDir(), "licence.json")
		r.ok("lookup", id, "--export", file)
		require.Contains(t, r.ok("verify", file), "可以受理", i)
	}
	r.ok("audit", "verify")
	_, err := os.Stat(filepath.Join(r.dir, staffDir, d.Code+".1.pem"))
	require.NoError(t, err)
}

// TestResultName never overwrites an earlier result, which may hold corrections.
func TestResultName(t *testing.T) {
	dir := t.TempDir()
	source := filepath.Join(dir, "台账.xls")
	want := []string{"台账-结果.xlsx", "台账-结果2.xlsx", "台账-结果3.xlsx"}
	for _, name := range want {
		got := freeName(source, "-结果", true)
		require.Equal(t, filepath.Join(dir, name), got)
		require.NoError(t, os.WriteFile(got, nil, 0o600))
		source = got // the result of a result is no 台账-结果-结果
	}
}

// TestQuoted makes one word of a path for a shell.
func TestQuoted(t *testing.T) {
	require.Equal(t, `'a b'`, quoted("a b"))
	require.Equal(t, `台账.csv`, quoted("台账.csv"))
}
