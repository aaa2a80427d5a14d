package identity

import (
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/emmansun/gmsm/sm3"

	"github.com/elicense/elicense/pki"
)

// sessionPrefix begins the token of a session, so that it is not taken for another kind of bearer.
const sessionPrefix = "login-"

// session is who has logged in.
type session struct {
	who         *Subject
	certificate *pki.Certificate
	expires     time.Time
}

// sessions are those that stand, by the digests of their tokens: what could be read from memory opens none.
type sessions struct {
	limit int

	mu    sync.Mutex
	byKey map[[sm3.Size]byte]*session // guarded by mu
	swept time.Time                   // guarded by mu
}

func newSessions(limit int) *sessions {
	return &sessions{limit: limit, byKey: map[[sm3.Size]byte]*session{}}
}

// add keeps a session; false if there is no room. Those that have ended make room, looked for once a second at most.
func (s *sessions) add(key [sm3.Size]byte, one *session, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.byKey) >= s.limit && now.Sub(s.swept) >= time.Second {
		s.swept = now
		for k, v := range s.byKey {
			if !now.Before(v.expires) {
				delete(s.byKey, k)
			}
		}
	}
	if len(s.byKey) >= s.limit {
		return false
	}
	s.byKey[key] = one
	return true
}

func (s *sessions) get(key [sm3.Size]byte) *session {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.byKey[key]
}

func (s *sessions) end(key [sm3.Size]byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.byKey, key)
}

// Recognise reads the header Authorization. The certificate behind a session must still hold.
func (l *Login) Recognise(r *http.Request) (*Caller, error) {
	token, ok := sessionToken(r)
	if !ok {
		return nil, Nobody()
	}
	now := l.cfg.Now()
	s := l.sessions.get(sm3.Sum([]byte(token)))
	switch {
	case s == nil:
		return nil, Refuse(CodeLoggedOut)
	case !now.Before(s.expires):
		return nil, Refuse(CodeExpired)
	}
	if err := l.cfg.Certificates.CheckCertificate(s.certificate, now); err != nil {
		return nil, err
	}
	who := *s.who
	return &Caller{
		ID: l.cfg.Caller, Role: RoleHolder, Method: MethodCertificate, Holder: &who, Level: levelOfLogin,
		Expires: s.expires,
	}, nil
}

// End ends the session that a request proves itself by, if it does.
func (l *Login) End(r *http.Request) {
	if token, ok := sessionToken(r); ok {
		l.sessions.end(sm3.Sum([]byte(token)))
	}
}

func sessionToken(r *http.Request) (string, bool) {
	scheme, token, ok := strings.Cut(r.Header.Get("Authorization"), " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") || !strings.HasPrefix(token, sessionPrefix) ||
		len(token) > maxKeyBytes {
		return "", false
	}
	return token, true
}
