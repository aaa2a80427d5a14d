package server_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/fixtures"
)

// TestLargeAtOnce: one caller has no more large requests in memory than its share; one more is sent away before any of it
// is read, while small ones, other callers, and its own once there is room again, are answered.
func TestLargeAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.judging()
	const large = 30 << 20
	send := func(key string, body io.Reader, size int64) reply {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, api.Version+"/verifications", body)
		r.ContentLength = size
		r.Header.Set("Authorization", "Bearer "+key)
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set(api.HeaderIdempotencyKey, "k")
		out := httptest.NewRecorder()
		w.server.Handler().ServeHTTP(out, r)
		return reply{out.Code, out.Header(), out.Body.Bytes()}
	}
	var all sync.WaitGroup
	begin := func(key string) *io.PipeWriter {
		r, feed := io.Pipe()
		all.Go(func() { send(key, r, large) })
		_, err := feed.Write([]byte("{")) // it is being read
		require.NoError(t, err)
		return feed
	}
	feeds := []*io.PipeWriter{begin("reviewer"), begin("reviewer"), begin("reviewer")}
	late := watch([]byte("{}"))
	for _, size := range []int64{large, -1} { // announced or not
		r := send("reviewer", late, size)
		refused(t, r, http.StatusServiceUnavailable, "too-many-at-once")
		require.Equal(t, "1", r.header.Get("Retry-After"))
		require.False(t, late.read)
	}
	refused(t, send("reviewer", watch([]byte("{}")), 2), http.StatusUnprocessableEntity, "request-invalid")
	feeds = append(feeds, begin(fixtures.Caller(0)))
	require.Equal(t, http.StatusOK, w.call("reviewer", http.MethodGet, "/licence-types", nil).status)
	for _, feed := range feeds {
		require.NoError(t, feed.CloseWithError(io.ErrUnexpectedEOF))
	}
	all.Wait()
	refused(t, send("reviewer", watch([]byte("{}")), large), http.StatusUnprocessableEntity, "request-invalid")
}
