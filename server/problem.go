package server

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"
	"github.com/gin-gonic/gin"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/internal/httpsig"
	"github.com/elicense/elicense/server/identity"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/catalogue"
)

const problemType = "application/problem+json"

// answer is a problem on its way out: huma takes it as an error, JSON as the problem.
type answer struct {
	api.Problem
}

var _ huma.StatusError = (*answer)(nil)

// Error names the code only.
func (a *answer) Error() string { return "server: " + a.Code }

// GetStatus is the HTTP status.
func (a *answer) GetStatus() int { return a.Status }

// ContentType is that of RFC 9457.
func (a *answer) ContentType(string) string { return problemType }

// problem turns an error of the library into what the caller is told. What it does not know is "internal": the error
// goes to the log, the caller gets the trace id.
func (s *Server) problem(ctx context.Context, err error) *answer {
	if p := knownProblem(err); p != nil {
		return s.finish(ctx, p)
	}
	for _, k := range []struct {
		err  error
		code Code
	}{
		{engine.ErrNoSpace, CodeNoSpace}, {engine.ErrClosed, CodeClosing}, {vault.ErrAudit, CodeAudit},
		{ErrNotDrawn, CodeNotDrawn}, {ErrNoSeal, CodeSealAway},
		{engine.ErrAmbiguous, CodeAmbiguous}, {context.DeadlineExceeded, CodeTimeout}, {context.Canceled, CodeTimeout},
	} {
		if errors.Is(err, k.err) {
			s.cfg.Log.WarnContext(ctx, "request not carried out", "trace", traceOf(ctx), "code", string(k.code))
			return s.finish(ctx, codeProblem(k.code))
		}
	}
	s.cfg.Log.ErrorContext(ctx, "request failed", "trace", traceOf(ctx), "error", err.Error())
	return s.finish(ctx, codeProblem(CodeInternal))
}

// knownProblem is what the caller is told of a refusal; nil if err is none.
func knownProblem(err error) *answer {
	var known *answer
	if errors.As(err, &known) {
		return known
	}
	return refusalProblem(err)
}

// refusalProblem knows the typed refusals of the library; nil if err is none.
func refusalProblem(err error) *answer {
	var r *vault.Refusal
	if errors.As(err, &r) {
		return vaultProblem(r)
	}
	var who *identity.Refusal
	if errors.As(err, &who) {
		p := codeProblem(Code(who.Code))
		p.Errors[0].Path = placeOfProof(who)
		return p
	}
	var t *catalogue.TypeError
	if errors.As(err, &t) {
		return typeProblem(t)
	}
	return workProblem(err)
}

// placeOfProof is where in a request its proof is wrong: a member, a header, or a part of what a signature covers.
func placeOfProof(r *identity.Refusal) string {
	switch {
	case r.Code == identity.CodeDigest:
		return "header." + httpsig.FieldDigest
	case r.Path == "" || strings.HasPrefix(r.Path, "/") || strings.HasPrefix(r.Path, "header."):
		return r.Path
	}
	return "header." + httpsig.FieldInput + " " + r.Path
}

// vaultProblem tells everything that is wrong, the status by what kind of refusal it is.
func vaultProblem(r *vault.Refusal) *answer {
	a := &answer{api.Problem{Status: statusOf(r.Err), Retryable: retryable(r.Err) || passing(r.Problems)}}
	for i := range r.Problems {
		p := &r.Problems[i]
		d := defect(string(p.Code), p.Zh, p.En)
		d.Path, d.Found = pathOf(p), p.Found
		tellReused(&d)
		a.Errors = append(a.Errors, d)
	}
	return a.headline()
}

// passing reports whether all that is wrong passes by itself: a certificate that was just replaced, a day that comes.
func passing(list []vault.Problem) bool {
	return len(list) > 0 && !slices.ContainsFunc(list, func(p vault.Problem) bool {
		return !slices.Contains([]vault.Code{
			vault.CodeSignerChanged, vault.CodeEffectiveFuture, vault.CodeValidityGap,
		}, p.Code)
	})
}

func typeProblem(t *catalogue.TypeError) *answer {
	a := &answer{api.Problem{Status: http.StatusUnprocessableEntity}}
	for i := range t.Problems {
		p := &t.Problems[i]
		d := catalogueDefect(p)
		d.Path, d.Found = steps("."+p.Path), p.Found
		a.Errors = append(a.Errors, d)
	}
	return a.headline()
}

// catalogueDefect is what is wrong with a definition or a value.
func catalogueDefect(p *catalogue.Problem) api.Defect {
	return said(string(p.Code), words{
		p.Text(catalogue.ZH), p.Text(catalogue.EN), p.Fix(catalogue.ZH), p.Fix(catalogue.EN),
	})
}

// headline makes the first error the problem's own.
func (a *answer) headline() *answer {
	if len(a.Errors) == 0 {
		return codeProblem(CodeInternal)
	}
	first := a.Errors[0]
	a.Code, a.Title, a.Detail = first.Code, first.Zh, first.En
	return a
}

// defect splits a sentence of the tables into what is wrong and what to do, and adds the rule behind it.
func defect(code, zh, en string) api.Defect {
	var w words
	w.zh, w.fixZh, _ = strings.Cut(zh, "；")
	w.en, w.fixEn, _ = strings.Cut(en, "; ")
	return said(code, w)
}

// words are what is wrong and what to do.
type words struct{ zh, en, fixZh, fixEn string }

