package server

import (
	"context"
	"net/http"
	"strconv"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/server/identity"
	"github.com/elicense/elicense/vault"
)

// A dispute (准确性异议) says that elements of a licence are not right. Who may see the licence may raise one; the
// department that issued it settles it: it corrects the licence and names the version, or says why it is right.

func (s *Server) registerDisputes() {
	raised := map[int][]any{http.StatusCreated: {api.Dispute{}}, http.StatusOK: {api.Dispute{}}}
	add(s, operation{
		id: "raiseDispute", method: http.MethodPost, path: "/disputes", tag: "disputes", status: http.StatusCreated,
		again: true, may: identity.MayDispute, answers: raised,
		zh: "提出准确性异议", en: "say that elements of a licence are not right",
	}, s.raiseDispute)
	add(s, operation{
		id: "listDisputes", method: http.MethodGet, path: "/disputes", tag: "disputes", may: identity.MaySeeDisputes,
		zh: "异议：本部门待办的，或自己提出的", en: "disputes to settle, or those one has raised",
	}, s.listDisputes)
	add(s, operation{
		id: "getDispute", method: http.MethodGet, path: "/disputes/{id}", tag: "disputes", may: identity.MaySeeDisputes,
		zh: "异议现状", en: "how a dispute stands",
	}, s.getDispute)
	add(s, operation{
		id: "settleDispute", again: true, method: http.MethodPost, path: "/disputes/{id}/settlement", tag: "disputes",
		may: identity.MaySettle, zh: "办结异议：已更正或不予更正", en: "settle a dispute: corrected, or rejected with a reason",
	}, s.settleDispute)
}

type raiseInput struct {
	Write
	Body api.DisputeRequest
}

type raisedOutput struct {
	Status   int
	Location string `header:"Location"`
	Replayed string `header:"X-Replayed"`
	Body     any
}

func (s *Server) raiseDispute(ctx context.Context, c *identity.Caller, in *raiseInput) (*raisedOutput, error) {
	if err := checkIdentifier(c, in.Body.Identifier); err != nil {
		return nil, err
	}
	id := disputeID(s.ownerOf(c), in.Key)
	if never := firstOnly(c); never != nil {
		if _, err := s.disputes.get(ctx, id); err != nil {
			return nil, never
		}
	}
	a := s.accessOf(ctx, c, in.Body.Asked)
	found, err := s.one(ctx, a, in.Body.Identifier) // the right to see it, in the audit
	if err != nil {
		return nil, err
	}
	d, err := s.newDispute(ctx, c, &in.Body, found)
	if err != nil {
		return nil, err
	}
	d.ID = id
	err = s.cfg.Vault.Witness(ctx, a, vault.Witnessed{
		Act: "raise-dispute", Object: "dispute " + d.ID, Licence: found.Identifier,
	})
	if err != nil {
		return nil, err
	}
	kept, again, err := s.disputes.raise(ctx, d)
	if err != nil {
		return nil, err
	}
	s.tell(ctx, toldRaised, kept)
	out := &raisedOutput{
		Status: http.StatusCreated, Location: api.Version + "/disputes/" + kept.ID, Body: kept.Dispute,
	}
	if again {
		out.Status, out.Replayed = http.StatusOK, "true"
	}
	return out, nil
}

// newDispute is a dispute about a licence as it stands.
func (s *Server) newDispute(
	ctx context.Context, c *identity.Caller, r *api.DisputeRequest, f *vault.Found,
) (*dispute, error) {
	asked, err := digestOfJSON(r)
	if err != nil {
		return nil, err
	}
	d := &dispute{Owner: s.ownerOf(c), Asked: asked, Dispute: api.Dispute{
		Identifier: f.Identifier, Version: versionIn(f.Identifier), Type: f.Record.TypeCode,
		Issuer: f.Record.IssuerCode, Reason: r.Reason, RaisedBy: string(c.Role), Case: r.Case,
		Raised: s.cfg.Now().UTC(),
	}}
	d.become(disputeOpen)
	t, err := s.cfg.Vault.Type(ctx, f.Record.TypeCode)
	if err != nil {
		return nil, err
	}
	var unknown []api.Defect
	for i, e := range r.Elements {
		short, ok := t.ShortName(e.Field)
		if !ok {
			defect := fieldUnknown()
			defect.Path, defect.Found = "/elements/"+strconv.Itoa(i)+"/field", e.Field
			unknown = append(unknown, defect)
		}
		d.Elements = append(d.Elements, api.Disputed{Field: short, Claimed: e.Claimed})
		d.Said = append(d.Said, f.Value(short))
	}
	return d, defects(unknown)
}

type disputesInput struct {
	State string `query:"state" enum:"open,settled" default:"open"`
	After string `query:"after" maxLength:"64" doc:"next of the page before"`
	Limit int    `query:"limit" minimum:"1" maximum:"500" default:"100"`
}

type disputesOutput struct{ Body api.Disputes }

// settles reports whether a caller sees the disputes of a department, not those that it raised.
func settles(c *identity.Caller) bool { return c.May(identity.MaySettle) }

