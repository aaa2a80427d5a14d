package files

import (
	"context"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"time"

	"github.com/emmansun/gmsm/sm3"

	"github.com/elicense/elicense/internal/blob"
	"github.com/elicense/elicense/internal/engine"
)

// pieceBytes is the length of every piece but the last, and what a writer or reader holds in memory.
const pieceBytes = 4 << 20

// Want says what file is to be made.
type Want struct {
	Owner string
	Key   string        // of idempotency, scoped by owner: the same content again is the same file; "": a new file
	Limit int64         // of its size, in bytes
	Keep  time.Duration // how long it is kept
}

// maxOwner bounds the name of an owner.
const maxOwner = 255

// Writer takes the content of a file, and is closed in the end. It is for one goroutine.
type Writer struct {
	s     *Store
	ctx   context.Context //nolint:containedctx // io.Writer has no place for it, and a Writer lives within one call
	want  Want
	sum   hash.Hash
	piece []byte
	file  File
	err   error

	held      []blob.Address // until Close
	committed bool
}

var _ io.Writer = (*Writer)(nil)

// Create begins a file. There is none before Commit.
func (s *Store) Create(ctx context.Context, want Want) *Writer {
	w := &Writer{s: s, ctx: ctx, want: want, sum: sm3.New()}
	if len(want.Owner) > maxOwner {
		w.err = ErrTooLarge
	}
	return w
}

// Write implements io.Writer. Content beyond the limit is ErrTooLarge, and so is everything after it.
func (w *Writer) Write(p []byte) (int, error) {
	if w.err == nil && w.file.Size+int64(len(p)) > w.want.Limit {
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
	address, err := w.s.hold(w.ctx, w.piece)
	if err != nil {
		w.err = err
		return
	}
	w.file.pieces = append(w.file.pieces, address)
	w.held = append(w.held, address)
	w.piece = w.piece[:0]
}

// Close lets go of a file that is on its way. Of one that was not committed nothing stays. It may be called again.
func (w *Writer) Close() {
	if len(w.held) == 0 {
		return
	}
	w.s.release(w.held)
	w.held = nil
	if !w.committed {
		w.s.leave()
	}
}

// Commit makes the file durable.
func (w *Writer) Commit() (*File, error) {
	w.flush()
	if w.err != nil {
		return nil, w.err
	}
	id, err := w.s.newID(w.want)
	if err != nil {
		return nil, err
	}
	f := w.file
	f.ID, f.Owner = hex.EncodeToString(id), w.want.Owner
	w.sum.Sum(f.Digest[:0])
	f.Created = w.s.cfg.Now().UTC().Truncate(time.Second)
	f.Expires = f.Created.Add(w.want.Keep).Truncate(time.Second)
	var out *File
	err = w.s.cfg.Engine.Update(w.ctx, func(e engine.Writer) error {
		fresh := f
		out = &fresh
		former, err := w.s.get(e, id)
		if err == nil && former.Digest == f.Digest {
			out = former
			return nil
		}
		if err == nil {
			return ErrReused
		}
		if !errors.Is(err, ErrNotFound) {
			return err
		}
		return w.s.put(e, id, &fresh)
	})
	if err != nil {
		return nil, err
	}
	w.committed = true
	return out, nil
}

// newID is that of the owner's key, or random.
func (s *Store) newID(want Want) ([]byte, error) {
	id := make([]byte, idBytes)
	if want.Key == "" {
		_, err := io.ReadFull(s.cfg.Rand, id)
		return id, err
	}
	sum := sm3.Sum([]byte(want.Owner + "\x00" + want.Key))
	copy(id, sum[:])
	return id, nil
}

func (s *Store) put(e engine.Writer, id []byte, f *File) error {
	for i := range f.pieces {
		if err := e.Put(s.key('r', f.pieces[i][:], id), nil); err != nil {
			return err
		}
	}
	if err := e.Put(s.expiryKey(f.Expires, id), nil); err != nil {
		return err
	}
	return e.Create(s.key('f', id), f.manifest())
}

// Write keeps what it reads.
func (s *Store) Write(ctx context.Context, from io.Reader, want Want) (*File, error) {
	w := s.Create(ctx, want)
	defer w.Close()
	if _, err := io.CopyBuffer(struct{ io.Writer }{w}, from, make([]byte, 64<<10)); err != nil {
		return nil, err
	}
	return w.Commit()
}
