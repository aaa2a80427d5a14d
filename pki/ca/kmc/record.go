package kmc

import (
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/emmansun/gmsm/sm3"
	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/internal/sm2sig"
	"github.com/elicense/elicense/pki"
)

// Spaces of the store; each key is "kmc/", one letter, and what the comment says.
const (
	spaceSpare      = 's' // key -> record: ready, given to nobody (备用库)
	spaceInUse      = 'u' // key -> record: of a living certificate (在用库)
	spaceHistory    = 'h' // key -> record: of a certificate that has ended (历史库)
	spaceEscrow     = 'e' // key -> escrow
	spaceGeneration = 'g' // generation, key -> nothing: whose shares the escrow holds
	spaceRequest    = 'r' // digest of a request's name -> key
	spaceHolder     = 'o' // digest of a holder, key -> nothing
	spaceCustody    = 'c' // generation -> custody
	spaceRewrap     = 'w' // -> generation whose shares are being replaced, and the statement
	spaceTranscript = 't' // number -> transcript entry
)

// KeyID names a key pair: the SM3 digest of its public point.
type KeyID [sm3.Size]byte

// String is the name in hexadecimal digits.
func (k KeyID) String() string { return hex.EncodeToString(k[:]) }

// KeyIDOf is the name of the pair with this public key.
func KeyIDOf(public *pki.PublicKey) KeyID { return KeyID(FingerprintOf(public)) }

// State is where a key pair is kept.
type State uint8

// The states. Zero is none.
const (
	StateSpare   State = iota + 1 // 备用: made, given to nobody
	StateInUse                    // 在用: delivered, its certificate may live
	StateHistory                  // 历史: its certificate has ended; recovery goes on
)

// states are the spaces by state.
var states = map[State]byte{StateSpare: spaceSpare, StateInUse: spaceInUse, StateHistory: spaceHistory}

// Record is what the centre says of a key pair; the private key is not in it.
type Record struct {
	Key    KeyID
	State  State
	Public *pki.PublicKey
	Made   time.Time

	Holder      string      // as the application named him; empty for a spare
	Request     [32]byte    // SM3 of the request's name
	Recipient   Fingerprint // of the signing key it was delivered to
	Assigned    time.Time
	Envelope    []byte // SM2EnvelopedKey as delivered, until the certificate is confirmed
	Certificate []byte // serial number of the encryption certificate, big-endian; empty until confirmed

	Retired time.Time // zero but in the history
	Why     string
}

func damaged(what string) error { return fmt.Errorf("%w: %s", ErrDamaged, what) }

// space is the prefix of a space, followed by parts of a key.
func space(letter byte, parts ...[]byte) []byte {
	key := append([]byte("kmc/"), letter)
	for _, p := range parts {
		key = append(key, p...)
	}
	return key
}

// marshal writes
//
//	Record ::= SEQUENCE { version INTEGER (1), public OCTET STRING, made GeneralizedTime,
//	  assignment [0] SEQUENCE { holder UTF8String, request OCTET STRING, recipient OCTET STRING, at GeneralizedTime,
//	                            envelope OCTET STRING, certificate OCTET STRING } OPTIONAL,
//	  retirement [1] SEQUENCE { at GeneralizedTime, why UTF8String } OPTIONAL }
func (r *Record) marshal() ([]byte, error) {
	var b cryptobyte.Builder
	b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1Int64(1)
		b.AddASN1OctetString(r.Public.Point())
		b.AddASN1GeneralizedTime(r.Made)
		if r.State == StateSpare {
			return
		}
		b.AddASN1(casn1.Tag(0).ContextSpecific().Constructed(), func(b *cryptobyte.Builder) {
			addText(b, r.Holder)
			b.AddASN1OctetString(r.Request[:])
			b.AddASN1OctetString(r.Recipient[:])
			b.AddASN1GeneralizedTime(r.Assigned)
			b.AddASN1OctetString(r.Envelope)
			b.AddASN1OctetString(r.Certificate)
		})
		if r.State == StateInUse {
			return
		}
		b.AddASN1(casn1.Tag(1).ContextSpecific().Constructed(), func(b *cryptobyte.Builder) {
			b.AddASN1GeneralizedTime(r.Retired)
			addText(b, r.Why)
		})
	})
	return b.Bytes()
}

