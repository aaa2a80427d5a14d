package alarm

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/emmansun/gmsm/sm3"

	"github.com/elicense/elicense/internal/engine"
)

// ErrFull is a list of watched persons that has no room.
var ErrFull = errors.New("alarm: too many watched persons")

// ErrRefused is what the witness of Finish says of a change whose maker may not change that any more.
var ErrRefused = errors.New("alarm: whoever began it may not any more")

// Witness writes into the audit that somebody is watched, or no longer, before it counts: on an error nothing is
// changed. The token stands for his number.
type Witness func(ctx context.Context, token string, on bool) error

// The audit is in another engine, and no transaction spans the two. So a change goes as one of a registration does
// (docs/adr/0041): it is noted as begun, witnessed, and carried out, and the note goes in the same transaction. Whoever
// opens next finishes what a crash has left.

// begun is a change of who is watched that is under way.
type begun struct {
	Person []byte `json:"person"` // token
	On     bool   `json:"on"`
	By     string `json:"by"` // caller of the vault
}

// Watch has every look-up of a person raise an alarm, or, with on false, no longer, as the caller by of the vault wants
// it. Who is watched cannot be read back.
func (w *Watcher) Watch(ctx context.Context, by, number string, on bool, witness Witness) error {
	w.watching.Lock()
	defer w.watching.Unlock()
	if err := w.settle(ctx); err != nil { // what was witnessed before and could not be kept
		return err
	}
	t := w.token(number)
	if on && w.full(t) {
		return ErrFull
	}
	b := &begun{Person: t[:], On: on, By: by}
	err := w.carryOut(ctx, b, witness)
	if err != nil && w.begun == nil && !errors.Is(err, engine.ErrAmbiguous) { // what is not witnessed is not to be
		err = errors.Join(err, w.forget(ctx))
	}
	return err
}

// full reports whether there is no room for one more.
func (w *Watcher) full(t [sm3.Size]byte) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.watched) >= maxWatched && !w.watched[t]
}

// carryOut notes a change, has it witnessed and makes it count. watching is held.
func (w *Watcher) carryOut(ctx context.Context, b *begun, witness Witness) error {
	if witness == nil {
		return ErrConfig
	}
	value, err := json.Marshal(b)
	if err != nil {
		return err
	}
	err = w.cfg.Engine.Update(ctx, func(tx engine.Writer) error { return tx.Put([]byte{space, spaceBegun}, value) })
	if err != nil {
		return fmt.Errorf("noting a watched person: %w", err)
	}
	// A crash here leaves a note without an entry, a line later both: the next opening does it all.
	if err := witness(ctx, hex.EncodeToString(b.Person), b.On); err != nil {
		return err
	}
	w.begun = b
	return w.settle(ctx)
}

// settle carries out what was witnessed. watching is held.
func (w *Watcher) settle(ctx context.Context) error {
	b := w.begun
	if b == nil {
		return nil
	}
	key := append([]byte{space, spaceWatched}, b.Person...)
	err := w.cfg.Engine.Update(ctx, func(tx engine.Writer) error {
		change := tx.Delete
		if b.On {
			change = func(key []byte) error { return tx.Put(key, []byte{1}) }
		}
		if err := change(key); err != nil {
			return err
		}
		return tx.Delete([]byte{space, spaceBegun})
	})
	if err != nil {
		return fmt.Errorf("keeping a watched person: %w", err)
	}
	w.begun = nil
	w.mu.Lock()
	defer w.mu.Unlock()
	if b.On {
		w.watched[[sm3.Size]byte(b.Person)] = true
	} else {
		delete(w.watched, [sm3.Size]byte(b.Person))
	}
	return nil
}

// forget takes the note of a change back that nobody witnessed. It is done though the request has ended.
func (w *Watcher) forget(ctx context.Context) error {
	return w.cfg.Engine.Update(context.WithoutCancel(ctx), func(tx engine.Writer) error {
		return tx.Delete([]byte{space, spaceBegun})
	})
}

// Finish carries out a change that a crash has broken off, witnessed as one of whoever began it, and reports whether
// there was one. One that cannot be witnessed now stays for the next opening, and one of ErrRefused is taken back. It
// is for whoever opens the watcher, before anybody calls.
func (w *Watcher) Finish(
	ctx context.Context, witness func(ctx context.Context, by, token string, on bool) error,
) (bool, error) {
	w.watching.Lock()
	defer w.watching.Unlock()
	b, err := w.noted(ctx)
	if err != nil || b == nil {
		return false, err
	}
	err = w.carryOut(ctx, b, func(ctx context.Context, token string, on bool) error {
		return witness(ctx, b.By, token, on)
	})
	if errors.Is(err, ErrRefused) {
		err = errors.Join(err, w.forget(ctx))
	}
	return true, err
}

// noted is the change that is noted as begun; nil: there is none.
func (w *Watcher) noted(ctx context.Context) (b *begun, err error) {
	err = w.cfg.Engine.View(ctx, func(r engine.Reader) error {
		b = nil // a closure may run again
		value, err := r.Get([]byte{space, spaceBegun})
		if errors.Is(err, engine.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		b = new(begun)
		if json.Unmarshal(value, b) != nil || len(b.Person) != sm3.Size {
			return fmt.Errorf("%w: change of who is watched", engine.ErrCorrupt)
		}
		return nil
	})
	return b, err
}

// List gives at most limit alarms behind a number, the oldest first.
func (w *Watcher) List(ctx context.Context, after uint64, limit int) ([]Alarm, error) {
	var list []Alarm
	err := w.cfg.Engine.View(ctx, func(r engine.Reader) error {
		list = nil // a closure may run again
		return r.Scan(engine.Range{Prefix: []byte{space, spaceAlarm}, Start: alarmKey(after + 1)},
			func(_, value []byte) (bool, error) {
				var a Alarm
				if err := json.Unmarshal(value, &a); err != nil {
					return false, fmt.Errorf("%w: alarm", engine.ErrCorrupt)
				}
				list = append(list, a)
				return len(list) < limit, nil
			})
	})
	if err != nil {
		return nil, fmt.Errorf("reading alarms: %w", err)
	}
	return list, nil
}
