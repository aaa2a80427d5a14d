package alarm

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/elicense/elicense/internal/engine"
)

// ErrFull is a list of watched persons that has no room.
var ErrFull = errors.New("alarm: too many watched persons")

// Witness writes into the audit that somebody is watched, or no longer, before it counts: on an error nothing is
// changed. The token stands for his number.
type Witness func(ctx context.Context, token string, on bool) error

// Watch has every look-up of a person raise an alarm, or, with on false, no longer. Who is watched cannot be read back.
func (w *Watcher) Watch(ctx context.Context, number string, on bool, witness Witness) error {
	if witness == nil {
		return ErrConfig
	}
	w.watching.Lock()
	defer w.watching.Unlock()
	t := w.token(number)
	w.mu.Lock()
	full := on && len(w.watched) >= maxWatched && !w.watched[t]
	w.mu.Unlock()
	if full {
		return ErrFull
	}
	if err := witness(ctx, hex.EncodeToString(t[:]), on); err != nil {
		return err
	}
	key := append([]byte{space, spaceWatched}, t[:]...)
	err := w.cfg.Engine.Update(ctx, func(tx engine.Writer) error {
		if on {
			return tx.Put(key, []byte{1})
		}
		return tx.Delete(key)
	})
	if err != nil {
		return fmt.Errorf("keeping a watched person: %w", err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if on {
		w.watched[t] = true
	} else {
		delete(w.watched, t)
	}
	return nil
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
