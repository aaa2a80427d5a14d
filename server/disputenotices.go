package server

import (
	"bytes"
	"context"
	"errors"
	"time"

	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/record"
)

// Disputes are kept here and the feed is the vault's, in another engine. So what is still to be told is written down
// with the dispute, and struck out when the vault has it; the vault takes it once, however often it is told. Keys:
// 'd' 'n', 'r' that it was raised or 's' that it was settled, id -> nothing.
const (
	toldRaised  byte = 'r'
	toldSettled byte = 's'
)

func untoldKey(what byte, id string) []byte { return append([]byte{spaceDisputes, 'n', what}, id...) }

// noticeOf is what followers learn of a dispute: that it is there, and which. What is disputed stands in the dispute.
func noticeOf(what byte, d *dispute) vault.Notice {
	if what == toldSettled {
		return vault.Notice{Kind: vault.NoticeSettled, Identifier: d.Identifier, Object: d.ID, Time: d.Settled}
	}
	return vault.Notice{Kind: vault.NoticeDisputed, Identifier: d.Identifier, Object: d.ID, Time: d.Raised}
}

// tell has a dispute stand in the feed. What goes wrong does not undo the dispute: it is told later.
func (s *Server) tell(ctx context.Context, what byte, d *dispute) {
	if err := s.tellOnce(context.WithoutCancel(ctx), what, d); err != nil {
		s.cfg.Log.WarnContext(ctx, "a dispute is not in the feed yet", "dispute", d.ID, "error", err.Error())
	}
}

func (s *Server) tellOnce(ctx context.Context, what byte, d *dispute) error {
	err := s.cfg.Vault.Announce(ctx, noticeOf(what, d))
	if err != nil && !errors.Is(err, vault.ErrSecret) && !errors.Is(err, vault.ErrNotFound) { // then nobody is to know
		return err
	}
	return s.cfg.Engine.Update(ctx, func(w engine.Writer) error { return w.Delete(untoldKey(what, d.ID)) })
}

// tellEvery is how often what is untold is looked for.
const tellEvery = time.Minute

// telling tells what a crash or a closed vault has left untold.
func (s *Server) telling(ctx context.Context) error {
	for every := time.NewTicker(tellEvery); ; {
		if err := s.tellAll(ctx); err != nil && ctx.Err() == nil {
			s.cfg.Log.WarnContext(ctx, "disputes are not in the feed yet", "error", err.Error())
		}
		select {
		case <-ctx.Done():
			every.Stop()
			return nil
		case <-every.C:
		}
	}
}

// tellAll tells what is untold, as it was raised before as it was settled.
func (s *Server) tellAll(ctx context.Context) error {
	var keys [][]byte
	prefix := []byte{spaceDisputes, 'n'}
	err := s.cfg.Engine.View(ctx, func(r engine.Reader) error {
		keys = nil
		return r.Scan(engine.Range{Prefix: prefix, KeysOnly: true}, func(k, _ []byte) (bool, error) {
			keys = append(keys, bytes.Clone(k))
			return true, nil
		})
	})
	for _, k := range keys {
		what, id := k[len(prefix)], string(k[len(prefix)+1:])
		d, bad := s.disputes.get(ctx, id)
		if bad == nil {
			bad = s.tellOnce(ctx, what, d)
		}
		err = errors.Join(err, bad)
	}
	return err
}

// isNotice reports whether a kind is that of a notice.
func isNotice(kind record.Kind) bool {
	return kind == vault.NoticeDisputed || kind == vault.NoticeSettled
}
