package server

import (
	"context"
	"encoding/binary"
	"errors"
	"sync"
	"time"

	"github.com/elicense/elicense/internal/engine"
)

// What departments do well and badly is counted by day. Counts wait in memory and become durable together, once a
// minute and when the service ends, so that a refusal costs nothing durable; if the process is killed, what was counted
// in the last minute is lost.

// spaceTally is the key space of counts: department, day, kind -> count.
const spaceTally = 'q'

// Bounds of what waits.
const (
	tallyEvery = time.Minute
	tallyMost  = 10_000 // different counts
)

// Kinds of counts. Those that count by something go on with a slash and its name.
const (
	tallyIssued   = "issued"
	tallyLate     = "late"      // issued after the day on the paper
	tallyLateDays = "late-days" // all of them
	tallyElements = "elements"  // that licences could have said
	tallyFilled   = "filled"    // that they said
	tallyCompared = "compared"  // what applicants said against the department's licences
	tallyDiffered = "differed"
	tallyRefused  = "refused" // by code
	tallyField    = "field"   // refused values, by element
)

// tallyKey is what is counted.
type tallyKey struct{ department, day, kind string }

// tallies count. The zero value is not ready.
type tallies struct {
	engine engine.Engine
	now    func() time.Time
	zone   *time.Location
	every  time.Duration // becomes durable

	mu      sync.Mutex
	waiting map[tallyKey]uint64 // guarded by mu
	since   time.Time           // of the last time that they became durable; guarded by mu
}

func newTallies(e engine.Engine, now func() time.Time, zone *time.Location) *tallies {
	return &tallies{engine: e, now: now, zone: zone, every: tallyEvery, waiting: map[tallyKey]uint64{}, since: now()}
}

// add counts something of a department; of nobody nothing is counted.
func (t *tallies) add(ctx context.Context, department, kind string, n int) {
	if len(department) != departmentBytes || n <= 0 {
		return
	}
	now := t.now()
	t.mu.Lock()
	t.waiting[tallyKey{department, now.In(t.zone).Format(time.DateOnly), kind}] += uint64(n)
	due := now.Sub(t.since) >= t.every || len(t.waiting) >= tallyMost
	t.mu.Unlock()
	if due {
		_ = t.keep(ctx) // what could not be kept waits for the next time
	}
}

// departmentBytes is the length of a department's credit code.
const departmentBytes = 18

// keep makes what waits durable.
func (t *tallies) keep(ctx context.Context) error {
	t.mu.Lock()
	taken := t.waiting
	t.waiting, t.since = map[tallyKey]uint64{}, t.now()
	t.mu.Unlock()
	if len(taken) == 0 {
		return nil
	}
	err := t.engine.Update(context.WithoutCancel(ctx), func(w engine.Writer) error {
		for k, n := range taken {
			old, err := count(w.Get(k.key()))
			if err != nil {
				return err
			}
			if err := w.Put(k.key(), binary.AppendUvarint(nil, old+n)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.putBack(taken)
	}
	return err
}

func (t *tallies) putBack(taken map[tallyKey]uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for k, n := range taken {
		if _, there := t.waiting[k]; there || len(t.waiting) < tallyMost {
			t.waiting[k] += n
		}
	}
}

func (k tallyKey) key() []byte { return []byte(string(spaceTally) + k.department + k.day + k.kind) }

func count(value []byte, err error) (uint64, error) {
	if errors.Is(err, engine.ErrNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	n, size := binary.Uvarint(value)
	if size != len(value) {
		return 0, errDamagedTally
	}
	return n, nil
}

var errDamagedTally = errors.New("server: stored count is damaged")

// run makes what waits durable again and again until the context ends, also when nothing more is counted. What is
// counted after that is for Settle.
func (t *tallies) run(ctx context.Context) error {
	due := time.NewTicker(t.every)
	defer due.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-due.C:
			_ = t.keep(ctx) // what could not be kept waits for the next time
		}
	}
}

// Settle makes durable what was counted last. Whoever runs the service calls it when the last request is answered.
func (s *Server) Settle(ctx context.Context) error {
	err := s.tallies.keep(ctx)
	if s.cfg.Alarms != nil {
		err = errors.Join(err, s.cfg.Alarms.Keep(ctx))
	}
	return err
}

// sum adds up a department's counts from one day to another, by kind.
func (t *tallies) sum(ctx context.Context, department, from, until string) (map[string]uint64, error) {
	if err := t.keep(ctx); err != nil {
		return nil, err
	}
	var out map[string]uint64
	prefix := []byte(string(spaceTally) + department)
	err := t.engine.View(ctx, func(r engine.Reader) error {
		out = map[string]uint64{}
		scan := engine.Range{Prefix: prefix, Start: append(prefix[:len(prefix):len(prefix)], from...)}
		return r.Scan(scan, func(k, value []byte) (bool, error) {
			rest := string(k[len(prefix):])
			if len(rest) < len(time.DateOnly) || rest[:len(time.DateOnly)] > until {
				return false, nil
			}
			n, err := count(value, nil)
			out[rest[len(time.DateOnly):]] += n
			return true, err
		})
	})
	return out, err
}
