package alarm

import (
	"context"
	"crypto/hmac"
	"encoding/json"
	"fmt"
	"hash"
	"slices"
	"time"

	"github.com/emmansun/gmsm/sm3"

	"github.com/elicense/elicense/internal/engine"
)

// What somebody did in the hour is counted in memory, since a look-up has a durable write of its own in the audit
// already. Keep makes it durable now and then: a process that is killed forgets what was counted since, no more, and a
// restart is no way to begin anew.

// keptHour is what somebody did in the hour, as JSON. Persons are tokens.
type keptHour struct {
	Began   time.Time `json:"began"` // of the hour
	Who     string    `json:"who"`
	Persons [][]byte  `json:"persons"`
	Raised  []Kind    `json:"raised"`
}

// keptTogether is how many of them share a transaction.
const keptTogether = 200

// Keep makes durable what was counted since it was called before, and removes what is of former hours.
func (w *Watcher) Keep(ctx context.Context) error {
	w.keeping.Lock()
	defer w.keeping.Unlock()
	changed, turned := w.changes()
	if turned {
		if err := w.removeFormer(ctx); err != nil {
			w.again(changed, true)
			return fmt.Errorf("removing former hours: %w", err)
		}
	}
	for list := range slices.Chunk(changed, keptTogether) {
		err := w.cfg.Engine.Update(ctx, func(tx engine.Writer) error {
			for i := range list {
				value, err := json.Marshal(&list[i])
				if err != nil {
					return err
				}
				if err := tx.Put(w.hourKey(list[i].Who), value); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			w.again(changed, false)
			return fmt.Errorf("keeping what was counted: %w", err)
		}
	}
	return nil
}

// changes are what is to be made durable, and whether an hour has ended.
func (w *Watcher) changes() (list []keptHour, turned bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for who, h := range w.hours {
		if !h.changed {
			continue
		}
		h.changed = false
		k := keptHour{Began: w.began, Who: who}
		for person := range h.persons {
			k.Persons = append(k.Persons, person[:])
		}
		for kind := range h.raised {
			k.Raised = append(k.Raised, kind)
		}
		list = append(list, k)
	}
	turned, w.turned = w.turned, false
	return list, turned
}

// again has the next Keep try once more what this one could not.
func (w *Watcher) again(list []keptHour, turned bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.turned = w.turned || turned
	for i := range list {
		if h := w.hours[list[i].Who]; h != nil {
			h.changed = true
		}
	}
}

// removeFormer removes what was kept of former hours; keeping is held, so nothing of this one is there yet.
func (w *Watcher) removeFormer(ctx context.Context) error {
	for {
		var keys [][]byte
		err := w.cfg.Engine.View(ctx, func(r engine.Reader) error {
			keys = nil // a closure may run again
			all := engine.Range{Prefix: []byte{space, spaceHour}, KeysOnly: true}
			return r.Scan(all, func(key, _ []byte) (bool, error) {
				keys = append(keys, slices.Clone(key))
				return len(keys) < keptTogether, nil
			})
		})
		if err != nil || len(keys) == 0 {
			return err
		}
		err = w.cfg.Engine.Update(ctx, func(tx engine.Writer) error {
			for _, key := range keys {
				if err := tx.Delete(key); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
}

// readHours takes up what was counted before a restart, if its hour has not ended.
func (w *Watcher) readHours(r engine.Reader) error {
	w.hours, w.turned = map[string]*hour{}, false // a closure may run again
	now := w.cfg.Now()
	w.began = now
	return r.Scan(engine.Range{Prefix: []byte{space, spaceHour}}, func(_, value []byte) (bool, error) {
		var k keptHour
		if json.Unmarshal(value, &k) != nil {
			return false, fmt.Errorf("%w: what was counted in an hour", engine.ErrCorrupt)
		}
		if ended(k.Began, now) {
			w.turned = true
			return true, nil
		}
		w.began = k.Began
		h := newHour()
		h.changed = true // removing former ones removes this one too
		for _, person := range k.Persons {
			if len(person) != sm3.Size {
				return false, fmt.Errorf("%w: what was counted in an hour", engine.ErrCorrupt)
			}
			h.persons[[sm3.Size]byte(person)] = true
		}
		for _, kind := range k.Raised {
			h.raised[kind] = true
		}
		w.hours[k.Who] = h
		return true, nil
	})
}

// ended reports whether an hour is over; one that has not begun yet was counted by another clock.
func ended(began, now time.Time) bool { return now.Sub(began) >= time.Hour || now.Before(began) }

func newHour() *hour { return &hour{persons: map[[sm3.Size]byte]bool{}, raised: map[Kind]bool{}} }

// hourKey names who looks by a token.
func (w *Watcher) hourKey(who string) []byte {
	mac := hmac.New(func() hash.Hash { return sm3.New() }, w.key[:])
	mac.Write([]byte("who\x00" + who))
	return mac.Sum([]byte{space, spaceHour})
}
