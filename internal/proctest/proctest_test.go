package proctest_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/proctest"
)

// The program of this test binary says what it was given, or fails if it was given nothing.
func TestMain(m *testing.M) {
	os.Exit(proctest.Main(m, func() {
		if len(os.Args) == 1 {
			os.Exit(3)
		}
		fmt.Print(os.Args[1:], os.Getenv("GIVEN"), os.Getenv("ELICENSE_DATA"), os.Getenv("LANG"))
	}))
}

func TestCommand(t *testing.T) {
	t.Setenv("ELICENSE_DATA", "of the test")
	t.Setenv("LANG", "of the test")
	out, err := proctest.Command(t, []string{"GIVEN=given"}, "a", "b").Output()
	require.NoError(t, err)
	require.Equal(t, "[a b]given", string(out))
	var exit *exec.ExitError
	require.ErrorAs(t, proctest.Command(t, nil).Run(), &exit)
	require.Equal(t, 3, exit.ExitCode())
	proctest.Settle()
}

const heldVariable = "ELICENSE_PROCTEST_MIB"

// TestPeakOf: what a process held for a moment is in its peak, and what it did not is not.
func TestPeakOf(t *testing.T) {
	small := proctest.PeakOf(t, "BenchmarkHolding", heldVariable+"=1")
	large := proctest.PeakOf(t, "BenchmarkHolding", heldVariable+"=64")
	require.Greater(t, large-small, 60<<10)
	require.Less(t, large-small, 80<<10)
}

// BenchmarkHolding is the process that TestPeakOf watches.
func BenchmarkHolding(b *testing.B) {
	var mib int
	if _, err := fmt.Sscan(os.Getenv(heldVariable), &mib); err != nil {
		b.Skip("only in a process of its own")
	}
	stop := proctest.TellPeak()
	held := bytes.Repeat([]byte{1}, mib<<20)
	stop()
	require.Len(b, held, mib<<20)
}
