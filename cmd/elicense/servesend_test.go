package main

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/cli"
)

// dated notes what time there is for each thing that is done to an answer.
type dated struct {
	*httptest.ResponseRecorder

	start time.Time
	left  time.Duration
	did   []string
	fails error
}

func (d *dated) SetWriteDeadline(until time.Time) error {
	d.left = until.Sub(d.start)
	return d.fails
}

func (d *dated) Write(p []byte) (int, error) {
	d.did = append(d.did, "write "+d.left.String())
	return d.ResponseRecorder.Write(p)
}

func (d *dated) FlushError() error {
	d.did = append(d.did, "flush "+d.left.String())
	return d.fails
}

// TestSending: each part of an answer must be taken in a time by its size, never more than that of the whole request,
// and between parts there is time to make the next; of HTTP/2 the rest is taken before the place is free.
func TestSending(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 2, 9, 30, 0, 0, time.UTC)
	c := &program{World: &cli.World{Now: func() time.Time { return now }}}
	for proto, want := range map[int][]string{
		1: {"write 31s", "flush 30s", "write 32s", "write 1m0s", "made 1m0s"},
		2: {"write 31s", "flush 30s", "write 32s", "write 1m0s", "made 1m0s", "flush 30s"},
	} {
		out := &dated{ResponseRecorder: httptest.NewRecorder(), start: now}
		h := c.sent(time.Minute, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, err := w.Write(make([]byte, 32<<10))
			require.NoError(t, err)
			require.NoError(t, http.NewResponseController(w).Flush())
			for _, n := range []int{64 << 10, 64 << 20} {
				_, err := w.Write(make([]byte, n))
				require.NoError(t, err)
			}
			out.did = append(out.did, "made "+out.left.String())
		}))
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
		r.ProtoMajor = proto
		h.ServeHTTP(out, r)
		require.Equal(t, want, out.did)
	}
}
