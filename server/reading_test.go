package server_test

import (
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/server/identity"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/record"
	"github.com/elicense/elicense/verify"
)

func law(extra ...string) string {
	q := url.Values{"purpose": {"x"}, "ground": {"law"}, "basis": {fixtures.HallBasis}, "case": {"2026-0001"}}
	for i := 0; i < len(extra); i += 2 {
		q.Set(extra[i], extra[i+1])
	}
	return "?" + q.Encode()
}

// TestLicence: a licence is read with the fields that were asked for and no others; its ETag is what If-Match takes.
func TestLicence(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	issued, req := w.issue("one"), foodRequest(t)
	r := w.call("reviewer", http.MethodGet, "/licences/"+issued.Identifier+law("fields", "CZZT,certificateHolderCode"), nil)
	require.Equal(t, http.StatusOK, r.status, "%s", r.body)
	require.Equal(t, `"1"`, r.header.Get("ETag"))
	l := into[api.Licence](t, r)
	require.Equal(t, map[string]string{"CZZT": req.Values["CZZT"], "CZZTDM": req.Values["CZZTDM"]}, l.Values)
	require.Equal(t, "valid", l.State)
	require.Equal(t, "有效", l.StateZh)
	require.Equal(t, issued.Record, l.Record)
	bare := into[api.Licence](t, w.call("reviewer", http.MethodGet, "/licences/"+issued.Identifier+law(), nil))
	require.Empty(t, bare.Values)
	own := w.call("firm-7", http.MethodGet, "/licences/"+issued.Identifier+"?purpose=x", nil)
	require.Equal(t, http.StatusOK, own.status, "%s", own.body)
	refused(t, w.call("firm-8", http.MethodGet, "/licences/"+issued.Identifier+"?purpose=x", nil),
		http.StatusNotFound, "licence-unknown")
	refused(t, w.call("firm-7-weak", http.MethodGet, "/licences/"+issued.Identifier+"?purpose=x", nil),
		http.StatusForbidden, "level-too-low")
	refused(t, w.call("narrow", http.MethodGet, "/licences/"+issued.Identifier+"?purpose=x", nil),
		http.StatusForbidden, "type-out-of-scope")
}

// TestHistoryAndMoment: everything that happened to a licence, and what was in force on a day.
func TestHistoryAndMoment(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	issued := w.issue("one")
	w.now = w.now.Add(48 * time.Hour)
	done := w.call(fixtures.Caller(0), http.MethodPost, "/licences/"+issued.Identifier+"/suspensions",
		api.ActRequest{Reason: "整改", Basis: "依据"}, api.HeaderIdempotencyKey, "s")
	require.Equal(t, http.StatusOK, done.status, "%s", done.body)
	h := into[api.History](t, w.call("reviewer", http.MethodGet, "/licences/"+issued.Identifier+"/history"+law(), nil))
	kinds := make([]string, len(h.Events))
	for i, e := range h.Events {
		kinds[i] = e.KindZh
		require.Equal(t, i+1, e.Number)
	}
	require.Equal(t, []string{"预留", "核发", "暂停"}, kinds)
	moment := func(day string) api.Moment {
		return into[api.Moment](t, w.call("reviewer", http.MethodGet,
			"/licences/"+issued.Identifier+"/as-of"+law("day", day, "fields", "CZZT"), nil))
	}
	require.Equal(t, "valid", moment("2026-03-02").State)
	require.Equal(t, foodRequest(t).Values["CZZT"], moment("2026-03-02").Values["CZZT"])
	require.Equal(t, "suspended", moment("2026-03-04").State)
}

