package blob

import (
	"context"
	"errors"
	"fmt"

	"github.com/elicense/elicense/internal/engine"
)

var errIncomplete = errors.New("blob: chunks were removed under the upload")

// Put implements Store.
func (s *Embedded) Put(ctx context.Context, content []byte) (Address, error) {
	if len(content) == 0 {
		return Address{}, ErrEmpty
	}
	if len(content) > MaxBytes {
		return Address{}, ErrTooLarge
	}
	a := s.address(content)
	s.begin(a)
	defer s.end(a)
	put := s.putWhole
	if chunks(int64(len(content))) > chunksAtOnce {
		put = s.putInParts
	}
	if err := put(ctx, a, content); err != nil {
		return Address{}, fmt.Errorf("storing blob: %w", err)
	}
	return a, nil
}

// begin keeps a sweep's hands off a from here on; see remove.
func (s *Embedded) begin(a Address) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.putting[a]++
	if s.sweeps > 0 {
		s.kept[a] = true
	}
}

func (s *Embedded) end(a Address) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.putting[a]--; s.putting[a] == 0 {
		delete(s.putting, a)
	}
}

// renew sets the put time of a blob that exists.
func (s *Embedded) renew(w engine.Writer, a Address) (exists bool, err error) {
	m, err := readManifest(w, a)
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if now := s.cfg.Now(); now.After(m.put) {
		m.put = now
		return true, w.Put(key('h', a), m.append(nil))
	}
	return true, nil
}

// putWhole stores a blob in one transaction.
func (s *Embedded) putWhole(ctx context.Context, a Address, content []byte) error {
	return s.cfg.Engine.Update(ctx, func(w engine.Writer) error {
		exists, err := s.renew(w, a)
		if err != nil || exists {
			return err
		}
		if err := putChunks(w, a, content, 0); err != nil {
			return err
		}
		return s.complete(w, a, content)
	})
}

// complete makes the blob exist.
func (s *Embedded) complete(w engine.Writer, a Address, content []byte) error {
	return w.Put(key('h', a), manifest{put: s.cfg.Now(), length: int64(len(content))}.append(nil))
}

// putChunks stores the chunks from the n-th on, at most chunksAtOnce.
func putChunks(w engine.Writer, a Address, content []byte, n int) error {
	for end := n + chunksAtOnce; n < end && n*chunkBytes < len(content); n++ {
		chunk := content[n*chunkBytes : min((n+1)*chunkBytes, len(content))]
		if err := w.Put(chunkKey(a, n), chunk); err != nil {
			return err
		}
	}
	return nil
}

// putInParts stores a blob in several transactions. It starts again when somebody has removed chunks meanwhile, which
// takes a sweep after a crash of another process on the same engine, or damage.
func (s *Embedded) putInParts(ctx context.Context, a Address, content []byte) error {
	for range 3 {
		exists := false
		err := s.cfg.Engine.Update(ctx, func(w engine.Writer) (err error) {
			if exists, err = s.renew(w, a); err != nil || exists {
				return err
			}
			return w.Put(key('p', a), nil)
		})
		if err != nil || exists {
			return err
		}
		// A crash from here on leaves the mark and chunks, which Sweep removes.
		for n := 0; n < chunks(int64(len(content))); n += chunksAtOnce {
			err := s.cfg.Engine.Update(ctx, func(w engine.Writer) error { return putChunks(w, a, content, n) })
			if err != nil {
				return err
			}
		}
		if err := s.finish(ctx, a, content); !errors.Is(err, errIncomplete) {
			return err
		}
	}
	return errIncomplete
}

func (s *Embedded) finish(ctx context.Context, a Address, content []byte) error {
	return s.cfg.Engine.Update(ctx, func(w engine.Writer) error {
		have := 0
		count := func(_, _ []byte) (bool, error) { have++; return true, nil }
		if err := w.Scan(engine.Range{Prefix: key('c', a), KeysOnly: true}, count); err != nil {
			return err
		}
		if have != chunks(int64(len(content))) {
			return errIncomplete
		}
		if err := w.Delete(key('p', a)); err != nil {
			return err
		}
		return s.complete(w, a, content)
	})
}
