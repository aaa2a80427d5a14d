package client

import (
	"context"
	"net/url"

	"github.com/elicense/elicense/api"
)

// Verify has the documents of a case judged (核验). The verdict is kept with its evidence until it expires, for
// Verification and Rejudge; reports and evidence are fetched with File.
func (c *Client) Verify(
	ctx context.Context, r api.VerificationRequest, options ...Option,
) (*api.Verification, error) {
	return write[api.Verification](ctx, c, "/verifications", r, options)
}

// Verification gives a verdict that is kept.
func (c *Client) Verification(ctx context.Context, id string) (*api.Verification, error) {
	return get[api.Verification](ctx, c, verificationPath(id))
}

// Rejudge judges the evidence of a verdict by the rules and the knowledge of now, and tells what has changed.
func (c *Client) Rejudge(ctx context.Context, id string, options ...Option) (*api.Rejudgement, error) {
	return write[api.Rejudgement](ctx, c, verificationPath(id)+"/rejudgements", nil, options)
}

// VerifyDigests tells of documents whether they are the vault's own, by their SM3 alone.
func (c *Client) VerifyDigests(ctx context.Context, r api.DigestRequest) (*api.DigestAnswer, error) {
	return ask[api.DigestAnswer](ctx, c, "/verifications/digests", r)
}

func verificationPath(id string) string { return "/verifications/" + url.PathEscape(id) }
