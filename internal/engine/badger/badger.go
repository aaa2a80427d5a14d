// Package badger is the default engine: package engine's contract on an embedded Badger database.
//
// # One folding writer
//
// Badger syncs once for each of its transactions, however many callers wait. So the closures of waiting Updates run
// one after the other, each on its caller's goroutine while it holds the turn, and write into a fold; one Badger
// transaction then makes the whole fold durable with one sync. While it does, the next fold fills: its closures read
// what the fold in flight has written. Nobody is answered before what he wrote and what he read is durable. Closures
// run strictly one after the other, so everything is serializable, ranges found empty included.
//
// Badger runs in managed mode: the adapter gives each commit its timestamp and lets readers see a timestamp only when
// its commit is durable. A reader never waits for a commit.
//
// # What is stored
//
// A stored key is 'k' and the key; a stored value is the value and one zero byte, because Badger answers a value
// that it cannot read with an empty one and no error. A closure that writes more than one Badger transaction can hold
// is first made durable as a redo record under 'r', in one Badger transaction, and then applied by several; opening
// the engine finishes an application that a crash has interrupted.
package badger

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/dgraph-io/badger/v4"
	"github.com/dgraph-io/badger/v4/options"

	"github.com/elicense/elicense/internal/engine"
)

// Config says where and how to open an engine.
type Config struct {
	// Dir is the data directory, which the engine has to itself; it is made when it does not exist. Required.
	Dir string
	// Logger gets Badger's warnings and errors; nil discards them.
	Logger *slog.Logger
	// ReserveBytes of free space are never touched: below it writes are refused with engine.ErrNoSpace, because
	// Badger dies when a mapped file cannot grow. Zero means 512 MiB; at least four times MemTableBytes is enforced.
	// Opening refuses below half of it.
	ReserveBytes uint64
	// FreeSpace tells the free bytes of the file system that holds dir; nil asks the operating system.
	FreeSpace func(dir string) (uint64, error)
	// MemTableBytes bounds one in-memory table; zero means 16 MiB, at least 2 MiB. Memory in use is about
	// (MemTables + 2) times this, and as much again while a table is written out. Larger tables mean less compaction.
	MemTableBytes int64
	// MemTables is the number of full tables that may wait to be written out before writers stall; zero means 2.
	MemTables int
	// ValueLogFileBytes is the size of one value-log file, the unit of collection; zero means 64 MiB. Each commit syncs
	// the whole current file, which takes the longer the more of it is in memory; each file costs a descriptor.
	ValueLogFileBytes int64
	// FoldClosures is the largest number of closures in one commit; zero means 256.
	FoldClosures int
	// GCInterval is the pause between value-log collections in the background; zero means none, call RunGC.
	GCInterval time.Duration

	syncOffUnsafe bool // tests show with it that the proof of durability can fail
}

