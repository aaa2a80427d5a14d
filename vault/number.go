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
	last, err := v.lastNumber(w, n, k, scope)
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

// lastNumber is the last number of a series. One that seems to begin now but may have begun in a lost part of the
// ledger passes over as many numbers as may have been given there.
func (v *Vault) lastNumber(w engine.Writer, n *series, k []byte, scope string) (uint64, error) {
	b, err := w.Get(k)
	if err == nil && len(b) == 8 {
		return binary.BigEndian.Uint64(b), nil
	}
	if !errors.Is(err, engine.ErrNotFound) {
		return 0, errors.Join(err, fmt.Errorf("%w: sequence", ErrDamaged))
	}
	list, err := losses(w)
	if err != nil {
		return 0, err
	}
	last := uint64(0)
	for i := range list {
		if !n.begunBy(scope, v.today(list[i].At).Year) {
			continue
		}
		if err := skipNumbers(w, k, last, &list[i]); err != nil {
			return 0, err
		}
		last += list[i].skip()
	}
	return last, nil
}

// begunBy reports whether a series can have begun in a year or before: its own year, or any if it has none.
func (n *series) begunBy(scope string, year int) bool {
	if n.year <= year {
		return true
	}
	in := catalogue.NumberInput{Division: n.division, Year: year, Category: n.category}
	then, err := n.typ.Definition.Numbering.ScopeKey(in)
	return err != nil || then == scope
}

// skipNumbers has a series pass over the numbers that may have been given in the lost part, once for each loss, and
// writes down which: no gap is left without an explanation.
func skipNumbers(w engine.Writer, k []byte, last uint64, lost *Lost) error {
	prefix := append([]byte{spaceSkipped}, k[1:]...)
	prefix = append(prefix, 0)
	done := false
	err := w.Scan(engine.Range{Prefix: prefix}, func(_, value []byte) (bool, error) {
		done = done || len(value) == 16 && be(value[8:]) == lost.From
		return !done, nil
	})
	if err != nil || done {
		return err
	}
	if err := w.Put(k, be64(last+lost.skip())); err != nil {
		return err
	}
	return w.Put(append(prefix, be64(last+1)...), append(be64(last+lost.skip()), be64(lost.From)...))
}

// NumberUse explains one number that the vault allocated.
type NumberUse struct {
	Scope      string `json:"scope"`
	Sequence   uint64 `json:"sequence"`
	Number     string `json:"number,omitempty"` // 证照编号; "" where it was voided, and for a run
	Identifier string `json:"identifier"`
	State      State  `json:"state"`
	Reason     string `json:"reason,omitempty"` // why it was voided, or passed over
	// Through is the last of a run of numbers that were passed over, from Sequence on, because a restored vault cannot
	// know whether they were given; 0 for a single number.
	Through uint64 `json:"through,omitempty"`
}

// Numbers explains every number allocated for a type by the calling department: issued, reserved, voided with its
// reason, passed over because a licence of the paper stock bears it, or, as a run, because a restore has lost whether
// they were given. A number that is missing from the list was never allocated.
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
		err := r.Scan(engine.Range{Prefix: prefix}, func(k, value []byte) (bool, error) {
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
		if err != nil {
			return err
		}
		skipped, err := skippedRuns(r, typeCode, s.caller.Department)
		list = append(list, skipped...)
		return err
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

// skippedRuns are the numbers that were passed over for a loss.
func skippedRuns(r engine.Reader, typeCode, issuer string) ([]NumberUse, error) {
	all, err := losses(r)
	if err != nil {
		return nil, err
	}
	var list []NumberUse
	prefix := key(spaceSkipped, word(typeCode), word(issuer))
	err = r.Scan(engine.Range{Prefix: prefix}, func(k, value []byte) (bool, error) {
		rest := k[len(prefix):]
		if len(value) != 16 || len(rest) < 9 {
			return false, fmt.Errorf("%w: numbers passed over", ErrDamaged)
		}
		use := NumberUse{Scope: string(rest[:len(rest)-9]), Sequence: be(rest[len(rest)-8:]), Through: be(value[:8])}
		for i := range all {
			if all[i].From == be(value[8:]) {
				use.Reason = all[i].Reason
			}
		}
		list = append(list, use)
		return true, nil
	})
	return list, err
}

func (v *Vault) numberUse(r engine.Reader, id licenceID) (NumberUse, error) {
	h, err := getHead(r, id)
	if err != nil || h == nil {
		return NumberUse{}, err
	}
	use := NumberUse{Identifier: h.identifier(max(h.version, 1)), State: h.state}
	if use.Number, err = numberBorne(r, id, h); err != nil {
		return NumberUse{}, err
	}
	if h.state == Voided {
		e, err := getEvent(r, id, h.events)
		if err != nil {
			return NumberUse{}, err
		}
		use.Reason = e.Reason
	}
	return use, nil
}

// numberBorne is the number of a licence, or the one that is reserved for it.
func numberBorne(r engine.Reader, id licenceID, h *head) (string, error) {
	if h.version > 0 {
		ver, err := getVersion(r, id, h.version)
		if err != nil {
			return "", err
		}
		return ver.Value(catalogue.MetaNumber), nil
	}
	var res reservation
	err := getJSON(r, key(spaceReserved, id[:]), &res)
	if errors.Is(err, engine.ErrNotFound) { // voided
		return "", nil
	}
	return numberOf(&res), err
}
