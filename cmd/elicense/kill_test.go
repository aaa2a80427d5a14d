package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/internal/cli"
	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/internal/proctest"
	"github.com/elicense/elicense/internal/sheet"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/record"
)

// dieBeforeWrite has a process of the program kill itself before a write of a change of the master key, counted from 0.
const dieBeforeWrite = "ELICENSE_TEST_DIE"

func dying(at int) *program {
	c := process()
	c.beforeWrite = func() {
		if at--; at < 0 {
			self, err := os.FindProcess(os.Getpid())
			if err == nil {
				_ = self.Kill()
			}
			select {}
		}
	}
	return c
}

// asProgram is what the test binary does as the program itself.
func asProgram() {
	if at, err := strconv.Atoi(os.Getenv(dieBeforeWrite)); err == nil {
		os.Exit(dying(at).run(context.Background()))
	}
	main()
}

// child is the program as a process of its own.
func child(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	return proctest.Command(t, []string{"LANG=zh_CN.UTF-8"}, args...)
}

// killing is one data directory with a ledger and the outputs of its conversion beside it.
type killing struct {
	t   *testing.T
	dir string
	env []string // of the process that converts
}

func (k killing) path(name string) string { return filepath.Join(k.dir, name) }

func (k killing) data() *runner { return &runner{k.t, k.path("data")} }

// command is the conversion, always the same.
func (k killing) command() []string {
	return []string{
		"-d", k.path("data"), "--json", "convert", k.path("台账.csv"), "--type", fixtures.FoodLicence,
		"--result", k.path("结果.csv"), "--errors", k.path("errors.txt"), "--rows", k.path("rows.jsonl"),
	}
}

// report is what a conversion answers.
type report struct {
	Batch     string          `json:"batch"`
	Counts    record.Counts   `json:"counts"`
	Reconcile json.RawMessage `json:"reconcile"`
}

// finish runs the command to its end.
func (k killing) finish() report {
	k.t.Helper()
	r, ended := k.shoot(nil)
	require.True(k.t, ended)
	return r
}

// shoot runs the command and kills it when at returns; it reports whether the command had ended by itself before, and
// its answer if so. Without at nobody shoots.
func (k killing) shoot(at func(stderr io.Reader)) (r report, ended bool) {
	k.t.Helper()
	var out bytes.Buffer
	c := child(k.t, k.command()...)
	c.Env = append(c.Env, k.env...)
	c.Stdout = &out
	stderr, err := c.StderrPipe()
	require.NoError(k.t, err)
	require.NoError(k.t, c.Start())
	if at != nil {
		at(stderr)
		_ = c.Process.Kill() // it may have ended
	}
	_, err = io.Copy(io.Discard, stderr)
	require.NoError(k.t, err)
	if c.Wait() != nil {
		require.Equal(k.t, -1, c.ProcessState.ExitCode(), "it failed by itself: %s", out.String())
		return r, false
	}
	require.NoError(k.t, json.Unmarshal(out.Bytes(), &r))
	return r, true
}

// underWay waits until the conversion tells of progress, and then so long.
func underWay(d time.Duration) func(io.Reader) {
	return func(stderr io.Reader) {
		bufio.NewScanner(stderr).Scan()
		time.Sleep(d)
	}
}

// atAnyMoment waits so long, whatever the conversion does.
func atAnyMoment(d time.Duration) func(io.Reader) {
	return func(io.Reader) { time.Sleep(d) }
}

// TestKill_D3_2 kills a running conversion again and again at random points and runs the same command to its end: the
// result, the listings and the vault are those of a run that nobody disturbed, in all but salts, signatures and times.
func TestKill_D3_2(t *testing.T) {
	t.Parallel()
	rows, trials := 6000, 5
	if testing.Short() {
		rows, trials = 4000, 1
	}
	calm := newKilling(t, rows)
	calm.withoutDocuments()
	killAgainAndAgain(t, calm, rows, trials)
}

