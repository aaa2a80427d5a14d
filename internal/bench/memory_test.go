package bench_test

import (
	"os"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/proctest"
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
	peak := func(rows int) int { return proctest.PeakOf(t, "BenchmarkChild", rowsVariable+"="+strconv.Itoa(rows)) }
	small, big := peak(50_000), peak(large)
	require.Less(t, big, 800_000)
	require.InEpsilon(t, small, big, 0.10)
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
	stop := proctest.TellPeak()
	report := r.convert(b, file, typ)
	stop()
	require.Equal(b, rows, report.Counts.Created)
}
