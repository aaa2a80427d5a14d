package vault

import (
	"context"
	"fmt"
	"sync"

	"github.com/elicense/elicense/internal/blob"
)

// shelfBytes is how much waits before it is stored together: some hundred documents, well inside a transaction.
const shelfBytes = 3 << 20

// shelf gathers the documents of a group of rows, so that they share their syncs. None may be referred to before flush
// has returned nil.
type shelf struct {
	blobs blob.Store

	mu       sync.Mutex
	waiting  []*drawn // guarded by mu, as what follows
	contents [][]byte
	bytes    int
}

// add puts a document on the shelf, and stores what lies there once it is enough.
func (s *shelf) add(ctx context.Context, d *drawn, content []byte) error {
	s.mu.Lock()
	s.waiting, s.contents, s.bytes = append(s.waiting, d), append(s.contents, content), s.bytes+len(content)
	full := s.bytes >= shelfBytes
	s.mu.Unlock()
	if full {
		return s.flush(ctx)
	}
	return nil
}

// flush stores what lies on the shelf.
func (s *shelf) flush(ctx context.Context) error {
	s.mu.Lock()
	waiting, contents := s.waiting, s.contents
	s.waiting, s.contents, s.bytes = nil, nil, 0
	s.mu.Unlock()
	if len(waiting) == 0 {
		return nil
	}
	list, err := s.blobs.PutAll(ctx, contents)
	if err != nil {
		return fmt.Errorf("vault: storing documents: %w", err)
	}
	for i := range waiting {
		waiting[i].address = list[i]
	}
	return nil
}
