package server

import (
	"context"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// backlog tells Prometheus what waits, read when it asks.
type backlog struct{ s *Server }

// backlogTime bounds the reading.
const backlogTime = 5 * time.Second

func gauge(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("elicense_"+name, help, labels, nil)
}

var (
	descStored     = gauge("stored_bytes", "What a caller keeps: files, verdicts and jobs.", "caller")
	descJobs       = gauge("jobs", "Jobs that have not ended, by state.", "state")
	descJobsAge    = gauge("jobs_oldest_seconds", "Age of the oldest job that has not ended.")
	descHooks      = gauge("webhooks", "Subscriptions, by state.", "state")
	descHookBehind = gauge("webhook_events_behind", "Events that the slowest receiver has still to get.")
	descHookFailed = gauge("webhook_attempts_failed", "Failed attempts since receivers last took a message.")
	descHookAge    = gauge("webhook_failing_seconds", "Time since the first of them.")
)

// Describe implements prometheus.Collector.
func (b backlog) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		descStored, descJobs, descJobsAge, descHooks, descHookBehind, descHookFailed, descHookAge,
	} {
		to <- d
	}
}

// Collect implements prometheus.Collector. What cannot be read is an error of the answer, never zero.
func (b backlog) Collect(to chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), backlogTime)
	defer cancel()
	b.jobs(ctx, to)
	b.storage(ctx, to)
	if b.s.hooks != nil {
		b.webhooks(ctx, to)
	}
}

func tell(to chan<- prometheus.Metric, d *prometheus.Desc, value float64, labels ...string) {
	to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
}

func (b backlog) jobs(ctx context.Context, to chan<- prometheus.Metric) {
	n, err := b.s.jobs.Backlog(ctx)
	if err != nil {
		to <- prometheus.NewInvalidMetric(descJobs, err)
		return
	}
	tell(to, descJobs, float64(n.Waiting), "waiting")
	tell(to, descJobs, float64(n.Running), "running")
	tell(to, descJobsAge, b.age(n.Oldest))
}

// storage tells what each caller keeps; holders are part of the caller by which they call.
func (b backlog) storage(ctx context.Context, to chan<- prometheus.Metric) {
	err := b.s.stored.Each(ctx, func(name string, used int64) {
		if !strings.Contains(name, "/") {
			tell(to, descStored, float64(used), name)
		}
	})
	if err != nil {
		to <- prometheus.NewInvalidMetric(descStored, err)
	}
}

func (b backlog) webhooks(ctx context.Context, to chan<- prometheus.Metric) {
	n, err := b.s.hooks.Backlog(ctx)
	if err != nil {
		to <- prometheus.NewInvalidMetric(descHooks, err)
		return
	}
	tell(to, descHooks, float64(n.Active), "active")
	tell(to, descHooks, float64(n.Failing), "failing")
	tell(to, descHooks, float64(n.Paused), "paused")
	tell(to, descHookBehind, float64(n.Behind))
	tell(to, descHookFailed, float64(n.Failed))
	tell(to, descHookAge, b.age(n.Since))
}

// age is how long ago something was, in seconds; 0 of nothing.
func (b backlog) age(since time.Time) float64 {
	if since.IsZero() {
		return 0
	}
	return max(0, b.s.cfg.Now().Sub(since).Seconds())
}
