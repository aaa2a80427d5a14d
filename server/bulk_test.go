package server_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/api"
)

const bulkPath = "/comparisons/bulk"

// lines sends lines and gives back the rows and the end of the answer.
func (w *world) lines(query string, body io.Reader) ([]api.ComparedRow, api.ComparedEnd) {
	w.t.Helper()
	r := w.send("reviewer", http.MethodPost, bulkPath+query, body, "Content-Type", "application/x-ndjson")
	require.Equal(w.t, http.StatusOK, r.status, "%s", r.body)
	require.Equal(w.t, "application/x-ndjson", r.header.Get("Content-Type"))
	scan := bufio.NewScanner(bytes.NewReader(r.body))
	scan.Buffer(nil, 1<<20)
	var rows []api.ComparedRow
	for scan.Scan() {
		if strings.HasPrefix(scan.Text(), `{"end"`) {
			require.False(w.t, scan.Scan(), "nothing behind the end")
			var end api.ComparedEnd
			at := bytes.LastIndex(bytes.TrimSpace(r.body), []byte("\n")) + 1
			require.NoError(w.t, json.Unmarshal(r.body[at:], &end))
			return rows, end
		}
		var row api.ComparedRow
		require.NoError(w.t, json.Unmarshal(scan.Bytes(), &row))
		rows = append(rows, row)
	}
	w.t.Fatal("the answer was cut off")
	return nil, api.ComparedEnd{}
}

func line(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	require.NoError(t, err)
	return string(b) + "\n"
}

// TestCompareMany_A78_D1_8: many comparisons have the verdicts of single ones, row by row and in order; a row that is
// wrong has the problem it would have alone and holds up none.
func TestCompareMany_A78_D1_8(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	issued, name := w.issue("one"), foodRequest(t).Values["CZZT"]
	ask := func(claims map[string]string) api.Comparison {
		return api.Comparison{Identifier: issued.Identifier, Claims: claims}
	}
	rows := []api.Comparison{
		ask(map[string]string{"CZZT": name}), ask(map[string]string{"CZZT": name + "分店"}),
		ask(map[string]string{"certificateHolderName": name}), ask(map[string]string{"没有": "x"}),
		{Type: shipped(t, "food-business-licence").Code, Number: "JY00000000000000", Claims: map[string]string{"CZZT": "x"}},
		{Identifier: "x", Claims: map[string]string{"CZZT": "x"}},
	}
	body := line(t, byLaw()) + "\n"
	for i, row := range rows {
		body += line(t, api.ComparisonRow{Comparison: row, Ref: strconv.Itoa(i)})
	}
	got, end := w.lines("?receipts=true", strings.NewReader(body+"{\"claims\":1}\n{"))
	require.Len(t, got, len(rows)+2)
	for i, row := range rows {
		single := w.call("reviewer", http.MethodPost, "/comparisons", api.ComparisonRequest{Asked: byLaw(), Comparison: row})
		require.Equal(t, i+1, got[i].Row)
		require.Equal(t, strconv.Itoa(i), got[i].Ref)
		if single.status != http.StatusOK {
			want := into[api.Problem](t, single)
			got[i].Problem.Trace, want.Trace = "", ""
			require.Equal(t, want, *got[i].Problem)
			continue
		}
		want := into[api.ComparisonAnswer](t, single)
		require.NotEmpty(t, got[i].Answer.Receipt.Signature)
		got[i].Answer.Receipt, want.Receipt = nil, nil
		require.Equal(t, want, *got[i].Answer)
	}
	require.Equal(t, "request-invalid", got[len(rows)].Problem.Code)
	require.Equal(t, "request-malformed", got[len(rows)+1].Problem.Code)
	require.Equal(t, api.ComparedEnd{
		End: true, Rows: 8, Matched: 2, Different: 1, NotFound: 1, Refused: 4,
	}, end)
}

// TestCompareManyRefusals: what is wrong before the first row is a problem like any other.
func TestCompareManyRefusals(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	post := func(contentType, body string) reply {
		return w.send("reviewer", http.MethodPost, bulkPath, strings.NewReader(body), "Content-Type", contentType)
	}
	const lines = "application/x-ndjson"
	refused(t, post("application/json", "{}"), http.StatusUnsupportedMediaType, "media-type")
	refused(t, post(lines, ""), http.StatusUnprocessableEntity, "body-empty")
	refused(t, post(lines, "{}"), http.StatusUnprocessableEntity, "request-invalid")
	refused(t, post(lines, `{"purpose":"x","purpose":"y","ground":"law"}`), http.StatusBadRequest, "request-malformed")
	refused(t, post(lines, strings.Repeat("x", 1<<17)), http.StatusRequestEntityTooLarge, "line-too-long")
	_, end := w.lines("", strings.NewReader(line(t, byLaw())+strings.Repeat("x", 1<<17)))
	require.Equal(t, "line-too-long", end.Problem.Code)
}

// endless gives a first line and then rows without end, and notes the heap that is in use meanwhile.
type endless struct {
	head, row []byte
	rows      int
	rest      []byte
	peak      uint64
}

func (e *endless) Read(p []byte) (int, error) {
	if len(e.rest) == 0 {
		e.rest = e.row
		if e.rows == 0 {
			e.rest = e.head
		}
		if e.rows++; e.rows%5000 == 0 {
			runtime.GC()
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			e.peak = max(e.peak, m.HeapAlloc)
		}
	}
	n := copy(p, e.rest)
	e.rest = e.rest[n:]
	return n, nil
}

// TestCompareManyEnds: no more than 100,000 rows are taken, those before are answered, and what is held in memory does
// not depend on their number.
func TestCompareManyEnds(t *testing.T) {
	if testing.Short() {
		t.Skip("100,000 rows")
	}
	w := newWorld(t)
	row := line(t, api.ComparisonRow{Ref: "r"}) // has no claims: refused before anything is looked up
	body := &endless{head: []byte(line(t, byLaw())), row: []byte(row)}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.http.URL+api.Version+bulkPath, body)
	require.NoError(t, err)
	req.Header.Set("Authorization", "Bearer reviewer")
	req.Header.Set("Content-Type", "application/x-ndjson")
	res, err := w.http.Client().Do(req)
	require.NoError(t, err)
	defer func() { require.NoError(t, res.Body.Close()) }()
	scan, rows, last := bufio.NewScanner(res.Body), 0, ""
	for scan.Scan() {
		rows, last = rows+1, scan.Text()
	}
	var end api.ComparedEnd
	require.NoError(t, json.Unmarshal([]byte(last), &end))
	require.Equal(t, 100_001, rows)
	require.Equal(t, 100_000, end.Rows)
	require.Equal(t, "rows-too-many", end.Problem.Code)
	require.Less(t, body.peak, uint64(256<<20))
}

// TestCompareManyCutOff: an answer to a request that was cut off says so, after the rows that came whole.
func TestCompareManyCutOff(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	address := strings.TrimPrefix(w.http.URL, "http://")
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", address)
	require.NoError(t, err)
	head, row := line(t, byLaw()), line(t, api.ComparisonRow{Ref: "r"})
	body := head + row + row
	_, err = fmt.Fprintf(conn, "POST %s%s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer reviewer\r\n"+
		"Content-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\nno chunk\r\n",
		api.Version, bulkPath, len(body), body)
	require.NoError(t, err)
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, res.StatusCode)
	out, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	require.Equal(t, 3, bytes.Count(out, []byte("\n")), "%s", out)
	require.Contains(t, string(out), `"body-cut-off"`)
	require.NoError(t, conn.Close())
}
