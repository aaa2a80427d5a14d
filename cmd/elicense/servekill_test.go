package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/server/files"
	"github.com/elicense/elicense/vault/catalogue"
)

// serving is the service as a process of its own.
type serving struct {
	t       *testing.T
	process *exec.Cmd
	base    string
	keys    map[string]string // by caller
	errs    *lockedBuffer     // what it wrote on standard error, whole when it has ended
	ended   chan struct{}
}

// serve starts the service of a data directory and waits until it says where it is.
func serve(t *testing.T, dir string, more ...string) *serving {
	t.Helper()
	s := &serving{t: t, keys: map[string]string{}, errs: &lockedBuffer{}, ended: make(chan struct{})}
	s.process = child(t, append([]string{
		"-d", dir, "--json", "serve", "--sandbox", "--plain", "--listen", "127.0.0.1:0",
	}, more...)...)
	s.process.Stderr = s.errs
	out, err := s.process.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, s.process.Start())
	var told struct {
		Serving string          `json:"serving"`
		Callers []sandboxCaller `json:"callers"`
	}
	lines := bufio.NewReader(out)
	if err := json.NewDecoder(lines).Decode(&told); err != nil {
		_ = s.process.Wait()
		require.NoError(t, err, s.errs.String())
	}
	go func() {
		defer close(s.ended)
		_, _ = io.Copy(io.Discard, lines)
	}()
	s.base = told.Serving + api.Version
	for _, c := range told.Callers {
		s.keys[c.ID] = c.Key
	}
	t.Cleanup(s.kill)
	return s
}

// kill ends the process as a power failure would.
func (s *serving) kill() {
	_ = s.process.Process.Kill() // it may have ended
	<-s.ended
	_ = s.process.Wait()
}

// issue sends a request for a licence; an error is that of the connection.
func (s *serving) issue(ctx context.Context, key string, body api.IssueRequest) (int, []byte, error) {
	text, err := json.Marshal(body)
	if err != nil {
		return 0, nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.base+"/licences", bytes.NewReader(text))
	if err != nil {
		return 0, nil, err
	}
	req.Header.Set("Authorization", "Bearer "+s.keys[fixtures.Caller(0)])
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set(api.HeaderIdempotencyKey, key)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	return res.StatusCode, answer, err
}

// answered is what departments were told: the answer to each idempotency key.
type answered struct {
	sync.Mutex

	sent    map[string]api.IssueRequest
	written map[string]api.Written
}

// department issues one licence after another until the service is gone.
func (a *answered) department(s *serving, round, n int) {
	for i := 0; ; i++ {
		key := fmt.Sprintf("kill-%d-%d-%d", round, n, i)
		req := firmRequest(s.t, round*1_000_000+n*10_000+i)
		a.Lock()
		a.sent[key] = req
		a.Unlock()
		status, body, err := s.issue(s.t.Context(), key, req)
		if err != nil {
			return
		}
		var w api.Written
		if status != http.StatusCreated || json.Unmarshal(body, &w) != nil {
			s.t.Errorf("issuing: %d %s", status, body)
			return
		}
		a.Lock()
		a.written[key] = w
		a.Unlock()
	}
}

// firmRequest asks for the licence of one firm of the made-up province.
func firmRequest(t testing.TB, n int) api.IssueRequest {
	t.Helper()
	data, err := catalogue.ShippedFile("food-business-licence")
	require.NoError(t, err)
	typ, err := catalogue.ParseType(data)
	require.NoError(t, err)
	firm := fixtures.FirmAt(uint64(n))
	return api.IssueRequest{
		Type: typ.Code, Paper: fmt.Sprintf("P%09d", n), Division: "350102",
		Values: map[string]string{
			"CZZT": firm.Name, "CZZTDM": firm.Code, "CZZTDMLXDM": "001", "ZZBFRQ": "2026-03-02",
			"ZZYXQQSRQ": "2026-03-02", "ZZYXQJZRQ": "2031-03-01", "KZ_FDDBR": "张示例", "KZ_ZS": "示例路1号",
			"KZ_JYCS": "示例路1号", "KZ_ZTYT": "食品销售经营者", "KZ_JYXM": "预包装食品销售",
		},
	}
}

// TestServeKilled_A71: the service is killed under load at random moments and started again. Every answered write is
// there as it was answered, what was not answered is there whole or not at all and can be sent again, and the audit and
// the whole vault pass their checks.
func TestServeKilled_A71(t *testing.T) {
	t.Parallel()
	rounds, callers := 6, 8
	if testing.Short() {
		rounds, callers = 2, 4
	}
	dir := newSandbox(t).dir
	all := &answered{sent: map[string]api.IssueRequest{}, written: map[string]api.Written{}}
	for round := range rounds {
		s := serve(t, dir)
		var wg sync.WaitGroup
		for n := range callers {
			wg.Go(func() { all.department(s, round, n) })
		}
		time.Sleep(300*time.Millisecond + rand.N(900*time.Millisecond))
		s.kill()
		wg.Wait()
	}
	require.NotEmpty(t, all.written)
	s := serve(t, dir)
	unanswered := all.sendAgain(s)
	require.NotZero(t, unanswered, "no kill hit a request under way")
	s.kill()
	data := &runner{t, dir}
	require.Contains(t, data.ok("--json", "audit", "verify"), `"passed":true`)
	data.ok("doctor")
	t.Logf("%d kills, %d writes answered, %d not", rounds, len(all.written), unanswered)
}

