package ledger_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/emmansun/gmsm/sm3"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/elicense/elicense/vault/ledger"
)

// store is a vault's tiles in memory. It checks what an append may do to them.
type store struct {
	t     require.TestingT
	tiles map[ledger.TileID][]byte
	reads int
}

func newStore(t require.TestingT) *store {
	return &store{t: t, tiles: make(map[ledger.TileID][]byte)}
}

var errNoTile = errors.New("no such tile")

func (s *store) read(id ledger.TileID) ([]byte, error) {
	s.reads++
	data, ok := s.tiles[id]
	if !ok {
		return nil, errNoTile
	}
	return data, nil
}

// write stores tiles and demands that each only grows and is written once.
func (s *store) write(writes []ledger.TileWrite) {
	seen := make(map[ledger.TileID]bool)
	for _, w := range writes {
		require.False(s.t, seen[w.ID], "tile written twice")
		seen[w.ID] = true
		require.NoError(s.t, ledger.CheckTile(w.Data))
		old := s.tiles[w.ID]
		require.Less(s.t, len(old), len(w.Data))
		require.Equal(s.t, old, append([]byte(nil), w.Data[:len(old)]...)[:len(old):len(old)])
		s.tiles[w.ID] = append([]byte(nil), w.Data...)
	}
}

// event makes the commitment of a made-up event.
func event(i uint64) ledger.Hash {
	var salt [ledger.SaltBytes]byte
	binary.BigEndian.PutUint64(salt[:], i)
	return ledger.Commit(salt, fmt.Appendf(nil, "event %d", i))
}

func events(from, to uint64) []ledger.Hash {
	out := make([]ledger.Hash, 0, to-from)
	for i := from; i < to; i++ {
		out = append(out, event(i))
	}
	return out
}

// naive is RFC 6962 section 2.1 word for word, over leaf hashes; it remembers what it has computed.
type naive struct {
	leaves []ledger.Hash
	memo   map[[2]int]ledger.Hash
}

func newNaive(commitments []ledger.Hash) naive {
	n := naive{memo: make(map[[2]int]ledger.Hash)}
	for _, c := range commitments {
		n.leaves = append(n.leaves, sm3.Sum(append([]byte{0}, c[:]...)))
	}
	return n
}

func split(n int) int { return 1 << (bits.Len(uint(n-1)) - 1) }

// root is MTH(D[from:to]).
func (n naive) root(from, to int) ledger.Hash {
	switch to - from {
	case 0:
		return sm3.Sum(nil)
	case 1:
		return n.leaves[from]
	}
	if h, ok := n.memo[[2]int{from, to}]; ok {
		return h
	}
	k := from + split(to-from)
	l, r := n.root(from, k), n.root(k, to)
	h := sm3.Sum(append(append([]byte{1}, l[:]...), r[:]...))
	n.memo[[2]int{from, to}] = h
	return h
}

// path is PATH(m, D[from:to]).
func (n naive) path(m, from, to int) []ledger.Hash {
	if to-from <= 1 {
		return []ledger.Hash{}
	}
	k := split(to - from)
	if m < k {
		return append(n.path(m, from, from+k), n.root(from+k, to))
	}
	return append(n.path(m-k, from+k, to), n.root(from, from+k))
}

// subproof is SUBPROOF(m, D[from:to], whole).
func (n naive) subproof(m, from, to int, whole bool) []ledger.Hash {
	if m == to-from {
		if whole {
			return []ledger.Hash{}
		}
		return []ledger.Hash{n.root(from, to)}
	}
	k := split(to - from)
	if m <= k {
		return append(n.subproof(m, from, from+k, whole), n.root(from+k, to))
	}
	return append(n.subproof(m-k, from+k, to, false), n.root(from, from+k))
}

// rebuilt gives every tile of a tree, computed from scratch.
func (n naive) rebuilt(size int) map[ledger.TileID][]byte {
	out := make(map[ledger.TileID][]byte)
	for level, span := uint8(0), 1; span <= size; level, span = level+1, span*ledger.TileWidth {
		for i := range size / span {
			id := ledger.TileID{Level: level, Index: uint64(i / ledger.TileWidth)}
			h := n.root(i*span, (i+1)*span)
			out[id] = append(out[id], h[:]...)
		}
	}
	return out
}

