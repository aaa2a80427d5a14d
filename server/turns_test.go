package server_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/server"
	"github.com/elicense/elicense/vault"
)

// until gives others the processor until something is so.
func until(holds func() bool) {
	for !holds() {
		runtime.Gosched()
	}
}

// TestTurnsInOrder_A32: whoever has credentials goes before those who have none; of several callers each has a turn
// before any has a second; strangers take turns by where they come from.
func TestTurnsInOrder_A32(t *testing.T) {
	t.Parallel()
	turns := server.NewTurns(1)
	first, err := turns.Take(t.Context(), "a", false)
	require.NoError(t, err)
	var order []string
	var all sync.WaitGroup
	for i, name := range []string{"?x", "?x", "?y", "a", "a", "a", "b"} {
		all.Go(func() {
			done, err := turns.Take(t.Context(), name, name[0] == '?')
			if err != nil {
				t.Errorf("taking a turn: %v", err)
				return
			}
			order = append(order, name) // one after the other: there is one turn
			done()
			done()
		})
		until(func() bool { return turns.Waiting() == i+1 })
	}
	first()
	all.Wait()
	require.Equal(t, []string{"a", "b", "a", "a", "?x", "?y", "?x"}, order)
}

// TestTurnsOfStrangers: strangers never have the last free turn, so that a caller waits for none of them.
func TestTurnsOfStrangers(t *testing.T) {
	t.Parallel()
	turns := server.NewTurns(3)
	for range 2 {
		_, err := turns.Take(t.Context(), "?", true)
		require.NoError(t, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	refused := make(chan error, 1)
	go func() {
		_, err := turns.Take(ctx, "?", true)
		refused <- err
	}()
	until(func() bool { return turns.Waiting() == 1 })
	done, err := turns.Take(t.Context(), "a", false)
	require.NoError(t, err)
	done()
	require.Equal(t, 1, turns.Waiting(), "it is not given to a stranger")
	cancel()
	require.True(t, server.IsCode(<-refused, server.CodeTimeout))
	require.Zero(t, turns.Waiting())
	_, err = turns.Take(t.Context(), "a", false)
	require.NoError(t, err, "no turn was lost")
}

// TestTurnsWaiting: no more wait of one name than may.
func TestTurnsWaiting(t *testing.T) {
	t.Parallel()
	turns := server.NewTurns(1)
	_, err := turns.Take(t.Context(), "a", false)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	var all sync.WaitGroup
	for range server.WaitingEach {
		all.Go(func() { _, _ = turns.Take(ctx, "a", false) })
	}
	until(func() bool { return turns.Waiting() == server.WaitingEach })
	_, err = turns.Take(ctx, "a", false)
	require.True(t, server.IsCode(err, server.CodeBusy))
	cancel()
	all.Wait()
	require.Zero(t, turns.Waiting())
}

// TestStrangersWait_A32: what strangers want judged waits for its turn; an address that has as much on its way as it may
// is sent away before any more of it is read; callers are judged and answered meanwhile.
func TestStrangersWait_A32(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.judging()
	issued := w.issue("1").Identifier
	content := w.bundle(issued)
	w.config.Limits.Address = from
	w.config.Verifying.AtOnce = 2
	w.restart()
	stranger, err := w.server.Turns().Take(t.Context(), "?", true)
	require.NoError(t, err, "the one turn that strangers may have")
	ctx, cancel := context.WithCancel(t.Context())
	answers := make(chan *httptest.ResponseRecorder, server.StrangersEach)
	drop := func(ctx context.Context, body *watched, address string) *httptest.ResponseRecorder {
		r := httptest.NewRequestWithContext(ctx, http.MethodPost, api.Version+"/public/verifications", body)
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("X-From", address)
		out := httptest.NewRecorder()
		w.server.Handler().ServeHTTP(out, r)
		return out
	}
	for range server.StrangersEach {
		go func() { answers <- drop(ctx, watch(content), "a") }()
	}
	until(func() bool { return w.server.Turns().Waiting() == server.StrangersEach })
	late := watch(content)
	sent := drop(t.Context(), late, "a")
	refused(t, reply{sent.Code, sent.Header(), sent.Body.Bytes()}, http.StatusServiceUnavailable, "too-many-at-once")
	require.Equal(t, "1", sent.Header().Get("Retry-After"))
	require.False(t, late.read, "nothing of it is in memory")
	q := api.VerificationRequest{Documents: []api.Submitted{{Name: "a.json", Content: content}}}
	r := w.verify("1", q)
	require.Equal(t, http.StatusCreated, r.status, "a caller's turn comes: %s", r.body)
	found := w.call(fixtures.Caller(0), http.MethodPost, "/lookups", api.LookupRequest{
		Asked: api.Asked{Purpose: "核对", Ground: string(vault.GroundIssuer)}, Identifier: issued,
	})
	require.Equal(t, http.StatusOK, found.status, "%s", found.body)
	other := make(chan *httptest.ResponseRecorder, 1)
	go func() { other <- drop(t.Context(), watch(content), "b") }()
	until(func() bool { return w.server.Turns().Waiting() == server.StrangersEach+1 })
	cancel()
	for range server.StrangersEach {
		require.Equal(t, http.StatusServiceUnavailable, (<-answers).Code, "their time is over")
	}
	stranger()
	judged := <-other
	require.Equal(t, http.StatusOK, judged.Code, "%s", judged.Body)
}

// watched is content that tells whether any of it was read.
type watched struct {
	*strings.Reader

	read bool
}

func watch(content []byte) *watched { return &watched{Reader: strings.NewReader(string(content))} }

// Read implements io.Reader.
func (w *watched) Read(p []byte) (int, error) {
	w.read = true
	return w.Reader.Read(p)
}

// TestBusyTellsHealth: who finds no seat is told to come again; who asks after the process is told how it is.
func TestBusyTellsHealth(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ask := func(path string) reply {
		out := httptest.NewRecorder()
		w.server.Busy().ServeHTTP(out, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
		return reply{out.Code, out.Header(), out.Body.Bytes()}
	}
	sent := ask(api.Version + "/licence-types")
	refused(t, sent, http.StatusServiceUnavailable, "too-many-at-once")
	require.Equal(t, "1", sent.header.Get("Retry-After"))
	require.Equal(t, http.StatusOK, ask("/healthz").status)
	require.Equal(t, http.StatusOK, ask("/readyz").status)
	w.server.Closing()
	require.Equal(t, http.StatusServiceUnavailable, ask("/readyz").status)
}
