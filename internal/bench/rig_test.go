// Package bench_test holds the goals on speed as ratios measured in one run: the vault against the bare operations that
// it cannot do without. docs/performance.md has the table and how to repeat it.
package bench_test

import (
	"context"
	"crypto/rand"
	"runtime/debug"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/internal/blob"
	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/internal/engine/badger"
	"github.com/elicense/elicense/internal/engine/memory"
	"github.com/elicense/elicense/internal/engine/sealed"
	"github.com/elicense/elicense/vault"
)

// rig is a vault of the made-up province on the default engine, sealed, with everything that reaches the bare engine
// recorded.
type rig struct {
	vault    *vault.Vault
	sealed   *sealed.Engine
	bare     *badger.Engine
	recorder *recorder
	province *fixtures.Province
}

// options are the engine's of every goal: those of the memory goal are those of the speed goals.
func options(dir string) badger.Config { return badger.Config{Dir: dir} }

// heapLimit is what the command line sets for conversions, by holdHeap as here; it holds in the goals on speed and on
// memory alike.
const heapLimit = 512 << 20

func holdHeap() (restore func()) {
	limit, percent := debug.SetMemoryLimit(heapLimit), debug.SetGCPercent(-1)
	return func() {
		debug.SetMemoryLimit(limit)
		debug.SetGCPercent(percent)
	}
}

func newRig(b *testing.B) *rig {
	b.Helper()
	r := &rig{}
	var err error
	r.bare, err = badger.Open(options(b.TempDir()))
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, r.bare.Close()) })
	r.recorder = &recorder{inner: r.bare}
	keys, err := sealed.CreateKeyring(b.Context(), r.recorder, sealed.Master{1}, rand.Reader)
	require.NoError(b, err)
	r.sealed, err = sealed.Open(sealed.Config{Inner: r.recorder, Keys: keys, Rand: rand.Reader})
	require.NoError(b, err)
	blobs, err := blob.Open(blob.Config{
		Engine: memory.New(), Now: time.Now, Hash: keys.AddressHash,
	})
	require.NoError(b, err)
	r.province, err = fixtures.NewProvince(rand.Reader, time.Now)
	require.NoError(b, err)
	r.vault, err = vault.Open(b.Context(), vault.Config{
		Engine: r.sealed, Blobs: blobs, Tokens: keys, Records: r.province.Custody, Signer: r.province.Vault,
		Now: time.Now, Rand: rand.Reader, Zone: time.FixedZone("UTC+8", 8*3600), Workers: 2,
	})
	require.NoError(b, err)
	require.NoError(b, fixtures.Settle(b.Context(), r.vault))
	return r
}

// pair is one write as it reached the bare engine; a nil value is a removal.
type pair struct{ key, value []byte }

// recorder passes everything on and, while recording, keeps the writes of each committed closure and the keys of each
// read.
type recorder struct {
	inner engine.Engine

	mu     sync.Mutex
	writes bool
	reads  bool
	groups [][]pair
	keys   [][]byte
}

var _ engine.Engine = (*recorder)(nil)

func (r *recorder) View(ctx context.Context, fn func(engine.Reader) error) error {
	if !r.reads {
		return r.inner.View(ctx, fn)
	}
	return r.inner.View(ctx, func(rd engine.Reader) error {
		log := &readLog{Reader: rd}
		err := fn(log)
		r.mu.Lock()
		r.keys = append(r.keys, log.keys...)
		r.mu.Unlock()
		return err
	})
}

func (r *recorder) Update(ctx context.Context, fn func(engine.Writer) error) error {
	if !r.writes {
		return r.inner.Update(ctx, fn)
	}
	var log *writeLog
	err := r.inner.Update(ctx, func(w engine.Writer) error {
		log = &writeLog{Writer: w}
		return fn(log)
	})
	if err == nil {
		r.mu.Lock()
		r.groups = append(r.groups, log.pairs)
		r.mu.Unlock()
	}
	return err
}

// take gives what was recorded and forgets it.
func (r *recorder) take() (groups [][]pair, keys [][]byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	groups, keys, r.groups, r.keys = r.groups, r.keys, nil, nil
	return groups, keys
}

type readLog struct {
	engine.Reader

	keys [][]byte
}

func (l *readLog) Get(key []byte) ([]byte, error) {
	l.keys = append(l.keys, append([]byte(nil), key...))
	return l.Reader.Get(key)
}

type writeLog struct {
	engine.Writer

	pairs []pair
}

func (l *writeLog) keep(key, value []byte) {
	p := pair{key: append([]byte(nil), key...)}
	if value != nil {
		p.value = append([]byte{}, value...)
	}
	l.pairs = append(l.pairs, p)
}

func (l *writeLog) Put(key, value []byte) error {
	l.keep(key, append([]byte{}, value...))
	return l.Writer.Put(key, value)
}

func (l *writeLog) Create(key, value []byte) error {
	l.keep(key, append([]byte{}, value...))
	return l.Writer.Create(key, value)
}

func (l *writeLog) Delete(key []byte) error {
	l.keep(key, nil)
	return l.Writer.Delete(key)
}

// replay writes one recorded closure into a bare engine; worked is closed before the writes are durable.
func replay(ctx context.Context, e engine.Engine, group []pair, worked chan<- struct{}) error {
	return e.Update(ctx, func(w engine.Writer) error {
		for i := range group {
			var err error
			if group[i].value == nil {
				err = w.Delete(group[i].key)
			} else {
				err = w.Put(group[i].key, group[i].value)
			}
			if err != nil {
				return err
			}
		}
		close(worked)
		return nil
	})
}
