// Package files keeps what is uploaded and made by long work: sheets, scans, results, documents that were judged. A
// file is written piece by piece and read at any place, in memory that does not depend on its size, and goes when its
// time is over. Contents lie in a blob store, so they are as sealed as that is.
//
// A file exists when its manifest does. Its pieces are durable before; a crash in between leaves pieces that Sweep
// removes.
package files

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/elicense/elicense/internal/blob"
	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/server/stored"
)

// Sentinels.
var (
	ErrNotFound = errors.New("files: no such file")
	ErrTooLarge = errors.New("files: too large")
	ErrDamaged  = errors.New("files: stored data is damaged")
	ErrConfig   = errors.New("files: incomplete configuration")
	ErrReused   = errors.New("files: the key belongs to another file")
)

// Config is what a store is made of; every field must be set.
type Config struct {
	Engine engine.Engine // sealed
	Space  byte          // first byte of every key
	Blobs  blob.Store    // for these files alone: what no file refers to is swept
	Now    func() time.Time
	Rand   io.Reader
	// Accounts count what owners keep, and say no before more is kept than they may.
	Accounts *stored.Accounts
}

// File is one file as it stands in the store.
type File struct {
	ID      string
	Owner   string // who may read it; whoever hands it out asks
	Size    int64
	Digest  [32]byte // SM3 of the content
	Created time.Time
	Expires time.Time // from then on Sweep removes it

	pieces []blob.Address
}

// Store is safe for use by many goroutines. One process has it.
type Store struct {
	cfg Config

	putting sync.RWMutex // a piece that is stored is held before a sweep asks for it

	mu   sync.Mutex
	held map[blob.Address]int // pieces of files that are on their way; guarded by mu
	left bool                 // pieces were left behind since the last sweep; guarded by mu
}

// Open checks the configuration, and counts what is there if it was never counted.
func Open(ctx context.Context, cfg Config) (*Store, error) {
	if cfg.Engine == nil || cfg.Blobs == nil || cfg.Now == nil || cfg.Rand == nil || cfg.Space == 0 ||
		cfg.Accounts == nil {
		return nil, ErrConfig
	}
	s := &Store{cfg: cfg, held: map[blob.Address]int{}, left: true}
	return s, s.enter(ctx)
}

// idBytes is the length of the random part of a key.
const idBytes = 16

const manifestFormat = 1

// Keys below the space: 'f' id -> manifest; 'r' address id -> nothing: the file refers to the blob; 'x' end of its time
// in seconds, id -> nothing; 'o' digest of the owner, creation in seconds, id -> nothing; 'n' -> nothing: all files are
// counted and listed by owner.
func (s *Store) key(kind byte, parts ...[]byte) []byte {
	k := []byte{s.cfg.Space, kind}
	for _, p := range parts {
		k = append(k, p...)
	}
	return k
}

func (s *Store) expiryKey(at time.Time, id []byte) []byte {
	return s.key('x', binary.BigEndian.AppendUint64(nil, uint64(at.Unix())), id) //nolint:gosec // after 1970
}

func (f *File) manifest() []byte {
	b := []byte{manifestFormat}
	for _, n := range []int64{f.Size, f.Created.Unix(), f.Expires.Unix()} {
		b = binary.BigEndian.AppendUint64(b, uint64(n)) //nolint:gosec // after 1970, never negative
	}
	b = append(b, f.Digest[:]...)
	b = append(b, byte(len(f.Owner))) //nolint:gosec // Create has looked
	b = append(b, f.Owner...)
	for i := range f.pieces {
		b = append(b, f.pieces[i][:]...)
	}
	return b
}

// Format, three numbers, digest, length of the owner.
const manifestHead = 1 + 3*8 + 32 + 1

func parseManifest(id string, b []byte) (*File, error) {
	if len(b) < manifestHead || b[0] != manifestFormat {
		return nil, fmt.Errorf("%w: manifest", ErrDamaged)
	}
	head := manifestHead + int(b[manifestHead-1])
	if len(b) < head || (len(b)-head)%len(blob.Address{}) != 0 {
		return nil, fmt.Errorf("%w: manifest", ErrDamaged)
	}
	at := func(i int) int64 { return int64(binary.BigEndian.Uint64(b[1+8*i:])) } //nolint:gosec // written by manifest
	f := &File{ID: id, Size: at(0), Created: time.Unix(at(1), 0).UTC(), Expires: time.Unix(at(2), 0).UTC()}
	copy(f.Digest[:], b[1+3*8:])
	f.Owner = string(b[manifestHead:head])
	for b = b[head:]; len(b) > 0; b = b[len(blob.Address{}):] {
		f.pieces = append(f.pieces, blob.Address(b))
	}
	if f.Size < 0 || f.Size > int64(len(f.pieces))*pieceBytes || f.Size <= int64(len(f.pieces)-1)*pieceBytes {
		return nil, fmt.Errorf("%w: size of a file", ErrDamaged)
	}
	return f, nil
}

func parseID(id string) ([]byte, error) {
	b, err := hex.DecodeString(id)
	if err != nil || len(b) != idBytes {
		return nil, ErrNotFound
	}
	return b, nil
}

