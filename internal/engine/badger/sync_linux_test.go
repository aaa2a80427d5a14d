package badger_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/internal/engine/badger"
)

// dirtyBytes is how much of the mapped files under dir has been written to memory and not to the disk, as the kernel
// accounts for it.
func dirtyBytes(t *testing.T, dir string) (kib int) {
	t.Helper()
	f, err := os.Open("/proc/self/smaps")
	require.NoError(t, err)
	defer func() { require.NoError(t, f.Close()) }()
	ours, seen := false, 0
	for s := bufio.NewScanner(f); s.Scan(); {
		fields := strings.Fields(s.Text())
		switch {
		case strings.Contains(fields[0], "-"): // the head of a mapping: addresses … path
			path := fields[len(fields)-1]
			ours = strings.HasPrefix(path, dir) && (strings.HasSuffix(path, ".mem") || strings.HasSuffix(path, ".vlog"))
			if ours {
				seen++
			}
		case ours && (fields[0] == "Shared_Dirty:" || fields[0] == "Private_Dirty:"):
			n, err := strconv.Atoi(fields[1])
			require.NoError(t, err)
			kib += n
		}
	}
	require.GreaterOrEqual(t, seen, 2, "write-ahead and value log are mapped")
	return kib
}

// TestAcknowledgedIsClean: when Update returns, no page of the write-ahead log or the value log is dirty: the kernel
// has written all of them to the disk. Without syncing it has not, which shows that the test can see it.
func TestAcknowledgedIsClean(t *testing.T) {
	write := func(t *testing.T, cfg badger.Config) (dirty int) {
		t.Helper()
		var fs unix.Statfs_t
		require.NoError(t, unix.Statfs(cfg.Dir, &fs))
		if fs.Type == unix.TMPFS_MAGIC {
			t.Skip("the directory for temporary files lies in memory, where every page is dirty for ever; set TMPDIR")
		}
		e, err := badger.Open(cfg)
		require.NoError(t, err)
		defer func() { require.NoError(t, e.Close()) }()
		for i := range 50 {
			size := []int{10, 900, 3000, 100_000}[i%4]
			require.NoError(t, e.Update(t.Context(), func(w engine.Writer) error {
				return w.Put(fmt.Append(nil, i), make([]byte, size))
			}))
			dirty += dirtyBytes(t, cfg.Dir)
		}
		return dirty
	}
	require.Zero(t, write(t, small(t.TempDir())))
	require.NotZero(t, write(t, badger.WithSyncOff(small(t.TempDir()))))
}

// traced writes what TestAcknowledgedIsSynced looks for: "begin" before and "ack" after each Update of 8 callers.
func traced(cfg badger.Config) {
	e, err := badger.Open(cfg)
	if err != nil {
		fmt.Println("error", err)
		return
	}
	say := func(word string, g, i int) { _, _ = os.Stdout.Write(fmt.Appendf(nil, "%s %d/%d\n", word, g, i)) }
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := range 40 {
				say("begin", g, i)
				err := e.Update(context.Background(), func(w engine.Writer) error {
					key := func(k string) []byte { return fmt.Append(nil, g, "/", i, "/", k) }
					long := make([]byte, 20_000)
					for n := range 160 { // fills tables, so that new logs are begun
						if err := w.Put(key(fmt.Sprint(n)), long[:200]); err != nil {
							return err
						}
					}
					return w.Put(key("long"), long)
				})
				if err == nil {
					say("ack", g, i)
				}
			}
		})
	}
	wg.Wait()
}

// TestAcknowledgedIsSynced records the system calls of a writing process. Between the beginning and the answer of
// every Update the write-ahead log and the value log were synced, and a log file that had been made meanwhile had its
// directory synced.
func TestAcknowledgedIsSynced(t *testing.T) {
	strace, err := exec.LookPath("strace")
	if err != nil {
		t.Skip("strace is not installed; TestAcknowledgedIsClean looks at the same promise without it")
	}
	record := func(role string) syncTrace {
		dir := t.TempDir()
		file := filepath.Join(t.TempDir(), "trace")
		c := child(t, role, dir, strace, "-f", "-y", "-s", "64", "-e", "trace=msync,fsync,mmap,openat,write",
			"-o", file)
		out, err := c.Output()
		if err != nil {
			t.Skipf("strace may not trace here: %v", err)
		}
		require.Equal(t, 8*40, strings.Count(string(out), "ack "))
		return readTrace(t, file)
	}
	trace := record("traced")
	require.Empty(t, trace.violations[:min(3, len(trace.violations))], "%d in all", len(trace.violations))
	require.Equal(t, 8*40, trace.acks)
	require.Greater(t, trace.logs, 6, "several logs of both kinds were begun")
	t.Logf("%d answers, %d syncs of logs, %d new logs", trace.acks, trace.syncs, trace.logs)
	require.NotEmpty(t, record("traced without sync").violations, "the test sees when syncing is off")
}