// TestKillWithDocuments_D3_2 is the same where each licence has its sealed document, which is durable before it.
func TestKillWithDocuments_D3_2(t *testing.T) {
	t.Parallel()
	k := newKilling(t, 700)
	k.env = []string{"GOMAXPROCS=1"} // or the second group, which is the last, would be ready when the first is
	killAgainAndAgain(t, k, 700, 1)
}

func killAgainAndAgain(t *testing.T, calm killing, rows, trials int) {
	t.Helper()
	start := calm.copy()
	began := time.Now()
	want := calm.finish()
	took := time.Since(began)
	kept := calm.contents(want)
	var all shots
	for range trials {
		k := start.copy()
		got := k.shootUntilDone(took, &all)
		require.Equal(t, want.Batch, got.Batch)
		require.Equal(t, want.Counts, got.Counts)
		if got.Reconcile != nil {
			require.Equal(t, string(want.Reconcile), string(got.Reconcile))
		}
		requireSameFiles(t, calm, k)
		require.Contains(t, k.data().ok("--json", "audit", "verify"), `"passed":true`)
		require.Empty(t, cmp.Diff(kept, k.contents(want)))
		again := k.finish()
		require.Zero(t, again.Counts.Created+again.Counts.Updated, "a duplicate was made")
	}
	require.NotZero(t, all.halfway, "no kill hit a conversion that had done something and had more to do")
	t.Logf("%d rows, %d kills, %d of them halfway", rows, all.kills, all.halfway)
}

// shots counts kills, and those that left a batch with some of its rows.
type shots struct{ kills, halfway int }

// killsAtMost bounds the kills of one conversion.
const killsAtMost = 5

// shootUntilDone kills the command a few times, in turn soon after it has begun to work and at any moment since
// its start, and lets it end. took is the time of a whole run: each kill leaves something for the next.
func (k killing) shootUntilDone(took time.Duration, all *shots) report {
	k.t.Helper()
	for n := range killsAtMost {
		at := atAnyMoment(rand.N(took / 2))
		if n%2 == 0 {
			at = underWay(rand.N(took / 8))
		}
		r, ended := k.shoot(at)
		if ended {
			return r
		}
		all.kills++
		if r, ended = k.account(all); ended {
			return r
		}
	}
	return k.finish()
}

// account reads how far a conversion was when it was killed. It may have done everything but answer.
func (k killing) account(all *shots) (r report, ended bool) {
	k.t.Helper()
	var list []vault.BatchAccount
	require.NoError(k.t, json.Unmarshal([]byte(k.data().ok("--json", "batch", "list")), &list))
	if len(list) == 0 {
		return r, false
	}
	if list[0].State == vault.BatchConverting {
		if list[0].Counts.Rows > 0 {
			all.halfway++
		}
		return r, false
	}
	return report{Batch: list[0].ID, Counts: list[0].Counts}, true
}

// newKilling is a sandbox with a ledger beside it.
func newKilling(t *testing.T, rows int) killing {
	t.Helper()
	k := killing{t: t, dir: t.TempDir()}
	copySandbox(t, k.data().dir)
	l, err := fixtures.NewLedger(fixtures.LedgerOptions{
		Type: fixtures.FoodLicence, Seed: 11, Rows: rows, Dirt: 0.2, Encoding: sheet.GB18030,
	})
	require.NoError(t, err)
	var text bytes.Buffer
	_, err = l.WriteTo(&text)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(k.path("台账.csv"), text.Bytes(), 0o600))
	return k
}

// withoutDocuments declares the type anew without a template: most of the time that a conversion takes would be drawing.
func (k killing) withoutDocuments() {
	k.t.Helper()
	text := k.data().ok("type", "shipped", "food-business-licence")
	text = regexp.MustCompile(`(?m)^version: 1$`).ReplaceAllString(text, "version: 2")
	text = regexp.MustCompile(`(?m)^template: .*\n`).ReplaceAllString(text, "")
	require.NoError(k.t, os.WriteFile(k.path("type.yaml"), []byte(text), 0o600))
	k.data().ok("type", "put", k.path("type.yaml"), "--as", "operator")
	require.NoError(k.t, os.Remove(k.path("type.yaml")))
}

