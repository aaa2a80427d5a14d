package identity

import (
	"context"
	"crypto"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"
	"golang.org/x/sync/singleflight"
)

// How long the keys of an issuer are relied on, and how often it is asked for them.
const (
	keysFresh = 5 * time.Minute  // then it is asked again: a key that it withdrew is no longer taken
	keysLast  = time.Hour        // without an answer of its
	keysAgain = 10 * time.Second // between two questions: a token with no key at all costs nothing
	fetchTime = 10 * time.Second
	maxKeySet = 256 << 10 // bytes
)

// errKeys is a token of which no key of the issuer's that is known is the one.
var errKeys = errors.New("identity: no such key of the issuer")

// remoteKeys are the keys of an issuer, as it has published them not long ago. Questions that are wanted at the same
// time are one. It is safe for concurrent use.
type remoteKeys struct {
	client  *http.Client
	address string
	now     func() time.Time
	flight  singleflight.Group

	mu    sync.Mutex
	keys  *oidc.StaticKeySet // guarded by mu; nil: none yet
	as    time.Time          // guarded by mu; when keys were asked for
	asked time.Time          // guarded by mu; when the last question was over
}

var _ oidc.KeySet = (*remoteKeys)(nil)

// RemoteKeys are the keys of an issuer, fetched with the client when they are first needed, when they are some minutes
// old, and when a token is of none of them.
func RemoteKeys(client *http.Client, address string, now func() time.Time) oidc.KeySet {
	return &remoteKeys{client: client, address: address, now: now}
}

// VerifySignature implements oidc.KeySet.
func (k *remoteKeys) VerifySignature(ctx context.Context, token string) ([]byte, error) {
	keys, fresh := k.known()
	if fresh {
		if payload, err := keys.VerifySignature(ctx, token); err == nil {
			return payload, nil
		}
	}
	k.ask(ctx)
	if keys, _ = k.known(); keys == nil {
		return nil, errKeys
	}
	return keys.VerifySignature(ctx, token)
}

// known gives the keys if they may be relied on at all, and whether without asking. A clock that was set back counts as
// time that passed.
func (k *remoteKeys) known() (keys *oidc.StaticKeySet, fresh bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	age := k.now().Sub(k.as)
	if k.keys == nil || age < 0 || age > keysLast {
		return nil, false
	}
	return k.keys, age <= keysFresh
}

// ask has the keys fetched, unless the issuer was asked just now.
func (k *remoteKeys) ask(ctx context.Context) {
	k.mu.Lock()
	since := k.now().Sub(k.asked)
	k.mu.Unlock()
	if since >= 0 && since < keysAgain {
		return
	}
	done := k.flight.DoChan("", func() (any, error) {
		own, stop := context.WithTimeout(context.WithoutCancel(ctx), fetchTime) // others wait for it as well
		defer stop()
		return nil, k.fetch(own)
	})
	select {
	case <-ctx.Done():
	case <-done:
	}
}

func (k *remoteKeys) fetch(ctx context.Context) error {
	began := k.now()
	keys, err := k.published(ctx)
	k.mu.Lock()
	defer k.mu.Unlock()
	k.asked = k.now()
	if err == nil {
		k.keys, k.as = keys, began
	}
	return err
}

// published is what the issuer says its keys are. Those that are not for signatures, or of a kind that is not known,
// are passed over.
func (k *remoteKeys) published(ctx context.Context) (*oidc.StaticKeySet, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, k.address, http.NoBody)
	if err != nil {
		return nil, fmt.Errorf("asking for keys: %w", err)
	}
	res, err := k.client.Do(r)
	if err != nil {
		return nil, fmt.Errorf("asking for keys: %w", err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(res.Body, maxKeySet+1))
	if err != nil || res.StatusCode != http.StatusOK || len(text) > maxKeySet {
		return nil, errKeys
	}
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if json.Unmarshal(text, &set) != nil || set.Keys == nil {
		return nil, errKeys
	}
	out := &oidc.StaticKeySet{PublicKeys: []crypto.PublicKey{}}
	for _, raw := range set.Keys {
		var key jose.JSONWebKey
		if json.Unmarshal(raw, &key) == nil && key.IsPublic() && (key.Use == "" || key.Use == "sig") {
			out.PublicKeys = append(out.PublicKeys, key.Key)
		}
	}
	return out, nil
}
