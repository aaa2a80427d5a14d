package tsa

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/elicense/elicense/internal/engine"
)

// ErrClock is returned where the time is not trusted; the text says why.
var ErrClock = errors.New("tsa: the clock is not trusted")

// Sample is what one source says of the wall clock.
type Sample struct {
	Offset time.Duration // what is to be added to the wall clock to have the source's time
	Delay  time.Duration // round trip; the offset is uncertain by half of it
}

// Source is another clock to ask, such as an NTP server (see sntp).
type Source interface {
	// Name identifies the source in the audit.
	Name() string
	// Sample asks once. It returns when the context ends. It is called by one goroutine at a time.
	Sample(ctx context.Context) (Sample, error)
}

// ClockConfig is what a clock needs.
type ClockConfig struct {
	Engine  engine.Engine        // required: keeps the audit
	Now     func() time.Time     // required: the wall clock
	Elapsed func() time.Duration // required: the time since some moment by a clock that nobody can set
	// MaxStep is required: how far the wall clock may run off the other since it was last found right. The system sets
	// the pace of both together, so what is between them is a jump.
	MaxStep time.Duration
	// Sources are asked by Check; a majority must agree. Without any, the wall clock is believed as it is found at the
	// start, and a jump ends that until Trust is called.
	Sources   []Source
	Agreeing  int           // how many sources must agree; zero: a majority, which is the least
	MaxOffset time.Duration // required with sources: how far the wall clock may be off them
	MaxAge    time.Duration // required with sources: how long an agreement with them counts
}

func (c *ClockConfig) check() error {
	if c.Engine == nil || c.Now == nil || c.Elapsed == nil || c.MaxStep <= 0 {
		return fmt.Errorf("%w: a clock needs an engine, two clocks and a limit for jumps", ErrConfig)
	}
	if len(c.Sources) > 0 && (c.MaxOffset <= 0 || c.MaxAge <= 0) {
		return fmt.Errorf("%w: sources need limits of offset and age", ErrConfig)
	}
	if least := len(c.Sources)/2 + 1; c.Agreeing != 0 && (c.Agreeing < least || c.Agreeing > len(c.Sources)) {
		return fmt.Errorf("%w: %d of %d sources cannot be those that agree", ErrConfig, c.Agreeing, len(c.Sources))
	}
	return nil
}

// uncertainty is how far a trusted clock may be off.
func (c *ClockConfig) uncertainty() time.Duration {
	if len(c.Sources) == 0 {
		return c.MaxStep
	}
	return c.MaxOffset + c.MaxStep
}

// Clock is a wall clock that knows whether it is to be trusted. It is safe for concurrent use.
type Clock struct {
	config ClockConfig
	audit  *audit

	checking sync.Mutex // one Check at a time

	mu    sync.Mutex // guards what follows, and the order of audit entries
	right moment     // when the clock was last found right
	doubt string     // why it is not trusted; empty if it is
}

// OpenClock starts a clock. With sources it is trusted after the first Check that finds it right, without any at once.
func OpenClock(ctx context.Context, config ClockConfig) (*Clock, error) {
	if err := config.check(); err != nil {
		return nil, err
	}
	config.Sources = slices.Clone(config.Sources)
	a, err := openAudit(ctx, config.Engine)
	if err != nil {
		return nil, err
	}
	c := &Clock{config: config, audit: a}
	c.right = c.read()
	if len(config.Sources) > 0 {
		c.doubt = "not checked yet"
	}
	if err := c.record(ctx, ClockEntry{Event: ClockStarted}); err != nil {
		return nil, err
	}
	return c, nil
}

// Now is the time, or ErrClock.
func (c *Clock) Now(ctx context.Context) (time.Time, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.doubt != "" {
		return time.Time{}, fmt.Errorf("%w: %s", ErrClock, c.doubt)
	}
	now := c.read()
	age := now.elapsed - c.right.elapsed
	if step := now.wall.Sub(c.right.wall) - age; step.Abs() > c.config.MaxStep || age < 0 {
		return time.Time{}, c.lose(ctx, ClockEntry{Event: ClockJumped, Offset: step}, "it jumped by "+step.String())
	}
	if len(c.config.Sources) > 0 && age > c.config.MaxAge {
		return time.Time{}, c.lose(ctx, ClockEntry{Event: ClockStale}, "last checked "+age.String()+" ago")
	}
	return now.wall, nil
}

