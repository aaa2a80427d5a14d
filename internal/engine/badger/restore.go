package badger

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/elicense/elicense/internal/engine"
)

// ErrNotEmpty is the refusal to restore over something.
var ErrNotEmpty = errors.New("badger: directory to restore into is not empty")

// restoreBatch is how many bytes go into one transaction of a restore.
const restoreBatch = 512 << 10

// VerifyBackup reads a backup stream to its end and returns its number of pairs, or engine.ErrCorrupt.
func VerifyBackup(ctx context.Context, r io.Reader) (pairs uint64, err error) {
	return readBackup(r, func(_, _ []byte) error { return ctx.Err() })
}

// Restore makes cfg.Dir from a backup stream; the directory must be empty or absent. It builds the engine in a
// directory beside it (cfg.Dir + ".restoring"), verifies the stream to its end, closes the engine, and only then
// renames it into place: a crash or a refused stream leaves cfg.Dir as it was, and what a crash leaves beside it is
// removed by the next Restore. The caller opens the engine afterwards.
func Restore(ctx context.Context, cfg Config, r io.Reader) (pairs uint64, err error) {
	target := cfg.Dir
	if err := cfg.setDefaults(); err != nil {
		return 0, err
	}
	if err := checkEmpty(target); err != nil {
		return 0, err
	}
	cfg.Dir = target + ".restoring"
	if err := os.RemoveAll(cfg.Dir); err != nil {
		return 0, fmt.Errorf("removing what an earlier restore left: %w", err)
	}
	pairs, err = build(ctx, cfg, r)
	if err == nil {
		err = moveInto(cfg.Dir, target)
	}
	if err != nil {
		return 0, errors.Join(err, os.RemoveAll(cfg.Dir))
	}
	return pairs, nil
}

func checkEmpty(dir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("listing target of restore: %w", err)
	}
	if len(entries) > 0 {
		return ErrNotEmpty
	}
	return nil
}

// moveInto puts the finished directory in the place of an empty or absent one, durably.
func moveInto(built, target string) error {
	if err := os.Remove(target); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("making room for restore: %w", err) // not empty any more
	}
	if err := os.Rename(built, target); err != nil {
		return fmt.Errorf("moving restored engine into place: %w", err)
	}
	return syncDir(filepath.Dir(target))
}

// build fills a new engine in cfg.Dir and closes it.
func build(ctx context.Context, cfg Config, r io.Reader) (pairs uint64, err error) {
	e, err := Open(cfg)
	if err != nil {
		return 0, err
	}
	b := batch{engine: e, ctx: ctx}
	pairs, err = readBackup(r, b.add)
	if err == nil {
		err = b.flush()
	}
	if closing := e.Close(); err == nil {
		err = closing
	}
	if err != nil {
		return 0, err
	}
	if err := os.Remove(filepath.Join(cfg.Dir, lockName)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return 0, fmt.Errorf("removing lock file: %w", err)
	}
	return pairs, nil
}

// batch gathers pairs for one transaction.
type batch struct {
	engine *Engine
	ctx    context.Context
	pairs  []write
	bytes  int
}

func (b *batch) add(key, value []byte) error {
	both := append(append(make([]byte, 0, len(key)+len(value)), key...), value...)
	b.pairs = append(b.pairs, write{key: both[:len(key):len(key)], value: both[len(key):]})
	if b.bytes += len(both); b.bytes < restoreBatch {
		return nil
	}
	return b.flush()
}

func (b *batch) flush() error {
	err := b.engine.Update(b.ctx, func(w engine.Writer) error {
		for _, p := range b.pairs {
			if err := w.Put(p.key, p.value); err != nil {
				return err
			}
		}
		return nil
	})
	b.pairs, b.bytes = b.pairs[:0], 0
	return err
}