func addText(b *cryptobyte.Builder, s string) {
	b.AddASN1(casn1.UTF8String, func(b *cryptobyte.Builder) { b.AddBytes([]byte(s)) })
}

// parseRecord reads a record of a state; it must have the parts that the state has, and no others.
func parseRecord(state State, der []byte) (*Record, error) {
	input := cryptobyte.String(der)
	var body, public, assignment, retirement cryptobyte.String
	var assigned, retired bool
	var version int
	r := &Record{State: state}
	if !input.ReadASN1(&body, casn1.SEQUENCE) || !input.Empty() || !body.ReadASN1Integer(&version) || version != 1 ||
		!body.ReadASN1(&public, casn1.OCTET_STRING) || !body.ReadASN1GeneralizedTime(&r.Made) ||
		!body.ReadOptionalASN1(&assignment, &assigned, casn1.Tag(0).ContextSpecific().Constructed()) ||
		!body.ReadOptionalASN1(&retirement, &retired, casn1.Tag(1).ContextSpecific().Constructed()) || !body.Empty() {
		return nil, damaged("record")
	}
	if assigned != (state != StateSpare) || retired != (state == StateHistory) {
		return nil, damaged("record of another state")
	}
	var err error
	if r.Public, err = parsePoint(public); err != nil || !r.readHistory(assignment, retirement) {
		return nil, damaged("record")
	}
	r.Key = KeyIDOf(r.Public)
	return r, nil
}

// readHistory reads the parts that the record's state has.
func (r *Record) readHistory(assignment, retirement cryptobyte.String) bool {
	return (r.State == StateSpare || r.readAssignment(assignment)) &&
		(r.State != StateHistory || r.readRetirement(retirement))
}

func (r *Record) readAssignment(s cryptobyte.String) bool {
	var holder, envelope, certificate cryptobyte.String
	if !s.ReadASN1(&holder, casn1.UTF8String) || !readFixed(&s, r.Request[:]) || !readFixed(&s, r.Recipient[:]) ||
		!s.ReadASN1GeneralizedTime(&r.Assigned) || !s.ReadASN1(&envelope, casn1.OCTET_STRING) ||
		!s.ReadASN1(&certificate, casn1.OCTET_STRING) || !s.Empty() {
		return false
	}
	r.Holder = string(holder)
	r.Envelope = append([]byte(nil), envelope...)
	r.Certificate = append([]byte(nil), certificate...)
	return true
}

func (r *Record) readRetirement(s cryptobyte.String) bool {
	var why cryptobyte.String
	if !s.ReadASN1GeneralizedTime(&r.Retired) || !s.ReadASN1(&why, casn1.UTF8String) || !s.Empty() {
		return false
	}
	r.Why = string(why)
	return true
}

// parsePoint reads the point 04‖X‖Y of a public key.
func parsePoint(point []byte) (*pki.PublicKey, error) { return sm2sig.ParsePublicKey(point) }

// getRecord finds a key in whatever state it is, or ReasonUnknown.
func getRecord(r engine.Reader, key KeyID) (*Record, error) {
	for _, state := range []State{StateInUse, StateHistory, StateSpare} {
		der, err := r.Get(space(states[state], key[:]))
		if errors.Is(err, engine.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("reading key record: %w", err)
		}
		return parseRecordOf(key, state, der)
	}
	return nil, refuse(ReasonUnknown, "key %s", key)
}

// parseRecordOf reads the record that is stored under a key.
func parseRecordOf(key KeyID, state State, der []byte) (*Record, error) {
	record, err := parseRecord(state, der)
	if err != nil {
		return nil, err
	}
	if record.Key != key {
		return nil, damaged("record of another key")
	}
	return record, nil
}

// putRecord stores a record in the space of its state and takes it out of the state it was in; zero is none.
func putRecord(w engine.Writer, was State, record *Record) error {
	der, err := record.marshal()
	if err != nil {
		return fmt.Errorf("writing key record: %w", err)
	}
	if was != 0 && was != record.State {
		if err := w.Delete(space(states[was], record.Key[:])); err != nil {
			return err
		}
	}
	return w.Put(space(states[record.State], record.Key[:]), der)
}
