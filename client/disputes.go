package client

import (
	"context"
	"iter"
	"net/http"
	"net/url"

	"github.com/elicense/elicense/api"
)

// RaiseDispute says that elements of a licence are not right (准确性异议).
func (c *Client) RaiseDispute(ctx context.Context, r api.DisputeRequest, options ...Option) (*api.Dispute, error) {
	return write[api.Dispute](ctx, c, "/disputes", r, options)
}

// Dispute gives how a dispute stands: to who raised it, and to the department that issued the licence.
func (c *Client) Dispute(ctx context.Context, id string) (*api.Dispute, error) {
	return get[api.Dispute](ctx, c, disputePath(id))
}

// SettleDispute ends a dispute: the department has corrected the licence, or says why it is right.
func (c *Client) SettleDispute(
	ctx context.Context, id string, by api.Settlement, options ...Option,
) (*api.Dispute, error) {
	return write[api.Dispute](ctx, c, disputePath(id)+"/settlement", by, options)
}

// OpenDisputes walks through the disputes that a department has to settle, or that the caller has raised, the oldest
// first.
func (c *Client) OpenDisputes(ctx context.Context) iter.Seq2[*api.Dispute, error] {
	return c.disputes(ctx, "open")
}

// SettledDisputes walks through those that are settled, the newest first.
func (c *Client) SettledDisputes(ctx context.Context) iter.Seq2[*api.Dispute, error] {
	return c.disputes(ctx, "settled")
}

func (c *Client) disputes(ctx context.Context, state string) iter.Seq2[*api.Dispute, error] {
	return func(yield func(*api.Dispute, error) bool) {
		q := url.Values{"state": {state}}
		for {
			page, err := answered[api.Disputes](ctx, c, Request{
				Method: http.MethodGet, Path: "/disputes", Query: q,
			}, nil)
			if err != nil {
				yield(nil, err)
				return
			}
			for i := range page.Disputes {
				if !yield(&page.Disputes[i], nil) {
					return
				}
			}
			if page.Next == "" {
				return
			}
			q.Set("after", page.Next)
		}
	}
}

func disputePath(id string) string { return "/disputes/" + url.PathEscape(id) }
