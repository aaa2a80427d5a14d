package client

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/internal/trace"
)

// Sync carries a department's licences from the vault where they are kept into another, by the feed of events (A75).
// It remembers nothing: whoever runs it keeps the sequence number that Step answers and begins there the next time.
// What was carried already is carried again without harm.
type Sync struct {
	From *Client // the department's, of the vault that is followed
	To   *Client // the department's, of the vault that takes over
}

// SyncStep is what one step did.
type SyncStep struct {
	Next      uint64     `json:"next"` // where to go on
	End       bool       `json:"end"`  // there is nothing behind Next now
	Licences  int        `json:"licences"`
	Events    int        `json:"events"` // that were new to the other vault
	Conflicts []Conflict `json:"conflicts,omitempty"`
}

// Conflict is a licence that the other vault refused, and why. It is not tried again before something else happens to
// it: somebody must settle it.
type Conflict struct {
	Sequence   uint64 `json:"sequence"`
	Identifier string `json:"identifier"`
	Code       string `json:"code"`
	Zh         string `json:"zh"`
	En         string `json:"en"`
}

const (
	syncPage = 100

	codeGap     = "import-gap"
	batchOpened = "batch-opened"
	notices     = "dispute-" // of what is no event of a licence
)

// Step carries what one page of the feed names. An error leaves the place where it was.
func (s *Sync) Step(ctx context.Context, from uint64) (*SyncStep, error) {
	page, err := s.page(ctx, from)
	if err != nil {
		return nil, err
	}
	out := &SyncStep{Next: page.Next, End: page.End}
	for i := range page.Events {
		switch e := &page.Events[i]; {
		case e.Kind == batchOpened:
			err = s.opened(ctx, e, out)
		case !strings.HasPrefix(e.Kind, notices): // disputes are settled where they were raised
			err = s.licences(ctx, page.Events[i:i+1], out)
		}
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (s *Sync) page(ctx context.Context, from uint64) (*api.EventPage, error) {
	page := new(api.EventPage)
	return page, s.From.Do(ctx, Request{
		Method: http.MethodGet, Path: "/events", Into: page,
		Query: url.Values{"from": {strconv.FormatUint(from, 10)}, "limit": {strconv.Itoa(syncPage)}},
	})
}

// opened carries what a conversion brought: its events stand further up, where they could not be carried yet.
func (s *Sync) opened(ctx context.Context, opening *api.Event, out *SyncStep) error {
	for at := opening.From; at < opening.Sequence; {
		page, err := s.page(ctx, at)
		if err != nil {
			return err
		}
		var brought []api.Event
		for _, e := range page.Events {
			if e.Batch == opening.Batch && e.Kind != batchOpened && e.Sequence < opening.Sequence {
				brought = append(brought, e)
			}
		}
		if err := s.licences(ctx, brought, out); err != nil {
			return err
		}
		if page.Next == at {
			return nil
		}
		at = page.Next
	}
	return nil
}

func (s *Sync) licences(ctx context.Context, events []api.Event, out *SyncStep) error {
	for i := range events {
		e := &events[i]
		added, err := s.licence(ctx, e.Identifier, max(e.Number, 1))
		if CodeOf(err) == codeGap {
			added, err = s.licence(ctx, e.Identifier, 1)
		}
		var refused *ProblemError
		switch {
		case errors.As(err, &refused) && refused.Status < http.StatusInternalServerError &&
			refused.Status != http.StatusUnauthorized && refused.Status != http.StatusTooManyRequests:
			out.Conflicts = append(out.Conflicts, Conflict{
				Sequence: e.Sequence, Identifier: e.Identifier,
				Code: refused.Code, Zh: refused.Title, En: refused.Detail,
			})
		case err != nil:
			return err
		case added > 0:
			out.Licences++
			out.Events += added
		}
	}
	return nil
}

// licence carries a licence from one of its events on. One that may not be told yet comes with a later event.
func (s *Sync) licence(ctx context.Context, identifier string, from int) (added int, err error) {
	message, err := trace.New(s.From.cfg.Rand) // of both halves, so that one vault's log leads to the other's
	if err != nil {
		return 0, err
	}
	for {
		var t api.Transfer
		err := s.From.Do(ctx, Request{
			Method: http.MethodPost, Path: "/transfers", Into: &t,
			Body: api.TransferRequest{Identifier: identifier, From: from},
		}, WithMessage(message))
		var refused *ProblemError
		if errors.As(err, &refused) && refused.Status == http.StatusNotFound {
			return added, nil
		}
		if err != nil {
			return added, err
		}
		if t.Next == from {
			return added, nil
		}
		kept, err := s.apart(ctx, &t, from)
		if err != nil {
			return added, err
		}
		var done api.Imported
		err = s.To.Do(ctx, Request{
			Method: http.MethodPost, Path: "/imports", Into: &done, Write: true,
			Body: api.ImportRequest{Content: t.Content, Kept: kept},
		}, WithMessage(message))
		if err != nil {
			return added, err
		}
		added += done.Added
		if from = t.Next; !t.More {
			return added, nil
		}
	}
}

// apart carries the contents that are too large to come along, one by one.
func (s *Sync) apart(ctx context.Context, t *api.Transfer, from int) ([]api.KeptContent, error) {
	var list []api.KeptContent
	name := url.PathEscape(t.Identifier)
	for _, digest := range t.Apart {
		content, err := s.From.content(ctx, Request{
			Method: http.MethodGet, Path: "/transfers/" + name + "/contents/" + url.PathEscape(digest),
			Query: url.Values{"from": {strconv.Itoa(from)}},
		})
		if err != nil {
			return nil, err
		}
		var kept api.KeptContent
		err = s.To.Do(ctx, Request{
			Method: http.MethodPost, Path: "/imports/" + name + "/contents", Into: &kept,
			Body: Content{"application/octet-stream", content},
		})
		if err != nil {
			return nil, err
		}
		list = append(list, kept)
	}
	return list, nil
}
