package ledger

import (
	"fmt"
	"math/bits"
)

// Frontier is the right edge of a tree: all that is needed to append and to know the root. It is a value: Append
// returns the next one and leaves the old as it was, so that a transaction that runs again starts from the same
// place. The zero value is the edge of the empty tree.
type Frontier struct {
	size  uint64
	peaks []Hash   // roots of the perfect subtrees from left to right, one for each bit set in size
	tiles [][]byte // the unfinished tile of each level, nil where the level ends with a full tile
}

// NewFrontier reads the right edge of a tree of size leaves: at most one unfinished tile of each level. A tile that is
// wider than the size says is refused, because to append there would rewrite history.
func NewFrontier(size uint64, read TileReader) (Frontier, error) {
	return readFrontier(size, read, true)
}

func readFrontier(size uint64, read TileReader, exact bool) (Frontier, error) {
	if size > MaxSize {
		return Frontier{}, fmt.Errorf("%w: size %d", ErrSize, size)
	}
	f := Frontier{size: size, tiles: make([][]byte, maxTileLevel), peaks: make([]Hash, 0, bits.OnesCount64(size))}
	for level := maxTileLevel - 1; level >= 0; level-- {
		hashes := size >> (tileHeight * level)
		width := int(hashes % TileWidth) // #nosec G115 -- below 256
		if width == 0 {
			continue
		}
		id := TileID{Level: uint8(level), Index: hashes / TileWidth} // #nosec G115 -- below 8
		data, err := read.fetch(id, width)
		if err != nil {
			return Frontier{}, err
		}
		if exact && len(data) != width*HashBytes {
			return Frontier{}, fmt.Errorf("%w: tile %d/%d holds %d hashes, a tree of size %d has %d there",
				ErrTile, id.Level, id.Index, len(data)/HashBytes, size, width)
		}
		f.tiles[level] = data[:width*HashBytes]
		f.peaks = appendPeaks(f.peaks, f.tiles[level])
	}
	return f, nil
}

// appendPeaks appends the roots of the perfect subtrees that cover the hashes in data, the widest first.
func appendPeaks(peaks []Hash, data []byte) []Hash {
	width := len(data) / HashBytes
	for k := tileHeight - 1; k >= 0; k-- {
		if width&(1<<k) == 0 {
			continue
		}
		peaks = append(peaks, perfect(data[:HashBytes<<k]))
		data = data[HashBytes<<k:]
	}
	return peaks
}

// Size returns the number of leaves.
func (f Frontier) Size() uint64 { return f.size }

// Root returns the root of the tree.
func (f Frontier) Root() Hash {
	if len(f.peaks) == 0 {
		return emptyRoot()
	}
	root := f.peaks[len(f.peaks)-1]
	for i := len(f.peaks) - 2; i >= 0; i-- {
		root = nodeHash(&f.peaks[i], &root)
	}
	return root
}

// Append adds leaves, given by their commitments, and returns the new edge with the tiles to store. Each touched tile
// is written once, unfinished ones in full; the order is by completion, then by level. It is deterministic.
func (f Frontier) Append(commitments []Hash) (Frontier, []TileWrite, error) {
	if f.size > MaxSize || uint64(len(commitments)) > MaxSize-f.size {
		return Frontier{}, nil, fmt.Errorf("%w: size %d and %d more", ErrSize, f.size, len(commitments))
	}
	b := newBuilder(f, len(commitments))
	for i := range commitments {
		b.add(LeafHash(commitments[i]))
	}
	return b.finish()
}

// builder appends to a copy of a Frontier.
type builder struct {
	size   uint64
	peaks  [64]Hash
	n      int // peaks in use
	tiles  [maxTileLevel][]byte
	dirty  [maxTileLevel]bool
	writes []TileWrite
}

func newBuilder(f Frontier, more int) *builder {
	b := &builder{size: f.size, n: len(f.peaks), writes: make([]TileWrite, 0, more/TileWidth+4)}
	copy(b.peaks[:], f.peaks)
	copy(b.tiles[:], f.tiles)
	return b
}

// add appends a leaf hash and computes every node that becomes complete by it.
func (b *builder) add(h Hash) {
	b.place(0, &h)
	level := 0
	for rest := b.size; rest&1 == 1; rest >>= 1 {
		b.n--
		h = nodeHash(&b.peaks[b.n], &h)
		if level++; level%tileHeight == 0 {
			b.place(level/tileHeight, &h)
		}
	}
	b.peaks[b.n] = h
	b.n++
	b.size++
}

// place puts a hash at the end of a tile level. The first touch copies the tile, so that the old edge stays valid.
func (b *builder) place(level int, h *Hash) {
	if !b.dirty[level] {
		b.tiles[level] = append(make([]byte, 0, MaxTileBytes), b.tiles[level]...)
		b.dirty[level] = true
	}
	b.tiles[level] = append(b.tiles[level], h[:]...)
	if len(b.tiles[level]) == MaxTileBytes {
		b.write(level)
		b.tiles[level], b.dirty[level] = nil, false
	}
}

// write records the tile at the end of a level. While a leaf is being added, size counts the leaves before it.
func (b *builder) write(level int) {
	id := TileID{Level: uint8(level), Index: b.size >> (tileHeight * (level + 1))} // #nosec G115 -- below 8
	b.writes = append(b.writes, TileWrite{ID: id, Data: b.tiles[level]})
}

func (b *builder) finish() (Frontier, []TileWrite, error) {
	for level := range b.tiles {
		if b.dirty[level] {
			b.write(level)
		}
	}
	f := Frontier{size: b.size, peaks: append([]Hash(nil), b.peaks[:b.n]...)}
	f.tiles = append([][]byte(nil), b.tiles[:]...)
	return f, b.writes, nil
}

// Append adds leaves to a tree of size leaves: NewFrontier and Frontier.Append in one. A caller that appends often
// keeps the Frontier between calls instead and reads nothing.
func Append(size uint64, read TileReader, commitments []Hash) (
	writes []TileWrite, root Hash, newSize uint64, err error,
) {
	f, err := NewFrontier(size, read)
	if err != nil {
		return nil, Hash{}, 0, err
	}
	f, writes, err = f.Append(commitments)
	if err != nil {
		return nil, Hash{}, 0, err
	}
	return writes, f.Root(), f.size, nil
}

// Root returns the root of the tree at a size up to its present one.
func Root(size uint64, read TileReader) (Hash, error) {
	f, err := readFrontier(size, read, false)
	if err != nil {
		return Hash{}, err
	}
	return f.Root(), nil
}
