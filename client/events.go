package client

import (
	"context"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/elicense/elicense/api"
)

// Follow says which events are wanted.
type Follow struct {
	From    uint64   // first sequence number
	Kinds   []string // all if none
	Types   []string // type codes; all that the caller may see if none
	Content bool     // with the events as committed to in the ledger
	Limit   int      // events in an answer; zero: 100
}

// Events gives one page of the feed.
func (c *Client) Events(ctx context.Context, f Follow) (*api.EventPage, error) {
	q := url.Values{"from": {strconv.FormatUint(f.From, 10)}}
	if len(f.Kinds) > 0 {
		q.Set("kinds", strings.Join(f.Kinds, ","))
	}
	if len(f.Types) > 0 {
		q.Set("types", strings.Join(f.Types, ","))
	}
	if f.Content {
		q.Set("content", "true")
	}
	if f.Limit > 0 {
		q.Set("limit", strconv.Itoa(f.Limit))
	}
	return answered[api.EventPage](ctx, c, Request{Method: http.MethodGet, Path: "/events", Query: q}, nil)
}

// AllEvents walks through the feed to where it ends now, in the order of the ledger: what happened to one licence is in
// order by Event.Number. An event of kind batch-opened says from where to read again. An error ends it, and stands
// alone; whoever comes back goes on behind the last sequence number that he has dealt with.
func (c *Client) AllEvents(ctx context.Context, f Follow) iter.Seq2[*api.Event, error] {
	return func(yield func(*api.Event, error) bool) {
		for {
			page, err := c.Events(ctx, f)
			if err != nil {
				yield(nil, err)
				return
			}
			for i := range page.Events {
				if !yield(&page.Events[i], nil) {
					return
				}
			}
			if page.End || page.Next <= f.From {
				return
			}
			f.From = page.Next
		}
	}
}
