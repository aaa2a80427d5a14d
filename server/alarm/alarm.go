// Package alarm notices look-ups that somebody should ask about (滥用告警, A79): without a case, many by one clerk, of
// oneself, and of a watched person. It refuses nothing, for each of them can be in order; it keeps what a supervisor
// needs to ask, durable before the look-up is answered.
//
// Who was looked at never stands in an alarm, a key or a log: persons are tokens, made with a key that lies in the same
// sealed engine. The audit of the vault, found by the trace and time, says the rest.
package alarm

import (
	"context"
	"crypto/hmac"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/emmansun/gmsm/sm3"

	"github.com/elicense/elicense/internal/engine"
)

// ErrConfig is a configuration that lacks a part.
var ErrConfig = errors.New("alarm: incomplete configuration")

// Kind is why an alarm was raised.
type Kind string

// The kinds.
const (
	KindNoCase  Kind = "no-case" // by law or consent, and no case is named
	KindMany    Kind = "many"    // one clerk looks at many persons
	KindSelf    Kind = "self"    // staff look at themselves
	KindWatched Kind = "watched" // somebody who is watched over
)

// Look is one look-up or comparison, by somebody who is not the holder.
type Look struct {
	Caller string   // of the vault
	Actor  string   // the person behind it, as his provider names him; "": the system itself
	Clerk  bool     // a person looks, of whom it counts how many he looks at
	Self   string   // number of that person; "": not known
	Of     []string // numbers of those who are looked at
	NoCase bool     // there should be a case, and none is named
	Trace  string
}

// who is counted: the clerk, or the system if it does not say.
func (l *Look) who() string { return l.Caller + "\x00" + l.Actor }

// Alarm is one alarm.
type Alarm struct {
	Number uint64    `json:"number"`
	At     time.Time `json:"at"`
	Kind   Kind      `json:"kind"`
	Caller string    `json:"caller"`
	Actor  string    `json:"actor,omitempty"`
	Trace  string    `json:"trace"` // of the request
	Count  int       `json:"count"` // persons in the hour, for KindMany
}

// Config is what a Watcher is made of. Every field without a stated zero meaning must be set.
type Config struct {
	Engine engine.Engine // sealed
	Now    func() time.Time
	Rand   io.Reader
	Many   int // persons whom one clerk may look at in an hour; zero: 200
}

// Watcher raises alarms. It is the only writer of its key space and safe for concurrent use.
type Watcher struct {
	cfg Config
	key [sm3.Size]byte

	watching sync.Mutex // one change of who is watched at a time: the audit has them in the order in which they count
	begun    *begun     // guarded by watching; witnessed, and not kept yet

	keeping sync.Mutex // one Keep at a time

	mu      sync.Mutex
	watched map[[sm3.Size]byte]bool // guarded by mu; tokens of persons
	hours   map[string]*hour        // guarded by mu; by who looks
	began   time.Time               // guarded by mu; of the hour
	turned  bool                    // guarded by mu; what was kept of a former hour is still there
}

// hour is what somebody did in the hour.
type hour struct {
	persons map[[sm3.Size]byte]bool
	raised  map[Kind]bool // once an hour each: an alarm that repeats itself is not read
	changed bool          // since Keep
}

// Key spaces, below one prefix; see server/keys.go for its neighbours.
//
//	a k          key of tokens
//	a w token    a watched person: empty
//	a n number   an alarm as JSON; 8 bytes, big endian
//	a g          the change of who is watched that is under way, as JSON
//	a h token    what somebody did in the hour, as JSON
const (
	space        = 'a'
	spaceKey     = 'k'
	spaceWatched = 'w'
	spaceAlarm   = 'n'
	spaceBegun   = 'g'
	spaceHour    = 'h'
)

const (
	defaultMany = 200
	maxWhos     = 100_000 // counted in an hour
	maxWatched  = 100_000
)

