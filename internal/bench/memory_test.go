package bench_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// rowsVariable makes the test binary convert so many rows in a process of its own and print its peak of RssAnon in KiB.
const rowsVariable = "ELICENSE_BENCH_CHILD_ROWS"

// longVariable asks for the full million rows; without it the larger run has 150 thousand.
const longVariable = "ELICENSE_BENCH_LONG"

// TestConvertMemory_A73 holds the gate on memory: the peak of anonymous memory of a conversion does not grow with its
// rows and stays under 800 MB, with the engine options of the speed goals.
func TestConvertMemory_A73(t *testing.T) {
	if testing.Short() {
		t.Skip("converts hundreds of thousands of rows")
	}
	large := 150_000
	if os.Getenv(longVariable) != "" {
		large = 1_000_000
	}
	small, big := peakOf(t, 50_000), peakOf(t, large)
	t.Logf("peak RssAnon: %d KiB for 50000 rows, %d KiB for %d", small, big, large)
	require.Less(t, big, 800_000)
	require.InEpsilon(t, small, big, 0.10)
}

func peakOf(t *testing.T, rows int) int {
	t.Helper()
	exe, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.CommandContext(t.Context(), exe, "-test.run", "^$", "-test.bench", "^BenchmarkChild$",
		"-test.benchtime", "1x")
	cmd.Env = append(os.Environ(), rowsVariable+"="+strconv.Itoa(rows))
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
	for line := range strings.Lines(string(out)) {
		if text, ok := strings.CutPrefix(strings.TrimSpace(line), "peak "); ok {
			peak, err := strconv.Atoi(text)
			require.NoError(t, err)
			return peak
		}
	}
	t.Fatalf("no peak in %q", out)
	return 0
}

// BenchmarkChild is the process that TestConvertMemory_A73 watches; by itself it does nothing.
func BenchmarkChild(b *testing.B) {
	rows, err := strconv.Atoi(os.Getenv(rowsVariable))
	if err != nil || b.N > 1 {
		b.Skip("only in a process of its own")
	}
	file, typ := ledgerFile(b, rows)
	r := newRig(b)
	defer holdHeap()()
	stop, peak := make(chan struct{}), make(chan int)
	go watch(stop, peak)
	report := r.convert(b, file, typ)
	close(stop)
	require.Equal(b, rows, report.Counts.Created)
	fmt.Printf("\npeak %d\n", <-peak)
}

// watch samples RssAnon until stop is closed, then gives the highest.
func watch(stop <-chan struct{}, peak chan<- int) {
	highest := 0
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		highest = max(highest, rssAnon())
		select {
		case <-stop:
			peak <- highest
			return
		case <-tick.C:
		}
	}
}

// rssAnon is the anonymous resident memory of this process in KiB.
func rssAnon() int {
	f, err := os.Open("/proc/self/status")
	if err != nil {
		return 0
	}
	defer f.Close()
	for scan := bufio.NewScanner(f); scan.Scan(); {
		if rest, ok := strings.CutPrefix(scan.Text(), "RssAnon:"); ok {
			n, err := strconv.Atoi(strings.TrimSuffix(strings.TrimSpace(rest), " kB"))
			if err == nil {
				return n
			}
		}
	}
	return 0
}
