package server

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/emmansun/gmsm/sm3"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/vault"
)

// Keys of disputes: 'd' 'd' id -> dispute; by the department that issued ('i' and its code) and by who raised it ('r'
// and a digest of the owner's token): whether it is settled (0, 1), when that came to be in nanoseconds, id -> nothing.
// Disputes are kept: they are part of a licence's history.
const (
	spaceDisputes      = 'd'
	spaceOfIssuer byte = 'i'
	spaceOfRaiser byte = 'r'
)

// States of a dispute.
const (
	disputeOpen      = "open"
	disputeCorrected = "corrected"
	disputeRejected  = "rejected"
)

var disputeWords = map[string]string{
	disputeOpen: "待办", disputeCorrected: "已更正", disputeRejected: "不予更正",
}

// maxOpenDisputes bounds the open disputes of who raises them.
const maxOpenDisputes = 100

const disputeIDBytes = 16

// dispute is what is kept of one.
type dispute struct {
	Owner      string   `json:"owner"`                // who raised it
	Asked      string   `json:"asked"`                // SM3 of the request
	Settlement string   `json:"settlement,omitempty"` // SM3 of the settlement
	Said       []string `json:"said"`                 // what the disputed elements said; for the department alone

	api.Dispute
}

func (d *dispute) become(state string) { d.State, d.StateZh = state, disputeWords[state] }

// differs reports whether a disputed element says something else by now.
func (d *dispute) differs(now *vault.Found) bool {
	for i, e := range d.Elements {
		if now.Value(e.Field) != d.Said[i] {
			return true
		}
	}
	return false
}

func disputeID(owner, key string) string {
	return digestOf([]byte("dispute\x00" + owner + "\x00" + key))[:2*disputeIDBytes]
}

func digestOfJSON(v any) (string, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return "", fmt.Errorf("encoding a request: %w", err)
	}
	return digestOf(b), nil
}

func disputeKey(id string) []byte { return append([]byte{spaceDisputes, 'd'}, id...) }

// disputePrefix is before the keys of all disputes of a department or of who raised them.
func disputePrefix(of byte, owner string, open bool) []byte {
	k := []byte{spaceDisputes, of}
	if of == spaceOfIssuer {
		k = append(k, owner...)
	} else {
		sum := sm3.Sum([]byte(owner))
		k = append(k, sum[:]...)
	}
	if open {
		return append(k, 0)
	}
	return append(k, 1)
}

// indexes are the keys by which a dispute is found.
func (d *dispute) indexes() [][]byte {
	open, at := d.State == disputeOpen, d.Raised
	if !open {
		at = d.Settled
	}
	keys := [][]byte{
		disputePrefix(spaceOfIssuer, d.Issuer, open), disputePrefix(spaceOfRaiser, d.Owner, open),
	}
	for i := range keys {
		keys[i] = append(appendInstant(keys[i], at), d.ID...)
	}
	return keys
}

// appendInstant adds an instant so that keys are in its order.
func appendInstant(k []byte, at time.Time) []byte {
	return binary.BigEndian.AppendUint64(k, uint64(max(0, at.UnixNano())))
}

// disputes keeps disputes.
type disputes struct{ engine engine.Engine }

func getDispute(r engine.Reader, id string) (*dispute, error) {
	b, err := r.Get(disputeKey(id))
	if errors.Is(err, engine.ErrNotFound) {
		return nil, codeProblem(CodeNoDispute)
	}
	if err != nil {
		return nil, err
	}
	d := new(dispute)
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.DisallowUnknownFields()
	if err := dec.Decode(d); err != nil || d.ID != id || len(d.Said) != len(d.Elements) {
		return nil, fmt.Errorf("%w: dispute", engine.ErrCorrupt)
	}
	return d, nil
}

func putDispute(w engine.Writer, d *dispute) error {
	b, err := json.Marshal(d)
	if err != nil {
		return fmt.Errorf("encoding a dispute: %w", err)
	}
	for _, k := range d.indexes() {
		if err := w.Put(k, nil); err != nil {
			return err
		}
	}
	return w.Put(disputeKey(d.ID), b)
}

func (s *disputes) get(ctx context.Context, id string) (*dispute, error) {
	if raw, err := hex.DecodeString(id); err != nil || len(raw) != disputeIDBytes {
		return nil, codeProblem(CodeNoDispute)
	}
	var d *dispute
	err := s.engine.View(ctx, func(r engine.Reader) (err error) {
		d, err = getDispute(r, id)
		return err
	})
	return d, err
}

