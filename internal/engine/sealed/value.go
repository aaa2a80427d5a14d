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
//	version(1) = 1 || session(8) || counter(8) || ciphertext || tag(16)
//
// The session key is the first 16 bytes of HMAC-SM3(data key, "elicense sealed value v1" || session), the nonce four
// zero bytes and the counter, the associated data the key of the pair. Every opening of the engine draws a new
// session, and its counter only rises, so no nonce is used twice under one key.
const (
	valueVersion = 1
	valueHead    = 1 + 8 + 8
	tagSize      = 16
	nonceSize    = 12

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

// sealer seals under its own session and opens values of any session.
type sealer struct {
	keys    *Keyring
	session [8]byte
	aead    cipher.AEAD
	counter atomic.Uint64

	mu      sync.RWMutex
	earlier map[[8]byte]cipher.AEAD // guarded by mu
}

func newSealer(keys *Keyring, random io.Reader) (*sealer, error) {
	s := &sealer{keys: keys, earlier: map[[8]byte]cipher.AEAD{}}
	if _, err := io.ReadFull(random, s.session[:]); err != nil {
		return nil, fmt.Errorf("drawing session: %w", err)
	}
	var err error
	s.aead, err = s.derive(s.session)
	return s, err
}

func (s *sealer) derive(session [8]byte) (cipher.AEAD, error) {
	return newAEAD(keyOf(s.keys.data[:], "elicense sealed value v1", session[:]))
}

// seal appends the sealed value to dst, which has room for it. nonce is scratch memory.
func (s *sealer) seal(dst, nonce, key, value []byte) []byte {
	counter := s.counter.Add(1)
	clear(nonce[:4])
	binary.BigEndian.PutUint64(nonce[4:], counter)
	dst = append(append(dst, valueVersion), s.session[:]...)
	dst = binary.BigEndian.AppendUint64(dst, counter)
	return s.aead.Seal(dst, nonce, value, key)
}

// open appends the plain value to dst; dst may be the place of the ciphertext inside stored.
func (s *sealer) open(dst, nonce, key, stored []byte) ([]byte, error) {
	if len(stored) < Overhead || stored[0] != valueVersion {
		return nil, errValue
	}
	aead, err := s.cipherOf([8]byte(stored[1:9]))
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

func (s *sealer) cipherOf(session [8]byte) (cipher.AEAD, error) {
	if session == s.session {
		return s.aead, nil
	}
	s.mu.RLock()
	aead := s.earlier[session]
	s.mu.RUnlock()
	if aead != nil {
		return aead, nil
	}
	aead, err := s.derive(session)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.earlier) >= maxSessions {
		clear(s.earlier)
	}
	s.earlier[session] = aead
	return aead, nil
}
