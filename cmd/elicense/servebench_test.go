package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/internal/load"
	"github.com/elicense/elicense/vault"
)

// issuers is how many callers the goal has.
const issuers = 64

// BenchmarkServeIssue is the goal of issue over HTTP: durable, each licence with its sealed document, 64 callers, against
// the library with as many, in turns of one run. One op is one licence on each side.
func BenchmarkServeIssue(b *testing.B) {
	h := sandbox(b)
	c := h.documents.program
	c.dir = h.dir
	s, known, err := c.newServer(b.Context(), h, &serveSettings{Listen: "127.0.0.1:0", Timeout: time.Minute})
	require.NoError(b, err)
	site := httptest.NewServer(s.Handler())
	b.Cleanup(site.Close)
	transport := &http.Transport{MaxIdleConnsPerHost: issuers}
	b.Cleanup(transport.CloseIdleConnections)
	w := &issuing{
		b: b, house: h, url: site.URL + api.Version + "/licences", client: &http.Client{Transport: transport},
	}
	for _, k := range known.keys {
		if k.ID == fixtures.Caller(0) {
			w.key = k.Key
		}
	}
	part := max(issuers, b.N/issueTurns)
	w.run(part, w.overHTTP) // to warm what can be warm
	var ours, bare time.Duration
	var last *load.Report
	b.ResetTimer()
	for range issueTurns {
		bare += w.run(part, w.direct).Elapsed
		last = w.run(part, w.overHTTP)
		ours += last.Elapsed
	}
	b.StopTimer()
	rows := float64(part * issueTurns)
	b.ReportMetric(rows/ours.Seconds(), "licences/s")
	b.ReportMetric(rows/bare.Seconds(), "library-licences/s")
	b.ReportMetric(bare.Seconds()/ours.Seconds(), "of-library")
	b.ReportMetric(last.Quantile(0.5).Seconds()*1e3, "p50-ms")
	b.ReportMetric(last.Quantile(0.99).Seconds()*1e3, "p99-ms")
}

// issueTurns is how often the two sides change.
const issueTurns = 4

// issuing sends requests for licences, each for another firm.
type issuing struct {
	b      *testing.B
	house  *house
	url    string
	key    string
	client *http.Client
	next   int
}

// run issues so many licences one way.
func (w *issuing) run(n int, send func(context.Context, *api.IssueRequest) error) *load.Report {
	w.b.Helper()
	requests := make([]api.IssueRequest, n)
	for i := range requests {
		w.next++
		requests[i] = firmRequest(w.b, w.next)
	}
	report, err := load.Run(w.b.Context(), load.Plan{
		Connections: issuers, Requests: n, Now: time.Now,
		Send: func(ctx context.Context, _, i int) error { return send(ctx, &requests[i]) },
	})
	require.NoError(w.b, err)
	require.NoError(w.b, report.First)
	return report
}

func (w *issuing) direct(ctx context.Context, r *api.IssueRequest) error {
	_, err := w.house.vault.Issue(ctx, as(0, "核发证照"), vault.Request{
		Key: r.Paper, Type: r.Type, Values: r.Values, Paper: r.Paper, Division: r.Division,
	})
	return err
}

func (w *issuing) overHTTP(ctx context.Context, r *api.IssueRequest) error {
	text, err := json.Marshal(r)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, w.url, bytes.NewReader(text))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+w.key)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set(api.HeaderIdempotencyKey, r.Paper)
	res, err := w.client.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	answer, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode != http.StatusCreated {
		err = fmt.Errorf("%d: %s", res.StatusCode, answer)
	}
	return err
}
