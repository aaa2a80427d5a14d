package client

import (
	"context"
	"net/http"
	"net/url"

	"github.com/elicense/elicense/api"
)

// Trace finds everything that belongs to a message at the service: for auditors, supervisors and the operator.
func (c *Client) Trace(ctx context.Context, message string) (*api.MessageTrail, error) {
	return answered[api.MessageTrail](ctx, c, Request{
		Method: http.MethodGet, Path: "/messages/" + url.PathEscape(message),
	}, nil)
}
