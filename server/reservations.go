package server

import (
	"context"
	"encoding/hex"
	"net/http"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/server/identity"
)

func (s *Server) registerReservations() {
	add(s, operation{
		id: "listReservations", method: http.MethodGet, path: "/reservations", tag: "licences",
		zh: "尚未确认的预留（待对账）", en: "reservations that hang: printed, not confirmed", may: identity.MayIssue,
	}, s.reservations)
}

type reservationsOutput struct {
	Body api.Reservations
}

// reservations is the list with which a department settles its day: each line is confirmed or voided (A72).
func (s *Server) reservations(ctx context.Context, c *identity.Caller, _ *struct{}) (*reservationsOutput, error) {
	list, err := s.cfg.Vault.Reconcile(ctx, writeAccess(c, "对账", "", ""))
	if err != nil {
		return nil, err
	}
	out := &reservationsOutput{Body: api.Reservations{Reservations: make([]api.Reservation, 0, len(list))}}
	for _, u := range list {
		if !c.Covers(typeIn(u.Identifier)) {
			continue
		}
		out.Body.Reservations = append(out.Body.Reservations, api.Reservation{
			Identifier: u.Identifier, Number: u.Number, Since: u.Since.String(),
			Record: hex.EncodeToString(u.Record[:]),
		})
	}
	return out, nil
}
