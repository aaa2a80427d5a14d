package server

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/validation"
	"github.com/gin-gonic/gin"

	"github.com/elicense/elicense/api"
)

// A request that two readers could take for two requests is refused whole, before anything of it is looked at: what a
// proxy or a log took it for would not be what was done. Of a query that cannot be read in full no part counts, so that
// "validate=only" is never lost on the way to a write.

// soleFields are the fields that decide what is done, and by whom: of two lines readers may take either.
var soleFields = []string{"Authorization", "Content-Type", "Content-Encoding", api.HeaderIdempotencyKey, "If-Match"}

// Findings beside those of huma; see schemaRules.
const (
	msgOrder  = "the last day lies before the first"
	msgQuery  = "the query cannot be read"
	msgSingle = "expected at most one value, but received multiple values"
)

func (s *Server) unambiguous(c *gin.Context) {
	if p := ambiguity(c.Request); p != nil {
		s.writeProblem(c, p)
		return
	}
	c.Next()
}

// ambiguity is what is ambiguous about a request; nil if nothing is.
func ambiguity(r *http.Request) *answer {
	var found []error
	add := func(location, message string) {
		found = append(found, &huma.ErrorDetail{Location: location, Message: message})
	}
	for _, name := range soleFields {
		if len(r.Header.Values(name)) > 1 {
			add("header."+name, msgSingle)
		}
	}
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		add("query", msgQuery)
	}
	for _, name := range slices.Sorted(maps.Keys(query)) {
		if len(query[name]) > 1 {
			add("query."+name, msgSingle)
		}
	}
	if v, there := query["validate"]; there && v[0] == "" {
		add("query.validate", fmt.Sprintf(validation.MsgExpectedOneOf, "only"))
	}
	if p := misfit(http.StatusBadRequest, found); p != nil {
		return p
	}
	return encodingProblem(r.Header)
}

// encodingProblem refuses content that is packed, and text that says it is in another encoding than JSON has: it would
// be read as if it were not.
func encodingProblem(h http.Header) *answer {
	if coding := h.Get("Content-Encoding"); coding != "" && coding != "identity" {
		p := codeProblem(CodeMediaType)
		p.Errors[0].Path = "header.Content-Encoding"
		p.Errors[0].FixZh, p.Errors[0].FixEn = "请不压缩发送", "send it without compressing it"
		return p
	}
	_, parameters, err := mime.ParseMediaType(h.Get("Content-Type")) // one that is malformed fits no operation
	if charset := parameters["charset"]; err == nil && charset != "" && !strings.EqualFold(charset, "utf-8") {
		p := codeProblem(CodeMediaType)
		p.Errors[0].Path = "header.Content-Type"
		p.Errors[0].FixZh, p.Errors[0].FixEn = "请用 UTF-8", "use UTF-8"
		return p
	}
	return nil
}

// heardBody remembers how the content of a request ended, if it did not end well: huma takes every trouble of reading
// for an error of the service, though the caller went away, was too slow, or broke the framing.
type heardBody struct {
	io.ReadCloser

	broken bool
}

// Read implements io.Reader.
func (b *heardBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		b.broken = true
	}
	return n, err
}

// hear keeps an ear on the content of a request.
func hear(r *http.Request) *heardBody {
	body := &heardBody{ReadCloser: r.Body}
	r.Body = body
	return body
}
