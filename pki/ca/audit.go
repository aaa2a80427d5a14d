package ca

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/emmansun/gmsm/sm3"

	"github.com/elicense/elicense/internal/engine"
)

// AuditEntry is one act. The entries form a chain: each holds the SM3 digest of the one before as it is stored, so
// that none can be changed or taken out without the rest showing it.
type AuditEntry struct {
	Number   uint64 // from 1
	Previous [32]byte
	At       time.Time
	Actor    string
	Act      string
	Object   string // application, certificate, issuer or CRL; no personal data
	Note     string // the reason in words that the actor gave, or the Reason of a refusal
	Refused  bool
}

func (e *AuditEntry) append(b []byte) []byte {
	b = append(b, rowFormat)
	b = binary.AppendUvarint(b, e.Number)
	b = append(b, e.Previous[:]...)
	b = appendTime(b, e.At)
	b = appendTexts(b, []string{e.Actor, e.Act, e.Object, e.Note})
	return appendFlag(b, e.Refused)
}

func parseAudit(b []byte) (AuditEntry, error) {
	r := openRow(b)
	e := AuditEntry{Number: r.number()}
	r.fixed(e.Previous[:])
	e.At = r.time()
	readTexts(r, &e.Actor, &e.Act, &e.Object, &e.Note)
	e.Refused = r.flag()
	if err := r.end("audit entry"); err != nil {
		return AuditEntry{}, err
	}
	return e, nil
}

// auditChain is the end of the chain inside a transaction.
type auditChain struct {
	number uint64
	last   [32]byte
	at     time.Time // of the last entry
}

func openAuditChain(r engine.Reader) (*auditChain, error) {
	b, err := r.Get(key(spaceAuditHead))
	if errors.Is(err, engine.ErrNotFound) {
		return &auditChain{}, nil
	}
	if err != nil {
		return nil, err
	}
	head := &row{b: b}
	c := &auditChain{number: head.number()}
	head.fixed(c.last[:])
	c.at = head.time()
	return c, head.end("head of the audit")
}

// clockTolerance is how far an act may lie before the last one: callers read the clock before they wait for their turn.
const clockTolerance = time.Minute

// admits refuses an act that would lie before the last one: the clock was set back, or the register is from the future.
func (c *auditChain) admits(at time.Time) error {
	if at.Before(c.at.Add(-clockTolerance)) {
		return refuse(ErrClock, ReasonClock, "last act at "+c.at.Format(time.RFC3339))
	}
	return nil
}

// add writes the next entry; close makes it the chain's end.
func (c *auditChain) add(w engine.Writer, e AuditEntry) error {
	if err := c.admits(e.At); err != nil {
		return err
	}
	e.Number, e.Previous = c.number+1, c.last
	raw := e.append(make([]byte, 0, 256))
	if err := w.Create(key(spaceAudit, be64(e.Number)), raw); err != nil {
		return fmt.Errorf("writing audit entry: %w", err)
	}
	c.number, c.last = e.Number, sm3.Sum(raw)
	if e.At.After(c.at) {
		c.at = e.At
	}
	return nil
}

func (c *auditChain) close(w engine.Writer) error {
	b := binary.AppendUvarint(nil, c.number)
	return w.Put(key(spaceAuditHead), appendTime(append(b, c.last[:]...), c.at))
}

// record adds one entry to the chain in the act's own transaction: both are kept or neither.
func record(w engine.Writer, e AuditEntry) error {
	c, err := openAuditChain(w)
	if err != nil {
		return err
	}
	if err := c.add(w, e); err != nil {
		return err
	}
	return c.close(w)
}

// AuditTrail visits the entries from number first on until visit returns false, and checks the chain on its way:
// ErrDamaged where it is broken.
func (r *Register) AuditTrail(ctx context.Context, actor Actor, first uint64, visit func(AuditEntry) bool) error {
	if err := actor.check(RoleInspect); err != nil {
		return err
	}
	first = max(first, 1)
	return r.cfg.Engine.View(ctx, func(rd engine.Reader) error {
		chain := auditChain{number: first - 1}
		if first > 1 {
			b, err := rd.Get(key(spaceAudit, be64(first-1)))
			if err != nil {
				return notFound(err, "audit entry")
			}
			chain.last = sm3.Sum(b)
		}
		scan := engine.Range{Prefix: key(spaceAudit), Start: key(spaceAudit, be64(first))}
		stopped := false
		err := rd.Scan(scan, func(_, value []byte) (bool, error) {
			e, err := parseAudit(value)
			if err != nil {
				return false, err
			}
			if e.Number != chain.number+1 || e.Previous != chain.last {
				return false, fmt.Errorf("%w: audit chain at %d", ErrDamaged, e.Number)
			}
			chain.number, chain.last = e.Number, sm3.Sum(value)
			stopped = !visit(e)
			return !stopped, nil
		})
		if err != nil || stopped {
			return err
		}
		return chain.reaches(rd)
	})
}

// reaches refuses a chain that does not end where the head says.
func (c *auditChain) reaches(r engine.Reader) error {
	head, err := openAuditChain(r)
	if err != nil {
		return err
	}
	if c.number != head.number || c.last != head.last {
		return fmt.Errorf("%w: audit chain ends at %d of %d", ErrDamaged, c.number, head.number)
	}
	return nil
}

// notFound turns the engine's absence into ours.
func notFound(err error, what string) error {
	if errors.Is(err, engine.ErrNotFound) {
		return refuse(ErrNotFound, ReasonUnknown, what)
	}
	return err
}
