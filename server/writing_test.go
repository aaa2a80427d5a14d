package server_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/fixtures"
)

// act sends an act of the first department.
func (w *world) act(path, key string, body api.ActRequest, headers ...string) reply {
	return w.call(fixtures.Caller(0), http.MethodPost, path, body, append(headers, api.HeaderIdempotencyKey, key)...)
}

// TestActs_D1_1_D1_2: an act is checked without being done, done once however often it is sent, and refused to who saw
// another version.
func TestActs_D1_1_D1_2(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	base := "/licences/" + w.issue("one").Identifier
	w.now = w.now.Add(time.Minute)
	change := api.ActRequest{
		Reason: "更名", Basis: "依据", Values: map[string]string{"certificateHolderName": "示例更名有限公司"}, Paper: "P-2",
	}
	dry := w.act(base+"/changes?validate=only", "c", change)
	require.Equal(t, http.StatusOK, dry.status, "%s", dry.body)
	require.True(t, into[api.Validated](t, dry).Valid)
	refused(t, w.act(base+"/changes", "c", change, "If-Match", `"2"`), http.StatusPreconditionFailed, "version-changed")
	done := w.act(base+"/changes", "c", change, "If-Match", `"1"`)
	require.Equal(t, http.StatusOK, done.status, "%s", done.body)
	written := into[api.Written](t, done)
	require.Equal(t, 2, written.Version)
	again := w.act(base+"/changes", "c", change, "If-Match", `"1"`)
	require.Equal(t, "true", again.header.Get(api.HeaderReplayed), "%s", again.body)
	require.Equal(t, written.Record, into[api.Written](t, again).Record)
	wrong := change
	wrong.Values = map[string]string{"certificateHolderName": "x", "CZZT": "y"}
	twice := w.act(base+"/changes", "d", wrong)
	refused(t, twice, http.StatusUnprocessableEntity, "field-twice")
	refused(t, w.act(base+"/resumptions?validate=only", "e", api.ActRequest{Reason: "x", Basis: "y"}),
		http.StatusConflict, "state-forbids")
	found := into[api.Licence](t, w.call("reviewer", http.MethodGet, base+law("fields", "CZZT"), nil))
	require.Equal(t, "示例更名有限公司", found.Values["CZZT"])
	require.Equal(t, 2, found.Version)
}

// TestValidateOnly_D1_2_D1_3: everything that is wrong is told at once, at the names that the caller wrote; what is valid
// is not issued.
func TestValidateOnly_D1_2_D1_3(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	req := foodRequest(t)
	ok := w.call(fixtures.Caller(0), http.MethodPost, "/licences?validate=only", req, api.HeaderIdempotencyKey, "v")
	require.True(t, into[api.Validated](t, ok).Valid, "%s", ok.body)
	req.Values["certificateHolderCode"], req.Values["没有"], req.Values["ZZYXQJZRQ"] = "91350100EX0000002K", "x", "2025-01-01"
	delete(req.Values, "CZZTDM")
	req.Paper = ""
	bad := w.call(fixtures.Caller(0), http.MethodPost, "/licences?validate=only", req, api.HeaderIdempotencyKey, "v")
	require.Equal(t, http.StatusUnprocessableEntity, bad.status, "%s", bad.body)
	paths := map[string]string{}
	for _, e := range into[api.Problem](t, bad).Errors {
		paths[e.Path] = e.Code
	}
	require.Contains(t, paths, "/values/certificateHolderCode")
	require.Contains(t, paths, "/values/没有")
	require.Contains(t, paths, "/values/ZZYXQJZRQ")
	found := into[api.LookupAnswer](t, w.call("reviewer", http.MethodPost, "/lookups", api.LookupRequest{
		Asked: byLaw(), Type: foodType(t), Issuer: fixtures.Departments()[0].Code,
	}))
	require.Empty(t, found.Licences)
}

