package ca

import (
	"encoding/binary"
	"time"

	"github.com/elicense/elicense/pki"
)

// State is where a certificate stands. Zero is never stored: a certificate that was not issued has no status.
type State uint8

// States.
const (
	StateNone    State = iota
	StateValid         // issued and not revoked; it may have expired
	StateHeld          // 挂起: on the CRL as certificateHold, may come back
	StateRevoked       // 吊销: for ever
)

var stateNames = [...]string{"none", "valid", "held", "revoked"}

// String is one word.
func (s State) String() string {
	if int(s) < len(stateNames) {
		return stateNames[s]
	}
	return "unknown"
}

// ParseCause reads the name that RFC 5280 gives a reason of revocation.
func ParseCause(name string) (pki.Cause, error) {
	for c := pki.Cause(0); c <= pki.CauseAACompromise; c++ {
		if knownCause(c) && c.String() == name {
			return c, nil
		}
	}
	return 0, refuse(ErrRequest, ReasonMalformed, "revocation reason")
}

func knownCause(c pki.Cause) bool { return c.String() != pki.Cause(7).String() } // 7 is not used

// Status is the standing of one certificate.
type Status struct {
	State State
	// Cause is zero while valid.
	Cause pki.Cause
	// At is the revocationDate of the CRL entry: when the register took the certificate out of use, to the second. A
	// hold that becomes a revocation keeps the date of the hold. While valid it is the time of issue or of resuming.
	At time.Time
	// Invalid is the invalidityDate: from when on the key is known or feared not to be the holder's. Zero if unknown.
	Invalid time.Time
	// Sequence is the place of the last change among those of the issuer; zero if nothing has changed since issue.
	Sequence uint64
	Shard    uint32    // of the CRL that answers for the certificate
	NotAfter time.Time // of the certificate
}

func (s *Status) append(b []byte) []byte {
	b = append(b, rowFormat, byte(s.State), byte(s.Cause))
	b = appendTime(b, s.At)
	b = appendTime(b, s.Invalid)
	b = binary.AppendUvarint(b, s.Sequence)
	b = binary.AppendUvarint(b, uint64(s.Shard))
	return appendTime(b, s.NotAfter)
}

func parseStatus(b []byte) (Status, error) {
	r := openRow(b)
	s := readStatus(r)
	if err := r.end("status"); err != nil {
		return Status{}, err
	}
	return s, nil
}

// readStatus reads what follows the format byte.
func readStatus(r *row) Status {
	s := Status{State: State(r.byte()), Cause: pki.Cause(r.byte())}
	if !knownCause(s.Cause) || s.State == StateNone || s.State > StateRevoked {
		r.bad = true
	}
	s.At, s.Invalid, s.Sequence = r.time(), r.time(), r.number()
	shard := r.number()
	if shard > 1<<32-1 {
		r.bad = true
	}
	s.Shard, s.NotAfter = uint32(shard), r.time() //nolint:gosec // checked above
	return s
}

// Revocation is a certificate with a status that a CRL has to state. In a list of changes it may also be valid again:
// a delta CRL then says removeFromCRL.
type Revocation struct {
	Serial Serial
	Status
}

func (v *Revocation) append(b []byte) []byte {
	b = append(b, rowFormat)
	b = append(b, v.Serial[:]...)
	return v.Status.append(b)
}

func parseChange(b []byte) (Revocation, error) {
	r := openRow(b)
	var v Revocation
	r.fixed(v.Serial[:])
	if r.byte() != rowFormat {
		r.bad = true
	}
	v.Status = readStatus(r)
	if err := r.end("change"); err != nil {
		return Revocation{}, err
	}
	return v, nil
}
