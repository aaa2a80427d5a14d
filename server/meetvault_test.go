package server_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/client"
	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/server/identity"
	"github.com/elicense/elicense/vault"
)

// TestMeetDepartments: a consent for nobody is refused where it says for whom, and a department whose key is not here
// cannot issue.
func TestMeetDepartments(t *testing.T) {
	t.Parallel()
	w := newWorldWith(t, func(k *identity.Keys) {
		k.Add("fresh", identity.Caller{
			ID: "fresh", Role: identity.RoleDepartmentSystem, Department: fixtures.Authority().Code,
		})
	})
	r := w.call("firm-7", http.MethodPost, "/authorisations", api.AuthorisationRequest{
		Asking: api.Asking{Purpose: "核对"}, Department: "\t", Until: "2026-12-31",
	}, api.HeaderIdempotencyKey, "k")
	require.Equal(t, "/department", tells(t, r, "issuer-unknown").Path)
	r = w.call("operator", http.MethodPut, "/callers/fresh", api.CallerRights{
		Department: fixtures.Authority().Code, Name: fixtures.Authority().Name, Issues: []string{foodType(t)},
	})
	require.Equal(t, http.StatusOK, r.status, "%s", r.body)
	tells(t, w.call("fresh", http.MethodPost, "/licences", foodRequest(t), api.HeaderIdempotencyKey, "k"), "signer-missing")
}

// TestMeetTransfers: what another vault sends is refused if its department's signature does not hold here, and if its
// type is not declared in that version.
func TestMeetTransfers(t *testing.T) {
	t.Parallel()
	city := newWorld(t)
	issued := city.issue("1")
	stranger := newWorld(t) // which has other departments of the same names
	_, conflicts := run(t, &client.Sync{From: city.client(), To: stranger.client()}, 0)
	require.NotEmpty(t, conflicts)
	require.Equal(t, "import-signature", conflicts[0].Code)
	require.Equal(t, issued.Identifier, conflicts[0].Identifier)

	province := city.provincial()
	code, definition := example(t, "version", "version")
	for _, w := range []*world{city, province} {
		require.Equal(t, http.StatusOK, w.declare(code, definition).status)
	}
	_, newer := example(t, "label: 注册资本", "label: 出资额")
	require.Equal(t, http.StatusOK, city.declare(code, newer).status)
	city.grant(code)
	province.grant(code)
	r := city.call(fixtures.Caller(0), http.MethodPost, "/licences", exampleRequest(code), api.HeaderIdempotencyKey, "2")
	require.Equal(t, http.StatusCreated, r.status, "%s", r.body)
	_, conflicts = run(t, &client.Sync{From: city.client(), To: province.client()}, 0)
	require.NotEmpty(t, conflicts)
	require.Equal(t, "import-type", conflicts[0].Code)
}

// TestMeetLaterEvent: a row on which something was done since is not taken back with its batch.
func TestMeetLaterEvent(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	text := headings + "\nA-1,甲公司," + fixtures.FirmAt(1).Code + ",2009-03-01\nA-2,乙公司," + fixtures.FirmAt(2).Code + ",2009-03-01\n"
	q := api.ConversionRequest{
		Type: w.businessType(), File: w.upload(fixtures.Caller(0), []byte(text)), FileName: "a.csv",
		Mapping: columnsOf(""),
	}
	made := w.convert("c", q)
	w.work()
	path := "/conversions/" + resultOf[api.Conversion](t, w.jobOf(made)).Batch
	post := func(key, path string, body any) reply {
		r := w.call(fixtures.Caller(0), http.MethodPost, path, body, api.HeaderIdempotencyKey, key)
		require.Less(t, r.status, http.StatusBadRequest, "%s", r.body)
		return r
	}
	post("sign", path+"/sign-off", api.SignOff{By: "核对人", Sampled: 2})
	found := into[api.LookupAnswer](t, w.call(fixtures.Caller(0), http.MethodPost, "/lookups", api.LookupRequest{
		Asked: api.Asked{Purpose: "核对", Ground: "issuer"}, Fields: []string{"CZZT"},
		Holder: &api.Holder{Kind: "001", Code: fixtures.FirmAt(1).Code},
	}))
	require.Len(t, found.Licences, 1)
	post("act", "/licences/"+found.Licences[0].Identifier+"/suspensions", api.ActRequest{Reason: "核查", Basis: "依职权"})
	undo := post("undo", path+"/undo", api.UndoRequest{Reason: "用错了台账"})
	w.work()
	out := resultOf[api.Undo](t, w.jobOf(undo))
	require.Len(t, out.Refused, 1)
	require.Equal(t, "batch-later-event", out.Refused[0].Code)
	require.NotEmpty(t, out.Refused[0].Zh)
}

// TestMeetManyDocuments: a licence takes a thousand documents.
func TestMeetManyDocuments(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	issued := w.issue("1")
	by := vault.Access{Caller: fixtures.Caller(0), Purpose: "附加文件", Ground: vault.GroundIssuer}
	for i := range 1000 {
		if _, err := w.vault.Attach(t.Context(), by, issued.Identifier, "scan", fmt.Appendf(nil, "page %d", i)); err != nil {
			break // an issue has brought some of its own
		}
		w.now = w.now.Add(time.Second)
	}
	r := w.send(fixtures.Caller(0), http.MethodPost, "/licences/"+issued.Identifier+"/documents?kind=scan",
		strings.NewReader("one more"), "Content-Type", "application/octet-stream")
	tells(t, r, "too-many-documents")
}