// same is require.Equal, quick when it holds.
func same(t *testing.T, want, got []ledger.Hash) {
	t.Helper()
	if !slices.Equal(want, got) || got == nil {
		require.Equal(t, want, got)
	}
}

// TestTreeAgainstNaive holds roots, tiles and all proofs of every size to 300 against the definition.
func TestTreeAgainstNaive(t *testing.T) {
	const most = 300
	all := events(0, most)
	n := newNaive(all)
	s := newStore(t)
	roots := make([]ledger.Hash, most+1)
	roots[0] = n.root(0, 0)
	for size := range uint64(most) {
		writes, root, newSize, err := ledger.Append(size, s.read, all[size:size+1])
		require.NoError(t, err)
		require.Equal(t, size+1, newSize)
		require.Equal(t, n.root(0, int(newSize)), root)
		s.write(writes)
		roots[newSize] = root
	}
	require.Equal(t, n.rebuilt(most), s.tiles)
	for size := range most + 1 {
		root, err := ledger.Root(uint64(size), s.read)
		require.NoError(t, err)
		require.Equal(t, roots[size], root)
	}
	stride := 1
	if testing.Short() {
		stride = 7
	}
	for size := 1; size <= most; size++ {
		for index := size % stride; index < size; index += stride {
			got, err := ledger.InclusionProof(uint64(index), uint64(size), s.read)
			require.NoError(t, err)
			same(t, n.path(index, 0, size), got)
		}
		for older := 1 + size%stride; older <= size; older += stride {
			got, err := ledger.ConsistencyProof(uint64(older), uint64(size), s.read)
			require.NoError(t, err)
			same(t, n.subproof(older, 0, size, true), got)
		}
		got, err := ledger.ConsistencyProof(0, uint64(size), s.read)
		require.NoError(t, err)
		require.Empty(t, got)
	}
}

// TestTreeInBatches appends in batches of any size up to 70,000 leaves: the tiles equal those rebuilt from
// scratch, a kept Frontier equals one read anew, and sampled proofs equal the definition's.
func TestTreeInBatches(t *testing.T) {
	const most = 70_000
	all := events(0, most)
	n := newNaive(all)
	rapid.Check(t, func(t *rapid.T) {
		s := newStore(t)
		var f ledger.Frontier
		target := rapid.Uint64Range(1, most/20).Draw(t, "target")
		if rapid.IntRange(0, 19).Draw(t, "large") == 0 {
			target = rapid.Uint64Range(1<<16-2, most).Draw(t, "large target")
		}
		for f.Size() < target {
			more := rapid.Uint64Range(0, min(5000, target-f.Size())).Draw(t, "more")
			if target > most/2 {
				more = min(target-f.Size(), more+20_000)
			}
			batch := all[f.Size() : f.Size()+more]
			writes, root, size, err := ledger.Append(f.Size(), s.read, batch)
			require.NoError(t, err)
			next, kept, err := f.Append(batch)
			require.NoError(t, err)
			require.Equal(t, writes, kept)
			require.Equal(t, root, next.Root())
			require.Equal(t, size, next.Size())
			s.write(writes)
			f = next
		}
		require.Equal(t, n.rebuilt(int(target)), s.tiles)
		require.Equal(t, n.root(0, int(target)), f.Root())
		for range 3 {
			index := rapid.Uint64Range(0, target-1).Draw(t, "index")
			size := rapid.Uint64Range(index+1, target).Draw(t, "size")
			got, err := ledger.InclusionProof(index, size, s.read)
			require.NoError(t, err)
			require.Equal(t, n.path(int(index), 0, int(size)), got)
			got, err = ledger.ConsistencyProof(index+1, size, s.read)
			require.NoError(t, err)
			require.Equal(t, n.subproof(int(index+1), 0, int(size), true), got)
		}
	})
}

