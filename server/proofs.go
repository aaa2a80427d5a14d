package server

import (
	"context"
	"errors"
	"net/http"
	"strconv"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/server/identity"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/record"
)

func (s *Server) registerProofs() {
	add(s, operation{
		id: "getBundle", method: http.MethodGet, path: "/licences/{identifier}/bundle", tag: "proofs",
		zh: "证照验证包", en: "a licence with everything that proves it offline", may: identity.MayReadLicence,
		answers: map[int][]any{http.StatusOK: {record.Bundle{}}},
	}, s.bundle)
	add(s, operation{
		id: "disclose", method: http.MethodPost, path: "/licences/{identifier}/disclosures", tag: "proofs",
		zh: "只出示部分要素的验证包", en: "a proof that shows some elements and no others", may: identity.MayReadLicence,
		answers: map[int][]any{http.StatusOK: {record.Bundle{}}},
	}, s.disclose)
	add(s, operation{
		id: "getProof", method: http.MethodGet, path: "/licences/{identifier}/proof", tag: "proofs",
		zh: "事件的账本证明", en: "the ledger proof of an event", may: identity.MayReadLicence,
		produces: []string{mediaText},
	}, s.proof)
	add(s, operation{
		id: "getCheckpoint", method: http.MethodGet, path: "/checkpoints/latest", tag: "proofs",
		zh: "最新检查点", en: "the newest signed checkpoint of the ledger", may: identity.Anyone,
		produces: []string{mediaText},
	}, s.checkpoint)
	add(s, operation{
		id: "getGrowth", method: http.MethodGet, path: "/checkpoints/growth", tag: "proofs",
		zh: "账本只增不改的证明", en: "proof that the ledger only grew since a size", may: identity.Anyone,
		produces: []string{mediaText},
	}, s.growth)
}

type bundleInput struct{ Reading }

func (s *Server) bundle(ctx context.Context, c *identity.Caller, in *bundleInput) (*fileOutput, error) {
	a, err := s.reading(ctx, c, &in.Reading)
	if err != nil {
		return nil, err
	}
	return s.bundled(ctx, a, in.Identifier, nil)
}

// bundled gives a bundle as the verifier takes it.
func (s *Server) bundled(ctx context.Context, a vault.Access, identifier string, only []string) (*fileOutput, error) {
	b, err := s.cfg.Vault.Bundle(ctx, a, identifier, only...)
	if err != nil {
		return nil, err
	}
	content, err := b.Encode()
	if err != nil {
		return nil, err
	}
	return file(mediaJSON, "bundle.json", content), nil
}

type discloseInput struct {
	Identifier string `path:"identifier" maxLength:"200"`
	Body       api.DisclosureRequest
}

func (s *Server) disclose(ctx context.Context, c *identity.Caller, in *discloseInput) (*fileOutput, error) {
	if err := checkIdentifier(c, in.Identifier); err != nil {
		return nil, err
	}
	fields, err := s.knownNames(ctx, typeIn(in.Identifier), in.Body.Fields)
	if err != nil {
		return nil, err
	}
	return s.bundled(ctx, s.accessOf(ctx, c, in.Body.Asked), in.Identifier, fields)
}

type proofInput struct {
	Reading

	Event int `query:"event" minimum:"0" maximum:"1000000" doc:"number in the history; the last act in law if absent"`
}

func (s *Server) proof(ctx context.Context, c *identity.Caller, in *proofInput) (*fileOutput, error) {
	a, err := s.reading(ctx, c, &in.Reading)
	if err != nil {
		return nil, err
	}
	entry, err := s.entry(ctx, a, in)
	if err == nil && entry.Proof == nil { // the right is decided: bring the event under a checkpoint
		if _, err = s.cfg.Vault.Checkpoint(ctx); err == nil {
			entry, err = s.entry(ctx, a, in)
		}
	}
	if err != nil {
		return nil, err
	}
	return file(mediaText, "proof-"+strconv.Itoa(entry.Event.Number)+".txt", entry.Proof), nil
}

// entry finds one event of a licence's history.
func (s *Server) entry(ctx context.Context, a vault.Access, in *proofInput) (*vault.Entry, error) {
	list, err := s.cfg.Vault.History(ctx, a, in.Identifier)
	if err != nil {
		return nil, err
	}
	for i := len(list) - 1; i >= 0; i-- {
		e := list[i].Event
		if e.Number == in.Event || in.Event == 0 && e.Kind != record.EventAttached {
			return &list[i], nil
		}
	}
	return nil, codeProblem(CodeNoEvent)
}

// checkpoint gives what was signed last. It signs nothing: everybody may ask.
func (s *Server) checkpoint(ctx context.Context, _ *identity.Caller, _ *struct{}) (*fileOutput, error) {
	signed, err := s.cfg.Vault.NewestCheckpoint(ctx)
	if errors.Is(err, vault.ErrNotFound) {
		return nil, codeProblem(CodeNoCheckpoint)
	}
	if err != nil {
		return nil, err
	}
	return file(mediaText, "checkpoint.txt", signed), nil
}

type growthInput struct {
	Since uint64 `query:"since" required:"true" minimum:"1" maximum:"9007199254740991" doc:"size that a receipt or checkpoint names"`
}

func (s *Server) growth(ctx context.Context, _ *identity.Caller, in *growthInput) (*fileOutput, error) {
	content, err := s.cfg.Vault.Growth(ctx, in.Since)
	if vault.CodeOf(err) == vault.CodeCheckpoint { // a part that was lost does not come later

		return nil, codeProblem(CodeNoCheckpoint)
	}
	if err != nil {
		return nil, err
	}
	return file(mediaText, "growth.txt", content), nil
}
