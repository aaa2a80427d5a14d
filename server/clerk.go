package server

import (
	"net/http"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/server/identity"
	"github.com/elicense/elicense/vault"
)

// pseudonymRunes is how long a pseudonym is that stands for a login name.
const pseudonymRunes = 24

// nameClerk makes known who acts (经办人): the clerk whom a system names, or the one who has logged in. Who has logged in
// names nobody else, and a holder acts for himself. A login name that must not stand in the audit, as a citizen number
// must not, stands there as a pseudonym that is always the same.
func (s *Server) nameClerk(c *identity.Caller, r *http.Request) error {
	named := r.Header.Values(api.HeaderClerk)
	self := c.IsHolder() || c.Actor != "" // recognised himself
	switch {
	case len(named) > 1, len(named) == 1 && (self || !vault.ValidClerk(named[0])):
		return &identity.Refusal{Code: identity.CodeClerk, Path: "header." + api.HeaderClerk}
	case len(named) == 1:
		c.Actor = named[0]
	case c.Actor != "" && !vault.ValidClerk(c.Actor):
		c.Actor = s.pseudonym(c)
	}
	return nil
}

// pseudonym stands for a login name of a caller's. It has no digits, which could look like a number of somebody's.
func (s *Server) pseudonym(c *identity.Caller) string {
	letters := []byte(s.tokenOf("clerk\x00" + c.ID + "\x00" + c.Actor)[:pseudonymRunes])
	for i, ch := range letters {
		if ch <= '9' {
			letters[i] = ch - '0' + 'g'
		}
	}
	return "p-" + string(letters)
}
