package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/elicense/elicense/internal/engine/sealed"
)

// rotateServing puts the data directory under another master key while the service answers. What is sealed and signed
// with meanwhile are data keys and opened keys, which stay as they are. A process that ends at any moment of it leaves a
// directory that opens with the former key or with the new one, as a change with the service stopped does: it is made of
// the same steps.
func (c *program) rotateServing(ctx context.Context, h *house, former *sealed.Master, message []byte) error {
	h.changing.Lock()
	defer h.changing.Unlock()
	if h.master != *former {
		return sealed.ErrWrongMaster // somebody else was faster
	}
	if err := errors.Join(h.rotationPending(), c.placeEnrolled(h)); err != nil {
		return err
	}
	ctx = context.WithoutCancel(ctx) // it takes a moment, and ends before the engines are closed
	next, err := c.masterIn(h, message)
	if err == nil {
		err = c.prepareRotation(ctx, h, &next)
	}
	if err != nil {
		return errors.Join(err, os.RemoveAll(h.rotated()+unfinished))
	}
	return c.carryOut(ctx, h, &next.key)
}

// masterIn reads the new master key of an order; a sandbox draws its own.
func (c *program) masterIn(h *house, message []byte) (newMaster, error) {
	if h.settings.Sandbox {
		if len(message) > 0 {
			return newMaster{}, errOrder
		}
		return c.newMaster(h)
	}
	var next newMaster
	if len(message) < len(next.key) {
		return next, errOrder
	}
	rest := message[copy(next.key[:], message):]
	if len(rest) == 0 {
		return next, nil
	}
	stretch, err := sealed.ParseStretch(rest)
	if err != nil {
		return next, fmt.Errorf("%w: %w", errOrder, err)
	}
	next.stretch = &stretch
	return next, nil
}

// carryOut decides for the new key, unless that was done before, and carries the decision out. From the decision on the
// new key is that of the directory, whatever comes: what could not be carried out is when it is asked for again, or at
// the next start, and until then no keyring is changed.
func (c *program) carryOut(ctx context.Context, h *house, next *sealed.Master) error {
	h.secret.Lock()
	defer h.secret.Unlock()
	if next != nil {
		err := c.decide(h.rotated()+unfinished, h.rotated())
		if err != nil && !errors.Is(h.rotationPending(), errRotationPending) {
			return errors.Join(err, os.RemoveAll(h.rotated()+unfinished))
		}
		h.master = *next
	}
	if err := c.finishRotation(ctx, h); err != nil {
		return err
	}
	c.serviceLog().InfoContext(ctx, "master key changed")
	return nil
}

// carryOutPending carries out what was decided and could not be carried out then.
func (c *program) carryOutPending(ctx context.Context, h *house) error {
	h.changing.Lock()
	defer h.changing.Unlock()
	if err := h.rotationPending(); !errors.Is(err, errRotationPending) {
		return err
	}
	return c.carryOut(context.WithoutCancel(ctx), h, nil)
}

// renewServing renews the data keys while the service answers, unless that is under way already.
func (c *program) renewServing(ctx context.Context, h *house) (moved int, err error) {
	if !h.renewing.TryLock() {
		return 0, errRenewing
	}
	defer h.renewing.Unlock()
	return c.renewAll(ctx, h, c.renewalBeside(ctx, true))
}
