package enginetest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"

	"github.com/elicense/elicense/internal/engine"
)

// ErrInjected is the cause of every failure that Faulty makes.
var ErrInjected = errors.New("enginetest: injected fault")

// Fault says what becomes of one Update.
type Fault int

// The faults. The zero Fault is none.
const (
	None   Fault = iota
	Before       // the closure may have run, nothing is written; the error wraps ErrInjected
	After        // everything is written; the error wraps engine.ErrAmbiguous and ErrInjected
	Lost         // nothing is written; the error wraps engine.ErrAmbiguous and ErrInjected
)

// Plan decides about the n-th Update, counted from 0. It may be called by many goroutines.
type Plan func(n int) Fault

// At is the plan with one fault at the n-th Update.
func At(n int, fault Fault) Plan {
	return func(i int) Fault {
		if i == n {
			return fault
		}
		return None
	}
}

// Seeded is a plan that draws Before, After and Lost with the given probability in all.
func Seeded(seed uint64, probability float64) Plan {
	return func(n int) Fault {
		rnd := rand.New(rand.NewPCG(seed, uint64(n)))
		if rnd.Float64() >= probability {
			return None
		}
		return Before + Fault(rnd.IntN(3))
	}
}

// Faulty is an engine whose Updates fail as its plan says. Views are passed on.
type Faulty struct {
	inner engine.Engine
	mu    sync.Mutex
	plan  Plan // guarded by mu
	count int  // guarded by mu
}

var _ engine.Engine = (*Faulty)(nil)

// NewFaulty lays the plan over inner; a nil plan injects nothing.
func NewFaulty(inner engine.Engine, plan Plan) *Faulty { return &Faulty{inner: inner, plan: plan} }

// SetPlan replaces the plan and starts counting from 0 again.
func (f *Faulty) SetPlan(plan Plan) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.plan, f.count = plan, 0
}

// Updates is the number of Updates since the plan was set.
func (f *Faulty) Updates() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.count
}

func (f *Faulty) next() Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := f.count
	f.count++
	if f.plan == nil {
		return None
	}
	return f.plan(n)
}

// View implements engine.Engine.
func (f *Faulty) View(ctx context.Context, fn func(engine.Reader) error) error {
	return f.inner.View(ctx, fn)
}

// Update implements engine.Engine. A closure that fails by itself returns its own error whatever the plan says.
func (f *Faulty) Update(ctx context.Context, fn func(engine.Writer) error) error {
	fault := f.next()
	err := f.inner.Update(ctx, func(w engine.Writer) error {
		if err := fn(w); err != nil {
			return err
		}
		if fault == Before || fault == Lost {
			return ErrInjected
		}
		return nil
	})
	switch {
	case fault == After && err == nil:
		return fmt.Errorf("%w: %w after the write", engine.ErrAmbiguous, ErrInjected)
	case fault == Lost && err == ErrInjected: //nolint:errorlint // exactly ours, not a closure's that wraps it
		return fmt.Errorf("%w: %w instead of the write", engine.ErrAmbiguous, ErrInjected)
	}
	return err
}

// Twice is an engine that runs every closure of an Update once more than needed, and drops the first run: it shows
// closures that are not pure.
type Twice struct{ Inner engine.Engine }

var (
	_ engine.Engine = Twice{}

	errAgain = errors.New("enginetest: run again")
)

// View implements engine.Engine.
func (t Twice) View(ctx context.Context, fn func(engine.Reader) error) error {
	return t.Inner.View(ctx, fn)
}

// Update implements engine.Engine.
func (t Twice) Update(ctx context.Context, fn func(engine.Writer) error) error {
	err := t.Inner.Update(ctx, func(w engine.Writer) error {
		_ = fn(w)
		return errAgain
	})
	if err != errAgain { //nolint:errorlint // exactly ours
		return err
	}
	return t.Inner.Update(ctx, fn)
}
