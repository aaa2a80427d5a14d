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
	Clerk    string // who acted behind the caller, by a name of his department's; or ""
	Subject  string // token of the holder asked about, or ""
	Type     string // 证照类型代码, or ""
	Issuer   string // 颁发机构代码 asked or acted about, or ""
	Licence  string // 电子证照标识, or ""
	Batch    string // or ""
	Object   string // what else was acted on: a caller, a consent, a document, a version of a type; or ""
	Change   string // what became of it, as "classification public secret"; or ""
	Reason   string // given for an act that leaves no event; or ""
	Message  string // id of the message that asked for it, or "": see CheckMessage
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
	for _, f := range e.about() {
		w.optional(f.name, *f.text)
	}
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
	}
	for _, f := range e.about() {
		*f.text = p.optional(f.name)
	}
	e.Count, e.Result = p.number(p.word("count")), p.word("result")
	if err := p.end(); err != nil {
		return nil, err
	}
	if err := e.check(); err != nil {
		return nil, err
	}
	return e, nil
}

// textField is an optional line.
type textField struct {
	name string
	text *string
}

// about are the lines that say what an act was about, in their order.
func (e *AuditEntry) about() [10]textField {
	return [...]textField{
		{"clerk", &e.Clerk}, {"subject", &e.Subject}, {"type", &e.Type}, {"issuer", &e.Issuer}, {"licence", &e.Licence},
		{"batch", &e.Batch}, {"object", &e.Object}, {"change", &e.Change}, {"reason", &e.Reason},
		{"message", &e.Message},
	}
}

func (e *AuditEntry) check() error {
	if e.Number < 1 || (e.Number == 1) != e.Previous.IsZero() {
		return fmt.Errorf("%w: place of the audit entry", ErrFormat)
	}
	return checkMessage(e.Message)
}
