package server_test

import (
	"archive/zip"
	"bytes"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/server/identity"
)

// scanned converts a ledger with a scan for one of its rows, and gives the batch.
func (w *world) scanned(t *testing.T) (batch string, scan []byte) {
	t.Helper()
	text := ledger(t, 6, 0)
	number := regexp.MustCompile(`JY\d{14}`).Find(text)
	require.NotEmpty(t, number)
	scan = []byte("%PDF-1.4 made up")
	var packed bytes.Buffer
	z := zip.NewWriter(&packed)
	f, err := z.Create(string(number) + ".pdf")
	require.NoError(t, err)
	_, err = f.Write(scan)
	require.NoError(t, err)
	require.NoError(t, z.Close())
	r := w.convert("scanned", api.ConversionRequest{
		Type: foodType(t), File: w.upload(fixtures.Caller(0), text), FileName: "台账.csv",
		Scans: w.upload(fixtures.Caller(0), packed.Bytes()), Expected: 9,
	})
	w.work()
	return resultOf[api.Conversion](t, w.jobOf(r)).Batch, scan
}

// TestSample: a department draws a sample of its own batch and sees it unmasked beside the scans, the same for the same
// seed; so does its batch operator, who reads nothing else. To everybody else there is no such batch.
func TestSample(t *testing.T) {
	t.Parallel()
	w := newWorldWith(t, func(keys *identity.Keys) {
		keys.Add("batches", identity.Caller{
			ID: fixtures.Caller(0), Role: identity.RoleBatchOperator, Department: fixtures.Departments()[0].Code,
		})
	})
	batch, scan := w.scanned(t)
	path := "/conversions/" + batch + "/samples"
	all := into[api.Sample](t, w.call(fixtures.Caller(0), http.MethodPost, path, api.SampleRequest{Number: 500}))
	require.Len(t, all.Rows, 6)
	digest := ""
	for _, row := range all.Rows {
		require.Equal(t, "created", row.Outcome)
		require.NotEmpty(t, row.Licence.Values["CZZT"])
		require.NotContains(t, row.Licence.Values["KZ_FDDBR"], "*")
		if len(row.Scans) > 0 {
			digest = row.Scans[0]
		}
	}
	require.NotEmpty(t, digest)
	require.Equal(t, all, into[api.Sample](t, w.call("batches", http.MethodPost, path, api.SampleRequest{Number: 500})))
	two := into[api.Sample](t, w.call("batches", http.MethodPost, path, api.SampleRequest{Number: 2, Seed: 9}))
	require.Len(t, two.Rows, 2)
	require.Equal(t, two, into[api.Sample](t, w.call("batches", http.MethodPost, path, api.SampleRequest{Number: 2, Seed: 9})))

	got := w.call("batches", http.MethodGet, "/conversions/"+batch+"/scans/"+digest, nil)
	require.Equal(t, http.StatusOK, got.status, "%s", got.body)
	require.Equal(t, scan, got.body)
	none := strings.Repeat("0", 64)
	refused(t, w.call("batches", http.MethodGet, "/conversions/"+batch+"/scans/"+none, nil), http.StatusNotFound, "licence-unknown")
	for _, other := range []reply{
		w.call(fixtures.Caller(1), http.MethodPost, path, api.SampleRequest{Number: 1}),
		w.call(fixtures.Caller(1), http.MethodGet, "/conversions/"+batch+"/scans/"+digest, nil),
	} {
		refused(t, other, http.StatusNotFound, "batch-unknown")
	}
	refused(t, w.call("narrow", http.MethodPost, path, api.SampleRequest{Number: 1}), http.StatusForbidden, "type-out-of-scope")
	refused(t, w.call("narrow", http.MethodGet, "/conversions/"+batch+"/scans/"+digest, nil), http.StatusForbidden,
		"type-out-of-scope")
	for _, n := range []int{0, 501} {
		refused(t, w.call("batches", http.MethodPost, path, api.SampleRequest{Number: n}), http.StatusUnprocessableEntity,
			"request-invalid")
	}
	require.Empty(t, idPattern.FindAllString(w.log.String(), -1))
}

