package vault

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/elicense/elicense/internal/code"
	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/vault/record"
)

// auditNote is what an act adds to its access for the audit.
type auditNote struct {
	act     string
	subject token  // holder asked about; zero for none
	typ     string // of licence; "" reads as the type that the licence names
	issuer  string
	licence string // identifier, or ""
	batch   string
	object  string // what else was acted on
	change  string
	reason  string
	count   int
	result  string  // "" reads as done
	holders []token // of the licences that a read has shown: they can see the entry
}

// about is a note that names a licence by what was asked for, if that is an identifier.
func (n auditNote) about(identifier string) auditNote {
	if id, err := code.ParseIdentifier(identifier); err == nil {
		n.licence = id.String()
	}
	return n
}

// object names a thing that an act was about; "" if it has no name.
func object(kind, name string) string {
	if name == "" {
		return ""
	}
	return kind + " " + name
}

// What was asked for may be anything, the number of a person too. Only what has the form of the thing stands in an
// entry.

// named gives the type of a note if it is one.
func (n *auditNote) named() string {
	t := n.typ
	if t == "" {
		if id, err := code.ParseIdentifier(n.licence); err == nil {
			t = id.Type
		}
	}
	if len(t) != 21 || n.result == string(CodeTypeUnknown) || code.CheckUSCC(t[:18]) != nil || !isDigits(t[18:]) {
		return ""
	}
	return t
}

// by gives the issuer of a note if it is one.
func (n *auditNote) by() string {
	if code.CheckUSCC(n.issuer) != nil {
		return ""
	}
	return n.issuer
}

// appendAudit adds an entry to the chain inside the act's own transaction: both are kept or neither.
func (v *Vault) appendAudit(w engine.Writer, s *session, n auditNote) error {
	c, err := openAuditChain(w)
	if err != nil {
		return err
	}
	if err := c.append(w, s, n); err != nil {
		return err
	}
	return c.close(w)
}

// auditChain is the end of the chain inside a transaction.
type auditChain struct {
	number int
	last   record.Digest
}

func openAuditChain(r engine.Reader) (*auditChain, error) {
	number, last, err := auditHead(r)
	return &auditChain{number, last}, err
}

// append writes the next entry; close makes it the chain's end.
func (c *auditChain) append(w engine.Writer, s *session, n auditNote) error {
	e := record.AuditEntry{
		Number: c.number + 1, Previous: c.last, Time: s.at, Act: n.act, Asked: s.asked(), Clerk: s.Clerk,
		Type: n.named(), Issuer: n.by(), Licence: n.licence, Batch: n.batch, Object: n.object, Change: n.change,
		Reason: n.reason, Count: n.count, Result: n.result, Message: s.Message,
	}
	if !isBatchID(n.batch) {
		e.Batch = ""
	}
	if n.subject != (token{}) {
		e.Subject = hex.EncodeToString(n.subject[:])
	}
	if e.Result == "" {
		e.Result = "done"
	}
	raw, err := e.Append(make([]byte, 0, 512))
	if err != nil {
		return fmt.Errorf("%w: %w", ErrAudit, err)
	}
	if err := w.Put(key(spaceAudit, be64(uint64(e.Number))), raw); err != nil { //nolint:gosec // counts from 1
		return err
	}
	c.number, c.last = e.Number, record.Sum(raw)
	return n.tell(w, e.Number)
}

// isBatchID reports whether s is the name of a batch as newBatch and OpenBatch make it.
func isBatchID(s string) bool {
	name, run, ok := strings.Cut(s, "-")
	return ok && len(s) <= 32 && isDigits(run) && len(name) == 12 && strings.Trim(name, "0123456789abcdef") == ""
}

func isDigits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

func (c *auditChain) close(w engine.Writer) error {
	return w.Put([]byte{spaceAuditHead}, append(be64(uint64(c.number)), c.last[:]...)) //nolint:gosec // counts from 1
}

func auditHead(r engine.Reader) (int, record.Digest, error) {
	b, err := r.Get([]byte{spaceAuditHead})
	if errors.Is(err, engine.ErrNotFound) {
		return 0, record.Digest{}, nil
	}
	if err != nil {
		return 0, record.Digest{}, err
	}
	d := decoder{b: b}
	var digest record.Digest
	number := int(d.uint64()) //nolint:gosec // written by appendAudit
	d.fixed(digest[:])
	return number, digest, d.end()
}

// denied records a refusal of an authenticated caller and returns it.
func (v *Vault) denied(ctx context.Context, s *session, n auditNote, refusal error) error {
	n.result = string(CodeOf(refusal))
	if err := v.auditWith(ctx, s, n, nil); err != nil {
		return errors.Join(refusal, err)
	}
	return refusal
}

// whole gives an answer with a nil error only.
func whole[T any](answer T, err error) (T, error) {
	if err != nil {
		var none T
		return none, err
	}
	return answer, nil
}

// UnknownCallers counts the calls refused because nobody registered was behind them; those are not in the audit.
func (v *Vault) UnknownCallers() uint64 { return v.unknownCallers.Load() }

// AuditTrail visits the audit entries from number first on, oldest first, until visit returns false; -n begins with the
// last n that stand there before it is asked. Auditors and operators may; that they did is an entry too.
func (v *Vault) AuditTrail(ctx context.Context, a Access, first int, visit func(*record.AuditEntry) bool) error {
	s, err := v.admit(ctx, a)
	if err != nil {
		return err
	}
	if first < 0 {
		if first, err = v.entryBeforeEnd(ctx, -first); err != nil {
			return err
		}
	}
	note := auditNote{act: "audit-trail", object: "entry " + strconv.Itoa(max(first, 1))}
	if err := s.mayAudit(); err != nil {
		return v.denied(ctx, s, note, err)
	}
	if err := v.audit(ctx, s, note); err != nil {
		return err
	}
	start := key(spaceAudit, be64(uint64(max(first, 1))))
	return v.cfg.Engine.View(ctx, func(r engine.Reader) error {
		scan := engine.Range{Prefix: []byte{spaceAudit}, Start: start}
		return r.Scan(scan, func(_, value []byte) (bool, error) {
			e, err := record.ParseAuditEntry(value)
			if err != nil {
				return false, fmt.Errorf("%w: audit entry", ErrDamaged)
			}
			return visit(e), nil
		})
	})
}

// entryBeforeEnd is the number of the entry with which the last n begin.
func (v *Vault) entryBeforeEnd(ctx context.Context, n int) (first int, err error) {
	err = v.cfg.Engine.View(ctx, func(r engine.Reader) error {
		number, _, err := auditHead(r)
		first = max(number-n+1, 1)
		return err
	})
	return first, err
}
