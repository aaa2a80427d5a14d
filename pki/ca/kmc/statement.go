package kmc

import (
	"encoding/hex"
	"fmt"
	"io"
	"time"

	"github.com/elicense/elicense/pki"
)

// Act is what custodians are asked for.
type Act string

// The acts.
const (
	ActFounding         Act = "founding"          // to be the custodians of a new set, and show that they hold its keys
	ActRewrap           Act = "rewrap"            // to hand all keys of their set over to the next set
	ActUserRecovery     Act = "user-recovery"     // 用户密钥恢复
	ActJudicialRecovery Act = "judicial-recovery" // 司法密钥恢复
)

func (a Act) recovery() bool { return a == ActUserRecovery || a == ActJudicialRecovery }

func (a Act) known() bool { return a == ActFounding || a == ActRewrap || a.recovery() }

const statementHead = "elicense-kmc-statement v1"

const caseBytes = 16

// Statement is what a custodian approves, and signs.
type Statement struct {
	Act     Act
	Case    string    // names this asking; random
	Time    time.Time // when it was asked
	Custody int       // generation of the set whose shares are asked for

	// Of a recovery.
	Key       KeyID
	Holder    string
	Recipient Fingerprint // of the key that the envelope will be for

	// Of a founding: the digest of the set itself; of a re-wrapping: of the set that follows.
	Set Fingerprint

	Who   string // who asks: name and office
	Why   string
	Basis string // 法律依据, or the rule it is asked under

	// Session is the key that shares are to be encrypted to; it lives as long as the asking.
	Session *pki.PublicKey
}

// Marshal writes the statement as it is signed.
func (s *Statement) Marshal() ([]byte, error) {
	w := &writer{bad: !s.Act.known() || s.Custody < 1 || s.Session == nil}
	if w.bad {
		return nil, refuse(ReasonRequest, "incomplete statement")
	}
	w.head(statementHead)
	w.text("act", string(s.Act))
	w.text("case", s.Case)
	w.time("time", s.Time)
	w.number("custody", s.Custody)
	if s.Act.recovery() {
		w.digest("key", Fingerprint(s.Key))
		w.text("holder", s.Holder)
		w.digest("recipient", s.Recipient)
	} else {
		w.digest("set", s.Set)
	}
	w.text("who", s.Who)
	w.text("why", s.Why)
	w.text("basis", s.Basis)
	w.text("session", hex.EncodeToString(s.Session.Point()))
	if w.bad || len(s.Case) != 2*caseBytes {
		return nil, refuse(ReasonRequest, "statement with an empty, overlong or unprintable value")
	}
	return []byte(w.b.String()), nil
}

// ParseStatement reads what Marshal wrote, and nothing else.
func ParseStatement(text []byte) (*Statement, error) {
	r := &reader{rest: string(text)}
	r.head(statementHead)
	s := &Statement{Act: Act(r.text("act")), Case: hex.EncodeToString(r.hex("case", caseBytes))}
	s.Time = r.time("time")
	s.Custody = r.number("custody")
	if s.Act.recovery() {
		s.Key = KeyID(r.digest("key"))
		s.Holder = r.text("holder")
		s.Recipient = r.digest("recipient")
	} else {
		s.Set = r.digest("set")
	}
	s.Who, s.Why, s.Basis = r.text("who"), r.text("why"), r.text("basis")
	var err error
	s.Session, err = parsePoint(r.hex("session", 0))
	if err != nil || !r.end() || !s.Act.known() || s.Custody < 1 {
		return nil, refuse(ReasonRequest, "malformed statement")
	}
	return s, nil
}

// newCase makes the name of an asking.
func newCase(random io.Reader) (string, error) {
	var b [caseBytes]byte
	if _, err := io.ReadFull(random, b[:]); err != nil {
		return "", fmt.Errorf("reading random case name: %w", err)
	}
	return hex.EncodeToString(b[:]), nil
}