// TestReservations_A72: a number is reserved, the paper printed, and only the confirmation makes a licence; what hangs is
// listed until it is settled.
func TestReservations_A72(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	reserve := func(key string) api.Written {
		req := foodRequest(t)
		req.Paper = ""
		r := w.call(fixtures.Caller(0), http.MethodPost, "/reservations", req, api.HeaderIdempotencyKey, key)
		require.Equal(t, http.StatusCreated, r.status, "%s", r.body)
		return into[api.Written](t, r)
	}
	hanging := func() int {
		return len(into[api.Reservations](t, w.call(fixtures.Caller(0), http.MethodGet, "/reservations", nil)).Reservations)
	}
	kept, dropped := reserve("a"), reserve("b")
	require.Equal(t, 2, hanging())
	refused(t, w.call("reviewer", http.MethodGet, "/licences/"+kept.Identifier+law(), nil), http.StatusNotFound, "licence-unknown")
	settle := func(id, how, key string, body any) reply {
		return w.call(fixtures.Caller(0), http.MethodPost, "/reservations/"+id+"/"+how, body, api.HeaderIdempotencyKey, key)
	}
	for how, body := range map[string]any{
		"confirmation": api.Confirmation{Paper: "P-1"}, "cancellation": api.Cancellation{Reason: "打印机卡纸"},
	} {
		dry := settle(kept.Identifier, how+"?validate=only", "c", body)
		require.True(t, into[api.Validated](t, dry).Valid, "%s", dry.body)
	}
	refused(t, settle(kept.Identifier, "confirmation?validate=only", "c", api.Confirmation{}),
		http.StatusUnprocessableEntity, "paper-missing")
	require.Equal(t, 2, hanging(), "what is only checked settles nothing")
	done := settle(kept.Identifier, "confirmation", "c", api.Confirmation{Paper: "P-1"})
	require.Equal(t, http.StatusOK, done.status, "%s", done.body)
	void := settle(dropped.Identifier, "cancellation", "d", api.Cancellation{Reason: "打印机卡纸"})
	require.Equal(t, http.StatusOK, void.status, "%s", void.body)
	require.Zero(t, hanging())
	refused(t, settle(dropped.Identifier, "confirmation", "e", api.Confirmation{Paper: "P-2"}),
		http.StatusNotFound, "reservation-unknown")
	require.Equal(t, "true", settle(kept.Identifier, "confirmation", "c", api.Confirmation{Paper: "P-1"}).
		header.Get(api.HeaderReplayed))
}

// TestRightsOnReplay: a key gives its answer only to who may have it still, and belongs to one caller.
func TestRightsOnReplay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	issued := w.issue("one")
	req := foodRequest(t)
	req.Paper = "P-one"
	refused(t, w.call("narrow", http.MethodPost, "/licences", req, api.HeaderIdempotencyKey, "one"),
		http.StatusForbidden, "type-out-of-scope")
	req.Values["CZZTDM"], req.Paper = fixtures.FirmAt(8).Code, "P-other"
	other := w.call(fixtures.Caller(1), http.MethodPost, "/licences", req, api.HeaderIdempotencyKey, "one")
	require.Equal(t, http.StatusCreated, other.status, "another caller's key is another key: %s", other.body)
	require.NotEqual(t, issued.Identifier, into[api.Written](t, other).Identifier)
}

// TestNaturalKey: after the key is forgotten the number decides: the same licence is not issued twice.
func TestNaturalKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	issued, req := w.issue("one"), foodRequest(t)
	req.Paper, req.Values["certificateNumber"] = "P-7", issued.Number
	refused(t, w.call(fixtures.Caller(0), http.MethodPost, "/licences", req, api.HeaderIdempotencyKey, "new"),
		http.StatusConflict, "number-taken")
	delete(req.Values, "certificateNumber")
	req.Paper = "P-one"
	refused(t, w.call(fixtures.Caller(0), http.MethodPost, "/licences", req, api.HeaderIdempotencyKey, "newer"),
		http.StatusConflict, "paper-used")
}

// TestTypes: a type is read with its elements and their names, and its owner declares the next version, in YAML or JSON.
func TestTypes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path := "/licence-types/" + foodType(t)
	got := into[api.LicenceType](t, w.call("reviewer", http.MethodGet, path, nil))
	byName := map[string]api.Element{}
	for _, e := range got.Elements {
		byName[e.Name] = e
	}
	require.Equal(t, "certificateHolderName", byName["CZZT"].English)
	require.Equal(t, "经营者名称", byName["CZZT"].Label)
	require.True(t, byName["CZZT"].Required)
	refused(t, w.call("reviewer", http.MethodGet, "/licence-types/x", nil), http.StatusNotFound, "type-unknown")
	put := func(key, contentType, content string) reply {
		return w.send(key, http.MethodPut, path, strings.NewReader(content), "Content-Type", contentType)
	}
	refused(t, put(fixtures.Caller(0), "application/yaml", string(definition(t))), http.StatusForbidden, "type-other-owner")
	broken := put(fixtures.Caller(0), "application/yaml", "code: [")
	require.Equal(t, http.StatusUnprocessableEntity, broken.status, "%s", broken.body)
	wrong := put(fixtures.Caller(0), "application/yaml", strings.Replace(string(definition(t)), "name:", "nahme:", 1))
	require.Regexp(t, "^/", into[api.Problem](t, wrong).Errors[0].Path)

	own := strings.ReplaceAll(string(got.Definition), foodType(t)[:18], fixtures.Departments()[0].Code)
	var def map[string]any
	require.NoError(t, json.Unmarshal([]byte(own), &def))
	code := fixtures.Departments()[0].Code + "901"
	def["code"] = code
	content, err := json.Marshal(def)
	require.NoError(t, err)
	r := w.send(fixtures.Caller(0), http.MethodPut, "/licence-types/"+code, strings.NewReader(string(content)),
		"Content-Type", "application/json")
	require.Equal(t, http.StatusOK, r.status, "%s", r.body)
	require.Equal(t, code, into[api.LicenceType](t, r).Code)
}
