package client

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

	"github.com/elicense/elicense/api"
)

// Document gives a document of a licence as it was sealed, by its SM3 in hexadecimal. Whoever relies on it hashes it.
func (c *Client) Document(ctx context.Context, identifier string, r Reading, digest string) ([]byte, error) {
	return c.content(ctx, Request{
		Method: http.MethodGet, Query: r.query(),
		Path: licencePath(identifier) + "/documents/" + url.PathEscape(digest),
	})
}

// Attach binds a document to the version of a licence that is in force, by an event of its own. To attach the same
// document once more changes nothing.
func (c *Client) Attach(
	ctx context.Context, identifier, kind string, document []byte, options ...Option,
) (*api.Attached, error) {
	return answered[api.Attached](ctx, c, Request{
		Method: http.MethodPost, Path: licencePath(identifier) + "/documents", Query: url.Values{"kind": {kind}},
		Body: Content{"application/octet-stream", document},
	}, options)
}

// Picture says how a page is drawn.
type Picture struct {
	Page int
	PNG  bool // else SVG
	DPI  int  // of a PNG; zero: as the service likes
}

// Page draws a page of a licence, for people to look at.
func (c *Client) Page(ctx context.Context, identifier string, r Reading, p Picture) ([]byte, error) {
	q := r.query()
	if p.PNG {
		q.Set("format", "png")
	}
	if p.DPI > 0 {
		q.Set("dpi", strconv.Itoa(p.DPI))
	}
	return c.content(ctx, Request{
		Method: http.MethodGet, Path: licencePath(identifier) + "/pages/" + strconv.Itoa(p.Page), Query: q,
	})
}

// Copy makes a purpose-bound copy, a sealed OFD.
func (c *Client) Copy(ctx context.Context, identifier string, r api.CopyRequest) ([]byte, error) {
	return c.content(ctx, Request{Method: http.MethodPost, Path: licencePath(identifier) + "/copies", Body: r})
}

// content is an answer that is a file.
func (c *Client) content(ctx context.Context, r Request) ([]byte, error) {
	var out []byte
	r.Into = &out
	err := c.Do(ctx, r)
	return out, err
}
