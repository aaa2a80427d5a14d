package client

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

	"github.com/elicense/elicense/api"
)

// Bundle gives a licence with everything that proves it offline, as the verifier takes it.
func (c *Client) Bundle(ctx context.Context, identifier string, r Reading) ([]byte, error) {
	return c.content(ctx, Request{Method: http.MethodGet, Path: licencePath(identifier) + "/bundle", Query: r.query()})
}

// Disclose gives a proof that shows some elements of a licence and no others.
func (c *Client) Disclose(ctx context.Context, identifier string, r api.DisclosureRequest) ([]byte, error) {
	return c.content(ctx, Request{Method: http.MethodPost, Path: licencePath(identifier) + "/disclosures", Body: r})
}

// Proof gives the ledger's proof of an event by its number in the history; 0: of the last act in law.
func (c *Client) Proof(ctx context.Context, identifier string, r Reading, event int) ([]byte, error) {
	q := r.query()
	if event > 0 {
		q.Set("event", strconv.Itoa(event))
	}
	return c.content(ctx, Request{Method: http.MethodGet, Path: licencePath(identifier) + "/proof", Query: q})
}

// Checkpoint gives the newest signed checkpoint of the ledger.
func (c *Client) Checkpoint(ctx context.Context) ([]byte, error) {
	return c.content(ctx, Request{Method: http.MethodGet, Path: "/checkpoints/latest"})
}

// Growth gives the proof that the ledger only grew since it had a size.
func (c *Client) Growth(ctx context.Context, since uint64) ([]byte, error) {
	return c.content(ctx, Request{
		Method: http.MethodGet, Path: "/checkpoints/growth",
		Query: url.Values{"since": {strconv.FormatUint(since, 10)}},
	})
}
