package client

import (
	"context"
	"net/http"

	"github.com/elicense/elicense/api"
)

// Certify hands in what a conformance run found. The service holds it against its own records and signs.
func (c *Client) Certify(ctx context.Context, r *api.ConformanceReport) (*api.ConformancePass, error) {
	return answered[api.ConformancePass](ctx, c, Request{
		Method: http.MethodPost, Path: "/conformance-passes", Body: r,
	}, nil)
}
