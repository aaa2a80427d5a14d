package main

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"os"
	"testing"

	"github.com/emmansun/gmsm/sm3"
	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/oid"
	"github.com/elicense/elicense/internal/tsp"
)

// edit puts lines into ca.yaml, below authority and at its end.
func (k *killing) edit(authority, end string) {
	k.t.Helper()
	path := k.path("ca/" + settingsFile)
	text, err := os.ReadFile(path)
	require.NoError(k.t, err)
	text = append(bytes.Replace(text, []byte("authority:\n"), []byte("authority:\n    "+authority+"\n"), 1), end+"\n"...)
	require.NoError(k.t, os.WriteFile(path, text, 0o600))
}

// stamp asks the service for a timestamp.
func stamp(t *testing.T, address string) *tsp.Response {
	t.Helper()
	digest := sm3.Sum([]byte("document"))
	query, err := tsp.MarshalRequest(&tsp.Request{Imprint: tsp.Imprint{Algorithm: oid.SM3, Digest: digest[:]}, CertReq: true})
	require.NoError(t, err)
	answer, err := http.Post(address+"/tsa", "application/timestamp-query", bytes.NewReader(query))
	require.NoError(t, err)
	defer answer.Body.Close()
	der, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	response, err := tsp.ParseResponse(der)
	require.NoError(t, err)
	return response
}

// Row A55: without servers in ca.yaml the machine's clock is believed; with servers that do not answer nothing is
// stamped. Settings that would let fewer than a majority decide are refused.
func TestTimeServers_A55(t *testing.T) {
	k := newKilling(t)
	k.must(k.ceremony(k.officer("window", enrolling), k.officer("review", approving))...)
	k.edit("keep_expired: 0s", "serve: {listen: \"127.0.0.1:0\"}")
	service, address := k.start()
	require.Equal(t, tsp.Granted, stamp(t, address).Status)
	require.NoError(t, service.Process.Kill())
	require.Error(t, service.Wait())

	silent, err := new(net.ListenConfig).ListenPacket(t.Context(), "udp", "127.0.0.1:0")
	require.NoError(t, err)
	defer silent.Close()
	server := silent.LocalAddr().String()
	k.edit("clock: {servers: [\""+server+"\"]}", "")
	service, address = k.start()
	refused := stamp(t, address)
	require.NotEqual(t, tsp.Granted, refused.Status)
	require.Empty(t, refused.Token)
	require.NoError(t, service.Process.Kill())
	require.Error(t, service.Wait())

	text, err := os.ReadFile(k.path("ca/" + settingsFile))
	require.NoError(t, err)
	text = bytes.Replace(text, []byte("servers: ["), []byte("agreeing: 2, servers: ["), 1)
	require.NoError(t, os.WriteFile(k.path("ca/"+settingsFile), text, 0o600))
	out, err := k.process("serve").CombinedOutput()
	require.Error(t, err)
	require.Contains(t, string(out), "ca.yaml: clock")
}
