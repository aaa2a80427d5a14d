package ledger

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"

	"github.com/emmansun/gmsm/sm3"
)

// A ledger that was restored from a backup and has lost its last leaves for good fills their places with void leaves,
// so that no place is ever given twice, and says so in an extension line of every checkpoint from then on:
//
//	elicense-lost <from> <to> <base64 of the root of the published checkpoint that is disowned>
//
// A checkpoint of a size between the two is of the lost part: the ledger is not consistent with it, and admits it.

// voidPrefix separates the commitments of void leaves from every other use of SM3.
const voidPrefix = "elicense lost leaf v1\n"

// lostName begins the extension line.
const lostName = "elicense-lost"

// VoidLeaf is the commitment that stands at an index in the place of a leaf that was lost. Everybody can compute it.
func VoidLeaf(index uint64) Hash {
	return sm3.Sum(binary.BigEndian.AppendUint64([]byte(voidPrefix), index))
}

// LostLine is the extension line about leaves from (inclusive) to (exclusive) and the root that is disowned.
func LostLine(from, to uint64, root Hash) string {
	return fmt.Sprintf("%s %d %d %s", lostName, from, to, base64.StdEncoding.EncodeToString(root[:]))
}
