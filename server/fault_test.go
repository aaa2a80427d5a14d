package server_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/internal/engine/memory"
	"github.com/elicense/elicense/server"
	"github.com/elicense/elicense/server/limit"
)

// TestBadBodies: what is no request is refused with a code that says so, before anything is carried out.
func TestBadBodies(t *testing.T) {
	t.Parallel()
	for _, x := range []struct {
		name, kind, body string
		status           int
		code             string
	}{
		{"empty", "application/json", "", http.StatusBadRequest, "request-malformed"},
		{"no JSON", "application/json", "type=food", http.StatusBadRequest, "request-malformed"},
		{"cut off", "application/json", `{"type":`, http.StatusBadRequest, "request-malformed"},
		{"two values", "application/json", `{"type":"a"}{"type":"b"}`, http.StatusBadRequest, "request-malformed"},
		{"member twice", "application/json", `{"type":"a","type":"b"}`, http.StatusBadRequest, "request-malformed"},
		{"member twice below", "application/json", `{"values":{"a":"1","a":"2"}}`, http.StatusBadRequest, "request-malformed"},
		{"member twice but for its case", "application/json", `{"type":"a","Type":"b"}`, http.StatusBadRequest, "request-malformed"},
		{"member twice but for a letter's form", "application/json", `{"paper":"a","\u212a":"1","K":"2"}`, http.StatusBadRequest, "request-malformed"},
		{"member in another case", "application/json", `{"TYPE":"a"}`, http.StatusUnprocessableEntity, "request-invalid"},
		{"deep", "application/json", strings.Repeat("[", 60<<10), http.StatusBadRequest, "request-malformed"},
		{"deep in a member", "application/json", `{"values":` + strings.Repeat(`{"a":`, 9000) + "1" + strings.Repeat("}", 9001), http.StatusBadRequest, "request-malformed"},
		{"wrong type", "application/json", `[1,2,3]`, http.StatusUnprocessableEntity, "request-invalid"},
		{"XML", "application/xml", "<type>a</type>", http.StatusUnsupportedMediaType, "media-type"},
		{"form", "application/x-www-form-urlencoded", "type=a", http.StatusUnsupportedMediaType, "media-type"},
		{"too large", "application/json", `{"type":"` + strings.Repeat("a", 5<<20) + `"}`, http.StatusRequestEntityTooLarge, "request-too-large"},
	} {
		t.Run(x.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			refused(t, w.sendRaw(t, x.kind, strings.NewReader(x.body), int64(len(x.body))), x.status, x.code)
		})
	}
}

// sendRaw sends any bytes as a write of the first department.
func (w *world) sendRaw(t *testing.T, kind string, body io.Reader, length int64) reply {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.http.URL+api.Version+"/licences", body)
	require.NoError(t, err)
	req.ContentLength = length
	req.Header.Set("Authorization", "Bearer "+fixtures.Caller(0))
	req.Header.Set("Content-Type", kind)
	req.Header.Set(api.HeaderIdempotencyKey, "one")
	res, err := w.http.Client().Do(req)
	require.NoError(t, err)
	defer func() { require.NoError(t, res.Body.Close()) }()
	out, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	return reply{res.StatusCode, res.Header, out}
}

// counted says how much of it was read.
type counted struct {
	io.Reader

	n int64
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.n += int64(n)
	return n, err
}

// zeros never end.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// TestLargeUpload: a gigabyte is refused when it is announced or when it passes the limit, not when it has been read.
func TestLargeUpload(t *testing.T) {
	t.Parallel()
	for name, length := range map[string]int64{"announced": 1 << 30, "not announced": -1} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			body := &counted{Reader: io.LimitReader(zeros{}, 1<<30)}
			refused(t, newWorld(t).sendRaw(t, "application/json", body, length),
				http.StatusRequestEntityTooLarge, "request-too-large")
			require.Less(t, body.n, int64(16<<20))
		})
	}
}

// full is an engine on a disk that may be nearly full.
type full struct {
	engine.Engine

	now atomic.Bool
}

func (f *full) Update(ctx context.Context, fn func(engine.Writer) error) error {
	if f.now.Load() {
		return engine.ErrNoSpace
	}
	return f.Engine.Update(ctx, fn)
}

// TestDiskFull: writes, and look-ups that cannot be audited, are refused with a code that says so and may be sent again;
// the service is not ready. When there is room again, all is as it was.
func TestDiskFull(t *testing.T) {
	t.Parallel()
	disk := &full{Engine: memory.New()}
	w := newWorldOn(t, disk, nil)
	w.config.Ready = func(ctx context.Context) error { return disk.Update(ctx, func(engine.Writer) error { return nil }) }
	w.restart()
	issue := func() reply {
		return w.call(fixtures.Caller(0), http.MethodPost, "/licences", foodRequest(t), api.HeaderIdempotencyKey, "one")
	}
	disk.now.Store(true)
	refused(t, issue(), http.StatusInsufficientStorage, "no-space")
	refused(t, w.call("reviewer", http.MethodPost, "/lookups", api.LookupRequest{
		Asked: api.Asked{
			Purpose: "办理设立登记", Case: "2026-0001", Item: "350000-0102", Ground: "law", Basis: fixtures.HallBasis,
		},
		Type: foodRequest(t).Type, Number: "1",
	}),
		http.StatusInsufficientStorage, "no-space")
	require.Equal(t, http.StatusServiceUnavailable, w.health("/readyz"))
	require.Equal(t, http.StatusOK, w.health("/healthz"))
	disk.now.Store(false)
	require.Equal(t, http.StatusCreated, issue().status)
	require.Equal(t, http.StatusOK, w.health("/readyz"))
}

