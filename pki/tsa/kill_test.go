package tsa_test

import (
	"bufio"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/engine/badger"
	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/pki/tsa"
)

// The test binary runs itself again as an authority that can be killed, in the directory that this variable names.
const killedDirectory = "ELICENSE_TSA_KILLED"

// onDisk is a world over a real store and real clocks.
func onDisk(t *testing.T, dir string) (*world, *badger.Engine) {
	t.Helper()
	e, err := badger.Open(badger.Config{Dir: dir, ReserveBytes: 1})
	require.NoError(t, err)
	w := newWorld(t)
	w.engine = e
	started := time.Now()
	config := w.clockConfig()
	config.Now, config.Elapsed = time.Now, func() time.Duration { return time.Since(started) }
	config.MaxStep = 10 * time.Second // a busy machine is not a jump
	w.clock, err = tsa.OpenClock(t.Context(), config)
	require.NoError(t, err)
	w.config.Engine, w.config.Clock, w.config.Accuracy = e, w.clock, time.Minute
	w.config.SkipSignatureCheckUnsafe = true
	return w, e
}

// beKilled is the authority that is killed: it writes every token that it gives out and never ends by itself.
func beKilled(t *testing.T, dir string) {
	t.Helper()
	w, _ := onDisk(t, dir)
	a := w.open(t)
	request := query(t, document)
	for {
		fmt.Println(hex.EncodeToString(a.Answer(t.Context(), request)))
	}
}

// kill -9 in the middle of giving out tokens, again and again: no serial number twice, no time before another.
func TestSerialsSurviveKill(t *testing.T) {
	if dir := os.Getenv(killedDirectory); dir != "" {
		beKilled(t, dir)
	}
	dir := t.TempDir()
	var all serials
	rounds := 2
	if testing.Short() {
		rounds = 1
	}
	for range rounds {
		c := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestSerialsSurviveKill$")
		c.Env = append(os.Environ(), killedDirectory+"="+dir)
		out, err := c.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, c.Start())
		lines := bufio.NewScanner(out)
		lines.Buffer(nil, 1<<20)
		for granted := 0; granted < 1000 && lines.Scan(); {
			der, err := hex.DecodeString(lines.Text())
			require.NoError(t, err)
			if v, err := pki.ParseTimestampResponse(der); err == nil {
				all.add(t, v)
				granted++
			}
		}
		require.NoError(t, c.Process.Kill())
		for lines.Scan() {
			der, err := hex.DecodeString(lines.Text())
			if err != nil {
				break // cut off by the kill
			}
			if v, err := pki.ParseTimestampResponse(der); err == nil {
				all.add(t, v)
			}
		}
		require.Error(t, c.Wait())
	}
	w, e := onDisk(t, dir)
	a := w.open(t)
	request := query(t, document)
	for after := 0; after < 100; {
		if v, err := pki.ParseTimestampResponse(a.Answer(t.Context(), request)); err == nil {
			all.add(t, v)
			after++
		}
	}
	require.NoError(t, a.Close(t.Context()))
	require.NoError(t, e.Close())
	require.GreaterOrEqual(t, len(all.seen), rounds*1000+100)
}
