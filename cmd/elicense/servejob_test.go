package main

import (
	"bytes"
	"encoding/json"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/fixtures"
)

// call sends a request as the first department, and decodes the answer.
func (s *serving) call(method, path string, body io.Reader, into any, headers ...string) {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), method, s.base+path, body)
	require.NoError(s.t, err)
	req.Header.Set("Authorization", "Bearer "+s.keys[fixtures.Caller(0)])
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	require.NoError(s.t, err)
	defer func() { require.NoError(s.t, res.Body.Close()) }()
	b, err := io.ReadAll(res.Body)
	require.NoError(s.t, err)
	require.Less(s.t, res.StatusCode, 300, "%s", b)
	require.NoError(s.t, json.Unmarshal(b, into))
}

func (s *serving) job(id string) (j api.Job) {
	s.t.Helper()
	s.call(http.MethodGet, "/jobs/"+id, nil, &j)
	return j
}

// TestConversionKilled: a conversion that was accepted goes on after each kill -9, and its end is that of one that nobody
// disturbed; the licences are there once.
func TestConversionKilled(t *testing.T) {
	t.Parallel()
	rows, kills := 8000, 4
	if testing.Short() {
		rows, kills = 4000, 2
	}
	k := newKilling(t, rows)
	k.withoutDocuments()
	ledger, err := os.ReadFile(k.path("台账.csv"))
	require.NoError(t, err)
	calm := k.copy().finish()

	s := serve(t, k.path("data"))
	var types api.TypeList
	s.call(http.MethodGet, "/licence-types", nil, &types)
	var typ string
	for _, one := range types.Types {
		if one.Name == fixtures.FoodLicence {
			typ = one.Code
		}
	}
	var file api.File
	s.call(http.MethodPost, "/files", bytes.NewReader(ledger), &file,
		"Content-Type", "application/octet-stream", api.HeaderIdempotencyKey, "file")
	request, err := json.Marshal(api.ConversionRequest{Type: typ, File: file.ID, FileName: "台账.csv"})
	require.NoError(t, err)
	var job api.Job
	convert := func() {
		s.call(http.MethodPost, "/conversions", bytes.NewReader(request), &job,
			"Content-Type", "application/json", api.HeaderIdempotencyKey, "conversion")
	}
	convert()
	id, halfway := job.ID, 0
	for range kills {
		for job.Progress == nil && job.State != "done" {
			time.Sleep(5 * time.Millisecond) // within the limits of a caller
			job = s.job(id)
		}
		time.Sleep(rand.N(60 * time.Millisecond))
		job = s.job(id)
		if job.State == "running" && job.Progress != nil {
			halfway++
		}
		s.kill()
		s = serve(t, k.path("data"))
		convert()
		require.Equal(t, id, job.ID, "the same request is another job after a kill")
		job.Progress = nil
	}
	require.Eventually(t, func() bool {
		job = s.job(id)
		return job.State != "waiting" && job.State != "running"
	}, 2*time.Minute, 50*time.Millisecond)
	require.Equal(t, "done", job.State, "%+v", job.Error)
	require.NotZero(t, halfway, "no kill hit the job half way")
	var done api.Conversion
	require.NoError(t, json.Unmarshal(job.Result, &done))
	require.Equal(t, calm.Counts, done.Counts)
	require.Equal(t, calm.Batch, done.Batch)
	s.kill()
	require.Contains(t, k.data().ok("--json", "audit", "verify"), `"passed":true`)
	again := k.finish()
	require.Zero(t, again.Counts.Created+again.Counts.Updated, "a duplicate was made")
}
