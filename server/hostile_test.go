package server_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/fixtures"
)

// wire sends bytes as they are, closes its side if cut, and reads one answer.
func (w *world) wire(text string, cut bool) reply {
	w.t.Helper()
	conn, err := new(net.Dialer).DialContext(w.t.Context(), "tcp", w.http.Listener.Addr().String())
	require.NoError(w.t, err)
	defer conn.Close()
	require.NoError(w.t, conn.SetDeadline(time.Now().Add(20*time.Second)))
	_, err = io.WriteString(conn, text)
	require.NoError(w.t, err)
	if cut {
		require.NoError(w.t, conn.(*net.TCPConn).CloseWrite())
	}
	method, _, _ := strings.Cut(text, " ")
	res, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: method})
	require.NoError(w.t, err)
	defer func() { require.NoError(w.t, res.Body.Close()) }()
	body, err := io.ReadAll(res.Body)
	require.NoError(w.t, err)
	return reply{res.StatusCode, res.Header, body}
}

// write is the head of a write of the first department, without its last line.
func write(path string, headers ...string) string {
	head := "POST " + api.Version + path + " HTTP/1.1\r\nHost: vault\r\nAuthorization: Bearer " + fixtures.Caller(0) + "\r\n"
	return head + strings.Join(append(headers, ""), "\r\n")
}

// TestAmbiguous: a request that two readers could read as two is refused whole, with the place of what is ambiguous, and
// nothing is done: above all not for real what was to be tried out.
func TestAmbiguous(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	req := foodRequest(t)
	before := w.everything()
	for path, at := range map[string]string{
		"/licences?validate=&validate=only":         "query.validate",
		"/licences?validate=only&validate=only":     "query.validate",
		"/licences?validate":                        "query.validate",
		"/licences?validate=":                       "query.validate",
		"/licences?case=1;validate=only":            "query",
		"/licences?case=%zz&validate=only":          "query",
		"/licences?item=350000-0102&item=1&case=11": "query.item",
	} {
		r := w.call(fixtures.Caller(0), http.MethodPost, path, req, api.HeaderIdempotencyKey, "one")
		refused(t, r, http.StatusBadRequest, "request-malformed")
		require.Equal(t, at, into[api.Problem](t, r).Errors[0].Path, path)
	}
	const kind = "Content-Type: application/json"
	for name, headers := range map[string][]string{
		"header.Idempotency-Key":  {kind, "Idempotency-Key: one", "Idempotency-Key: two"},
		"header.If-Match":         {kind, "Idempotency-Key: one", `If-Match: "1"`, `If-Match: "2"`},
		"header.Authorization":    {kind, "Idempotency-Key: one", "Authorization: Bearer reviewer"},
		"header.Content-Type":     {kind, "Idempotency-Key: one", "Content-Type: text/plain"},
		"header.Content-Encoding": {kind, "Idempotency-Key: one", "Content-Encoding: identity", "Content-Encoding: gzip"},
	} {
		r := w.wire(write("/licences", append(headers, "Content-Length: 2")...)+"\r\n{}", false)
		refused(t, r, http.StatusBadRequest, "request-malformed")
		require.Equal(t, name, into[api.Problem](t, r).Errors[0].Path)
	}
	w.unchanged(before, "something was done")
}

// TestEncodings: content that is packed is refused and not unpacked, whatever it would become; so is text that is not
// UTF-8, which would be signed as something else than was sent.
func TestEncodings(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	before := w.everything()
	for _, path := range []string{"/licences", "/files", "/comparisons/bulk"} {
		refused(t, w.send(fixtures.Caller(0), http.MethodPost, path, strings.NewReader("\x1f\x8b"), "Content-Type", "application/json",
			"Content-Encoding", "gzip", api.HeaderIdempotencyKey, "one"), http.StatusUnsupportedMediaType, "media-type")
	}
	for charset, want := range map[string]int{"gbk": 415, "UTF-16": 415, "iso-8859-1": 415, "UTF-8": 422, `"utf-8"`: 422} {
		r := w.send(fixtures.Caller(0), http.MethodPost, "/licences", strings.NewReader("{\"type\":\"\xd6\xa4\"}"), // 证 in GBK
			"Content-Type", "application/json; charset="+charset, api.HeaderIdempotencyKey, "one")
		require.Equal(t, want, r.status, charset)
	}
	for name, x := range map[string]struct{ body, rule string }{
		"latin":          {"{\"type\":\"\xe9\"}", "json"},
		"half a rune":    {"{\"type\":\"\xe8\xaf\"}", "json"},
		"surrogate":      {"{\"type\":\"\xed\xa0\x80\"}", "json"},
		"escaped high":   {`{"type":"\ud800"}`, "json"},
		"escaped low":    {`{"type":"a\udc00b"}`, "json"},
		"turned round":   {`{"type":"\udc00\ud800"}`, "json"},
		"high then text": {`{"type":"\ud800A"}`, "json"},
		"in a name":      {`{"\ud83d":"a"}`, "json"},
		"byte order":     {"\xef\xbb\xbf{}", ""},
		"UTF-16":         {"\xff\xfe{\x00}\x00", "json"},
		"number":         {`{"type":1e400}`, ""},
	} {
		r := w.send(fixtures.Caller(0), http.MethodPost, "/licences", strings.NewReader(x.body),
			"Content-Type", "application/json", api.HeaderIdempotencyKey, "one")
		refused(t, r, http.StatusBadRequest, "request-malformed")
		if x.rule != "" {
			require.Equal(t, x.rule, into[api.Problem](t, r).Errors[0].Keyword, name)
		}
	}
	r := w.send(fixtures.Caller(0), http.MethodPost, "/licences", strings.NewReader(`{"type":"\ud83d\ude00\\ud800"}`),
		"Content-Type", "application/json", api.HeaderIdempotencyKey, "one")
	refused(t, r, http.StatusUnprocessableEntity, "request-invalid")
	w.unchanged(before, "something was done")
}

