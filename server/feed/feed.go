// Package feed sends what happened to receivers that subscribed (订阅推送): in the order of the feed, in messages whose
// numbers run on without a gap, signed by the service, until the receiver takes them. A receiver that is down loses
// nothing: it is tried again at growing intervals, and everything since comes when it is back. After a week it is
// paused until its owner resumes it.
//
// What is kept is the place in the feed and a log of deliveries, never the events themselves: a message is put together
// anew for each attempt by the rights that its owner has then.
package feed

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/internal/engine"
)

// Sentinels.
var (
	ErrNotFound = errors.New("feed: no such subscription")
	ErrTooMany  = errors.New("feed: too many subscriptions")
	ErrURL      = errors.New("feed: this address is not allowed")
	ErrReused   = errors.New("feed: the key belongs to another request")
	ErrFuture   = errors.New("feed: nothing has this sequence number yet")
	ErrDamaged  = errors.New("feed: stored data is damaged")
	ErrConfig   = errors.New("feed: incomplete configuration")
)

// ReusedError is a key of another request, with the members of this one that are not as in that; it is ErrReused.
type ReusedError struct{ Members []string }

// Error implements error.
func (e *ReusedError) Error() string { return ErrReused.Error() }

// Unwrap implements the errors package's contract.
func (e *ReusedError) Unwrap() error { return ErrReused }

// Source is the feed that is sent.
type Source interface {
	// Events gives a page for an owner, by the rights that it has now. An error that Refused reports pauses the
	// subscription; any other leaves it for later.
	Events(ctx context.Context, owner Owner, q Query) (*api.EventPage, error)
	// End is the sequence number that the next event will have.
	End(ctx context.Context) (uint64, error)
	// Refused reports an error that says the owner has no right to the feed any more.
	Refused(err error) bool
}

// Owner is whose subscription it is.
type Owner struct {
	ID         string `json:"id"`
	Department string `json:"department,omitempty"` // "" for an operator
}

// Query is the part of the feed that is wanted.
type Query struct {
	From  uint64
	Limit int
	Kinds []string
	Types []string
}

// Doer carries out an HTTP request: it follows no redirect, ends in bounded time and reads a bounded answer. It calls
// allowed addresses only, also after the name was resolved, and answers an error that wraps ErrURL for others.
type Doer interface {
	Do(r *http.Request) (*http.Response, error)
}

// Config is what webhooks are sent with. Every field without a stated zero meaning must be set.
type Config struct {
	Engine engine.Engine // sealed
	Space  byte          // first byte of every key
	Source Source
	Now    func() time.Time
	Rand   io.Reader
	Client Doer
	// Allowed decides whether a receiver may have an address.
	Allowed func(url string) bool
	// Sign adds the service's signature to a message.
	Sign func(r *http.Request, body []byte) error

	Sandbox bool
	Max     int           // subscriptions of one owner; 0: 20
	Keep    time.Duration // how long the log of a delivery is kept; 0: 30 days
	Workers int           // receivers called at once; 0: 4
}

const (
	maxSubscriptions = 20
	keepLog          = 30 * 24 * time.Hour
	workers          = 4
	maxEvents        = 100 // in one message
	idBytes          = 16
)

// Webhooks is safe for use by many goroutines.
type Webhooks struct {
	cfg   Config
	turns *turns
}

// Open checks the configuration.
func Open(cfg Config) (*Webhooks, error) {
	if cfg.Engine == nil || cfg.Space == 0 || cfg.Source == nil || cfg.Now == nil || cfg.Rand == nil ||
		cfg.Client == nil || cfg.Allowed == nil || cfg.Sign == nil {
		return nil, ErrConfig
	}
	if cfg.Max == 0 {
		cfg.Max = maxSubscriptions
	}
	if cfg.Keep == 0 {
		cfg.Keep = keepLog
	}
	if cfg.Workers == 0 {
		cfg.Workers = workers
	}
	return &Webhooks{cfg: cfg, turns: newTurns(cfg.Workers)}, nil
}