// Open reads who is watched, and what was counted in this hour.
func Open(ctx context.Context, cfg Config) (*Watcher, error) {
	if cfg.Engine == nil || cfg.Now == nil || cfg.Rand == nil {
		return nil, ErrConfig
	}
	if cfg.Many <= 0 {
		cfg.Many = defaultMany
	}
	w := &Watcher{cfg: cfg}
	if err := w.openKey(ctx); err != nil {
		return nil, fmt.Errorf("opening alarms: %w", err)
	}
	err := cfg.Engine.View(ctx, func(r engine.Reader) error {
		w.watched = map[[sm3.Size]byte]bool{} // a closure may run again
		if err := w.readHours(r); err != nil {
			return err
		}
		return r.Scan(engine.Range{Prefix: []byte{space, spaceWatched}}, func(key, _ []byte) (bool, error) {
			if len(key) != 2+sm3.Size {
				return false, fmt.Errorf("%w: watched person", engine.ErrCorrupt)
			}
			w.watched[[sm3.Size]byte(key[2:])] = true
			return true, nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("opening alarms: %w", err)
	}
	return w, nil
}

func (w *Watcher) openKey(ctx context.Context) error {
	var fresh [sm3.Size]byte
	if _, err := io.ReadFull(w.cfg.Rand, fresh[:]); err != nil {
		return err
	}
	return w.cfg.Engine.Update(ctx, func(tx engine.Writer) error {
		value, err := tx.Get([]byte{space, spaceKey})
		switch {
		case errors.Is(err, engine.ErrNotFound):
			w.key = fresh
			return tx.Put([]byte{space, spaceKey}, fresh[:])
		case err != nil:
			return err
		case len(value) != sm3.Size:
			return fmt.Errorf("%w: key of alarms", engine.ErrCorrupt)
		}
		w.key = [sm3.Size]byte(value)
		return nil
	})
}

// token stands for a person, by the number.
func (w *Watcher) token(number string) [sm3.Size]byte {
	mac := hmac.New(func() hash.Hash { return sm3.New() }, w.key[:])
	mac.Write([]byte(strings.ToUpper(strings.TrimSpace(number))))
	return [sm3.Size]byte(mac.Sum(nil))
}

// Observe raises the alarms of a look-up, durable when it returns.
func (w *Watcher) Observe(ctx context.Context, l Look) error {
	for _, a := range w.judge(&l) {
		if err := w.keep(ctx, a); err != nil {
			w.raiseAgain(&l)
			return fmt.Errorf("keeping an alarm: %w", err)
		}
	}
	return nil
}

// raiseAgain has what somebody does raise its alarms once more: one of them was not kept, and the answer that waited
// for it is asked for again.
func (w *Watcher) raiseAgain(l *Look) {
	w.mu.Lock()
	defer w.mu.Unlock()
	h := w.hourOf(l.who())
	clear(h.raised)
	h.changed = true
}

// judge tells which alarms a look-up raises.
func (w *Watcher) judge(l *Look) []*Alarm {
	w.mu.Lock()
	defer w.mu.Unlock()
	h := w.hourOf(l.who())
	var list []*Alarm
	raise := func(kind Kind) {
		list = append(list, &Alarm{
			At: w.cfg.Now().UTC(), Kind: kind, Caller: l.Caller, Actor: l.Actor, Trace: l.Trace, Count: len(h.persons),
		})
	}
	for _, number := range l.Of {
		of := w.token(number)
		if l.Clerk && len(h.persons) <= w.cfg.Many && !h.persons[of] {
			h.persons[of], h.changed = true, true
		}
		if w.watched[of] {
			raise(KindWatched)
		}
		if l.Self != "" && of == w.token(l.Self) {
			raise(KindSelf)
		}
	}
	for kind, is := range map[Kind]bool{KindNoCase: l.NoCase, KindMany: len(h.persons) > w.cfg.Many} {
		if is && !h.raised[kind] {
			h.raised[kind], h.changed = true, true
			raise(kind)
		}
	}
	return list
}

// hourOf is what somebody did in this hour. mu is held. Beyond the bound all others are counted as one: who hides in a
// crowd raises its alarm.
func (w *Watcher) hourOf(who string) *hour {
	if now := w.cfg.Now(); ended(w.began, now) {
		clear(w.hours)
		w.began, w.turned = now, true
	}
	if len(w.hours) >= maxWhos && w.hours[who] == nil {
		who = ""
	}
	h := w.hours[who]
	if h == nil {
		h = newHour()
		w.hours[who] = h
	}
	return h
}

// keep makes an alarm durable under the next number.
func (w *Watcher) keep(ctx context.Context, a *Alarm) error {
	return w.cfg.Engine.Update(ctx, func(tx engine.Writer) error {
		next := uint64(1)
		last := engine.Range{Prefix: []byte{space, spaceAlarm}, Reverse: true, KeysOnly: true}
		err := tx.Scan(last, func(key, _ []byte) (bool, error) {
			if len(key) != 10 {
				return false, fmt.Errorf("%w: alarm", engine.ErrCorrupt)
			}
			next = binary.BigEndian.Uint64(key[2:]) + 1
			return false, nil
		})
		if err != nil {
			return err
		}
		a.Number = next
		value, err := json.Marshal(a)
		if err != nil {
			return err
		}
		return tx.Put(alarmKey(next), value)
	})
}

func alarmKey(number uint64) []byte {
	return binary.BigEndian.AppendUint64([]byte{space, spaceAlarm}, number)
}