type syncTrace struct {
	acks, syncs, logs int
	violations        []string
}

var (
	reCall    = regexp.MustCompile(`^(\d+) +(\w+)\((.*)$`)
	reResumed = regexp.MustCompile(`^(\d+) +<\.\.\. (\w+) resumed>(.*)$`)
	reMapped  = regexp.MustCompile(`MAP_SHARED, \d+<([^>]*\.(?:mem|vlog))>.*= (0x[0-9a-f]+)`)
	reMarker  = regexp.MustCompile(`"(begin|ack) (\d+/\d+)\\n"`)
	reMade    = regexp.MustCompile(`"([^"]*\.(?:mem|vlog))".*O_CREAT.* = \d`)
)

// readTrace goes through the calls in the order in which they began and ended.
func readTrace(t *testing.T, file string) syncTrace {
	t.Helper()
	raw, err := os.ReadFile(file)
	require.NoError(t, err)
	r := traceReader{
		open: map[string]string{}, begunAt: map[string]int{}, maps: map[string]string{},
		syncBegan: map[string]int{}, lastSync: map[string]int{}, began: map[string]int{}, unsynced: map[string]int{},
	}
	for i, line := range strings.Split(string(raw), "\n") {
		r.line(i, line)
	}
	return r.syncTrace
}

type traceReader struct {
	syncTrace
	open      map[string]string // process: arguments of the call it has not finished
	begunAt   map[string]int    // process: the line where that call began
	maps      map[string]string // address: log file mapped there
	syncBegan map[string]int
	lastSync  map[string]int // "mem", "vlog", "dir": when the last finished sync of such a file had begun
	began     map[string]int // Update: when it began
	unsynced  map[string]int // log file: when it was made, until its directory is synced
}

func (r *traceReader) line(i int, line string) {
	if m := reResumed.FindStringSubmatch(line); m != nil {
		r.done(r.begunAt[m[1]], m[2], r.open[m[1]]+m[3])
		return
	}
	m := reCall.FindStringSubmatch(line)
	if m == nil {
		return
	}
	args, unfinished := strings.CutSuffix(strings.TrimSpace(m[3]), "<unfinished ...>")
	if marker := reMarker.FindStringSubmatch(args); m[2] == "write" && marker != nil {
		r.marker(i, marker[1], marker[2]) // a marker counts when its call begins
		return
	}
	if unfinished {
		r.open[m[1]], r.begunAt[m[1]] = args, i
		return
	}
	r.done(i, m[2], args)
}

// done handles a call that began at line began and has ended.
func (r *traceReader) done(began int, call, args string) {
	switch call {
	case "mmap":
		if m := reMapped.FindStringSubmatch(args); m != nil {
			r.maps[m[2]] = m[1]
		}
	case "openat":
		if m := reMade.FindStringSubmatch(args); m != nil {
			r.logs++
			r.unsynced[m[1]] = began
		}
	case "msync":
		address, _, _ := strings.Cut(args, ",")
		log, ok := r.maps[address]
		if ok && strings.Contains(args, "MS_SYNC") && strings.HasSuffix(strings.TrimSpace(args), "= 0") {
			r.syncs++
			r.lastSync[strings.TrimPrefix(filepath.Ext(log), ".")] = began
		}
	case "fsync":
		for log, made := range r.unsynced {
			if made < began && strings.Contains(args, "<"+filepath.Dir(log)+">") {
				delete(r.unsynced, log)
			}
		}
	}
}

func (r *traceReader) marker(i int, word, update string) {
	if word == "begin" {
		r.began[update] = i
		return
	}
	r.acks++
	for _, log := range []string{"mem", "vlog"} {
		if r.lastSync[log] <= r.began[update] {
			r.violations = append(r.violations, fmt.Sprintf("%s answered, %s not synced since it began", update, log))
		}
	}
	for log, made := range r.unsynced {
		// A log made after this Update's commit belongs to a later one; one older than its beginning may hold it.
		if made < r.began[update] {
			r.violations = append(r.violations,
				fmt.Sprintf("%s answered, directory entry of %s not synced", update, log))
		}
	}
}
