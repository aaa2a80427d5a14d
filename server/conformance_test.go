package server_test

import (
	"crypto/rand"
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/pki/ca"
	"github.com/elicense/elicense/signing"
	"github.com/elicense/elicense/verify"
)

// newCertifying is a service that certifies, and a run of the first department that it has really gone through.
func newCertifying(t *testing.T) (*world, *api.ConformanceReport) {
	t.Helper()
	w := newWorld(t)
	key, chain, err := w.province.Enrol(ca.ProfileVault, fixtures.Authority())
	require.NoError(t, err)
	w.config.Certifier, err = signing.NewSigner(signing.Config{
		Key: key, Chain: chain, Rand: rand.Reader, WithCertificates: true, WithAttributes: true,
	})
	require.NoError(t, err)
	w.restart()
	r := &api.ConformanceReport{
		Run: "0123456789abcdef0123456789abcdef", Caller: fixtures.Caller(0), Department: fixtures.Departments()[0].Code,
		Type: foodRequest(t).Type, Started: w.now, Passed: true,
	}
	r.Licences, r.Disputes = w.goThrough()
	w.now = w.now.Add(time.Minute)
	r.Finished = w.now
	for _, id := range api.ConformanceSteps() {
		r.Steps = append(r.Steps, api.ConformanceStep{ID: id, Rows: []string{"A71"}, Outcome: api.ConformancePassed})
	}
	return w, r
}

// goThrough writes the licences of a run.
func (w *world) goThrough() (out []api.ConformanceLicence, disputes []string) {
	w.t.Helper()
	do := func(path, key string, body any) api.Written {
		r := w.call(fixtures.Caller(0), http.MethodPost, path, body, api.HeaderIdempotencyKey, key)
		require.Less(w.t, r.status, 300, "%s", r.body)
		return into[api.Written](w.t, r)
	}
	for _, part := range api.ConformanceParts() {
		request := foodRequest(w.t)
		request.Paper = "" // the number comes first
		written := do("/reservations", part.Part, request)
		at := "/licences/" + written.Identifier
		act := api.ActRequest{Basis: "b", Reason: "r"}
		for _, kind := range part.Events[1:] {
			key := part.Part + kind
			switch kind {
			case "issued":
				do("/reservations/"+written.Identifier+"/confirmation", key, api.Confirmation{Paper: part.Part})
			case "voided":
				do("/reservations/"+written.Identifier+"/cancellation", key, api.Cancellation{Reason: "r"})
			case "changed":
				if part.Part == api.ConformanceDisputed {
					disputes = []string{w.disputed(written.Identifier, "1"), w.disputed(written.Identifier, "2")}
				}
				act.Values, act.Paper = map[string]string{"KZ_FDDBR": "李四"}, "new-"+part.Part
				do(at+"/changes", key, act)
				act.Values, act.Paper = nil, ""
			case "suspended":
				do(at+"/suspensions", key, act)
			case "resumed":
				do(at+"/resumptions", key, act)
			case "cancelled":
				act.Kind = "cancelled"
				do(at+"/revocations", key, act)
			default:
				w.t.Fatalf("nobody does %s", kind)
			}
		}
		out = append(out, api.ConformanceLicence{Part: part.Part, Identifier: written.Identifier})
	}
	for i, by := range []api.Settlement{{Outcome: "rejected", Reason: "r"}, {Outcome: "corrected", Version: 2}} {
		require.Equal(w.t, http.StatusOK, w.settle(fixtures.Caller(0), disputes[i], by).status)
	}
	return out, disputes
}

// disputed has the holder dispute who the legal representative is.
func (w *world) disputed(identifier, key string) string {
	w.t.Helper()
	r := dispute(own(), identifier)
	r.Elements = []api.Disputed{{Field: "KZ_FDDBR", Claimed: "李四"}}
	return into[api.Dispute](w.t, w.raise("firm-7", "dispute"+key, r)).ID
}

func (w *world) certify(key string, r *api.ConformanceReport) reply {
	return w.call(key, http.MethodPost, "/conformance-passes", r)
}

// TestCertify_A71: a run that the vault's own records bear out is signed, with what they say beside what the caller says.
func TestCertify_A71(t *testing.T) {
	t.Parallel()
	w, r := newCertifying(t)
	got := w.certify(fixtures.Caller(0), r)
	require.Equal(t, http.StatusOK, got.status, "%s", got.body)
	pass := into[api.ConformancePass](t, got)
	var c api.ConformanceCertificate
	require.NoError(t, json.Unmarshal(pass.Certificate, &c))
	require.Equal(t, api.ConformanceMediaType, c.MediaType)
	require.True(t, c.Sandbox)
	require.Equal(t, r.Run, c.Report.Run)
	require.Len(t, c.Recorded, len(api.ConformanceParts()))
	require.Equal(t, []string{"key"}, c.Proven)
	require.Equal(t, []any{"rejected", "corrected"}, []any{c.Disputes[0].State, c.Disputes[1].State})
	for i, part := range api.ConformanceParts() {
		require.Equal(t, part.Events, c.Recorded[i].Events)
	}
	doc := verify.DocumentOf(pass.Signature)
	content := verify.DocumentOf(pass.Certificate)
	doc.Content, doc.ContentSize = content.Body, content.Size
	report, err := w.config.Verifier.VerifyDocument(t.Context(), doc, verify.Expect{})
	require.NoError(t, err)
	for _, id := range []string{"signature.digest", "signature.signature", "signature.chain"} {
		check, ok := report.Check(id)
		require.True(t, ok, id)
		require.Equal(t, verify.CheckPassed, check.Status, id)
	}
}

