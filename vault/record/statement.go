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

// Receipt (查验回执) is the vault's signed answer to a look-up or comparison; it can stand in the case file as the
// material.
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
	Checkpoint Checkpoint
}

// Checkpoint names a signed checkpoint of the vault's ledger: the last one when a statement was made. The zero value
// says that none was signed yet.
type Checkpoint struct {
	Size int
	Root Digest
}

// append writes the line; its size and root are both there or both absent.
func (c Checkpoint) append(w *writer) {
	w.open("checkpoint").number(c.Size)
	if c.Root.IsZero() {
		w.word("-").end()
	} else {
		w.digest(c.Root).end()
	}
}

func parseCheckpoint(p *parser) Checkpoint {
	var size, root string
	p.words("checkpoint", &size, &root)
	c := Checkpoint{Size: p.number(size)}
	if root != "-" {
		c.Root = p.digest(root)
	}
	return c
}

// check refuses a checkpoint of nothing with a root, and one of something without.
func (c Checkpoint) check() error {
	if (c.Size == 0) != c.Root.IsZero() {
		return fmt.Errorf("%w: size and root of the checkpoint", ErrFormat)
	}
	return nil
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
		w.open("licence").word(r.Identifier).number(r.Version).word(r.State).end()
		w.optionalDigest("record", r.Record)
		w.time("source-time", r.SourceTime)
	}
	for i := range r.Claims {
		c := &r.Claims[i]
		w.open("claim").word(c.Field).word(c.Verdict).digest(c.Claimed).end()
		for _, rule := range c.Rules {
			w.line("rule", rule)
		}
	}
	r.Checkpoint.append(&w)
	if w.err == nil {
		w.err = r.check()
	}
	return w.bytes()
}

func (a *Asked) append(w *writer) {
	w.textLine("caller", a.Caller)
	w.textLine("purpose", a.Purpose)
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
	r.Asked = parseAsked(p)
	r.Result = p.word("result")
	if p.next("licence") {
		var version string
		p.words("licence", &r.Identifier, &version, &r.State)
		r.Version = p.number(version)
		r.Record = p.optionalDigest("record")
		r.SourceTime = p.time("source-time")
	}
	for p.next("claim") && len(r.Claims) < MaxFields {
		r.Claims = append(r.Claims, parseClaim(p))
	}
	r.Checkpoint = parseCheckpoint(p)
	if err := p.end(); err != nil {
		return nil, err
	}
	if err := r.check(); err != nil {
		return nil, err
	}
	return r, nil
}

func (r *Receipt) check() error {
	nothing := r.Version == 0 && r.State == "" && r.Record.IsZero() && r.SourceTime.IsZero()
	switch {
	case r.Identifier == "" && !nothing:
		return fmt.Errorf("%w: a receipt about a licence without its identifier", ErrFormat)
	case len(r.Claims) > MaxFields:
		return fmt.Errorf("%w: number of claims", ErrFormat)
	}
	return r.Checkpoint.check()
}

func parseAsked(p *parser) Asked {
	return Asked{
		Caller: p.text("caller"), Purpose: p.text("purpose"), Item: p.optional("item"), Case: p.optional("case"),
		Ground: p.word("ground"), Basis: p.optional("basis"), Level: p.word("level"),
	}
}

func parseClaim(p *parser) Claim {
	var c Claim
	var digest string
	p.words("claim", &c.Field, &c.Verdict, &digest)
	c.Claimed = p.digest(digest)
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
	w.open("licence").word(s.Identifier).number(s.Version).word(s.State).end()
	w.open("record").digest(s.Record).end()
	w.open("since").date(s.Since).end()
	w.time("time", s.Time)
	w.time("next-update", s.NextUpdate)
	if w.err == nil {
		w.err = s.check()
	}
	return w.bytes()
}

