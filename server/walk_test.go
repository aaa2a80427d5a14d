package server_test

import (
	"encoding/json"
	"net/http"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/internal/sheet"
	"github.com/elicense/elicense/server"
	"github.com/elicense/elicense/server/identity"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/catalogue"
	"github.com/elicense/elicense/vault/convert"
)

// walk wants everything that teaches in a refusal, in whatever test it was answered: sentence, fix and rule in both
// languages, basis, whether to retry, and the id by which the operator finds it.
func walk(t testing.TB, r reply) {
	t.Helper()
	if r.header.Get("Content-Type") != "application/problem+json" {
		return
	}
	var p api.Problem
	require.NoError(t, json.Unmarshal(r.body, &p))
	require.Contains(t, string(r.body), `"retryable":`)
	require.Equal(t, r.header.Get(api.HeaderTrace), p.Trace)
	require.NotEmpty(t, p.Errors)
	require.Equal(t, p.Errors[0].Code, p.Code)
	for _, d := range p.Errors {
		require.Regexp(t, `\p{Han}`, d.Zh, d.Code)
		require.NotEmpty(t, d.En, d.Code)
		require.NotEmpty(t, d.FixEn, d.Code)
		require.NotEmpty(t, d.FixZh, d.Code)
		require.Regexp(t, `\p{Han}`, d.RuleZh, d.Code)
		require.NotEmpty(t, d.RuleEn, d.Code)
		require.NotEmpty(t, d.Basis, d.Code)
		c, known := codeTable()[d.Code]
		require.True(t, known, d.Code)
		require.Equal(t, c.RuleZh, d.RuleZh, d.Code)
		require.Equal(t, c.Basis, d.Basis, d.Code)
		if d.Code == p.Code && c.Status != 0 {
			require.Equal(t, c.Retryable, p.Retryable, d.Code)
		}
	}
}

// codeTable is every code by its name.
var codeTable = sync.OnceValue(func() map[string]server.CodeText {
	all := map[string]server.CodeText{}
	for _, c := range server.Codes() {
		all[c.Code] = c
	}
	return all
})

// fault is what a library answers with a code, and where the answer must say that it is.
type fault struct {
	err  error
	path string
}

// faultOf is the fault of a code by its part. Which request makes a library answer it is tested there and by the tests of
// each resource; here every code goes through the service, since some need a broken disk, a lost key or another vault.
func faultOf(c *server.CodeText) fault {
	const found, want = "甲", "乙"
	switch c.Part {
	case "vault":
		return fault{&vault.Refusal{Err: vault.ErrInvalid, Problems: []vault.Problem{sentenceOf(c.Code)}}, "/values/CZZT"}
	case "type", "value":
		p := catalogue.Problem{Code: catalogue.Code(c.Code), Path: "fields[2].rules", Found: found, Want: want}
		return fault{&catalogue.TypeError{Problems: catalogue.Problems{p}}, "/fields/2/rules"}
	case "conversion":
		zh, en := convert.Sentence(vault.Code(c.Code))
		p := convert.MappingProblem{Code: vault.Code(c.Code), Line: 3, Path: "columns", Zh: zh, En: en}
		return fault{&convert.MappingError{Problems: []convert.MappingProblem{p}}, "/mapping line 3 columns"}
	case "sheet":
		return fault{&sheet.Error{Code: sheet.Code(c.Code), Row: 7, Column: 2}, "/file row 7 column B"}
	}
	return fault{err: identity.Refuse(identity.Code(c.Code))}
}

func sentenceOf(code string) vault.Problem {
	zh, en := vault.Code(code).Sentence()
	return vault.Problem{Code: vault.Code(code), Field: "CZZT", Zh: zh, En: en}
}

// notTold are the codes that no answer has by this way, with the reason.
var notTold = map[string]string{
	"SHEET_READ": "the service's own trouble with its store, told as internal",
}

// TestWalkEveryCode (D1.3): every code that no request of a test has met (notMet) is answered over HTTP as the table says
// all the same, with its place in the request or in the file. Of the others walk wants it where they are met.
func TestWalkEveryCode(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	issued := w.issue("i")
	for _, c := range server.Codes() {
		if _, put := notMet[c.Code]; !put {
			continue
		}
		f := faultOf(&c)
		w.pages.err = f.err
		r := w.get("/licences/" + issued.Identifier + "/pages/1")
		p := into[api.Problem](t, r)
		if _, ok := notTold[c.Code]; ok {
			require.Equal(t, "internal", p.Code, c.Code)
			continue
		}
		require.Equal(t, c.Code, p.Code)
		require.Equal(t, f.path, p.Errors[0].Path, c.Code)
		require.Equal(t, c.RuleZh, p.Errors[0].RuleZh, c.Code)
		require.Equal(t, c.Basis, p.Errors[0].Basis, c.Code)
		if c.Status != 0 {
			require.Equal(t, c.Status, r.status, c.Code)
			require.Equal(t, c.Retryable, p.Retryable, c.Code)
		}
	}
}

// TestSignerChangedIsRetried: a certificate that was replaced meanwhile is no fault of the request.
func TestSignerChangedIsRetried(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := sentenceOf(string(vault.CodeSignerChanged))
	r := failing(&vault.Refusal{Err: vault.ErrConflict, Problems: []vault.Problem{p}})(w)
	require.Equal(t, http.StatusPreconditionFailed, r.status)
	require.True(t, into[api.Problem](t, r).Retryable)
}
