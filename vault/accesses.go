package vault

import (
	"context"
	"fmt"

	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/vault/record"
)

// A holder can see who looked at his or her licences, when and why (A79; 个人信息保护法 articles 44, 45). The audit is the
// source; an index leads from a holder to the entries of reads that have shown a licence, as long as it was the
// holder's.

// Seen is one look at a holder's licences.
type Seen struct {
	*record.AuditEntry

	Department string // USCC of who looked; "" if its registration is gone
	Name       string // of the department
}

// maxSeen is the most entries in an answer.
const maxSeen = 500

// Accesses lists the looks at the licences of the holder who is logged in (GroundHolder), the newest first: those
// before the entry of that number, or the newest if before is 0. At most limit are given, 50 if limit is 0. Looks at
// licences of types that were classified since are left out.
func (v *Vault) Accesses(ctx context.Context, a Access, before, limit int) ([]Seen, error) {
	s, err := v.admit(ctx, a)
	if err != nil {
		return nil, err
	}
	note := auditNote{act: "accesses"}
	sc, err := v.holderScope(s)
	if err != nil {
		return nil, v.denied(ctx, s, note, err)
	}
	if limit <= 0 {
		limit = defaultPage
	}
	var list []Seen
	err = v.cfg.Engine.View(ctx, func(r engine.Reader) error {
		list, err = v.seenBy(r, s, sc.holder, page{before, min(limit, maxSeen)})
		return err
	})
	if err != nil {
		return nil, err
	}
	note.subject, note.count = sc.holder, len(list)
	return whole(list, v.audit(ctx, s, note))
}

// page is a part of a list that is read backwards.
type page struct{ before, limit int }

func (v *Vault) seenBy(r engine.Reader, s *session, holder token, p page) ([]Seen, error) {
	var list []Seen
	scan := engine.Range{Prefix: key(spaceSeen, holder[:]), Reverse: true, KeysOnly: true}
	if p.before > 0 {
		scan.Start = key(spaceSeen, holder[:], be64(uint64(p.before)-1))
	}
	err := r.Scan(scan, func(k, _ []byte) (bool, error) {
		if len(list) == p.limit {
			return false, nil
		}
		seen, err := v.seen(r, k[len(k)-8:])
		if err != nil {
			return false, err
		}
		if seen.Type != "" {
			err = readableType(r, s, seen.Type)
		}
		if err == nil {
			list = append(list, *seen)
		}
		return true, passRefusal(err)
	})
	return list, err
}

func (v *Vault) seen(r engine.Reader, number []byte) (*Seen, error) {
	raw, err := r.Get(key(spaceAudit, number))
	if err != nil {
		return nil, fmt.Errorf("%w: audit entry", ErrDamaged)
	}
	out := &Seen{}
	if out.AuditEntry, err = record.ParseAuditEntry(raw); err != nil {
		return nil, fmt.Errorf("%w: audit entry", ErrDamaged)
	}
	out.Clerk = "" // the department answers for him; see docs/identity.md
	c, err := v.callerIn(r, out.Asked.Caller)
	if err == nil {
		out.Department, out.Name = c.Department, c.Name
	}
	return out, passRefusal(err)
}

// tell makes an entry one that the holders of what was shown can see.
func (n *auditNote) tell(w engine.Writer, number int) error {
	for i := range n.holders {
		k := key(spaceSeen, n.holders[i][:], be64(uint64(number))) //nolint:gosec // counts from 1
		if err := w.Put(k, nil); err != nil {
			return err
		}
	}
	return nil
}

// holdersOf are the holders of licences that were found, each once.
func holdersOf(found []Found) []token {
	if len(found) == 1 {
		return found[0].holders
	}
	var list []token
	known := make(map[token]bool, len(found))
	for i := range found {
		for _, holder := range found[i].holders {
			if !known[holder] {
				known[holder] = true
				list = append(list, holder)
			}
		}
	}
	return list
}
