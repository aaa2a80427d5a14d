package client

import (
	"context"
	"iter"
	"net/http"
	"net/url"

	"github.com/elicense/elicense/api"
)

// Upload hands a file over, for long work or a verification to name.
func (c *Client) Upload(ctx context.Context, content []byte, options ...Option) (*api.File, error) {
	return answered[api.File](ctx, c, Request{
		Method: http.MethodPost, Path: "/files", Body: Content{"application/octet-stream", content}, Write: true,
	}, options)
}

// File gives the content of a file of one's own, as the result of a job, if that is not larger than 64 MiB. Save takes
// any.
func (c *Client) File(ctx context.Context, id string) ([]byte, error) {
	return c.content(ctx, Request{Method: http.MethodGet, Path: "/files/" + url.PathEscape(id)})
}

// Convert has a ledger that was uploaded converted. The job's result is an api.Conversion.
func (c *Client) Convert(ctx context.Context, r api.ConversionRequest, options ...Option) (*api.Job, error) {
	return write[api.Job](ctx, c, "/conversions", r, options)
}

// UndoConversion takes a batch back. The job's result is an api.Undo.
func (c *Client) UndoConversion(
	ctx context.Context, batch string, r api.UndoRequest, options ...Option,
) (*api.Job, error) {
	return write[api.Job](ctx, c, "/conversions/"+url.PathEscape(batch)+"/undo", r, options)
}

// Job says how far a job has come.
func (c *Client) Job(ctx context.Context, id string) (*api.Job, error) {
	return get[api.Job](ctx, c, "/jobs/"+url.PathEscape(id))
}

// CancelJob ends a job at its next step. What was done stays done.
func (c *Client) CancelJob(ctx context.Context, id string, options ...Option) (*api.Job, error) {
	return write[api.Job](ctx, c, "/jobs/"+url.PathEscape(id)+"/cancellation", nil, options)
}

// Conversions walks through the batches of one's own department, the first begun first; for the operator through all.
func (c *Client) Conversions(ctx context.Context) iter.Seq2[*api.Batch, error] {
	q := url.Values{}
	return paged(ctx, c, "/conversions", q, func(p *api.Batches) ([]api.Batch, url.Values) {
		return p.Items, behind(q, p.Next)
	})
}

// Conversion gives the account of a batch, with its certificate once it is finished.
func (c *Client) Conversion(ctx context.Context, batch string) (*api.Batch, error) {
	return get[api.Batch](ctx, c, "/conversions/"+url.PathEscape(batch))
}

// SignOff opens a batch to look-ups, on the department's word that a sample was held against the paper.
func (c *Client) SignOff(ctx context.Context, batch string, r api.SignOff, options ...Option) (*api.Batch, error) {
	return write[api.Batch](ctx, c, "/conversions/"+url.PathEscape(batch)+"/sign-off", r, options)
}
