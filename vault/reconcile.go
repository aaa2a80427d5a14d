package vault

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/vault/catalogue"
	"github.com/elicense/elicense/vault/record"
)

// Void gives a reservation up with a reason: its number is never used again. Reservations of a type that was classified
// since are given up by the type's owner, whoever made them; they can no longer be confirmed.
func (v *Vault) Void(ctx context.Context, a Access, idempotencyKey, identifier, reason string) (*Answer, error) {
	return v.act(ctx, a, Act{Key: idempotencyKey, Identifier: identifier, Kind: record.EventVoided, Reason: reason})
}

// Unsettled is one reservation that was neither confirmed nor voided.
type Unsettled struct {
	Identifier string        `json:"identifier"`
	Number     string        `json:"number"`
	Since      record.Date   `json:"since"`
	Record     record.Digest `json:"record"`
}

// Reconcile lists the calling department's reservations that hang between paper and electronic licence, oldest first by
// key; each is settled with Confirm or Void (A72). Those of classified types are listed for the type's owner alone, who
// gives them up with Void.
func (v *Vault) Reconcile(ctx context.Context, a Access) ([]Unsettled, error) {
	s, err := v.admit(ctx, a)
	if err != nil {
		return nil, err
	}
	note := auditNote{act: "reconcile", issuer: s.caller.Department}
	if s.Ground != GroundIssuer || s.caller.Department == "" {
		return nil, v.denied(ctx, s, note, refuse(ErrDenied, CodeNotIssuer, "issuer"))
	}
	var list []Unsettled
	err = v.cfg.Engine.View(ctx, func(r engine.Reader) error {
		list = nil
		return r.Scan(engine.Range{Prefix: []byte{spaceReserved}}, func(k, value []byte) (bool, error) {
			var res reservation
			if err := json.Unmarshal(value, &res); err != nil || len(k) != 17 {
				return false, fmt.Errorf("%w: reservation", ErrDamaged)
			}
			t, err := getTypeHead(r, res.Type)
			if err != nil {
				return false, err
			}
			if mine := res.Issuer == s.caller.Department; t.closed && !s.owns(t) || !t.closed && !mine {
				return true, nil
			}
			h, err := getHead(r, licenceID(k[1:]))
			if err != nil || h == nil {
				return false, errors.Join(err, fmt.Errorf("%w: reservation", ErrDamaged))
			}
			list = append(list, Unsettled{res.Identifier, numberOf(&res), h.since, record.Sum(res.Raw)})
			return true, nil
		})
	})
	if err != nil {
		return nil, err
	}
	note.count = len(list)
	return whole(list, v.audit(ctx, s, note))
}

// numberOf finds the number among a reservation's disclosures.
func numberOf(res *reservation) string {
	values, err := record.ParseDisclosures(res.Values)
	if err != nil {
		return ""
	}
	for i := range values {
		if values[i].Name == catalogue.MetaNumber {
			return values[i].Value
		}
	}
	return ""
}