// ParseStatus reads the bytes of a status statement.
func ParseStatus(raw []byte) (*Status, error) {
	p := newParser(raw, statusHead)
	s := &Status{Vault: p.word("vault")}
	var version string
	p.words("licence", &s.Identifier, &version, &s.State)
	s.Version = p.number(version)
	s.Record = p.digest(p.word("record"))
	s.Since = p.date(p.word("since"))
	s.Time = p.time("time")
	s.NextUpdate = p.time("next-update")
	if err := p.end(); err != nil {
		return nil, err
	}
	if err := s.check(); err != nil {
		return nil, err
	}
	return s, nil
}

func (s *Status) check() error {
	if s.NextUpdate.Before(s.Time) {
		return fmt.Errorf("%w: next update before the statement", ErrFormat)
	}
	return nil
}

// Counts of a conversion; Rows = Created + Updated + Unchanged + Conflict + Rejected.
type Counts struct {
	Rows      int `json:"rows"`
	Created   int `json:"created"`
	Updated   int `json:"updated"`
	Unchanged int `json:"unchanged"`
	Conflict  int `json:"conflict"`
	Rejected  int `json:"rejected"`
}

// Balanced reports whether every row is accounted for.
func (c Counts) Balanced() bool {
	return c.Rows == c.Created+c.Updated+c.Unchanged+c.Conflict+c.Rejected
}

// Span is the part of a batch that falls into one year and number range.
type Span struct {
	Year    int    `json:"year"`   // of issue; 0 with YearUnreadable
	Series  string `json:"series"` // the part of the numbers before their running digits, "-", or YearUnreadable
	First   string `json:"first"`  // lowest and highest running number seen
	Last    string `json:"last"`
	Seen    int    `json:"seen"`    // numbers seen in it
	Missing int    `json:"missing"` // running numbers between First and Last that were not seen
}

// YearUnreadable is the series of the numbers whose year of issue cannot be read: they are counted and make no range.
const YearUnreadable = "year-unreadable"

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
	// Checkpoint covers every event of the batch.
	Checkpoint Checkpoint
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
	w.optionalDigest("file", c.File)
	w.optionalDigest("mapping", c.Mapping)
	w.time("finished", c.Finished)
	for _, f := range c.Counts.lines() {
		w.open(f.name).number(*f.n).end()
	}
	for i := range c.Spans {
		s := &c.Spans[i]
		w.open("span").number(s.Year).word(s.Series).word(s.First).word(s.Last).number(s.Seen).number(s.Missing).end()
	}
	c.Checkpoint.append(&w)
	if w.err == nil {
		w.err = c.check()
	}
	return w.bytes()
}

// countLine is one of the lines that Counts fills.
type countLine struct {
	name string
	n    *int
}

func (c *Counts) lines() [6]countLine {
	return [...]countLine{{"rows", &c.Rows}, {"created", &c.Created}, {"updated", &c.Updated},
		{"unchanged", &c.Unchanged}, {"conflict", &c.Conflict}, {"rejected", &c.Rejected}}
}

// ParseBatchCertificate reads the bytes of a batch certificate.
func ParseBatchCertificate(raw []byte) (*BatchCertificate, error) {
	p := newParser(raw, batchHead)
	c := &BatchCertificate{
		Vault: p.word("vault"), Batch: p.word("batch"), TypeCode: p.word("type"), Issuer: p.word("issuer"),
		File: p.optionalDigest("file"), Mapping: p.optionalDigest("mapping"), Finished: p.time("finished"),
	}
	for _, f := range c.Counts.lines() {
		*f.n = p.number(p.word(f.name))
	}
	for p.next("span") {
		var s Span
		var year, seen, missing string
		p.words("span", &year, &s.Series, &s.First, &s.Last, &seen, &missing)
		s.Year, s.Seen, s.Missing = p.number(year), p.number(seen), p.number(missing)
		c.Spans = append(c.Spans, s)
	}
	c.Checkpoint = parseCheckpoint(p)
	if err := p.end(); err != nil {
		return nil, err
	}
	if err := c.check(); err != nil {
		return nil, err
	}
	return c, nil
}

func (c *BatchCertificate) check() error {
	if !c.Counts.Balanced() {
		return fmt.Errorf("%w: counts do not add up", ErrFormat)
	}
	return c.Checkpoint.check()
}
