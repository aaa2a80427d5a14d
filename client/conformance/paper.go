package conformance

import (
	"context"
	"net/http"
	"slices"

	"github.com/elicense/elicense/api"
)

// reserve takes a number before the paper is printed.
func reserve(ctx context.Context, d *day) error { return d.reserve(ctx, "paper") }

func (d *day) reserve(ctx context.Context, part string) error {
	l := &licence{request: d.unprinted(part)}
	w, err := d.cfg.Department.Reserve(ctx, l.request, d.key(part))
	if err != nil {
		return err
	}
	if w.State != "reserved" || w.Number == "" || w.Identifier == "" {
		return wrong("state %q, number %q", w.State, w.Number)
	}
	l.identifier, l.number, l.version = w.Identifier, w.Number, w.Version
	d.licences[part] = l
	return nil
}

// hanging looks for the number in the list of what was printed and not confirmed.
func hanging(ctx context.Context, d *day) error {
	is, err := d.hangs(ctx, "paper")
	if err == nil && !is {
		err = wrong("the number is not in the list")
	}
	return err
}

func (d *day) hangs(ctx context.Context, part string) (bool, error) {
	list, err := d.cfg.Department.Reservations(ctx)
	if err != nil {
		return false, err
	}
	l := d.licences[part]
	return slices.ContainsFunc(list.Reservations, func(r api.Reservation) bool {
		return r.Identifier == l.identifier && r.Number == l.number
	}), nil
}

// ticket confirms the paper that was printed with the number: from then on both are valid, and the line is settled.
func ticket(ctx context.Context, d *day) error {
	l := d.licences["paper"]
	w, err := d.cfg.Department.Confirm(ctx, l.identifier, api.Confirmation{Paper: d.paper("paper")}, d.key("ticket"))
	if err != nil {
		return err
	}
	if w.State != "valid" || w.Version != 1 {
		return wrong("state %q, version %d", w.State, w.Version)
	}
	l.identifier, l.version = w.Identifier, w.Version
	if is, err := d.hangs(ctx, "paper"); err != nil || is {
		if err == nil {
			err = wrong("the number still hangs")
		}
		return err
	}
	return d.stands(ctx, l, "valid", nil)
}

// cancel gives a number up: it is never confirmed.
func cancel(ctx context.Context, d *day) error {
	if err := d.reserve(ctx, "cancelled"); err != nil {
		return err
	}
	l := d.licences["cancelled"]
	why := api.Cancellation{Reason: "申请人撤回"}
	if _, err := d.cfg.Department.Cancel(ctx, l.identifier, why, d.key("void")); err != nil {
		return err
	}
	late := api.Confirmation{Paper: d.paper("void")}
	_, err := d.cfg.Department.Confirm(ctx, l.identifier, late, d.key("confirm-void"))
	return refused(err, http.StatusConflict, http.StatusUnprocessableEntity, http.StatusNotFound)
}
