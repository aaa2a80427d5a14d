package client

import (
	"context"
	"net/http"
	"net/url"

	"github.com/elicense/elicense/api"
)

// Issue issues the electronic licence of a paper that is printed.
func (c *Client) Issue(ctx context.Context, r api.IssueRequest, options ...Option) (*api.Written, error) {
	return write[api.Written](ctx, c, "/licences", r, options)
}

// ValidateIssue checks everything that Issue would, and changes nothing.
func (c *Client) ValidateIssue(ctx context.Context, r api.IssueRequest, options ...Option) (*api.Validated, error) {
	return write[api.Validated](ctx, c, "/licences", r, append(options, validateOnly))
}

func validateOnly(c *call) { c.query.Set("validate", "only") }

// Reserve reserves a number; the paper is printed, and then Confirm issues the licence.
func (c *Client) Reserve(ctx context.Context, r api.IssueRequest, options ...Option) (*api.Written, error) {
	return write[api.Written](ctx, c, "/reservations", r, options)
}

// Confirm issues the licence of a reserved number.
func (c *Client) Confirm(
	ctx context.Context, identifier string, r api.Confirmation, options ...Option,
) (*api.Written, error) {
	return write[api.Written](ctx, c, "/reservations/"+url.PathEscape(identifier)+"/confirmation", r, options)
}

// ValidateConfirm checks everything that Confirm would, and changes nothing.
func (c *Client) ValidateConfirm(
	ctx context.Context, identifier string, r api.Confirmation, options ...Option,
) (*api.Validated, error) {
	return write[api.Validated](ctx, c, "/reservations/"+url.PathEscape(identifier)+"/confirmation", r,
		append(options, validateOnly))
}

// Cancel voids a reserved number for ever.
func (c *Client) Cancel(
	ctx context.Context, identifier string, r api.Cancellation, options ...Option,
) (*api.Written, error) {
	return write[api.Written](ctx, c, "/reservations/"+url.PathEscape(identifier)+"/cancellation", r, options)
}

// ValidateCancel checks everything that Cancel would, and changes nothing.
func (c *Client) ValidateCancel(
	ctx context.Context, identifier string, r api.Cancellation, options ...Option,
) (*api.Validated, error) {
	return write[api.Validated](ctx, c, "/reservations/"+url.PathEscape(identifier)+"/cancellation", r,
		append(options, validateOnly))
}

// Act is what can be done to a licence that was issued.
type Act string

// The acts.
const (
	ActChange  Act = "changes"     // 变更
	ActRenew   Act = "renewals"    // 延续
	ActReissue Act = "reissues"    // 补发
	ActSuspend Act = "suspensions" // 暂停
	ActResume  Act = "resumptions" // 恢复
	ActRevoke  Act = "revocations" // 注销、吊销、撤销
)

// Perform does something to a licence. With WithVersion it is refused unless the licence is as the caller saw it.
func (c *Client) Perform(
	ctx context.Context, act Act, identifier string, r api.ActRequest, options ...Option,
) (*api.Written, error) {
	return write[api.Written](ctx, c, "/licences/"+url.PathEscape(identifier)+"/"+string(act), r, options)
}

// ValidateAct checks everything that Perform would, and changes nothing.
func (c *Client) ValidateAct(
	ctx context.Context, act Act, identifier string, r api.ActRequest, options ...Option,
) (*api.Validated, error) {
	return write[api.Validated](ctx, c, "/licences/"+url.PathEscape(identifier)+"/"+string(act), r,
		append(options, validateOnly))
}

// Reservations are the numbers that were taken for papers and neither confirmed nor voided.
func (c *Client) Reservations(ctx context.Context) (*api.Reservations, error) {
	return get[api.Reservations](ctx, c, "/reservations")
}

// Compare holds what an applicant says against the vault.
func (c *Client) Compare(ctx context.Context, r api.ComparisonRequest) (*api.ComparisonAnswer, error) {
	return ask[api.ComparisonAnswer](ctx, c, "/comparisons", r)
}

func get[T any](ctx context.Context, c *Client, path string) (*T, error) {
	return answered[T](ctx, c, Request{Method: http.MethodGet, Path: path}, nil)
}

// ask is a question that travels in a body, since it names persons.
func ask[T any](ctx context.Context, c *Client, path string, body any) (*T, error) {
	return answered[T](ctx, c, Request{Method: http.MethodPost, Path: path, Body: body}, nil)
}

func write[T any](ctx context.Context, c *Client, path string, body any, options []Option) (*T, error) {
	return answered[T](ctx, c, Request{Method: http.MethodPost, Path: path, Body: body, Write: true}, options)
}

func answered[T any](ctx context.Context, c *Client, r Request, options []Option) (*T, error) {
	out := new(T)
	r.Into = out
	if err := c.Do(ctx, r, options...); err != nil {
		return nil, err
	}
	return out, nil
}
