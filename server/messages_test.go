package server_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/client"
	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/internal/trace"
)

// messageOfHall is the id of a message as the hall makes it.
const messageOfHall = "0af7651916cd43dd8448eb211c80319c"

// under is the header of a message.
func under(id string) []string { return []string{trace.Field, "00-" + id + "-b7ad6b7169203331-01"} }

// trail is what the operator finds of a message.
func (w *world) trail(id string) api.MessageTrail {
	w.t.Helper()
	r := w.call("operator", http.MethodGet, "/messages/"+id, nil)
	require.Equal(w.t, http.StatusOK, r.status, "%s", r.body)
	return into[api.MessageTrail](w.t, r)
}

// acts are the acts in the audit by which a message is followed.
func acts(trail api.MessageTrail) (list []string) {
	for i := range trail.Entries {
		list = append(list, trail.Entries[i].Act)
	}
	return list
}

// TestMessage_A91: the id under which the hall sends a request stands in its answer, in the log, in the audit, in the
// event that it caused, in the message by which a department learns of that, and in the province's vault after a sync;
// whoever audits finds all of it by the id.
func TestMessage_A91(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.newReceiver()
	made := w.call(fixtures.Caller(0), http.MethodPost, "/subscriptions",
		api.SubscriptionRequest{URL: r.URL + "/hook", Kinds: []string{"issued"}}, api.HeaderIdempotencyKey, "s")
	require.Equal(t, http.StatusCreated, made.status, "%s", made.body)

	request := foodRequest(t)
	request.Paper = "P-1"
	issue := w.call(fixtures.Caller(0), http.MethodPost, "/licences", request,
		append(under(messageOfHall), api.HeaderIdempotencyKey, "1")...)
	require.Equal(t, http.StatusCreated, issue.status, "%s", issue.body)
	require.Equal(t, messageOfHall, issue.header.Get(api.HeaderTrace))
	require.Contains(t, w.log.String(), `"trace":"`+messageOfHall+`"`)
	id := into[api.Written](t, issue).Identifier

	trail := w.trail(messageOfHall)
	require.Equal(t, []string{"reserve", "issue"}, acts(trail), "the number, then the licence")
	require.Equal(t, id, trail.Entries[1].Identifier)
	require.Equal(t, fixtures.Caller(0), trail.Entries[1].Caller)
	require.Len(t, trail.Events, 2)
	require.Equal(t, []string{"reserved", "issued"}, []string{trail.Events[0].Kind, trail.Events[1].Kind})
	require.Equal(t, id, trail.Events[1].Identifier)

	w.deliver()
	require.NoError(t, r.bad)
	require.Len(t, r.got, 1)
	require.Contains(t, r.got[0], `"message":"`+messageOfHall+`"`)
	require.Equal(t, []string{messageOfHall}, r.messages)

	province := w.provincial()
	run(t, &client.Sync{From: w.client(), To: province.client()}, 0)
	there := province.trail(messageOfHall)
	require.Empty(t, there.Entries)
	require.Equal(t, trail.Events, there.Events)
	require.Subset(t, acts(w.trail(province.importedBy())), []string{"export"}, "both halves of a sync are one message")
}

// importedBy is the id of the message that brought a licence.
func (w *world) importedBy() string {
	w.t.Helper()
	for line := range strings.Lines(w.log.String()) {
		if strings.Contains(line, `"operation":"importLicence"`) {
			_, rest, _ := strings.Cut(line, `"trace":"`)
			return rest[:32]
		}
	}
	require.Fail(w.t, "nothing was imported")
	return ""
}

// TestMessageOfLongWork_A91: what a job does belongs to the message that asked for it; the same request under another id
// is the same request.
func TestMessageOfLongWork_A91(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	q := api.ConversionRequest{
		Type: foodRequest(t).Type, File: w.upload(fixtures.Caller(0), ledger(t, 20, 0)), FileName: "台账.csv",
	}
	key := []string{api.HeaderIdempotencyKey, "c"}
	first := w.call(fixtures.Caller(0), http.MethodPost, "/conversions", q, append(under(messageOfHall), key...)...)
	require.Equal(t, http.StatusAccepted, first.status, "%s", first.body)
	again := w.call(fixtures.Caller(0), http.MethodPost, "/conversions", q, key...)
	require.Equal(t, "true", again.header.Get(api.HeaderReplayed))
	w.work()
	trail := w.trail(messageOfHall)
	require.NotEmpty(t, trail.Entries)
	require.Len(t, trail.Events, 20)
}

// TestMessageOfSharing_A91: a request to the services of GB/T 36906 is traced as any other, and its answer says its id.
func TestMessageOfSharing_A91(t *testing.T) {
	t.Parallel()
	w, issued := newSharingWorld(t)
	got := w.share("sharer", "GetCertificateDataByCertificateID",
		ask(t, map[string]any{"certIdentifier": issued.Identifier, "useCause": "办理变更登记"}), under(messageOfHall)...)
	require.Equal(t, api.SharingDone, got.Head.Status, got.Head.Message)
	require.Equal(t, messageOfHall, got.Head.Trace)
	trail := w.trail(messageOfHall)
	require.Equal(t, []string{"lookup"}, acts(trail))
	require.Equal(t, "2026-0001", trail.Entries[0].Case)

	bad := w.share("sharer", "GetCertificateRemark", ask(t, map[string]any{}), trace.Field, "00-x")
	require.Equal(t, "message-id-malformed", bad.Head.Code)
}

// TestMessageRefused_A91: an id that is none is refused, not replaced unseen; the refusal has an id of its own, and
// nothing of what came stands anywhere. Without an id the service makes one, another for each request.
func TestMessageRefused_A91(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, bad := range []string{
		messageOfHall, "00-" + strings.Repeat("0", 32) + "-b7ad6b7169203331-01", "00-11010519491231002X-b7ad6b7169203331-01",
		"00-" + strings.ToUpper(messageOfHall) + "-b7ad6b7169203331-01",
	} {
		r := w.call("reviewer", http.MethodGet, "/licence-types", nil, trace.Field, bad)
		refused(t, r, http.StatusUnprocessableEntity, "message-id-malformed")
		require.Equal(t, "header."+trace.Field, into[api.Problem](t, r).Errors[0].Path)
	}
	require.NotContains(t, w.log.String(), "11010519491231002X")
	one := w.call("reviewer", http.MethodGet, "/licence-types", nil).header.Get(api.HeaderTrace)
	two := w.call("reviewer", http.MethodGet, "/licence-types", nil).header.Get(api.HeaderTrace)
	require.Regexp(t, `^[0-9a-f]{32}$`, one)
	require.NotEqual(t, one, two)
	refused(t, w.call("auditor-of-all", http.MethodGet, "/messages/"+one, nil), http.StatusForbidden, "not-auditor")
	refused(t, w.call("operator", http.MethodGet, "/messages/"+one[1:]+"g", nil), http.StatusUnprocessableEntity,
		"request-invalid")
}
