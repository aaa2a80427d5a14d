package server_test

import (
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/fixtures"
)

// common are the operations in which nothing belongs to anybody: what they say everybody may know, or may know who is let
// in. Every other operation is walked.
var common = []string{
	"listLicenceTypes", "getLicenceType", "getGrounds", "getCheckpoint", "getGrowth", "getPublicState", "challengeLogin",
	"openLogin", "endLogin", "verifyPublicly", "getTrust", "listSchemas", "getSchema", "checkMessage",
	"checkReceipt", // of who was shown it
	// What a caller makes for itself, of nobody else's:
	"issueLicence", "reserveLicence", "issueBatch", "uploadFile", "subscribe", "putLicenceType",
	"certifyConformance", "importLicence", "authorise",
}

// nothing is what nobody has, where belongings are something.
func nothing(t *testing.T, b *belongings) (about map[string]string, licence string) {
	t.Helper()
	licence = newWorld(t).issue("elsewhere").Identifier
	not := func(id string) string {
		last := byte('0')
		if id[len(id)-1] == last {
			last = '1'
		}
		return id[:len(id)-1] + string(last)
	}
	return map[string]string{
		"licences": licence, "reservations": licence, "conversions": not(b.batch), "files": not(b.file), "jobs": not(b.job),
		"subscriptions": not(b.subscription), "verifications": not(b.verification), "disputes": not(b.dispute),
		"authorisations": not(b.authorisation), "registrations": "nobody",
	}, licence
}

// TestDepartmentsApart_A79 walks through every operation as another department, another holder and the hall, with the
// names of everything that the first department has: nothing of it is told or changed, and what is there is refused in
// the very words in which what is not there is.
func TestDepartmentsApart_A79(t *testing.T) {
	t.Parallel()
	w := newWalk(t)
	absent, licence := nothing(t, w.have)
	before := w.everything()
	walked := 0
	w.each(func(at place, op *describedOperation) {
		if slices.Contains(common, op.OperationID) {
			return
		}
		walked++
		for _, key := range []string{fixtures.Caller(1), "firm-8", "reviewer"} {
			r := w.attempt(key, at, op, "")
			require.Less(t, r.status, http.StatusInternalServerError, "%s by %s: %s", op.OperationID, key, r.body)
			for _, secret := range w.have.secrets {
				require.NotContains(t, told(r.body), secret, "%s tells %s", op.OperationID, key)
			}
			w.unchanged(before, "%s by %s: %d %s", op.OperationID, key, r.status, r.body)
			other := w.attemptAbout(key, at, op, func(text string) string {
				for name, id := range w.about {
					if is, ok := absent[name]; ok {
						text = strings.ReplaceAll(text, id, is)
					}
				}
				return strings.NewReplacer(w.have.suspended, licence, w.have.spare, absent["files"]).Replace(text)
			})
			require.Equal(t, r.status, other.status, "%s by %s: %s | %s", op.OperationID, key, r.body, other.body)
			require.Equal(t, alike(r.body), alike(other.body), "%s by %s", op.OperationID, key)
		}
	})
	require.Greater(t, walked, 40)
	require.Empty(t, w.hook.got, "another's subscription was served")
}

// told is an answer without what it repeats of the request.
func told(body []byte) string { return found.ReplaceAllString(string(body), "") }

// alike is an answer without what differs from request to request.
func alike(body []byte) string { return repeated.ReplaceAllString(told(body), "") }

var (
	found    = regexp.MustCompile(`"found":"[^"]*"|"identifier":"[^"]*","sm3"`)
	repeated = regexp.MustCompile(`"trace":"[0-9a-f]+"|"identifier":"[^"]*"`)
)

// attemptAbout is attempt about something else.
func (w *walking) attemptAbout(key string, at place, op *describedOperation, about func(string) string) reply {
	w.t.Helper()
	a := w.have.attempts(w.t.(*testing.T))[op.OperationID]
	path := a.path
	if path == "" {
		path = w.put(at.path, w.about)
	}
	switch text := a.body.(type) {
	case nil:
	case string:
		a.body = about(text)
	default:
		b, err := json.Marshal(text)
		require.NoError(w.t, err)
		a.body = json.RawMessage(about(string(b)))
	}
	return w.sendTo(key, at.method, about(withQuery(path, queryOf(op))), a)
}

// TestTypesApart: a system that is registered for one type is told nothing of what its department has of another, in no
// list and by no name, though it calls by the same name.
func TestTypesApart(t *testing.T) {
	t.Parallel()
	w := newWalk(t)
	w.each(func(at place, op *describedOperation) {
		if slices.Contains(common, op.OperationID) {
			return
		}
		r := w.attempt("narrow", at, op, "")
		require.Less(t, r.status, http.StatusInternalServerError, "%s: %s", op.OperationID, r.body)
		for _, secret := range []string{
			w.have.licence, w.have.other, w.have.suspended, w.have.reserved, w.have.void, w.have.dispute, fixtures.FirmAt(7).Code,
		} {
			require.NotContains(t, told(r.body), secret, op.OperationID)
		}
		if strings.HasPrefix(at.path, "/licences/") || strings.HasPrefix(at.path, "/reservations/") {
			refused(t, r, http.StatusForbidden, "type-out-of-scope")
		}
	})
	list := into[api.Reservations](t, w.call("narrow", http.MethodGet, "/reservations", nil))
	require.Empty(t, list.Reservations)
	require.Len(t, into[api.Reservations](t, w.call(fixtures.Caller(0), http.MethodGet, "/reservations", nil)).Reservations, 2)
}
