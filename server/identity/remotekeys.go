package identity

import (
	"context"
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

// KeysAgain is how long an issuer is not asked for its keys again: a token with no key at all costs nothing.
const KeysAgain = 10 * time.Second

// How long the keys of an issuer are relied on, and how long it has to name them.
const (
	keysFresh = 5 * time.Minute // then it is asked again: a key that it withdrew is no longer taken
	keysLast  = time.Hour       // without an answer of its
	fetchTime = 10 * time.Second
	maxKeySet = 256 << 10 // bytes
)

// errAway is a token of which it is not known whether it is good: the issuer did not say which keys are its.
var errAway = errors.New("identity: the issuer's keys could not be fetched")

// remoteKeys are the keys of an issuer, as it has published them not long ago. Questions that are wanted at the same
// time are one. It is safe for concurrent use.
type remoteKeys struct {
	client  *http.Client
	address string
	now     func() time.Time
	flight  singleflight.Group

	mu     sync.Mutex
	keys   *publishedKeys // guarded by mu; nil: none yet
	as     time.Time      // guarded by mu; when keys were asked for
	asked  time.Time      // guarded by mu; when the last question was over
	silent bool           // guarded by mu; the last question was not answered
}

// publishedKeys are what an issuer says its keys are, and their names (kid).
type publishedKeys struct {
	oidc.StaticKeySet

	names map[string]bool
}

var _ oidc.KeySet = (*remoteKeys)(nil)

// RemoteKeys are the keys of an issuer, fetched with the client when they are first needed, when they are some minutes
// old, and when a token is of none of them.
func RemoteKeys(client *http.Client, address string, now func() time.Time) oidc.KeySet {
	return &remoteKeys{client: client, address: address, now: now}
}

// VerifySignature implements oidc.KeySet. The error wraps errAway if another key of the issuer's may be the one, which
// could not be asked for.
func (k *remoteKeys) VerifySignature(ctx context.Context, token string) ([]byte, error) {
	keys, fresh := k.known()
	if fresh {
		if payload, err := keys.VerifySignature(ctx, token); err == nil {
			return payload, nil
		}
	}
	k.ask(ctx)
	if keys, _ = k.known(); keys == nil {
		return nil, errAway
	}
	payload, err := keys.VerifySignature(ctx, token)
	if err != nil && k.unanswered(ctx) && !keys.names[keyOf(token)] {
		return nil, errAway
	}
	return payload, err
}

// unanswered reports whether the issuer may by now have keys that it was asked for in vain.
func (k *remoteKeys) unanswered(ctx context.Context) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.silent || ctx.Err() != nil
}

// keyOf is the name of the key with which a token says it is signed; "": it names none.
func keyOf(token string) string {
	signed, err := jose.ParseSignedCompact(token, signedWith)
	if err != nil || len(signed.Signatures) != 1 {
		return ""
	}
	return signed.Signatures[0].Header.KeyID
}

// known gives the keys if they may be relied on at all, and whether without asking. A clock that was set back counts as
// time that passed.
func (k *remoteKeys) known() (keys *publishedKeys, fresh bool) {
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
	if since >= 0 && since < KeysAgain {
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
	k.asked, k.silent = k.now(), err != nil
	if err == nil {
		k.keys, k.as = keys, began
	}
	return err
}

// published is what the issuer says its keys are. Those that are not for signatures, or of a kind that is not known,
// are passed over.
func (k *remoteKeys) published(ctx context.Context) (*publishedKeys, error) {
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
		return nil, errAway
	}
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if json.Unmarshal(text, &set) != nil || set.Keys == nil {
		return nil, errAway
	}
	out := &publishedKeys{names: map[string]bool{}}
	for _, raw := range set.Keys {
		var key jose.JSONWebKey
		if json.Unmarshal(raw, &key) == nil && key.IsPublic() && (key.Use == "" || key.Use == "sig") {
			out.PublicKeys = append(out.PublicKeys, key.Key)
			if key.KeyID != "" {
				out.names[key.KeyID] = true
			}
		}
	}
	return out, nil
}