func (s *Server) listDisputes(ctx context.Context, c *identity.Caller, in *disputesInput) (*disputesOutput, error) {
	if err := s.witnessDisputes(ctx, c, vault.Witnessed{Act: "list-disputes"}); err != nil {
		return nil, err
	}
	after, ok := parsePlace(in.After)
	if !ok {
		return nil, pageUnknown()
	}
	of, owner := spaceOfRaiser, s.ownerOf(c)
	if settles(c) {
		of, owner = spaceOfIssuer, c.Department
	}
	list, err := s.disputes.list(ctx, disputeQuery{
		of: of, owner: owner, open: in.State == disputeOpen, limit: in.Limit + 1, after: after,
		wanted: func(d *dispute) bool { return c.Covers(d.Type) },
	})
	if err != nil {
		return nil, err
	}
	out := &disputesOutput{api.Disputes{Disputes: make([]api.Dispute, 0, len(list))}}
	for i, d := range list {
		if i == in.Limit {
			out.Body.More, out.Body.Next = true, placeOf(list[i-1])
			break
		}
		out.Body.Disputes = append(out.Body.Disputes, d.Dispute)
	}
	return out, nil
}

// witnessDisputes writes the audit entry of a look at disputes, or of their settling.
func (s *Server) witnessDisputes(ctx context.Context, c *identity.Caller, w vault.Witnessed) error {
	const purpose = "准确性异议"
	a := writeAccess(c, purpose, "", "")
	if c.IsHolder() {
		a = s.own(ctx, c, purpose, "")
	}
	return s.cfg.Vault.Witness(ctx, a, w)
}

type disputeInput struct {
	ID string `path:"id" maxLength:"64"`
}

type disputeOutput struct {
	Replayed string `header:"X-Replayed"`
	Body     api.Dispute
}

func (s *Server) getDispute(ctx context.Context, c *identity.Caller, in *disputeInput) (*disputeOutput, error) {
	d, err := s.ownDispute(ctx, c, in.ID)
	if err != nil {
		return nil, err
	}
	err = s.witnessDisputes(ctx, c, vault.Witnessed{
		Act: "see-dispute", Object: "dispute " + d.ID, Licence: d.Identifier,
	})
	if err != nil {
		return nil, err
	}
	return &disputeOutput{Body: d.Dispute}, nil
}

// ownDispute is a dispute that a caller may know of: another's is as if there were none.
func (s *Server) ownDispute(ctx context.Context, c *identity.Caller, id string) (*dispute, error) {
	d, err := s.disputes.get(ctx, id)
	if err != nil {
		return nil, err
	}
	mine := d.Owner == s.ownerOf(c)
	if settles(c) {
		mine = c.Department != "" && d.Issuer == c.Department
	}
	if !mine || !c.Covers(d.Type) {
		return nil, codeProblem(CodeNoDispute)
	}
	return d, nil
}

type settleInput struct {
	Write
	ID   string `path:"id" maxLength:"64"`
	Body api.Settlement
}

func (s *Server) settleDispute(ctx context.Context, c *identity.Caller, in *settleInput) (*disputeOutput, error) {
	d, err := s.ownDispute(ctx, c, in.ID)
	if err != nil {
		return nil, err
	}
	asked, err := digestOfJSON(in.Body)
	if err != nil {
		return nil, err
	}
	switch {
	case d.State != disputeOpen && d.Settlement == asked:
		return &disputeOutput{Replayed: "true", Body: d.Dispute}, nil
	case d.State != disputeOpen:
		return nil, codeProblem(CodeDisputeSettled)
	}
	if err := s.checkSettlement(ctx, c, d, in); err != nil {
		return nil, err
	}
	a := writeAccess(c, "办结异议", in.Item, in.Case)
	err = s.cfg.Vault.Witness(ctx, a, vault.Witnessed{
		Act: "settle-dispute", Object: "dispute " + d.ID, Licence: d.Identifier, Result: in.Body.Outcome,
	})
	if err != nil {
		return nil, err
	}
	d, again, err := s.disputes.settle(ctx, d.ID, func(d *dispute) {
		d.Settlement, d.Settled, d.Because = asked, s.cfg.Now().UTC(), in.Body.Reason
		d.CorrectedBy = in.Body.Version
		d.become(in.Body.Outcome)
	})
	if err != nil {
		return nil, err
	}
	s.tell(ctx, toldSettled, d)
	out := &disputeOutput{Body: d.Dispute}
	if again {
		out.Replayed = "true"
	}
	return out, nil
}

// checkSettlement: who rejects says why, and who says that he has corrected has: the version that he names is the one
// that stands now, is later than the disputed one, and says something else in a disputed element.
func (s *Server) checkSettlement(ctx context.Context, c *identity.Caller, d *dispute, in *settleInput) error {
	if err := firstOnly(c); err != nil {
		return err
	}
	r := &in.Body
	if r.Outcome == disputeRejected {
		if r.Reason == "" || r.Version != 0 {
			return codeProblem(CodeSettlement)
		}
		return nil
	}
	if r.Version == 0 {
		return codeProblem(CodeSettlement)
	}
	found, err := s.one(ctx, writeAccess(c, "办结异议", in.Item, in.Case), d.Identifier)
	if err != nil {
		return err
	}
	if r.Version <= d.Version || r.Version != versionIn(found.Identifier) || !d.differs(found) {
		return codeProblem(CodeNotCorrected)
	}
	return nil
}