func (c *Config) setDefaults() error {
	if c.Dir == "" {
		return errors.New("badger: Config.Dir is required")
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.FreeSpace == nil {
		c.FreeSpace = freeSpace
	}
	setDefault(&c.MemTableBytes, 16<<20)
	setDefault(&c.MemTables, 2)
	setDefault(&c.ValueLogFileBytes, 64<<20)
	setDefault(&c.FoldClosures, 256)
	setDefault(&c.ReserveBytes, 512<<20)
	c.MemTableBytes = max(c.MemTableBytes, 2<<20)
	c.ReserveBytes = max(c.ReserveBytes, 4*uint64(c.MemTableBytes)) //nolint:gosec // positive
	return nil
}

func setDefault[T int | int64 | uint64](field *T, value T) {
	if *field <= 0 {
		*field = value
	}
}

// Engine is a Badger database with one folding writer. The methods of engine.Engine are safe for concurrent use,
// and so are the others.
type Engine struct {
	db     *badger.DB
	cfg    Config
	log    *logAdapter
	unlock func()
	seed   maphash.Seed

	turn    chan struct{} // holds one token; who has it may use the fields below
	fold    *fold         // being filled
	pending *fold         // in flight, or the last one that was; nil when base holds everything
	spare   memory        // for the next fold
	base    *snapshot     // durable state that pending and fold lie upon; referenced

	wake   chan struct{} // tells the committer that the fold is not empty
	failed atomic.Bool   // a commit has failed; no more writes until reopened
	ts     uint64        // of the newest commit begun; belongs to whoever commits, one after the other
	names  fileNames     // likewise

	snapshots snapshots
	often     often
	stop      context.CancelFunc
	workers   sync.WaitGroup
}

var _ engine.Engine = (*Engine)(nil)

// Open opens or creates the engine in cfg.Dir. engine.ErrLocked means that it is open already, here or elsewhere.
func Open(cfg Config) (*Engine, error) {
	if err := cfg.setDefaults(); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(cfg.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("making data directory: %w", err)
	}
	if err := syncDir(filepath.Dir(cfg.Dir)); err != nil {
		return nil, err
	}
	unlock, err := lockDir(cfg.Dir)
	if err != nil {
		return nil, err
	}
	e, err := open(cfg)
	if err != nil {
		unlock()
		return nil, err
	}
	e.unlock = unlock
	return e, nil
}

func open(cfg Config) (*Engine, error) {
	free, err := cfg.FreeSpace(cfg.Dir)
	if err != nil {
		return nil, fmt.Errorf("reading free space: %w", err)
	}
	if free < cfg.ReserveBytes/2 { // opening itself writes
		return nil, engine.ErrNoSpace
	}
	log := &logAdapter{log: cfg.Logger}
	o := badgerOptions(cfg, log)
	db, err := openSound(cfg.Dir, o)
	if err != nil {
		return nil, err
	}
	e := &Engine{
		db: db, cfg: cfg, log: log, seed: maphash.MakeSeed(), ts: db.MaxVersion(),
		turn: make(chan struct{}, 1), wake: make(chan struct{}, 1),
	}
	e.fold, e.often.seed = newFold(e.seed, memory{}), e.seed
	if err := e.start(); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return e, nil
}

func (e *Engine) start() error {
	if err := e.names.start(e.cfg.Dir); err != nil {
		return err
	}
	if err := e.finishRedo(); err != nil {
		return err
	}
	e.snapshots.start(e.db, e.ts)
	base, err := e.snapshots.acquire()
	if err != nil {
		return err
	}
	e.base = base
	ctx, stop := context.WithCancel(context.Background())
	e.stop = stop
	e.workers.Go(func() { e.commitFolds(ctx) })
	if e.cfg.GCInterval > 0 {
		e.workers.Go(func() { e.collect(ctx) })
	}
	e.turn <- struct{}{}
	return nil
}

// openManaged keeps a panic about damaged files from ending the process.
func openManaged(o badger.Options) (db *badger.DB, err error) {
	defer func() {
		if p := recover(); p != nil {
			db, err = nil, fmt.Errorf("%w: %v", engine.ErrCorrupt, p)
		}
	}()
	db, err = badger.OpenManaged(o)
	if err != nil && strings.Contains(err.Error(), "directory lock") {
		return nil, engine.ErrLocked // where lockDir has no lock of its own
	}
	if err != nil {
		return nil, fmt.Errorf("%w: opening: %v", engine.ErrCorrupt, err)
	}
	return db, nil
}

// tableBytes is the size of a table on every level. Badger keeps eight builders of tables for the next compaction, each
// with the memory of the largest table that it ever made; a builder begins with twice this, which a full table in
// memory fits into as well. Were tables to double from level to level, as is Badger's default, memory would grow with
// what is stored.
const tableBytes = 8 << 20

func badgerOptions(cfg Config, log badger.Logger) badger.Options {
	o := badger.DefaultOptions(cfg.Dir).
		WithLogger(log).
		WithBypassLockGuard(locksItself).
		WithSyncWrites(!cfg.syncOffUnsafe).
		WithDetectConflicts(false). // there is one writer
		WithMetricsEnabled(false).
		WithCompression(options.None). // values are ciphertext; and reads come straight from the mapped file
		WithBlockCacheSize(0).
		WithIndexCacheSize(0).
		WithValueThreshold(valueThreshold).
		WithMemTableSize(cfg.MemTableBytes).
		WithNumMemtables(cfg.MemTables).
		WithNumCompactors(2).
		WithBaseTableSize(tableBytes). // fewer files and syncs of compaction than with Badger's 2 and 10 MiB
		WithBaseLevelSize(32 << 20).
		WithValueLogFileSize(cfg.ValueLogFileBytes).
		WithVerifyValueChecksum(true).
		WithChecksumVerificationMode(options.OnTableAndBlockRead)
	o.TableSizeMultiplier = 1
	return o
}

// Close waits for the Updates and Views that have begun, makes everything durable and releases the directory.
// Everything after it is answered with engine.ErrClosed. Closing twice is allowed.
func (e *Engine) Close() error {
	<-e.turn
	if e.snapshots.isClosed() {
		e.turn <- struct{}{}
		return nil
	}
	err := e.drain()
	e.snapshots.release(e.base)
	e.snapshots.markClosed()
	e.turn <- struct{}{}
	e.stop()
	e.workers.Wait()
	e.snapshots.wait()
	if closing := e.db.Close(); closing != nil {
		err = errors.Join(err, fmt.Errorf("closing: %v", closing))
	}
	e.unlock()
	return err
}