// Stat finds a file.
func (s *Store) Stat(ctx context.Context, id string) (*File, error) {
	raw, err := parseID(id)
	if err != nil {
		return nil, err
	}
	var f *File
	err = s.cfg.Engine.View(ctx, func(r engine.Reader) error {
		f, err = s.get(r, raw)
		return err
	})
	if err != nil {
		return nil, err
	}
	return f, nil
}

func (s *Store) get(r engine.Reader, id []byte) (*File, error) {
	b, err := r.Get(s.key('f', id))
	if errors.Is(err, engine.ErrNotFound) {
		return nil, ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	return parseManifest(hex.EncodeToString(id), b)
}

// Delete removes a file; its pieces go with the next Sweep. Removing one that does not exist is no error.
func (s *Store) Delete(ctx context.Context, id string) error {
	raw, err := parseID(id)
	if err != nil {
		return nil //nolint:nilerr // there is no such file
	}
	var gone *File
	err = s.cfg.Engine.Update(ctx, func(w engine.Writer) error {
		gone = nil
		f, err := s.get(w, raw)
		if errors.Is(err, ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		gone = f
		return s.remove(w, raw, f)
	})
	if err == nil && gone != nil {
		s.cfg.Accounts.Leave(gone.Owner, gone.Size)
		s.leave()
	}
	return err
}

func (s *Store) remove(w engine.Writer, id []byte, f *File) error {
	for i := range f.pieces {
		if err := w.Delete(s.key('r', f.pieces[i][:], id)); err != nil {
			return err
		}
	}
	for _, k := range [][]byte{s.expiryKey(f.Expires, id), s.ownerKey(f, id), s.key('f', id)} {
		if err := w.Delete(k); err != nil {
			return err
		}
	}
	return s.cfg.Accounts.Add(w, f.Owner, -f.counted())
}

// Sweep removes files whose time is over, and pieces that belong to no file, neither to one that exists nor to one that
// is on its way. It reports how many files went.
func (s *Store) Sweep(ctx context.Context) (int, error) {
	gone := 0
	for {
		id, err := s.expired(ctx)
		if err != nil {
			return gone, err
		}
		if id == "" {
			break
		}
		if err := s.Delete(ctx, id); err != nil {
			return gone, err
		}
		gone++
	}
	s.leave()
	return gone, s.Tidy(ctx)
}

// Tidy removes pieces that belong to no file, if any may have been left behind: by an upload that was refused or cut
// off, by a file that was removed, or by a process that was killed.
func (s *Store) Tidy(ctx context.Context) error {
	s.mu.Lock()
	left := s.left
	s.left = false
	s.mu.Unlock()
	if !left {
		return nil
	}
	cleared := s.cfg.Accounts.Clear()
	_, err := s.cfg.Blobs.Sweep(ctx, blob.Sweeping{
		OlderThan:  s.cfg.Now().Add(time.Nanosecond),
		Referenced: func(a blob.Address) (bool, error) { return s.referenced(ctx, a) },
	})
	if err != nil {
		s.leave()
		return err
	}
	cleared()
	return nil
}

func (s *Store) leave() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.left = true
}

// hold stores a piece of a file that is on its way.
func (s *Store) hold(ctx context.Context, piece []byte) (blob.Address, error) {
	s.putting.RLock()
	defer s.putting.RUnlock()
	a, err := s.cfg.Blobs.Put(ctx, piece)
	if err != nil {
		return a, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.held[a]++
	return a, nil
}

// release lets go of the pieces of a file that is no longer on its way.
func (s *Store) release(pieces []blob.Address) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, a := range pieces {
		if s.held[a]--; s.held[a] == 0 {
			delete(s.held, a)
		}
	}
}

func (s *Store) isHeld(a blob.Address) bool {
	s.putting.Lock() // one that was stored before the sweep began is held by now
	defer s.putting.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.held[a] > 0
}

// expired finds one file whose time is over; "" if there is none.
func (s *Store) expired(ctx context.Context) (id string, err error) {
	now := s.cfg.Now()
	err = s.cfg.Engine.View(ctx, func(r engine.Reader) error {
		id = ""
		return r.Scan(engine.Range{Prefix: s.key('x'), KeysOnly: true}, func(k, _ []byte) (bool, error) {
			if len(k) != 2+8+idBytes {
				return false, fmt.Errorf("%w: end of a file's time", ErrDamaged)
			}
			if end := int64(binary.BigEndian.Uint64(k[2:])); end <= now.Unix() { //nolint:gosec // written by expiryKey
				id = hex.EncodeToString(k[10:])
			}
			return false, nil
		})
	})
	return id, err
}

func (s *Store) referenced(ctx context.Context, a blob.Address) (bool, error) {
	if s.isHeld(a) {
		return true, nil
	}
	used := false
	err := s.cfg.Engine.View(ctx, func(r engine.Reader) error {
		used = false
		return r.Scan(engine.Range{Prefix: s.key('r', a[:]), KeysOnly: true}, func(_, _ []byte) (bool, error) {
			used = true
			return false, nil
		})
	})
	return used, err
}
