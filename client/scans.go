package client

import (
	"context"
	"net/http"
	"net/url"

	"github.com/elicense/elicense/api"
)

// Scans are the scans of the papers behind a licence that was converted.
func (c *Client) Scans(ctx context.Context, identifier string, r Reading) (*api.PaperScans, error) {
	return answered[api.PaperScans](ctx, c, Request{
		Method: http.MethodGet, Path: licencePath(identifier) + "/scans", Query: r.query(),
	}, nil)
}

// Scan gives a scan by its SM3 in hexadecimal, to the department that issued. Whoever relies on it hashes it.
func (c *Client) Scan(ctx context.Context, identifier string, r Reading, digest string) ([]byte, error) {
	return c.content(ctx, Request{
		Method: http.MethodGet, Query: r.query(), Path: licencePath(identifier) + "/scans/" + url.PathEscape(digest),
	})
}

// Sample draws licences of a batch to be held against their papers.
func (c *Client) Sample(ctx context.Context, batch string, r api.SampleRequest) (*api.Sample, error) {
	return ask[api.Sample](ctx, c, "/conversions/"+url.PathEscape(batch)+"/samples", r)
}

// SampledScan gives a scan of a batch by its SM3 in hexadecimal.
func (c *Client) SampledScan(ctx context.Context, batch, digest string) ([]byte, error) {
	return c.content(ctx, Request{
		Method: http.MethodGet, Path: "/conversions/" + url.PathEscape(batch) + "/scans/" + url.PathEscape(digest),
	})
}