// raise keeps a dispute. The same request under the same key gives the same dispute again, and true.
func (s *disputes) raise(ctx context.Context, fresh *dispute) (*dispute, bool, error) {
	var d *dispute
	var again bool
	err := s.engine.Update(ctx, func(w engine.Writer) error {
		former, err := getDispute(w, fresh.ID)
		switch {
		case err == nil && former.Asked != fresh.Asked:
			return keyReused(vault.DiffersContent)
		case err == nil:
			d, again = former, true
			return nil
		case !isCode(err, CodeNoDispute):
			return err
		}
		d, again = fresh, false
		open, err := countDisputes(w, disputePrefix(spaceOfRaiser, d.Owner, true))
		if err != nil {
			return err
		}
		if open >= maxOpenDisputes {
			return codeProblem(CodeDisputesTooMany)
		}
		return errors.Join(putDispute(w, d), w.Put(untoldKey(toldRaised, d.ID), nil))
	})
	return d, again, err
}

// settle ends an open dispute. One that was ended meanwhile in the same way gives that, and true.
func (s *disputes) settle(ctx context.Context, id string, end func(*dispute)) (*dispute, bool, error) {
	var d *dispute
	var again bool
	err := s.engine.Update(ctx, func(w engine.Writer) error {
		var err error
		if d, err = getDispute(w, id); err != nil {
			return err
		}
		ended := *d
		end(&ended)
		if again = d.State != disputeOpen; again {
			if d.Settlement != ended.Settlement {
				return codeProblem(CodeDisputeSettled)
			}
			return nil
		}
		for _, k := range d.indexes() {
			if err := w.Delete(k); err != nil {
				return err
			}
		}
		d = &ended
		return errors.Join(putDispute(w, d), w.Put(untoldKey(toldSettled, d.ID), nil))
	})
	return d, again, err
}

// disputeQuery says which disputes are wanted.
type disputeQuery struct {
	of     byte
	owner  string
	open   bool
	after  []byte // place behind which they begin; nil: all
	limit  int
	wanted func(*dispute) bool
}

// list gives open disputes the oldest first, settled ones the newest first.
func (s *disputes) list(ctx context.Context, q disputeQuery) ([]*dispute, error) {
	var list []*dispute
	prefix := disputePrefix(q.of, q.owner, q.open)
	err := s.engine.View(ctx, func(r engine.Reader) error {
		list = nil
		return r.Scan(q.part(prefix), func(k, _ []byte) (bool, error) {
			if bytes.Equal(k[len(prefix):], q.after) {
				return true, nil
			}
			d, err := getDispute(r, string(k[len(prefix)+8:]))
			if err != nil {
				return false, err
			}
			if q.wanted(d) {
				list = append(list, d)
			}
			return len(list) < q.limit, nil
		})
	})
	return list, err
}

// part is where a list begins: at the place itself, which is passed over, since it may be gone.
func (q *disputeQuery) part(prefix []byte) engine.Range {
	part := engine.Range{Prefix: prefix, KeysOnly: true, Reverse: !q.open}
	if q.after != nil {
		part.Start = append(bytes.Clone(prefix), q.after...)
	}
	return part
}

// placeOf is where a dispute stands in a list, as the next page is asked for.
func placeOf(d *dispute) string {
	at := d.Raised
	if d.State != disputeOpen {
		at = d.Settled
	}
	return hex.EncodeToString(appendInstant(nil, at)) + d.ID
}

// parsePlace reads what placeOf writes; nil of "".
func parsePlace(s string) ([]byte, bool) {
	if s == "" {
		return nil, true
	}
	const instant = 16 // digits
	if len(s) != instant+2*disputeIDBytes {
		return nil, false
	}
	at, err := hex.DecodeString(s[:instant])
	_, bad := hex.DecodeString(s[instant:])
	return append(at, s[instant:]...), err == nil && bad == nil
}

func countDisputes(r engine.Reader, prefix []byte) (int, error) {
	n := 0
	err := r.Scan(engine.Range{Prefix: prefix, KeysOnly: true}, func(_, _ []byte) (bool, error) {
		n++
		return true, nil
	})
	return n, err
}

// figures are how many disputes of a department are open now, and how long each took that was settled in a time.
func (s *disputes) figures(ctx context.Context, department string, from, until time.Time) (
	open int, took []time.Duration, err error,
) {
	prefix := disputePrefix(spaceOfIssuer, department, false)
	start, end := appendInstant(bytes.Clone(prefix), from), appendInstant(bytes.Clone(prefix), until)
	err = s.engine.View(ctx, func(r engine.Reader) (err error) {
		took = nil
		if open, err = countDisputes(r, disputePrefix(spaceOfIssuer, department, true)); err != nil {
			return err
		}
		return r.Scan(engine.Range{Prefix: prefix, Start: start, KeysOnly: true}, func(k, _ []byte) (bool, error) {
			if bytes.Compare(k, end) >= 0 {
				return false, nil
			}
			d, err := getDispute(r, string(k[len(prefix)+8:]))
			if err == nil {
				took = append(took, d.Settled.Sub(d.Raised))
			}
			return true, err
		})
	})
	return open, took, err
}