// TestDocuments: a document is attached, once, and comes back byte for byte; pages and copies are drawn for who may see.
func TestDocuments(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	issued := w.issue("one")
	base := "/licences/" + issued.Identifier
	attach := func(key string) reply {
		return w.send(key, http.MethodPost, base+"/documents?kind=pdf", strings.NewReader("%PDF"),
			"Content-Type", "application/octet-stream")
	}
	first := attach(fixtures.Caller(0))
	require.Equal(t, http.StatusCreated, first.status, "%s", first.body)
	doc := into[api.Attached](t, first)
	sum := record.Sum([]byte("%PDF"))
	require.Equal(t, api.Attached{Document: api.Document{Version: 1, Kind: "pdf", Digest: hex.EncodeToString(sum[:])}, Bytes: 4}, doc)
	require.Equal(t, doc, into[api.Attached](t, attach(fixtures.Caller(0))), "once more")
	require.Equal(t, "not-issuer", into[api.Problem](t, attach(fixtures.Caller(1))).Code)

	got := w.call("reviewer", http.MethodGet, base+"/documents/"+doc.Digest+law(), nil)
	require.Equal(t, "%PDF", string(got.body))
	require.Equal(t, "application/octet-stream", got.header.Get("Content-Type"))
	require.Contains(t, got.header.Get("Content-Disposition"), "attachment")

	page := w.call("reviewer", http.MethodGet, base+"/pages/1"+law("format", "png", "dpi", "300"), nil)
	require.Equal(t, "image/png", page.header.Get("Content-Type"))
	require.Equal(t, "page 1 true 300 "+foodType(t), string(page.body))
	page = w.call("reviewer", http.MethodGet, base+"/pages/2"+law(), nil)
	require.Equal(t, "image/svg+xml", page.header.Get("Content-Type"))
	require.Equal(t, "page 2 false 150 "+foodType(t), string(page.body))

	note := api.CopyRequest{Asked: byLaw(), For: "示例银行", Because: "办理贷款", Until: "2026-03-31"}
	bound := w.call("reviewer", http.MethodPost, base+"/copies", note)
	require.Equal(t, "application/ofd", bound.header.Get("Content-Type"), "%s", bound.body)
	require.Equal(t, "copy 示例银行 办理贷款 2026-03-31 "+foodType(t), string(bound.body))
	refused(t, w.call("firm-8", http.MethodPost, base+"/copies", note), http.StatusNotFound, "licence-unknown")
	w.config.Pages = nil
	w.restart()
	refused(t, w.call("reviewer", http.MethodPost, base+"/copies", note), http.StatusConflict, "not-drawn")
}

// TestBundleAndDisclosure: a licence proves itself offline, whole or with some elements only; what is not shown is not
// there.
func TestBundleAndDisclosure(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	issued, req := w.issue("one"), foodRequest(t)
	base := "/licences/" + issued.Identifier
	whole := w.call("reviewer", http.MethodGet, base+"/bundle"+law(), nil)
	require.Equal(t, http.StatusOK, whole.status, "%s", whole.body)
	report, err := w.config.Verifier.Verify(t.Context(), whole.body, verify.Expect{Number: issued.Number})
	require.NoError(t, err)
	require.Equal(t, verify.Accept, report.Decision(), "%+v", report.Checks)

	part := w.call("firm-7", http.MethodPost, base+"/disclosures", api.DisclosureRequest{
		Asked: byLaw(), Fields: []string{"certificateHolderName"},
	})
	require.Equal(t, http.StatusOK, part.status, "%s", part.body)
	var b record.Bundle
	require.NoError(t, json.Unmarshal(part.body, &b))
	require.Len(t, b.Disclosures, 1)
	require.Equal(t, req.Values["CZZT"], b.Disclosures[0].Value)
	require.NotContains(t, string(part.body), req.Values["CZZTDM"])
	report, err = w.config.Verifier.Verify(t.Context(), part.body, verify.Expect{HolderName: req.Values["CZZT"]})
	require.NoError(t, err)
	require.Equal(t, verify.Accept, report.Decision(), "%+v", report.Checks)

	unknown := w.call("reviewer", http.MethodPost, base+"/disclosures", api.DisclosureRequest{
		Asked: byLaw(), Fields: []string{"CZZT", "没有"},
	})
	refused(t, unknown, http.StatusUnprocessableEntity, "field-unknown")
	require.Equal(t, "/fields/1", into[api.Problem](t, unknown).Errors[0].Path)
}

