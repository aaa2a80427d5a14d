package server_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/server/identity"
)

// repeating are callers whose requests are proven by a signature that was used before.
func repeating(keys *identity.Keys) {
	departments := fixtures.Departments()
	keys.Add("department-again", identity.Caller{
		ID: fixtures.Caller(0), Role: identity.RoleDepartmentSystem, Department: departments[0].Code, Repeated: true,
	})
	keys.Add("reviewer-again", identity.Caller{ID: fixtures.Hall, Role: identity.RoleReviewer, Repeated: true})
}

// TestRepeatedDoesNothing: what was recorded on its way and sent again does nothing, whatever became of it the first
// time: what was refused is not carried out later, what was taken back is not done again, and what was carried out is
// told as it was.
func TestRepeatedDoesNothing(t *testing.T) {
	t.Parallel()
	w := newWorldWith(t, repeating)
	r := w.newReceiver()
	w.judging()
	issued := w.issue("one")
	department, again, reviewer := fixtures.Caller(0), "department-again", "reviewer"
	key := []string{api.HeaderIdempotencyKey, "k"}

	hook := api.SubscriptionRequest{URL: r.URL}
	refused(t, w.call(again, http.MethodPost, "/subscriptions", hook, key...), http.StatusForbidden, "repetition-unknown")
	made := w.call(department, http.MethodPost, "/subscriptions", hook, key...)
	require.Equal(t, http.StatusCreated, made.status, "%s", made.body)
	require.Equal(t, "true", w.call(again, http.MethodPost, "/subscriptions", hook, key...).header.Get(api.HeaderReplayed))
	path := "/subscriptions/" + into[api.Subscription](t, made).ID
	for _, write := range []struct {
		method, path string
		body         any
	}{
		{http.MethodPost, path + "/replays", api.Replay{From: 0}}, {http.MethodPost, path + "/resumption", nil},
		{http.MethodDelete, path, nil}, {http.MethodPost, "/imports", api.ImportRequest{Content: []byte("{}")}},
		{http.MethodDelete, "/files/" + w.upload(department, []byte("x")), nil},
	} {
		refused(t, w.call(again, write.method, write.path, write.body, key...), http.StatusUnauthorized, "signature-replayed")
	}
	require.Equal(t, http.StatusNoContent, w.call(department, http.MethodDelete, path, nil, key...).status)
	refused(t, w.call(again, http.MethodPost, "/subscriptions", hook, key...), http.StatusForbidden, "repetition-unknown")

	judged := api.VerificationRequest{Documents: []api.Submitted{{Name: "许可证.json", Content: w.bundle(issued.Identifier)}}}
	dispute := api.DisputeRequest{
		Asked: byLaw(), Identifier: issued.Identifier, Elements: []api.Disputed{{Field: "CZZT", Claimed: "另一名称"}}, Reason: "名称有误",
	}
	for path, body := range map[string]any{"/verifications": judged, "/disputes": dispute} {
		refused(t, w.call("reviewer-again", http.MethodPost, path, body, key...), http.StatusForbidden, "repetition-unknown")
		first := w.call(reviewer, http.MethodPost, path, body, key...)
		require.Equal(t, http.StatusCreated, first.status, "%s", first.body)
		second := w.call("reviewer-again", http.MethodPost, path, body, key...)
		require.Equal(t, "true", second.header.Get(api.HeaderReplayed), "%s", second.body)
	}

	file := w.upload(department, []byte("经营者名称\n示例\n"))
	conversion := api.ConversionRequest{Type: foodType(t), File: file, FileName: "台账.csv"}
	refused(t, w.call(again, http.MethodPost, "/conversions", conversion, key...), http.StatusForbidden, "repetition-unknown")
	require.Empty(t, into[api.Jobs](t, w.call(department, http.MethodGet, "/jobs", nil)).Items)
	refused(t, w.call(again, http.MethodPost, "/licences?validate=only", foodRequest(t), key...),
		http.StatusUnauthorized, "signature-replayed")
}