// TestScans: who may see a licence sees that there are scans; what is on them the department alone. The account of the
// batch says how far the whole ledger is, and the operator sees all batches.
func TestScans(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	batch, scan := w.scanned(t)
	signed := w.call(fixtures.Caller(0), http.MethodPost, "/conversions/"+batch+"/sign-off",
		api.SignOff{By: "核对人", Sampled: 6}, api.HeaderIdempotencyKey, "sign")
	require.Equal(t, http.StatusOK, signed.status, "%s", signed.body)
	rows := into[api.Sample](t, w.call(fixtures.Caller(0), http.MethodPost, "/conversions/"+batch+"/samples",
		api.SampleRequest{Number: 500})).Rows
	with, without := "", ""
	for _, row := range rows {
		if len(row.Scans) > 0 {
			with = row.Licence.Identifier
		} else {
			without = row.Licence.Identifier
		}
	}
	list := into[api.PaperScans](t, w.call("reviewer", http.MethodGet, "/licences/"+with+"/scans"+law(), nil))
	require.Len(t, list.Scans, 1)
	require.Equal(t, batch, list.Scans[0].Batch)
	require.Equal(t, 1, list.Scans[0].Version)
	path := "/licences/" + with + "/scans/" + list.Scans[0].Digest
	got := w.call(fixtures.Caller(0), http.MethodGet, path+"?purpose=x", nil)
	require.Equal(t, http.StatusOK, got.status, "%s", got.body)
	require.Equal(t, scan, got.body)
	refused(t, w.call("reviewer", http.MethodGet, path+law(), nil), http.StatusForbidden, "not-issuer")
	refused(t, w.call(fixtures.Caller(1), http.MethodGet, path+"?purpose=x", nil), http.StatusNotFound, "licence-unknown")
	refused(t, w.call("narrow", http.MethodGet, path+"?purpose=x", nil), http.StatusForbidden, "type-out-of-scope")
	require.Empty(t, into[api.PaperScans](t, w.call("reviewer", http.MethodGet, "/licences/"+without+"/scans"+law(), nil)).Scans)
	refused(t, w.call(fixtures.Caller(0), http.MethodGet,
		"/licences/"+without+"/scans/"+list.Scans[0].Digest+"?purpose=x", nil), http.StatusNotFound, "document-unknown")

	found := into[api.LookupAnswer](t, w.call("reviewer", http.MethodPost, "/lookups",
		api.LookupRequest{Asked: byLaw(), Batch: batch, Fields: []string{"*"}}))
	require.Len(t, found.Licences, 6)
	require.Equal(t, batch, found.Licences[0].Batch)
	for _, key := range []string{fixtures.Caller(0), "operator"} {
		accounts := into[api.Batches](t, w.call(key, http.MethodGet, "/conversions", nil))
		require.Len(t, accounts.Items, 1, key)
		b := accounts.Items[0]
		require.Equal(t, 9, b.Expected)
		require.Equal(t, 6, b.Counts.Created)
		require.Equal(t, "核对人", b.SignOff.By)
		require.Empty(t, b.Certificate)
	}
	require.Empty(t, into[api.Batches](t, w.call(fixtures.Caller(1), http.MethodGet, "/conversions", nil)).Items)
}

// TestEverything: the star asks for all that is on the face, once, as the caller may read it; beside names it is none.
func TestEverything(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	issued, req := w.issue("one"), foodRequest(t)
	ask := func(key string, q api.LookupRequest) map[string]string {
		answer := into[api.LookupAnswer](t, w.call(key, http.MethodPost, "/lookups", q))
		require.Len(t, answer.Licences, 1)
		return answer.Licences[0].Values
	}
	values := ask("reviewer", api.LookupRequest{Asked: byLaw(), Identifier: issued.Identifier, Fields: []string{"*"}})
	for name, value := range req.Values {
		require.Equal(t, value, values[name], name)
	}
	require.Equal(t, issued.Number, values["ZZBH"])
	listed := ask("reviewer", api.LookupRequest{
		Asked: byLaw(), Holder: &api.Holder{Kind: "001", Code: req.Values["CZZTDM"]}, Fields: []string{"*"},
	})
	require.Len(t, listed, len(values))
	require.NotEqual(t, values["KZ_FDDBR"], listed["KZ_FDDBR"], "who browses reads no names")
	mixed := ask("reviewer", api.LookupRequest{Asked: byLaw(), Identifier: issued.Identifier, Fields: []string{"*", "CZZT"}})
	require.Equal(t, map[string]string{"CZZT": req.Values["CZZT"]}, mixed)
	one := into[api.Licence](t, w.call("reviewer", http.MethodGet, "/licences/"+issued.Identifier+law("fields", "*"), nil))
	require.Equal(t, values, one.Values)
}
