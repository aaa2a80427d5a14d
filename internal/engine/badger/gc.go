package badger

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/dgraph-io/badger/v4"
)

// discardRatio is the share of a value-log file that must be garbage before the file is rewritten.
const discardRatio = 0.5

// RunGC rewrites value-log files that are half garbage or more until none is left, and returns how many it rewrote.
func (e *Engine) RunGC(ctx context.Context) (rewritten int, err error) {
	snap, err := e.snapshots.acquire() // keeps the database open
	if err != nil {
		return 0, err
	}
	defer e.snapshots.release(snap)
	for {
		if err := ctx.Err(); err != nil {
			return rewritten, err
		}
		if err := e.checkSpace(); err != nil {
			return rewritten, err
		}
		switch err := e.db.RunValueLogGC(discardRatio); {
		case err == nil:
			rewritten++
		case errors.Is(err, badger.ErrNoRewrite), errors.Is(err, badger.ErrRejected):
			return rewritten, nil
		default:
			return rewritten, fmt.Errorf("collecting value log: %v", err)
		}
	}
}

// collect is the background collection.
func (e *Engine) collect(ctx context.Context) {
	ticker := time.NewTicker(e.cfg.GCInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		if _, err := e.RunGC(ctx); err != nil && ctx.Err() == nil {
			e.cfg.Logger.WarnContext(ctx, "value log collection", "error", err.Error())
		}
	}
}

// Stats tells how much room the engine takes.
type Stats struct {
	TreeBytes     int64 // tables of keys, small values and pointers
	ValueLogBytes int64 // larger values, garbage included
	Commits       uint64
}

// Stats is cheap and up to a minute old. Commits counts since the engine was opened for the first time.
func (e *Engine) Stats() (Stats, error) {
	snap, err := e.snapshots.acquire()
	if err != nil {
		return Stats{}, err
	}
	defer e.snapshots.release(snap)
	tree, vlog := e.db.Size()
	return Stats{TreeBytes: tree, ValueLogBytes: vlog, Commits: snap.ts}, nil
}