// lose ends the trust and records why. The caller holds mu.
func (c *Clock) lose(ctx context.Context, e ClockEntry, why string) error {
	c.doubt = why
	if err := c.record(ctx, e); err != nil {
		return fmt.Errorf("%w: %s, and recording that: %w", ErrClock, why, err)
	}
	return fmt.Errorf("%w: %s", ErrClock, why)
}

// Trust says that a person has set the clock right. Only a clock without sources takes a person's word.
func (c *Clock) Trust(ctx context.Context, who string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.config.Sources) > 0 {
		return fmt.Errorf("%w: its sources decide", ErrClock)
	}
	if who == "" {
		return fmt.Errorf("%w: somebody must answer for it", ErrClock)
	}
	return c.gain(ctx, ClockEntry{Event: ClockSet, By: who}, c.read())
}

// moment is one reading of both clocks.
type moment struct {
	wall    time.Time
	elapsed time.Duration
}

func (c *Clock) read() moment { return moment{c.config.Now().Round(0).UTC(), c.config.Elapsed()} }

// gain starts the trust anew from a moment at which the clock was right, once it is recorded. The caller holds mu.
func (c *Clock) gain(ctx context.Context, e ClockEntry, right moment) error {
	before := c.doubt
	c.doubt = ""
	if err := c.record(ctx, e); err != nil {
		c.doubt = cmp.Or(before, "its audit cannot be written")
		return err
	}
	c.right = right
	return nil
}

// record writes an audit entry with the state as it is. The caller holds mu, or nobody else knows c.
func (c *Clock) record(ctx context.Context, e ClockEntry) error {
	now := c.read()
	e.At, e.Elapsed, e.Trusted = now.wall, now.elapsed, c.doubt == ""
	if err := c.audit.append(ctx, e); err != nil {
		return fmt.Errorf("recording the clock: %w", err)
	}
	return nil
}

// Check asks all sources and judges. If as many of them as must agree with each other, their median decides: within
// MaxOffset the clock is trusted from now on, beyond it no longer. If they do not, nothing changes until MaxAge. A
// clock without sources has nobody to ask; the answer is nil if it has not jumped.
func (c *Clock) Check(ctx context.Context) error {
	if len(c.config.Sources) == 0 {
		_, err := c.Now(ctx)
		return err
	}
	c.checking.Lock()
	defer c.checking.Unlock()
	before := c.read() // a jump while the sources are asked must not be taken for right
	results := c.ask(ctx)
	offset, agree := c.judge(results)
	e := ClockEntry{Event: ClockChecked, Offset: offset, Sources: results}
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case !agree:
		e.Event = ClockNoMajority
		if err := c.record(ctx, e); err != nil {
			return err
		}
		return fmt.Errorf("%w: its sources are silent or disagree", ErrClock)
	case offset.Abs() > c.config.MaxOffset:
		e.Event = ClockWrong
		return c.lose(ctx, e, "it is off by "+offset.String())
	default:
		return c.gain(ctx, e, before)
	}
}

// ask asks all sources at once.
func (c *Clock) ask(ctx context.Context) []SourceResult {
	results := make([]SourceResult, len(c.config.Sources))
	var wg sync.WaitGroup
	for i, source := range c.config.Sources {
		wg.Go(func() {
			sample, err := source.Sample(ctx)
			results[i] = SourceResult{Name: source.Name(), Offset: sample.Offset, Delay: sample.Delay}
			if err != nil {
				results[i] = SourceResult{Name: source.Name(), Error: err.Error()}
			}
		})
	}
	wg.Wait()
	return results
}

// judge gives the median offset of the sources that answered, and whether as many of all sources as must stand by it:
// each is off the median by no more than the limit and half its round trip.
func (c *Clock) judge(results []SourceResult) (time.Duration, bool) {
	answered := slices.DeleteFunc(slices.Clone(results), func(r SourceResult) bool { return r.Error != "" })
	must := max(len(results)/2+1, c.config.Agreeing)
	if len(answered) < must {
		return 0, false
	}
	slices.SortFunc(answered, func(a, b SourceResult) int { return cmp.Compare(a.Offset, b.Offset) })
	median := answered[len(answered)/2].Offset
	near := 0
	for _, r := range answered {
		if (r.Offset - median).Abs() <= c.config.MaxOffset+r.Delay/2 {
			near++
		}
	}
	return median, near >= must
}

// Run checks at once and then again and again until the context ends, whose error it returns.
func (c *Clock) Run(ctx context.Context, every time.Duration, report func(error)) error {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		if err := c.Check(ctx); err != nil && ctx.Err() == nil {
			report(err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
		}
	}
}
