package server_test

import (
	"context"
	"crypto/rand"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/client"
	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/internal/blob"
	"github.com/elicense/elicense/internal/engine/memory"
	"github.com/elicense/elicense/internal/engine/sealed"
	"github.com/elicense/elicense/vault"
)

// provincial is a service whose vault is another, with keys of its own, and knows the same departments.
func (w *world) provincial() *world {
	w.t.Helper()
	p := newWorld(w.t)
	clock := func() time.Time { return w.now }
	keys, err := sealed.CreateKeyring(w.t.Context(), memory.New(), sealed.Master{2}, rand.Reader)
	require.NoError(w.t, err)
	blobs, err := blob.Open(blob.Config{Engine: memory.New(), Now: clock, Hash: keys.AddressHash})
	require.NoError(w.t, err)
	p.vault, err = vault.Open(w.t.Context(), vault.Config{
		Engine: memory.New(), Blobs: blobs, Tokens: keys, Records: w.province.Custody, Signer: p.province.Vault,
		Now: clock, Rand: rand.Reader, Zone: zone, UnsealedUnsafe: true,
	})
	require.NoError(w.t, err)
	require.NoError(w.t, fixtures.Settle(w.t.Context(), p.vault))
	p.config.Vault, p.config.Now = p.vault, clock
	p.restart()
	return p
}

// client is the first department's.
func (w *world) client() *client.Client {
	w.t.Helper()
	c, err := client.New(client.Config{
		URL: w.http.URL, Rand: rand.Reader, Now: func() time.Time { return w.now }, Attempts: 1,
		Bearer: func(context.Context) (string, error) { return fixtures.Caller(0), nil },
	})
	require.NoError(w.t, err)
	w.t.Cleanup(c.Close)
	return c
}

// look is what the first department's look-up answers, without the receipt.
func (w *world) look(identifier string) api.Licence {
	w.t.Helper()
	r := w.call(fixtures.Caller(0), http.MethodPost, "/lookups", api.LookupRequest{
		Asked: api.Asked{Purpose: "核对", Ground: "issuer"}, Identifier: identifier, Fields: []string{"CZZT", "ZZBH"},
	})
	require.Equal(w.t, http.StatusOK, r.status, "%s", r.body)
	answer := into[api.LookupAnswer](w.t, r)
	require.Len(w.t, answer.Licences, 1)
	return answer.Licences[0]
}

func run(t *testing.T, s *client.Sync, from uint64) (next uint64, conflicts []client.Conflict) {
	t.Helper()
	for {
		step, err := s.Step(t.Context(), from)
		require.NoError(t, err)
		conflicts = append(conflicts, step.Conflicts...)
		if from = step.Next; step.End {
			return from, conflicts
		}
	}
}

// TestSync_A75: what departments do in the city is in the province after a sync, the same identifier, version, state and
// record; a sync goes on where it was; a conversion comes when it is signed off; conflicts are listed and hold nothing
// else up.
func TestSync_A75(t *testing.T) {
	city := newWorld(t)
	province := city.provincial()
	s := &client.Sync{From: city.client(), To: province.client()}
	first, second := city.issue("1"), city.issue("2")
	at, conflicts := run(t, s, 0)
	require.Empty(t, conflicts)
	for _, id := range []string{first.Identifier, second.Identifier} {
		require.Equal(t, city.look(id), province.look(id))
	}
	again, conflicts := run(t, s, 0) // from the beginning: nothing changes
	require.Equal(t, at, again)
	require.Empty(t, conflicts)

	act := func(w *world, id, what, key string) {
		t.Helper()
		r := w.call(fixtures.Caller(0), http.MethodPost, "/licences/"+id+"/"+what,
			api.ActRequest{Reason: "核查", Basis: "依职权"}, api.HeaderIdempotencyKey, key)
		require.Equal(t, http.StatusOK, r.status, "%s", r.body)
	}
	act(city, first.Identifier, "suspensions", "3")
	act(province, second.Identifier, "suspensions", "4") // where it should not be done
	city.now = city.now.Add(time.Minute)
	act(city, second.Identifier, "suspensions", "5")
	third := city.issue("6")
	at, conflicts = run(t, s, at)
	require.Len(t, conflicts, 1)
	require.Equal(t, "import-differs", conflicts[0].Code)
	require.Equal(t, second.Identifier, conflicts[0].Identifier)
	require.NotEmpty(t, conflicts[0].Zh)
	for _, id := range []string{first.Identifier, third.Identifier} {
		require.Equal(t, city.look(id), province.look(id))
	}

	file := city.upload(fixtures.Caller(0), ledger(t, 20, 0))
	job := city.convert("c", api.ConversionRequest{Type: foodRequest(t).Type, File: file, FileName: "台账.csv"})
	city.work()
	batch := resultOf[api.Conversion](t, city.jobOf(job)).Batch
	at, conflicts = run(t, s, at)
	require.Empty(t, conflicts)
	signed := city.call(fixtures.Caller(0), http.MethodPost, "/conversions/"+batch+"/sign-off",
		api.SignOff{By: "核对人", Sampled: 20}, api.HeaderIdempotencyKey, "sign")
	require.Equal(t, http.StatusOK, signed.status, "%s", signed.body)
	_, conflicts = run(t, s, at)
	require.Empty(t, conflicts)
	converted := into[api.EventPage](t, city.call(fixtures.Caller(0), http.MethodGet, "/events?kinds=converted", nil))
	require.Len(t, converted.Events, 20)
	for _, e := range converted.Events {
		require.Equal(t, city.look(e.Identifier), province.look(e.Identifier))
	}
	require.Empty(t, idPattern.FindAllString(city.log.String()+province.log.String(), -1))
}

