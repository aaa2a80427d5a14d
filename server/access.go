package server

import (
	"cmp"
	"context"
	"time"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/internal/code"
	"github.com/elicense/elicense/server/identity"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/record"
)

// levels are the names of logins in the interface.
var levels = map[string]vault.Level{
	"registered": vault.LevelRegistered, "real-name": vault.LevelRealName, "certificate": vault.LevelCertificate,
}

// ownCase is the case of a holder who looks after his own licences and names none.
const ownCase = "本人办理"

// callTime is how long the proof of a caller holds that ends with the request.
const callTime = 5 * time.Minute

// accessOf is what a caller asks by, as the vault takes it. A holder who calls by himself is his own proof: whatever
// he says of an applicant is not looked at.
func (s *Server) accessOf(ctx context.Context, c *identity.Caller, a api.Asked) vault.Access {
	if a.Ground == api.GroundRegistered && c.Holder == nil {
		ground, basis := s.cfg.Vault.OnlyGround(ctx, c.ID)
		a.Ground, a.Basis = string(ground), cmp.Or(a.Basis, basis)
	}
	access := s.asks(c, vault.Access{
		Purpose: a.Purpose, Item: a.Item, Case: a.Case, Ground: vault.Ground(a.Ground), Basis: a.Basis,
	})
	switch {
	case c.Holder != nil:
		access.Ground = vault.GroundHolder
		if access.Case == "" {
			access.Case = ownCase
		}
		expires := c.Expires
		if expires.IsZero() {
			expires = s.cfg.Now().Add(callTime)
		}
		access.Holder = &vault.Assertion{
			Kind: c.Holder.Kind, Code: c.Holder.Code, Level: c.Level, By: c.ID, Case: access.Case, Expires: expires,
		}
	case a.Applicant != nil:
		access.Holder = &vault.Assertion{
			Kind: a.Applicant.Kind, Code: a.Applicant.Code, Level: levels[a.Applicant.Level], By: c.ID, Case: a.Case,
			Expires: a.Applicant.Expires,
		}
	}
	return access
}

// asks completes what a caller asks by: with who he is, and with whoever watches over looks at persons.
func (s *Server) asks(c *identity.Caller, a vault.Access) vault.Access {
	a.Caller, a.Clerk, a.Message = c.ID, clerkOf(c), c.Message
	if s.cfg.Alarms != nil && !c.IsHolder() { // who looks at his own
		a.Shown = s.watching(c, &a)
	}
	return a
}

// writeAccess is that of a department which writes its own licences.
func writeAccess(c *identity.Caller, purpose, item, caseNumber string) vault.Access {
	return vault.Access{
		Caller: c.ID, Purpose: purpose, Item: item, Case: caseNumber, Ground: vault.GroundIssuer, Repeated: c.Repeated,
		Clerk: clerkOf(c), Message: c.Message,
	}
}

// clerkOf is the person behind a caller, as the audit names him; "" for the system itself and for holders, who are
// whom it is about.
func clerkOf(c *identity.Caller) string {
	if c.IsHolder() {
		return ""
	}
	return c.Actor
}

// checkType refuses a type that lies outside a caller's registration.
func checkType(c *identity.Caller, typeCode string) error {
	if !c.Covers(typeCode) {
		return identity.Refuse(identity.CodeTypeScope)
	}
	return nil
}

// checkIdentifier refuses a licence whose type lies outside a caller's registration. A malformed identifier is left to
// the vault, which says what is wrong with it.
func checkIdentifier(c *identity.Caller, identifier string) error {
	id, err := code.ParseIdentifier(identifier)
	if err != nil {
		return nil //nolint:nilerr // see above
	}
	return checkType(c, id.Type)
}

// dateOf reads a date; the zero date if it is absent.
func dateOf(path, text string) (record.Date, error) {
	if text == "" {
		return record.Date{}, nil
	}
	d, err := record.ParseDate(text)
	if err != nil {
		return record.Date{}, badDate(path, text)
	}
	return d, nil
}

func badDate(path, text string) error {
	p := codeProblem(CodeDate)
	p.Errors[0].Path, p.Errors[0].Found = "/"+path, text
	return p
}
