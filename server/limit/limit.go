// Package limit says how often somebody may call: token buckets by name, in bounded memory. It makes nothing durable
// and knows no HTTP.
package limit

import (
	"errors"
	"math"
	"sync"
	"time"
)

// ErrConfig is a configuration that lacks a part.
var ErrConfig = errors.New("limit: incomplete configuration")

// Rate is how fast a bucket fills and how much it holds.
type Rate struct {
	PerSecond float64
	Burst     float64
}

// sound reports whether a rate lets anything pass at all.
func (r Rate) sound() bool { return r.PerSecond > 0 && r.Burst >= 1 }

// Config is what a Limiter is made of. Every field must be set.
type Config struct {
	Now  func() time.Time
	Rate Rate
	Max  int // names that are remembered
}

// Limiter keeps a bucket for each name. A bucket that is full again is forgotten, for it is as good as a new one. When
// memory is full of buckets that are not, all new names share one bucket: a flood of names does not make anybody free,
// and takes nothing from those who are known. It is safe for concurrent use.
type Limiter struct {
	cfg Config

	mu      sync.Mutex
	buckets map[string]*bucket // guarded by mu
	shared  bucket             // guarded by mu; of the names for which there is no room
	swept   time.Time          // guarded by mu; when full buckets were last forgotten
}

// bucket is how much a name had left at a time.
type bucket struct {
	rate Rate
	left float64
	at   time.Time
}

// State is what is left to a name.
type State struct {
	Allowed   bool
	Limit     int           // of one burst
	Window    time.Duration // in which an empty bucket fills
	Remaining int
	Retry     time.Duration // until as much is there as was asked for; 0 if Allowed
}

// New makes a limiter.
func New(cfg Config) (*Limiter, error) {
	if cfg.Now == nil || !cfg.Rate.sound() || cfg.Max < 1 {
		return nil, ErrConfig
	}
	return &Limiter{
		cfg: cfg, buckets: map[string]*bucket{}, shared: bucket{cfg.Rate, cfg.Rate.Burst, cfg.Now()}, swept: cfg.Now(),
	}, nil
}

// Take takes cost tokens of a name, all or none. A sound rate takes the place of the limiter's for this name.
func (l *Limiter) Take(name string, cost float64, own Rate) State {
	l.mu.Lock()
	defer l.mu.Unlock()
	b := l.bucketOf(name, own)
	if b.left >= cost {
		b.left -= cost
		return b.state(0)
	}
	return b.state(cost)
}

// Charge takes tokens although they may not be there: for what turned out dearer than it looked. What is owed never
// exceeds a burst.
func (l *Limiter) Charge(name string, cost float64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	b := l.bucketOf(name, Rate{})
	b.left = max(b.left-cost, -b.rate.Burst)
}

// bucketOf gives the bucket of a name as it stands now. mu is held.
func (l *Limiter) bucketOf(name string, own Rate) *bucket {
	now := l.cfg.Now()
	b := l.buckets[name]
	if b == nil {
		if b = l.newBucket(now); b == nil {
			l.shared.fill(now)
			return &l.shared
		}
		l.buckets[name] = b
	}
	b.fill(now)
	if own.sound() && b.rate != own {
		used := b.rate.Burst - b.left
		b.rate, b.left = own, max(own.Burst-used, -own.Burst)
	}
	return b
}

// newBucket makes room for a name; nil if there is none. Sweeping is for once a second, since it looks at all of them.
func (l *Limiter) newBucket(now time.Time) *bucket {
	since := now.Sub(l.swept)
	if len(l.buckets) >= l.cfg.Max && (since >= time.Second || since < 0) { // or the clock was set back
		l.swept = now
		for name, b := range l.buckets {
			if b.fill(now); b.left >= b.rate.Burst {
				delete(l.buckets, name)
			}
		}
	}
	if len(l.buckets) >= l.cfg.Max {
		return nil
	}
	return &bucket{l.cfg.Rate, l.cfg.Rate.Burst, now}
}

// fill adds what time has brought. A clock that was set back brings nothing.
func (b *bucket) fill(now time.Time) {
	if d := now.Sub(b.at); d > 0 {
		b.left = min(b.rate.Burst, b.left+d.Seconds()*b.rate.PerSecond)
	}
	b.at = now
}

// state tells where the bucket stands; missing is what was asked for and is not there.
func (b *bucket) state(missing float64) State {
	s := State{
		Allowed: missing == 0, Limit: int(b.rate.Burst), Remaining: max(0, int(b.left)),
		Window: seconds(b.rate.Burst / b.rate.PerSecond),
	}
	if missing > 0 {
		s.Retry = seconds((missing - b.left) / b.rate.PerSecond)
	}
	return s
}

// seconds rounds up to whole ones, as headers count.
func seconds(s float64) time.Duration { return time.Duration(math.Ceil(min(s, 1e9))) * time.Second }