// TestAppendIsPure: a transaction that runs again gets the same writes, and the edge it started from is unharmed.
func TestAppendIsPure(t *testing.T) {
	s := newStore(t)
	var f ledger.Frontier
	f, writes, err := f.Append(events(0, 300))
	require.NoError(t, err)
	s.write(writes)
	before := f.Root()
	first, once, err := f.Append(events(300, 900))
	require.NoError(t, err)
	_, other, err := f.Append(events(1000, 1003))
	require.NoError(t, err)
	second, twice, err := f.Append(events(300, 900))
	require.NoError(t, err)
	require.Equal(t, once, twice)
	require.NotEqual(t, once, other)
	require.Equal(t, first.Root(), second.Root())
	require.Equal(t, before, f.Root())
	require.Equal(t, uint64(300), f.Size())
}

func TestAppendNothing(t *testing.T) {
	s := newStore(t)
	writes, root, size, err := ledger.Append(0, s.read, nil)
	require.NoError(t, err)
	require.Empty(t, writes)
	require.Zero(t, size)
	require.Equal(t, sm3.Sum(nil), root)
	require.Equal(t, sm3.Sum(nil), ledger.Frontier{}.Root())
}

func TestAppendRefuses(t *testing.T) {
	s := newStore(t)
	writes, _, _, err := ledger.Append(0, s.read, events(0, 600))
	require.NoError(t, err)
	s.write(writes)
	refused := func(size uint64, read ledger.TileReader, want error) {
		t.Helper()
		writes, root, newSize, err := ledger.Append(size, read, events(0, 1))
		require.ErrorIs(t, err, want)
		require.Nil(t, writes)
		require.Zero(t, root)
		require.Zero(t, newSize)
	}
	refused(599, s.read, ledger.ErrTile) // behind what is stored: would rewrite history
	refused(601, s.read, ledger.ErrTile) // ahead of it
	refused(600, newStore(t).read, errNoTile)
	refused(ledger.MaxSize+1, s.read, ledger.ErrSize)
	full := func(ledger.TileID) ([]byte, error) { return make([]byte, 64*32), nil }
	refused(ledger.MaxSize, full, ledger.ErrSize)
	refused(600, nil, ledger.ErrTile)
	for _, data := range [][]byte{nil, {}, make([]byte, 31), make([]byte, 33), make([]byte, ledger.MaxTileBytes+32)} {
		refused(600, func(ledger.TileID) ([]byte, error) { return data, nil }, ledger.ErrTile)
	}
}

func TestProofsRefuse(t *testing.T) {
	s := newStore(t)
	writes, _, _, err := ledger.Append(0, s.read, events(0, 600))
	require.NoError(t, err)
	s.write(writes)
	for _, tt := range []struct {
		index, size uint64
		want        error
	}{
		{600, 600, ledger.ErrSize}, {0, 0, ledger.ErrSize}, {0, ledger.MaxSize + 1, ledger.ErrSize},
		{0, 601, ledger.ErrTile}, {0, 1 << 20, ledger.ErrTile}, {1 << 19, 1 << 20, errNoTile},
	} {
		got, err := ledger.InclusionProof(tt.index, tt.size, s.read)
		require.ErrorIs(t, err, tt.want)
		require.Nil(t, got)
	}
	for _, tt := range []struct {
		older, newer uint64
		want         error
	}{
		{601, 600, ledger.ErrSize}, {1, ledger.MaxSize + 1, ledger.ErrSize}, {1, 601, ledger.ErrTile},
		{1<<19 + 1, 1 << 20, errNoTile},
	} {
		got, err := ledger.ConsistencyProof(tt.older, tt.newer, s.read)
		require.ErrorIs(t, err, tt.want)
		require.Nil(t, got)
	}
	_, err = ledger.Root(601, s.read)
	require.ErrorIs(t, err, ledger.ErrTile)
}