// copy has the same keys, so that identifiers, which are keyed digests, are the same too.
func (k killing) copy() killing {
	k.t.Helper()
	other := killing{k.t, k.t.TempDir(), k.env}
	require.NoError(k.t, copyDirectory(other.dir, k.dir))
	return other
}

// requireSameFiles compares what the command left beside the ledger, and that it left nothing else.
func requireSameFiles(t *testing.T, a, b killing) {
	t.Helper()
	names := func(k killing) (list []string) {
		err := fs.WalkDir(os.DirFS(k.dir), ".", func(path string, d fs.DirEntry, err error) error {
			switch {
			case err != nil || !d.IsDir():
				list = append(list, path)
			case path == "data/vault" || path == "data/blobs":
				return fs.SkipDir
			}
			return err
		})
		require.NoError(t, err)
		return list
	}
	require.Equal(t, names(a), names(b))
	for _, name := range []string{"结果.csv", "errors.txt", "rows.jsonl"} {
		x, err := os.ReadFile(a.path(name))
		require.NoError(t, err)
		y, err := os.ReadFile(b.path(name))
		require.NoError(t, err)
		require.Empty(t, cmp.Diff(string(x), string(y)), name)
	}
}

// contents is what a vault holds once the batch is signed off: the keys of its engine but those that differ from run to run by their nature, and
// every record and event without salts, signatures and times.
func (k killing) contents(want report) map[string]string {
	k.t.Helper()
	k.data().ok("batch", "sign-off", want.Batch, "--by", "核对人", "--sampled", "20")
	w := process()
	ctx := k.t.Context()
	h, err := w.openHouse(ctx, k.path("data"))
	require.NoError(k.t, err)
	defer closeHouse(k.t, h)
	all := k.keys(w, h)
	access := vault.Access{Caller: h.settings.Department, Purpose: "核对", Ground: vault.GroundIssuer}
	licences := 0
	for q := (vault.Query{Batch: want.Batch, Limit: 500}); ; {
		page, err := h.vault.Lookup(ctx, access, q)
		require.NoError(k.t, err)
		for i := range page.Found {
			f := &page.Found[i]
			all["licence "+f.Identifier] = withoutRun(f)
		}
		licences += len(page.Found)
		if q.Cursor = page.Next; q.Cursor == "" {
			break
		}
	}
	require.Equal(k.t, want.Counts.Created, licences)
	k.events(h, access, all)
	return all
}

// events adds what happened to the licences, each event as it would be after any run.
func (k killing) events(h *house, a vault.Access, all map[string]string) {
	k.t.Helper()
	for q := (vault.FeedQuery{Limit: vault.MaxFeedItems, Content: true}); ; {
		page, err := h.vault.Events(k.t.Context(), a, q)
		require.NoError(k.t, err)
		for _, e := range page.Items {
			name := fmt.Sprintf("event %s %d %s", e.Identifier, e.Number, e.Kind)
			_, twice := all[name]
			require.False(k.t, twice, name)
			all[name] = ofThisRun.ReplaceAllString(string(e.Raw), "$1$2")
		}
		if q.From = page.Next; page.End {
			return
		}
	}
}

// keys are those of the sealed engine.
func (k killing) keys(c *program, h *house) map[string]string {
	k.t.Helper()
	store, err := c.unseal(k.t.Context(), h.main, h.master)
	require.NoError(k.t, err)
	all, blobs := map[string]string{}, 0
	require.NoError(k.t, store.View(k.t.Context(), func(r engine.Reader) error {
		return r.Scan(engine.Range{KeysOnly: true}, func(key, _ []byte) (bool, error) {
			switch {
			case key[0] == 'B': // named by what documents hold, and those hold signatures
				blobs++
			case !strings.ContainsRune(runKeys, rune(key[0])):
				all["key "+string(key)] = ""
			}
			return true, nil
		})
	}))
	all["documents and scans"] = strconv.Itoa(blobs)
	return all
}

