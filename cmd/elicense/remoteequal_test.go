package main

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/rand"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/internal/cli"
	"github.com/elicense/elicense/internal/sheet"
	"github.com/elicense/elicense/pki"
)

// twoDesks is a sandbox with a converted ledger, scans, and licences that were issued, voided and suspended, at which
// the same command is given over a service and on the data directory.
type twoDesks struct {
	t       *testing.T
	dir     string // of the data
	work    string // where commands leave their files
	address string // of the service; "": it does not run
	now     time.Time

	batch, scanned, issued string
}

// said is what a command printed, and with which code it ended.
type saidAt struct {
	out, err string
	code     int
}

// desks makes the sandbox, whose service runs until stop.
func desks(t *testing.T) (d *twoDesks, stop func()) {
	t.Helper()
	d = &twoDesks{t: t, dir: filepath.Join(t.TempDir(), "data"), work: t.TempDir(), now: time.Now()}
	address, stop := serveSandbox(t, d.dir, "--plain")
	d.address = "http://" + address
	ledger, err := fixtures.NewLedger(fixtures.LedgerOptions{Type: fixtures.FoodLicence, Seed: 7, Rows: 30, Dirt: 0.2})
	require.NoError(t, err)
	var text bytes.Buffer
	_, err = ledger.WriteTo(&text)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(d.path("ledger.csv"), text.Bytes(), 0o600))
	numbers := regexp.MustCompile(`JY\d{14}`).FindAll(text.Bytes(), 10)
	var packed bytes.Buffer
	z := zip.NewWriter(&packed)
	packing := map[string]bool{}
	for _, n := range numbers {
		if packing[string(n)] {
			continue
		}
		packing[string(n)] = true
		f, err := z.Create(string(n) + ".pdf")
		require.NoError(t, err)
		_, err = f.Write(append([]byte("%PDF-1.4 made up "), n...))
		require.NoError(t, err)
	}
	require.NoError(t, z.Close())
	require.NoError(t, os.WriteFile(d.path("scans.zip"), packed.Bytes(), 0o600))
	d.fill()
	return d, stop
}

func (d *twoDesks) path(name string) string { return filepath.Join(d.work, name) }

// fill does what there is to see, through the service.
func (d *twoDesks) fill() {
	d.t.Helper()
	market := fixtures.Caller(0)
	done := d.must(market, "convert", d.path("ledger.csv"), "--type", fixtures.FoodLicence, "--scans", d.path("scans.zip"),
		"--result", d.path("result.csv"), "--expected", "90", "--json")
	d.batch = field(d.t, done, `"batch":"([^"]+)"`)
	d.must(market, "batch", "sign-off", d.batch, "--by", "核对人", "--sampled", "5")
	issue := []string{"--type", fixtures.FoodLicence, "--division", "350102"}
	for name, value := range foodLicence(d.t, "").Values {
		issue = append(issue, name+"="+value)
	}
	one := d.must(market, append([]string{"issue", "--key", "one", "--paper", "P-1", "--json"}, issue...)...)
	d.issued = field(d.t, one, `"identifier":"([^"]+)"`)
	two := d.must(market, append([]string{"reserve", "--key", "two", "--json"}, issue...)...)
	d.must(market, "void", field(d.t, two, `"identifier":"([^"]+)"`), "--key", "three", "--reason", "打印作废")
	d.must(market, "suspend", d.issued, "--key", "four", "--law", "示例条例", "--reason", "整改")
	d.must(fixtures.Operator, "caller", "register", "market-1", "--caller", market, "--certificate",
		filepath.Join(d.dir, staffDir, fixtures.Departments()[0].Code+".pem"), "--item", "350000-0102", "--ground", "issuer")
	listed := d.must(market, "batch", "sample", d.batch, "-n", "30", "--json")
	for _, row := range strings.Split(listed, `"Row":`) {
		if strings.Contains(row, `"Scans":["`) {
			d.scanned = field(d.t, row, `"Identifier":"([^"]+)"`)
			break
		}
	}
	require.NotEmpty(d.t, d.scanned, listed)
}

func field(t *testing.T, text, pattern string) string {
	t.Helper()
	found := regexp.MustCompile(pattern).FindStringSubmatch(text)
	require.NotNil(t, found, "%s in %s", pattern, text)
	return found[1]
}

// must runs a command that is to succeed, and gives its output.
func (d *twoDesks) must(caller string, args ...string) string {
	d.t.Helper()
	got := d.run(caller, args...)
	require.Zero(d.t, got.code, "%s: %s%s", args, got.out, got.err)
	return got.out
}

