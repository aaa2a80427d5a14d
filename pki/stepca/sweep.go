package stepca

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/elicense/elicense/internal/engine"
)

const (
	// keepTokens is how long a used token is remembered after its end. It is long so that a clock set back by an hour
	// or a zone does not bring tokens back to life.
	keepTokens = 48 * time.Hour
	keepNonces = time.Hour // an ACME client whose nonce is gone gets a new one
	sweepBatch = 500
)

// Sweep forgets used tokens that are long over and ACME nonces that nobody came back for, and says how many. Both grow
// without end otherwise. It may run beside everything else; once a day is enough.
func (a *Authority) Sweep(ctx context.Context) (int, error) {
	now, total := a.config.Now(), 0
	for _, room := range []struct {
		bucket []byte
		over   func(value []byte) bool
	}{
		{bucketTokens, func(v []byte) bool { return tokenOver(string(v), now) }},
		{bucketNonces, func(v []byte) bool { return nonceOver(v, now) }},
	} {
		n, err := a.sweep(ctx, room.bucket, room.over)
		total += n
		if err != nil {
			return total, fmt.Errorf("sweeping %s: %w", room.bucket, err)
		}
	}
	return total, nil
}

// tokenOver is false for a token that cannot be read: what cannot be judged is kept.
func tokenOver(token string, now time.Time) bool {
	_, c, err := readToken(token)
	return err == nil && c.Expiry != nil && now.After(c.Expiry.Time().Add(keepTokens))
}

func nonceOver(value []byte, now time.Time) bool {
	var nonce struct{ CreatedAt time.Time }
	err := json.Unmarshal(value, &nonce)
	return err == nil && !nonce.CreatedAt.IsZero() && now.After(nonce.CreatedAt.Add(keepNonces))
}

// sweep goes through a bucket in batches, each a transaction of its own.
func (a *Authority) sweep(ctx context.Context, bucket []byte, over func([]byte) bool) (int, error) {
	prefix, total := a.database.pairs(bucket), 0
	for start := prefix; start != nil; {
		gone, next, err := a.sweepFrom(ctx, prefix, start, over)
		total += gone
		if err != nil {
			return total, err
		}
		start = next
	}
	return total, nil
}

// sweepFrom looks at one batch of keys and gives where to go on, or nil at the end.
func (a *Authority) sweepFrom(ctx context.Context, prefix, start []byte, over func([]byte) bool) (
	gone int, next []byte, err error,
) {
	err = a.config.Engine.Update(ctx, func(w engine.Writer) error {
		var old [][]byte
		seen := 0
		next = nil
		err := w.Scan(engine.Range{Prefix: prefix, Start: start}, func(key, stored []byte) (bool, error) {
			if seen++; seen > sweepBatch {
				next = bytes.Clone(key)
				return false, nil
			}
			if len(stored) > 0 && stored[0] == valueWhole && over(stored[1:]) {
				old = append(old, bytes.Clone(key))
			}
			return true, nil
		})
		for _, key := range old {
			if err == nil {
				err = w.Delete(key)
			}
		}
		gone = len(old)
		return err
	})
	if err != nil {
		return 0, nil, err
	}
	return gone, next, nil
}