func (w *world) health(path string) int {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), http.MethodGet, w.http.URL+path, nil)
	require.NoError(w.t, err)
	res, err := w.http.Client().Do(req)
	require.NoError(w.t, err)
	require.NoError(w.t, res.Body.Close())
	return res.StatusCode
}

// TestClockJumps: a clock that goes back or far ahead while the service runs refuses nothing that was answered, changes no
// answer and no order, keeps nobody out, and leaves nothing behind when it is right again.
func TestClockJumps(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.config.Limits.PerCaller = limit.Rate{PerSecond: 1, Burst: 40}
	w.restart()
	issue := func(key, paper string) reply {
		req := foodRequest(t)
		req.Paper = paper
		return w.call(fixtures.Caller(0), http.MethodPost, "/licences", req, api.HeaderIdempotencyKey, key)
	}
	first := issue("one", "P-1")
	require.Equal(t, http.StatusCreated, first.status, "%s", first.body)
	path := "/licences/" + into[api.Written](t, first).Identifier
	start, made := w.now, 1
	for i, jump := range []time.Duration{-time.Hour, 365 * 24 * time.Hour, -3 * 365 * 24 * time.Hour, time.Hour, 0} {
		w.now = start.Add(jump)
		again := issue("one", "P-1")
		require.Equal(t, http.StatusOK, again.status, "%v: %s", jump, again.body)
		require.Equal(t, into[api.Written](t, first).Identifier, into[api.Written](t, again).Identifier, jump)
		require.Less(t, w.call("reviewer", http.MethodGet, "/licence-types", nil).status, 400, jump)
		fresh := issue(fmt.Sprint("new-", i), fmt.Sprint("P-new-", i))
		require.Contains(t, []int{http.StatusCreated, http.StatusUnprocessableEntity}, fresh.status, "%v: %s", jump, fresh.body)
		if fresh.status == http.StatusCreated {
			made++
		}
		require.True(t, fresh.status == http.StatusCreated || jump < -24*time.Hour, "%v: %s", jump, fresh.body)
		for n, act := range []string{"suspensions", "resumptions"} {
			r := w.act(path+"/"+act, fmt.Sprint(act, i), api.ActRequest{Reason: "核查", Basis: "依职权"})
			require.Less(t, r.status, 500, "%v %s: %s", jump, act, r.body)
			require.True(t, r.status == http.StatusOK || jump < 0, "%v %s %d: %s", jump, act, n, r.body)
		}
	}
	require.Equal(t, "valid", into[api.Licence](t, w.get(path)).State)
	page := into[api.EventPage](t, w.call("operator", http.MethodGet, "/events?limit=1000", nil))
	issued := 0
	for i, e := range page.Events {
		require.True(t, i == 0 || page.Events[i-1].Sequence < e.Sequence)
		if e.Kind == "issued" {
			issued++
		}
	}
	require.Equal(t, made, issued)
}

// TestLogHoldsNothing: the log of requests, refused and carried out, has no identity number and nothing submitted.
func TestLogHoldsNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	req := foodRequest(t)
	require.Equal(t, http.StatusCreated,
		w.call(fixtures.Caller(0), http.MethodPost, "/licences", req, api.HeaderIdempotencyKey, "one").status)
	req.Values["CZZTDMLXDM"], req.Values["CZZTDM"], req.Paper = "001", req.Values["CZZTDM"]+"X", "P-2"
	require.Equal(t, http.StatusUnprocessableEntity,
		w.call(fixtures.Caller(0), http.MethodPost, "/licences", req, api.HeaderIdempotencyKey, "two").status)
	for _, secret := range []string{req.Values["CZZTDM"], req.Values["CZZT"], "Bearer", "one\""} {
		require.False(t, bytes.Contains(w.log.Bytes(), []byte(secret)))
	}
}

// TestCalm: after the clock has jumped, whichever way, nothing that has outlived its time is removed for a day.
func TestCalm(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	tick := func(jump time.Duration) time.Time {
		at = at.Add(time.Hour + jump)
		return at
	}
	require.Equal(t, []bool{true, true}, server.Calm(tick(0), tick(0), tick(time.Second)))
	for _, jump := range []time.Duration{3 * 365 * 24 * time.Hour, -3 * time.Hour} {
		times := []time.Time{tick(0), tick(0), tick(jump)}
		for range 24 {
			times = append(times, tick(0))
		}
		trusted := server.Calm(times...)
		require.Equal(t, []bool{true, false}, trusted[:2], jump)
		require.Equal(t, []bool{false, true}, trusted[len(trusted)-2:], jump)
	}
}

// TestSlowBodies: no operation waits for its body for as long as it likes to come, but those that read it piece by piece.
func TestSlowBodies(t *testing.T) {
	t.Parallel()
	times := newWorld(t).server.BodyTimes()
	require.Greater(t, len(times), 20)
	for id, most := range times {
		if id == "uploadFile" {
			continue // by pieces, within the time of any request
		}
		require.GreaterOrEqual(t, most, 5*time.Second, id)
		require.Less(t, most, 5*time.Minute, id)
	}
}
