package server_test

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/internal/sheet"
)

// ledger is a made-up ledger of the first department.
func ledger(t testing.TB, rows int, dirt float64) []byte {
	t.Helper()
	l, err := fixtures.NewLedger(fixtures.LedgerOptions{
		Type: fixtures.FoodLicence, Seed: 3, Rows: rows, Dirt: dirt, Format: sheet.FormatCSV,
	})
	require.NoError(t, err)
	var b bytes.Buffer
	_, err = l.WriteTo(&b)
	require.NoError(t, err)
	return b.Bytes()
}

func (w *world) convert(key string, q api.ConversionRequest) reply {
	return w.call(fixtures.Caller(0), http.MethodPost, "/conversions", q, api.HeaderIdempotencyKey, key)
}

// jobOf asks for a job.
func (w *world) jobOf(r reply) api.Job {
	w.t.Helper()
	require.Equal(w.t, http.StatusAccepted, r.status, "%s", r.body)
	path := strings.TrimPrefix(r.header.Get("Location"), api.Version)
	return into[api.Job](w.t, w.call(fixtures.Caller(0), http.MethodGet, path, nil))
}

func resultOf[T any](t *testing.T, j api.Job) T {
	t.Helper()
	require.Equal(t, "done", j.State, "%+v", j.Error)
	var v T
	require.NoError(t, json.Unmarshal(j.Result, &v))
	return v
}

// TestConversion: a ledger is uploaded, tried, converted, its result fetched, and seen by others once it is signed off;
// sent again nothing happens twice; taken back it is gone (A71).
func TestConversion(t *testing.T) {
	w := newWorld(t)
	file := w.upload(fixtures.Caller(0), ledger(t, 60, 0.2))
	q := api.ConversionRequest{Type: foodRequest(t).Type, File: file, FileName: "台账.csv", DryRun: true}
	r := w.convert("dry", q)
	require.Equal(t, "waiting", w.jobOf(r).State)
	w.work()
	dry := resultOf[api.Conversion](t, w.jobOf(r))
	require.Empty(t, dry.Batch)
	require.Equal(t, 60, dry.Counts.Rows)
	require.NotZero(t, dry.Counts.Created)
	require.NotZero(t, dry.Counts.Rejected)
	require.True(t, dry.Balanced)
	require.NotEmpty(t, dry.Codes)

	q.DryRun = false
	first := w.convert("real", q)
	again := w.convert("real", q)
	require.Equal(t, first.header.Get("Location"), again.header.Get("Location"))
	require.Equal(t, "true", again.header.Get(api.HeaderReplayed))
	q.Expected = 61
	refused(t, w.convert("real", q), http.StatusUnprocessableEntity, "idempotency-key-of-another-request")
	w.work()
	job := w.jobOf(first)
	done := resultOf[api.Conversion](t, job)
	require.Equal(t, dry.Counts, done.Counts)
	require.Equal(t, int64(60), job.Progress.Done)

	sheetOf := w.call(fixtures.Caller(0), http.MethodGet, "/files/"+done.Result.ID, nil)
	require.Equal(t, http.StatusOK, sheetOf.status)
	require.Contains(t, string(sheetOf.body), "怎么改")
	require.Equal(t, done.Result.Size, int64(len(sheetOf.body)))
	refused(t, w.call(fixtures.Caller(1), http.MethodGet, "/files/"+done.Result.ID, nil), http.StatusNotFound, "no-such-file")
	for _, key := range []string{fixtures.Caller(1), "department-clerk-of-all", "narrow"} { // the last two of this caller
		refused(t, w.call(key, http.MethodGet, "/jobs/"+job.ID, nil), http.StatusNotFound, "no-such-job")
		refused(t, w.call(key, http.MethodPost, "/jobs/"+job.ID+"/cancellation", nil, api.HeaderIdempotencyKey, "c"),
			http.StatusNotFound, "no-such-job")
		require.Empty(t, into[api.Jobs](t, w.call(key, http.MethodGet, "/jobs", nil)).Items)
	}

	path := "/conversions/" + done.Batch
	require.Equal(t, "waiting", into[api.Batch](t, w.call(fixtures.Caller(0), http.MethodGet, path, nil)).State)
	for range 2 {
		signed := w.call(fixtures.Caller(0), http.MethodPost, path+"/sign-off", api.SignOff{By: "核对人", Sampled: 20},
			api.HeaderIdempotencyKey, "sign")
		require.Equal(t, "open", into[api.Batch](t, signed).State)
	}
	require.Len(t, into[api.Batches](t, w.call(fixtures.Caller(0), http.MethodGet, "/conversions", nil)).Items, 1)
	require.NotEqual(t, http.StatusOK, w.call(fixtures.Caller(1), http.MethodGet, path, nil).status)
	undo := w.call(fixtures.Caller(0), http.MethodPost, path+"/undo", api.UndoRequest{Reason: "用错了台账"},
		api.HeaderIdempotencyKey, "undo")
	w.work()
	require.Equal(t, done.Counts.Created, resultOf[api.Undo](t, w.jobOf(undo)).Counts["withdrawn"])
	require.Empty(t, idPattern.FindAllString(w.log.String(), -1))
}

