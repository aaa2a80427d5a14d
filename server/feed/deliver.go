package feed

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/internal/trace"
)

// poll is how often the feed is looked at for something new.
const poll = time.Second

// The first pause after a failure, which doubles up to the last; and how long a receiver may be down.
const (
	firstPause = 5 * time.Second
	lastPause  = time.Hour
	patience   = 7 * 24 * time.Hour
	fewTries   = 100 // a week has more of them, unless the clock jumped
)

// Headers of a message beside its signature.
const (
	HeaderSubscription = "Webhook-Subscription"
	HeaderNumber       = "Webhook-Number"
)

// Run sends until the context ends.
func (h *Webhooks) Run(ctx context.Context) error {
	var all sync.WaitGroup
	for range h.cfg.Workers {
		all.Go(func() { h.worker(ctx) })
	}
	all.Wait()
	return nil
}

func (h *Webhooks) worker(ctx context.Context) {
	for ctx.Err() == nil {
		if did, err := h.Step(ctx); did && err == nil {
			continue
		}
		pause := time.NewTimer(poll)
		select {
		case <-ctx.Done():
		case <-pause.C:
		}
		pause.Stop()
	}
}

// Step makes one attempt for one subscription whose time has come, if there is one. Trouble of the service's own, as a
// full disk, is an error and leaves everything for later.
func (h *Webhooks) Step(ctx context.Context) (bool, error) {
	list, err := h.every(ctx)
	if err != nil || len(list) == 0 {
		return false, err
	}
	end, err := h.cfg.Source.End(ctx)
	if err != nil {
		return false, err
	}
	now := h.cfg.Now()
	h.turns.order(list)
	for _, s := range list {
		if !s.due(now, end) {
			continue
		}
		if did, err := h.serve(ctx, s, end); did || err != nil {
			return did, err
		}
	}
	return false, nil
}

// due reports whether it is time for an attempt. None is put off for longer than the last pause: where it looks so, the
// clock was set back.
func (s *Subscription) due(now time.Time, end uint64) bool {
	wait := s.Again.Sub(now)
	return s.State != Paused && (wait <= 0 || wait > lastPause) && s.Next < end
}

// serve makes an attempt unless another is under way. One that was may have ended since the list was read.
func (h *Webhooks) serve(ctx context.Context, s *Subscription, end uint64) (bool, error) {
	if !h.turns.take(s) {
		return false, nil
	}
	defer h.turns.release(s)
	s, err := h.Subscription(ctx, s.Owner.ID, s.ID)
	if err != nil || !s.due(h.cfg.Now(), end) {
		return false, gone(err)
	}
	return h.attempt(ctx, s)
}

// attempt sends the message that follows, or passes what does not concern the subscription.
func (h *Webhooks) attempt(ctx context.Context, s *Subscription) (bool, error) {
	page, err := h.cfg.Source.Events(ctx, s.Owner, Query{
		From: s.Next, Limit: maxEvents, Kinds: s.Kinds, Types: s.Types,
	})
	switch {
	case err != nil && h.cfg.Source.Refused(err):
		return true, h.conclude(ctx, s, nil, outcome{reason: reasonRight})
	case err != nil:
		return false, err
	case len(page.Events) == 0 && page.Next == s.Next:
		return false, nil
	case len(page.Events) == 0:
		return true, h.pass(ctx, s, page.Next)
	}
	d := &Delivery{
		Number: s.Number + 1, From: s.Next, Next: page.Next, Events: len(page.Events), Created: h.cfg.Now().UTC(),
	}
	result, err := h.send(ctx, s, d, page)
	if err != nil {
		return false, err
	}
	return true, h.conclude(ctx, s, d, result)
}

// pass goes on without a message. Somebody may have moved the place meanwhile; then it stays where he put it.
func (h *Webhooks) pass(ctx context.Context, s *Subscription, next uint64) error {
	return h.cfg.Engine.Update(ctx, func(w engine.Writer) error {
		now, err := h.own(w, s.Owner.ID, s.ID)
		if err != nil || now.Next != s.Next {
			return gone(err)
		}
		now.Next = next
		return h.put(w, now)
	})
}

// gone takes a subscription that was cancelled meanwhile for done.
func gone(err error) error {
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	return err
}

// Reasons why an attempt failed.
const (
	reasonStatus     = "status"
	reasonTimeout    = "timeout"
	reasonConnection = "connection"
	reasonAddress    = "refused-address"
	reasonRight      = "no-right"
)

// outcome is how an attempt went.
type outcome struct {
	status int
	reason string // "": the receiver took it
}