// TestSyncApart_A75: a document that is too large for a transfer travels apart.
func TestSyncApart_A75(t *testing.T) {
	city := newWorld(t)
	province := city.provincial()
	id := city.issue("1").Identifier
	for _, size := range []int{100, 14 << 20, 20 << 20} {
		city.now = city.now.Add(time.Minute)
		r := city.send(fixtures.Caller(0), http.MethodPost, "/licences/"+id+"/documents?kind=scan",
			strings.NewReader(strings.Repeat("a", size)), "Content-Type", "application/octet-stream")
		require.Equal(t, http.StatusCreated, r.status, "%s", r.body)
	}
	_, conflicts := run(t, &client.Sync{From: city.client(), To: province.client()}, 0)
	require.Empty(t, conflicts)
	require.Equal(t, city.look(id), province.look(id))
	require.Len(t, province.look(id).Documents, 3)
	for _, path := range []string{"/transfers/" + id + "/contents/" + strings.Repeat("0", 64) + "?from=1"} {
		refused(t, city.call(fixtures.Caller(0), http.MethodGet, path, nil), http.StatusNotFound, "licence-unknown")
		require.Equal(t, http.StatusForbidden, city.call(fixtures.Caller(1), http.MethodGet, path, nil).status)
	}
}

// TestImportRefused: what is no transfer, or another's, is refused.
func TestImportRefused(t *testing.T) {
	city := newWorld(t)
	province := city.provincial()
	id := city.issue("1").Identifier
	r := city.call(fixtures.Caller(0), http.MethodPost, "/transfers", api.TransferRequest{Identifier: id, From: 1})
	content := into[api.Transfer](t, r).Content
	send := func(key string, content []byte) reply {
		return province.call(key, http.MethodPost, "/imports", api.ImportRequest{Content: content}, api.HeaderIdempotencyKey, "k")
	}
	for _, bad := range [][]byte{[]byte("x"), []byte(`{"unknown":1}`), append(content[:len(content):len(content)], 'x')} {
		refused(t, send(fixtures.Caller(0), bad), http.StatusUnprocessableEntity, "transfer-malformed")
	}
	twice := []byte(strings.Replace(string(content), `{"identifier"`, `{"from":1,"identifier"`, 1))
	refused(t, send(fixtures.Caller(0), twice), http.StatusUnprocessableEntity, "transfer-malformed")
	require.Equal(t, http.StatusForbidden, send(fixtures.Caller(1), content).status)
	require.Equal(t, http.StatusForbidden, send("operator", content).status)
	require.Equal(t, http.StatusOK, send(fixtures.Caller(0), content).status)
	require.Equal(t, http.StatusForbidden,
		city.call(fixtures.Caller(1), http.MethodPost, "/transfers", api.TransferRequest{Identifier: id, From: 1}).status)
}
