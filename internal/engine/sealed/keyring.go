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
	"sync/atomic"

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

// Keyring is the random keys of one engine: for values, for tokens and for blob addresses. It lives in the inner engine
// wrapped under a master key, and stays the same when the master key changes. Values are sealed under the newest of its
// data keys; the others are there as long as values lie under them (see Engine.NewDataKey).
type Keyring struct {
	data   atomic.Pointer[[]dataKey] // ascending by number, never empty
	blobs  [32]byte
	tokens sync.Pool // of *mac under the token key
}

// dataKey is a data key (数据密钥) by the number that the values under it begin with.
type dataKey struct {
	number  byte
	key     [32]byte
	retired bool // stored no more; remembered for Views that began before
}

// newest is the data key that values are sealed under.
func (k *Keyring) newest() dataKey {
	data := *k.data.Load()
	return data[len(data)-1]
}

// dataKey finds the data key of a number.
func (k *Keyring) dataKey(number byte) (key dataKey, ok bool) {
	for _, d := range *k.data.Load() {
		if d.number == number {
			return d, true
		}
	}
	return dataKey{}, false
}

// DataKeys is the number of data keys that are stored: more than one means that values may lie under a former one.
func (k *Keyring) DataKeys() int {
	n := 0
	for _, d := range *k.data.Load() {
		if !d.retired {
			n++
		}
	}
	return n
}

// The inner engine's keys under this prefix belong to this package.
const reserved = "\x00elicense sealed/"

var (
	reservedPrefix = []byte(reserved)
	keyringKey     = []byte(reserved + "keyring")
	stretchKey     = []byte(reserved + "passphrase")
)

// CreateKeyring makes new keys from random and stores them in inner, durable when it returns nil. It refuses with
// ErrKeyring when inner has a keyring: its values could never be read again.
func CreateKeyring(ctx context.Context, inner engine.Engine, master Master, random io.Reader) (*Keyring, error) {
	var keys [3 * 32]byte
	if _, err := io.ReadFull(random, keys[:]); err != nil {
		return nil, fmt.Errorf("drawing keys: %w", err)
	}
	r := ring{
		data:  []dataKey{{number: firstNumber, key: [32]byte(keys[:32])}},
		token: [32]byte(keys[32:64]), blobs: [32]byte(keys[64:]),
	}
	record, err := wrap(master, &r, random)
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
	return r.open(), nil
}

// OpenKeyring reads the keyring of inner: ErrNoKeyring when there is none, ErrWrongMaster when master does not fit.
func OpenKeyring(ctx context.Context, inner engine.Engine, master Master) (*Keyring, error) {
	record, err := readRecord(ctx, inner)
	if err != nil {
		return nil, err
	}
	r, err := unwrap(master, record)
	if err != nil {
		return nil, err
	}
	return r.open(), nil
}

func readRecord(ctx context.Context, inner engine.Engine) (record []byte, err error) {
	err = inner.View(ctx, func(r engine.Reader) (err error) {
		record, err = r.Get(keyringKey)
		return err
	})
	return record, keyringError(err)
}

// RewrapKeyring replaces the master key from by to. No value is written again.
func RewrapKeyring(ctx context.Context, inner engine.Engine, from, to Master, random io.Reader) error {
	return change(ctx, inner, [2]Master{from, to}, random, func(*ring) error { return nil })
}

// RewrappedKeyring is the record of the keyring of inner under the master key to, for ReplaceKeyring. It changes
// nothing, so that several engines can be prepared before the first is changed.
func RewrappedKeyring(ctx context.Context, inner engine.Engine, from, to Master, random io.Reader) ([]byte, error) {
	record, err := readRecord(ctx, inner)
	if err != nil {
		return nil, err
	}
	r, err := unwrap(from, record)
	if err != nil {
		return nil, err
	}
	if record, err = wrap(to, &r, random); err != nil {
		return nil, err
	}
	_, err = unwrap(to, record) // it will stand in place of the only one there is
	return record, err
}

// ReplaceKeyring stores a record made by RewrappedKeyring of the same engine. It cannot tell whether it is: what it is
// given must have been kept with care.
func ReplaceKeyring(ctx context.Context, inner engine.Engine, record []byte) error {
	if !isRecord(record) {
		return fmt.Errorf("%w: keyring record", engine.ErrCorrupt)
	}
	return keyringError(inner.Update(ctx, func(w engine.Writer) error {
		if _, err := w.Get(keyringKey); err != nil {
			return err
		}
		return w.Put(keyringKey, record)
	}))
}

// change alters the stored keyring in one transaction; masters are the one that opens it and the one that it is put
// under.
func change(ctx context.Context, inner engine.Engine, masters [2]Master, random io.Reader, by func(*ring) error) error {
	var salted [ringHead - 1]byte // drawn once: closures are pure
	if _, err := io.ReadFull(random, salted[:]); err != nil {
		return fmt.Errorf("drawing salt: %w", err)
	}
	return keyringError(inner.Update(ctx, func(w engine.Writer) error {
		record, err := w.Get(keyringKey)
		if err != nil {
			return err
		}
		r, err := unwrap(masters[0], record)
		if err != nil {
			return err
		}
		if err := by(&r); err != nil {
			return err
		}
		if record, err = wrap(masters[1], &r, bytes.NewReader(salted[:])); err != nil {
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

// keyOf is the first 16 bytes of HMAC-SM3(secret, label || context).
func keyOf(secret []byte, label string, context []byte) []byte {
	h := hmac.New(sm3.New, secret)
	h.Write([]byte(label))
	h.Write(context)
	return h.Sum(nil)[:16]
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