// TestConversionPages: batches are listed in the order in which they began, page by page; whose they are not, or who may
// not see their type, finds none, also not by the mark of a page.
func TestConversionPages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var want []string
	for i := range 3 {
		file := w.upload(fixtures.Caller(0), ledger(t, 3+i, 0))
		r := w.convert(fmt.Sprint(i), api.ConversionRequest{Type: foodRequest(t).Type, File: file, FileName: "台账.csv"})
		w.work()
		want = append(want, resultOf[api.Conversion](t, w.jobOf(r)).Batch)
		w.now = w.now.Add(time.Minute)
	}
	page := func(key, query string) api.Batches {
		r := w.call(key, http.MethodGet, "/conversions"+query, nil)
		require.Equal(t, http.StatusOK, r.status, "%s", r.body)
		return into[api.Batches](t, r)
	}
	for _, key := range []string{fixtures.Caller(0), "operator"} {
		var got []string
		for after := ""; ; {
			p := page(key, "?limit=2&after="+after)
			for i := range p.Items {
				got = append(got, p.Items[i].ID)
			}
			if after = p.Next; after == "" {
				break
			}
			require.Len(t, p.Items, 2)
		}
		require.Equal(t, want, got, key)
		whole := page(key, "")
		require.Len(t, whole.Items, 3)
		require.Empty(t, whole.Next)
		require.Empty(t, page(key, "?limit=3").Next)
		last := page(key, "?after="+want[2])
		require.Empty(t, last.Next)
		require.NotNil(t, last.Items)
		require.Empty(t, last.Items)
	}
	require.Empty(t, page("narrow", "").Items)
	for key, after := range map[string]string{
		fixtures.Caller(0): "none", fixtures.Caller(1): want[0], "narrow": want[0],
	} {
		r := w.call(key, http.MethodGet, "/conversions?after="+after, nil)
		refused(t, r, http.StatusUnprocessableEntity, "cursor-malformed")
	}
}

// TestConversionRefused: what is wrong with a request is told at once, what is wrong with the file by the job.
func TestConversionRefused(t *testing.T) {
	w := newWorld(t)
	good := w.upload(fixtures.Caller(0), ledger(t, 5, 0))
	page := w.upload(fixtures.Caller(0), []byte("<html><body><table></table></body></html>"))
	other := w.upload(fixtures.Caller(1), []byte("another's"))
	typ := foodRequest(t).Type
	for name, c := range map[string]struct {
		change func(*api.ConversionRequest)
		status int
		code   string
	}{
		"type":    {func(q *api.ConversionRequest) { q.Type = "none" }, http.StatusNotFound, "type-unknown"},
		"file":    {func(q *api.ConversionRequest) { q.File = "none" }, http.StatusNotFound, "no-such-file"},
		"another": {func(q *api.ConversionRequest) { q.File = other }, http.StatusNotFound, "no-such-file"},
		"scans":   {func(q *api.ConversionRequest) { q.Scans = "none" }, http.StatusNotFound, "no-such-file"},
		"coding":  {func(q *api.ConversionRequest) { q.Encoding = "klingon" }, http.StatusUnprocessableEntity, "encoding-unknown"},
		"mapping": {func(q *api.ConversionRequest) { q.Mapping = "format: x" }, http.StatusUnprocessableEntity, ""},
	} {
		q := api.ConversionRequest{Type: typ, File: good, FileName: "台账.csv"}
		c.change(&q)
		r := w.convert(name, q)
		if c.code == "" {
			c.code = into[api.Problem](t, r).Code
			require.NotEqual(t, "internal", c.code)
		}
		refused(t, r, c.status, c.code)
	}
	for name, q := range map[string]api.ConversionRequest{
		"SHEET_HTML":   {Type: typ, File: page, FileName: "台账.xls"},
		"zip-unusable": {Type: typ, File: good, FileName: "台账.csv", Scans: page},
	} {
		r := w.convert(name, q)
		w.work()
		j := w.jobOf(r)
		require.Equal(t, "failed", j.State)
		require.Equal(t, name, j.Error.Code)
		require.NotEmpty(t, j.Error.Errors[0].FixZh)
	}
	var packed bytes.Buffer
	z := zip.NewWriter(&packed)
	for range 2 {
		_, err := z.Create("JY13501020000017.pdf")
		require.NoError(t, err)
	}
	require.NoError(t, z.Close())
	r := w.convert("twice", api.ConversionRequest{
		Type: typ, File: good, FileName: "台账.csv", Scans: w.upload(fixtures.Caller(0), packed.Bytes()),
	})
	w.work()
	require.Equal(t, "zip-unusable", w.jobOf(r).Error.Code, "two files of one name")
	refused(t, w.call("reviewer", http.MethodPost, "/conversions", api.ConversionRequest{}, api.HeaderIdempotencyKey, "k"),
		http.StatusForbidden, "role-forbids")
}

