package badger

import (
	"sync"

	"github.com/dgraph-io/badger/v4"

	"github.com/elicense/elicense/internal/engine"
)

// snapshot is a durable state of the database, named by the timestamp of its last commit.
type snapshot struct {
	ts   uint64
	refs int // guarded by snapshots.mu
}

// snapshots hands out the newest durable state and tells Badger which old versions nobody reads any more.
type snapshots struct {
	db      *badger.DB
	mu      sync.Mutex
	unused  sync.Cond   // the last reference was released
	live    []*snapshot // oldest first; the last one is the newest state; guarded by mu
	readers int         // sum of all references; guarded by mu
	closed  bool        // guarded by mu
}

func (s *snapshots) start(db *badger.DB, ts uint64) {
	s.db = db
	s.unused.L = &s.mu
	s.live = []*snapshot{{ts: ts}}
	db.SetDiscardTs(ts)
}

// publish makes ts the newest state.
func (s *snapshots) publish(ts uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.live = append(s.live, &snapshot{ts: ts})
	s.trim()
}

// acquire returns the newest state; it and the database stay until it is released.
func (s *snapshots) acquire() (*snapshot, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, engine.ErrClosed
	}
	newest := s.live[len(s.live)-1]
	newest.refs++
	s.readers++
	return newest, nil
}

func (s *snapshots) release(snap *snapshot) {
	s.mu.Lock()
	defer s.mu.Unlock()
	snap.refs--
	s.readers--
	if snap.refs == 0 {
		s.trim()
	}
	if s.readers == 0 {
		s.unused.Broadcast()
	}
}

// trim forgets the states at the old end that nobody reads. Badger keeps for each key the newest version at or below
// the discard timestamp, which is what the oldest reader sees.
func (s *snapshots) trim() {
	n := 0
	for n < len(s.live)-1 && s.live[n].refs == 0 {
		n++
	}
	if n > 0 {
		s.live = append(s.live[:0], s.live[n:]...)
		s.db.SetDiscardTs(s.live[0].ts)
	}
}

func (s *snapshots) isClosed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closed
}

func (s *snapshots) markClosed() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
}

// wait returns when the last reader has gone.
func (s *snapshots) wait() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.readers > 0 {
		s.unused.Wait()
	}
}
