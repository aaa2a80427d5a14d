package client

import (
	"context"
	"net/http"

	"github.com/elicense/elicense/api"
)

// Document gives a document of a licence as it was sealed; digest is its SM3, as look-ups name it.
func (c *Client) Document(ctx context.Context, identifier, digest string, r Reading) ([]byte, error) {
	return c.raw(ctx, Request{
		Method: http.MethodGet, Path: licencePath(identifier) + "/documents/" + digest, Query: r.query(),
	})
}

// Bundle gives the licence with everything that proves it offline, as the judge (elicense verify) takes it.
func (c *Client) Bundle(ctx context.Context, identifier string, r Reading) ([]byte, error) {
	return c.raw(ctx, Request{Method: http.MethodGet, Path: licencePath(identifier) + "/bundle", Query: r.query()})
}

// Copy has a purpose-bound copy (加注件) made: a sealed OFD for one reader and purpose, until a day.
func (c *Client) Copy(ctx context.Context, identifier string, r api.CopyRequest) ([]byte, error) {
	return c.raw(ctx, Request{Method: http.MethodPost, Path: licencePath(identifier) + "/copies", Body: r})
}

func (c *Client) raw(ctx context.Context, r Request) ([]byte, error) {
	var out Raw
	r.Into = &out
	if err := c.Do(ctx, r); err != nil {
		return nil, err
	}
	return out, nil
}
