package sealed

import (
	"crypto/hmac"
	"fmt"
	"io"

	"github.com/emmansun/gmsm/sm3"

	"github.com/elicense/elicense/internal/engine"
)

// The keyring's record:
//
//	version(1) || salt(16) || nonce(12) || SM4-GCM of the keys, and tag(16)
//
// under the first 16 bytes of HMAC-SM3(master, "elicense keyring v1" || salt), with the record's key and version as
// associated data. The keys of version 1 are data key(32) || token key(32) || blob key(32), where the data key has the
// number 1; those of version 2 are token key(32) || blob key(32) || 1 to 255 times number(1) || data key(32), the
// numbers ascending from 1 or more. A keyring that version 1 can hold is written so.
const (
	ringSingle  = 1
	ringMany    = 2
	ringHead    = 1 + 16 + 12
	entrySize   = 1 + 32
	firstNumber = 1
	maxNumber   = 255
)

// ring is the keys of a keyring.
type ring struct {
	data         []dataKey
	token, blobs [32]byte
}

func (r *ring) open() *Keyring {
	k := &Keyring{blobs: r.blobs}
	k.data.Store(&r.data)
	token := r.token
	k.tokens.New = func() any { return &mac{hash: hmac.New(sm3.New, token[:])} }
	return k
}

// isRecord tells whether a record has the form of one.
func isRecord(record []byte) bool {
	keys := len(record) - ringHead - tagSize
	switch {
	case keys < 3*32:
		return false
	case record[0] == ringSingle:
		return keys == 3*32
	default:
		return record[0] == ringMany && (keys-2*32)%entrySize == 0
	}
}

func wrap(master Master, r *ring, random io.Reader) ([]byte, error) {
	version, keys := r.marshal()
	defer clear(keys)
	record := make([]byte, ringHead, ringHead+len(keys)+tagSize)
	record[0] = version
	if _, err := io.ReadFull(random, record[1:]); err != nil {
		return nil, fmt.Errorf("drawing salt: %w", err)
	}
	aead, err := newAEAD(keyOf(master[:], "elicense keyring v1", record[1:17]))
	if err != nil {
		return nil, err
	}
	return aead.Seal(record, record[17:ringHead], keys, recordContext(version)), nil
}

func unwrap(master Master, record []byte) (ring, error) {
	if !isRecord(record) {
		return ring{}, fmt.Errorf("%w: keyring record", engine.ErrCorrupt)
	}
	aead, err := newAEAD(keyOf(master[:], "elicense keyring v1", record[1:17]))
	if err != nil {
		return ring{}, err
	}
	keys, err := aead.Open(nil, record[17:ringHead], record[ringHead:], recordContext(record[0]))
	if err != nil {
		return ring{}, ErrWrongMaster
	}
	defer clear(keys)
	return parseRing(record[0], keys)
}

func recordContext(version byte) []byte {
	return append(keyringKey[:len(keyringKey):len(keyringKey)], version)
}

func (r *ring) marshal() (version byte, keys []byte) {
	if len(r.data) == 1 && r.data[0].number == firstNumber {
		keys = append(keys, r.data[0].key[:]...)
		return ringSingle, append(append(keys, r.token[:]...), r.blobs[:]...)
	}
	keys = make([]byte, 0, 2*32+len(r.data)*entrySize)
	keys = append(append(keys, r.token[:]...), r.blobs[:]...)
	for _, d := range r.data {
		keys = append(append(keys, d.number), d.key[:]...)
	}
	return ringMany, keys
}

// parseRing reads keys whose length isRecord has found right.
func parseRing(version byte, keys []byte) (ring, error) {
	if version == ringSingle {
		return ring{
			data:  []dataKey{{number: firstNumber, key: [32]byte(keys[:32])}},
			token: [32]byte(keys[32:64]), blobs: [32]byte(keys[64:]),
		}, nil
	}
	r := ring{token: [32]byte(keys[:32]), blobs: [32]byte(keys[32:64])}
	last := byte(0)
	for rest := keys[64:]; len(rest) > 0; rest = rest[entrySize:] {
		if rest[0] <= last {
			return ring{}, fmt.Errorf("%w: order of data keys", engine.ErrCorrupt)
		}
		last = rest[0]
		r.data = append(r.data, dataKey{number: last, key: [32]byte(rest[1:entrySize])})
	}
	return r, nil
}
