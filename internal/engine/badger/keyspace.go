package badger

import (
	"bytes"

	"github.com/elicense/elicense/internal/engine"
)

// The first byte of a stored key tells what it is.
const (
	spaceKey  = 'k' // a key of the contract
	spaceRedo = 'r' // a piece of a redo record
)

// valueThreshold is the size from which on a value lives in the value log and the tree holds a pointer to it. With
// records of eight values of 600 bytes, 256 costs a third of the processor time and a quarter of the memory that 1024
// does, because compaction moves pointers instead of values; 128 gains nothing more.
const valueThreshold = 256

var (
	keyMark   = []byte{spaceKey}
	valueMark = []byte{0}
)

// cost is what one write adds to a fold's sizes: what Badger counts in its transaction limits, and memory.
func cost(w write) sizes {
	n := int64(len(w.key)) + 2 + 10
	if len(w.value) < valueThreshold {
		n += int64(len(w.value))
	} else {
		n += 12
	}
	return sizes{count: 1, bytes: n, memory: int64(len(w.key) + len(w.value))}
}

// plain takes the mark off a stored value. An empty one could not be read.
func plain(stored []byte) ([]byte, error) {
	n := len(stored) - 1
	if n < 0 || stored[n] != valueMark[0] {
		return nil, engine.ErrCorrupt
	}
	return stored[:n:n], nil
}

// searchKey returns the stored key of key in buf's memory.
func searchKey(buf, key []byte) []byte { return append(append(buf[:0], spaceKey), key...) }

// afterPrefix sorts behind every key that starts with prefix, and before all others that follow.
func afterPrefix(prefix []byte) []byte {
	pad := bytes.Repeat([]byte{0xff}, engine.MaxKeyBytes+2)
	return append(append(make([]byte, 0, len(prefix)+len(pad)), prefix...), pad...)
}
