package badger

import (
	"bytes"
	"hash/maphash"

	"github.com/elicense/elicense/internal/engine/ordered"
)

// write is one key's newest state in a fold. The key is a stored key (see keyspace), the value a stored value.
type write struct {
	key     []byte
	value   []byte
	deleted bool
}

// undo tells how to take back one write of the running closure.
type undo struct {
	index int32
	fresh bool  // the write was appended; otherwise it replaced old
	old   write // valid when not fresh
}

// fold is what several closures have written and one commit will make durable. It is changed under the turn until
// it is taken for its commit; after that its writes are only read. Writes are found by a hash table of their indexes;
// an ordered index is kept only once somebody has scanned.
type fold struct {
	memory
	seed    maphash.Seed
	sorted  ordered.Map[int32]
	indexed int // so many writes are in sorted; 0 also means that nobody has scanned
	sizes   sizes

	closures int
	taken    chan struct{} // closed when the commit takes the fold
	done     chan struct{} // closed when the commit has ended and err is set
	err      error
}

// memory is what one fold after the other works in: Badger has copied everything when a commit returns, and nobody else
// looks at a fold that the writer no longer lies upon.
type memory struct {
	writes  []write
	table   []int32  // open addressing: index into writes plus one, 0 is empty; the length is a power of two
	journal []undo   // of the running closure
	chunks  [][]byte // each of arenaChunk bytes; keys and values lie in the first ones
	used    int      // so many chunks
}

// cleared makes the memory of a fold ready for another; what an uncommonly large one took is let go.
func (m memory) cleared() memory {
	if len(m.chunks)*arenaChunk > 2*foldMemory {
		return memory{}
	}
	clear(m.writes)
	clear(m.table)
	clear(m.journal)
	return memory{writes: m.writes[:0], table: m.table, journal: m.journal[:0], chunks: m.chunks}
}

// sizes is what a fold costs inside one Badger transaction (count and bytes), and what its keys and values take.
type sizes struct{ count, bytes, memory int64 }

const (
	tableMin   = 256
	arenaChunk = 64 << 10
	arenaSolo  = 8 << 10 // a larger value gets its own memory
	foldMemory = 4 << 20 // a fold that holds more takes no further closure
)

// newFold returns an empty fold that works in m, which is cleared memory or the zero value.
func newFold(seed maphash.Seed, m memory) *fold {
	return &fold{memory: m, seed: seed, taken: make(chan struct{}), done: make(chan struct{})}
}

// keep copies the parts one after the other into memory of the fold's own.
func (m *memory) keep(a, b []byte) []byte {
	n := len(a) + len(b)
	if n > arenaSolo {
		return append(append(make([]byte, 0, n), a...), b...)
	}
	chunk := m.chunk(n)
	from := len(*chunk)
	*chunk = append(append(*chunk, a...), b...)
	return (*chunk)[from:len(*chunk):len(*chunk)]
}

// chunk is the one in use, or the next if n bytes do not fit.
func (m *memory) chunk(n int) *[]byte {
	if m.used > 0 {
		if c := &m.chunks[m.used-1]; cap(*c)-len(*c) >= n {
			return c
		}
	}
	if m.used == len(m.chunks) {
		m.chunks = append(m.chunks, make([]byte, 0, arenaChunk))
	}
	m.used++
	c := &m.chunks[m.used-1]
	*c = (*c)[:0]
	return c
}

// find returns the index of key's write, or -1.
func (f *fold) find(key []byte) int32 {
	if len(f.table) == 0 {
		return -1
	}
	return f.table[f.slot(key)] - 1
}

// slot returns the position in the table that holds key, or the empty one where it belongs.
func (f *fold) slot(key []byte) uint64 {
	mask := uint64(len(f.table) - 1) //nolint:gosec // the table has its least size before anybody asks
	at := maphash.Bytes(f.seed, key) & mask
	for f.table[at] != 0 && !bytes.Equal(f.writes[f.table[at]-1].key, key) {
		at = (at + 1) & mask
	}
	return at
}

// set records a write; the key of w is kept when it is new to the fold.
func (f *fold) set(w write, cost sizes) {
	f.grow()
	at := f.slot(w.key)
	f.sizes.bytes += cost.bytes
	f.sizes.count += cost.count
	f.sizes.memory += cost.memory
	if f.table[at] != 0 {
		index := f.table[at] - 1
		f.journal = append(f.journal, undo{index: index, old: f.writes[index]})
		f.writes[index] = w
		return
	}
	f.writes = append(f.writes, w)
	index := int32(len(f.writes) - 1) //nolint:gosec // bounded by MaxTxBytes and the fold's limits
	f.table[at] = index + 1
	f.journal = append(f.journal, undo{index: index, fresh: true})
}

func (f *fold) grow() {
	if len(f.writes)*2 < len(f.table) {
		return
	}
	f.table = make([]int32, max(tableMin, 2*len(f.table)))
	for i := range f.writes {
		f.table[f.slot(f.writes[i].key)] = int32(i) + 1
	}
}

// mark begins a closure; keepAll ends it with all it wrote, rollback with nothing of it.
func (f *fold) mark() sizes {
	f.journal = f.journal[:0]
	return f.sizes
}

// rollback undoes the journal from its end, so that the table's probe sequences are as they were before.
func (f *fold) rollback(before sizes) {
	for i := len(f.journal) - 1; i >= 0; i-- {
		u := f.journal[i]
		if !u.fresh {
			f.writes[u.index] = u.old
			continue
		}
		key := f.writes[u.index].key
		f.table[f.slot(key)] = 0
		if int(u.index) < f.indexed {
			f.sorted.Delete(key)
			f.indexed = int(u.index)
		}
		f.writes = f.writes[:u.index]
	}
	f.journal = f.journal[:0]
	f.sizes = before
}

// order brings the ordered index up to date.
func (f *fold) order() *ordered.Map[int32] {
	for ; f.indexed < len(f.writes); f.indexed++ {
		f.sorted.Put(f.writes[f.indexed].key, int32(f.indexed)) //nolint:gosec // see set
	}
	return &f.sorted
}
