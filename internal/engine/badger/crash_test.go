package badger_test

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/internal/engine/badger"
)

// The test binary runs itself again as a process that can be killed or watched; these variables say as what.
const (
	envRole = "ELICENSE_BADGER_CHILD"
	envDir  = "ELICENSE_BADGER_DIR"
)

func TestMain(m *testing.M) {
	dir := os.Getenv(envDir)
	switch os.Getenv(envRole) {
	case "":
		os.Exit(m.Run())
	case "writers":
		writers(dir)
	case "traced":
		traced(tracedConfig(dir))
	case "traced without sync":
		traced(badger.WithSyncOff(tracedConfig(dir)))
	case "opener":
		_, err := badger.Open(small(dir))
		fmt.Println("locked:", errors.Is(err, engine.ErrLocked))
	}
}

func tracedConfig(dir string) badger.Config {
	return badger.Config{Dir: dir, MemTableBytes: 2 << 20, ValueLogFileBytes: 1 << 20, ReserveBytes: 1}
}

func child(t *testing.T, role, dir string, wrapper ...string) *exec.Cmd {
	t.Helper()
	argv := append(wrapper, os.Args[0])
	c := exec.CommandContext(t.Context(), argv[0], argv[1:]...)
	c.Env = append(os.Environ(), envRole+"="+role, envDir+"="+dir)
	c.Stderr = os.Stderr
	return c
}

// The writers' transactions: writer g's n-th sets parts(g) keys and its counter, all to n. Writer 0's are larger than
// a Badger transaction, so that they go through redo records.
const crashWriters = 16

func parts(g int) int {
	if g == 0 {
		return 400
	}
	return 1 + g%7
}

func partKey(g, part int) []byte { return fmt.Appendf(nil, "writer %02d part %03d", g, part) }
func counterKey(g int) []byte    { return fmt.Appendf(nil, "counter %02d", g) }

func partValue(g int, n uint64) []byte {
	v := binary.BigEndian.AppendUint64(nil, n)
	return append(v, make([]byte, 100+g*100)...) // some in the tree, some in the value log
}

// writers never ends by itself. It writes a line for each acknowledged transaction.
func writers(dir string) {
	e, err := badger.Open(badger.Config{Dir: dir, MemTableBytes: 2 << 20, ValueLogFileBytes: 2 << 20, ReserveBytes: 1})
	if err != nil {
		fmt.Println("error", err)
		return
	}
	var mu sync.Mutex
	var wg sync.WaitGroup
	for g := range crashWriters {
		wg.Go(func() {
			for {
				n, err := advance(e, g)
				mu.Lock()
				if err != nil {
					fmt.Println("error", err)
				} else {
					fmt.Println("ack", g, n)
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
}

func advance(e engine.Engine, g int) (n uint64, err error) {
	err = e.Update(context.Background(), func(w engine.Writer) error {
		n = 1
		old, err := w.Get(counterKey(g))
		if err == nil {
			n = binary.BigEndian.Uint64(old) + 1
		} else if !errors.Is(err, engine.ErrNotFound) {
			return err
		}
		value := partValue(g, n)
		for p := range parts(g) {
			if err := w.Put(partKey(g, p), value); err != nil {
				return err
			}
		}
		return w.Put(counterKey(g), value[:8])
	})
	return n, err
}

// TestKill kills a writing process at random points again and again. After each kill every acknowledged transaction
// is there, and every transaction is there whole or not at all.
func TestKill(t *testing.T) {
	rounds := 12
	if testing.Short() {
		rounds = 4
	}
	dir := t.TempDir()
	rnd := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 0))
	var acknowledged [crashWriters]uint64
	for range rounds {
		c := child(t, "writers", dir)
		out, err := c.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, c.Start())
		delay := time.Duration(rnd.Int64N(int64(400 * time.Millisecond)))
		time.AfterFunc(delay, func() { _ = c.Process.Kill() })
		readAcks(t, out, &acknowledged)
		require.Error(t, c.Wait(), "it was killed")
		checkAfterKill(t, dir, acknowledged)
	}
	total := uint64(0)
	for _, n := range acknowledged {
		total += n
	}
	require.NotZero(t, total, "nothing was ever acknowledged")
	t.Logf("%d transactions acknowledged over %d kills", total, rounds)
}

func readAcks(t *testing.T, out io.Reader, acknowledged *[crashWriters]uint64) {
	t.Helper()
	lines := bufio.NewReader(out)
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			return // a line cut off by the kill is no acknowledgement
		}
		f := strings.Fields(line)
		require.Equal(t, "ack", f[0], line)
		g, err := strconv.Atoi(f[1])
		require.NoError(t, err)
		n, err := strconv.ParseUint(f[2], 10, 64)
		require.NoError(t, err)
		require.Greater(t, n, acknowledged[g])
		acknowledged[g] = n
	}
}

func checkAfterKill(t *testing.T, dir string, acknowledged [crashWriters]uint64) {
	t.Helper()
	e, err := badger.Open(small(dir))
	require.NoError(t, err)
	defer func() { require.NoError(t, e.Close()) }()
	require.NoError(t, e.View(t.Context(), func(r engine.Reader) error {
		for g, ack := range acknowledged {
			old, err := r.Get(counterKey(g))
			if errors.Is(err, engine.ErrNotFound) {
				require.Zero(t, ack, "an acknowledged transaction is gone")
				continue
			}
			require.NoError(t, err)
			n := binary.BigEndian.Uint64(old)
			require.GreaterOrEqual(t, n, ack, "an acknowledged transaction is gone")
			for p := range parts(g) {
				v, err := r.Get(partKey(g, p))
				require.NoError(t, err)
				require.Equal(t, partValue(g, n), v, "half a transaction of writer %d", g)
			}
		}
		return nil
	}))
}

func TestLocked(t *testing.T) {
	dir := t.TempDir()
	e, err := badger.Open(small(dir))
	require.NoError(t, err)
	_, err = badger.Open(small(dir))
	require.ErrorIs(t, err, engine.ErrLocked, "twice in one process")
	out, err := child(t, "opener", dir).Output()
	require.NoError(t, err)
	require.Equal(t, "locked: true\n", string(out), "from another process")
	require.NoError(t, e.Close())
	require.NoError(t, e.Close(), "closing twice is allowed")
	out, err = child(t, "opener", dir).Output()
	require.NoError(t, err)
	require.Equal(t, "locked: false\n", string(out))
	e, err = badger.Open(small(dir))
	require.NoError(t, err)
	require.NoError(t, e.Close())
}
