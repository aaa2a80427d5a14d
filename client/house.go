package client

import (
	"context"
	"iter"
	"net/http"
	"net/url"

	"github.com/elicense/elicense/api"
)

// Callers walks through those that are registered in the vault, with what they may do; for the operator.
func (c *Client) Callers(ctx context.Context) iter.Seq2[*api.CallerStanding, error] {
	q := url.Values{}
	return paged(ctx, c, "/callers", q, func(p *api.CallerList) ([]api.CallerStanding, url.Values) {
		return p.Callers, behind(q, p.Next)
	})
}

// PutCaller registers a caller, or changes what it may do; for the operator.
func (c *Client) PutCaller(ctx context.Context, id string, r api.CallerRights) (*api.CallerStanding, error) {
	return answered[api.CallerStanding](ctx, c, Request{
		Method: http.MethodPut, Path: "/callers/" + url.PathEscape(id), Body: r,
	}, nil)
}

// Certificates says when the vault's certificates end; for the operator.
func (c *Client) Certificates(ctx context.Context) (*api.CertificateList, error) {
	return get[api.CertificateList](ctx, c, "/certificates")
}

// Trust is what the vault's licences are verified with. Whoever takes it believes the service, and so its TLS.
func (c *Client) Trust(ctx context.Context) (*api.Trust, error) {
	return get[api.Trust](ctx, c, "/trust")
}

// DeclareComplete declares the paper stock of a type converted. To declare it once more changes nothing.
func (c *Client) DeclareComplete(ctx context.Context, typeCode string, r api.Completion) error {
	return c.Do(ctx, Request{Method: http.MethodPost, Path: typePath(typeCode) + "/completions", Body: r})
}