// TestProofs: every event has its ledger proof, and checkpoints and their growth are for everybody.
func TestProofs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	refused(t, w.call("", http.MethodGet, "/checkpoints/latest", nil), http.StatusNotFound, "checkpoint-unknown")
	issued := w.issue("one")
	base := "/licences/" + issued.Identifier
	proof := w.call("reviewer", http.MethodGet, base+"/proof"+law(), nil)
	require.Equal(t, http.StatusOK, proof.status, "%s", proof.body)
	require.Contains(t, proof.header.Get("Content-Disposition"), "proof-2")
	report, err := w.config.Verifier.Verify(t.Context(), proof.body, verify.Expect{})
	require.NoError(t, err)
	require.NotEqual(t, verify.Return, report.Decision(), "%+v", report.Checks)
	reserved := w.call("reviewer", http.MethodGet, base+"/proof"+law("event", "1"), nil)
	require.Contains(t, reserved.header.Get("Content-Disposition"), "proof-1")
	latest := w.call("", http.MethodGet, "/checkpoints/latest", nil)
	require.Equal(t, http.StatusOK, latest.status)
	require.Contains(t, string(latest.body), fixtures.Origin)
	w.issue("two")
	require.Equal(t, http.StatusOK, w.call("reviewer", http.MethodGet, base+"/bundle"+law(), nil).status)
	growth := w.call("", http.MethodGet, "/checkpoints/growth?since=1", nil)
	require.Equal(t, http.StatusOK, growth.status, "%s", growth.body)
}

// TestPublic: the bearer of the QR code learns whether the licence is in force, whoever drops a file whether it is
// good; neither learns whose it is.
func TestPublic(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	issued, req := w.issue("one"), foodRequest(t)
	d, err := w.vault.Drawable(t.Context(), vault.Access{
		Caller: fixtures.Hall, Purpose: "x", Ground: vault.GroundLaw, Basis: fixtures.HallBasis,
	}, issued.Identifier)
	require.NoError(t, err)
	bundle := w.call("reviewer", http.MethodGet, "/licences/"+issued.Identifier+"/bundle"+law(), nil).body
	scan := func() api.PublicState {
		return into[api.PublicState](t, w.call("", http.MethodGet, "/public/licences/"+d.Token, nil))
	}
	drop := func(content []byte) api.PublicVerdict {
		r := w.send("", http.MethodPost, "/public/verifications", strings.NewReader(string(content)),
			"Content-Type", "application/octet-stream")
		require.Equal(t, http.StatusOK, r.status, "%s", r.body)
		require.NotContains(t, string(r.body), req.Values["CZZT"])
		require.NotContains(t, string(r.body), req.Values["CZZTDM"])
		return into[api.PublicVerdict](t, r)
	}
	require.Equal(t, api.PublicState{State: "valid", StateZh: "有效", Version: 1, At: w.now.UTC()}, scan())
	require.Equal(t, "accept", drop(bundle).Decision)
	var forged record.Bundle
	require.NoError(t, json.Unmarshal(bundle, &forged))
	forged.Disclosures[0].Value += "x"
	changed, err := forged.Encode()
	require.NoError(t, err)
	require.Equal(t, "return", drop(changed).Decision)
	require.Equal(t, "return", drop([]byte("x")).Decision, "nothing that is signed")
	w.now = w.now.Add(time.Minute)
	revoked := w.call(fixtures.Caller(0), http.MethodPost, "/licences/"+issued.Identifier+"/revocations",
		api.ActRequest{Kind: "revoked", Reason: "违法", Basis: "依据"}, api.HeaderIdempotencyKey, "r")
	require.Equal(t, http.StatusOK, revoked.status, "%s", revoked.body)
	require.Equal(t, "revoked", scan().State)
	require.Equal(t, "return", drop(bundle).Decision, "the vault is asked, not the old statement in the file")
	refused(t, w.call("", http.MethodGet, "/public/licences/x", nil), http.StatusNotFound, "licence-unknown")
}

