package provider

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"github.com/emmansun/gmsm/sm3"
	"github.com/go-jose/go-jose/v4"

	"github.com/elicense/elicense/internal/engine"
)

// Key spaces of the keys of tokens. See server/keys.go for their neighbours.
//
//	o                                      the key that signs, PKCS#8
//	of || until(8) || SM3 of the key(32)   a former one, PKIX; until is a Unix second, big-endian
const (
	spaceKey    = "o"
	spaceFormer = "of"
)

// formerSlack is how much longer than a token a former key is taken, for tokens that are made while keys change and for
// clocks that differ.
const formerSlack = time.Minute

// KeysConfig says where the keys of tokens are kept. Every field without a stated zero meaning must be set.
type KeysConfig struct {
	Engine   engine.Engine // sealed
	Now      func() time.Time
	Rand     io.Reader     // cryptographic
	Lifetime time.Duration // of tokens, as Config has it; zero: an hour
}

// Keys are the keys of tokens: the one that signs, and the public keys of former ones as long as a token that they have
// signed may be in use. So the key changes and nobody is logged out. It is safe for concurrent use.
type Keys struct {
	cfg KeysConfig

	rolling sync.Mutex

	mu      sync.RWMutex
	present *ecdsa.PrivateKey // guarded by mu
	former  []formerKey       // guarded by mu
}

type formerKey struct {
	public *ecdsa.PublicKey
	until  time.Time
}

// OpenKeys reads the keys, and makes one when there is none.
func OpenKeys(ctx context.Context, cfg KeysConfig) (*Keys, error) {
	if cfg.Engine == nil || cfg.Now == nil || cfg.Rand == nil {
		return nil, ErrConfig
	}
	if cfg.Lifetime <= 0 {
		cfg.Lifetime = defaultLifetime
	}
	k := &Keys{cfg: cfg}
	_, made, err := k.draw()
	if err != nil {
		return nil, err
	}
	var kept []byte
	err = cfg.Engine.Update(ctx, func(w engine.Writer) error {
		value, err := w.Get([]byte(spaceKey))
		if errors.Is(err, engine.ErrNotFound) {
			kept = made
			return w.Put([]byte(spaceKey), made)
		}
		kept = append([]byte(nil), value...)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("opening the key of tokens: %w", err)
	}
	if k.present, err = parsePrivate(kept); err != nil {
		return nil, err
	}
	if k.former, err = k.readFormer(ctx); err != nil {
		return nil, fmt.Errorf("opening former keys of tokens: %w", err)
	}
	return k, nil
}

// draw makes a key and what is stored of it.
func (k *Keys) draw() (*ecdsa.PrivateKey, []byte, error) {
	made, err := ecdsa.GenerateKey(elliptic.P256(), k.cfg.Rand)
	if err != nil {
		return nil, nil, fmt.Errorf("making the key of tokens: %w", err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(made)
	if err != nil {
		return nil, nil, fmt.Errorf("writing the key of tokens: %w", err)
	}
	return made, secret, nil
}

func parsePrivate(kept []byte) (*ecdsa.PrivateKey, error) {
	key, err := x509.ParsePKCS8PrivateKey(kept)
	private, ok := key.(*ecdsa.PrivateKey)
	if err != nil || !ok || private.Curve != elliptic.P256() {
		return nil, fmt.Errorf("%w: key of tokens", engine.ErrCorrupt)
	}
	return private, nil
}

func (k *Keys) readFormer(ctx context.Context) (list []formerKey, err error) {
	err = k.cfg.Engine.View(ctx, func(r engine.Reader) error {
		list = nil
		return r.Scan(engine.Range{Prefix: []byte(spaceFormer)}, func(key, value []byte) (bool, error) {
			rest := key[len(spaceFormer):]
			parsed, err := x509.ParsePKIXPublicKey(value)
			public, ok := parsed.(*ecdsa.PublicKey)
			if err != nil || !ok || len(rest) != 8+sm3.Size {
				return false, fmt.Errorf("%w: former key of tokens", engine.ErrCorrupt)
			}
			until := int64(binary.BigEndian.Uint64(rest)) //nolint:gosec // the bits are kept
			list = append(list, formerKey{public, time.Unix(until, 0)})
			return true, nil
		})
	})
	return list, err
}

// Roll draws another key, with which every later token is signed. Tokens of the former one are taken until they end; if
// it may be known to others, give stolen: then it and all before it are taken no more, and whoever has such a token
// logs in again. Durable when it returns nil.
func (k *Keys) Roll(ctx context.Context, stolen bool) error {
	k.rolling.Lock()
	defer k.rolling.Unlock()
	made, secret, err := k.draw()
	if err != nil {
		return err
	}
	now := k.cfg.Now()
	ends := formerKey{&k.present.PublicKey, now.Add(k.cfg.Lifetime + formerSlack).Truncate(time.Second)}
	over := func(f formerKey) bool { return stolen || !now.Before(f.until) }
	next := slices.DeleteFunc(append(slices.Clone(k.former), ends), over)
	err = k.cfg.Engine.Update(ctx, func(w engine.Writer) error { return putKeys(w, secret, next) })
	if err != nil {
		return fmt.Errorf("changing the key of tokens: %w", err)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.present, k.former = made, next
	return nil
}

// putKeys stores these keys and no others.
func putKeys(w engine.Writer, secret []byte, former []formerKey) error {
	var gone [][]byte
	err := w.Scan(engine.Range{Prefix: []byte(spaceFormer), KeysOnly: true}, func(key, _ []byte) (bool, error) {
		gone = append(gone, append([]byte(nil), key...))
		return true, nil
	})
	if err != nil {
		return err
	}
	for _, key := range gone {
		if err := w.Delete(key); err != nil {
			return err
		}
	}
	for _, f := range former {
		value, err := x509.MarshalPKIXPublicKey(f.public)
		if err != nil {
			return err
		}
		digest := sm3.Sum(value)
		key := binary.BigEndian.AppendUint64([]byte(spaceFormer), uint64(f.until.Unix())) //nolint:gosec // after 1970
		if err := w.Put(append(key, digest[:]...), value); err != nil {
			return err
		}
	}
	return w.Put([]byte(spaceKey), secret)
}

// signing is the key that signs.
func (k *Keys) signing() *ecdsa.PrivateKey {
	k.mu.RLock()
	defer k.mu.RUnlock()
	return k.present
}

// verifying are the keys of tokens that may be in use.
func (k *Keys) verifying() []*ecdsa.PublicKey {
	now := k.cfg.Now()
	k.mu.RLock()
	defer k.mu.RUnlock()
	list := []*ecdsa.PublicKey{&k.present.PublicKey}
	for _, f := range k.former {
		if now.Before(f.until) {
			list = append(list, f.public)
		}
	}
	return list
}

// VerifySignature gives what a token says if one of these keys has signed it; whoever takes the service's own tokens
// asks here (identity.Issuer).
func (k *Keys) VerifySignature(_ context.Context, token string) ([]byte, error) {
	signed, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.ES256})
	if err != nil {
		return nil, errToken
	}
	for _, public := range k.verifying() {
		if content, err := signed.Verify(public); err == nil {
			return content, nil
		}
	}
	return nil, errToken
}

var errToken = errors.New("provider: not signed by a key of ours")

// nameOf is the kid of a key.
func nameOf(public *ecdsa.PublicKey) (string, error) {
	point, err := public.Bytes()
	if err != nil {
		return "", ErrConfig
	}
	digest := sm3.Sum(point)
	return hex.EncodeToString(digest[:8]), nil
}
