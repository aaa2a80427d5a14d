package server

import (
	"context"
	"encoding/hex"
	"net/http"
	"slices"
	"time"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/server/identity"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/record"
)

// Reading are the parameters of every read of one licence: for what and by which right. Who asks for an applicant that
// is present looks up instead: an applicant's number never stands in a query.
type Reading struct {
	Identifier string `path:"identifier" maxLength:"200" doc:"电子证照标识"`
	Purpose    string `query:"purpose" required:"true" minLength:"1" maxLength:"200" doc:"用途: why this is asked"`
	Item       string `query:"item" maxLength:"200" doc:"事项 code"`
	Case       string `query:"case" maxLength:"200" doc:"case number"`
	Ground     string `query:"ground" enum:"issuer,consent,law,registered" doc:"the right; if absent issuer, or the holder's own"`
	Basis      string `query:"basis" maxLength:"200" doc:"consent or legal basis behind the ground"`
}

// reading is the access of a read of one licence.
func (s *Server) reading(ctx context.Context, c *identity.Caller, r *Reading) (vault.Access, error) {
	ground := r.Ground
	if ground == "" {
		ground = string(vault.GroundIssuer)
	}
	return s.accessOf(ctx, c, api.Asked{
		Purpose: r.Purpose, Item: r.Item, Case: r.Case, Ground: ground, Basis: r.Basis,
	}), checkIdentifier(c, r.Identifier)
}

func (s *Server) registerReadings() {
	add(s, operation{
		id: "getLicence", method: http.MethodGet, path: "/licences/{identifier}", tag: "licences",
		zh: "证照现状", en: "a licence as it stands", may: identity.MayReadLicence,
	}, s.licence)
	add(s, operation{
		id: "getHistory", method: http.MethodGet, path: "/licences/{identifier}/history", tag: "licences",
		zh: "证照履历", en: "everything that happened to a licence", may: identity.MayReadLicence,
	}, s.history)
	add(s, operation{
		id: "getMoment", method: http.MethodGet, path: "/licences/{identifier}/as-of", tag: "licences",
		zh: "某日的效力", en: "what was in force on a day, by what was known at an instant", may: identity.MayReadLicence,
	}, s.moment)
}

type licenceInput struct {
	Reading

	Fields []string `query:"fields" maxItems:"100" doc:"the elements to show, with commas between, or * alone for all on the face; none if absent"`
}

type licenceOutput struct {
	ETag string `header:"ETag" doc:"the version in quotes, for If-Match"`
	Body api.Licence
}

func (s *Server) licence(ctx context.Context, c *identity.Caller, in *licenceInput) (*licenceOutput, error) {
	a, err := s.reading(ctx, c, &in.Reading)
	if err != nil {
		return nil, err
	}
	found, err := s.one(ctx, a, in.Identifier)
	if err != nil {
		return nil, err
	}
	body := s.licenceOf(ctx, found, in.Fields, reads(c, true))
	if c.Department != "" && c.Department == found.Record.IssuerCode {
		body.Token = s.cfg.Vault.PublicToken(found)
	}
	return &licenceOutput{ETag: quoted(body.Version), Body: body}, nil
}

// one finds a single licence by its identifier; absence is a refusal.
func (s *Server) one(ctx context.Context, a vault.Access, identifier string) (*vault.Found, error) {
	res, err := s.cfg.Vault.Lookup(ctx, a, vault.Query{Identifier: identifier})
	if err != nil {
		return nil, err
	}
	if len(res.Found) == 0 {
		return nil, absent("identifier")
	}
	return &res.Found[0], nil
}

// absent is the refusal of what is not there, in the words of the vault.
func absent(field string) error { return refusedAs(vault.ErrNotFound, vault.CodeLicenceUnknown, field) }

// refusedAs is a refusal as the vault would make it.
func refusedAs(err error, code vault.Code, field string) error {
	p := vault.Problem{Code: code, Field: field}
	p.Zh, p.En = p.Code.Sentence()
	return &vault.Refusal{Err: err, Problems: []vault.Problem{p}}
}