// TestCancelConversion: a job is cancelled before its turn, and not after its end.
func TestCancelConversion(t *testing.T) {
	w := newWorld(t)
	file := w.upload(fixtures.Caller(0), ledger(t, 5, 0))
	q := api.ConversionRequest{Type: foodRequest(t).Type, File: file, FileName: "台账.csv"}
	cancelled := w.jobOf(w.convert("1", q))
	path := "/jobs/" + cancelled.ID + "/cancellation"
	require.Equal(t, "cancelled", into[api.Job](t, w.call(fixtures.Caller(0), http.MethodPost, path, nil, api.HeaderIdempotencyKey, "c")).State)
	r := w.convert("2", q)
	w.work()
	require.Equal(t, 5, resultOf[api.Conversion](t, w.jobOf(r)).Counts.Created)
	path = "/jobs/" + w.jobOf(r).ID + "/cancellation"
	refused(t, w.call(fixtures.Caller(0), http.MethodPost, path, nil, api.HeaderIdempotencyKey, "c"), http.StatusConflict, "job-ended")
	list := into[api.Jobs](t, w.call(fixtures.Caller(0), http.MethodGet, "/jobs", nil))
	require.Len(t, list.Items, 2)
}

// TestRestart: a job that was accepted before a restart is done after it.
func TestRestart(t *testing.T) {
	w := newWorld(t)
	file := w.upload(fixtures.Caller(0), ledger(t, 5, 0))
	r := w.convert("1", api.ConversionRequest{Type: foodRequest(t).Type, File: file, FileName: "台账.csv"})
	w.restart()
	w.work()
	require.Equal(t, 5, resultOf[api.Conversion](t, w.jobOf(r)).Counts.Created)
}

// zeroes is a body that never ends and says how much of it was taken.
type zeroes struct{ taken int64 }

func (z *zeroes) Read(p []byte) (int, error) {
	z.taken += int64(len(p))
	return len(p), nil
}

// TestUploads: a gigabyte is refused before it is read if its length is told, and when the limit is passed if not; what
// breaks off is not kept.
func TestUploads(t *testing.T) {
	w := newWorld(t)
	key := []string{"Content-Type", "application/octet-stream", api.HeaderIdempotencyKey, "k"}
	body := &zeroes{}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.http.URL+api.Version+"/files",
		io.NopCloser(io.LimitReader(body, 1<<30)))
	require.NoError(t, err)
	req.ContentLength = 1 << 30
	req.Header.Set("Authorization", "Bearer "+fixtures.Caller(0))
	req.Header.Set("Content-Type", key[1])
	req.Header.Set(key[2], key[3])
	req.Header.Set("Expect", "100-continue")
	client := &http.Client{Transport: &http.Transport{ExpectContinueTimeout: time.Minute}}
	res, err := client.Do(req)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	require.Equal(t, http.StatusRequestEntityTooLarge, res.StatusCode)
	require.Zero(t, body.taken)

	handler := w.server.Handler()
	body = &zeroes{}
	got := serve(handler, body, -1, key)
	require.Equal(t, http.StatusRequestEntityTooLarge, got.Code)
	require.Less(t, body.taken, int64(10<<20))

	cut := io.MultiReader(strings.NewReader("half"), brokenReader{})
	require.Equal(t, http.StatusBadRequest, serve(handler, cut, 100, key).Code)
	require.Equal(t, http.StatusUnsupportedMediaType, serve(handler, strings.NewReader("{}"), 2,
		[]string{"Content-Type", "application/json", api.HeaderIdempotencyKey, "k"}).Code)
	require.Equal(t, http.StatusUnprocessableEntity, serve(handler, strings.NewReader("a"), 1, key[:2]).Code)

	id := w.upload(fixtures.Caller(0), []byte("content"))
	require.Equal(t, id, w.upload(fixtures.Caller(0), []byte("content")))
	require.Equal(t, "content", string(w.call(fixtures.Caller(0), http.MethodGet, "/files/"+id, nil).body))
	part := w.call(fixtures.Caller(0), http.MethodGet, "/files/"+id, nil, "Range", "bytes=3-")
	require.Equal(t, "tent", string(part.body))
	require.Equal(t, http.StatusNoContent, w.call(fixtures.Caller(0), http.MethodDelete, "/files/"+id, nil, api.HeaderIdempotencyKey, "d").status)
	refused(t, w.call(fixtures.Caller(0), http.MethodGet, "/files/"+id, nil), http.StatusNotFound, "no-such-file")
}

// TestNotOffered: without a place for files there are none, and everything else works.
func TestNotOffered(t *testing.T) {
	w := newWorld(t)
	w.config.Files, w.config.Converting = nil, nil
	w.restart()
	refused(t, w.convert("k", api.ConversionRequest{Type: "x", File: "x", FileName: "x"}), http.StatusNotFound, "not-offered")
	refused(t, w.call(fixtures.Caller(0), http.MethodGet, "/files/x", nil), http.StatusNotFound, "not-offered")
	require.Equal(t, http.StatusOK, w.call(fixtures.Caller(0), http.MethodGet, "/jobs", nil).status)
}
