package vault

import (
	"context"
	"errors"
	"strconv"

	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/vault/ledger"
)

// A vault that was put back to an older state would give numbers and places in the ledger a second time, and would call
// valid what was revoked since. So it is closed until its ledger holds the last published checkpoint (CatchUp), or
// until an operator gives up for lost what is missing (AcceptLoss). The mark lies in the engine and is read in the
// transaction of every write, so that neither a restart nor another process forgets it. Until then departments read
// their own licences, nothing is signed in the vault's name, and nobody else is answered.

// MarkRestored closes the vault: it is called on a vault whose engine was restored from a backup.
func (v *Vault) MarkRestored(ctx context.Context) error {
	err := v.cfg.Engine.Update(ctx, func(w engine.Writer) error { return w.Put([]byte{spaceRestored}, nil) })
	if err == nil {
		v.restored.Store(true)
	}
	return err
}

// comeBack is the part of Open that finds out whether the engine was put back to an older state.
func (v *Vault) comeBack(ctx context.Context) error {
	behind := false
	err := v.cfg.Engine.View(ctx, func(r engine.Reader) error {
		err := openForWriting(r)
		v.restored.Store(isRefusal(err))
		if behind = false; err != nil || v.cfg.Published == nil {
			return passRefusal(err)
		}
		given, err := v.givenUp(r, *v.cfg.Published)
		if err != nil || given {
			return err
		}
		err = v.holds(r, *v.cfg.Published)
		behind = isRefusal(err)
		return passRefusal(err)
	})
	if err != nil || !behind {
		return err
	}
	return v.MarkRestored(ctx)
}

// passRefusal takes a refusal for an answer, not for an error.
func passRefusal(err error) error {
	if isRefusal(err) {
		return nil
	}
	return err
}

// openForWriting is the guard in the transaction of every write.
func openForWriting(r engine.Reader) error {
	_, err := r.Get([]byte{spaceRestored})
	switch {
	case err == nil:
		return refuse(ErrRestored, CodeRestored, "")
	case errors.Is(err, engine.ErrNotFound):
		return nil
	}
	return err
}

// writable refuses before anything is prepared that openForWriting would refuse in the end, as far as it is known.
func (v *Vault) writable(ctx context.Context) error {
	if !v.restored.Load() {
		return nil
	}
	err := v.cfg.Engine.View(ctx, openForWriting)
	if err == nil { // another process has brought the vault up to date
		v.restored.Store(false)
	}
	return err
}

// Ready tells whether the vault answers and takes writes: nil, or the refusal that a write would get. It reads the
// engine each time and leaves no trace, for whoever watches over the process.
func (v *Vault) Ready(ctx context.Context) error { return v.cfg.Engine.View(ctx, openForWriting) }

// holds refuses a checkpoint that is of another ledger, beyond the end of this one, or of another history.
func (v *Vault) holds(r engine.Reader, cp ledger.Checkpoint) error {
	size, _, err := treeHead(r)
	if err != nil {
		return err
	}
	if cp.Origin != v.Name() || cp.Size > size {
		return refuse(ErrRestored, CodeCheckpoint, "")
	}
	root, err := ledger.Root(cp.Size, tileReader(r))
	if err != nil {
		return err
	}
	if root != cp.Root {
		return refuse(ErrRestored, CodeCheckpoint, "")
	}
	return nil
}

// CatchUp opens a restored vault again once its ledger holds everything under the last published checkpoint.
func (v *Vault) CatchUp(ctx context.Context, a Access, published ledger.Checkpoint) error {
	s, err := v.admit(ctx, a)
	if err != nil {
		return err
	}
	note := auditNote{act: "catch-up", object: object("checkpoint", strconv.FormatUint(published.Size, 10))}
	if err := s.mustOperate(); err != nil {
		return v.denied(ctx, s, note, err)
	}
	if _, err := v.sequence(ctx, nil); err != nil {
		return err
	}
	err = v.cfg.Engine.Update(ctx, func(w engine.Writer) error {
		if err := v.holds(w, published); err != nil {
			return err
		}
		if err := w.Delete([]byte{spaceRestored}); err != nil {
			return err
		}
		return v.appendAudit(w, s, note)
	})
	if isRefusal(err) {
		return v.denied(ctx, s, note, err)
	}
	if err == nil {
		v.restored.Store(false)
	}
	return err
}
