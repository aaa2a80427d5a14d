package kmc

import (
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"github.com/emmansun/gmsm/sm3"
	"golang.org/x/mod/sumdb/note"

	"github.com/elicense/elicense/internal/sm2note"
	"github.com/elicense/elicense/pki"
)

// Event is what a transcript entry says has happened.
type Event string

// The events.
const (
	EventFounded        Event = "founded"         // a set of custodians has shown its keys
	EventApproved       Event = "approved"        // enough custodians approved; durable before any share is used
	EventRefused        Event = "refused"         // asked for in vain
	EventDelivered      Event = "delivered"       // an envelope was made; durable before it is handed out
	EventFailed         Event = "failed"          // approved, but the key could not be opened
	EventRewrapFinished Event = "rewrap-finished" // no key needs the earlier set any more
)

const (
	entryHead     = "elicense-kmc-transcript v1"
	keyName       = "elicense-kmc" // on the signature lines
	maxEntryBytes = 64 << 10
)

// Entry is one entry of the transcript: a signed note over a text of lines.
type Entry struct {
	Raw      []byte // the note as stored, signature and all
	Number   int    // from 1
	Previous Fingerprint
	Time     time.Time
	Event    Event
	Case     string

	Detail   string      // why it was refused or failed
	Count    int         // of keys, of a re-wrapping
	Envelope Fingerprint // SM3 of the envelope that was delivered

	Set       *Custody   // of a founding
	Statement []byte     // what was asked; signed by those who approved
	Approvals []Approver // each once
}

// Approver is a custodian who signed the entry's statement.
type Approver struct {
	Custodian Fingerprint
	Signature []byte
}

// Digest names the entry in the one after it.
func (e *Entry) Digest() Fingerprint { return sm3.Sum(e.Raw) }

// text writes the lines that are signed.
func (e *Entry) text() (string, error) {
	w := &writer{}
	w.head(entryHead)
	w.number("number", e.Number)
	w.text("previous", e.Previous.String())
	w.time("time", e.Time)
	w.text("event", string(e.Event))
	w.text("case", e.Case)
	if e.Detail != "" {
		w.text("detail", e.Detail)
	}
	if e.Event == EventRewrapFinished {
		w.number("count", e.Count)
	}
	if e.Event == EventDelivered {
		w.digest("envelope", e.Envelope)
	}
	if e.Set != nil {
		e.Set.lines(w)
	}
	for line := range strings.Lines(string(e.Statement)) {
		w.b.WriteString("| " + line)
	}
	for _, a := range e.Approvals {
		w.text("approval", a.Custodian.String()+" "+hex.EncodeToString(a.Signature))
	}
	if w.bad {
		return "", fmt.Errorf("writing transcript: a value of entry %d cannot stand there", e.Number)
	}
	return w.b.String(), nil
}

// lines writes a set for people: they see the names, and a program finds the digest that statements give.
func (c *Custody) lines(w *writer) {
	w.number("set", c.Generation)
	w.number("threshold", c.Threshold)
	for _, who := range c.Custodians {
		keys := hex.EncodeToString(who.Signing.Point()) + " " + hex.EncodeToString(who.Encryption.Point())
		w.text("custodian", keys+" "+who.Name)
	}
}

// parseEntry reads what text wrote.
func parseEntry(text string) (*Entry, error) {
	r := &reader{rest: text}
	r.head(entryHead)
	e := &Entry{Number: r.number("number")}
	copy(e.Previous[:], r.hex("previous", len(e.Previous)))
	e.Time = r.time("time")
	e.Event = Event(r.text("event"))
	e.Case = r.text("case")
	if r.next("detail") {
		e.Detail = r.text("detail")
	}
	if e.Event == EventRewrapFinished {
		e.Count = r.number("count")
	}
	if e.Event == EventDelivered {
		e.Envelope = r.digest("envelope")
	}
	if r.next("set") {
		e.Set = r.custody()
	}
	for r.next("|") {
		e.Statement = append(append(e.Statement, strings.TrimPrefix(r.line(), "| ")...), '\n')
	}
	for r.next("approval") {
		e.Approvals = append(e.Approvals, r.approver())
	}
	if !r.end() || len(e.Approvals) > MaxCustodians {
		return nil, damaged("transcript entry")
	}
	if again, err := e.text(); err != nil || again != text {
		return nil, damaged("transcript entry in another spelling")
	}
	return e, nil
}

func (r *reader) custody() *Custody {
	c := &Custody{Generation: r.number("set"), Threshold: r.number("threshold")}
	for r.next("custodian") && len(c.Custodians) < MaxCustodians {
		signing, rest, _ := strings.Cut(r.text("custodian"), " ")
		encryption, name, _ := strings.Cut(rest, " ")
		who := Custodian{Name: name, Signing: r.point(signing), Encryption: r.point(encryption)}
		c.Custodians = append(c.Custodians, who)
	}
	r.bad = r.bad || c.check() != nil
	return c
}

func (r *reader) point(text string) *pki.PublicKey {
	b, err := hex.DecodeString(text)
	if err == nil {
		if key, err := parsePoint(b); err == nil {
			return key
		}
	}
	r.bad = true
	return nil
}

func (r *reader) approver() (a Approver) {
	name, signature, _ := strings.Cut(r.text("approval"), " ")
	who, err1 := hex.DecodeString(name)
	var err2 error
	a.Signature, err2 = hex.DecodeString(signature)
	r.bad = r.bad || err1 != nil || err2 != nil || len(who) != len(a.Custodian) || len(a.Signature) == 0
	copy(a.Custodian[:], who)
	return a
}

// seal signs the entry.
func (c *Centre) seal(e *Entry) error {
	text, err := e.text()
	if err != nil {
		return err
	}
	signer, err := sm2note.NewSigner(keyName, c.config.Signer, c.config.Rand)
	if err != nil {
		return err
	}
	if e.Raw, err = note.Sign(&note.Note{Text: text}, signer); err != nil {
		return fmt.Errorf("signing transcript: %w", err)
	}
	return nil
}

// ParseEntry reads an entry and verifies the centre's signature under it; it does not look at those of custodians.
func ParseEntry(raw []byte, key *pki.PublicKey) (*Entry, error) {
	if len(raw) > maxEntryBytes || key == nil {
		return nil, damaged("transcript entry")
	}
	verifier, err := sm2note.NewVerifier(keyName, key.Point())
	if err != nil {
		return nil, err
	}
	n, err := note.Open(raw, note.VerifierList(verifier))
	if err != nil || len(n.UnverifiedSigs) > 0 || len(n.Sigs) != 1 {
		return nil, damaged("signature of a transcript entry")
	}
	e, err := parseEntry(n.Text)
	if err != nil {
		return nil, err
	}
	e.Raw = append([]byte(nil), raw...)
	return e, nil
}