// TestCertifyRefused_A71: what the report or the records do not bear out is never signed, and the answer says what.
func TestCertifyRefused_A71(t *testing.T) {
	t.Parallel()
	other := fixtures.Caller(1)
	for name, c := range map[string]struct {
		key    string
		change func(*world, *api.ConformanceReport)
		code   string
	}{
		"failed step": {"", func(_ *world, r *api.ConformanceReport) {
			r.Steps[3].Outcome = api.ConformanceFailed
		}, "conformance-not-passed"},
		"skipped step": {"", func(_ *world, r *api.ConformanceReport) {
			r.Steps[3].Outcome = api.ConformanceSkipped
		}, "conformance-not-passed"},
		"missing step": {"", func(_ *world, r *api.ConformanceReport) { r.Steps = r.Steps[1:] }, "conformance-not-passed"},
		"not passed":   {"", func(_ *world, r *api.ConformanceReport) { r.Passed = false }, "conformance-not-passed"},
		"another's":    {other, func(*world, *api.ConformanceReport) {}, "conformance-of-another"},
		"another's department": {"", func(_ *world, r *api.ConformanceReport) {
			r.Department = fixtures.Departments()[1].Code
		}, "conformance-of-another"},
		"old":    {"", func(w *world, _ *api.ConformanceReport) { w.now = w.now.Add(2 * time.Hour) }, "conformance-out-of-time"},
		"future": {"", func(_ *world, r *api.ConformanceReport) { r.Finished = r.Finished.Add(time.Hour) }, "conformance-out-of-time"},
		"backwards": {"", func(_ *world, r *api.ConformanceReport) {
			r.Started, r.Finished = r.Finished, r.Started
		}, "conformance-out-of-time"},
		"no disputes": {"", func(_ *world, r *api.ConformanceReport) { r.Disputes = nil }, "conformance-dispute-not-recorded"},
		"disputes that are none": {"", func(_ *world, r *api.ConformanceReport) {
			r.Disputes[0] = "00000000000000000000000000000000"
		}, "conformance-dispute-not-recorded"},
		"disputes the other way": {"", func(_ *world, r *api.ConformanceReport) {
			r.Disputes[0], r.Disputes[1] = r.Disputes[1], r.Disputes[0]
		}, "conformance-dispute-not-recorded"},
		"dispute that is open": {"", func(w *world, r *api.ConformanceReport) {
			r.Disputes[0] = w.disputed(r.Licences[5].Identifier, "3")
		}, "conformance-dispute-not-recorded"},
		"dispute of another licence": {"", func(w *world, r *api.ConformanceReport) {
			r.Disputes[0] = w.disputed(r.Licences[1].Identifier, "3")
			w.settle(fixtures.Caller(0), r.Disputes[0], api.Settlement{Outcome: "rejected", Reason: "r"})
		}, "conformance-dispute-not-recorded"},
		"part missing": {"", func(_ *world, r *api.ConformanceReport) { r.Licences = r.Licences[1:] }, "conformance-not-recorded"},
		"one twice": {"", func(_ *world, r *api.ConformanceReport) {
			r.Licences[3].Identifier = r.Licences[1].Identifier
		}, "conformance-not-recorded"},
		"not what was done": {"", func(_ *world, r *api.ConformanceReport) {
			r.Licences[0].Identifier, r.Licences[1].Identifier = r.Licences[1].Identifier, r.Licences[0].Identifier
		}, "conformance-not-recorded"},
		"another type": {"", func(_ *world, r *api.ConformanceReport) { r.Type = "x" }, "conformance-not-recorded"},
		"before the run": {"", func(w *world, r *api.ConformanceReport) {
			w.now = w.now.Add(30 * time.Minute)
			r.Started, r.Finished = w.now, w.now
		}, "conformance-not-recorded"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, r := newCertifying(t)
			c.change(w, r)
			key := c.key
			if key == "" {
				key = fixtures.Caller(0)
			}
			got := w.certify(key, r)
			require.Equal(t, http.StatusUnprocessableEntity, got.status, "%s", got.body)
			require.Equal(t, c.code, into[api.Problem](t, got).Code)
		})
	}
	w, r := newCertifying(t)
	w.config.Certifier = nil
	w.restart()
	require.Equal(t, "not-offered", into[api.Problem](t, w.certify(fixtures.Caller(0), r)).Code)
}
