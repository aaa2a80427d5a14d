package vault

import (
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/vault/record"
)

// idempotency ties a write to the caller's key: the same key and request give the first answer again, another request
// under the same key is refused. Keys are kept for ever.
type idempotency struct {
	key     []byte
	request record.Digest
}

// once prepares the idempotency of a request; the request is anything that JSON writes the same way each time.
func (v *Vault) once(s *session, act, idempotencyKey string, request any) (*idempotency, error) {
	if idempotencyKey == "" {
		return nil, refuse(ErrInvalid, CodeKeyMissing, "key")
	}
	if p := checkFree("key", idempotencyKey, 128); p != nil {
		return nil, &Refusal{ErrInvalid, []Problem{*p}}
	}
	b, err := json.Marshal(request)
	if err != nil {
		return nil, fmt.Errorf("vault: encoding a request: %w", err)
	}
	t := v.token("idempotency", []byte(s.Caller), []byte(idempotencyKey))
	return &idempotency{key: key(spaceIdempotency, t[:]), request: record.Sum(append([]byte(act+"\n"), b...))}, nil
}

// replay reads the first answer into answer; false if the key is new.
func (i *idempotency) replay(r engine.Reader, answer any) (bool, error) {
	b, err := r.Get(i.key)
	if errors.Is(err, engine.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	n := len(i.request)
	if len(b) < n {
		return false, fmt.Errorf("%w: idempotency key", ErrDamaged)
	}
	if subtle.ConstantTimeCompare(b[:n], i.request[:]) != 1 {
		return false, refuse(ErrKeyReused, CodeKeyReused, "key")
	}
	if err := json.Unmarshal(b[n:], answer); err != nil {
		return false, fmt.Errorf("%w: idempotency key", ErrDamaged)
	}
	return true, nil
}

// keep stores the answer in the transaction of the act.
func (i *idempotency) keep(w engine.Writer, answer any) error {
	b, err := json.Marshal(answer)
	if err != nil {
		return fmt.Errorf("vault: encoding an answer: %w", err)
	}
	return w.Create(i.key, append(i.request[:len(i.request):len(i.request)], b...))
}
