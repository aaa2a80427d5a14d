// Package problem answers requests that are not carried out (RFC 9457), in the members of package api, for handlers
// that are not described by the interface of the vault.
package problem

import (
	"encoding/json"
	"io"
	"net/http"
	"strconv"

	"github.com/elicense/elicense/internal/rule"
)

// Type is the media type of a problem.
const Type = "application/problem+json"

// Problem is why a request is not carried out, what may be done about it and by which rule.
type Problem struct {
	Code         string // stable
	Status       int    // of HTTP
	Zh, En       string
	FixZh, FixEn string
	Rule         rule.Rule
	Retry        int // seconds after which it may be sent again; 0: as it is it will not be carried out
}

type member struct {
	Code   string `json:"code"`
	Zh     string `json:"zh"`
	En     string `json:"en"`
	FixZh  string `json:"fixZh,omitempty"`
	FixEn  string `json:"fixEn,omitempty"`
	RuleZh string `json:"ruleZh"`
	RuleEn string `json:"ruleEn"`
	Basis  string `json:"basis"`
}

// Text is the problem as JSON.
func (p Problem) Text() string {
	b, err := json.Marshal(struct {
		Type      string   `json:"type"`
		Title     string   `json:"title"`
		Status    int      `json:"status"`
		Detail    string   `json:"detail"`
		Code      string   `json:"code"`
		Retryable bool     `json:"retryable"`
		Errors    []member `json:"errors"`
	}{
		"urn:elicense:problem:" + p.Code, p.Zh, p.Status, p.En, p.Code, p.Retry > 0, []member{{
			p.Code, p.Zh, p.En, p.FixZh, p.FixEn, p.Rule.ZH, p.Rule.EN, p.Rule.Basis,
		}},
	})
	if err != nil {
		return "{}" // texts and numbers are always JSON
	}
	return string(b)
}

// SetHeader writes what of a problem stands in the header of the answer.
func (p Problem) SetHeader(h http.Header) {
	h.Set("Content-Type", Type)
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	if p.Retry > 0 {
		h.Set("Retry-After", strconv.Itoa(p.Retry))
	}
}

// ServeHTTP implements http.Handler: the problem is the answer.
func (p Problem) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	p.SetHeader(w.Header())
	w.WriteHeader(p.Status)
	_, _ = io.WriteString(w, p.Text()) // if that fails the caller is gone
}
