package client

import (
	"context"
	"iter"
	"net/http"
	"net/url"
	"strconv"

	"github.com/elicense/elicense/api"
)

// paged walks through the pages of a list. An error ends the walk, and stands alone.
func paged[P, T any](
	ctx context.Context, c *Client, path string, q url.Values, open func(*P) ([]T, url.Values),
) iter.Seq2[*T, error] {
	return func(yield func(*T, error) bool) {
		for q != nil {
			page, err := answered[P](ctx, c, Request{Method: http.MethodGet, Path: path, Query: q}, nil)
			if err != nil {
				yield(nil, err)
				return
			}
			list, next := open(page)
			for i := range list {
				if !yield(&list[i], nil) {
					return
				}
			}
			q = next
		}
	}
}

// behind is the query of the page that begins at a mark; nil: there is none.
func behind(q url.Values, mark string) url.Values {
	const after = "after"
	if mark == "" {
		return nil
	}
	next := url.Values{after: {mark}}
	for k, v := range q {
		if k != after {
			next[k] = v
		}
	}
	return next
}

// Numbers walks through what became of every number that the vault allocated for a type of one's own department.
func (c *Client) Numbers(ctx context.Context, typeCode string) iter.Seq2[*api.NumberUse, error] {
	q := url.Values{"type": {typeCode}}
	return paged(ctx, c, "/numbers", q, func(p *api.NumberList) ([]api.NumberUse, url.Values) {
		return p.Numbers, behind(q, p.Next)
	})
}

// SignedVersions walks through every version that a certificate has signed, named by its SM3 in hexadecimal; for the
// operator, when a key was stolen.
func (c *Client) SignedVersions(ctx context.Context, certificate string) iter.Seq2[*api.SignedVersion, error] {
	q := url.Values{"certificate": {certificate}}
	return paged(ctx, c, "/signed-versions", q, func(p *api.SignedVersions) ([]api.SignedVersion, url.Values) {
		return p.Versions, behind(q, p.Next)
	})
}

// AuditEntries walks through the audit from an entry on, or with -n from the last n on (at most 1000), to what is the
// end when it comes there; for auditors and the operator. To read a page makes an entry: these are not waited for.
func (c *Client) AuditEntries(ctx context.Context, from int) iter.Seq2[*api.AuditEntry, error] {
	const limit = 1000
	q := url.Values{"limit": {strconv.Itoa(limit)}}
	if from < 0 {
		q.Set("last", strconv.Itoa(-from))
	} else {
		q.Set("from", strconv.Itoa(max(from, 1)))
	}
	return paged(ctx, c, "/audit-entries", q, func(p *api.AuditPage) ([]api.AuditEntry, url.Values) {
		if len(p.Entries) < limit {
			return p.Entries, nil
		}
		return p.Entries, url.Values{"from": {strconv.Itoa(p.Next)}, "limit": {strconv.Itoa(limit)}}
	})
}
