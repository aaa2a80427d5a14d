package server

import (
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// metrics count what the service does. Labels are operations, status classes and codes, never anything submitted.
type metrics struct {
	registry  *prometheus.Registry
	requests  *prometheus.CounterVec
	durations *prometheus.HistogramVec
	refusals  *prometheus.CounterVec
	inFlight  prometheus.Gauge
	jobFailed prometheus.Counter

	// unanswered has no labels, so that it is told before the first one: an alert on an increase misses what comes from
	// nothing.
	unanswered prometheus.Counter
}

func newMetrics() *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "elicense_requests_total", Help: "Requests answered, by operation and status.",
		}, []string{"operation", "status"}),
		durations: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "elicense_request_duration_seconds", Help: "Time from the request to its answer, by operation.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10, 60},
		}, []string{"operation"}),
		refusals: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "elicense_refusals_total", Help: "Requests refused, by code.",
		}, []string{"code"}),
		inFlight: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "elicense_requests_in_flight", Help: "Requests being answered.",
		}),
		jobFailed: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "elicense_jobs_failed_total", Help: "Jobs that failed.",
		}),
		unanswered: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "elicense_status_unanswered_total",
			Help: "Licences whose state the vault could not say; the log says why.",
		}),
	}
	m.registry.MustRegister(
		m.requests, m.durations, m.refusals, m.inFlight, m.jobFailed, m.unanswered, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	return m
}

// Metrics answers in the exposition format of Prometheus. It tells nothing of any licence or person; it belongs on an
// address of its own, which only the operator reaches. What cannot be read, such as a damaged file, is counted
// (promhttp_metric_handler_errors_total) and takes nothing else away.
func (s *Server) Metrics() http.Handler {
	return promhttp.HandlerFor(s.metrics.registry, promhttp.HandlerOpts{
		ErrorHandling: promhttp.ContinueOnError, Registry: s.metrics.registry,
	})
}

// operationKey is where a request keeps which operation it turned out to be.
const operationKey = "operation"

// measure counts a request when it is answered; what no operation took counts as "none".
func (s *Server) measure(c *gin.Context) {
	began := s.cfg.Now()
	s.metrics.inFlight.Inc()
	defer s.metrics.inFlight.Dec()
	c.Next()
	operation := c.GetString(operationKey)
	if operation == "" {
		operation = "none"
	}
	took := s.cfg.Now().Sub(began)
	s.metrics.requests.WithLabelValues(operation, strconv.Itoa(c.Writer.Status())).Inc()
	s.metrics.durations.WithLabelValues(operation).Observe(took.Seconds())
	s.log(c, operation, took)
}

// log writes one line for each request: what was asked and how it ended, nothing of what was submitted.
func (s *Server) log(c *gin.Context, operation string, took time.Duration) {
	ctx := c.Request.Context()
	s.cfg.Log.InfoContext(ctx, "request", "trace", traceOf(ctx), "operation", operation, "status", c.Writer.Status(),
		"caller", c.GetString(callerKey), "took_us", took.Microseconds())
}

// callerKey is where a request keeps who sent it, for the log.
const callerKey = "caller"

func nameOperation(ctx huma.Context, c *gin.Context) {
	c.Set(operationKey, ctx.Operation().OperationID)
}
