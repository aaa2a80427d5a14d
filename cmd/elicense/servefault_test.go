package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/internal/cli"
)

// get asks for the list of types, as a caller who has every right to.
func (s *serving) get(ctx context.Context, path string) (int, string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(s.base, api.Version)+path, nil)
	if err != nil {
		return 0, "", err
	}
	req.Header.Set("Authorization", "Bearer "+s.keys[fixtures.Hall])
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	return res.StatusCode, string(text), err
}

// TestSlowConnections: whoever opens connections and sends a byte now and then keeps nobody else out, has no more of them
// than his share, and loses them when the time for a request's head is over.
func TestSlowConnections(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for a time-out")
	}
	t.Parallel()
	dir := newSandbox(t).dir
	require.NoError(t, os.WriteFile(filepath.Join(dir, serviceFile), []byte("per_address: 32\n"), 0o600))
	s := serve(t, dir)
	address := strings.TrimSuffix(strings.TrimPrefix(s.base, "http://"), api.Version)
	from := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 2)}}
	ends := make(chan time.Duration, 200)
	for range cap(ends) {
		conn, err := from.DialContext(t.Context(), "tcp", address)
		if err != nil {
			t.Skipf("this system has no second loopback address: %v", err)
		}
		t.Cleanup(func() { _ = conn.Close() })
		go func() { ends <- drip(conn) }()
	}
	for range 20 {
		status, text, err := s.get(t.Context(), api.Version+"/licence-types")
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, status, text)
	}
	stayed := 0
	for range cap(ends) {
		lasted := <-ends
		require.Less(t, lasted, 3*headerTimeout)
		if lasted > headerTimeout/2 {
			stayed++
		}
	}
	require.LessOrEqual(t, stayed, 32)
	require.NotZero(t, stayed)
}

// TestSlowContent: a stranger who opens connections and sends the content of his requests a byte now and then keeps
// nobody else out: he has no more requests under way than his share.
func TestSlowContent(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for a time-out")
	}
	t.Parallel()
	dir := t.TempDir() + "/data"
	(&runner{t, dir}).ok("init", "--sandbox")
	require.NoError(t, os.WriteFile(filepath.Join(dir, serviceFile), []byte("max_requests: 64\nrequests_per_address: 16\n"), 0o600))
	s := serve(t, dir)
	address := strings.TrimSuffix(strings.TrimPrefix(s.base, "http://"), api.Version)
	from := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 2)}}
	refused := make(chan bool, 64)
	for range cap(refused) {
		conn, err := from.DialContext(t.Context(), "tcp", address)
		if err != nil {
			t.Skipf("this system has no second loopback address: %v", err)
		}
		t.Cleanup(func() { _ = conn.Close() })
		_, err = io.WriteString(conn, "POST "+api.Version+"/logins HTTP/1.1\r\nHost: a\r\n"+
			"Content-Type: application/json\r\nContent-Length: 100000\r\n\r\na")
		require.NoError(t, err)
		go func() {
			var status [12]byte
			_, err := io.ReadFull(conn, status[:])
			refused <- err == nil && string(status[9:]) == "503"
		}()
	}
	for range cap(refused) - 16 {
		require.True(t, <-refused, "more than his share is under way")
	}
	for range 20 {
		status, text, err := s.get(t.Context(), api.Version+"/licence-types")
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, status, text)
	}
	for range 16 {
		require.False(t, <-refused, "the rest is told that its content was cut off")
	}
	stranger, err := from.DialContext(t.Context(), "tcp", address)
	require.NoError(t, err)
	t.Cleanup(func() { _ = stranger.Close() })
	require.NoError(t, stranger.SetDeadline(time.Now().Add(2*restTimeout)))
	_, err = io.WriteString(stranger, "POST "+api.Version+"/licences HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n{")
	require.NoError(t, err)
	answer, err := bufio.NewReader(stranger).ReadString('\n')
	require.NoError(t, err)
	require.Contains(t, answer, " 401 ", "whoever is refused is told before his content comes")
}

