package vault

import (
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
