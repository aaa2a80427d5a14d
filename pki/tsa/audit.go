package tsa

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/emmansun/gmsm/sm3"

	"github.com/elicense/elicense/internal/engine"
)

// ErrAudit is returned for an audit that was changed or has a gap.
var ErrAudit = errors.New("tsa: the audit of the clock is damaged")

// ClockEvent is what happened to the clock.
type ClockEvent string

// Events.
const (
	ClockStarted    ClockEvent = "started"
	ClockChecked    ClockEvent = "checked"     // a majority of the sources says that it is right
	ClockWrong      ClockEvent = "wrong"       // a majority says that it is not
	ClockNoMajority ClockEvent = "no-majority" // the sources are silent or disagree
	ClockJumped     ClockEvent = "jumped"      // it was set while running
	ClockStale      ClockEvent = "stale"       // the last check is too long ago
	ClockSet        ClockEvent = "set"         // a person answers for it
)

// ClockEntry is one entry of the audit of the clock.
type ClockEntry struct {
	Number  uint64         `json:"number"` // from 0 without gap
	Event   ClockEvent     `json:"event"`
	At      time.Time      `json:"at"`      // by the wall clock, right or wrong
	Elapsed time.Duration  `json:"elapsed"` // by the other
	Trusted bool           `json:"trusted"` // after the event
	Offset  time.Duration  `json:"offset,omitempty"`
	By      string         `json:"by,omitempty"`
	Sources []SourceResult `json:"sources,omitempty"`
}

// SourceResult is the answer of one source.
type SourceResult struct {
	Name   string        `json:"name"`
	Offset time.Duration `json:"offset"`
	Delay  time.Duration `json:"delay"`
	Error  string        `json:"error,omitempty"`
}

const (
	auditPrefix = "tsa/clock/"
	leaseKey    = "tsa/lease"
)

// audit is append-only. An entry is stored under its number as SM3(digest of the one before ‖ JSON) ‖ JSON, so that
// none can be changed or taken out of the middle.
type audit struct {
	engine engine.Engine
	next   uint64
	digest [sm3.Size]byte // of the last entry
}

func auditKey(number uint64) []byte {
	return binary.BigEndian.AppendUint64([]byte(auditPrefix), number)
}

// openAudit finds the end.
func openAudit(ctx context.Context, e engine.Engine) (*audit, error) {
	a := &audit{engine: e}
	err := e.View(ctx, func(r engine.Reader) error {
		*a = audit{engine: e}
		last := engine.Range{Prefix: []byte(auditPrefix), Reverse: true}
		return r.Scan(last, func(key, value []byte) (bool, error) {
			if len(key) != len(auditPrefix)+8 || len(value) < sm3.Size {
				return false, ErrAudit
			}
			a.next = binary.BigEndian.Uint64(key[len(auditPrefix):]) + 1
			copy(a.digest[:], value)
			return false, nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("opening the audit of the clock: %w", err)
	}
	return a, nil
}

// append makes an entry durable. A crash here leaves it out or in, nothing between. If the outcome is not known the end
// is looked for again.
func (a *audit) append(ctx context.Context, e ClockEntry) error {
	e.Number = a.next
	text, err := json.Marshal(e)
	if err != nil {
		return err
	}
	digest := chained(a.digest, text)
	err = a.engine.Update(ctx, func(w engine.Writer) error {
		return w.Create(auditKey(e.Number), append(digest[:], text...))
	})
	if errors.Is(err, engine.ErrAmbiguous) || errors.Is(err, engine.ErrExists) {
		if again, openErr := openAudit(ctx, a.engine); openErr == nil {
			*a = *again
		}
	}
	if err != nil {
		return err
	}
	a.next, a.digest = e.Number+1, digest
	return nil
}

func chained(before [sm3.Size]byte, text []byte) [sm3.Size]byte {
	return sm3.Sum(append(before[:], text...))
}

// Audit calls visit for each entry from the first on, until it returns false, and checks that nothing was changed,
// taken out or put in; entries taken off the end cannot be noticed here.
func (c *Clock) Audit(ctx context.Context, visit func(ClockEntry) bool) error {
	return readAudit(ctx, c.config.Engine, visit)
}

func readAudit(ctx context.Context, e engine.Engine, visit func(ClockEntry) bool) error {
	return e.View(ctx, func(r engine.Reader) error {
		var digest [sm3.Size]byte
		var number uint64
		return r.Scan(engine.Range{Prefix: []byte(auditPrefix)}, func(key, value []byte) (bool, error) {
			if !bytes.Equal(key, auditKey(number)) || len(value) < sm3.Size {
				return false, fmt.Errorf("%w: entry %d is missing", ErrAudit, number)
			}
			text := value[sm3.Size:]
			if digest = chained(digest, text); !bytes.Equal(digest[:], value[:sm3.Size]) {
				return false, fmt.Errorf("%w: entry %d was changed", ErrAudit, number)
			}
			var entry ClockEntry
			if err := json.Unmarshal(text, &entry); err != nil || entry.Number != number {
				return false, fmt.Errorf("%w: entry %d cannot be read", ErrAudit, number)
			}
			number++
			return visit(entry), nil
		})
	})
}