// TestOwnLicences_A04: a holder who names nothing is shown what is his own; who is no holder is asked what he means. The
// kind of a holder's code is told by the code.
func TestOwnLicences_A04(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	issued := w.issue("one")
	own := into[api.LookupAnswer](t, w.call("firm-7", http.MethodPost, "/lookups", api.LookupRequest{
		Asked: api.Asked{Purpose: "x", Ground: "holder"},
	}))
	require.Len(t, own.Licences, 1)
	require.Equal(t, issued.Identifier, own.Licences[0].Identifier)
	other := into[api.LookupAnswer](t, w.call("firm-8", http.MethodPost, "/lookups", api.LookupRequest{
		Asked: api.Asked{Purpose: "x", Ground: "holder"},
	}))
	require.Empty(t, other.Licences)
	asked := api.Asked{Purpose: "x", Ground: "law", Basis: fixtures.HallBasis, Case: "2026-0001"}
	refused(t, w.call("reviewer", http.MethodPost, "/lookups", api.LookupRequest{Asked: asked}),
		http.StatusUnprocessableEntity, "query-incomplete")
	found := into[api.LookupAnswer](t, w.call("reviewer", http.MethodPost, "/lookups", map[string]any{
		"purpose": "x", "ground": "law", "basis": fixtures.HallBasis, "case": "2026-0001",
		"holder": map[string]string{"code": fixtures.FirmAt(7).Code},
	}))
	require.Len(t, found.Licences, 1)
}

// TestGroundRegistered_A79: who leaves the right to its registration asks by the only one that stands there, which the
// audit names, and no entry is made beside it; who has several or none is told to choose.
func TestGroundRegistered_A79(t *testing.T) {
	t.Parallel()
	w := newWorldWith(t, func(keys *identity.Keys) {
		keys.Add("several", identity.Caller{ID: "several", Role: identity.RoleReviewer, Method: identity.MethodToken})
	})
	put := api.CallerRights{Name: "示例区政务服务中心", Bases: []string{"示例办法第九条", "示例办法第十条"}, MaxLevel: "none"}
	require.Equal(t, http.StatusOK, w.call("operator", http.MethodPut, "/callers/several", put).status)
	issued := into[api.Written](t, w.call(fixtures.Caller(0), http.MethodPost, "/licences", foodRequest(t),
		api.HeaderIdempotencyKey, "one"))
	look := api.LookupRequest{Identifier: issued.Identifier}
	look.Purpose, look.Ground = "审查", api.GroundRegistered
	read := "/licences/" + issued.Identifier + "?purpose=x&ground=registered"
	for key, want := range map[string]string{
		"reviewer": "law " + fixtures.HallBasis, fixtures.Caller(0): "issuer ",
	} {
		for name, got := range map[string]reply{
			"lookup": w.call(key, http.MethodPost, "/lookups", look), "read": w.call(key, http.MethodGet, read, nil),
		} {
			require.Equal(t, http.StatusOK, got.status, "%s %s: %s", key, name, got.body)
			last := w.lastEntry()
			require.Equal(t, want, last.Asked.Ground+" "+last.Asked.Basis)
		}
	}
	require.Equal(t, []string{"no-case "}, w.alarms(), "by law without a case")
	refused(t, w.call("several", http.MethodPost, "/lookups", look), http.StatusForbidden, "basis-missing")
	refused(t, w.call("several", http.MethodGet, read, nil), http.StatusForbidden, "basis-missing")
	look.Basis = put.Bases[1]
	require.Equal(t, http.StatusOK, w.call("several", http.MethodPost, "/lookups", look).status)
	look.Basis = "示例办法第九十条"
	refused(t, w.call("reviewer", http.MethodPost, "/lookups", look), http.StatusForbidden, "basis-not-granted")
	holder := w.call("firm-7", http.MethodGet, read, nil)
	require.Equal(t, string(vault.GroundHolder), w.lastEntry().Asked.Ground, "%s", holder.body)
}
