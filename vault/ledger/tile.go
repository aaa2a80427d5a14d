package ledger

import "fmt"

// Shape of a tile: eight levels of the tree, of which the lowest is stored.
const (
	tileHeight   = 8
	TileWidth    = 1 << tileHeight       // hashes in a full tile
	MaxTileBytes = TileWidth * HashBytes // length of a full tile
	maxTileLevel = 8                     // 8*8 levels hold MaxSize
)

// TileID names a tile as C2SP tlog-tiles does. The tile of level L and index N holds the hashes of the tree's level
// 8*L from N*256 on: at level 0 these are leaf hashes, above them the roots of full tiles of the level below.
type TileID struct {
	Level uint8
	Index uint64
}

// TileWrite is a tile to be stored in place of whatever was stored under its name. Data holds 1 to 256 hashes one after
// the other; it is shared with the Frontier it came from and must not be changed.
type TileWrite struct {
	ID   TileID
	Data []byte
}

// TileReader returns the stored bytes of a tile. A tile wider than asked for is fine for proofs, since a tile only
// grows at its end. A missing tile is an error of the reader's own choice, which is returned wrapped. The bytes are
// not changed and not kept beyond the call, except by NewFrontier.
type TileReader func(TileID) ([]byte, error)

// CheckTile refuses bytes that cannot be a tile: 1 to 256 whole hashes.
func CheckTile(data []byte) error {
	if len(data) == 0 || len(data) > MaxTileBytes || len(data)%HashBytes != 0 {
		return fmt.Errorf("%w: %d bytes", ErrTile, len(data))
	}
	return nil
}

// fetch reads a tile that must hold at least width hashes.
func (read TileReader) fetch(id TileID, width int) ([]byte, error) {
	if read == nil {
		return nil, fmt.Errorf("%w: no tile reader", ErrTile)
	}
	data, err := read(id)
	if err != nil {
		return nil, fmt.Errorf("reading tile %d/%d: %w", id.Level, id.Index, err)
	}
	if err := CheckTile(data); err != nil {
		return nil, fmt.Errorf("reading tile %d/%d: %w", id.Level, id.Index, err)
	}
	if len(data) < width*HashBytes {
		return nil, fmt.Errorf("%w: tile %d/%d holds %d hashes, %d needed",
			ErrTile, id.Level, id.Index, len(data)/HashBytes, width)
	}
	return data, nil
}

// perfect returns the root over the hashes in data, whose number is a power of two up to 256.
func perfect(data []byte) Hash {
	var row [TileWidth / 2]Hash
	n := len(data) / HashBytes
	if n == 1 {
		return Hash(data)
	}
	for i := range n / 2 {
		l, r := Hash(data[2*i*HashBytes:][:HashBytes]), Hash(data[(2*i+1)*HashBytes:][:HashBytes])
		row[i] = nodeHash(&l, &r)
	}
	for n /= 2; n > 1; n /= 2 {
		for i := range n / 2 {
			row[i] = nodeHash(&row[2*i], &row[2*i+1])
		}
	}
	return row[0]
}
