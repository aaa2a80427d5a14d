package blob

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"io"
	"sync"
	"time"

	"github.com/elicense/elicense/internal/engine"
)

// Config says where the embedded store keeps its blobs.
type Config struct {
	// Engine holds the blobs and nothing else; a sealed one seals them. Whoever opens it closes it. One process and
	// one Embedded at a time. Required.
	Engine engine.Engine
	// Hash makes the keyed hash of 32 bytes that names contents, see Address; it must be the same for the life of the
	// engine. Required.
	Hash func() hash.Hash
	// Now is the clock of the put times. Required.
	Now func() time.Time
}

// Embedded is a Store on an engine.
//
// # Layout
//
//	'h' || address           a manifest: version(1) = 1 || put time in nanoseconds(8) || length(8)
//	'c' || address || n(4)   the n-th chunk of chunkBytes, the last one shorter
//	'p' || address           an upload under way that needs several transactions; empty
//
// Numbers are big-endian. A blob exists when its manifest does; the manifest is written with the last of its chunks or
// after them. A crash in between leaves a mark 'p', by which Sweep finds the chunks.
type Embedded struct {
	cfg Config

	mu      sync.Mutex
	putting map[Address]int  // Puts under way; guarded by mu
	sweeps  int              // Sweeps under way; guarded by mu
	kept    map[Address]bool // put while any of those sweeps ran; guarded by mu
}

var _ Store = (*Embedded)(nil)

const (
	chunkBytes    = 512 << 10 // a sealed chunk stays below engine.MaxValueBytes
	chunksAtOnce  = 8         // in one transaction
	manifestBytes = 17
)

// Open returns the store that cfg.Engine holds.
func Open(cfg Config) (*Embedded, error) {
	if cfg.Engine == nil || cfg.Hash == nil || cfg.Now == nil {
		return nil, errors.New("blob: Config.Engine, Hash and Now are required")
	}
	if cfg.Hash().Size() != len(Address{}) {
		return nil, errors.New("blob: Config.Hash does not give 32 bytes")
	}
	return &Embedded{cfg: cfg, putting: map[Address]int{}, kept: map[Address]bool{}}, nil
}

type manifest struct {
	put    time.Time
	length int64
}

func (m manifest) append(b []byte) []byte {
	b = append(b, 1)
	b = binary.BigEndian.AppendUint64(b, uint64(m.put.UnixNano()))
	return binary.BigEndian.AppendUint64(b, uint64(m.length)) //nolint:gosec // positive
}

func parseManifest(b []byte) (manifest, error) {
	if len(b) != manifestBytes || b[0] != 1 {
		return manifest{}, fmt.Errorf("%w: manifest", ErrCorrupt)
	}
	length := binary.BigEndian.Uint64(b[9:])
	if length == 0 || length > MaxBytes {
		return manifest{}, fmt.Errorf("%w: length in manifest", ErrCorrupt)
	}
	put := time.Unix(0, int64(binary.BigEndian.Uint64(b[1:]))) //nolint:gosec // the bits are kept
	return manifest{put: put, length: int64(length)}, nil
}

// chunks is how many chunks a blob of so many bytes has.
func chunks(length int64) int { return int((length + chunkBytes - 1) / chunkBytes) }

func key(space byte, a Address) []byte { return append([]byte{space}, a[:]...) }

func chunkKey(a Address, n int) []byte {
	return binary.BigEndian.AppendUint32(key('c', a), uint32(n)) //nolint:gosec // at most MaxBytes/chunkBytes
}

func readManifest(r engine.Reader, a Address) (manifest, error) {
	b, err := r.Get(key('h', a))
	if errors.Is(err, engine.ErrNotFound) {
		return manifest{}, ErrNotFound
	}
	if err != nil {
		return manifest{}, err
	}
	return parseManifest(b)
}

// Get implements Store.
func (s *Embedded) Get(ctx context.Context, a Address) ([]byte, error) {
	var content []byte
	err := s.cfg.Engine.View(ctx, func(r engine.Reader) error {
		m, err := readManifest(r, a)
		if err != nil {
			return err
		}
		if content, err = readChunks(r, a, m); errors.Is(err, engine.ErrNotFound) {
			return fmt.Errorf("%w: chunk is missing", ErrCorrupt)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading blob: %w", err)
	}
	if s.address(content) != a {
		return nil, ErrCorrupt
	}
	return content, nil
}

func (s *Embedded) address(content []byte) Address {
	h := s.cfg.Hash()
	h.Write(content)
	return Address(h.Sum(nil))
}

// Copy implements Store.
func (s *Embedded) Copy(ctx context.Context, a Address, w io.Writer) error {
	var m manifest
	err := s.cfg.Engine.View(ctx, func(r engine.Reader) (err error) {
		m, err = readManifest(r, a)
		return err
	})
	if err != nil {
		return fmt.Errorf("reading blob: %w", err)
	}
	h, length := s.cfg.Hash(), int64(0)
	for n := range chunks(m.length) {
		var chunk []byte
		err := s.cfg.Engine.View(ctx, func(r engine.Reader) (err error) {
			chunk, err = r.Get(chunkKey(a, n))
			return err
		})
		if errors.Is(err, engine.ErrNotFound) {
			err = fmt.Errorf("%w: chunk is missing", ErrCorrupt)
		}
		if err != nil {
			return fmt.Errorf("reading blob: %w", err)
		}
		h.Write(chunk)
		length += int64(len(chunk))
		if _, err := w.Write(chunk); err != nil {
			return fmt.Errorf("copying blob: %w", err)
		}
	}
	if length != m.length || Address(h.Sum(nil)) != a {
		return ErrCorrupt
	}
	return nil
}

func readChunks(r engine.Reader, a Address, m manifest) ([]byte, error) {
	if chunks(m.length) == 1 {
		return r.Get(chunkKey(a, 0))
	}
	content := make([]byte, 0, m.length)
	for n := range chunks(m.length) {
		chunk, err := r.Get(chunkKey(a, n))
		if err != nil {
			return nil, err
		}
		if int64(len(content)+len(chunk)) > m.length {
			return nil, fmt.Errorf("%w: chunk is too long", ErrCorrupt)
		}
		content = append(content, chunk...)
	}
	return content, nil
}
