package ca

import (
	"context"
	"encoding/binary"
	"strconv"
	"time"

	"github.com/elicense/elicense/internal/engine"
)

// CRLKind is a kind of CRL.
type CRLKind uint8

// Kinds.
const (
	CRLNone  CRLKind = iota
	CRLFull          // everything of the issuer
	CRLShard         // one shard
	CRLDelta         // what has changed since a full one
)

// CRLScope is what a CRL speaks of.
type CRLScope struct {
	Kind  CRLKind
	Shard uint32 // of a CRLShard, else zero
}

// CRLRecord says what was published under a CRL number.
type CRLRecord struct {
	Number     uint64
	Scope      CRLScope
	Base       uint64 // number of the full CRL that a delta builds on
	Sequence   uint64 // changes up to this are in it
	ThisUpdate time.Time
	NextUpdate time.Time
	Entries    int
	Digest     [32]byte // SM3 of the CRL
}

func (c *CRLRecord) append(b []byte) []byte {
	b = append(b, rowFormat, byte(c.Scope.Kind))
	for _, n := range []uint64{uint64(c.Scope.Shard), c.Number, c.Base, c.Sequence} {
		b = binary.AppendUvarint(b, n)
	}
	b = binary.AppendUvarint(b, uint64(c.Entries)) //nolint:gosec // a count
	b = appendTime(b, c.ThisUpdate)
	b = appendTime(b, c.NextUpdate)
	return append(b, c.Digest[:]...)
}

func parseCRLRecord(b []byte) (CRLRecord, error) {
	r := openRow(b)
	c := CRLRecord{Scope: CRLScope{Kind: CRLKind(r.byte())}}
	shard := r.number()
	c.Number, c.Base, c.Sequence = r.number(), r.number(), r.number()
	entries := r.number()
	if c.Scope.Kind == CRLNone || c.Scope.Kind > CRLDelta || shard > 1<<32-1 || entries > 1<<40 {
		r.bad = true
	}
	c.Scope.Shard, c.Entries = uint32(shard), int(entries) //nolint:gosec // checked above
	c.ThisUpdate, c.NextUpdate = r.time(), r.time()
	r.fixed(c.Digest[:])
	if err := r.end("record of a CRL"); err != nil {
		return CRLRecord{}, err
	}
	return c, nil
}

// BeginCRL takes the next CRL number of an issuer. It is durable before it is told, so no number is signed twice; one
// that is begun and not recorded stays a gap. All scopes of an issuer share one sequence of numbers (RFC 5280, 5.2.3).
// A caller begins before it reads what to put in, so that a higher number never knows less.
func (r *Register) BeginCRL(ctx context.Context, issuer KeyID) (uint64, error) {
	if err := r.writable(); err != nil {
		return 0, err
	}
	if r.issuer(issuer) == nil {
		return 0, refuse(ErrNotFound, ReasonIssuer, "issuer")
	}
	var next uint64
	err := r.cfg.Engine.Update(ctx, func(w engine.Writer) error {
		last, err := getNumber(w, key(spaceCRLNumber, issuer[:]))
		if err != nil {
			return err
		}
		next = last + 1
		return w.Put(key(spaceCRLNumber, issuer[:]), be64(next))
	})
	if err != nil {
		return 0, err
	}
	return next, nil
}

// RecordCRL keeps what is about to be published under a number that BeginCRL gave. It is refused if the number was not
// begun, and if one of the same scope with that number, a higher one or more in it is recorded: a CRL that is refused
// must not be published. A full CRL and a delta CRL of the same instant have the same number.
func (r *Register) RecordCRL(ctx context.Context, actor Actor, issuer KeyID, c CRLRecord) error {
	if err := actor.check(RoleOperate); err != nil {
		return err
	}
	at := r.now()
	return r.cfg.Engine.Update(ctx, func(w engine.Writer) error {
		if err := putCRLRecord(w, issuer, c); err != nil {
			return err
		}
		return record(w, AuditEntry{At: at, Actor: actor.Name, Act: "crl", Object: crlName(issuer, c.Number)})
	})
}

// putCRLRecord enters a record as the last of its scope, if it goes forward.
func putCRLRecord(w engine.Writer, issuer KeyID, c CRLRecord) error {
	if err := checkCRLRecord(w, issuer, c); err != nil {
		return err
	}
	b := c.append(nil)
	if err := w.Create(crlKey(issuer, c.Number, c.Scope), b); err != nil {
		return err
	}
	return w.Put(lastCRLKey(issuer, c.Scope), b)
}

func checkCRLRecord(r engine.Reader, issuer KeyID, c CRLRecord) error {
	if c.Scope.Kind == CRLNone || c.Scope.Kind > CRLDelta || c.Scope.Kind != CRLShard && c.Scope.Shard != 0 {
		return refuse(ErrRequest, ReasonMalformed, "scope of a CRL")
	}
	begun, err := getNumber(r, key(spaceCRLNumber, issuer[:]))
	if err != nil {
		return err
	}
	if c.Number == 0 || c.Number > begun {
		return refuse(ErrConflict, ReasonNumber, "CRL number was not begun")
	}
	last, err := lastCRL(r, issuer, c.Scope)
	switch {
	case ReasonOf(err) == ReasonUnknown:
		return nil
	case err != nil:
		return err
	case last.Number >= c.Number || last.Sequence > c.Sequence || last.ThisUpdate.After(c.ThisUpdate):
		return refuse(ErrConflict, ReasonNumber, "a later CRL of this scope is recorded")
	}
	return nil
}

// LastCRL is the last record of a scope; ErrNotFound if there is none.
func (r *Register) LastCRL(ctx context.Context, issuer KeyID, scope CRLScope) (CRLRecord, error) {
	var c CRLRecord
	err := r.cfg.Engine.View(ctx, func(rd engine.Reader) (err error) {
		c, err = lastCRL(rd, issuer, scope)
		return err
	})
	return c, err
}

func lastCRL(r engine.Reader, issuer KeyID, scope CRLScope) (CRLRecord, error) {
	b, err := r.Get(lastCRLKey(issuer, scope))
	if err != nil {
		return CRLRecord{}, notFound(err, "CRL")
	}
	return parseCRLRecord(b)
}

func crlKey(issuer KeyID, number uint64, scope CRLScope) []byte {
	return key(spaceCRL, issuer[:], be64(number), []byte{byte(scope.Kind)}, be32(scope.Shard))
}

func lastCRLKey(issuer KeyID, scope CRLScope) []byte {
	return key(spaceLastCRL, issuer[:], []byte{byte(scope.Kind)}, be32(scope.Shard))
}

func crlName(issuer KeyID, number uint64) string {
	return issuer.String() + "/crl/" + strconv.FormatUint(number, 10)
}

// issuer is the authority of that name, or nil.
func (r *Register) issuer(id KeyID) *Authority {
	for _, a := range r.cfg.Issuers {
		if a.KeyID() == id {
			return a
		}
	}
	return nil
}

// writable refuses to issue and to number while the register is behind what was published.
func (r *Register) writable() error {
	if r.restored.Load() {
		return refuse(ErrRestored, ReasonBehind, "catch up with the last published CRL first")
	}
	return nil
}
