package server_test

import (
	"bytes"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/server"
)

// storing gives the world a service with other quotas of storage.
func (w *world) storing(s server.Storage) {
	w.t.Helper()
	w.config.Storage = s
	w.restart()
}

func (w *world) send1(caller, key string, size int) reply {
	return w.send(caller, http.MethodPost, "/files", strings.NewReader(strings.Repeat("x", size)),
		"Content-Type", octets, api.HeaderIdempotencyKey, key)
}

func (w *world) listed(caller string) api.FileList {
	w.t.Helper()
	r := w.call(caller, http.MethodGet, "/files", nil)
	require.Equal(w.t, http.StatusOK, r.status, "%s", r.body)
	return into[api.FileList](w.t, r)
}

// TestStorageQuota_A71: who has used up his room is told how much he keeps, how much he may and what to do, and nothing
// becomes durable; what was taken before is answered again; other callers are not touched; what is deleted, and what
// expires, makes room.
func TestStorageQuota_A71(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	me, other := fixtures.Caller(0), fixtures.Caller(1)
	w.storing(server.Storage{PerCaller: 100_000, Of: map[string]int64{other: 300_000}})
	first := w.send1(me, "1", 60_000)
	require.Equal(t, http.StatusCreated, first.status, "%s", first.body)
	require.Equal(t, "used=60512, allowed=100000", first.header.Get(api.HeaderStored))
	before := w.everything()
	r := w.send1(me, "2", 60_000)
	refused(t, r, http.StatusRequestEntityTooLarge, "storage-full")
	require.Equal(t, before, w.everything())
	require.Equal(t, "used=60512, allowed=100000", r.header.Get(api.HeaderStored))
	p := into[api.Problem](t, r)
	require.False(t, p.Retryable)
	require.Equal(t, "本调用方的存储配额不足：已存 59.1 KiB，限额 97.7 KiB，本次需 59.1 KiB", p.Errors[0].Zh)
	require.Contains(t, p.Errors[0].FixZh, "DELETE")
	require.Contains(t, p.Errors[0].En, "59.1 KiB are kept of 97.7 KiB at most")
	require.Equal(t, "maxStored 100000", p.Errors[0].Keyword)
	require.NotEmpty(t, p.Errors[0].Basis)
	again := w.send1(me, "1", 60_000)
	require.Equal(t, http.StatusCreated, again.status, "what was taken before: %s", again.body)
	require.Equal(t, http.StatusCreated, w.send1(other, "1", 200_000).status, "with a quota of its own")
	list := w.listed(me)
	require.Equal(t, []string{into[api.File](t, first).ID}, []string{list.Files[0].ID})
	require.EqualValues(t, 60_512, list.Used)
	require.EqualValues(t, 100_000, list.Allowed)
	gone := w.call(me, http.MethodDelete, "/files/"+list.Files[0].ID, nil, api.HeaderIdempotencyKey, "d")
	require.Equal(t, http.StatusNoContent, gone.status, "%s", gone.body)
	require.Equal(t, "used=0, allowed=100000", gone.header.Get(api.HeaderStored))
	require.Equal(t, http.StatusCreated, w.send1(me, "3", 60_000).status)
	w.now = w.now.Add(8 * 24 * time.Hour)
	require.NoError(t, w.server.Sweep(t.Context()))
	require.Zero(t, w.listed(me).Used)
	for i := range 2 {
		id := into[api.File](t, w.send1(me, "again "+strconv.Itoa(i), 90_000)).ID
		w.call(me, http.MethodDelete, "/files/"+id, nil, api.HeaderIdempotencyKey, "d")
	}
	r = w.send1(me, "4", 90_000)
	refused(t, r, http.StatusTooManyRequests, "storage-clearing")
	require.True(t, into[api.Problem](t, r).Retryable)
}

