package proctest

import (
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"
)

// AnonymousKiB is the anonymous resident memory (RssAnon) of this process in KiB, 0 where the system does not tell.
func AnonymousKiB() int {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(status), "RssAnon:")
	text, _, _ := strings.Cut(rest, "kB")
	n, err := strconv.Atoi(strings.TrimSpace(text))
	if err != nil {
		return 0
	}
	return n
}

// peakMark begins the line by which a process tells its peak.
const peakMark = "peak RssAnon in KiB: "

// TellPeak samples the anonymous memory of this process until stop is called, which prints the highest for PeakOf.
func TellPeak() (stop func()) {
	end, peak := make(chan struct{}), make(chan int)
	go sample(end, peak)
	return func() {
		close(end)
		fmt.Printf("\n%s%d\n", peakMark, <-peak)
	}
}

func sample(end <-chan struct{}, peak chan<- int) {
	highest := 0
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-end:
			peak <- max(highest, AnonymousKiB())
			return
		case <-tick.C:
			highest = max(highest, AnonymousKiB())
		}
	}
}

// PeakOf runs one benchmark once, in a process of its own with env (NAME=value) beside the test's environment, and
// gives the peak in KiB that the benchmark told by TellPeak. Where the system does not tell memory the test is
// skipped.
func PeakOf(tb testing.TB, benchmark string, env ...string) int {
	tb.Helper()
	if AnonymousKiB() == 0 {
		tb.Skip("this system does not tell the anonymous memory of a process")
	}
	c := exec.CommandContext(tb.Context(), executable(tb), "-test.run", "^$", "-test.bench", "^"+benchmark+"$",
		"-test.benchtime", "1x")
	c.Env = append(os.Environ(), env...)
	out, err := c.CombinedOutput()
	if err != nil {
		tb.Fatalf("%s: %v: %s", benchmark, err, out)
	}
	_, rest, _ := strings.Cut(string(out), peakMark)
	text, _, _ := strings.Cut(rest, "\n")
	peak, err := strconv.Atoi(strings.TrimSpace(text))
	if err != nil || peak <= 0 {
		tb.Fatalf("%s told no peak: %s", benchmark, out)
	}
	tb.Logf("%s: peak RssAnon %d KiB", benchmark, peak)
	return peak
}
