package sealed

import (
	"bytes"
	"context"
	"crypto/hmac"
	"errors"
	"fmt"
	"hash"
	"io"
	"sync"

	"github.com/emmansun/gmsm/sm3"

	"github.com/elicense/elicense/internal/engine"
)

// Sentinels.
var (
	ErrNoKeyring   = errors.New("sealed: no keyring")
	ErrKeyring     = errors.New("sealed: keyring exists")
	ErrWrongMaster = errors.New("sealed: wrong master key, or damaged keyring")
)

// Master is the key that wraps a keyring (主密钥). It never lies beside the data.
type Master [32]byte

// Keyring is the random keys of one engine: for values, for tokens and for blob addresses. It is made once, lives in
// the inner engine wrapped under a master key, and stays the same when the master key changes.
type Keyring struct {
	data   [32]byte
	blobs  [32]byte
	tokens sync.Pool // of *mac under the token key
}

// The inner engine's keys under this prefix belong to this package.
const reserved = "\x00elicense sealed/"

var (
	reservedPrefix = []byte(reserved)
	keyringKey     = []byte(reserved + "keyring")
	stretchKey     = []byte(reserved + "passphrase")
)

// The keyring's record:
//
//	version(1) = 1 || salt(16) || nonce(12) || SM4-GCM of data key(32) || token key(32) || blob key(32), and tag(16)
//
// under the first 16 bytes of HMAC-SM3(master, "elicense keyring v1" || salt), with the record's key and version as
// associated data.
const (
	ringVersion = 1
	ringHead    = 1 + 16 + 12
	ringSize    = ringHead + 3*32 + tagSize
)

// CreateKeyring makes new keys from random and stores them in inner, durable when it returns nil. It refuses with
// ErrKeyring when inner has a keyring: its values could never be read again.
func CreateKeyring(ctx context.Context, inner engine.Engine, master Master, random io.Reader) (*Keyring, error) {
	var keys [3 * 32]byte
	if _, err := io.ReadFull(random, keys[:]); err != nil {
		return nil, fmt.Errorf("drawing keys: %w", err)
	}
	record, err := wrap(master, keys[:], random)
	if err != nil {
		return nil, err
	}
	err = inner.Update(ctx, func(w engine.Writer) error { return w.Create(keyringKey, record) })
	if errors.Is(err, engine.ErrExists) {
		return nil, ErrKeyring
	}
	if err != nil {
		return nil, fmt.Errorf("storing keyring: %w", err)
	}
	return newKeyring(keys[:]), nil
}

// OpenKeyring reads the keyring of inner: ErrNoKeyring when there is none, ErrWrongMaster when master does not fit.
func OpenKeyring(ctx context.Context, inner engine.Engine, master Master) (*Keyring, error) {
	var record []byte
	err := inner.View(ctx, func(r engine.Reader) (err error) {
		record, err = r.Get(keyringKey)
		return err
	})
	if err != nil {
		return nil, keyringError(err)
	}
	keys, err := unwrap(master, record)
	if err != nil {
		return nil, err
	}
	return newKeyring(keys), nil
}

// RewrapKeyring replaces the master key from by to. No value is written again.
func RewrapKeyring(ctx context.Context, inner engine.Engine, from, to Master, random io.Reader) error {
	var salted [ringHead - 1]byte // drawn once: closures are pure
	if _, err := io.ReadFull(random, salted[:]); err != nil {
		return fmt.Errorf("drawing salt: %w", err)
	}
	return keyringError(inner.Update(ctx, func(w engine.Writer) error {
		record, err := w.Get(keyringKey)
		if err != nil {
			return err
		}
		keys, err := unwrap(from, record)
		if err != nil {
			return err
		}
		if record, err = wrap(to, keys, bytes.NewReader(salted[:])); err != nil {
			return err
		}
		return w.Put(keyringKey, record)
	}))
}

func keyringError(err error) error {
	if errors.Is(err, engine.ErrNotFound) {
		return ErrNoKeyring
	}
	return err
}

func wrap(master Master, keys []byte, random io.Reader) ([]byte, error) {
	record := make([]byte, ringHead, ringSize)
	record[0] = ringVersion
	if _, err := io.ReadFull(random, record[1:]); err != nil {
		return nil, fmt.Errorf("drawing salt: %w", err)
	}
	aead, err := newAEAD(keyOf(master[:], "elicense keyring v1", record[1:17]))
	if err != nil {
		return nil, err
	}
	return aead.Seal(record, record[17:ringHead], keys,
		append(keyringKey[:len(keyringKey):len(keyringKey)], ringVersion)), nil
}

func unwrap(master Master, record []byte) ([]byte, error) {
	if len(record) != ringSize || record[0] != ringVersion {
		return nil, fmt.Errorf("%w: keyring record", engine.ErrCorrupt)
	}
	aead, err := newAEAD(keyOf(master[:], "elicense keyring v1", record[1:17]))
	if err != nil {
		return nil, err
	}
	aad := append(keyringKey[:len(keyringKey):len(keyringKey)], ringVersion)
	keys, err := aead.Open(nil, record[17:ringHead], record[ringHead:], aad)
	if err != nil {
		return nil, ErrWrongMaster
	}
	return keys, nil
}

// keyOf is the first 16 bytes of HMAC-SM3(secret, label || context).
func keyOf(secret []byte, label string, context []byte) []byte {
	h := hmac.New(sm3.New, secret)
	h.Write([]byte(label))
	h.Write(context)
	return h.Sum(nil)[:16]
}

func newKeyring(keys []byte) *Keyring {
	k := &Keyring{data: [32]byte(keys[:32]), blobs: [32]byte(keys[64:96])}
	token := [32]byte(keys[32:64])
	k.tokens.New = func() any { return &mac{hash: hmac.New(sm3.New, token[:])} }
	return k
}

// mac is a keyed hash that is used again and again; resetting it costs no hashing of the key.
type mac struct {
	hash hash.Hash
	buf  []byte
	sum  [32]byte
}

// Token turns a personal key part (an identity number, a name) into a searchable key that tells nothing without the
// token key: HMAC-SM3 over domain and parts, each preceded by its length in four big-endian bytes. Tokens of
// different domains have nothing in common.
func (k *Keyring) Token(domain string, parts ...[]byte) [32]byte {
	m, _ := k.tokens.Get().(*mac)
	m.buf = append(appendLength(m.buf[:0], len(domain)), domain...)
	for _, part := range parts {
		m.buf = append(appendLength(m.buf, len(part)), part...)
	}
	sum := m.of(m.buf)
	clear(m.buf)
	k.tokens.Put(m)
	return sum
}

func appendLength(b []byte, n int) []byte {
	return append(b, byte(n>>24), byte(n>>16), byte(n>>8), byte(n)) //nolint:gosec // a part is below 4 GiB
}

// AddressHash is HMAC-SM3 under the blob key: what blobs are named by.
func (k *Keyring) AddressHash() hash.Hash { return hmac.New(sm3.New, k.blobs[:]) }

func (m *mac) of(message []byte) [32]byte {
	m.hash.Reset()
	m.hash.Write(message)
	m.hash.Sum(m.sum[:0])
	return m.sum
}
