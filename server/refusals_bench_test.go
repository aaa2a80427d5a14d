package server_test

import (
	"context"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/server"
	"github.com/elicense/elicense/server/limit"
)

// refusalsPerSecond is how many requests with wrong credentials come beside the look-ups.
const refusalsPerSecond = 1000

// BenchmarkLookupsBesideRefusals measures authorised look-ups, first alone and then beside a thousand refusals a second
// that come from many addresses. It reports the 99th percentiles and how they stand to each other.
func BenchmarkLookupsBesideRefusals(b *testing.B) {
	w := newWorld(b)
	w.now = time.Now()
	w.limited(server.Limits{
		PerAddress: limit.Rate{PerSecond: 1e5, Burst: 1e5}, PerCaller: limit.Rate{PerSecond: 1e6, Burst: 1e6},
	})
	issued := into[api.Written](b, w.call(fixtures.Caller(0), http.MethodPost, "/licences", foodRequest(b),
		api.HeaderIdempotencyKey, "one"))
	body := `{"purpose":"核对","ground":"issuer","identifier":"` + issued.Identifier + `"}`
	w.http.Client().Transport = &http.Transport{MaxIdleConnsPerHost: 64} // else each request is a connection of its own
	quiet := percentile(b, w, body)
	ctx, stop := context.WithCancel(b.Context())
	var wait sync.WaitGroup
	var refusals atomic.Int64
	wait.Go(func() { guess(ctx, w, &refusals) })
	began := time.Now()
	loud := percentile(b, w, body)
	rate := float64(refusals.Load()) / time.Since(began).Seconds()
	stop()
	wait.Wait()
	b.ReportMetric(float64(quiet.Microseconds()), "quiet-p99-µs")
	b.ReportMetric(float64(loud.Microseconds()), "loud-p99-µs")
	b.ReportMetric(float64(loud)/float64(quiet), "loud/quiet")
	b.ReportMetric(rate, "refusals/s")
}

// percentile asks b.N times at least, and a thousand times at least, and gives the 99th percentile.
func percentile(b *testing.B, w *world, body string) time.Duration {
	b.Helper()
	list := make([]time.Duration, max(b.N, 1000))
	for i := range list {
		began := time.Now()
		status, err := w.post(b.Context(), fixtures.Caller(0), "office", "/lookups", body)
		require.NoError(b, err)
		require.Equal(b, http.StatusOK, status)
		list[i] = time.Since(began)
	}
	slices.Sort(list)
	return list[len(list)*99/100]
}

// guess sends wrong credentials at the rate, ten at a time, until the context ends.
func guess(ctx context.Context, w *world, n *atomic.Int64) {
	const atOnce = 10
	tick := time.NewTicker(time.Second * atOnce / refusalsPerSecond)
	defer tick.Stop()
	var wait sync.WaitGroup
	defer wait.Wait()
	for round := 0; ; round++ {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		for i := range atOnce {
			wait.Go(func() {
				address := strconv.Itoa((round*atOnce + i) % 5000)
				if status, err := w.post(ctx, "guess", address, "/lookups", "{}"); err == nil && status == http.StatusUnauthorized {
					n.Add(1)
				}
			})
		}
	}
}

func (w *world) post(ctx context.Context, key, address, path, body string) (int, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, w.http.URL+api.Version+path, strings.NewReader(body))
	if err != nil {
		return 0, err
	}
	r.Header.Set("Authorization", "Bearer "+key)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-From", address)
	res, err := w.http.Client().Do(r)
	if err != nil {
		return 0, err
	}
	_, err = io.Copy(io.Discard, res.Body)
	if end := res.Body.Close(); err == nil {
		err = end
	}
	return res.StatusCode, err
}
