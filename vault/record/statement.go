package record

import (
	"fmt"
	"time"
)

// The statements below are signed by the vault, not by a department: a detached GB/T 35275 SignedData over the bytes.

// Asked says who asked for what; it is part of every receipt.
type Asked struct {
	Caller  string // authenticated system
	Purpose string // 用途
	Item    string // 事项 code, or ""
	Case    string // case number, or ""
	Ground  string // right under which was asked
	Basis   string // consent record or legal basis behind the ground, or ""
	Level   string // assurance of the holder's login
}

// Claim is the judgement on one compared element.
type Claim struct {
	Field   string
	Verdict string   // equal, different, missing
	Rules   []string // normalisations that decided
	Claimed Digest   // of the claimed value, opened by the disclosure returned beside the receipt
}

// Receipt (查验回执) is the vault's signed answer to a look-up or comparison; it can stand in the case file as the material.
type Receipt struct {
	Vault      string // the ledger's origin
	Kind       string // lookup, compare
	Time       time.Time
	Asked      Asked
	Identifier string // "" if nothing was found
	Version    int
	Record     Digest
	State      string
	SourceTime time.Time // when the vault last learnt something of this licence; zero if nothing was found
	Result     string    // matched, different, found, never-issued, not-converted, source-silent
	Claims     []Claim
	TreeSize   int    // of the last checkpoint
	TreeRoot   Digest // zero with an empty tree
}

const receiptHead = "elicense receipt v1"

// Append appends the receipt's bytes to b.
func (r *Receipt) Append(b []byte) ([]byte, error) {
	w := writer{b: b, start: len(b)}
	w.head(receiptHead)
	w.line("vault", r.Vault)
	w.line("kind", r.Kind)
	w.time("time", r.Time)
	r.Asked.append(&w)
	w.line("result", r.Result)
	if r.Identifier != "" {
		w.line("licence", r.Identifier, itoa(r.Version), r.State)
		w.digest("record", r.Record)
		w.time("source-time", r.SourceTime)
	}
	for i := range r.Claims {
		c := &r.Claims[i]
		w.line("claim", c.Field, c.Verdict, c.Claimed.String())
		for _, rule := range c.Rules {
			w.line("rule", rule)
		}
	}
	w.line("tree", itoa(r.TreeSize))
	w.digest("root", r.TreeRoot)
	return w.bytes()
}

func (a *Asked) append(w *writer) {
	w.name("caller", a.Caller)
	w.name("purpose", a.Purpose)
	w.optional("item", a.Item)
	w.optional("case", a.Case)
	w.line("ground", a.Ground)
	w.optional("basis", a.Basis)
	w.line("level", a.Level)
}

// ParseReceipt reads the bytes of a receipt.
func ParseReceipt(raw []byte) (*Receipt, error) {
	p := newParser(raw, receiptHead)
	r := &Receipt{Vault: p.word("vault"), Kind: p.word("kind"), Time: p.time("time")}
	r.Asked = Asked{
		Caller: p.free("caller"), Purpose: p.free("purpose"), Item: p.optional("item"), Case: p.optional("case"),
		Ground: p.word("ground"), Basis: p.optional("basis"), Level: p.word("level"),
	}
	r.Result = p.word("result")
	if p.next("licence") {
		id, version, state := p.triple("licence")
		r.Identifier, r.Version, r.State = id, p.number(version), state
		r.Record = p.optionalDigest("record")
		r.SourceTime = p.time("source-time")
	}
	for p.next("claim") && len(r.Claims) < MaxFields {
		r.Claims = append(r.Claims, parseClaim(p))
	}
	r.TreeSize = p.number(p.word("tree"))
	r.TreeRoot = p.optionalDigest("root")
	if err := p.end(); err != nil {
		return nil, err
	}
	return r, nil
}

func parseClaim(p *parser) Claim {
	field, verdict, digest := p.triple("claim")
	c := Claim{Field: field, Verdict: verdict, Claimed: p.digest(digest)}
	for p.next("rule") {
		c.Rules = append(c.Rules, p.word("rule"))
	}
	return c
}

// Status is the vault's signed word on the state of a licence at one moment, for verification without the vault.
type Status struct {
	Vault      string
	Identifier string // of the version in force
	Version    int
	Record     Digest
	State      string
	Since      Date // from when the state counts
	Time       time.Time
	NextUpdate time.Time // after this moment a fresh statement is to be asked for
}

const statusHead = "elicense status v1"

// Append appends the statement's bytes to b.
func (s *Status) Append(b []byte) ([]byte, error) {
	w := writer{b: b, start: len(b)}
	w.head(statusHead)
	w.line("vault", s.Vault)
	w.line("licence", s.Identifier, itoa(s.Version), s.State)
	w.digest("record", s.Record)
	w.line("since", s.Since.text())
	w.time("time", s.Time)
	w.time("next-update", s.NextUpdate)
	return w.bytes()
}

