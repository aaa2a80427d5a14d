package main

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/cli"
)

// TestTLSReload: another certificate is taken when SIGHUP asks for it, without the service stopping and under an open
// connection; files that cannot be used, as a certificate whose key is not there yet, leave the former one.
func TestTLSReload(t *testing.T) {
	t.Parallel()
	dir, made := filepath.Join(t.TempDir(), "data"), [2]string{t.TempDir(), t.TempDir()}
	copySandbox(t, dir)
	beside := t.TempDir()
	c := (&keyed{t: t, dir: dir}).program("")
	for _, to := range made {
		require.NoError(t, c.makeSandboxCertificate(to))
	}
	use := func(from string, names ...string) {
		for to, name := range map[string]string{"cert.pem": sandboxCertificate, "key.pem": sandboxServerKey} {
			if len(names) > 0 && names[0] != to {
				continue
			}
			text, err := os.ReadFile(filepath.Join(from, name))
			require.NoError(t, err)
			require.NoError(t, writeFile(filepath.Join(beside, to), text))
		}
	}
	use(made[0])
	hangup, out := make(chan os.Signal), &lockedBuffer{}
	address := freeAddress(t)
	w := &cli.World{
		Name: "elicense", In: strings.NewReader(""), Out: out, Err: out, Now: time.Now, Rand: rand.Reader,
		Env: func(string) string { return "" },
		Args: []string{
			"--lang", "en", "serve", "--sandbox", "-d", dir, "--listen", address,
			"--certificate", filepath.Join(beside, "cert.pem"), "--key", filepath.Join(beside, "key.pem"),
		},
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan int, 1)
	go func() {
		ended <- (&program{
			World: w, columns: 80, selfTest: selfTested,
			hangup: func(context.Context) <-chan os.Signal { return hangup },
		}).run(ctx)
	}()
	defer func() { cancel(); require.Zero(t, <-ended, "%s", out) }()
	require.Eventually(t, func() bool { return strings.Contains(out.String(), "serving at") }, 30*time.Second,
		10*time.Millisecond, "%s", out)
	dial := func() (*tls.Conn, []byte) {
		conn, err := tls.Dial("tcp", address, &tls.Config{InsecureSkipVerify: true})
		require.NoError(t, err)
		return conn, conn.ConnectionState().PeerCertificates[0].Raw
	}
	open, first := dial()
	defer open.Close()

	use(made[1], "cert.pem") // its key is still to come
	hangup <- syscall.SIGHUP
	require.Eventually(t, func() bool { return strings.Contains(out.String(), "not reloaded") }, 10*time.Second, 10*time.Millisecond)
	conn, shown := dial()
	require.NoError(t, conn.Close())
	require.Equal(t, first, shown)

	use(made[1])
	hangup <- syscall.SIGHUP
	require.Eventually(t, func() bool {
		return strings.Contains(out.String(), "TLS certificate reloaded")
	}, 10*time.Second, 10*time.Millisecond)
	conn, shown = dial()
	require.NoError(t, conn.Close())
	require.NotEqual(t, first, shown)
	_, err := open.Write([]byte("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"))
	require.NoError(t, err)
	answer := make([]byte, 15)
	_, err = open.Read(answer)
	require.NoError(t, err)
	require.Equal(t, "HTTP/1.1 200 OK", string(answer), "the connection from before")
}

// freeAddress is a loopback address that nobody listens on.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, l.Close())
	return l.Addr().String()
}
