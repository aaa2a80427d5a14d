package vault

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"

	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/vault/catalogue"
)

// series is one sequence of numbers: a type's rule within an issuer and the rule's scope.
type series struct {
	typ      *LicenceType
	issuer   string
	division string
	year     int
	category string
}

func (n *series) key(scope string) []byte {
	return key(spaceSequence, word(n.typ.Definition.Code), word(n.issuer), []byte(scope))
}

// allocate takes the next number by the type's rule and ties it to a licence, so that every gap in the series can be
// explained. Numbers already in use, from the paper stock, are passed over and tied to the licences that bear them.
func (v *Vault) allocate(w engine.Writer, n *series) (string, []byte, error) {
	rule := n.typ.Definition.Numbering
	in := catalogue.NumberInput{Division: n.division, Year: n.year, Category: n.category}
	scope, err := rule.ScopeKey(in)
	if err != nil {
		return "", nil, n.refusal()
	}
	k := n.key(scope)
	last, err := lastNumber(w, k)
	if err != nil {
		return "", nil, err
	}
	for range maxPassedOver {
		last++
		in.Sequence = last
		number, err := rule.Format(in)
		if err != nil {
			return "", nil, n.refusal()
		}
		place := key(spaceAllocated, word(n.typ.Definition.Code), word(n.issuer), word(scope), be64(last))
		taken, err := w.Get(v.numberKey(n.typ.Definition.Code, n.issuer, number))
		if errors.Is(err, engine.ErrNotFound) {
			return number, place, w.Put(k, be64(last))
		}
		if err != nil {
			return "", nil, err
		}
		if err := w.Put(place, taken); err != nil {
			return "", nil, err
		}
	}
	return "", nil, refuse(ErrInvalid, CodeNoNumbering, catalogue.MetaNumber)
}

// refusal says what the rule lacks.
func (n *series) refusal() error {
	if strings.Contains(n.typ.Definition.Numbering.Pattern, "{division") && !isDivision(n.division) {
		return refuse(ErrInvalid, CodeDivisionMissing, "division")
	}
	return refuse(ErrInvalid, CodeNoNumbering, catalogue.MetaNumber)
}

func isDivision(s string) bool { return len(s) == 6 && strings.Trim(s, "0123456789") == "" }

// maxPassedOver bounds how many used numbers one allocation passes over.
const maxPassedOver = 10000

func lastNumber(r engine.Reader, k []byte) (uint64, error) {
	b, err := r.Get(k)
	if errors.Is(err, engine.ErrNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	if len(b) != 8 {
		return 0, fmt.Errorf("%w: sequence", ErrDamaged)
	}
	return binary.BigEndian.Uint64(b), nil
}

// NumberUse explains one number that the vault allocated.
type NumberUse struct {
	Scope      string `json:"scope"`
	Sequence   uint64 `json:"sequence"`
	Identifier string `json:"identifier"`
	State      State  `json:"state"`
	Reason     string `json:"reason,omitempty"` // why it was voided
}

// Numbers explains every number allocated for a type by the calling department: issued, reserved, voided with its
// reason, or passed over because a licence of the paper stock bears it. A number that is missing from the list was
// never allocated.
func (v *Vault) Numbers(ctx context.Context, a Access, typeCode string) ([]NumberUse, error) {
	s, err := v.admit(ctx, a)
	if err != nil {
		return nil, err
	}
	note := auditNote{act: "numbers", typ: typeCode, issuer: s.caller.Department}
	if err := s.mayIssue(typeCode, s.caller.Department); err != nil {
		return nil, v.denied(ctx, s, note, err)
	}
	var list []NumberUse
	prefix := key(spaceAllocated, word(typeCode), word(s.caller.Department))
	err = v.cfg.Engine.View(ctx, func(r engine.Reader) error {
		list = nil
		if err := readableType(r, s, typeCode); err != nil {
			return err
		}
		return r.Scan(engine.Range{Prefix: prefix}, func(k, value []byte) (bool, error) {
			rest := k[len(prefix):]
			if len(value) != 16 || len(rest) < 9 {
				return false, fmt.Errorf("%w: allocated number", ErrDamaged)
			}
			use, err := v.numberUse(r, licenceID(value))
			use.Scope = string(rest[:len(rest)-9])
			use.Sequence = binary.BigEndian.Uint64(rest[len(rest)-8:])
			list = append(list, use)
			return true, err
		})
	})
	if isRefusal(err) {
		return nil, v.denied(ctx, s, note, err)
	}
	if err != nil {
		return nil, err
	}
	note.count = len(list)
	return whole(list, v.audit(ctx, s, note))
}

func (v *Vault) numberUse(r engine.Reader, id licenceID) (NumberUse, error) {
	h, err := getHead(r, id)
	if err != nil || h == nil {
		return NumberUse{}, err
	}
	use := NumberUse{Identifier: h.identifier(max(h.version, 1)), State: h.state}
	if h.state == Voided {
		e, err := getEvent(r, id, h.events)
		if err != nil {
			return NumberUse{}, err
		}
		use.Reason = e.Reason
	}
	return use, nil
}
