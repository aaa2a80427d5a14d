// Package stored counts what each caller keeps at the service (存储配额), in bytes, and says no before more is kept than
// it may. What is kept is counted in the transaction that keeps or removes it, so the count is right after any crash;
// what is on its way is counted in memory. It knows nothing of what is kept.
package stored

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"math"
	"sync"

	"github.com/elicense/elicense/internal/engine"
)

// Sentinels.
var (
	ErrFull    = errors.New("stored: no room")
	ErrDamaged = errors.New("stored: stored data is damaged")
	ErrConfig  = errors.New("stored: incomplete configuration")
)

// Share is an account to which what an owner keeps is counted, with what it may hold in bytes.
type Share struct {
	Name string
	Most int64
}

// Config is what accounts are kept with; every field must be set.
type Config struct {
	Engine engine.Engine // that of whatever is counted
	Space  byte          // first byte of every key
	// Shares are the accounts of an owner, at least one, the narrowest first.
	Shares func(owner string) []Share
}

// FullError is an account that has no room for what is wanted; it is ErrFull.
type FullError struct {
	Share Share
	Used  int64 // kept and on its way
	// Clearing was removed or broken off a moment ago and may still lie on the disk; it counts only when what lies
	// there would pass twice what may be kept.
	Clearing int64
	Wanted   int64
}

// Error implements error.
func (e *FullError) Error() string {
	return fmt.Sprintf("stored: no room for %d bytes: %d of %d are used", e.Wanted, e.Used, e.Share.Most)
}

// Unwrap implements the errors package's contract.
func (e *FullError) Unwrap() error { return ErrFull }

// Passes reports whether there is room again as soon as what was removed has gone from the disk.
func (e *FullError) Passes() bool { return e.Used+e.Wanted <= e.Share.Most }

// Accounts is safe for use by many goroutines. One process has them.
type Accounts struct {
	cfg Config

	mu       sync.Mutex
	underWay map[string]int64 // by account: what was let in and is not counted durably yet; guarded by mu
	clearing map[string]int64 // by account: what was removed or broken off and may still be there; guarded by mu
}

// Open checks the configuration.
func Open(cfg Config) (*Accounts, error) {
	if cfg.Engine == nil || cfg.Space == 0 || cfg.Shares == nil {
		return nil, ErrConfig
	}
	return &Accounts{cfg: cfg, underWay: map[string]int64{}, clearing: map[string]int64{}}, nil
}

// key is that of an account: below the space 'a' name -> bytes. A name is a caller's, or a caller's with a token.
func (a *Accounts) key(name string) []byte { return append([]byte{a.cfg.Space, 'a'}, name...) }

// Add counts what is kept (or, with n below zero, removed) to the accounts of its owner, in the transaction that does
// it.
func (a *Accounts) Add(w engine.Writer, owner string, n int64) error {
	for _, s := range a.cfg.Shares(owner) {
		used, err := a.used(w, s.Name)
		if err != nil {
			return err
		}
		if err := a.set(w, s.Name, used+n); err != nil {
			return err
		}
	}
	return nil
}

// set keeps what is in an account; an empty one is none.
func (a *Accounts) set(w engine.Writer, name string, used int64) error {
	if used <= 0 {
		return w.Delete(a.key(name))
	}
	return w.Put(a.key(name), binary.BigEndian.AppendUint64(nil, uint64(used)))
}

func (a *Accounts) used(r engine.Reader, name string) (int64, error) {
	b, err := r.Get(a.key(name))
	if errors.Is(err, engine.ErrNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	return parse(b)
}

func parse(b []byte) (int64, error) {
	if len(b) != 8 || binary.BigEndian.Uint64(b) > math.MaxInt64 {
		return 0, fmt.Errorf("%w: account", ErrDamaged)
	}
	return int64(binary.BigEndian.Uint64(b)), nil //nolint:gosec // looked at
}

// State is how an account stands.
type State struct{ Used, Most int64 }

// State tells how the narrowest account of an owner stands: it is his own, and what others keep is not told.
func (a *Accounts) State(ctx context.Context, owner string) (State, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	own := a.cfg.Shares(owner)[:1]
	kept, err := a.kept(ctx, own)
	if err != nil {
		return State{}, err
	}
	return State{kept[0] + a.underWay[own[0].Name], own[0].Most}, nil
}

// kept is what is durably in each account.
func (a *Accounts) kept(ctx context.Context, shares []Share) ([]int64, error) {
	out := make([]int64, len(shares))
	err := a.cfg.Engine.View(ctx, func(r engine.Reader) (err error) {
		for i, s := range shares {
			if out[i], err = a.used(r, s.Name); err != nil {
				return err
			}
		}
		return nil
	})
	return out, err
}

// Each visits every account in which something is kept.
func (a *Accounts) Each(ctx context.Context, visit func(name string, used int64)) error {
	prefix := []byte{a.cfg.Space, 'a'}
	return a.cfg.Engine.View(ctx, func(r engine.Reader) error {
		return r.Scan(engine.Range{Prefix: prefix}, func(k, v []byte) (bool, error) {
			used, err := parse(v)
			if err != nil {
				return false, err
			}
			visit(string(k[len(prefix):]), used)
			return true, nil
		})
	})
}

// Hold is room for something that is on its way. It is for one goroutine, and is let go in the end.
type Hold struct {
	a      *Accounts
	shares []Share
	n      int64
}

// Hold begins with no room.
func (a *Accounts) Hold(owner string) *Hold { return &Hold{a: a, shares: a.cfg.Shares(owner)} }

// Grow takes room for n more bytes, or answers a *FullError and takes none. Nothing is durable before it has answered.
func (h *Hold) Grow(ctx context.Context, n int64) error {
	a := h.a
	a.mu.Lock() // held while the engine is read: what is counted durably meanwhile is counted under way until Release
	defer a.mu.Unlock()
	kept, err := a.kept(ctx, h.shares)
	if err != nil {
		return err
	}
	for i, s := range h.shares {
		used, clearing := kept[i]+a.underWay[s.Name], a.clearing[s.Name]
		if n > s.Most-used || n > 2*s.Most-used-clearing {
			return &FullError{Share: s, Used: used, Clearing: clearing, Wanted: n}
		}
	}
	for _, s := range h.shares {
		a.underWay[s.Name] += n
	}
	h.n += n
	return nil
}

// Release lets go of the room: what was to be kept is counted durably now, or will not be kept. It may be called again.
func (h *Hold) Release() {
	h.a.mu.Lock()
	defer h.a.mu.Unlock()
	for _, s := range h.shares {
		h.a.underWay[s.Name] -= h.n
		if h.a.underWay[s.Name] == 0 {
			delete(h.a.underWay, s.Name)
		}
	}
	h.n = 0
}

// Leave says that n bytes of an owner are kept no more, and may lie on the disk until they are cleared.
func (a *Accounts) Leave(owner string, n int64) {
	if n == 0 {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, s := range a.cfg.Shares(owner) {
		a.clearing[s.Name] += n
	}
}

// Clear begins to clear what was left; done is called when all of that has gone from the disk.
func (a *Accounts) Clear() (done func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	began := maps.Clone(a.clearing)
	return func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		for name, n := range began {
			if a.clearing[name] -= n; a.clearing[name] <= 0 {
				delete(a.clearing, name)
			}
		}
	}
}
