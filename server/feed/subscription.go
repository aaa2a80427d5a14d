package feed

import (
	"context"
	"encoding/hex"
	"slices"
	"time"

	"github.com/emmansun/gmsm/sm3"

	"github.com/elicense/elicense/internal/engine"
)

// State is how a subscription stands.
type State string

// The states.
const (
	Active  State = "active"
	Failing State = "failing" // the receiver does not take the message at hand
	Paused  State = "paused"  // nothing is sent until its owner resumes it
)

// Subscription is where events are sent.
type Subscription struct {
	ID      string    `json:"id"`
	Owner   Owner     `json:"owner"`
	URL     string    `json:"url"`
	Kinds   []string  `json:"kinds,omitempty"`
	Types   []string  `json:"types,omitempty"`
	Created time.Time `json:"created"`
	State   State     `json:"state"`
	Begin   uint64    `json:"begin"` // as it was asked for
	Next    uint64    `json:"next"`  // first sequence number of the next message
	Number  uint64    `json:"number"`
	Failed  int       `json:"failed,omitempty"` // attempts since the receiver last took one
	Since   time.Time `json:"since,omitzero"`   // of the first of them
	Again   time.Time `json:"again,omitzero"`   // when it is tried again
	Reason  string    `json:"reason,omitempty"`
}

// Request asks for a subscription.
type Request struct {
	Owner Owner
	Key   string // of idempotency, scoped by owner
	URL   string
	Kinds []string
	Types []string
	From  *uint64 // nil: from now on

	Refuse error // why a new one is refused; nil: it is not
}

// CheckURL refuses an address that events may not be sent to.
func (h *Webhooks) CheckURL(url string) error {
	if !h.cfg.Allowed(url) {
		return ErrURL
	}
	return nil
}

// Subscribe makes a subscription. The same owner, key and request give the same one again, and true.
func (h *Webhooks) Subscribe(ctx context.Context, q Request) (*Subscription, bool, error) {
	if q.Owner.ID == "" || q.Key == "" {
		return nil, false, ErrConfig
	}
	if err := h.CheckURL(q.URL); err != nil {
		return nil, false, err
	}
	end, err := h.cfg.Source.End(ctx)
	if err != nil {
		return nil, false, err
	}
	begin := end
	if q.From != nil {
		begin = *q.From
	}
	if begin > end {
		return nil, false, ErrFuture
	}
	sum := sm3.Sum([]byte(q.Owner.ID + "\x00" + q.Key))
	fresh := Subscription{
		ID: hex.EncodeToString(sum[:idBytes]), Owner: q.Owner, URL: q.URL, Kinds: q.Kinds, Types: q.Types,
		Created: h.cfg.Now().UTC(), State: Active, Begin: begin, Next: begin,
	}
	var out *Subscription
	var again bool
	err = h.cfg.Engine.Update(ctx, func(w engine.Writer) error {
		list, err := h.all(w)
		if err != nil {
			return err
		}
		out, again, err = h.admit(list, fresh, q.From != nil)
		if again || err != nil {
			return err
		}
		if q.Refuse != nil {
			return q.Refuse
		}
		return h.put(w, out)
	})
	if err != nil {
		return nil, false, err
	}
	return out, again, nil
}

// admit finds the subscription that the same request made before, or lets a fresh one in.
func (h *Webhooks) admit(list []*Subscription, fresh Subscription, from bool) (*Subscription, bool, error) {
	own := 0
	for _, one := range list {
		if one.Owner.ID != fresh.Owner.ID {
			continue
		}
		own++
		if one.ID != fresh.ID {
			continue
		}
		if members := one.differs(&fresh, from); members != nil {
			return nil, false, &ReusedError{members}
		}
		return one, true, nil
	}
	if own >= h.cfg.Max {
		return nil, false, ErrTooMany
	}
	return &fresh, false, nil
}

