package provider

import (
	"strings"
	"time"

	"github.com/emmansun/gmsm/sm3"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

// sound reports whether a client can be one.
func (c *Client) sound() bool {
	return c.ID != "" && len(c.Redirects) > 0 && (c.Secret == nil || len(c.Secret) == sm3.Size)
}

// client is a Client as the library asks about it.
type client struct {
	*Client

	cfg *Config
}

var _ op.Client = (*client)(nil)

// GetID implements op.Client, as all below do.
func (c *client) GetID() string { return c.ID }

// RedirectURIs are compared as a whole.
func (c *client) RedirectURIs() []string { return c.Redirects }

// PostLogoutRedirectURIs are none: there is no session to end.
func (c *client) PostLogoutRedirectURIs() []string { return nil }

// ApplicationType is a web application if it keeps a secret; else native, for which loopback addresses are allowed.
func (c *client) ApplicationType() op.ApplicationType {
	if c.Secret != nil {
		return op.ApplicationTypeWeb
	}
	return op.ApplicationTypeNative
}

// AuthMethod is by secret in the header, or by PKCE alone.
func (c *client) AuthMethod() oidc.AuthMethod {
	if c.Secret != nil {
		return oidc.AuthMethodBasic
	}
	return oidc.AuthMethodNone
}

// ResponseTypes is the code flow alone.
func (c *client) ResponseTypes() []oidc.ResponseType {
	return []oidc.ResponseType{oidc.ResponseTypeCode}
}

// GrantTypes is the code flow alone.
func (c *client) GrantTypes() []oidc.GrantType { return []oidc.GrantType{oidc.GrantTypeCode} }

// LoginURL is the page where a login goes on.
func (c *client) LoginURL(id string) string {
	return strings.TrimSuffix(c.cfg.Issuer, "/") + "/login?id=" + id
}

// AccessTokenType is a JWT, which this service can check by itself.
func (c *client) AccessTokenType() op.AccessTokenType { return op.AccessTokenTypeJWT }

// IDTokenLifetime is that of all tokens.
func (c *client) IDTokenLifetime() time.Duration { return c.cfg.Lifetime }

// DevMode would relax the rules for addresses.
func (c *client) DevMode() bool { return false }

// RestrictAdditionalIdTokenScopes lets no scope add to ID tokens.
func (c *client) RestrictAdditionalIdTokenScopes() func([]string) []string { //nolint:revive,staticcheck // the library's name
	return func([]string) []string { return nil }
}

// RestrictAdditionalAccessTokenScopes lets the scopes that were granted add to access tokens.
func (c *client) RestrictAdditionalAccessTokenScopes() func([]string) []string {
	return func(scopes []string) []string { return scopes }
}

// IsScopeAllowed decides about scopes beside those of the protocol.
func (c *client) IsScopeAllowed(scope string) bool { return scope == ScopeLicences && c.MayAsk }

// IDTokenUserinfoClaimsAssertion would put what is known of a user into the ID token.
func (c *client) IDTokenUserinfoClaimsAssertion() bool { return false }

// ClockSkew is none.
func (c *client) ClockSkew() time.Duration { return 0 }
