package sealed

import (
	"crypto/cipher"
	"encoding/binary"
	"fmt"
	"io"
	"sync"
	"sync/atomic"

	"github.com/emmansun/gmsm/sm4"

	"github.com/elicense/elicense/internal/engine"
)

// A sealed value:
//
//	number of the data key(1) || session(8) || counter(8) || ciphertext || tag(16)
//
// The session key is the first 16 bytes of HMAC-SM3(data key, "elicense sealed value v1" || session), the nonce four
// zero bytes and the counter, the associated data the key of the pair. Every opening of the engine and every new data
// key draws a new session, and its counter only rises, so no nonce is used twice under one key.
const (
	valueHead = 1 + 8 + 8
	tagSize   = 16
	nonceSize = 12

	// Overhead is what sealing adds to a value.
	Overhead = valueHead + tagSize

	// MaxValueBytes is the largest value of a sealed engine.
	MaxValueBytes = engine.MaxValueBytes - Overhead

	// maxSessions bounds the ciphers kept for the values of earlier openings.
	maxSessions = 1024
)

func newAEAD(key []byte) (cipher.AEAD, error) {
	block, err := sm4.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("sealed: making cipher: %v", err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fmt.Errorf("sealed: making cipher: %v", err)
	}
	return aead, nil
}

// session is what values are sealed with until the engine is closed or gets a new data key.
type session struct {
	number  byte // of the data key
	id      [8]byte
	aead    cipher.AEAD
	counter atomic.Uint64
}

func newSession(key *dataKey, random io.Reader) (*session, error) {
	s := &session{number: key.number}
	if _, err := io.ReadFull(random, s.id[:]); err != nil {
		return nil, fmt.Errorf("drawing session: %w", err)
	}
	var err error
	s.aead, err = key.derive(s.id)
	return s, err
}

func (k *dataKey) derive(session [8]byte) (cipher.AEAD, error) {
	return newAEAD(keyOf(k.key[:], "elicense sealed value v1", session[:]))
}

// sealer seals under the present session and opens values of any session.
type sealer struct {
	keys    *Keyring
	present atomic.Pointer[session]

	mu      sync.RWMutex
	earlier map[[9]byte]cipher.AEAD // guarded by mu; by number and session
}

func newSealer(keys *Keyring, random io.Reader) (*sealer, error) {
	s := &sealer{keys: keys, earlier: map[[9]byte]cipher.AEAD{}}
	newest := keys.newest()
	present, err := newSession(&newest, random)
	if err != nil {
		return nil, err
	}
	s.present.Store(present)
	return s, nil
}

// seal appends the sealed value to dst, which has room for it. nonce is scratch memory.
func (s *sealer) seal(dst, nonce, key, value []byte) []byte {
	present := s.present.Load()
	counter := present.counter.Add(1)
	clear(nonce[:4])
	binary.BigEndian.PutUint64(nonce[4:], counter)
	dst = append(append(dst, present.number), present.id[:]...)
	dst = binary.BigEndian.AppendUint64(dst, counter)
	return present.aead.Seal(dst, nonce, value, key)
}

// open appends the plain value to dst; dst may be the place of the ciphertext inside stored.
func (s *sealer) open(dst, nonce, key, stored []byte) ([]byte, error) {
	if len(stored) < Overhead {
		return nil, errValue
	}
	aead, err := s.cipherOf([9]byte(stored[:9]))
	if err != nil {
		return nil, err
	}
	clear(nonce[:4])
	copy(nonce[4:], stored[9:valueHead])
	plain, err := aead.Open(dst, nonce, stored[valueHead:], key)
	if err != nil {
		return nil, errValue
	}
	return plain, nil
}

var errValue = fmt.Errorf("%w: sealed value", engine.ErrCorrupt)

// cipherOf finds the cipher of a session, named by the number of its data key and its eight bytes.
func (s *sealer) cipherOf(name [9]byte) (cipher.AEAD, error) {
	if p := s.present.Load(); name[0] == p.number && [8]byte(name[1:]) == p.id {
		return p.aead, nil
	}
	s.mu.RLock()
	aead := s.earlier[name]
	s.mu.RUnlock()
	if aead != nil {
		return aead, nil
	}
	key, ok := s.keys.dataKey(name[0])
	if !ok {
		return nil, errValue
	}
	aead, err := key.derive([8]byte(name[1:]))
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.earlier) >= maxSessions {
		clear(s.earlier)
	}
	s.earlier[name] = aead
	return aead, nil
}
