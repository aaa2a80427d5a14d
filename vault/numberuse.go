package vault

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/vault/catalogue"
)

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
	p, err := v.NumberPage(ctx, a, NumberQuery{Type: typeCode})
	if err != nil {
		return nil, err
	}
	return p.Uses, nil
}

// NumberQuery asks for a part of Numbers.
type NumberQuery struct {
	Type  string
	After string // Next of the page before; "": from the first
	Limit int    // most numbers in a page; 0: all that are left
}

// NumberPage is a part of Numbers.
type NumberPage struct {
	Uses []NumberUse
	Next string // where the next page goes on; "": this was the last
}

// NumberPage explains numbers page by page, in the same order as Numbers. A number that is allocated meanwhile stands
// on a later page or on none.
func (v *Vault) NumberPage(ctx context.Context, a Access, q NumberQuery) (*NumberPage, error) {
	s, err := v.admit(ctx, a)
	if err != nil {
		return nil, err
	}
	note := auditNote{act: "numbers", typ: q.Type, issuer: s.caller.Department}
	if err := s.mayIssue(q.Type, s.caller.Department); err != nil {
		return nil, v.denied(ctx, s, note, err)
	}
	after, err := placeOf(q.After)
	if err != nil {
		return nil, v.denied(ctx, s, note, err)
	}
	var w *numberWalk
	err = v.cfg.Engine.View(ctx, func(r engine.Reader) error {
		if err := readableType(r, s, q.Type); err != nil {
			return err
		}
		w = &numberWalk{v: v, r: r, q: q, issuer: s.caller.Department, after: after, page: &NumberPage{}}
		return w.walk()
	})
	if isRefusal(err) {
		return nil, v.denied(ctx, s, note, err)
	}
	if err != nil {
		return nil, err
	}
	note.count = len(w.page.Uses)
	return whole(w.page, v.audit(ctx, s, note))
}

// numberWalk goes through the numbers of a type at an issuer inside one snapshot: those that were allocated, then the
// runs that were passed over.
type numberWalk struct {
	v      *Vault
	r      engine.Reader
	q      NumberQuery
	issuer string
	after  []byte // space and end of the key behind which it begins; nil: at the first
	page   *NumberPage
	last   []byte // the same of the last number of the page
}

// placeOf reads the mark of a page. Wherever it leads, it stays within the department's own numbers.
func placeOf(mark string) ([]byte, error) {
	if mark == "" {
		return nil, nil
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(mark)
	if err != nil || len(b) < 2 || len(b) > 512 || b[0] != spaceAllocated && b[0] != spaceSkipped {
		return nil, refuse(ErrInvalid, CodeCursor, "cursor")
	}
	return b, nil
}

func (w *numberWalk) walk() error {
	if w.after == nil || w.after[0] == spaceAllocated {
		if err := w.over(spaceAllocated, w.allocated); err != nil || w.page.Next != "" {
			return err
		}
		w.after = nil
	}
	all, err := losses(w.r)
	if err != nil {
		return err
	}
	return w.over(spaceSkipped, func(use *NumberUse, value []byte) error { return skipped(use, value, all) })
}

// over goes through one space; explain completes what is known by the key.
func (w *numberWalk) over(space byte, explain func(use *NumberUse, value []byte) error) error {
	prefix := key(space, word(w.q.Type), word(w.issuer))
	scan := engine.Range{Prefix: prefix}
	if w.after != nil {
		scan.Start = append(append(append([]byte(nil), prefix...), w.after[1:]...), 0) // the first key behind it
	}
	return w.r.Scan(scan, func(k, value []byte) (bool, error) {
		rest := k[len(prefix):]
		if len(value) != 16 || len(rest) < 9 {
			return false, fmt.Errorf("%w: allocated number", ErrDamaged)
		}
		if w.q.Limit > 0 && len(w.page.Uses) == w.q.Limit {
			w.page.Next = base64.RawURLEncoding.EncodeToString(w.last)
			return false, nil
		}
		use := NumberUse{Scope: string(rest[:len(rest)-9]), Sequence: binary.BigEndian.Uint64(rest[len(rest)-8:])}
		if err := explain(&use, value); err != nil {
			return false, err
		}
		w.page.Uses = append(w.page.Uses, use)
		w.last = append([]byte{space}, rest...)
		return true, nil
	})
}

func (w *numberWalk) allocated(use *NumberUse, value []byte) error {
	of, err := w.v.numberUse(w.r, licenceID(value))
	of.Scope, of.Sequence = use.Scope, use.Sequence
	*use = of
	return err
}

// skipped says why a run of numbers was passed over.
func skipped(use *NumberUse, value []byte, all []Lost) error {
	use.Through = be(value[:8])
	for i := range all {
		if all[i].From == be(value[8:]) {
			use.Reason = all[i].Reason
		}
	}
	return nil
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
