package kmc

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/emmansun/gmsm/sm3"
	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/pki"
)

// Bounds of a custody.
const (
	MinThreshold  = 2
	MaxCustodians = 16
)

// Fingerprint names a key or a custodian: the SM3 digest of the point, or of his entry in the custody.
type Fingerprint [sm3.Size]byte

// String is the fingerprint in hexadecimal digits.
func (f Fingerprint) String() string { return hex.EncodeToString(f[:]) }

// FingerprintOf is the fingerprint of a public key.
func FingerprintOf(key *pki.PublicKey) Fingerprint {
	if key == nil {
		return Fingerprint{}
	}
	return sm3.Sum(key.Point())
}

// Custodian is a key custodian (密钥保管员): a person with two SM2 key pairs of his own.
type Custodian struct {
	Name       string
	Signing    *pki.PublicKey // his signature approves
	Encryption *pki.PublicKey // his shares are encrypted to it
}

// Fingerprint names him in a custody.
func (c Custodian) Fingerprint() Fingerprint {
	var b cryptobyte.Builder
	c.add(&b)
	der, err := b.Bytes()
	if err != nil {
		return Fingerprint{}
	}
	return sm3.Sum(der)
}

// Custody is a set of custodians of which Threshold together can open a key.
type Custody struct {
	Generation int // counts the sets of this centre from 1; the centre gives it
	Threshold  int
	Custodians []Custodian // a custodian's place, from 1, names his shares
}

// check refuses a set that does not keep what the package promises.
func (c *Custody) check() error {
	if c.Threshold < MinThreshold || c.Threshold > len(c.Custodians) || len(c.Custodians) > MaxCustodians {
		return refuse(ReasonCustody, "threshold %d of %d custodians", c.Threshold, len(c.Custodians))
	}
	var names []string
	seen := map[Fingerprint]bool{}
	for _, who := range c.Custodians {
		if !isText(who.Name) || who.Signing == nil || who.Encryption == nil {
			return refuse(ReasonCustody, "a custodian needs a name and two keys")
		}
		for _, name := range names {
			if name == who.Name {
				return refuse(ReasonCustody, "a name stands there twice")
			}
		}
		names = append(names, who.Name)
		for _, key := range []*pki.PublicKey{who.Signing, who.Encryption} {
			if seen[FingerprintOf(key)] {
				return refuse(ReasonCustody, "a key stands there twice")
			}
			seen[FingerprintOf(key)] = true
		}
	}
	return nil
}

// place is where a custodian stands, from 0.
func (c *Custody) place(f Fingerprint) (int, bool) {
	for i, who := range c.Custodians {
		if who.Fingerprint() == f {
			return i, true
		}
	}
	return 0, false
}

// holds tells whether a key is a custodian's.
func (c *Custody) holds(key *pki.PublicKey) bool {
	for _, who := range c.Custodians {
		if key.Equal(who.Signing) || key.Equal(who.Encryption) {
			return true
		}
	}
	return false
}

// marshal writes
//
//	Custody   ::= SEQUENCE { version INTEGER (1), generation INTEGER, threshold INTEGER,
//	                         custodians SEQUENCE OF Custodian }
//	Custodian ::= SEQUENCE { name UTF8String, signing OCTET STRING, encryption OCTET STRING } -- points 04‖X‖Y
func (c *Custody) marshal() ([]byte, error) {
	var b cryptobyte.Builder
	b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1Int64(1)
		b.AddASN1Int64(int64(c.Generation))
		b.AddASN1Int64(int64(c.Threshold))
		b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
			for _, who := range c.Custodians {
				who.add(b)
			}
		})
	})
	return b.Bytes()
}

func (c Custodian) add(b *cryptobyte.Builder) {
	b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(casn1.UTF8String, func(b *cryptobyte.Builder) { b.AddBytes([]byte(c.Name)) })
		b.AddASN1OctetString(c.Signing.Point())
		b.AddASN1OctetString(c.Encryption.Point())
	})
}

// digest names the set in statements.
func (c *Custody) digest() (Fingerprint, error) {
	der, err := c.marshal()
	if err != nil {
		return Fingerprint{}, fmt.Errorf("writing custody: %w", err)
	}
	return sm3.Sum(der), nil
}

func parseCustody(der []byte) (*Custody, error) {
	input := cryptobyte.String(der)
	var body, list cryptobyte.String
	var version int
	c := &Custody{}
	if !input.ReadASN1(&body, casn1.SEQUENCE) || !input.Empty() || !body.ReadASN1Integer(&version) || version != 1 ||
		!body.ReadASN1Integer(&c.Generation) || c.Generation < 1 || !body.ReadASN1Integer(&c.Threshold) ||
		!body.ReadASN1(&list, casn1.SEQUENCE) || !body.Empty() {
		return nil, damaged("custody")
	}
	for !list.Empty() {
		who, ok := readCustodian(&list)
		if !ok || len(c.Custodians) == MaxCustodians {
			return nil, damaged("custodian")
		}
		c.Custodians = append(c.Custodians, who)
	}
	if err := c.check(); err != nil {
		return nil, damaged("custody")
	}
	return c, nil
}

func readCustodian(s *cryptobyte.String) (who Custodian, ok bool) {
	var body, name, signing, encryption cryptobyte.String
	if !s.ReadASN1(&body, casn1.SEQUENCE) || !body.ReadASN1(&name, casn1.UTF8String) ||
		!body.ReadASN1(&signing, casn1.OCTET_STRING) ||
		!body.ReadASN1(&encryption, casn1.OCTET_STRING) || !body.Empty() {
		return who, false
	}
	who.Name = string(name)
	var err1, err2 error
	who.Signing, err1 = parsePoint(signing)
	who.Encryption, err2 = parsePoint(encryption)
	return who, errors.Join(err1, err2) == nil
}

func custodyKey(generation int) []byte {
	return space(spaceCustody, binary.BigEndian.AppendUint32(nil, uint32(generation))) //nolint:gosec // from 1
}

// currentCustody is the newest set, or nil before the founding.
func currentCustody(r engine.Reader) (c *Custody, err error) {
	prefix := space(spaceCustody)
	err = r.Scan(engine.Range{Prefix: prefix, Reverse: true}, func(k, v []byte) (bool, error) {
		if c, err = parseCustody(v); err != nil {
			return false, err
		}
		if !bytes.Equal(k, custodyKey(c.Generation)) {
			return false, damaged("custody of another generation")
		}
		return false, nil
	})
	if err != nil {
		return nil, err
	}
	return c, nil
}

// custodyOf is the set of one generation.
func custodyOf(r engine.Reader, generation int) (*Custody, error) {
	der, err := r.Get(custodyKey(generation))
	if err != nil {
		return nil, fmt.Errorf("reading custody %d: %w", generation, err)
	}
	c, err := parseCustody(der)
	if err != nil {
		return nil, err
	}
	if c.Generation != generation {
		return nil, damaged("custody of another generation")
	}
	return c, nil
}
