package server

import (
	"context"
	"io"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/server/identity"
	"github.com/elicense/elicense/vault"
)

type constantOutput struct {
	Body api.LookupAnswer
}

// AddConstant adds a route that reads nothing and always says the same, behind the same limits, identity, permission
// and audit as a look-up, whose request it takes: what anything over HTTP costs here.
func (s *Server) AddConstant() {
	answer := api.LookupAnswer{Licences: []api.Licence{}, Absence: string(vault.SourceSilent)}
	add(s, operation{
		id: "constant", method: http.MethodPost, path: "/constant", tag: "bench", zh: "不变的答复", en: "the same answer",
		may: identity.MayLookUp,
	}, func(ctx context.Context, c *identity.Caller, in *lookUpInput) (*constantOutput, error) {
		if err := s.cfg.Vault.Witness(ctx, s.accessOf(ctx, c, in.Body.Asked), vault.Witnessed{Act: "constant"}); err != nil {
			return nil, err
		}
		return &constantOutput{answer}, nil
	})
}

// Tell tells followers of disputes that are not told yet, as Run does.
func (s *Server) Tell(ctx context.Context) error { return s.tellAll(ctx) }

// Step does the next job, as Run does in its turn.
func (s *Server) Step(ctx context.Context) (bool, error) { return s.jobs.Step(ctx) }

// Deliver makes one attempt to send a webhook, as Run does.
func (s *Server) Deliver(ctx context.Context) (bool, error) { return s.hooks.Step(ctx) }

// StatusOf is how HTTP names a kind of refusal.
func StatusOf(sentinel error) int { return statusOf(sentinel) }

// TransportCodes are the codes of this package alone.
func TransportCodes() []CodeText {
	var out []CodeText
	for _, c := range Codes() {
		if _, ok := transportSentences[Code(c.Code)]; ok && c.Part == "transport" {
			out = append(out, c)
		}
	}
	return out
}

// Sweep removes what has outlived its time, as Run does every hour.
func (s *Server) Sweep(ctx context.Context) error { return s.sweepAll(ctx) }

// Lines reads lines as an operation does that takes them.
func Lines(body io.Reader) func() ([]byte, error) { return newLines(body).next }

// MaxLine bounds one line.
const MaxLine = maxLine

// IsCode reports a problem with this code.
func IsCode(err error, code Code) bool { return isCode(err, code) }

// TakeTurns takes every turn to judge.
func (s *Server) TakeTurns() {
	s.turns.mu.Lock()
	defer s.turns.mu.Unlock()
	s.turns.free = 0
}

// BodyTimes are within what time the body of each operation must have come.
func (s *Server) BodyTimes() map[string]time.Duration {
	out := map[string]time.Duration{}
	for _, item := range s.api.OpenAPI().Paths {
		for _, op := range []*huma.Operation{item.Get, item.Put, item.Post, item.Delete} {
			if op != nil && op.RequestBody != nil {
				out[op.OperationID] = op.BodyReadTimeout
			}
		}
	}
	return out
}

// Calm tells whether the clock may be trusted, asked at these times one after the other.
func Calm(times ...time.Time) (trusted []bool) {
	c := newCalm(times[0])
	for _, at := range times[1:] {
		trusted = append(trusted, c.at(at))
	}
	return trusted
}

// Tally counts one thing, lets the counts become durable by themselves, and gives what is durable then.
func Tally(ctx context.Context, e engine.Engine, department string, until func(uint64) bool) error {
	now := func() time.Time { return time.Date(2026, 3, 2, 1, 30, 0, 0, time.UTC) }
	t := newTallies(e, now, time.UTC)
	t.every = time.Millisecond
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	t.waiting[tallyKey{department, "2026-03-02", tallyIssued}] = 1
	ended := make(chan error, 1)
	go func() { ended <- t.run(ctx) }()
	for durable := uint64(0); !until(durable); {
		sum, err := newTallies(e, now, time.UTC).sum(ctx, department, "2026-03-02", "2026-03-02")
		if err != nil {
			return err
		}
		durable = sum[tallyIssued]
	}
	stop()
	return <-ended
}

// Turns are turns to judge.
type Turns struct{ *turns }

// NewTurns makes so many.
func NewTurns(n int) Turns { return Turns{newTurns(n)} }

// Take waits for a turn.
func (t Turns) Take(ctx context.Context, name string, stranger bool) (done func(), err error) {
	return t.take(ctx, name, stranger)
}

// Waiting counts who waits.
func (t Turns) Waiting() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := 0
	for _, l := range []*line{&t.callers, &t.anybody} {
		for _, of := range l.waiting {
			n += len(of)
		}
	}
	return n
}

// Turns are those of a service.
func (s *Server) Turns() Turns { return Turns{s.turns} }

// What one address may have judged at once, and how many of one name may wait.
const (
	StrangersEach = strangersEach
	WaitingEach   = waitingEach
)
