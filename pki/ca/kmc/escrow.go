package kmc

import (
	"bytes"
	"crypto/cipher"
	"encoding/binary"
	"fmt"
	"io"

	"github.com/emmansun/gmsm/sm3"
	"github.com/emmansun/gmsm/sm4"
	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/elicense/elicense/internal/envelope"
)

const (
	nonceSize  = 12
	sealedSize = envelope.PrivateSize + 16 // SM4-GCM adds its tag

	escrowLabel = "elicense kmc escrow\x01"
	shareLabel  = "elicense kmc share\x01"
	shareSize   = len(shareLabel) + len(KeyID{}) + 4 + 1 + secretSize
)

// escrow is a private key as it is kept: sealed under a key of its own, and that key in shares.
type escrow struct {
	generation int // of the custody that the shares are for
	nonce      [nonceSize]byte
	sealed     [sealedSize]byte // SM4-GCM (GB/T 32907-2016, GB/T 36624-2018) of d, bound to key and generation
	shares     []wrappedShare   // in the order of the custodians
}

// wrappedShare is what one custodian holds of one key, encrypted to him.
type wrappedShare struct {
	check  [sm3.Size]byte // SM3 of the share, which is as random as a key: it shows who gave a false one
	cipher []byte         // SM2Cipher of the share
}

// share is what a custodian's decryption shows. It names the key it belongs to, so that he who approves the recovery
// of one key cannot be made to open another.
type share struct {
	key        KeyID
	generation int
	point      point
}

// marshal writes label ‖ key ‖ generation ‖ x ‖ y.
func (s share) marshal() []byte {
	b := append(make([]byte, 0, shareSize), shareLabel...)
	b = append(b, s.key[:]...)
	b = binary.BigEndian.AppendUint32(b, uint32(s.generation)) //nolint:gosec // from 1
	b = append(b, s.point.x)
	return append(b, s.point.y[:]...)
}

func parseShare(b []byte) (s share, ok bool) {
	if len(b) != shareSize || !bytes.HasPrefix(b, []byte(shareLabel)) {
		return share{}, false
	}
	b = b[len(shareLabel):]
	b = b[copy(s.key[:], b):]
	s.generation = int(binary.BigEndian.Uint32(b))
	s.point.x = b[4]
	copy(s.point.y[:], b[5:])
	return s, true
}

// bound is what the sealed key is bound to.
func bound(key KeyID, generation int) []byte {
	b := append([]byte(escrowLabel), key[:]...)
	return binary.BigEndian.AppendUint32(b, uint32(generation)) //nolint:gosec // from 1
}

// sealEscrow puts d into escrow for a custody.
func sealEscrow(random io.Reader, to *Custody, key KeyID, d [envelope.PrivateSize]byte) (*escrow, error) {
	var secret [secretSize]byte
	defer clear(secret[:])
	e := &escrow{generation: to.Generation}
	if _, err := io.ReadFull(random, secret[:]); err != nil {
		return nil, fmt.Errorf("reading random key: %w", err)
	}
	if _, err := io.ReadFull(random, e.nonce[:]); err != nil {
		return nil, fmt.Errorf("reading random nonce: %w", err)
	}
	aead, err := newAEAD(secret)
	if err != nil {
		return nil, err
	}
	aead.Seal(e.sealed[:0], e.nonce[:], d[:], bound(key, e.generation))
	points, err := split(random, secret, to.Threshold, len(to.Custodians))
	if err != nil {
		return nil, err
	}
	defer clear(points)
	for i, who := range to.Custodians {
		w, err := wrapShare(random, who, share{key: key, generation: to.Generation, point: points[i]})
		if err != nil {
			return nil, err
		}
		e.shares = append(e.shares, w)
	}
	return e, nil
}

func wrapShare(random io.Reader, to Custodian, s share) (w wrappedShare, err error) {
	plain := s.marshal()
	defer clear(plain)
	w.check = shareCheck(plain)
	if w.cipher, err = envelope.Encrypt(random, to.Encryption, plain); err != nil {
		return w, fmt.Errorf("wrapping share: %w", err)
	}
	return w, nil
}

// shareCheck is what a share is compared with when it comes back.
func shareCheck(plain []byte) [sm3.Size]byte { return sm3.Sum(plain) }

// open gives d for the shares of enough custodians.
func (e *escrow) open(key KeyID, points []point) (d [envelope.PrivateSize]byte, err error) {
	secret, ok := combine(points)
	defer clear(secret[:])
	if !ok {
		return d, refuse(ReasonEscrow, "shares do not combine")
	}
	aead, err := newAEAD(secret)
	if err != nil {
		return d, err
	}
	var plain [envelope.PrivateSize]byte
	if _, err := aead.Open(plain[:0], e.nonce[:], e.sealed[:], bound(key, e.generation)); err != nil {
		return d, refuse(ReasonEscrow, "%d shares do not open the key", len(points))
	}
	return plain, nil
}

func newAEAD(secret [secretSize]byte) (cipher.AEAD, error) {
	block, err := sm4.NewCipher(secret[:])
	if err != nil {
		return nil, fmt.Errorf("preparing SM4: %v", err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fmt.Errorf("preparing SM4-GCM: %v", err)
	}
	return aead, nil
}

// marshal writes
//
//	Escrow ::= SEQUENCE { version INTEGER (1), generation INTEGER, nonce OCTET STRING, sealed OCTET STRING,
//	                      shares SEQUENCE OF SEQUENCE { check OCTET STRING, cipher SM2Cipher } }
func (e *escrow) marshal() ([]byte, error) {
	var b cryptobyte.Builder
	b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1Int64(1)
		b.AddASN1Int64(int64(e.generation))
		b.AddASN1OctetString(e.nonce[:])
		b.AddASN1OctetString(e.sealed[:])
		b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
			for _, s := range e.shares {
				b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
					b.AddASN1OctetString(s.check[:])
					b.AddBytes(s.cipher)
				})
			}
		})
	})
	return b.Bytes()
}

func parseEscrow(der []byte) (*escrow, error) {
	input := cryptobyte.String(der)
	var body, list cryptobyte.String
	var version int
	e := &escrow{}
	if !input.ReadASN1(&body, casn1.SEQUENCE) || !input.Empty() || !body.ReadASN1Integer(&version) || version != 1 ||
		!body.ReadASN1Integer(&e.generation) || e.generation < 1 ||
		!readFixed(&body, e.nonce[:]) || !readFixed(&body, e.sealed[:]) ||
		!body.ReadASN1(&list, casn1.SEQUENCE) || !body.Empty() {
		return nil, damaged("escrow")
	}
	for !list.Empty() {
		w, ok := readWrappedShare(&list)
		if !ok || len(e.shares) == MaxCustodians {
			return nil, damaged("share")
		}
		e.shares = append(e.shares, w)
	}
	return e, nil
}

func readWrappedShare(s *cryptobyte.String) (w wrappedShare, ok bool) {
	var one, cipher cryptobyte.String
	if !s.ReadASN1(&one, casn1.SEQUENCE) || !readFixed(&one, w.check[:]) ||
		!one.ReadASN1Element(&cipher, casn1.SEQUENCE) || !one.Empty() {
		return w, false
	}
	_, err := envelope.ParseCipher(cipher)
	w.cipher = append([]byte(nil), cipher...)
	return w, err == nil
}

// readFixed reads an OCTET STRING of exactly the length of out.
func readFixed(s *cryptobyte.String, out []byte) bool {
	var v cryptobyte.String
	return s.ReadASN1(&v, casn1.OCTET_STRING) && len(v) == len(out) && copy(out, v) == len(out)
}
