package client

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/elicense/elicense/api"
)

// Quality tells how a department's licences came into the vault from one day to another, both included.
func (c *Client) Quality(ctx context.Context, from, until time.Time) (*api.Quality, error) {
	return answered[api.Quality](ctx, c, Request{Method: http.MethodGet, Path: "/quality", Query: url.Values{
		"from": {from.Format(time.DateOnly)}, "until": {until.Format(time.DateOnly)},
	}}, nil)
}