// TestManyUploads: what uploads hold in memory that are under way at once does not depend on how large they are, let alone
// on how large they say to become.
func TestManyUploads(t *testing.T) {
	if testing.Short() {
		t.Skip("uploads much")
	}
	t.Parallel()
	s := serve(t, t.TempDir()+"/data")
	address := strings.TrimSuffix(strings.TrimPrefix(s.base, "http://"), api.Version)
	rest := s.memory()
	part := bytes.Repeat([]byte("part of an upload "), 1_100_000) // five pieces
	var uploads sync.WaitGroup
	for i := range uploadsAtOnce {
		conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", address)
		require.NoError(t, err)
		t.Cleanup(func() { _ = conn.Close() })
		uploads.Go(func() {
			_, err := fmt.Fprintf(conn, "POST %s/files HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer %s\r\nIdempotency-Key: %d\r\n"+
				"Content-Type: application/octet-stream\r\nContent-Length: %d\r\n\r\n%d%s",
				api.Version, s.keys[fixtures.Hall], i, 256<<20, i, part)
			if err != nil {
				t.Errorf("uploading: %v", err)
			}
		})
	}
	uploads.Wait()
	grown := s.memory() - rest
	t.Logf("%d uploads hold %d KiB", uploadsAtOnce, grown)
	require.Less(t, grown, uploadsAtOnce*16<<10, "KiB: a piece for each, its sealed copy, and what is not yet collected")
	status, text, err := s.get(t.Context(), api.Version+"/licence-types")
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, status, text)
}

const uploadsAtOnce = 24

// memory is the anonymous memory of the process in KiB.
func (s *serving) memory() int {
	s.t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.process.Process.Pid))
	if err != nil {
		s.t.Skipf("this system does not tell the memory of a process: %v", err)
	}
	_, line, _ := strings.Cut(string(text), "RssAnon:")
	var kib int
	_, err = fmt.Sscanf(line, "%d kB", &kib)
	require.NoError(s.t, err)
	return kib
}

// TestBackupsOfTheFuture: a backup that was made before the clock was set back does not keep the next one from being
// made, nor does it outlive it.
func TestBackupsOfTheFuture(t *testing.T) {
	t.Parallel()
	dir, now := t.TempDir(), time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	c := &program{World: &cli.World{Now: func() time.Time { return now }}}
	s := &serveSettings{Backups: dir, BackupEvery: 24 * time.Hour, BackupKeep: 2}
	due := func(names ...string) time.Duration {
		for _, name := range names {
			require.NoError(t, os.MkdirAll(filepath.Join(dir, "elicense-"+name), 0o700))
		}
		d, err := c.backupDue(s)
		require.NoError(t, err)
		return d
	}
	require.Zero(t, due("20360101T000000Z"))
	require.Equal(t, 23*time.Hour, due("20260301T000000Z", "20260302T080000Z"))
	require.NoError(t, s.tidyBackups(now))
	left, err := backupsIn(dir, now)
	require.NoError(t, err)
	require.Equal(t, []string{"elicense-20260301T000000Z", "elicense-20260302T080000Z"}, left)
}

// drip sends the head of a request that never ends, and says how long the connection lasted.
func drip(conn net.Conn) time.Duration {
	began := time.Now()
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		_, _ = io.Copy(io.Discard, conn)
	}()
	for _, b := range []byte("GET /healthz HTTP/1.1\r\nHost: a\r\nX-Slow: " + strings.Repeat("a", 1000)) {
		select {
		case <-gone:
			return time.Since(began)
		case <-time.After(100 * time.Millisecond):
		}
		if _, err := conn.Write([]byte{b}); err != nil {
			return time.Since(began)
		}
	}
	return time.Hour
}

