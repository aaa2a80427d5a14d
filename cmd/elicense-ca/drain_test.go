package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"net/http"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/proctest"
)

// child starts the service as a process of its own and gives its address.
func (p *place) child(t *testing.T) (c *exec.Cmd, address string, said *bytes.Buffer) {
	t.Helper()
	var env []string
	for name, value := range p.env {
		env = append(env, name+"="+value)
	}
	c, said = proctest.Command(t, env, "-d", p.dir, "--json", "serve"), new(bytes.Buffer)
	out, err := c.StdoutPipe()
	require.NoError(t, err)
	c.Stderr = said
	require.NoError(t, c.Start())
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err, said.String())
	var s struct{ Serving string }
	require.NoError(t, json.Unmarshal([]byte(line), &s))
	return c, s.Serving, said
}

// TestServeDrains: an authority that is told to stop says first that it is not ready, and goes on answering whoever has
// not noticed yet, on new connections too; then it ends as it should and nobody is let in any more.
func TestServeDrains(t *testing.T) {
	t.Parallel()
	p := newPlace(t, false)
	client := p.client(t)
	client.Transport.(*http.Transport).DisableKeepAlives = true // each question is the next caller's
	before := "drain: 0s"
	for drain := time.Second; ; drain *= 4 { // until this machine is fast enough to look while it lasts
		now := "drain: " + drain.String()
		p.edit(t, before, now)
		before = now
		c, address, said := p.child(t)
		ask := func(path string) int {
			response, err := client.Get(address + path)
			if err != nil {
				return 0
			}
			require.NoError(t, response.Body.Close())
			return response.StatusCode
		}
		require.Equal(t, http.StatusOK, ask("/readyz"))
		require.NoError(t, c.Process.Signal(syscall.SIGTERM))
		ready := http.StatusOK
		for ready == http.StatusOK {
			ready = ask("/readyz")
		}
		alive, crl := ask("/healthz"), ask("/crl")
		require.NoError(t, c.Wait(), said.String())
		require.Zero(t, ask("/healthz"), "nobody listens")
		if ready == 0 || alive == 0 || crl == 0 {
			require.Less(t, drain, 5*time.Minute)
			continue
		}
		require.Equal(t, []int{http.StatusServiceUnavailable, http.StatusOK, http.StatusOK}, []int{ready, alive, crl})
		return
	}
}
