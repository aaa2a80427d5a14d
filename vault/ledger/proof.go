package ledger

import (
	"fmt"

	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/proof"
)

// InclusionProof returns the hashes that lead from the leaf at index to the root of the tree of size leaves, the lowest
// first (RFC 6962 section 2.1.1). The tree may have grown beyond size since.
func InclusionProof(index, size uint64, read TileReader) ([]Hash, error) {
	if size > MaxSize || index >= size {
		return nil, fmt.Errorf("%w: leaf %d of %d", ErrSize, index, size)
	}
	nodes, err := proof.Inclusion(index, size)
	if err != nil {
		return nil, fmt.Errorf("%w: %v", ErrSize, err)
	}
	return collect(nodes, read)
}

// ConsistencyProof returns the hashes that show the tree of size older to be the beginning of the tree of size newer
// (RFC 6962 section 2.1.2). It is empty when the sizes are equal or older is zero.
func ConsistencyProof(older, newer uint64, read TileReader) ([]Hash, error) {
	if newer > MaxSize || older > newer {
		return nil, fmt.Errorf("%w: from %d to %d", ErrSize, older, newer)
	}
	nodes, err := proof.Consistency(older, newer)
	if err != nil {
		return nil, fmt.Errorf("%w: %v", ErrSize, err)
	}
	return collect(nodes, read)
}

// collect fetches the nodes of a proof and folds those that stand for an incomplete subtree.
func collect(nodes proof.Nodes, read TileReader) ([]Hash, error) {
	tiles := tileCache{read: read, tiles: make(map[TileID][]byte)}
	raw := make([][]byte, 0, len(nodes.IDs))
	for _, id := range nodes.IDs {
		h, err := tiles.node(id)
		if err != nil {
			return nil, err
		}
		raw = append(raw, h[:])
	}
	raw, err := nodes.Rehash(raw, hasher{}.HashChildren)
	if err != nil {
		return nil, fmt.Errorf("%w: %v", ErrSize, err)
	}
	out := make([]Hash, len(raw))
	for i := range raw {
		out[i] = Hash(raw[i])
	}
	return out, nil
}

// tileCache reads each tile of one proof once.
type tileCache struct {
	read  TileReader
	tiles map[TileID][]byte
}

// node returns the hash of a node of the tree, computed within the one tile that covers it.
func (c tileCache) node(id compact.NodeID) (Hash, error) {
	within := id.Level % tileHeight
	first := id.Index << within
	tile := TileID{Level: uint8(id.Level / tileHeight), Index: first / TileWidth} // #nosec G115 -- below 8
	begin := int(first % TileWidth)                                               // #nosec G115 -- below 256
	end := begin + 1<<within
	data, ok := c.tiles[tile]
	if !ok || len(data) < end*HashBytes {
		var err error
		if data, err = c.read.fetch(tile, end); err != nil {
			return Hash{}, err
		}
		c.tiles[tile] = data
	}
	return perfect(data[begin*HashBytes : end*HashBytes]), nil
}
