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
	if err := checkSize(content); err != nil {
		return Address{}, err
	}
	a := s.address(content)
	s.begin(a)
	defer s.end(a)
	var err error
	if chunks(int64(len(content))) > chunksAtOnce {
		err = s.putInParts(ctx, a, content)
	} else {
		err = s.putWhole(ctx, upload{a, content})
	}
	if err != nil {
		return Address{}, fmt.Errorf("storing blob: %w", err)
	}
	return a, nil
}

func checkSize(content []byte) error {
	switch {
	case len(content) == 0:
		return ErrEmpty
	case len(content) > MaxBytes:
		return ErrTooLarge
	}
	return nil
}

// PutAll implements Store.
func (s *Embedded) PutAll(ctx context.Context, contents [][]byte) ([]Address, error) {
	for _, content := range contents {
		if err := checkSize(content); err != nil {
			return nil, err
		}
	}
	list := make([]upload, len(contents))
	out := make([]Address, len(contents))
	for i, content := range contents {
		out[i] = s.address(content)
		list[i] = upload{out[i], content}
		s.begin(out[i])
		defer s.end(out[i])
	}
	for len(list) > 0 {
		n := together(list)
		var err error
		if n == 0 {
			n, err = 1, s.putInParts(ctx, list[0].address, list[0].content)
		} else {
			err = s.putWhole(ctx, list[:n]...)
		}
		if err != nil {
			return nil, fmt.Errorf("storing blobs: %w", err)
		}
		list = list[n:]
	}
	return out, nil
}

// upload is a blob on its way.
type upload struct {
	address Address
	content []byte
}

// together is how many of the first blobs go into one transaction; 0 if the first is too large for one.
func together(list []upload) int {
	const most = chunksAtOnce * chunkBytes
	size := 0
	for n := range list {
		if size += len(list[n].content); size > most {
			return n
		}
	}
	return len(list)
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

// putWhole stores blobs in one transaction.
func (s *Embedded) putWhole(ctx context.Context, list ...upload) error {
	return s.cfg.Engine.Update(ctx, func(w engine.Writer) error {
		for _, u := range list {
			exists, err := s.renew(w, u.address)
			if err != nil {
				return err
			}
			if exists {
				continue
			}
			if err := putChunks(w, u.address, u.content, 0); err != nil {
				return err
			}
			if err := s.complete(w, u.address, u.content); err != nil {
				return err
			}
		}
		return nil
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
