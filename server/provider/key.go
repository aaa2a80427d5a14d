package provider

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"errors"
	"fmt"
	"io"

	"github.com/elicense/elicense/internal/engine"
)

// spaceKey is the key space of the key of tokens: o -> PKCS#8. See server/keys.go for its neighbours.
const spaceKey = 'o'

// OpenKey gives the key of tokens that is kept in a sealed engine, and makes it when there is none.
func OpenKey(ctx context.Context, e engine.Engine, random io.Reader) (*ecdsa.PrivateKey, error) {
	if e == nil || random == nil {
		return nil, ErrConfig
	}
	made, err := ecdsa.GenerateKey(elliptic.P256(), random)
	if err != nil {
		return nil, fmt.Errorf("making the key of tokens: %w", err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(made)
	if err != nil {
		return nil, fmt.Errorf("writing the key of tokens: %w", err)
	}
	var kept []byte
	err = e.Update(ctx, func(w engine.Writer) error {
		value, err := w.Get([]byte{spaceKey})
		if errors.Is(err, engine.ErrNotFound) {
			kept = secret
			return w.Put([]byte{spaceKey}, secret)
		}
		kept = append([]byte(nil), value...)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("opening the key of tokens: %w", err)
	}
	key, err := x509.ParsePKCS8PrivateKey(kept)
	private, ok := key.(*ecdsa.PrivateKey)
	if err != nil || !ok || private.Curve != elliptic.P256() {
		return nil, fmt.Errorf("%w: key of tokens", engine.ErrCorrupt)
	}
	return private, nil
}