// TestStorageOfHolders: a holder has a share of his own of what the caller keeps by which he calls, and sees that.
func TestStorageOfHolders(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.storing(server.Storage{PerCaller: 110_000, PerHolder: 40_000})
	require.Equal(t, http.StatusCreated, w.send1("firm-7", "1", 30_000).status)
	refused(t, w.send1("firm-7", "2", 30_000), http.StatusRequestEntityTooLarge, "storage-full")
	require.Equal(t, http.StatusCreated, w.send1("firm-8", "1", 30_000).status)
	require.Equal(t, http.StatusCreated, w.send1("reviewer", "1", 30_000).status)
	refused(t, w.send1("reviewer", "2", 30_000), http.StatusRequestEntityTooLarge, "storage-full")
	list := w.listed("firm-7")
	require.EqualValues(t, 40_000, list.Allowed)
	require.EqualValues(t, 30_512, list.Used)
	require.Len(t, list.Files, 1)
	require.Len(t, w.listed("reviewer").Files, 1, "holders' files are not the hall's")
	require.EqualValues(t, 3*30_512, w.listed("reviewer").Used)
}

// TestStorageOfVerdicts: a case is judged if there is room for what is kept of it; what is kept of one counts with all
// its files until its time is over.
func TestStorageOfVerdicts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.judging()
	content := w.bundle(w.issue("1").Identifier)
	q := api.VerificationRequest{Documents: []api.Submitted{{Name: "a.json", Content: content}}}
	w.storing(server.Storage{PerCaller: 300_000})
	before := w.everything()
	refused(t, w.verify("1", q), http.StatusRequestEntityTooLarge, "storage-full")
	require.Equal(t, before, w.everything())
	w.storing(server.Storage{PerCaller: 1 << 20})
	r := w.verify("1", q)
	require.Equal(t, http.StatusCreated, r.status, "%s", r.body)
	v := into[api.Verification](t, r)
	list := w.listed("reviewer")
	require.Len(t, list.Files, len(v.Reports)+1)
	files := int64(0)
	for _, f := range list.Files {
		files += f.Size
	}
	require.Greater(t, list.Used, files+512*int64(len(list.Files)), "and the verdict itself")
	w.storing(server.Storage{PerCaller: list.Used})
	require.Equal(t, http.StatusOK, w.verify("1", q).status, "it was judged before")
	refused(t, w.verify("2", q), http.StatusRequestEntityTooLarge, "storage-full")
	w.now = v.Expires.Add(time.Second)
	require.NoError(t, w.server.Sweep(t.Context()))
	require.Zero(t, w.listed("reviewer").Used)
}

// TestStorageOfJobs: a job is taken if there is room for what it makes, which is kept for it until it has ended; then
// counts what it has made.
func TestStorageOfJobs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	me := fixtures.Caller(0)
	content := bytes.Repeat(ledger(t, 8, 0), 1)
	q := api.ConversionRequest{Type: foodType(t), File: w.upload(me, content), FileName: "台账.csv"}
	base := w.listed(me).Used
	w.storing(server.Storage{PerCaller: base + 8<<10 + 3*int64(len(content))})
	w.jobOf(w.convert("1", q))
	asked := w.listed(me).Used
	require.Greater(t, asked, base+3*int64(len(content)))
	r := w.convert("2", q)
	refused(t, r, http.StatusRequestEntityTooLarge, "storage-full")
	again := w.convert("1", q)
	require.Equal(t, "true", again.header.Get(api.HeaderReplayed), "%s", again.body)
	w.work()
	done := resultOf[api.Conversion](t, w.jobOf(again))
	list := w.listed(me)
	require.Len(t, list.Files, 3)
	require.EqualValues(t, asked-base-3*int64(len(content))+done.Result.Size+done.Errors.Size+2*512, list.Used-base)
	w.now = w.now.Add(31 * 24 * time.Hour)
	require.NoError(t, w.server.Sweep(t.Context()))
	require.Zero(t, w.listed(me).Used)
}