// TestProofReadsEachTileOnce: a proof over 70,000 leaves needs one tile of the lowest level beside the upper ones.
func TestProofReadsEachTileOnce(t *testing.T) {
	s := newStore(t)
	writes, _, size, err := ledger.Append(0, s.read, events(0, 70_000))
	require.NoError(t, err)
	s.write(writes)
	s.reads = 0
	_, err = ledger.InclusionProof(12_345, size, s.read)
	require.NoError(t, err)
	require.LessOrEqual(t, s.reads, 5)
	s.reads = 0
	_, _, _, err = ledger.Append(size, s.read, events(0, 1))
	require.NoError(t, err)
	require.Equal(t, 3, s.reads)
}

// TestCommitLayout holds the commitment to its documented layout, on both sides of the length hashed in one piece.
func TestCommitLayout(t *testing.T) {
	salt := [16]byte{1, 2, 3}
	for _, n := range []int{0, 1, 511, 512, 513, 5000} {
		data := make([]byte, n)
		for i := range data {
			data[i] = byte(i)
		}
		want := sm3.Sum(append(append([]byte("elicense leaf v1\n"), salt[:]...), data...))
		require.Equal(t, want, ledger.Commit(salt, data))
	}
	require.NotEqual(t, ledger.Commit(salt, nil), ledger.Commit([16]byte{}, nil))
}

// FuzzTile gives arbitrary bytes as a tile: nothing panics, and an append only ever extends what it read.
func FuzzTile(f *testing.F) {
	f.Add(uint64(3), make([]byte, 96))
	f.Add(uint64(255), make([]byte, 255*32))
	f.Add(uint64(256), make([]byte, 32))
	f.Add(uint64(1<<40+7), make([]byte, 7*32))
	f.Fuzz(func(t *testing.T, size uint64, data []byte) {
		read := func(ledger.TileID) ([]byte, error) { return data, nil }
		writes, root, newSize, err := ledger.Append(size, read, events(0, 3))
		if err != nil {
			require.Nil(t, writes)
			require.Zero(t, root)
			require.Zero(t, newSize)
		} else {
			require.Equal(t, size+3, newSize)
			require.NotEmpty(t, writes)
			for _, w := range writes {
				require.NoError(t, ledger.CheckTile(w.Data))
			}
		}
		if _, err := ledger.Root(size, read); err != nil {
			return
		}
		proof, err := ledger.InclusionProof(size/2, size, read)
		if err != nil {
			require.Nil(t, proof)
		}
		proof, err = ledger.ConsistencyProof(size/2, size, read)
		if err != nil {
			require.Nil(t, proof)
		}
	})
}

// BenchmarkAppend appends 256 leaves to a tree of a hundred million, with the edge kept and read anew.
func BenchmarkAppend(b *testing.B) {
	const size = 100_000_123
	r := rand.New(rand.NewPCG(1, 2))
	tiles := make(map[ledger.TileID][]byte)
	for level := range uint8(8) {
		hashes := uint64(size) >> (8 * level)
		data := make([]byte, hashes%256*32)
		for i := range data {
			data[i] = byte(r.Uint32())
		}
		tiles[ledger.TileID{Level: level, Index: hashes / 256}] = data
	}
	read := func(id ledger.TileID) ([]byte, error) { return tiles[id], nil } //nolint:unparam // a reader's form
	f, err := ledger.NewFrontier(size, read)
	require.NoError(b, err)
	batch := events(0, 256)
	b.Run("frontier", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			next, _, err := f.Append(batch)
			if err != nil {
				b.Fatal(err)
			}
			_ = next.Root()
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/256, "ns/leaf")
	})
	b.Run("read", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, _, _, err := ledger.Append(size, read, batch); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/256, "ns/leaf")
	})
	b.Run("bare", func(b *testing.B) { // as many SM3 compressions as leaves and nodes cost, and nothing else
		leaf, node := make([]byte, 33), make([]byte, 65)
		for b.Loop() {
			for range 256 {
				sm3.Sum(leaf)
				sm3.Sum(node)
			}
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/256, "ns/leaf")
	})
}

func BenchmarkCommit(b *testing.B) {
	data := make([]byte, 300)
	b.ReportAllocs()
	for b.Loop() {
		ledger.Commit([16]byte{}, data)
	}
}