// sendAgain sends every write again with its key: those that were answered have the same answer, the others one now.
func (a *answered) sendAgain(s *serving) (unanswered int) {
	t := s.t
	for key, req := range a.sent {
		status, body, err := s.issue(t.Context(), key, req)
		require.NoError(t, err)
		var w api.Written
		require.NoError(t, json.Unmarshal(body, &w), "%d %s", status, body)
		was, ok := a.written[key]
		if !ok {
			unanswered++
			require.Contains(t, []int{http.StatusCreated, http.StatusOK}, status, "%s", body)
			continue
		}
		require.Equal(t, http.StatusOK, status, "%s", body)
		require.True(t, w.Replayed)
		was.Replayed = true
		require.Equal(t, was, w)
	}
	return unanswered
}

// TestServeStops: an interrupt ends the service when the requests under way are answered, and the directory is closed as
// it should be.
func TestServeStops(t *testing.T) {
	t.Parallel()
	dir := t.TempDir() + "/data"
	s := serve(t, dir)
	status, body, err := s.issue(t.Context(), "one", firmRequest(t, 1))
	require.NoError(t, err)
	require.Equal(t, http.StatusCreated, status, "%s", body)
	require.NoError(t, s.process.Process.Signal(os.Interrupt))
	<-s.ended
	require.NoError(t, s.process.Wait())
	for line := range strings.SplitSeq(strings.TrimSpace(s.errs.String()), "\n") {
		require.True(t, json.Valid([]byte(line)), "a log line that is no JSON: %s", line)
	}
	require.NotContains(t, s.errs.String(), fixtures.FirmAt(1).Code)

	var counted api.Quality
	serve(t, dir).call(http.MethodGet, "/quality?from=2000-01-01&until=2999-12-31", nil, &counted)
	require.Equal(t, 1, counted.Issued, "what was counted outlives a stop")
}

// TestServeStopsUnderLoad: an interrupt under load cuts nothing off that was begun: every request has a whole answer or
// was never taken, the service ends as it should, and after the next start every write is as it was answered.
func TestServeStopsUnderLoad(t *testing.T) {
	t.Parallel()
	dir := t.TempDir() + "/data"
	s := serve(t, dir)
	all := &answered{sent: map[string]api.IssueRequest{}, written: map[string]api.Written{}}
	var wg sync.WaitGroup
	for n := range 6 {
		wg.Go(func() { all.department(s, 0, n) })
	}
	time.Sleep(300*time.Millisecond + rand.N(300*time.Millisecond))
	require.NoError(t, s.process.Process.Signal(os.Interrupt))
	<-s.ended
	require.NoError(t, s.process.Wait(), s.errs.String())
	wg.Wait()
	require.NotContains(t, s.errs.String(), `"ERROR"`)
	require.NotEmpty(t, all.written)
	begun := strings.Count(s.errs.String(), `"operation":"issueLicence"`)
	require.Equal(t, begun, len(all.written), "a request was carried out whose answer did not arrive")
	s = serve(t, dir)
	all.sendAgain(s)
}

// TestQuotaKilled: whoever uploads and deletes at once while the service is killed keeps what it was told that it keeps,
// and that is what is counted, after however many starts; beyond the quota nothing is taken.
func TestQuotaKilled(t *testing.T) {
	t.Parallel()
	dir := t.TempDir() + "/data"
	var s *serving
	for round := range 3 {
		s = serve(t, dir, "--stored-mib", "4")
		var all sync.WaitGroup
		for worker := range 4 {
			all.Go(func() {
				for n := 0; ; n++ {
					status, text := s.keep(fmt.Sprintf("%d-%d-%d", round, worker, n), 100_000)
					switch {
					case status == 0:
						return
					case status == http.StatusCreated && n%3 == 0:
						s.remove(text)
					}
				}
			})
		}
		time.Sleep(100*time.Millisecond + rand.N(200*time.Millisecond))
		s.kill()
		all.Wait()
	}
	s = serve(t, dir, "--stored-mib", "4")
	for n := 0; ; n++ {
		status, text := s.keep(fmt.Sprintf("last-%d", n), 300_000)
		if status == http.StatusRequestEntityTooLarge {
			require.Contains(t, text, "storage-full")
			break
		}
		require.Equal(t, http.StatusCreated, status, text)
	}
	status, text, err := s.get(t.Context(), api.Version+"/files?limit=500")
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, status, text)
	var list api.FileList
	require.NoError(t, json.Unmarshal([]byte(text), &list))
	sum := int64(0)
	for _, f := range list.Files {
		sum += f.Size + files.Overhead
	}
	require.NotZero(t, sum)
	require.Equal(t, sum, list.Used)
	require.EqualValues(t, 4<<20, list.Allowed)
	require.LessOrEqual(t, list.Used, list.Allowed)
}

// keep uploads a file of so many bytes; 0: the service is gone.
func (s *serving) keep(key string, size int) (int, string) {
	r, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.base+"/files", bytes.NewReader(
		append([]byte(key), make([]byte, size)...)))
	if err != nil {
		return 0, err.Error()
	}
	r.Header.Set("Content-Type", "application/octet-stream")
	return s.write(r, key)
}

// remove deletes the file of an answer.
func (s *serving) remove(text string) {
	var f api.File
	if json.Unmarshal([]byte(text), &f) != nil {
		return
	}
	r, err := http.NewRequestWithContext(s.t.Context(), http.MethodDelete, s.base+"/files/"+f.ID, nil)
	if err == nil {
		_, _ = s.write(r, "d"+f.ID)
	}
}

func (s *serving) write(r *http.Request, key string) (int, string) {
	r.Header.Set("Authorization", "Bearer "+s.keys[fixtures.Hall])
	r.Header.Set(api.HeaderIdempotencyKey, key)
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, err.Error()
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return 0, err.Error()
	}
	return res.StatusCode, string(text)
}
