// Package load puts requests on a service and says how it bears them: in a closed loop, where each connection sends its
// next request when the one before is answered, which finds the highest rate; and in an open loop, where requests come
// at a steady rate whether the service keeps up or not, as those of a province do, and the time of each counts from
// when it was due, so that a service that stalls is not measured by the few requests that were sent meanwhile.
package load

import (
	"context"
	"errors"
	"math"
	"slices"
	"sync"
	"time"
)

// ErrPlan is a plan by which nothing can be measured.
var ErrPlan = errors.New("load: no connections, no requests, or nothing to send")

// Plan says what is sent.
type Plan struct {
	Connections int     // that send at once
	Requests    int     // in all
	Rate        float64 // requests a second of an open loop; 0: a closed loop

	// Send carries out request n of all on connection c, and says whether the answer was the right one. It is called
	// by one goroutine for each connection.
	Send func(ctx context.Context, c, n int) error

	Now func() time.Time
}

// Report is what was seen.
type Report struct {
	Requests int
	Failed   int
	First    error // of the failed, for whoever looks for the reason
	Elapsed  time.Duration
	Late     int // of an open loop: requests that no connection was free for when they were due

	took []time.Duration // sorted
}

// Rate is requests answered rightly, for each second.
func (r *Report) Rate() float64 { return float64(r.Requests-r.Failed) / r.Elapsed.Seconds() }

// Quantile is the time within which a share q of the requests, 0 to 1, was answered.
func (r *Report) Quantile(q float64) time.Duration {
	if len(r.took) == 0 {
		return 0
	}
	i := int(math.Ceil(q*float64(len(r.took)))) - 1
	return r.took[min(max(i, 0), len(r.took)-1)]
}

// run is one plan being carried out.
type run struct {
	*Plan

	began time.Time
	took  []time.Duration
	due   chan int

	mu     sync.Mutex
	failed int
	late   int
	first  error
}

// Run carries a plan out. The error is that of the context; requests that failed are in the report.
func Run(ctx context.Context, p Plan) (*Report, error) {
	if p.Connections < 1 || p.Requests < 1 || p.Send == nil || p.Now == nil || p.Rate < 0 {
		return nil, ErrPlan
	}
	r := &run{Plan: &p, began: p.Now(), took: make([]time.Duration, p.Requests), due: make(chan int)}
	var wg sync.WaitGroup
	for c := range p.Connections {
		wg.Go(func() { r.connection(ctx, c) })
	}
	r.schedule(ctx)
	wg.Wait()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	report := &Report{
		Requests: p.Requests, Failed: r.failed, First: r.first, Late: r.late, Elapsed: p.Now().Sub(r.began),
		took: r.took,
	}
	slices.Sort(report.took)
	return report, nil
}

// schedule gives out request after request: when somebody is free, and in an open loop not before it is due.
func (r *run) schedule(ctx context.Context) {
	defer close(r.due)
	for n := range r.Requests {
		if r.Rate > 0 && !r.wait(ctx, n) {
			return
		}
		select {
		case r.due <- n:
			continue
		default:
		}
		if r.Rate > 0 {
			r.late++ // read when all is over
		}
		select {
		case r.due <- n:
		case <-ctx.Done():
			return
		}
	}
}

// wait waits until request n is due.
func (r *run) wait(ctx context.Context, n int) bool {
	left := r.dueAt(n).Sub(r.Now())
	if left <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(left)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

func (r *run) dueAt(n int) time.Time {
	return r.began.Add(time.Duration(float64(n) / r.Rate * float64(time.Second)))
}

// connection sends what is due, one after another.
func (r *run) connection(ctx context.Context, c int) {
	for n := range r.due {
		from := r.Now()
		if r.Rate > 0 {
			from = r.dueAt(n)
		}
		err := r.Send(ctx, c, n)
		r.took[n] = r.Now().Sub(from)
		if err != nil {
			r.fail(err)
		}
	}
}

func (r *run) fail(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failed++
	if r.first == nil {
		r.first = err
	}
}