// pageUnknown refuses the mark of a page that there is not, in the query of a list.
func pageUnknown() error { return refusedAs(vault.ErrInvalid, vault.CodeCursor, "after") }

type historyInput struct {
	Reading

	Content bool `query:"content" doc:"with each event as the ledger has it, and its proof"`
}

type historyOutput struct {
	Body api.History
}

func (s *Server) history(ctx context.Context, c *identity.Caller, in *historyInput) (*historyOutput, error) {
	a, err := s.reading(ctx, c, &in.Reading)
	if err != nil {
		return nil, err
	}
	list, err := s.cfg.Vault.History(ctx, a, in.Identifier)
	if err == nil && in.Content && unproven(list) { // the right is decided: bring the events under a checkpoint
		if _, err = s.cfg.Vault.Checkpoint(ctx); err == nil {
			list, err = s.cfg.Vault.History(ctx, a, in.Identifier)
		}
	}
	if err != nil {
		return nil, err
	}
	out := &historyOutput{Body: api.History{Identifier: in.Identifier, Events: make([]api.HistoryEvent, 0, len(list))}}
	for i := range list {
		e := historyEventOf(&list[i])
		if in.Content {
			e.Raw, e.Proof = list[i].Raw, list[i].Proof
		}
		out.Body.Events = append(out.Body.Events, e)
	}
	return out, nil
}

// unproven reports whether an event is only staged.
func unproven(list []vault.Entry) bool {
	return slices.ContainsFunc(list, func(e vault.Entry) bool { return e.Proof == nil })
}

func historyEventOf(entry *vault.Entry) api.HistoryEvent {
	e := entry.Event
	out := api.HistoryEvent{
		Number: e.Number, Kind: string(e.Kind), KindZh: kindWords[e.Kind], Version: e.Version, Recorded: e.Recorded,
		Effective: e.Effective.String(), By: e.Actor, Paper: e.Paper, Basis: e.Basis, Reason: e.Reason, Batch: e.Batch,
		Proven: entry.Proof != nil,
	}
	if !e.Document.IsZero() {
		out.Document = hex.EncodeToString(e.Document[:])
	}
	return out
}

// kindWords are the events' names for people.
var kindWords = map[record.Kind]string{
	record.EventReserved: "预留", record.EventVoided: "预留作废", record.EventIssued: "核发",
	record.EventConverted: "存量转换", record.EventChanged: "变更", record.EventRenewed: "延续",
	record.EventReissued: "换发补发", record.EventAttached: "附加文件", record.EventSuspended: "暂停",
	record.EventResumed: "恢复", record.EventCancelled: "注销", record.EventRevoked: "吊销",
	record.EventAnnulled: "撤销", record.EventSuperseded: "被替换", record.EventWithdrawn: "撤出证照库",
	record.EventRestored: "恢复旧版",
}

type momentInput struct {
	Reading

	Day    string    `query:"day" required:"true" format:"date" doc:"the day in law"`
	Known  time.Time `query:"known" doc:"by what the vault knew then; now if absent"`
	Fields []string  `query:"fields" maxItems:"100" doc:"the elements to show, with commas between, or * alone for all on the face; none if absent"`
}

type momentOutput struct {
	Body api.Moment
}

func (s *Server) moment(ctx context.Context, c *identity.Caller, in *momentInput) (*momentOutput, error) {
	a, err := s.reading(ctx, c, &in.Reading)
	if err != nil {
		return nil, err
	}
	day, err := dateOf("day", in.Day)
	if err != nil {
		return nil, err
	}
	m, err := s.cfg.Vault.AsOf(ctx, a, in.Identifier, day, in.Known)
	if err != nil {
		return nil, err
	}
	out := api.Moment{
		Identifier: in.Identifier, State: string(m.State), StateZh: m.State.Chinese(), Since: m.Since.String(),
	}
	if v := m.Version; v != nil {
		digest := record.Sum(v.Raw)
		out.Version, out.Record = versionIn(v.Record.Identifier), hex.EncodeToString(digest[:])
		out.Values = s.shown(ctx, v, in.Fields, reads(c, true))
	}
	return &momentOutput{Body: out}, nil
}
