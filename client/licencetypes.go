package client

import (
	"context"
	"net/http"
	"net/url"

	"github.com/elicense/elicense/api"
)

// LicenceTypes gives the catalogue of licence types.
func (c *Client) LicenceTypes(ctx context.Context) (*api.TypeList, error) {
	return get[api.TypeList](ctx, c, "/licence-types")
}

// LicenceType gives a licence type with its elements.
func (c *Client) LicenceType(ctx context.Context, code string) (*api.LicenceType, error) {
	return get[api.LicenceType](ctx, c, typePath(code))
}

// PutLicenceType declares a licence type, or its next version, by its definition in YAML or JSON.
func (c *Client) PutLicenceType(ctx context.Context, code string, definition []byte) (*api.LicenceType, error) {
	return answered[api.LicenceType](ctx, c, Request{
		Method: http.MethodPut, Path: typePath(code), Body: Content{"application/yaml", definition},
	}, nil)
}

// ValidateLicenceType checks everything that PutLicenceType would, and changes nothing.
func (c *Client) ValidateLicenceType(ctx context.Context, code string, definition []byte) (*api.Validated, error) {
	return answered[api.Validated](ctx, c, Request{
		Method: http.MethodPut, Path: typePath(code), Body: Content{"application/yaml", definition},
	}, []Option{validateOnly})
}

func typePath(code string) string { return "/licence-types/" + url.PathEscape(code) }
