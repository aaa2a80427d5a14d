package server

import (
	"context"
	"io"
	"net/http"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/server/identity"
	"github.com/elicense/elicense/vault"
)

type constantOutput struct {
	Body api.LookupAnswer
}

// AddConstant adds a route that reads nothing and always says the same, behind the same limits, identity, permission
// and audit as a look-up, whose request it takes: what anything over HTTP costs here.
func (s *Server) AddConstant() {
	answer := api.LookupAnswer{Licences: []api.Licence{}, Absence: string(vault.SourceSilent)}
	add(s, operation{
		id: "constant", method: http.MethodPost, path: "/constant", tag: "bench", zh: "不变的答复", en: "the same answer",
		may: identity.MayLookUp,
	}, func(ctx context.Context, c *identity.Caller, in *lookUpInput) (*constantOutput, error) {
		if err := s.cfg.Vault.Witness(ctx, s.accessOf(c, in.Body.Asked), vault.Witnessed{Act: "constant"}); err != nil {
			return nil, err
		}
		return &constantOutput{answer}, nil
	})
}

// Step does the next job, as Run does in its turn.
func (s *Server) Step(ctx context.Context) (bool, error) { return s.jobs.Step(ctx) }

// Deliver makes one attempt to send a webhook, as Run does.
func (s *Server) Deliver(ctx context.Context) (bool, error) { return s.hooks.Step(ctx) }

// StatusOf is how HTTP names a kind of refusal.
func StatusOf(sentinel error) int { return statusOf(sentinel) }

// TransportCodes are the codes of this package alone.
func TransportCodes() []CodeText {
	var out []CodeText
	for _, c := range Codes() {
		if _, ok := transportSentences[Code(c.Code)]; ok && c.Part == "transport" {
			out = append(out, c)
		}
	}
	return out
}

// Sweep removes what has outlived its time, as Run does every hour.
func (s *Server) Sweep(ctx context.Context) error { return s.sweepAll(ctx) }

// RemoteAddress is how limits name where a request comes from.
func RemoteAddress(r *http.Request) string { return remoteAddress(r) }

// Lines reads lines as an operation does that takes them.
func Lines(body io.Reader) func() ([]byte, error) { return newLines(body).next }

// MaxLine bounds one line.
const MaxLine = maxLine

// IsCode reports a problem with this code.
func IsCode(err error, code Code) bool { return isCode(err, code) }
