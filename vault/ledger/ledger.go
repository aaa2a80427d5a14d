// Package ledger is the append-only Merkle log (账本) of a vault's events: an RFC 6962 tree with SM3 in place of
// SHA-256, stored as C2SP tlog-tiles, with signed checkpoints and proofs that stand on their own.
//
// It is pure: no storage, no clock, no keys. Tiles come in through a function and go out as a list of writes, so
// that a vault can append inside one transaction of its own engine; signers and verifiers are handed in.
//
// What the tree holds reveals nothing. The data of a leaf is a commitment, the salted digest of an event:
//
//	commitment = SM3("elicense leaf v1\n" || salt (16 bytes) || event)
//	leaf hash  = SM3(0x00 || commitment)
//	node hash  = SM3(0x01 || left || right)
//	empty tree = SM3("")
//
// Who has the event and its salt can show that it is in the tree; who has neither learns only how many events
// there are. The salt must be random and used once.
//
// The promise: a proof that VerifyProof accepts can only have been made by whoever holds the checkpoint key, over a
// tree that held that leaf at that place; and two checkpoints of one origin that do not extend each other are
// seen as a fork by VerifyConsistency.
package ledger

import (
	"errors"

	"github.com/emmansun/gmsm/sm3"
	"github.com/transparency-dev/merkle"
)

// Sizes and limits.
const (
	HashBytes = 32      // length of an SM3 digest
	SaltBytes = 16      // length of an event's salt
	MaxSize   = 1 << 62 // largest number of leaves of a tree
)

// Refusals. Every error of this package wraps one of them or an error of the caller's tile reader.
var (
	ErrSize       = errors.New("ledger: size or index out of range")
	ErrTile       = errors.New("ledger: tile does not fit the tree")
	ErrCheckpoint = errors.New("ledger: malformed checkpoint")
	ErrSignature  = errors.New("ledger: checkpoint not signed by a known key of its origin")
	ErrProof      = errors.New("ledger: malformed proof")
	ErrEvent      = errors.New("ledger: event does not match the proof")
	ErrMismatch   = errors.New("ledger: proof does not lead to the root of the checkpoint")
	ErrOrigin     = errors.New("ledger: checkpoints of different ledgers")
	ErrFork       = errors.New("ledger: fork: two signed checkpoints contradict each other")
)

// Hash is an SM3 digest.
type Hash = [HashBytes]byte

// leafPrefix separates commitments from every other use of SM3 in the vault.
const leafPrefix = "elicense leaf v1\n"

// Commit returns the commitment to an event, the data of its leaf. The salt is random and used for one event only.
func Commit(salt [SaltBytes]byte, event []byte) Hash {
	const shortEvent = 512
	var stack [len(leafPrefix) + SaltBytes + shortEvent]byte
	buf := append(stack[:0], leafPrefix...)
	buf = append(buf, salt[:]...)
	if len(event) <= shortEvent {
		return sm3.Sum(append(buf, event...))
	}
	h := sm3.New()
	h.Write(buf)
	h.Write(event)
	return Hash(h.Sum(nil))
}

// LeafHash returns the hash that stands in the lowest level of the tree for a commitment.
func LeafHash(commitment Hash) Hash {
	var buf [1 + HashBytes]byte
	copy(buf[1:], commitment[:])
	return sm3.Sum(buf[:])
}

// nodeHash returns the hash of an inner node.
func nodeHash(left, right *Hash) Hash {
	var buf [1 + 2*HashBytes]byte
	buf[0] = 1
	copy(buf[1:], left[:])
	copy(buf[1+HashBytes:], right[:])
	return sm3.Sum(buf[:])
}

// emptyRoot returns the root of the tree without leaves.
func emptyRoot() Hash { return sm3.Sum(nil) }

// hasher lends this package's hashes to the proof arithmetic of transparency-dev/merkle.
type hasher struct{}

var _ merkle.LogHasher = hasher{}

// EmptyRoot returns the root of the empty tree.
func (hasher) EmptyRoot() []byte { r := emptyRoot(); return r[:] }

// HashLeaf returns the hash of a leaf's data.
func (hasher) HashLeaf(leaf []byte) []byte {
	h := sm3.Sum(append([]byte{0}, leaf...))
	return h[:]
}

// HashChildren returns the hash of a node. Both arguments are 32 bytes long.
func (hasher) HashChildren(l, r []byte) []byte {
	left, right := Hash(l), Hash(r)
	h := nodeHash(&left, &right)
	return h[:]
}

// Size returns the length of the hashes.
func (hasher) Size() int { return HashBytes }
