package vault

import (
	"fmt"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/elicense/elicense/internal/blob"
)

// shelfBytes is how much waits before it is stored together: some dozens of documents, well inside a transaction.
const shelfBytes = 1 << 20

// shelf gathers the documents of a group of rows, so that they share their syncs. None may be referred to before flush
// has returned nil.
type shelf struct {
	put    func(contents [][]byte) ([]blob.Address, error)
	stores errgroup.Group // beside the drawing of the next

	mu       sync.Mutex
	waiting  []*drawn // guarded by mu, as what follows
	contents [][]byte
	bytes    int
}

// add puts a document on the shelf. Once enough lies there, its storing begins.
func (s *shelf) add(d *drawn, content []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.waiting, s.contents, s.bytes = append(s.waiting, d), append(s.contents, content), s.bytes+len(content)
	if s.bytes >= shelfBytes {
		s.begin()
	}
}

// begin has what lies on the shelf stored; mu is held.
func (s *shelf) begin() {
	waiting, contents := s.waiting, s.contents
	s.waiting, s.contents, s.bytes = nil, nil, 0
	if len(waiting) > 0 {
		s.stores.Go(func() error { return s.store(waiting, contents) })
	}
}

func (s *shelf) store(waiting []*drawn, contents [][]byte) error {
	list, err := s.put(contents)
	if err != nil {
		return fmt.Errorf("vault: storing documents: %w", err)
	}
	for i := range waiting {
		waiting[i].address = list[i]
	}
	return nil
}

// flush stores the rest and returns when all is durable. Nothing is added meanwhile.
func (s *shelf) flush() error {
	s.mu.Lock()
	s.begin()
	s.mu.Unlock()
	return s.stores.Wait()
}