// said is a defect in words, each without a full stop, with the rule behind it.
func said(code string, w words) api.Defect {
	r := ruleBehind(code)
	return api.Defect{
		Code: code, RuleZh: r.ZH, RuleEn: r.EN, Basis: r.Basis,
		Zh: strings.TrimSuffix(w.zh, "。"), En: strings.TrimSuffix(w.en, "."),
		FixZh: strings.TrimSuffix(w.fixZh, "。"), FixEn: strings.TrimSuffix(w.fixEn, "."),
	}
}

// finish adds what every problem has. Problems end up in the logs of callers: no citizen number stands in one, not even
// in what was submitted.
func (s *Server) finish(ctx context.Context, a *answer) *answer {
	a.Title, a.Detail = hideNumbers(a.Title), hideNumbers(a.Detail)
	hideAll(a.Errors)
	s.metrics.refusals.WithLabelValues(a.Code).Inc()
	a.Type = "urn:elicense:problem:" + a.Code
	a.Trace = traceOf(ctx)
	return a
}

// hideAll hides numbers of citizens in what is told of a request.
func hideAll(list []api.Defect) {
	for i := range list {
		d := &list[i]
		for _, text := range []*string{&d.Path, &d.Found, &d.Keyword, &d.Zh, &d.En, &d.FixZh, &d.FixEn} {
			*text = hideNumbers(*text)
		}
	}
}

// codeProblem is the problem of a code of this package or of identity.
func codeProblem(code Code) *answer {
	m, ok := sentences[code]
	if !ok {
		m = sentences[CodeInternal]
		code = CodeInternal
	}
	a := &answer{api.Problem{Status: m.status, Retryable: m.retryable}}
	a.Errors = []api.Defect{defect(string(code), m.zh, m.en)}
	return a.headline()
}

// writeProblem answers with a problem where huma is not in charge.
func (s *Server) writeProblem(c *gin.Context, a *answer) {
	if isSharing(c) {
		s.refuseSharing(c, a.Status, a)
		return
	}
	a = s.finish(c.Request.Context(), a)
	c.Header("Content-Type", problemType)
	if a.Status == http.StatusUnauthorized {
		c.Header("WWW-Authenticate", `Bearer realm="elicense"`)
	}
	c.Status(a.Status)
	if b, err := json.Marshal(a); err == nil {
		_, _ = c.Writer.Write(b) // if that fails the caller is gone
	}
	c.Abort()
}

// teach turns what huma itself refuses (a malformed body, a member that fails its schema) into our problems.
func (s *Server) teach(ctx huma.Context, _ string, v any) (any, error) {
	m, ok := v.(*huma.ErrorModel)
	if !ok {
		return v, nil
	}
	body, _ := humagin.Unwrap(ctx).Value(bodyKey).(*heardBody)
	if p := contentProblem(identity.From(ctx.Context()), body); p != nil {
		return s.finish(ctx.Context(), p), nil
	}
	if p := unread(ctx, m); p != nil {
		return s.finish(ctx.Context(), p), nil
	}
	found := make([]error, len(m.Errors))
	for i := range m.Errors {
		found[i] = m.Errors[i]
	}
	if len(found) == 0 { // about the body as a whole
		found = []error{&huma.ErrorDetail{Message: m.Detail}}
	}
	return s.finish(ctx.Context(), misfit(m.Status, found)), nil
}

// pointer turns huma's place of an error (body.values.x[2]) into a JSON pointer (RFC 6901) or a named part.
func pointer(location string) string {
	rest, ok := strings.CutPrefix(location, "body")
	if !ok {
		return location
	}
	return steps(rest)
}

// steps turns .fields[2].rules into a JSON pointer.
func steps(place string) string {
	if place == "." {
		return ""
	}
	place = strings.NewReplacer("[", ".", "]", "").Replace(place)
	return strings.ReplaceAll(place, ".", "/")
}

// keyHeader is the place of an idempotency key, which the vault calls key.
const (
	keyHeader = "header." + api.HeaderIdempotencyKey
	keyField  = "key"
)

// pathOf is where in a request the vault found something wrong: among the values, whose short names are in capitals, in
// the header of the idempotency key, or a member of the request.
func pathOf(p *vault.Problem) string {
	switch {
	case p.Field == "":
		return ""
	case p.Field == keyField:
		return keyHeader
	case p.Field[0] >= 'A' && p.Field[0] <= 'Z':
		return "/values/" + p.Field
	}
	return steps("." + p.Field)
}

// escape makes a name one step of a JSON pointer (RFC 6901).
func escape(name string) string { return strings.NewReplacer("~", "~0", "/", "~1").Replace(name) }

// patchProblems makes the description say what refusals look like.
func (s *Server) patchProblems() {
	doc := s.api.OpenAPI()
	schema := doc.Components.Schemas.Schema(problemSchema, true, "Problem")
	for _, item := range doc.Paths {
		for _, op := range []*huma.Operation{item.Get, item.Put, item.Post, item.Delete, item.Patch} {
			if op == nil {
				continue
			}
			op.Responses["default"] = &huma.Response{
				Description: "见 docs/errors.md / see docs/errors.md",
				Content:     map[string]*huma.MediaType{problemType: {Schema: schema}},
			}
		}
	}
	describeFields(doc)
	delete(doc.Components.Schemas.Map(), "ErrorModel")
	delete(doc.Components.Schemas.Map(), "ErrorDetail")
}
