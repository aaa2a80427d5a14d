package files

import (
	"context"
	"fmt"
	"io"
	"sync"
)

// heldPieces is how many pieces a reader keeps: a package is read at its end and at the entry that is wanted.
const heldPieces = 2

// Reader reads a file at any place. It is safe for use by many goroutines.
type Reader struct {
	*File

	s   *Store
	ctx context.Context //nolint:containedctx // io.ReaderAt has no place for it, and a Reader lives within one call

	mu   sync.Mutex
	held []heldPiece // the one used last is in front; guarded by mu
}

type heldPiece struct {
	index   int64
	content []byte
}

var _ io.ReaderAt = (*Reader)(nil)

// Open finds a file to be read while ctx lasts.
func (s *Store) Open(ctx context.Context, id string) (*Reader, error) {
	f, err := s.Stat(ctx, id)
	if err != nil {
		return nil, err
	}
	return &Reader{File: f, s: s, ctx: ctx}, nil
}

// Read gives the whole of a small file.
func (s *Store) Read(ctx context.Context, id string, limit int64) ([]byte, error) {
	r, err := s.Open(ctx, id)
	if err != nil {
		return nil, err
	}
	if r.Size > limit {
		return nil, ErrTooLarge
	}
	b := make([]byte, r.Size)
	if _, err := r.ReadAt(b, 0); err != nil && err != io.EOF { //nolint:errorlint // as io.ReaderAt says it
		return nil, err
	}
	return b, nil
}

// ReadAt implements io.ReaderAt.
func (r *Reader) ReadAt(p []byte, at int64) (int, error) {
	if at < 0 {
		return 0, fmt.Errorf("%w: place in a file", ErrNotFound)
	}
	n := 0
	for n < len(p) {
		if at >= r.Size {
			return n, io.EOF
		}
		piece, err := r.piece(at / pieceBytes)
		if err != nil {
			return n, err
		}
		took := copy(p[n:], piece[at%pieceBytes:])
		n += took
		at += int64(took)
	}
	return n, nil
}

// piece gives a piece, whose length must be what the size of the file says.
func (r *Reader) piece(index int64) ([]byte, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i, h := range r.held {
		if h.index == index {
			copy(r.held[1:i+1], r.held[:i])
			r.held[0] = h
			return h.content, nil
		}
	}
	content, err := r.s.cfg.Blobs.Get(r.ctx, r.pieces[index])
	if err != nil {
		return nil, err
	}
	if int64(len(content)) != min(pieceBytes, r.Size-index*pieceBytes) {
		return nil, fmt.Errorf("%w: length of a piece", ErrDamaged)
	}
	if len(r.held) < heldPieces {
		r.held = append(r.held, heldPiece{})
	}
	copy(r.held[1:], r.held)
	r.held[0] = heldPiece{index, content}
	return content, nil
}