// TestDiskFull: nothing is served from a disk that is nearly full, and it is said why.
func TestDiskFull(t *testing.T) {
	t.Parallel()
	data := newSandbox(t)
	dir := data.dir
	settings, err := os.ReadFile(filepath.Join(dir, houseFile))
	require.NoError(t, err)
	full := append(settings, "\nreserve_mib: 1000000000\n"...)
	require.NoError(t, os.WriteFile(filepath.Join(dir, houseFile), full, 0o600))
	got := data.run("serve", "--sandbox", "--plain", "--listen", "127.0.0.1:0")
	require.Equal(t, cli.ExitFailed, got.code)
	require.Contains(t, got.err, "[no-space]")
}

// TestBackupWhileServing: the service backs itself up while it is written to, keeps so many, and what it made can be
// restored and holds every licence that was answered before.
func TestBackupWhileServing(t *testing.T) {
	t.Parallel()
	dir, backups := newSandbox(t).dir, t.TempDir()
	before := serve(t, dir)
	status, body, err := before.issue(t.Context(), "before", firmRequest(t, 999))
	require.NoError(t, err)
	require.Equal(t, http.StatusCreated, status, "%s", body)
	before.kill()
	require.NoError(t, os.WriteFile(filepath.Join(dir, serviceFile),
		[]byte("backups: "+backups+"\nbackup_every: 1m\nbackup_keep: 1\n"), 0o600))
	old := filepath.Join(backups, "elicense-20200101T000000Z")
	require.NoError(t, os.Mkdir(old, 0o700))
	require.NoError(t, os.Mkdir(filepath.Join(backups, "elicense-20200101T000000Z.new"), 0o700))
	s := serve(t, dir)
	var made []string
	for i := 0; ; i++ {
		status, body, err := s.issue(t.Context(), "k"+strings.Repeat("x", i), firmRequest(t, i))
		require.NoError(t, err)
		require.Equal(t, http.StatusCreated, status, "%s", body)
		made, err = filepath.Glob(filepath.Join(backups, "*"))
		require.NoError(t, err)
		if len(made) == 1 && made[0] != old && !strings.HasSuffix(made[0], unfinished) {
			break
		}
		require.Less(t, i, 200, made)
	}
	s.kill()
	require.NotContains(t, s.errs.String(), "backup failed")
	back := &runner{t, t.TempDir() + "/back"}
	master := filepath.Join(dir, masterFile)
	restore := child(t, "-d", back.dir, "restore", made[0], "--published", filepath.Join(made[0], publishFile))
	restore.Env = append(restore.Env, "ELICENSE_MASTER_FILE="+master)
	out, err := restore.CombinedOutput()
	require.NoError(t, err, "%s", out)
	key, err := os.ReadFile(master)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(back.dir, masterFile), key, 0o600))
	back.ok("doctor")
	again := serve(t, back.dir)
	_, body, err = again.issue(t.Context(), "before", firmRequest(t, 999))
	require.NoError(t, err)
	require.Contains(t, string(body), `"replayed":true`)
}

// TestDoctorServer: what those who call a service see of it, and what is said of a place where there is none.
func TestDoctorServer(t *testing.T) {
	t.Parallel()
	dir := t.TempDir() + "/data"
	s := serve(t, dir)
	r := &runner{t, t.TempDir()}
	server := strings.TrimSuffix(s.base, api.Version)
	out := r.ok("doctor", "--server", server)
	for _, want := range []string{"服务有应答", "时钟一致", "可以办理", "这是沙箱", "未用 TLS"} {
		require.Contains(t, out, want)
	}
	s.kill()
	gone := r.run("doctor", "--server", server)
	require.Equal(t, cli.ExitFailed, gone.code)
	require.Contains(t, gone.out, "连不上服务")
	require.Equal(t, cli.ExitUsage, r.run("doctor", "--server", "licences.example").code)

	tls := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(tls.Close)
	other := r.run("doctor", "--server", tls.URL)
	require.Equal(t, cli.ExitFailed, other.code)
	require.Contains(t, other.out, "--cacert")
}