// TestBrokenContent: content whose framing is broken, or that ends early, is the caller's trouble and told as such, to
// those who are known and to everybody; nothing is done and nothing is logged as an error of the service.
func TestBrokenContent(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	before := w.everything()
	kind := []string{"Content-Type: application/json", "Idempotency-Key: one"}
	chunked := write("/licences", append(kind, "Transfer-Encoding: chunked")...) + "\r\n"
	for name, x := range map[string]struct {
		text string
		cut  bool
	}{
		"chunk of a huge size": {chunked + "FFFFFFFFFFFFFFFFFF\r\n{}\r\n", false},
		"chunk of no size":     {chunked + "zz\r\n{}\r\n", false},
		"chunk cut off":        {chunked + "5\r\n{}", true},
		"length not reached":   {write("/licences", append(kind, "Content-Length: 100")...) + "\r\n{}", true},
		"of a stranger": {"POST " + api.Version + "/public/verifications HTTP/1.1\r\nHost: vault\r\n" +
			"Content-Type: application/octet-stream\r\nContent-Length: 100\r\n\r\nab", true},
	} {
		t.Run(name, func(t *testing.T) {
			refused(t, w.wire(x.text, x.cut), http.StatusBadRequest, "body-cut-off")
		})
	}
	require.NotContains(t, w.log.String(), `"ERROR"`)
	w.unchanged(before, "something was done")
}

// TestPaths: a path is taken as it is or not at all; a method that a resource does not know is told those that it does.
func TestPaths(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, path := range []string{
		"/licence-types/", "//licence-types", "/x/../licence-types", "/./licence-types", "/licences/a%2Fb",
		"/licences/%2e%2e%2f%2e%2e", "/LICENCE-TYPES",
	} {
		text := strings.Replace(write(path, "X-Forwarded-Prefix: //elsewhere.example"), "POST", "GET", 1) + "\r\n"
		r := w.wire(text, false)
		refused(t, r, http.StatusNotFound, "no-such-resource")
		require.Empty(t, r.header.Get("Location"), path)
	}
	for _, method := range []string{"GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "MADE-UP"} {
		r := w.wire(strings.Replace(write("/comparisons/bulk", "X-Http-Method-Override: POST"), "POST", method, 1)+"\r\n", false)
		require.Equal(t, http.StatusMethodNotAllowed, r.status, method)
		require.Equal(t, "POST", r.header.Get("Allow"), method)
	}
}

// TestIfMatch: a version is its number in quotes, or "*" for any; every other form of RFC 9110 is refused and nothing
// done, by every act.
func TestIfMatch(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	base := "/licences/" + w.issue("one").Identifier
	before := w.everything()
	for _, act := range []string{"changes", "renewals", "reissues", "suspensions", "resumptions", "revocations"} {
		body := api.ActRequest{Reason: "理由", Basis: "依据", Paper: "P-2", Kind: "cancelled"}
		for _, form := range []string{
			`1`, `W/"1"`, `"1", "2"`, `"1","1"`, `"+1"`, `"01"`, `"-1"`, `"0"`, `""`, `"1`, `"１"`, `"1 "`, `"1e0"`, `"1000"`, `*, "1"`,
		} {
			refused(t, w.act(base+"/"+act, "k", body, "If-Match", form), http.StatusBadRequest, "if-match-malformed")
		}
		refused(t, w.act(base+"/"+act, "k", body, "If-Match", strconv.Quote(strings.Repeat("1", 30))),
			http.StatusUnprocessableEntity, "request-invalid")
		if act != "resumptions" {
			r := w.act(base+"/"+act, "k", body, "If-Match", `"2"`)
			require.Contains(t, []int{http.StatusPreconditionFailed, http.StatusUnprocessableEntity}, r.status, "%s", r.body)
		}
	}
	w.unchanged(before, "something was done")
}