// run gives a command at the service as long as it runs, else on the data directory; files that it names in {} are new.
func (d *twoDesks) run(caller string, args ...string) saidAt {
	d.t.Helper()
	environment := map[string]string{"LANG": "C"}
	if d.address != "" {
		key, err := os.ReadFile(filepath.Join(d.dir, sandboxKeys, caller))
		require.NoError(d.t, err)
		environment["ELICENSE_TOKEN"] = string(key)
		args = append(args, "--server", d.address)
	} else {
		args = append(args, "-d", d.dir, "--as", caller)
	}
	var out, errs bytes.Buffer
	w := &cli.World{
		Name: "elicense", Args: args, In: strings.NewReader(""), Out: &out, Err: &errs, Rand: rand.Reader,
		Now: func() time.Time { return d.now }, Env: func(name string) string { return environment[name] },
	}
	code := (&program{World: w, columns: 80, selfTest: pki.SelfTestResults}).run(context.Background())
	return saidAt{out.String(), errs.String(), code}
}

// order is one command that is given at both.
type order struct {
	caller string
	args   []string
	files  []string // that it leaves: the same bytes both times
	folder string   // that it leaves: the same files both times
}

// orders are the commands whose answers are to be the same. NEW stands for the folder of their files.
func (d *twoDesks) orders() []order {
	market, operator := fixtures.Caller(0), fixtures.Operator
	type words = []string
	own := func(args ...string) order { return order{caller: market, args: args} }
	runs := func(args ...string) order { return order{caller: operator, args: args} }
	list := []order{
		own("numbers", "--type", fixtures.FoodLicence), own("numbers", "--type", fixtures.FoodLicence, "--json"),
		own("numbers", "--type", "没有这种证"), own("reconcile"),
		own("batch", "list"), own("batch", "list", "--json"), own("batch", "certificate", d.batch),
		own("batch", "progress", "--deadline", "2099-12-31"), own("batch", "progress", "--json"),
		own("batch", "sample", d.batch, "-n", "7", "--seed", "3"), own("batch", "sample", "none"), own("batch", "sample", d.batch, "-n", "0"),
		{market, words{"batch", "sample", d.batch, "--sheet", "NEW/s.xlsx"}, words{"s.xlsx"}, "s"},
		own("convert", "detect", d.path("ledger.csv"), "--type", fixtures.FoodLicence),
		own("convert", "detect", d.path("ledger.csv"), "--type", fixtures.FoodLicence, "--json"),
		{market, d.tryOut(), words{"r.csv", "e.txt"}, ""}, {market, append(d.tryOut(), "--json"), words{"r.csv", "e.txt"}, ""},
		own("convert", d.path("ledger.csv"), "--type", fixtures.FoodLicence, "--dry-run", "--mapping", d.path("scans.zip")),
		{market, words{"document", "draw", "--type", fixtures.FoodLicence, "--save", "NEW/s.svg"}, words{"s.svg"}, ""},
		own("document", "list", d.scanned, "--ground", "issuer"), own("document", "list", d.scanned, "--ground", "issuer", "--json"),
		own("document", "list", d.issued, "--ground", "issuer"),
		{market, words{"document", "get", d.scanned, "1", "--ground", "issuer", "--save", "NEW/1"}, words{"1"}, ""},
		{market, words{"document", "get", d.scanned, "2", "--ground", "issuer", "--save", "NEW/2"}, words{"2"}, ""},
		own("document", "get", d.scanned, "9", "--ground", "issuer", "--save", "NEW/9"),
		own("lookup", d.issued, "--ground", "issuer"), own("lookup", "--batch", d.batch, "--ground", "issuer"),
		own("lookup", "--type", fixtures.FoodLicence, "--issuer", fixtures.Departments()[0].Code, "--ground", "issuer", "--limit", "3"),
		own("history", d.issued, "--ground", "issuer"),
		own("type", "template", fixtures.FoodLicence), own("type", "show", fixtures.FoodLicence), own("type", "report", "--json"),
		runs("caller", "list"), runs("caller", "list", "--json"), runs("caller", "systems"), runs("caller", "systems", "--json"),
		runs("certificate", "list"), runs("certificate", "list", "--json"), runs("proof", "key"),
		{operator, words{"certificate", "trust", "NEW/trust"}, words{"trust/root.pem", "trust/" + ledgerKeysFile}, ""},
		runs("signed-by", filepath.Join(d.dir, staffDir, fixtures.Departments()[0].Code+".pem")),
		runs("signed-by", strings.Repeat("0", 64)),
		runs("batch", "progress", "--ground", "operator"),
	}
	return append(list, runs("audit", "list", "--from", "9"), runs("audit", "list", "--json"))
}

// tryOut is a dry run of a ledger with scans: its report says what was read, what was not, and why.
func (d *twoDesks) tryOut() []string {
	return []string{
		"convert", d.path("ledger.csv"), "--type", fixtures.FoodLicence, "--dry-run", "--scans", d.path("scans.zip"),
		"--result", "NEW/r.csv", "--errors", "NEW/e.txt",
	}
}

