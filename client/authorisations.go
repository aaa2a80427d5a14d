package client

import (
	"context"
	"net/http"
	"net/url"

	"github.com/elicense/elicense/api"
)

// Authorise lets a department see the licences of the holder who calls.
func (c *Client) Authorise(
	ctx context.Context, r api.AuthorisationRequest, options ...Option,
) (*api.Authorisation, error) {
	return write[api.Authorisation](ctx, c, "/authorisations", r, options)
}

// Authorisations are what the holder who calls has consented to, the newest first.
func (c *Client) Authorisations(ctx context.Context, why api.Asking) (*api.Authorisations, error) {
	q := url.Values{"purpose": {why.Purpose}}
	if why.Case != "" {
		q.Set("case", why.Case)
	}
	return answered[api.Authorisations](ctx, c, Request{Method: http.MethodGet, Path: "/authorisations", Query: q}, nil)
}

// Withdraw takes a consent of the holder who calls back. Once it is, it stays so.
func (c *Client) Withdraw(ctx context.Context, id string, why api.Asking) error {
	return c.Do(ctx, Request{
		Method: http.MethodPost, Path: "/authorisations/" + url.PathEscape(id) + "/withdrawal", Body: why,
	})
}

// Grounds says on what the caller may ask.
func (c *Client) Grounds(ctx context.Context) (*api.Grounds, error) {
	return get[api.Grounds](ctx, c, "/grounds")
}
