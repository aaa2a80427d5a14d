package conformance

import (
	"context"
	"iter"
	"net/http"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/client"
)

// lateDays is how long after its paper the licence that is disputed comes into the vault.
const lateDays = 3

// disputed has the centre dispute a licence twice: once the department rejects it, once it corrects the licence.
func disputed(ctx context.Context, d *day) error {
	if err := d.issueLate(ctx); err != nil {
		return err
	}
	rejected, err := d.raise(ctx, "first")
	if err != nil {
		return err
	}
	if err := d.reject(ctx, rejected); err != nil {
		return err
	}
	corrected, err := d.raise(ctx, "second")
	if err != nil {
		return err
	}
	if err := d.correctDisputed(ctx, corrected); err != nil {
		return err
	}
	d.disputes = []string{rejected, corrected}
	return nil
}

// issueLate issues the licence that is disputed, some days after its paper.
func (d *day) issueLate(ctx context.Context) error {
	const part = api.ConformanceDisputed
	l := &licence{request: d.request(part)}
	l.request.Values[issueDate] = d.cfg.Now().AddDate(0, 0, -lateDays).Format("2006-01-02")
	w, err := d.cfg.Department.Issue(ctx, l.request, d.key(part))
	if err != nil {
		return err
	}
	l.identifier, l.number, l.version = w.Identifier, w.Number, w.Version
	d.licences[part] = l
	return nil
}

// raise disputes what the licence says; the department sees it, and the same request again is the same dispute.
func (d *day) raise(ctx context.Context, of string) (string, error) {
	asked, err := d.lawful(ctx)
	if err != nil {
		return "", err
	}
	name, err := d.changing()
	if err != nil {
		return "", err
	}
	r := api.DisputeRequest{
		Asked: asked, Identifier: d.licences[api.ConformanceDisputed].identifier, Reason: "与申请材料不一致",
		Elements: []api.Disputed{{Field: name, Claimed: corrected}},
	}
	raised, err := d.cfg.Centre.RaiseDispute(ctx, r, d.key(of))
	if err != nil {
		return "", err
	}
	again, err := d.cfg.Centre.RaiseDispute(ctx, r, d.key(of))
	if err != nil {
		return "", err
	}
	if raised.State != "open" || raised.Issuer != d.department || again.ID != raised.ID {
		return "", wrong("state %q, issuer %q; asked again it is the dispute %q", raised.State, raised.Issuer, again.ID)
	}
	return raised.ID, d.lists(d.cfg.Department.OpenDisputes(ctx), raised.ID)
}

// lists expects a dispute to be among those of its department.
func (d *day) lists(list iter.Seq2[*api.Dispute, error], id string) error {
	for one, err := range list {
		if err != nil {
			return err
		}
		if one.ID == id {
			return nil
		}
	}
	return wrong("the department's list does not have the dispute")
}

// reject says why the licence is right; without a reason that is not taken.
func (d *day) reject(ctx context.Context, id string) error {
	_, err := d.cfg.Department.SettleDispute(ctx, id, api.Settlement{Outcome: "rejected"}, d.key("no-reason"))
	if bad := refused(err, http.StatusUnprocessableEntity); bad != nil {
		return wrong("rejected without a reason: %v", bad)
	}
	const why = "经核对与档案一致"
	by := api.Settlement{Outcome: "rejected", Reason: why}
	if _, err := d.cfg.Department.SettleDispute(ctx, id, by, d.key("reject")); err != nil {
		return err
	}
	return d.settled(ctx, id, "rejected", func(x *api.Dispute) bool { return x.Because == why })
}

// correctDisputed makes the licence right. Before that, nobody may say that it is.
func (d *day) correctDisputed(ctx context.Context, id string) error {
	by := api.Settlement{Outcome: "corrected", Version: 2}
	_, err := d.cfg.Department.SettleDispute(ctx, id, by, d.key("too-early"))
	if bad := refused(err, http.StatusConflict, http.StatusUnprocessableEntity); bad != nil {
		return wrong("settled as corrected before it was: %v", bad)
	}
	l := d.licences[api.ConformanceDisputed]
	r, err := d.correction("disputed-2")
	if err != nil {
		return err
	}
	w, err := d.cfg.Department.Perform(ctx, client.ActChange, l.identifier, r, d.key("dispute-correct"))
	if err != nil {
		return err
	}
	l.identifier, l.version = w.Identifier, w.Version
	if _, err := d.cfg.Department.SettleDispute(ctx, id, by, d.key("settle")); err != nil {
		return err
	}
	_, err = d.cfg.Department.SettleDispute(ctx, id, api.Settlement{Outcome: "rejected", Reason: "x"}, d.key("again"))
	if bad := refused(err, http.StatusConflict); bad != nil {
		return wrong("settled once more, otherwise: %v", bad)
	}
	return d.settled(ctx, id, "corrected", func(x *api.Dispute) bool { return x.CorrectedBy == l.version })
}

// settled expects who raised a dispute to see how it ended, and the department to have it among those that it settled.
func (d *day) settled(ctx context.Context, id, state string, as func(*api.Dispute) bool) error {
	x, err := d.cfg.Centre.Dispute(ctx, id)
	if err != nil {
		return err
	}
	if x.State != state || !as(x) {
		return wrong("who raised it sees it %s, expected %s with what became of it", x.State, state)
	}
	return d.lists(d.cfg.Department.SettledDisputes(ctx), id)
}
