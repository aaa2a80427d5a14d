package client

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/elicense/elicense/api"
)

// PublicState asks what everybody may by the token of a QR code: whether the licence is in force. It is given as it
// came, since that there is nothing else in it may matter too.
func (c *Client) PublicState(ctx context.Context, token string) ([]byte, error) {
	return c.content(ctx, Request{Method: http.MethodGet, Path: "/public/licences/" + url.PathEscape(token)})
}

// PublicPage gives the page that a phone is shown for a QR code.
func (c *Client) PublicPage(ctx context.Context, token string) ([]byte, error) {
	return c.content(ctx, Request{
		Method: http.MethodGet, Path: "/" + url.PathEscape(token), root: strings.TrimSuffix(api.PagePath, "/"),
		accept: "text/html",
	})
}
