package server_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/fixtures"
)

// TestKeyOfAnotherRequest: who uses a key for something else is told what of his request is not as it was, and nothing of
// what stood there.
func TestKeyOfAnotherRequest(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	one, two := w.issue("one"), w.issue("two")
	post := func(key, path string, body any) reply {
		return w.call(fixtures.Caller(0), http.MethodPost, path, body, api.HeaderIdempotencyKey, key)
	}
	suspend := func(of api.Written, reason string) reply {
		return post("act", "/licences/"+of.Identifier+"/suspensions", api.ActRequest{Reason: reason, Basis: "依据"})
	}
	require.Equal(t, http.StatusOK, suspend(one, "第一次的理由").status)
	q := api.ConversionRequest{
		Type: foodRequest(t).Type, File: w.upload(fixtures.Caller(0), ledger(t, 1, 0)), FileName: "台账.csv", DryRun: true,
	}
	require.Equal(t, http.StatusAccepted, post("job", "/conversions?item=0101", q).status)
	q.DryRun = false
	made := post("real", "/conversions", q)
	q.DryRun = true
	w.work()
	batch := resultOf[api.Conversion](t, w.jobOf(made)).Batch
	q.FileName, q.Expected = "另一台账.csv", 9
	hook := w.newReceiver().URL
	sub := api.SubscriptionRequest{URL: hook + "/hook"}
	require.Equal(t, http.StatusCreated, post("hook", "/subscriptions", sub).status)
	for name, c := range map[string]struct {
		r             reply
		code, keyword string
	}{
		"licence":   {suspend(two, "第一次的理由"), "idempotency-key-reused", "differs licence"},
		"content":   {suspend(one, "第二次的理由"), "idempotency-key-reused", "differs content"},
		"operation": {post("act", "/licences", foodRequest(t)), "idempotency-key-reused", "differs operation"},
		"of a job": {
			post("job", "/conversions", q), "idempotency-key-of-another-request",
			"differs query.item /expected /fileName",
		},
		"job of another kind": {
			post("job", "/conversions/"+batch+"/undo", api.UndoRequest{Reason: "x"}), "idempotency-key-of-another-request",
			"differs operation",
		},
		"subscription": {
			post("hook", "/subscriptions", api.SubscriptionRequest{URL: sub.URL + "s", Kinds: []string{"issued"}}),
			"idempotency-key-of-another-request", "differs /url /kinds",
		},
	} {
		refused(t, c.r, http.StatusUnprocessableEntity, c.code)
		d := into[api.Problem](t, c.r).Errors[0]
		require.Equal(t, c.keyword, d.Keyword, name)
		require.Equal(t, "header.Idempotency-Key", d.Path, name)
		require.NotContains(t, string(c.r.body), "第一次的理由", name)
		require.NotContains(t, string(c.r.body), hook, name)
		require.NotContains(t, string(c.r.body), one.Identifier, name)
	}
}
