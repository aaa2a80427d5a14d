package badger

import (
	"encoding/binary"
	"fmt"

	"github.com/dgraph-io/badger/v4"

	"github.com/elicense/elicense/internal/engine"
)

// A redo record is the writes of one closure one after the other:
//
//	kind(1: 0 put, 1 delete) || key length(2) || stored key || value length(4) || stored value
//
// cut into pieces that lie under 'r' || number(4). Numbers and lengths are big-endian.
const redoPiece = 256 << 10

// commitLarge makes writes durable that one Badger transaction cannot hold. The redo record's commit decides: a crash
// before it leaves nothing, a crash after it is finished by finishRedo. Readers see none of the steps, because only
// the timestamp of the last one is published.
func (e *Engine) commitLarge(writes []write) error {
	pieces := redoPieces(writes)
	if err := e.commitOne(pieces, nil); err != nil {
		return err
	}
	if err := e.applyRedo(writes, pieces); err != nil {
		e.failed.Store(true)
		return fmt.Errorf("%w: %v", engine.ErrAmbiguous, err)
	}
	return nil
}

func redoPieces(writes []write) []write {
	var record []byte
	for _, w := range writes {
		kind := byte(0)
		if w.deleted {
			kind = 1
		}
		record = append(record, kind)
		record = binary.BigEndian.AppendUint16(record, uint16(len(w.key))) //nolint:gosec // at most MaxKeyBytes+1
		record = append(record, w.key...)
		record = binary.BigEndian.AppendUint32(record, uint32(len(w.value))) //nolint:gosec // at most MaxValueBytes+1
		record = append(record, w.value...)
	}
	var pieces []write
	for i := uint32(0); len(record) > 0; i++ {
		n := min(len(record), redoPiece)
		pieces = append(pieces, write{key: redoKey(i), value: record[:n:n]})
		record = record[n:]
	}
	return pieces
}

func redoKey(number uint32) []byte { return binary.BigEndian.AppendUint32([]byte{spaceRedo}, number) }

// parseRedo reads a redo record; everything it returns lies in record's memory.
func parseRedo(record []byte) ([]write, error) {
	var writes []write
	for len(record) > 0 {
		if len(record) < 3 {
			return nil, errRedo
		}
		w := write{deleted: record[0] == 1}
		kind, n := record[0], int(binary.BigEndian.Uint16(record[1:]))
		if record = record[3:]; kind > 1 || len(record) < n+4 {
			return nil, errRedo
		}
		w.key, record = record[:n:n], record[n:]
		size := int(binary.BigEndian.Uint32(record))
		if record = record[4:]; size > len(record) || size > engine.MaxValueBytes+1 || w.deleted && size > 0 {
			return nil, errRedo
		}
		w.value, record = record[:size:size], record[size:]
		writes = append(writes, w)
	}
	return writes, nil
}

var errRedo = fmt.Errorf("%w: redo record", engine.ErrCorrupt)

// applyRedo performs the writes and removes the pieces with the last of them. Doing it again changes nothing.
func (e *Engine) applyRedo(writes, pieces []write) error {
	gone := make([][]byte, 0, len(pieces))
	room := e.limits()
	for _, p := range pieces {
		c := cost(write{key: p.key, deleted: true})
		room.count -= c.count
		room.bytes -= c.bytes
		gone = append(gone, p.key)
	}
	for len(writes) > 0 {
		var used sizes
		n := 0
		for ; n < len(writes); n++ {
			c := cost(writes[n])
			used.count += c.count
			if used.bytes += c.bytes; n > 0 && !room.hold(used) {
				break
			}
		}
		last := gone
		if n < len(writes) {
			last = nil
		}
		if err := e.commitOne(writes[:n], last); err != nil {
			return err
		}
		writes = writes[n:]
	}
	return nil
}

// finishRedo applies the redo record that a crash has left, before anybody can read.
func (e *Engine) finishRedo() error {
	pieces, record, err := e.readRedo()
	if err != nil {
		return err
	}
	writes, err := parseRedo(record)
	if err != nil {
		return err
	}
	return e.applyRedo(writes, pieces)
}

func (e *Engine) readRedo() (pieces []write, record []byte, err error) {
	txn := e.db.NewTransactionAt(e.ts, false)
	defer txn.Discard()
	it := txn.NewIterator(badger.IteratorOptions{Prefix: []byte{spaceRedo}})
	defer it.Close()
	for it.Rewind(); it.Valid(); it.Next() {
		value, err := it.Item().ValueCopy(nil)
		if err != nil || len(value) == 0 {
			return nil, nil, errRedo
		}
		pieces = append(pieces, write{key: it.Item().KeyCopy(nil)})
		record = append(record, value...)
	}
	return pieces, record, nil
}
