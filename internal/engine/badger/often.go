package badger

import (
	"bytes"
	"hash/maphash"
	"sync"
	"sync/atomic"
)

// often keeps the values of the few keys that nearly every View reads, such as who calls and what a type of licence is:
// among millions of keys it takes several microseconds to find each again. A value is true from the state in which it
// was read until a commit changes its key. Every commit forgets what it changes before readers may see its state, and
// nothing is kept any more that was read before that, so that no View is given what is older than its state.
type often struct {
	seed   maphash.Seed
	places [oftenPlaces]place

	mu     sync.Mutex
	latest uint64 // guarded by mu: timestamp of the last commit whose keys were forgotten
}

const (
	oftenPlaces = 1024
	oftenBytes  = 1 << 10 // of the largest value that is kept
)

// place is where keys of one hash may stand.
type place struct {
	kept   atomic.Pointer[kept]
	missed atomic.Uint64 // hash of the key that was last looked for in vain: it is kept when it is missed again
}

// kept is one pair. It is never changed.
type kept struct {
	key, value []byte
	from       uint64 // state in which it was read
}

func (o *often) place(key []byte) (*place, uint64) {
	hash := maphash.Bytes(o.seed, key)
	return &o.places[hash%oftenPlaces], hash
}

// get gives a copy of a value, if it is known to stand in the state.
func (o *often) get(key []byte, state uint64) ([]byte, bool) {
	p, _ := o.place(key)
	k := p.kept.Load()
	if k == nil || state < k.from || !bytes.Equal(k.key, key) {
		return nil, false
	}
	return bytes.Clone(k.value), true
}

// missed keeps a value that was read in a state, the second time in a row that its place was asked for it.
func (o *often) missed(key, value []byte, state uint64) {
	p, hash := o.place(key)
	if len(value) > oftenBytes || p.missed.Swap(hash) != hash {
		return
	}
	k := &kept{key: bytes.Clone(key), value: append([]byte{}, value...), from: state}
	o.mu.Lock()
	defer o.mu.Unlock()
	if state >= o.latest {
		p.kept.Store(k)
	}
}

// forget is called for each commit before its state is published.
func (o *often) forget(writes []write, state uint64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.latest = state
	for i := range writes {
		p, _ := o.place(writes[i].key)
		if k := p.kept.Load(); k != nil && bytes.Equal(k.key, writes[i].key) {
			p.kept.Store(nil)
		}
	}
}
