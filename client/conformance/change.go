package conformance

import (
	"context"
	"net/http"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/client"
)

// corrected is what the run writes in place of what was wrong.
const corrected = "示例（更正后）"

const legalBasis = "示例条例第十条"

// stale changes a licence by a version that it does not have.
func stale(ctx context.Context, d *day) error {
	l := d.licences["day"]
	r, err := d.correction("day-2")
	if err != nil {
		return err
	}
	other := client.WithVersion(l.version + 6)
	_, err = d.cfg.Department.Perform(ctx, client.ActChange, l.identifier, r, d.key("stale"), other)
	if bad := refused(err, http.StatusPreconditionFailed); bad != nil {
		return bad
	}
	d.refused = append(d.refused, client.CodeOf(err))
	return d.stands(ctx, l, "valid", nil)
}

func (d *day) correction(of string) (api.ActRequest, error) {
	name, err := d.changing()
	return api.ActRequest{
		Basis: legalBasis, Reason: "更正", Values: map[string]string{name: corrected}, Paper: d.paper(of),
	}, err
}

func correct(ctx context.Context, d *day) error {
	l := d.licences["day"]
	r, err := d.correction("day-2")
	if err != nil {
		return err
	}
	key, seen := d.key("correct"), client.WithVersion(l.version)
	if _, err := d.cfg.Department.ValidateAct(ctx, client.ActChange, l.identifier, r, key, seen); err != nil {
		return err
	}
	w, err := d.cfg.Department.Perform(ctx, client.ActChange, l.identifier, r, key, seen)
	if err != nil {
		return err
	}
	if w.Version != 2 || w.State != "valid" || w.Replayed {
		return wrong("version %d, state %q, replayed %v", w.Version, w.State, w.Replayed)
	}
	l.identifier, l.version = w.Identifier, w.Version
	return nil
}

// superseded looks at once, in every way that there is, for the old version.
func superseded(ctx context.Context, d *day) error {
	l := d.licences["day"]
	name, err := d.changing()
	if err != nil {
		return err
	}
	if l.version != 2 {
		return skipError{"the licence was not corrected"}
	}
	if err := d.stands(ctx, l, "valid", map[string]string{name: corrected}); err != nil {
		return err
	}
	found, err := d.cfg.Department.LookUp(ctx, d.byNumber(l, name))
	if err != nil {
		return err
	}
	if len(found.Licences) != 1 || found.Licences[0].Version != 2 || found.Licences[0].Values[name] != corrected {
		return wrong("looked up by number, %d are found, and not version 2 alone", len(found.Licences))
	}
	old, err := d.compare(ctx, l, map[string]string{name: l.request.Values[name]})
	if err != nil {
		return err
	}
	now, err := d.compare(ctx, l, map[string]string{name: corrected})
	if err != nil {
		return err
	}
	if old.Result != "different" || now.Result != "matched" {
		return wrong("the old value is %s, the new %s", old.Result, now.Result)
	}
	return nil
}

func suspend(ctx context.Context, d *day) error { return d.act(ctx, client.ActSuspend, "suspended") }

func resume(ctx context.Context, d *day) error { return d.act(ctx, client.ActResume, "valid") }

// act changes the state of the day's licence; every way to ask says so at once.
func (d *day) act(ctx context.Context, act client.Act, state string) error {
	l := d.licences["day"]
	r := api.ActRequest{Basis: legalBasis, Reason: "接入符合性测试"}
	if act == client.ActRevoke {
		r.Kind = "cancelled"
	}
	w, err := d.cfg.Department.Perform(ctx, act, l.identifier, r, d.key(string(act)), client.WithVersion(l.version))
	if err != nil {
		return err
	}
	if err := same("the state", state, w.State); err != nil {
		return err
	}
	if err := d.stands(ctx, l, state, nil); err != nil {
		return err
	}
	answer, err := d.compare(ctx, l, map[string]string{holderName: d.holder.name})
	if err != nil {
		return err
	}
	return same("the state of a comparison", state, answer.State)
}

// end cancels the licence; nothing can be done to it after that.
func end(ctx context.Context, d *day) error {
	if err := d.act(ctx, client.ActRevoke, "cancelled"); err != nil {
		return err
	}
	l := d.licences["day"]
	l.ended = true
	_, err := d.cfg.Department.Perform(ctx, client.ActSuspend, l.identifier, api.ActRequest{
		Basis: legalBasis, Reason: "接入符合性测试",
	}, d.key("after"))
	return refused(err, http.StatusConflict, http.StatusUnprocessableEntity)
}
