package client

import (
	"context"
	"iter"

	"github.com/elicense/elicense/api"
)

// LookUp gives one page of what is found.
func (c *Client) LookUp(ctx context.Context, r api.LookupRequest) (*api.LookupAnswer, error) {
	return ask[api.LookupAnswer](ctx, c, "/lookups", r)
}

// LookUps walks through everything that is found, page by page. An error ends it, and stands alone.
func (c *Client) LookUps(ctx context.Context, r api.LookupRequest) iter.Seq2[*api.Licence, error] {
	return func(yield func(*api.Licence, error) bool) {
		for {
			page, err := c.LookUp(ctx, r)
			if err != nil {
				yield(nil, err)
				return
			}
			for i := range page.Licences {
				if !yield(&page.Licences[i], nil) {
					return
				}
			}
			if page.Next == "" {
				return
			}
			r.Cursor = page.Next
		}
	}
}