// left are the files that an order left, by their names.
func (o *order) left(t *testing.T, folder string) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, name := range o.files {
		text, err := os.ReadFile(filepath.Join(folder, name))
		require.NoError(t, err, o.args)
		if strings.HasSuffix(name, ".xlsx") {
			text = []byte(strings.Join(cellsOf(t, text), "|"))
		}
		out[name] = string(text)
	}
	if o.folder == "" {
		return out
	}
	entries, err := os.ReadDir(filepath.Join(folder, o.folder))
	require.NoError(t, err, o.args)
	require.NotEmpty(t, entries, o.args)
	for _, e := range entries {
		text, err := os.ReadFile(filepath.Join(folder, o.folder, e.Name()))
		require.NoError(t, err)
		out[e.Name()] = string(text)
	}
	return out
}

// cellsOf are the texts of a sheet.
func cellsOf(t *testing.T, raw []byte) []string {
	t.Helper()
	book, err := sheet.Open(bytes.NewReader(raw), int64(len(raw)), "s.xlsx", sheet.Options{})
	require.NoError(t, err)
	at, err := book.DefaultSheet()
	require.NoError(t, err)
	rows, err := book.Rows(at)
	require.NoError(t, err)
	var row sheet.Row
	var out []string
	for rows.Next(&row) == nil {
		for i := range row.Cells {
			out = append(out, row.Cells[i].Text)
		}
	}
	require.NotEmpty(t, out)
	return out
}

// messages are the ids of requests: each entry of the audit has its own.
var messages = regexp.MustCompile(`,"message":"[0-9a-f]{32}"`)

// TestSameAtBoth_A71: what is asked of a service and what is asked of the data directory is answered in the same words,
// with the same code and the same files.
func TestSameAtBoth_A71(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("runs the whole program")
	}
	d, stop := desks(t)
	for _, by := range [][]string{
		{d.issued}, {"--holder", fixtures.FirmAt(7).Code}, {"--type", fixtures.FoodLicence, "--number", "JY13501020000999"},
	} {
		before := d.lookups()
		d.must(fixtures.Hall, append([]string{"lookup"}, by...)...)
		require.Equal(t, before+1, d.lookups(), "a look-up is one look-up: %s", by)
	}
	orders := d.orders()
	var said [2][]saidAt
	var left [2][]map[string]string
	for round := range 2 {
		for i := range orders {
			o := &orders[i]
			folder := t.TempDir()
			args := make([]string, len(o.args))
			for n, a := range o.args {
				args[n] = strings.Replace(a, "NEW", folder, 1)
			}
			got := d.run(o.caller, args...)
			got.out, got.err = d.plain(got.out, folder), d.plain(got.err, folder)
			said[round] = append(said[round], got)
			var files map[string]string
			if got.code == cli.ExitDone {
				files = o.left(t, folder)
			}
			left[round] = append(left[round], files)
		}
		stop()
		d.address = ""
	}
	for i := range orders {
		name := strings.Join(orders[i].args, " ")
		at, own := said[0][i], said[1][i]
		require.NotEmpty(t, at.out+at.err, name)
		if orders[i].args[0] == "audit" { // which has grown since, and tells the messages of what came by the service
			require.True(t, strings.HasPrefix(messages.ReplaceAllString(own.out, ""), messages.ReplaceAllString(at.out, "")), name)
			own.out = at.out
		}
		if at.code == cli.ExitFailed { // a refusal has the same reason: the vault's own has a headline before it
			own.err, at.err = reason(own.err), reason(at.err)
		}
		require.Equal(t, own, at, name)
		require.Equal(t, left[1][i], left[0][i], name)
	}
}

// lookups is how many look-ups stand in the audit.
func (d *twoDesks) lookups() int {
	d.t.Helper()
	return strings.Count(d.must(fixtures.Auditor, "audit", "list"), "  lookup  ")
}

// reason is the last code of a refusal.
func reason(text string) string {
	codes := regexp.MustCompile(`\[[a-z-]+\]`).FindAllString(text, -1)
	if len(codes) == 0 {
		return text
	}
	return codes[len(codes)-1]
}

// plain takes out what differs by where a command is given: the folder of its files, how to give the next command, the
// trace of a refusal, and how long it took.
func (d *twoDesks) plain(text, folder string) string {
	text = strings.ReplaceAll(text, folder, "NEW")
	text = regexp.MustCompile(`(?m)^trace .*\n`).ReplaceAllString(text, "")
	text = regexp.MustCompile(`elicense (--server|-d) \S+( --as \S+)?`).ReplaceAllString(text, "elicense")
	text = regexp.MustCompile(`(?m)^\{"progress".*\n|^took .*\n|"elapsed_ns":\d+| --as \S+$`).ReplaceAllString(text, "")
	return text
}
