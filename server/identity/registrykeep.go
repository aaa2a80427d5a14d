package identity

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"

	"github.com/emmansun/gmsm/sm3"

	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/vault"
)

// A change of a registration is written into the audit, which is in another engine, before it counts. No transaction
// spans the two, so it goes in three steps: it is noted as begun; it is witnessed; it is carried out, and the note goes
// in the same transaction. Whoever opens the registry next finishes what a crash has left: no entry of the audit stays
// without its effect, and no effect is without an entry.

// spaceBegun is the key of the change that is under way, as JSON. See server/keys.go for its neighbours.
const spaceBegun = 'g'

// begun is a change on its way.
type begun struct {
	Registration Registration    `json:"registration"` // as it is to be
	Change       vault.Witnessed `json:"change"`       // as the audit says it

	witness   Witness
	witnessed bool
}

// keep carries a change out and has it witnessed before; what is not witnessed is not to be, and its note is taken
// back. Only where nobody knows whether it was witnessed it stays for settle. writing is held.
func (g *Registry) keep(ctx context.Context, b *begun) error {
	value, err := json.Marshal(b)
	if err != nil {
		return err
	}
	err = g.cfg.Engine.Update(ctx, func(w engine.Writer) error { return w.Put([]byte{spaceBegun}, value) })
	if err != nil {
		return fmt.Errorf("noting a change of a registration: %w", err)
	}
	// A crash here leaves a note without an entry: the change is witnessed and carried out at the next opening.
	g.begun = b
	err = g.carryOut(ctx)
	if err != nil && !b.witnessed && !errors.Is(err, engine.ErrAmbiguous) {
		err = errors.Join(err, g.forget(ctx))
	}
	return err
}

// settle carries out what an earlier change has left, before its note is written over: what was witnessed and not
// kept, as on a full disk, and what could not be witnessed. That whoever began that may not any more is no refusal of
// this change. writing is held.
func (g *Registry) settle(ctx context.Context) error {
	if g.begun == nil {
		return nil
	}
	err := g.finish(ctx)
	if _, refused := errors.AsType[*vault.Refusal](err); refused && g.begun == nil {
		return nil
	}
	return err
}

// finish carries out what was begun, or takes it back if whoever began it may not any more.
func (g *Registry) finish(ctx context.Context) error {
	err := g.carryOut(ctx)
	if _, refused := errors.AsType[*vault.Refusal](err); refused {
		err = errors.Join(err, g.forget(ctx))
	}
	return err
}

func (g *Registry) carryOut(ctx context.Context) error {
	b := g.begun
	if !b.witnessed {
		if err := b.witness.of(ctx, b.Change); err != nil {
			return err
		}
	}
	// A crash here leaves the entry and the note: the same, with a second entry.
	b.witnessed = true
	value, err := json.Marshal(&b.Registration)
	if err != nil {
		return err
	}
	err = g.cfg.Engine.Update(ctx, func(w engine.Writer) error {
		if err := w.Put(append([]byte{spaceRegistration}, b.Registration.ID...), value); err != nil {
			return err
		}
		return w.Delete([]byte{spaceBegun})
	})
	if err != nil {
		return fmt.Errorf("keeping a registration: %w", err)
	}
	g.begun = nil
	return g.know(&b.Registration)
}

// know has everybody who asks from now on see a registration as it was kept.
func (g *Registry) know(reg *Registration) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	maps.DeleteFunc(g.held, func(_ [sm3.Size]byte, h *heldCredential) bool { return h.owner.ID == reg.ID })
	g.byID[reg.ID] = reg
	close(g.changed)
	g.changed = make(chan struct{})
	return g.hold(reg)
}

// forget takes the note of a change back that nobody witnessed. It is done though the request has ended.
func (g *Registry) forget(ctx context.Context) error {
	err := g.cfg.Engine.Update(context.WithoutCancel(ctx), func(w engine.Writer) error {
		return w.Delete([]byte{spaceBegun})
	})
	if err == nil {
		g.begun = nil
	}
	return err
}

// Finish carries out a change that a crash has broken off, witnessed as one of whoever began it, and gives the id of
// its registration; "" if there is none. One that cannot be witnessed now is tried again before the next change and at
// the next opening, and one that is refused is taken back. It is for whoever opens the registry, before anybody calls.
func (g *Registry) Finish(
	ctx context.Context, witness func(ctx context.Context, by string, change vault.Witnessed) error,
) (string, error) {
	g.writing.Lock()
	defer g.writing.Unlock()
	var b *begun
	err := g.cfg.Engine.View(ctx, func(r engine.Reader) error {
		b = nil // a closure may run again
		value, err := r.Get([]byte{spaceBegun})
		if errors.Is(err, engine.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		b = new(begun)
		if json.Unmarshal(value, b) != nil || b.Registration.check() != nil {
			return fmt.Errorf("%w: change of a registration", engine.ErrCorrupt)
		}
		return nil
	})
	if err != nil || b == nil {
		return "", err
	}
	b.witness = func(ctx context.Context, change vault.Witnessed) error {
		return witness(ctx, b.Registration.By, change)
	}
	g.begun = b
	err = g.finish(ctx)
	return b.Registration.ID, err
}

// Changed is closed when a registration changes next.
func (g *Registry) Changed() <-chan struct{} {
	g.mu.RLock()
	defer g.mu.RUnlock()
	return g.changed
}
