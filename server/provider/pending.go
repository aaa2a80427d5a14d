package provider

import (
	"crypto/subtle"
	"sync"
	"time"

	"github.com/emmansun/gmsm/sm3"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

// login is one that is under way: from the request of a client to the tokens it gets.
type login struct {
	id       string
	request  oidc.AuthRequest
	audience []string
	account  *Account // who has logged in; nil: nobody yet
	at       time.Time
	ends     time.Time
	code     [sm3.Size]byte // digest of the code; zero: none yet
	browser  [sm3.Size]byte // digest of what the browser of the user has, and nobody else; zero: nobody has logged in
}

var _ op.AuthRequest = (*login)(nil)

// GetID implements op.AuthRequest, as all below do.
func (l *login) GetID() string { return l.id }

// GetACR is how well the user is known.
func (l *login) GetACR() string {
	if l.account == nil {
		return ""
	}
	return l.account.Level.String()
}

// GetAMR is by password.
func (l *login) GetAMR() []string { return []string{"pwd"} }

// GetAudience is the client, and this service if it was asked for.
func (l *login) GetAudience() []string { return l.audience }

// GetAuthTime is when the user logged in.
func (l *login) GetAuthTime() time.Time { return l.at }

// GetClientID is who asked.
func (l *login) GetClientID() string { return l.request.ClientID }

// GetCodeChallenge is that of PKCE.
func (l *login) GetCodeChallenge() *oidc.CodeChallenge {
	return &oidc.CodeChallenge{Challenge: l.request.CodeChallenge, Method: l.request.CodeChallengeMethod}
}

// GetNonce is the client's.
func (l *login) GetNonce() string { return l.request.Nonce }

// GetRedirectURI is where the user goes back to.
func (l *login) GetRedirectURI() string { return l.request.RedirectURI }

// GetResponseType is code.
func (l *login) GetResponseType() oidc.ResponseType { return l.request.ResponseType }

// GetResponseMode is as the client asked.
func (l *login) GetResponseMode() oidc.ResponseMode { return l.request.ResponseMode }

// GetScopes is what was asked for and may be.
func (l *login) GetScopes() []string { return l.request.Scopes }

// GetState is the client's.
func (l *login) GetState() string { return l.request.State }

// GetSubject is the account.
func (l *login) GetSubject() string {
	if l.account == nil {
		return ""
	}
	return l.account.ID
}

// Done reports whether somebody has logged in.
func (l *login) Done() bool { return l.account != nil }

// Bounds of logins under way.
const (
	maxPending = 10_000
	loginFor   = 10 * time.Minute // to type a password
	codeFor    = time.Minute      // for the client to ask for its tokens
)

// pending are the logins under way, in bounded memory. Values that were given out are never changed. It is safe for
// concurrent use.
type pending struct {
	now func() time.Time

	mu    sync.Mutex
	byIDs map[string]*login // guarded by mu
	swept time.Time         // guarded by mu
}

func newPending(now func() time.Time) *pending { return &pending{now: now, byIDs: map[string]*login{}} }

// add keeps a login; false if there is no room.
func (p *pending) add(one *login) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	if len(p.byIDs) >= maxPending && now.Sub(p.swept) >= time.Second {
		p.swept = now
		for id, l := range p.byIDs {
			if !now.Before(l.ends) {
				delete(p.byIDs, id)
			}
		}
	}
	if len(p.byIDs) >= maxPending {
		return false
	}
	one.ends = now.Add(loginFor)
	p.byIDs[one.id] = one
	return true
}

// byID gives a login that has not ended; nil if there is none.
func (p *pending) byID(id string) *login {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.standing(id)
}

// standing is byID with mu held.
func (p *pending) standing(id string) *login {
	l := p.byIDs[id]
	if l == nil || !p.now().Before(l.ends) {
		return nil
	}
	return l
}

// change puts a changed copy in the place of a login; false if there is none.
func (p *pending) change(id string, change func(*login) bool) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	l := p.standing(id)
	if l == nil {
		return false
	}
	next := *l
	if !change(&next) {
		return false
	}
	p.byIDs[id] = &next
	return true
}

// done notes who has logged in, and in which browser: once, for one login has one user.
func (p *pending) done(id string, a *Account, browser [sm3.Size]byte) bool {
	return p.change(id, func(l *login) bool {
		first := l.account == nil
		l.account, l.at, l.browser = a, p.now(), browser
		return first
	})
}

// in reports whether somebody has logged in by a login under way, in this browser.
func (p *pending) in(id string, browser [sm3.Size]byte) bool {
	l := p.byID(id)
	return l != nil && l.account != nil && subtle.ConstantTimeCompare(l.browser[:], browser[:]) == 1
}

// setCode notes the code, of which only the digest is kept.
func (p *pending) setCode(id, code string) bool {
	return p.change(id, func(l *login) bool {
		l.code, l.ends = sm3.Sum([]byte(code)), p.now().Add(codeFor)
		return l.account != nil
	})
}

// takeCode gives the login of a code and forgets the code; nil if there is none.
func (p *pending) takeCode(code string) *login {
	digest := sm3.Sum([]byte(code))
	p.mu.Lock()
	defer p.mu.Unlock()
	for id, l := range p.byIDs {
		if l.code == digest {
			delete(p.byIDs, id)
			if !p.now().Before(l.ends) {
				return nil
			}
			return l
		}
	}
	return nil
}

func (p *pending) end(id string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.byIDs, id)
}