// differs names the members of a request that are not as in the one which made the subscription.
func (s *Subscription) differs(fresh *Subscription, from bool) []string {
	var out []string
	for _, m := range []struct {
		name  string
		other bool
	}{
		{"url", s.URL != fresh.URL}, {"kinds", !slices.Equal(s.Kinds, fresh.Kinds)},
		{"types", !slices.Equal(s.Types, fresh.Types)}, {"from", from && s.Begin != fresh.Begin},
	} {
		if m.other {
			out = append(out, m.name)
		}
	}
	return out
}

// Subscription finds one of its owner; another's is not found.
func (h *Webhooks) Subscription(ctx context.Context, owner, id string) (*Subscription, error) {
	var s *Subscription
	err := h.cfg.Engine.View(ctx, func(r engine.Reader) (err error) {
		s, err = h.own(r, owner, id)
		return err
	})
	if err != nil {
		return nil, err
	}
	return s, nil
}

// Subscriptions lists those of an owner, the oldest first.
func (h *Webhooks) Subscriptions(ctx context.Context, owner string) ([]*Subscription, error) {
	list, err := h.every(ctx)
	list = slices.DeleteFunc(list, func(s *Subscription) bool { return s.Owner.ID != owner })
	slices.SortStableFunc(list, func(a, b *Subscription) int { return a.Created.Compare(b.Created) })
	return list, err
}

// Cancel removes a subscription with its log.
func (h *Webhooks) Cancel(ctx context.Context, owner, id string) error {
	return h.cfg.Engine.Update(ctx, func(w engine.Writer) error {
		s, err := h.own(w, owner, id)
		if err != nil {
			return err
		}
		keys, err := h.logKeys(w, s, 0)
		if err != nil {
			return err
		}
		for _, k := range append(keys, h.key('s', raw(id))) {
			if err := w.Delete(k); err != nil {
				return err
			}
		}
		return nil
	})
}

// Replay sends the feed again from a sequence number on, in new messages. It resumes a subscription that is paused.
func (h *Webhooks) Replay(ctx context.Context, owner, id string, from uint64) (*Subscription, error) {
	end, err := h.cfg.Source.End(ctx)
	if err != nil {
		return nil, err
	}
	if from > end {
		return nil, ErrFuture
	}
	return h.change(ctx, owner, id, func(s *Subscription) {
		s.Next = from
		s.wake()
	})
}

// Resume tries a receiver again at once.
func (h *Webhooks) Resume(ctx context.Context, owner, id string) (*Subscription, error) {
	return h.change(ctx, owner, id, (*Subscription).wake)
}

func (s *Subscription) wake() {
	s.State, s.Failed, s.Since, s.Again, s.Reason = Active, 0, time.Time{}, time.Time{}, ""
}

func (h *Webhooks) change(ctx context.Context, owner, id string, change func(*Subscription)) (*Subscription, error) {
	var s *Subscription
	err := h.cfg.Engine.Update(ctx, func(w engine.Writer) (err error) {
		if s, err = h.own(w, owner, id); err != nil {
			return err
		}
		change(s)
		return h.put(w, s)
	})
	if err != nil {
		return nil, err
	}
	return s, nil
}

// Backlog is how receivers stand.
type Backlog struct {
	Active, Failing, Paused int
	Behind                  uint64    // events that the slowest receiver has still to get; paused ones do not count
	Failed                  int       // attempts that failed since receivers last took a message
	Since                   time.Time // when the first of them failed; zero: none did
}

// Backlog tells how far receivers are behind.
func (h *Webhooks) Backlog(ctx context.Context) (Backlog, error) {
	list, err := h.every(ctx)
	if err != nil {
		return Backlog{}, err
	}
	end, err := h.cfg.Source.End(ctx)
	if err != nil {
		return Backlog{}, err
	}
	var out Backlog
	for _, s := range list {
		switch s.State {
		case Active:
			out.Active++
		case Failing:
			out.Failing++
		case Paused:
			out.Paused++
			continue
		}
		if s.Next < end {
			out.Behind = max(out.Behind, end-s.Next)
		}
		out.Failed += s.Failed
		if !s.Since.IsZero() && (out.Since.IsZero() || s.Since.Before(out.Since)) {
			out.Since = s.Since
		}
	}
	return out, nil
}