// ParseStatus reads the bytes of a status statement.
func ParseStatus(raw []byte) (*Status, error) {
	p := newParser(raw, statusHead)
	s := &Status{Vault: p.word("vault")}
	id, version, state := p.triple("licence")
	s.Identifier, s.Version, s.State = id, p.number(version), state
	s.Record = p.optionalDigest("record")
	s.Since = p.date(p.word("since"))
	s.Time = p.time("time")
	s.NextUpdate = p.time("next-update")
	if err := p.end(); err != nil {
		return nil, err
	}
	if s.Record.IsZero() || s.NextUpdate.Before(s.Time) {
		return nil, fmt.Errorf("%w: status", ErrFormat)
	}
	return s, nil
}

// Counts of a conversion; Rows = Created + Updated + Unchanged + Conflict + Rejected.
type Counts struct {
	Rows, Created, Updated, Unchanged, Conflict, Rejected int
}

// Balanced reports whether every row is accounted for.
func (c Counts) Balanced() bool {
	return c.Rows == c.Created+c.Updated+c.Unchanged+c.Conflict+c.Rejected
}

// Span is the part of a batch that falls into one year and number range.
type Span struct {
	Year    int    // of issue; 0 if unknown
	Series  string // the part of the numbers before their running digits, or "-"
	First   string // lowest and highest running number seen
	Last    string
	Seen    int // numbers seen in it
	Missing int // running numbers between First and Last that were not seen
}

// BatchCertificate (批次证明) is the vault's signed account of one conversion.
type BatchCertificate struct {
	Vault    string
	Batch    string
	TypeCode string
	Issuer   string
	File     Digest // of the source file
	Mapping  Digest // of the mapping used
	Finished time.Time
	Counts   Counts
	Spans    []Span
	TreeSize int
	TreeRoot Digest
}

const batchHead = "elicense batch v1"

// Append appends the certificate's bytes to b.
func (c *BatchCertificate) Append(b []byte) ([]byte, error) {
	w := writer{b: b, start: len(b)}
	w.head(batchHead)
	w.line("vault", c.Vault)
	w.line("batch", c.Batch)
	w.line("type", c.TypeCode)
	w.line("issuer", c.Issuer)
	w.digest("file", c.File)
	w.digest("mapping", c.Mapping)
	w.time("finished", c.Finished)
	n := c.Counts
	w.line("rows", itoa(n.Rows))
	w.line("created", itoa(n.Created))
	w.line("updated", itoa(n.Updated))
	w.line("unchanged", itoa(n.Unchanged))
	w.line("conflict", itoa(n.Conflict))
	w.line("rejected", itoa(n.Rejected))
	for i := range c.Spans {
		s := &c.Spans[i]
		w.line("span", itoa(s.Year), s.Series, s.First, s.Last, itoa(s.Seen), itoa(s.Missing))
	}
	w.line("tree", itoa(c.TreeSize))
	w.digest("root", c.TreeRoot)
	if w.err == nil && !n.Balanced() {
		w.err = fmt.Errorf("%w: counts do not add up", ErrFormat)
	}
	return w.bytes()
}

// ParseBatchCertificate reads the bytes of a batch certificate.
func ParseBatchCertificate(raw []byte) (*BatchCertificate, error) {
	p := newParser(raw, batchHead)
	c := &BatchCertificate{
		Vault: p.word("vault"), Batch: p.word("batch"), TypeCode: p.word("type"), Issuer: p.word("issuer"),
		File: p.optionalDigest("file"), Mapping: p.optionalDigest("mapping"), Finished: p.time("finished"),
	}
	for _, f := range []struct {
		name string
		to   *int
	}{
		{"rows", &c.Counts.Rows}, {"created", &c.Counts.Created}, {"updated", &c.Counts.Updated},
		{"unchanged", &c.Counts.Unchanged}, {"conflict", &c.Counts.Conflict}, {"rejected", &c.Counts.Rejected},
	} {
		*f.to = p.number(p.word(f.name))
	}
	for p.next("span") {
		v := p.words("span", 6, false)
		c.Spans = append(c.Spans, Span{p.number(v[0]), v[1], v[2], v[3], p.number(v[4]), p.number(v[5])})
	}
	c.TreeSize = p.number(p.word("tree"))
	c.TreeRoot = p.optionalDigest("root")
	if err := p.end(); err != nil {
		return nil, err
	}
	if !c.Counts.Balanced() {
		return nil, fmt.Errorf("%w: counts do not add up", ErrFormat)
	}
	return c, nil
}
