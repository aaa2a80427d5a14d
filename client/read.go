package client

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/elicense/elicense/api"
)

// Reading says for what and by which right one licence is read. An applicant who is present is looked up for instead: a
// number never stands in an address.
type Reading struct {
	Purpose string
	Item    string
	Case    string
	Ground  string // issuer, consent, law or registered; "": issuer, or the holder's own
	Basis   string
}

func (r Reading) query() url.Values {
	q := url.Values{}
	for name, value := range map[string]string{
		"purpose": r.Purpose, "item": r.Item, "case": r.Case, "ground": r.Ground, "basis": r.Basis,
	} {
		if value != "" {
			q.Set(name, value)
		}
	}
	return q
}

// Licence gives a licence as it stands, with the elements asked for.
func (c *Client) Licence(ctx context.Context, identifier string, r Reading, fields ...string) (*api.Licence, error) {
	q := r.query()
	if len(fields) > 0 {
		q.Set("fields", strings.Join(fields, ","))
	}
	return answered[api.Licence](ctx, c, Request{Method: http.MethodGet, Path: licencePath(identifier), Query: q}, nil)
}

// History gives everything that happened to a licence.
func (c *Client) History(ctx context.Context, identifier string, r Reading) (*api.History, error) {
	return answered[api.History](ctx, c, Request{
		Method: http.MethodGet, Path: licencePath(identifier) + "/history", Query: r.query(),
	}, nil)
}

// ProvenHistory is History with each event as the ledger has it, and its proof.
func (c *Client) ProvenHistory(ctx context.Context, identifier string, r Reading) (*api.History, error) {
	q := r.query()
	q.Set("content", "true")
	return answered[api.History](ctx, c, Request{
		Method: http.MethodGet, Path: licencePath(identifier) + "/history", Query: q,
	}, nil)
}

// AsOf asks what was in force on a day, by what the vault knew then.
type AsOf struct {
	Day   string    // YYYY-MM-DD
	Known time.Time // zero: by what it knows now
}

// Moment gives what was in force on a day, with the elements asked for.
func (c *Client) Moment(
	ctx context.Context, identifier string, r Reading, at AsOf, fields ...string,
) (*api.Moment, error) {
	q := r.query()
	q.Set("day", at.Day)
	if !at.Known.IsZero() {
		q.Set("known", at.Known.Format(time.RFC3339Nano))
	}
	if len(fields) > 0 {
		q.Set("fields", strings.Join(fields, ","))
	}
	return answered[api.Moment](ctx, c, Request{
		Method: http.MethodGet, Path: licencePath(identifier) + "/as-of", Query: q,
	}, nil)
}

func licencePath(identifier string) string { return "/licences/" + url.PathEscape(identifier) }

// IssueBatch issues many licences, answered item by item: one that is refused does not hold up the others. Each item
// has its own key, under which the whole batch may be sent again.
func (c *Client) IssueBatch(ctx context.Context, r api.BatchRequest, options ...Option) (*api.BatchAnswer, error) {
	return answered[api.BatchAnswer](ctx, c, Request{Method: http.MethodPost, Path: "/batches", Body: r}, options)
}
