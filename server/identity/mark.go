package identity

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"sync"
	"time"

	"github.com/emmansun/gmsm/sm3"

	"github.com/elicense/elicense/internal/engine"
)

// spaceMark is the prefix of keys: s, SM3 of a certificate -> Unix second, eight bytes big-endian.
const spaceMark = 's'

// marks say up to which time certificates have signed. Which signatures were used is remembered in memory, and what was
// made before a process began is refused instead; but a system whose clock is ahead makes signatures that are younger
// than the next process. Of these, and of no others, the youngest of each certificate is durable before the request is
// answered: after a restart nothing that is not younger passes. A system whose clock runs on is not hurt. There is one
// write a second for such a certificate at most, since signatures say full seconds.
type marks struct {
	engine engine.Engine

	mu   sync.Mutex
	kept map[[sm3.Size]byte]int64 // guarded by mu; what is durable
}

func openMarks(ctx context.Context, e engine.Engine) (*marks, error) {
	m := &marks{engine: e}
	err := e.View(ctx, func(r engine.Reader) error {
		m.kept = map[[sm3.Size]byte]int64{}
		return r.Scan(engine.Range{Prefix: []byte{spaceMark}}, func(key, value []byte) (bool, error) {
			second, err := parseMark(value)
			if err != nil || len(key) != 1+sm3.Size {
				return false, fmt.Errorf("%w: mark of a signature", engine.ErrCorrupt)
			}
			m.kept[[sm3.Size]byte(key[1:])] = second
			return true, nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("reading marks of signatures: %w", err)
	}
	return m, nil
}

func parseMark(value []byte) (int64, error) {
	if len(value) != 8 {
		return 0, engine.ErrCorrupt
	}
	return int64(binary.BigEndian.Uint64(value)), nil //nolint:gosec // the bits are kept
}

// present is what is durable now.
func (m *marks) present() map[[sm3.Size]byte]int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return maps.Clone(m.kept)
}

// raise makes durable that a certificate has signed at a time.
func (m *marks) raise(ctx context.Context, certificate [sm3.Size]byte, made time.Time) error {
	second := made.Unix()
	m.mu.Lock()
	known := m.kept[certificate] >= second
	m.mu.Unlock()
	if known {
		return nil
	}
	key := append([]byte{spaceMark}, certificate[:]...)
	err := m.engine.Update(ctx, func(w engine.Writer) error {
		value, err := w.Get(key)
		if err != nil && !errors.Is(err, engine.ErrNotFound) {
			return err
		}
		if err == nil {
			if there, err := parseMark(value); err != nil || there >= second {
				return err
			}
		}
		return w.Put(key, binary.BigEndian.AppendUint64(nil, uint64(second))) //nolint:gosec // the bits are kept
	})
	if err != nil {
		return fmt.Errorf("keeping the mark of a signature: %w", err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.kept[certificate] = max(m.kept[certificate], second)
	return nil
}
