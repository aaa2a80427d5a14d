package server_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/fixtures"
)

// issuedEvents are the licences that the feed knows as issued.
func (w *world) issuedEvents() (ids []string) {
	w.t.Helper()
	page := into[api.EventPage](w.t, w.call("operator", http.MethodGet, "/events?kinds=issued&limit=1000", nil))
	for _, e := range page.Events {
		ids = append(ids, e.Identifier)
	}
	return ids
}

// TestSameKeyAtOnce_D1_1: a hundred requests under one key at once make one licence, and each is told of it; a hundred
// others that only share the key are refused.
func TestSameKeyAtOnce_D1_1(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	other := foodRequest(t)
	other.Paper = "P-other"
	text, err := json.Marshal(foodRequest(t))
	require.NoError(t, err)
	otherText, err := json.Marshal(other)
	require.NoError(t, err)
	same, differ := make([]int, 100), make([]int, 100)
	var wait sync.WaitGroup
	ids := make([]string, len(same))
	first := w.call(fixtures.Caller(0), http.MethodPost, "/licences?validate=only", foodRequest(t), api.HeaderIdempotencyKey, "one")
	require.Equal(t, http.StatusOK, first.status, "%s", first.body)
	start := make(chan struct{})
	for i := range same {
		wait.Go(func() {
			<-start
			status, body := w.sendWrite(t.Context(), "/licences", "one", string(text))
			var written api.Written
			_ = json.Unmarshal([]byte(body), &written) // empty if it is none
			same[i], ids[i] = status, written.Identifier
		})
	}
	close(start)
	wait.Wait()
	made := 0
	for i, status := range same {
		require.Contains(t, []int{http.StatusCreated, http.StatusOK}, status)
		require.Equal(t, ids[0], ids[i])
		if status == http.StatusCreated {
			made++
		}
	}
	require.Equal(t, 1, made)
	for i := range differ {
		wait.Go(func() { differ[i], _ = w.sendWrite(t.Context(), "/licences", "one", string(otherText)) })
	}
	wait.Wait()
	for _, status := range differ {
		require.Equal(t, http.StatusUnprocessableEntity, status)
	}
	require.Equal(t, []string{ids[0]}, w.issuedEvents())
}

// sendWrite sends a write of the first department; status 0: the connection ended before an answer.
func (w *world) sendWrite(ctx context.Context, path, key, body string) (status int, answer string) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, w.http.URL+api.Version+path, strings.NewReader(body))
	if err != nil {
		return 0, ""
	}
	req.Header.Set("Authorization", "Bearer "+fixtures.Caller(0))
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set(api.HeaderIdempotencyKey, key)
	res, err := w.http.Client().Do(req)
	if err != nil {
		return 0, ""
	}
	defer res.Body.Close()
	var text strings.Builder
	buffer := make([]byte, 4096)
	for {
		n, err := res.Body.Read(buffer)
		text.Write(buffer[:n])
		if err != nil {
			return res.StatusCode, text.String()
		}
	}
}

// TestGoneInTheMiddle_D1_1: callers that go away at any moment of their requests find out by their keys: sent again, each
// makes or has made one licence, whether or not the first request was carried out.
func TestGoneInTheMiddle_D1_1(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const n = 120
	bodies := make([]string, n)
	for i := range bodies {
		req := foodRequest(t)
		req.Paper = fmt.Sprintf("P-%d", i)
		text, err := json.Marshal(req)
		require.NoError(t, err)
		bodies[i] = string(text)
	}
	var wait sync.WaitGroup
	gone := make([]bool, n)
	for i := range bodies {
		wait.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i*i)*8*time.Microsecond)
			defer cancel()
			status, _ := w.sendWrite(ctx, "/licences", fmt.Sprint("key-", i), bodies[i])
			gone[i] = status == 0
		})
	}
	wait.Wait()
	carriedOut, again := 0, map[string]bool{}
	for i := range bodies {
		status, answer := w.sendWrite(t.Context(), "/licences", fmt.Sprint("key-", i), bodies[i])
		require.Contains(t, []int{http.StatusCreated, http.StatusOK}, status, answer)
		var written api.Written
		require.NoError(t, json.Unmarshal([]byte(answer), &written))
		again[written.Identifier] = true
		if gone[i] && written.Replayed {
			carriedOut++
		}
		if !gone[i] {
			require.True(t, written.Replayed, "it was answered and is not there")
		}
	}
	require.Len(t, again, n)
	require.Len(t, w.issuedEvents(), n)
	t.Logf("%d were carried out though their caller was gone", carriedOut)
}

// TestCharactersThatMislead: characters that nobody sees, or that turn others round, are refused or left out, and the
// department is told: what a person reads on the licence is what is signed.
func TestCharactersThatMislead(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i, bad := range []string{
		"\x00", "\u202e", "\u200b", "\u2066", "\x1b", "\ufeff", "\ufffe", "\u00ad", "\U000e0041", "\u061c",
	} {
		req := foodRequest(t)
		req.Paper = fmt.Sprint("P-", i)
		req.Values["CZZT"] = "示例" + bad + "公司"
		r := w.call(fixtures.Caller(0), http.MethodPost, "/licences", req, api.HeaderIdempotencyKey, fmt.Sprint(i))
		if r.status == http.StatusUnprocessableEntity {
			continue
		}
		require.Equal(t, http.StatusCreated, r.status, "%q: %s", bad, r.body)
		written := into[api.Written](t, r)
		got := into[api.Licence](t, w.get("/licences/"+written.Identifier+"?fields=CZZT"))
		require.Equal(t, "示例公司", got.Values["CZZT"], "%q", bad)
		require.NotEmpty(t, written.Notes, "%q", bad)
	}
}
