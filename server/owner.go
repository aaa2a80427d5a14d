package server

import (
	"context"
	"crypto/hmac"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"

	"github.com/emmansun/gmsm/sm3"

	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/server/identity"
)

// spaceOwners holds the key of tokens that stand for holders.
const spaceOwners = 'h'

// openOwners reads the key of tokens, or makes it.
func (s *Server) openOwners(ctx context.Context) error {
	var fresh [sm3.Size]byte
	if _, err := io.ReadFull(s.cfg.Rand, fresh[:]); err != nil {
		return fmt.Errorf("drawing a key of tokens: %w", err)
	}
	return s.cfg.Engine.Update(ctx, func(w engine.Writer) error {
		key, err := w.Get([]byte{spaceOwners})
		switch {
		case errors.Is(err, engine.ErrNotFound):
			s.ownerKey = fresh
			return w.Put([]byte{spaceOwners}, fresh[:])
		case err != nil:
			return err
		case len(key) != sm3.Size:
			return fmt.Errorf("%w: key of tokens", engine.ErrCorrupt)
		}
		s.ownerKey = [sm3.Size]byte(key)
		return nil
	})
}

// ownerOf names whose something is that the service keeps. All holders that log in at one place call by its name: each
// of them owns what is his alone, by a token in place of his number.
func (s *Server) ownerOf(c *identity.Caller) string {
	if c.Holder == nil {
		return c.ID
	}
	return c.ID + "/" + s.tokenOf(c.Holder.Kind+"\x00"+c.Holder.Code)
}

// tokenOf stands for something that must not be told.
func (s *Server) tokenOf(text string) string {
	mac := hmac.New(func() hash.Hash { return sm3.New() }, s.ownerKey[:])
	mac.Write([]byte(text))
	return hex.EncodeToString(mac.Sum(nil))
}
