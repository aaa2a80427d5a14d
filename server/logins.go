package server

import (
	"context"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/server/identity"
	"github.com/elicense/elicense/vault"
)

// registerLogins offers login by certificate, if the service has one.
func (s *Server) registerLogins() {
	if s.cfg.Login == nil {
		return
	}
	add(s, operation{
		id: "challengeLogin", method: http.MethodPost, path: "/login-challenges", tag: "logins",
		status: http.StatusCreated, zh: "取得登录挑战值", en: "a challenge to sign", may: identity.Anyone,
	}, s.challengeLogin)
	add(s, operation{
		id: "openLogin", method: http.MethodPost, path: "/logins", tag: "logins", status: http.StatusCreated,
		zh: "以数字证书登录", en: "log in by certificate", may: identity.Anyone,
	}, s.openLogin)
	add(s, operation{
		id: "endLogin", method: http.MethodDelete, path: "/logins/current", tag: "logins", status: http.StatusNoContent,
		zh: "退出登录", en: "log out", may: identity.Anyone,
	}, s.endLogin)
}

// provide answers for the provider. A password that is wrong is as dear as any other proof that does not hold.
func (s *Server) provide(c *gin.Context) {
	s.cfg.Provider.ServeHTTP(c.Writer, c.Request)
	if c.Writer.Status() == http.StatusUnauthorized {
		s.chargeRefusal(c)
	}
}

type challengeLoginOutput struct{ Body api.LoginChallenge }

func (s *Server) challengeLogin(context.Context, *identity.Caller, *struct{}) (*challengeLoginOutput, error) {
	c, err := s.cfg.Login.Challenge()
	if err != nil {
		return nil, err
	}
	return &challengeLoginOutput{api.LoginChallenge{Challenge: c.Text, Expires: c.Expires}}, nil
}

type openLoginInput struct{ Body api.LoginRequest }

type openLoginOutput struct{ Body api.LoginSession }

func (s *Server) openLogin(_ context.Context, _ *identity.Caller, in *openLoginInput) (*openLoginOutput, error) {
	b := &in.Body
	session, err := s.cfg.Login.Answer(identity.Answer{
		Challenge: b.Challenge, Certificate: b.Certificate, Signature: b.Signature,
	})
	if err != nil {
		return nil, err
	}
	return &openLoginOutput{api.LoginSession{
		Token: session.Token, Expires: session.Expires, Name: session.Name, Level: vault.LevelCertificate.String(),
	}}, nil
}

// endLoginInput ends the session that stands in the header, and none if none does: who is out is out.
type endLoginInput struct {
	Authorization string `header:"Authorization" maxLength:"300"`
}

func (s *Server) endLogin(ctx context.Context, _ *identity.Caller, in *endLoginInput) (*struct{}, error) {
	r := (&http.Request{Header: http.Header{"Authorization": {in.Authorization}}}).WithContext(ctx)
	s.cfg.Login.End(r)
	return nil, nil //nolint:nilnil // no content
}