// runKeys are the spaces whose keys are places of the run: audit entries, staging places, places in the ledger,
// checkpoints.
const runKeys = "aAPC"

// Digests are salted or of something salted; recorded is a time.
var ofThisRun = regexp.MustCompile(`(?m)^(previous|record|recorded|document) .*$|^(field \S+) \S+$`)

// withoutRun is a licence as it would be after any run.
func withoutRun(f *vault.Found) string {
	var b strings.Builder
	b.WriteString(ofThisRun.ReplaceAllString(string(f.Raw), "$1$2") + string(f.State) + "\n")
	for _, d := range f.Disclosures {
		b.WriteString(d.Name + " " + d.Value + "\n")
	}
	return b.String()
}

// TestSecondProcess: while one process converts, another one on the same data directory is refused with a clear
// error and disturbs nothing.
func TestSecondProcess(t *testing.T) {
	t.Parallel()
	k := newKilling(t, 6000)
	k.withoutDocuments()
	first := child(t, k.command()...)
	stderr, err := first.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, first.Start())
	underWay(0)(stderr)
	second := child(t, k.command()...)
	out, err := second.CombinedOutput()
	require.Error(t, err)
	require.Equal(t, cli.ExitFailed, second.ProcessState.ExitCode())
	require.Contains(t, string(out), "数据目录正被另一个进程使用")
	require.Contains(t, string(out), `"code":"locked"`)
	_, err = io.Copy(io.Discard, stderr)
	require.NoError(t, err)
	require.NoError(t, first.Wait())
	require.Contains(t, k.data().ok("--json", "audit", "verify"), `"passed":true`)
}

// TestNoSpace: when the disk is nearly full a conversion stops with a clear error and nothing is half done; with space
// again the same command goes on.
func TestNoSpace(t *testing.T) {
	t.Parallel()
	k := newKilling(t, 1500)
	k.withoutDocuments()
	free, err := freeSpace(k.dir)
	require.NoError(t, err)
	house, err := os.ReadFile(k.path("data/house.yaml"))
	require.NoError(t, err)
	for name, keep := range map[string]uint64{"it opens": free + free/4, "it does not even open": 4 * free} {
		line := fmt.Sprintf("reserve_mib: %d\n", keep>>20)
		require.NoError(t, os.WriteFile(k.path("data/house.yaml"), append(bytes.Clone(house), line...), 0o600))
		got := k.data().run("convert", k.path("台账.csv"), "--type", fixtures.FoodLicence, "--result", k.path("结果.csv"))
		require.Equal(t, cli.ExitFailed, got.code, name)
		require.Contains(t, got.err, "磁盘空间不足", name)
		require.Contains(t, got.err, "[no-space]", name)
		require.NoFileExists(t, k.path("结果.csv"))
		require.NoFileExists(t, k.path("结果.csv.part"))
		got = k.data().run("doctor")
		require.Equal(t, cli.ExitFailed, got.code, name)
		require.Contains(t, got.out, "✗ 磁盘剩余", name)
	}
	require.NoError(t, os.WriteFile(k.path("data/house.yaml"), house, 0o600))
	if _, err := os.Stat("/dev/full"); err == nil { // where the system has it: a disk of its own that is full
		got := k.data().run("convert", k.path("台账.csv"), "--type", fixtures.FoodLicence, "--errors", "/dev/full",
			"--dry-run")
		require.Equal(t, cli.ExitFailed, got.code)
		require.Contains(t, got.err, "磁盘已满，写不下：/dev/full [no-space]")
	}
	require.NotZero(t, k.finish().Counts.Created)
	require.Contains(t, k.data().ok("--json", "audit", "verify"), `"passed":true`)
}
