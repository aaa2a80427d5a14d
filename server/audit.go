package server

import (
	"context"
	"encoding/hex"
	"net/http"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/server/identity"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/record"
)

// What whoever oversees or runs a vault asks of it while it serves. The vault decides the right once more.

func (s *Server) registerAudit() {
	add(s, operation{
		id: "listAuditEntries", method: http.MethodGet, path: "/audit-entries", tag: "audit",
		may: identity.MayReadTrail,
		zh:  "审计记录", en: "the audit: who asked for what, by which right, why",
	}, s.auditEntries)
	add(s, operation{
		id: "listSignedVersions", method: http.MethodGet, path: "/signed-versions", tag: "audit",
		may: identity.MayOperate,
		zh:  "某密钥签过的证照（密钥失窃时用）", en: "what a key has signed, for when it was stolen",
	}, s.signedVersions)
}

// oversight is the access of whoever oversees the vault, or runs it.
func oversight(c *identity.Caller, purpose string) vault.Access {
	ground := vault.GroundOperator
	if c.Role == identity.RoleAuditor || c.Role == identity.RoleSupervisor {
		ground = vault.GroundAudit
	}
	return vault.Access{Caller: c.ID, Clerk: clerkOf(c), Purpose: purpose, Ground: ground, Message: c.Message}
}

type auditInput struct {
	From  int `query:"from" minimum:"0" doc:"number of the first entry; 1 if absent"`
	Last  int `query:"last" minimum:"0" maximum:"1000" doc:"instead: so many entries before the end"`
	Limit int `query:"limit" minimum:"1" maximum:"1000" default:"500" doc:"most entries in an answer"`
}

type auditOutput struct{ Body api.AuditPage }

func (s *Server) auditEntries(ctx context.Context, c *identity.Caller, in *auditInput) (*auditOutput, error) {
	from := max(in.From, 1)
	out := &auditOutput{Body: api.AuditPage{Entries: []api.AuditEntry{}, Next: from}}
	if in.Last > 0 {
		from = -in.Last
	}
	err := s.cfg.Vault.AuditTrail(ctx, oversight(c, "查看审计"), from, func(e *record.AuditEntry) bool {
		out.Body.Entries = append(out.Body.Entries, auditEntryOf(e))
		out.Body.Next = e.Number + 1
		return len(out.Body.Entries) < in.Limit
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func auditEntryOf(e *record.AuditEntry) api.AuditEntry {
	q := &e.Asked
	return api.AuditEntry{
		Number: e.Number, Time: e.Time, Previous: hex.EncodeToString(e.Previous[:]), Caller: q.Caller, Clerk: e.Clerk,
		Act: e.Act, Result: e.Result, Purpose: q.Purpose, Ground: q.Ground, Basis: q.Basis, Item: q.Item, Case: q.Case,
		Level: q.Level, Type: e.Type, Issuer: e.Issuer, Licence: e.Licence, Batch: e.Batch, Subject: e.Subject,
		Object: e.Object, Change: e.Change, Reason: e.Reason, Count: e.Count, Message: e.Message,
	}
}

// signedWork is how many versions are looked at for one answer: it must come before its time is over.
const signedWork = 100_000

type signedInput struct {
	Certificate string `query:"certificate" required:"true" pattern:"^[0-9a-f]{64}$" doc:"SM3 of the certificate, hexadecimal"`
	After       string `query:"after" maxLength:"64" doc:"next of the page before"`
	Limit       int    `query:"limit" minimum:"1" maximum:"1000" default:"500" doc:"most versions in an answer"`
}

type signedOutput struct{ Body api.SignedVersions }

func (s *Server) signedVersions(ctx context.Context, c *identity.Caller, in *signedInput) (*signedOutput, error) {
	digest, err := digestIn(in.Certificate)
	if err != nil {
		return nil, err
	}
	page, err := s.cfg.Vault.SignedPage(ctx, oversight(c, "清查密钥所签证照"), vault.SignedQuery{
		Certificate: *digest, After: in.After, Limit: in.Limit, Work: signedWork,
	})
	if err != nil {
		return nil, members{"cursor": "after"}.point(err)
	}
	out := &signedOutput{Body: api.SignedVersions{
		Versions: make([]api.SignedVersion, len(page.Versions)), Next: page.Next,
	}}
	for i := range page.Versions {
		x := &page.Versions[i]
		out.Body.Versions[i] = api.SignedVersion{
			Identifier: x.Identifier, Version: x.Version, Type: x.Type, Issuer: x.Issuer, IssuedOn: x.IssuedOn.String(),
			Record: hex.EncodeToString(x.Record[:]), InForce: x.InForce,
		}
	}
	return out, nil
}
