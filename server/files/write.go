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
	"github.com/elicense/elicense/server/stored"
)

// pieceBytes is the length of every piece but the last, and what a writer or reader holds in memory.
const pieceBytes = 4 << 20

// Want says what file is to be made.
type Want struct {
	Owner string
	Key   string        // of idempotency, scoped by owner: the same content again is the same file; "": a new file
	Limit int64         // of its size, in bytes
	Size  int64         // that is announced: room for it is taken at once; 0: as the content comes
	Keep  time.Duration // how long it is kept
	// Promised is what long work makes that was accepted: it is counted, but never refused for want of room.
	Promised bool
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

	room  *stored.Hold
	free  int64          // bytes for which room is there or not needed
	held  []blob.Address // until Close
	whole bool           // the file is known
	kept  bool
}

var _ io.Writer = (*Writer)(nil)

// Create begins a file. There is none before Commit. Where there is no room for what is announced, Write and Commit say
// so, and nothing of it becomes durable.
func (s *Store) Create(ctx context.Context, want Want) *Writer {
	w := &Writer{s: s, ctx: ctx, want: want, sum: sm3.New(), room: s.cfg.Accounts.Hold(want.Owner)}
	if len(want.Owner) > maxOwner {
		w.err = ErrTooLarge
	}
	if w.err == nil && want.Key != "" {
		w.free, w.err = s.countedOf(ctx, want) // the same again takes no room
	}
	if w.err == nil {
		w.err = w.take(want.Size)
	}
	return w
}

// countedOf is what is counted for the file that an owner's key stands for already; 0 if there is none.
func (s *Store) countedOf(ctx context.Context, want Want) (int64, error) {
	f, err := s.Stat(ctx, hex.EncodeToString(keyID(want)))
	switch {
	case errors.Is(err, ErrNotFound):
		return 0, nil
	case err != nil:
		return 0, err
	}
	return f.counted(), nil
}

// take makes sure that there is room for a file of so many bytes.
func (w *Writer) take(size int64) error {
	size += Overhead
	more := size - w.free
	if more <= 0 || w.want.Promised {
		return nil
	}
	if err := w.room.Grow(w.ctx, more); err != nil {
		return err
	}
	w.free = size
	return nil
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
	if w.err = w.take(int64(len(w.held))*pieceBytes + int64(len(w.piece))); w.err != nil {
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
	if len(w.held) > 0 {
		w.s.release(w.held)
		if !w.kept {
			w.s.cfg.Accounts.Leave(w.want.Owner, min(int64(len(w.held))*pieceBytes, w.file.Size))
			w.s.leave()
		}
		w.held = nil
	}
	w.room.Release()
}

// Finish takes no more content, and tells what the file is. It is not there before it is committed.
func (w *Writer) Finish() (*File, error) {
	w.flush()
	if w.err != nil {
		return nil, w.err
	}
	if !w.whole {
		id, err := w.s.newID(w.want)
		if err != nil {
			return nil, err
		}
		w.whole = true
		w.file.ID, w.file.Owner = hex.EncodeToString(id), w.want.Owner
		w.sum.Sum(w.file.Digest[:0])
		w.file.Created = w.s.cfg.Now().UTC().Truncate(time.Second)
		w.file.Expires = w.file.Created.Add(w.want.Keep).Truncate(time.Second)
	}
	f := w.file
	return &f, nil
}

// Commit makes the file durable.
func (w *Writer) Commit() (*File, error) {
	files, err := w.s.Commit(w.ctx, []*Writer{w}, func(engine.Writer) error { return nil })
	if err != nil {
		return nil, err
	}
	return files[0], nil
}

// Commit makes files durable together with what else is to be: all or nothing is there, whatever happens.
func (s *Store) Commit(ctx context.Context, writers []*Writer, also func(engine.Writer) error) ([]*File, error) {
	fresh := make([]*File, len(writers))
	for i, w := range writers {
		var err error
		if fresh[i], err = w.Finish(); err != nil {
			return nil, err
		}
	}
	var out []*File
	err := s.cfg.Engine.Update(ctx, func(e engine.Writer) error {
		out = make([]*File, len(fresh))
		for i, f := range fresh {
			var err error
			if out[i], err = s.keep(e, f); err != nil {
				return err
			}
		}
		return also(e)
	})
	if err != nil {
		return nil, err
	}
	for _, w := range writers {
		w.kept = true
	}
	return out, nil
}

// keep makes a file durable, or gives the one that is there under the same key with the same content.
func (s *Store) keep(e engine.Writer, f *File) (*File, error) {
	id, err := parseID(f.ID)
	if err != nil {
		return nil, err
	}
	former, err := s.get(e, id)
	switch {
	case errors.Is(err, ErrNotFound):
		return f, s.put(e, id, f)
	case err != nil:
		return nil, err
	case former.Digest != f.Digest:
		return nil, ErrReused
	}
	return former, nil
}

// newID is that of the owner's key, or random.
func (s *Store) newID(want Want) ([]byte, error) {
	if want.Key != "" {
		return keyID(want), nil
	}
	id := make([]byte, idBytes)
	_, err := io.ReadFull(s.cfg.Rand, id)
	return id, err
}

// keyID is what an owner's key stands for.
func keyID(want Want) []byte {
	sum := sm3.Sum([]byte(want.Owner + "\x00" + want.Key))
	return sum[:idBytes]
}

func (s *Store) put(e engine.Writer, id []byte, f *File) error {
	for i := range f.pieces {
		if err := e.Put(s.key('r', f.pieces[i][:], id), nil); err != nil {
			return err
		}
	}
	for _, k := range [][]byte{s.expiryKey(f.Expires, id), s.ownerKey(f, id)} {
		if err := e.Put(k, nil); err != nil {
			return err
		}
	}
	if err := s.cfg.Accounts.Add(e, f.Owner, f.counted()); err != nil {
		return err
	}
	return e.Create(s.key('f', id), f.manifest())
}

// Write keeps what it reads.
func (s *Store) Write(ctx context.Context, from io.Reader, want Want) (*File, error) {
	w := s.Create(ctx, want)
	defer w.Close()
	if w.err != nil { // nothing of it is read
		return nil, w.err
	}
	if _, err := io.CopyBuffer(struct{ io.Writer }{w}, from, make([]byte, 64<<10)); err != nil {
		return nil, err
	}
	return w.Commit()
}
