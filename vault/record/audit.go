package record

import (
	"fmt"
	"time"
)

// AuditEntry is one line of the vault's audit: who did what, by which right, with which result. Entries are chained by
// digest. They name licences and callers; a person appears as a token only.
type AuditEntry struct {
	Number   int // from 1
	Previous Digest
	Time     time.Time
	Act      string // lookup, compare, issue, …
	Asked    Asked
	Subject  string // token of the holder asked about, or ""
	Licence  string // 电子证照标识, or ""
	Batch    string // or ""
	Count    int    // licences concerned, when more than one
	Result   string // done, denied, or the code of a refusal
}

const auditHead = "elicense audit v1"

// Append appends the entry's bytes to b.
func (e *AuditEntry) Append(b []byte) ([]byte, error) {
	w := writer{b: b, start: len(b)}
	w.head(auditHead)
	w.open("number").number(e.Number).end()
	w.optionalDigest("previous", e.Previous)
	w.time("time", e.Time)
	w.line("act", e.Act)
	e.Asked.append(&w)
	w.optional("subject", e.Subject)
	w.optional("licence", e.Licence)
	w.optional("batch", e.Batch)
	w.open("count").number(e.Count).end()
	w.line("result", e.Result)
	if w.err == nil {
		w.err = e.check()
	}
	return w.bytes()
}

// ParseAuditEntry reads the bytes of an audit entry.
func ParseAuditEntry(raw []byte) (*AuditEntry, error) {
	p := newParser(raw, auditHead)
	e := &AuditEntry{
		Number: p.number(p.word("number")), Previous: p.optionalDigest("previous"),
		Time: p.time("time"), Act: p.word("act"), Asked: parseAsked(p),
		Subject: p.optional("subject"), Licence: p.optional("licence"), Batch: p.optional("batch"),
		Count: p.number(p.word("count")), Result: p.word("result"),
	}
	if err := p.end(); err != nil {
		return nil, err
	}
	if err := e.check(); err != nil {
		return nil, err
	}
	return e, nil
}

func (e *AuditEntry) check() error {
	if e.Number < 1 || (e.Number == 1) != e.Previous.IsZero() {
		return fmt.Errorf("%w: place of the audit entry", ErrFormat)
	}
	return nil
}
