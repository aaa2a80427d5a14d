package server

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/server/identity"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/verify"
)

// What everybody may ask: whether a licence is in force, by the unguessable token of its QR code, and whether a file
// that somebody holds is good. Neither answer names anybody or anything.

func (s *Server) registerPublic() {
	add(s, operation{
		id: "getPublicState", method: http.MethodGet, path: "/public/licences/{token}", tag: "public",
		zh: "扫码核验：是否有效", en: "is it in force, by the token of its QR code", may: identity.Anyone,
	}, s.publicState)
	add(s, operation{
		id: "verifyPublicly", method: http.MethodPost, path: "/public/verifications", tag: "public",
		may: identity.Anyone, judged: true, maxBody: maxPublicFile + 1,
		consumes: []string{mediaBytes, mediaOFD, mediaPDF, mediaJSON},
		zh:       "文件核验：是否可信、是否有效", en: "is a file genuine and in force",
	}, s.verifyPublicly)
}

// maxPublicFile bounds a file that anybody may drop. Whoever has larger ones has credentials.
const maxPublicFile = 8 << 20

type publicStateInput struct {
	Token string `path:"token" maxLength:"64" doc:"what the QR code holds behind the address"`
}

type publicStateOutput struct {
	Body api.PublicState
}

func (s *Server) publicState(
	ctx context.Context, _ *identity.Caller, in *publicStateInput,
) (*publicStateOutput, error) {
	v, err := s.cfg.Vault.PublicState(ctx, in.Token)
	if err != nil {
		return nil, err
	}
	return &publicStateOutput{Body: api.PublicState{
		State: string(v.State), StateZh: v.State.Chinese(), Version: v.Version, At: v.At,
	}}, nil
}

type dropInput struct {
	RawBody []byte `contentType:"application/octet-stream"`
}

type dropOutput struct {
	Body api.PublicVerdict
}

// verifyPublicly keeps nothing of the file.
func (s *Server) verifyPublicly(ctx context.Context, _ *identity.Caller, in *dropInput) (*dropOutput, error) {
	if s.cfg.Verifier == nil {
		return nil, codeProblem(CodeNoVerifier)
	}
	done, err := s.strangerTurn(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	r, err := s.cfg.Verifier.Verify(ctx, in.RawBody, verify.Expect{})
	if err != nil {
		return nil, err
	}
	return &dropOutput{Body: verdictFor(r)}, nil
}

// verdictFor is what is told of a judgement to those who get no report.
func verdictFor(r *verify.Report) api.PublicVerdict {
	v := api.PublicVerdict{
		Decision: r.Decision().String(), Indication: r.Indication.String(), Kind: string(r.Kind), Because: r.Headline,
		JudgedAt: r.JudgedAt.Truncate(time.Second), Policy: verify.PolicyVersion,
	}
	v.Headline, v.ReasonZh = r.Headlines("zh")
	_, v.ReasonEn = r.Headlines("en")
	return v
}

// CurrentStatus tells a verifier the state of licences now, from the vault itself, for whom a document of them is at
// hand.
type CurrentStatus struct{ Vault *vault.Vault }

var _ verify.StatusSource = CurrentStatus{}

// CurrentStatus gives the vault's signed word on the state of one licence.
func (c CurrentStatus) CurrentStatus(ctx context.Context, identifier string) (verify.Status, error) {
	st, err := c.Vault.CurrentStatus(ctx, identifier)
	if errors.Is(err, vault.ErrNotFound) {
		return verify.Status{}, &verify.NotHeldError{Vault: c.Vault.Name()}
	}
	if err != nil {
		return verify.Status{}, err
	}
	return verify.Status{Said: &verify.Said{Statement: st.Raw, Signature: st.Signature, Proof: st.Proof}}, nil
}
