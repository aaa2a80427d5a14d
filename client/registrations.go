package client

import (
	"context"
	"iter"
	"net/http"
	"net/url"

	"github.com/elicense/elicense/api"
)

// PutRegistration registers a system, or changes its registration; for the operator.
func (c *Client) PutRegistration(
	ctx context.Context, id string, r api.Registration,
) (*api.RegistrationStanding, error) {
	return answered[api.RegistrationStanding](ctx, c, Request{
		Method: http.MethodPut, Path: "/registrations/" + url.PathEscape(id), Body: r,
	}, nil)
}

// RevokeRegistration ends a registration, or the credential with a digest.
func (c *Client) RevokeRegistration(ctx context.Context, id, digest string) (*api.RegistrationStanding, error) {
	return answered[api.RegistrationStanding](ctx, c, Request{
		Method: http.MethodPost, Path: "/registrations/" + url.PathEscape(id) + "/revocation",
		Body: api.RegistrationRevocation{Credential: digest},
	}, nil)
}

// Registrations walks through the registrations in the order of their ids.
func (c *Client) Registrations(ctx context.Context) iter.Seq2[*api.RegistrationStanding, error] {
	return func(yield func(*api.RegistrationStanding, error) bool) {
		q := url.Values{}
		for {
			page, err := answered[api.RegistrationList](ctx, c, Request{
				Method: http.MethodGet, Path: "/registrations", Query: q,
			}, nil)
			if err != nil {
				yield(nil, err)
				return
			}
			for i := range page.Registrations {
				if !yield(&page.Registrations[i], nil) {
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
