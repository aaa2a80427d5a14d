package server_test

import (
	"errors"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/fixtures"
)

// metrics are what Prometheus is told.
func (w *world) metrics() string {
	w.t.Helper()
	r := httptest.NewRecorder()
	w.server.Metrics().ServeHTTP(r, httptest.NewRequestWithContext(w.t.Context(), "GET", "/metrics", nil))
	require.Equal(w.t, 200, r.Code, "%s", r.Body)
	return r.Body.String()
}

// TestBacklog: the operator sees what waits and since when.
func TestBacklog(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	require.Contains(t, w.metrics(), "elicense_jobs{state=\"waiting\"} 0\n")
	require.Contains(t, w.metrics(), "elicense_jobs_oldest_seconds 0\n")
	file := w.upload(fixtures.Caller(0), ledger(t, 5, 0))
	r := w.convert("dry", api.ConversionRequest{Type: foodRequest(t).Type, File: file, FileName: "台账.csv", DryRun: true})
	require.Equal(t, "waiting", w.jobOf(r).State)
	w.now = w.now.Add(90 * time.Second)
	got := w.metrics()
	for _, want := range []string{
		"elicense_jobs{state=\"waiting\"} 1\n", "elicense_jobs{state=\"running\"} 0\n", "elicense_jobs_oldest_seconds 90\n",
		"elicense_jobs_failed_total 0\n",
	} {
		require.Contains(t, got, want)
	}
	w.work()
	require.Contains(t, w.metrics(), "elicense_jobs{state=\"waiting\"} 0\n")
}

// damaged is what cannot be read.
type damaged struct{}

// Describe implements prometheus.Collector: nothing is known before.
func (damaged) Describe(chan<- *prometheus.Desc) {}

// Collect implements prometheus.Collector.
func (damaged) Collect(to chan<- prometheus.Metric) {
	to <- prometheus.NewInvalidMetric(prometheus.NewDesc("damaged", "A file.", nil, nil), errors.New("damaged"))
}

// TestMetricsOfDamaged: a file that cannot be read does not hide everything else from the operator, and is told.
func TestMetricsOfDamaged(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.config.Collectors = []prometheus.Collector{damaged{}}
	w.restart()
	require.Contains(t, w.metrics(), "elicense_jobs_failed_total 0\n")
	require.Contains(t, w.metrics(), "promhttp_metric_handler_errors_total{cause=\"gathering\"} 1\n")
}
