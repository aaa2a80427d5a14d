package badger

import (
	"errors"
	"fmt"

	"github.com/dgraph-io/badger/v4"

	"github.com/elicense/elicense/internal/engine"
)

// commitFold makes a taken fold durable, publishes it to readers and answers its callers through f.err and f.done.
// Only one fold is in flight at a time: the committer's, or a drain's after the committer's is done.
func (e *Engine) commitFold(f *fold) {
	defer close(f.done)
	switch {
	case f.closures == 0 && len(f.writes) == 0: // nobody waits for it
	case e.failed.Load():
		f.err = errFailed // its closures have read what a failed commit wrote
	case len(f.writes) == 0:
	case e.limits().hold(f.sizes):
		f.err = e.commitOne(f.writes, nil)
	default:
		f.err = e.commitLarge(f.writes)
	}
	if f.err == nil && len(f.writes) > 0 {
		e.often.forget(f.writes, e.ts)
		e.snapshots.publish(e.ts)
	}
}

// commitOne writes one Badger transaction durably: all writes, and the removal of the keys in gone. A crash before it
// returns leaves all of it or nothing. After an error the engine writes no more, because the next fold has read what
// this one wrote.
func (e *Engine) commitOne(writes []write, gone [][]byte) error {
	e.ts++
	txn := e.db.NewTransactionAt(e.ts, true)
	defer txn.Discard()
	err := stage(txn, writes, gone)
	if err == nil {
		err = txn.CommitAt(e.ts, nil)
	}
	if errors.Is(err, badger.ErrTxnTooBig) || errors.Is(err, badger.ErrBlockedWrites) {
		e.failed.Store(true)
		return fmt.Errorf("%w: %v", engine.ErrClosed, err) // refused before anything was written
	}
	if err == nil {
		err = e.log.failure() // Badger only logs when syncing the value log fails
	}
	if err == nil {
		err = e.names.sync(e.cfg.Dir)
	}
	if err != nil {
		e.failed.Store(true)
		return fmt.Errorf("%w: %v", engine.ErrAmbiguous, err)
	}
	return nil
}

func stage(txn *badger.Txn, writes []write, gone [][]byte) error {
	entries := make([]badger.Entry, len(writes))
	for i, w := range writes {
		if w.deleted {
			gone = append(gone, w.key)
			continue
		}
		entries[i].Key, entries[i].Value = w.key, w.value
		if err := txn.SetEntry(&entries[i]); err != nil {
			return err
		}
	}
	for _, key := range gone {
		if err := txn.Delete(key); err != nil {
			return err
		}
	}
	return nil
}
