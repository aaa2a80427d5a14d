package files

import (
	"context"
	"encoding/hex"
	"hash"
	"io"
	"time"

	"github.com/emmansun/gmsm/sm3"

	"github.com/elicense/elicense/internal/engine"
)

// pieceBytes is the length of every piece but the last, and what a writer or reader holds in memory.
const pieceBytes = 4 << 20

// Writer takes the content of a file. It is for one goroutine.
type Writer struct {
	s     *Store
	ctx   context.Context //nolint:containedctx // io.Writer has no place for it, and a Writer lives within one call
	limit int64
	keep  time.Duration
	sum   hash.Hash
	piece []byte
	file  File
	err   error
}

var _ io.Writer = (*Writer)(nil)

// Create begins a file of at most limit bytes that is kept for a while. There is no file before Commit.
func (s *Store) Create(ctx context.Context, limit int64, keep time.Duration) *Writer {
	return &Writer{s: s, ctx: ctx, limit: limit, keep: keep, sum: sm3.New()}
}

// Write implements io.Writer. Content beyond the limit is ErrTooLarge, and so is everything after it.
func (w *Writer) Write(p []byte) (int, error) {
	if w.err == nil && w.file.Size+int64(len(p)) > w.limit {
		w.err = ErrTooLarge
	}
	if w.err != nil {
		return 0, w.err
	}
	w.file.Size += int64(len(p))
	w.sum.Write(p)
	n := len(p)
	for len(p) > 0 {
		take := min(pieceBytes-len(w.piece), len(p))
		w.piece = append(w.piece, p[:take]...)
		p = p[take:]
		if len(w.piece) == pieceBytes {
			w.flush()
		}
	}
	return n, w.err
}

func (w *Writer) flush() {
	if w.err != nil || len(w.piece) == 0 {
		return
	}
	address, err := w.s.cfg.Blobs.Put(w.ctx, w.piece)
	if err != nil {
		w.err = err
		return
	}
	w.file.pieces = append(w.file.pieces, address)
	w.piece = w.piece[:0]
}

// Commit makes the file durable.
func (w *Writer) Commit() (*File, error) {
	w.flush()
	if w.err != nil {
		return nil, w.err
	}
	id := make([]byte, idBytes)
	if _, err := io.ReadFull(w.s.cfg.Rand, id); err != nil {
		return nil, err
	}
	f := w.file
	f.ID = hex.EncodeToString(id)
	w.sum.Sum(f.Digest[:0])
	f.Created = w.s.cfg.Now().UTC().Truncate(time.Second)
	f.Expires = f.Created.Add(w.keep).Truncate(time.Second)
	err := w.s.cfg.Engine.Update(w.ctx, func(e engine.Writer) error {
		for i := range f.pieces {
			if err := e.Put(w.s.key('r', f.pieces[i][:], id), nil); err != nil {
				return err
			}
		}
		if err := e.Put(w.s.expiryKey(f.Expires, id), nil); err != nil {
			return err
		}
		return e.Create(w.s.key('f', id), f.manifest())
	})
	if err != nil {
		return nil, err
	}
	return &f, nil
}

// Write keeps what it reads, at most limit bytes, for a while.
func (s *Store) Write(ctx context.Context, from io.Reader, limit int64, keep time.Duration) (*File, error) {
	w := s.Create(ctx, limit, keep)
	if _, err := io.CopyBuffer(struct{ io.Writer }{w}, from, make([]byte, 64<<10)); err != nil {
		return nil, err
	}
	return w.Commit()
}