// send makes one attempt. What goes wrong at the receiver is the outcome, what goes wrong here an error.
func (h *Webhooks) send(ctx context.Context, s *Subscription, d *Delivery, page *api.EventPage) (outcome, error) {
	if !h.cfg.Allowed(s.URL) {
		return outcome{reason: reasonAddress}, nil
	}
	body, err := json.Marshal(api.Webhook{
		Subscription: s.ID, Number: d.Number, Sent: h.cfg.Now().UTC(), Sandbox: h.cfg.Sandbox, Events: page.Events,
		Next: page.Next,
	})
	if err != nil {
		return outcome{}, fmt.Errorf("encoding webhook: %w", err)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL, bytes.NewReader(body))
	if err != nil {
		return outcome{reason: reasonAddress}, nil //nolint:nilerr // it is the receiver's
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set(HeaderSubscription, s.ID)
	r.Header.Set(HeaderNumber, strconv.FormatUint(d.Number, 10))
	if err := h.name(r, page.Events); err != nil {
		return outcome{}, err
	}
	if err := h.cfg.Sign(r, body); err != nil {
		return outcome{}, fmt.Errorf("signing webhook: %w", err)
	}
	res, err := h.cfg.Client.Do(r)
	if err != nil {
		return outcome{reason: reasonOf(err)}, ctx.Err()
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, 64<<10)) // so that the connection can be used again
	_ = res.Body.Close()
	if res.StatusCode < 200 || res.StatusCode > 299 {
		return outcome{res.StatusCode, reasonStatus}, nil
	}
	return outcome{status: res.StatusCode}, nil
}

// name gives a message its id: that of the message which caused all its events, or one of its own. Each event names its
// own in the content, which is signed.
func (h *Webhooks) name(r *http.Request, events []api.Event) error {
	id := events[0].Message
	for i := range events {
		if events[i].Message != id {
			id = ""
		}
	}
	var err error
	if id == "" {
		if id, err = trace.New(h.cfg.Rand); err != nil {
			return err
		}
	}
	value, err := trace.Value(h.cfg.Rand, id)
	r.Header.Set(trace.Field, value)
	return err
}

func reasonOf(err error) string {
	var slow interface{ Timeout() bool }
	switch {
	case errors.Is(err, ErrURL):
		return reasonAddress
	case errors.As(err, &slow) && slow.Timeout():
		return reasonTimeout
	}
	return reasonConnection
}

// conclude writes down how an attempt went. A crash before leaves the message to be sent again under the same number.
func (h *Webhooks) conclude(ctx context.Context, s *Subscription, d *Delivery, o outcome) error {
	at := h.cfg.Now().UTC()
	return h.cfg.Engine.Update(context.WithoutCancel(ctx), func(w engine.Writer) error {
		now, err := h.own(w, s.Owner.ID, s.ID)
		if err != nil {
			return gone(err)
		}
		if d != nil {
			if err := h.log(w, now, *d, o, at); err != nil {
				return err
			}
		}
		moved := now.Next != s.Next // a replay came in between
		if o.reason != "" {
			if !moved {
				now.fail(at, o.reason)
			}
			return h.put(w, now)
		}
		now.Number = d.Number
		if !moved {
			now.Next = d.Next
		}
		now.wake()
		return h.put(w, now)
	})
}

// fail puts a subscription off, longer each time, and pauses it when the receiver was down too long.
func (s *Subscription) fail(at time.Time, reason string) {
	s.Failed++
	if s.Since.IsZero() {
		s.Since = at
	}
	s.State, s.Reason, s.Again = Failing, reason, at.Add(pauseAfter(s.Failed))
	if reason == reasonRight || at.Sub(s.Since) >= patience && s.Failed > fewTries {
		s.State, s.Again = Paused, time.Time{}
	}
}

func pauseAfter(failed int) time.Duration {
	pause := firstPause
	for ; failed > 1 && pause < lastPause; failed-- {
		pause *= 2
	}
	return min(pause, lastPause)
}

// log adds an attempt to the log of its message.
func (h *Webhooks) log(w engine.Writer, s *Subscription, d Delivery, o outcome, at time.Time) error {
	former, err := h.getDelivery(w, s, d.Number)
	if err != nil {
		return err
	}
	if former != nil {
		d.Created, d.Attempts = former.Created, former.Attempts
	}
	d.Attempts++
	d.Status, d.Reason, d.Last = o.status, o.reason, at
	if o.reason == "" {
		d.Taken = at
	}
	return h.putDelivery(w, s, &d)
}

// turns give each subscription a turn, whatever the others have to be sent, and leave workers for other owners than
// the one whose receivers are slow.
type turns struct {
	each int // workers that serve one owner at a time

	mu     sync.Mutex
	owners map[string]int    // guarded by mu; workers at work for each
	busy   map[string]bool   // guarded by mu; subscriptions that are served now
	served map[string]uint64 // guarded by mu; when each had its last turn
	turn   uint64            // guarded by mu
}

func newTurns(workers int) *turns {
	return &turns{
		each: max(1, workers/2), owners: map[string]int{}, busy: map[string]bool{}, served: map[string]uint64{},
	}
}

// order puts first who has waited longest, and forgets subscriptions that are no more.
func (t *turns) order(list []*Subscription) {
	t.mu.Lock()
	defer t.mu.Unlock()
	there := make(map[string]uint64, len(list))
	for _, s := range list {
		if at, ok := t.served[s.ID]; ok {
			there[s.ID] = at
		}
	}
	t.served = there
	slices.SortStableFunc(list, func(a, b *Subscription) int { return cmp.Compare(there[a.ID], there[b.ID]) })
}

func (t *turns) take(s *Subscription) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.busy[s.ID] || t.owners[s.Owner.ID] >= t.each {
		return false
	}
	t.turn++
	t.busy[s.ID], t.served[s.ID] = true, t.turn
	t.owners[s.Owner.ID]++
	return true
}

func (t *turns) release(s *Subscription) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.busy, s.ID)
	if t.owners[s.Owner.ID]--; t.owners[s.Owner.ID] == 0 {
		delete(t.owners, s.Owner.ID)
	}
}
