package identity

import (
	"sync"
	"time"

	"github.com/emmansun/gmsm/sm3"
)

// signatureDigest names a signature that was seen: the first half of the SM3 of what was signed, which holds the nonce.
// The signature value is not part of it: whoever could make a second value for one text could not have it pass as new.
type signatureDigest [16]byte

func digestOf(base []byte) signatureDigest {
	sum := sm3.Sum(base)
	return signatureDigest(sum[:16])
}

// memory knows which signatures were seen, until they are too old to pass anyway. It lies in memory only: what was made
// before it began is refused instead of remembered, and so is what was made in a time that it has forgotten, as comes
// up when a clock was set back. Entries stand by the minute in which the signature was made, so that a minute is
// forgotten as a whole. It is safe for concurrent use.
type memory struct {
	limit int // entries

	mu      sync.Mutex
	count   int                                    // guarded by mu
	from    int64                                  // guarded by mu; first minute of which nothing was forgotten
	minutes map[int64]map[signatureDigest]struct{} // guarded by mu; by Unix minute
}

// seen is what a memory says of a signature.
type seen uint8

const (
	seenFull  seen = iota // not remembered: must be refused
	seenFirst             // and from now on remembered
	seenAgain
	seenPast // perhaps, and forgotten: must be refused
)

func newMemory(limit int) *memory {
	return &memory{limit: limit, minutes: map[int64]map[signatureDigest]struct{}{}}
}

// remember takes a signature that was made at a time, and forgets all that were made before oldest.
func (m *memory) remember(d signatureDigest, made, oldest time.Time) seen {
	m.mu.Lock()
	defer m.mu.Unlock()
	for minute, list := range m.minutes {
		if minute < minuteOf(oldest) {
			m.count -= len(list)
			delete(m.minutes, minute)
			m.from = max(m.from, minute+1)
		}
	}
	minute := minuteOf(made)
	if minute < m.from {
		return seenPast
	}
	if _, ok := m.minutes[minute][d]; ok {
		return seenAgain
	}
	if m.count >= m.limit {
		return seenFull
	}
	if m.minutes[minute] == nil {
		m.minutes[minute] = map[signatureDigest]struct{}{}
	}
	m.minutes[minute][d] = struct{}{}
	m.count++
	return seenFirst
}

func minuteOf(t time.Time) int64 { return t.Unix() / 60 }
