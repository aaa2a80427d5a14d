// Package jobs keeps long work (后台作业): it is accepted at once, done in its turn, survives a restart of the process,
// shows how far it has come and can be cancelled. What a job does is given by kind; the package knows nothing of it.
//
// A job is durable before Add returns. A crash leaves a running job in the queue, and it is begun again: the work of a
// kind must go on where it was, or come to the same when it is done twice. One process owns the engine.
package jobs

import (
	"encoding/json"
	"errors"
	"io"
	"time"

	"github.com/elicense/elicense/internal/engine"
)

// Sentinels.
var (
	ErrNotFound  = errors.New("jobs: no such job")
	ErrTooMany   = errors.New("jobs: too many are waiting")
	ErrKeyReused = errors.New("jobs: the key belongs to another request")
	ErrEnded     = errors.New("jobs: the job has ended")
	ErrDamaged   = errors.New("jobs: stored data is damaged")
	ErrConfig    = errors.New("jobs: incomplete configuration")
	ErrCancelled = errors.New("jobs: cancelled") // the cause of a job's context that was cancelled by its owner
	ErrCrashes   = errors.New("jobs: begun too often without an end")
)

// ReusedError is a key of another request, with what of this one is not as in that; it is ErrKeyReused. Of the former
// request it holds nothing.
type ReusedError struct {
	Kind    bool     // it wanted another kind of work
	Members []string // JSON pointers within the request
}

// Error implements error.
func (e *ReusedError) Error() string { return ErrKeyReused.Error() }

// Unwrap implements the errors package's contract.
func (e *ReusedError) Unwrap() error { return ErrKeyReused }

// State is how a job stands.
type State string

// The states. A job moves from waiting to running and ends in one of the others; a crash takes it back to waiting.
const (
	Waiting   State = "waiting"
	Running   State = "running"
	Done      State = "done"
	Failed    State = "failed"
	Cancelled State = "cancelled"
)

// Ended reports whether nothing happens any more.
func (s State) Ended() bool { return s == Done || s == Failed || s == Cancelled }

// Progress is how far a job has come, in units of its kind.
type Progress struct {
	Done  int64     `json:"done"`
	Total int64     `json:"total,omitempty"` // 0: unknown
	Exact bool      `json:"exact,omitempty"` // Total is known and not estimated
	Ends  time.Time `json:"ends,omitzero"`   // forecast
	Rate  float64   `json:"rate,omitempty"`  // done a second since the last start
	Came  Came      `json:"came,omitzero"`   // to what
}

// Came is what became of what was done so far, in a conversion.
type Came struct {
	Created   int `json:"created,omitempty"`
	Updated   int `json:"updated,omitempty"`
	Unchanged int `json:"unchanged,omitempty"`
	Conflict  int `json:"conflict,omitempty"`
	Rejected  int `json:"rejected,omitempty"`
}

// Job is one piece of long work.
type Job struct {
	ID         string          `json:"id"` // unguessable
	Kind       string          `json:"kind"`
	Owner      string          `json:"owner"` // who may see it
	State      State           `json:"state"`
	Created    time.Time       `json:"created"`
	Started    time.Time       `json:"started,omitzero"` // the last time
	Ended      time.Time       `json:"ended,omitzero"`
	Expires    time.Time       `json:"expires"`              // from then on Sweep removes it, if it has ended
	Cancelling bool            `json:"cancelling,omitempty"` // its owner wants it to end
	Starts     int             `json:"starts,omitempty"`     // how often it was begun
	Crashes    int             `json:"crashes,omitempty"`    // how often the process ended in the middle of it
	NotBefore  time.Time       `json:"notBefore,omitzero"`   // when it is begun again after trouble that passes
	Message    string          `json:"message,omitempty"`    // id of the message that wanted it
	Clerk      string          `json:"clerk,omitempty"`      // who wanted it behind its owner; or ""
	System     string          `json:"system,omitempty"`     // registration by which it was wanted; or ""
	Type       string          `json:"type,omitempty"`       // what it is about, for whoever decides who sees it; or ""
	Spec       json.RawMessage `json:"spec"`                 // what is to be done, as the kind understands it
	Progress   Progress        `json:"progress"`
	Result     json.RawMessage `json:"result,omitempty"`  // of Done
	Failure    json.RawMessage `json:"failure,omitempty"` // of Failed, as Config.Explain tells it

	Key []byte `json:"key"` // of its request; Sweep removes both together

	Counted int64 `json:"counted,omitempty"` // of its owner's room, until Sweep removes it
	Makes   int64 `json:"makes,omitempty"`   // of that, for what it will make; until it has ended
}

// Request is a job that is wanted.
type Request struct {
	Kind  string
	Owner string
	Key   string // of idempotency, scoped by owner

	Message string // id of the message that wants it, not part of what is wanted; or ""
	Clerk   string // who wants it behind Owner, not part of what is wanted; or ""
	System  string // registration by which it is wanted, not part of what is wanted; or ""
	Type    string // what it is about, as it follows from Spec; or ""
	Spec    any    // encoded as JSON
	Makes   int64  // bytes that it will make, for which there is room; not part of what is wanted
	Refuse  error  // why new work is refused; nil: it is not
}

// Config is what jobs are kept with. Every field without a stated zero meaning must be set.
type Config struct {
	Engine engine.Engine // sealed
	Space  byte          // first byte of every key
	Now    func() time.Time
	Rand   io.Reader
	Kinds  map[string]Work

	// Count counts what owners keep, in the transaction that keeps or (n below zero) removes it; nil: nobody does.
	Count func(w engine.Writer, owner string, n int64) error

	// Explain tells the owner why a job failed, without anything that is internal.
	Explain func(*Job, error) json.RawMessage
	// Passes reports whether trouble passes by itself, so that the job is begun again later.
	Passes func(error) bool

	Keep       time.Duration // how long a job is kept after its beginning; 0: 30 days
	MaxWaiting int           // jobs of one owner that have not ended; 0: 100
	Workers    int           // jobs at once; 0: 1
}

const (
	keepJobs   = 30 * 24 * time.Hour
	maxWaiting = 100
	maxCrashes = 5 // a job that takes the process down so often is not begun again
	idBytes    = 16
	maxSpec    = 256 << 10
)

// Overhead is what is counted for a job beside its request and what it makes.
const Overhead = 4 << 10

// Jobs is safe for use by many goroutines.
type Jobs struct {
	cfg  Config
	wake chan struct{}
	live *live
}

// Open takes jobs that were running when the process ended back into the queue.
func Open(cfg Config) (*Jobs, error) {
	if cfg.Engine == nil || cfg.Space == 0 || cfg.Now == nil || cfg.Rand == nil || len(cfg.Kinds) == 0 ||
		cfg.Explain == nil || cfg.Passes == nil {
		return nil, ErrConfig
	}
	if cfg.Keep == 0 {
		cfg.Keep = keepJobs
	}
	if cfg.MaxWaiting == 0 {
		cfg.MaxWaiting = maxWaiting
	}
	if cfg.Count == nil {
		cfg.Count = func(engine.Writer, string, int64) error { return nil }
	}
	cfg.Workers = max(cfg.Workers, 1)
	return &Jobs{cfg: cfg, wake: make(chan struct{}, 1), live: newLive()}, nil
}
