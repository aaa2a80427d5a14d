package ledger

import (
	"bytes"
	"fmt"

	"github.com/transparency-dev/merkle/proof"
)

// Report says what a verified proof proves.
type Report struct {
	Origin     string // the ledger
	Size       uint64 // its size in the checkpoint
	Root       Hash
	Index      uint64 // place of the leaf, from 0
	Commitment Hash
	Event      []byte // the event that is proven; nil when only the commitment is
	SignedBy   []Key  // keys whose signatures on the checkpoint were verified
	Carried    []Key  // cosignatures of unknown keys
}

// VerifyProof verifies a proof with nothing but itself, the event and the keys of the ledger (and of its witnesses,
// if the caller has any). The event is the one the proof must speak of: it may be nil when the proof brings its event
// or shows its commitment only, and Report.Event then tells which. An event given beside one in the file must equal
// it.
func VerifyProof(p Proof, event []byte, known ...Verifier) (Report, error) {
	if err := checkProof(p); err != nil {
		return Report{}, err
	}
	commitment, event, err := p.commitment(event)
	if err != nil {
		return Report{}, err
	}
	cp, err := ParseCheckpoint(p.Checkpoint, known...)
	if err != nil {
		return Report{}, err
	}
	if p.Index >= cp.Size {
		return Report{}, fmt.Errorf("%w: leaf %d of %d", ErrSize, p.Index, cp.Size)
	}
	leaf := LeafHash(commitment)
	if err := proof.VerifyInclusion(hasher{}, p.Index, cp.Size, leaf[:], byteSlices(p.Hashes), cp.Root[:]); err != nil {
		return Report{}, fmt.Errorf("%w: leaf %d of %d", ErrMismatch, p.Index, cp.Size)
	}
	return Report{
		Origin: cp.Origin, Size: cp.Size, Root: cp.Root, Index: p.Index, Commitment: commitment, Event: event,
		SignedBy: cp.SignedBy, Carried: cp.Carried,
	}, nil
}

// commitment returns the commitment that must be in the tree and the event it is known to stand for.
func (p Proof) commitment(event []byte) (Hash, []byte, error) {
	if p.Event != nil && event != nil && !bytes.Equal(p.Event, event) {
		return Hash{}, nil, fmt.Errorf("%w: another event is in the file", ErrEvent)
	}
	if event == nil {
		event = p.Event
	}
	switch {
	case p.Salt == nil && event != nil:
		return Hash{}, nil, fmt.Errorf("%w: without its salt an event cannot be compared", ErrEvent)
	case p.Salt == nil:
		return Hash(p.Commitment), nil, nil
	case event == nil:
		return Hash{}, nil, fmt.Errorf("%w: the event is not in the file and was not given", ErrEvent)
	}
	return Commit([SaltBytes]byte(p.Salt), event), append([]byte(nil), event...), nil
}

// VerifyConsistency shows that the newer checkpoint extends the older one: nothing was removed or changed between them.
// Two checkpoints of one size with different roots are a fork without any proof. A proof that does not lead from
// one root to the other is ErrMismatch: either the proof is wrong, or the ledger forked and no proof exists.
func VerifyConsistency(older, newer SignedCheckpoint, hashes []Hash) error {
	switch {
	case older.Origin == "" || older.Origin != newer.Origin:
		return fmt.Errorf("%w: %q and %q", ErrOrigin, older.Origin, newer.Origin)
	case older.Size > newer.Size:
		return fmt.Errorf("%w: from %d to %d", ErrSize, older.Size, newer.Size)
	case older.Size == newer.Size && older.Root != newer.Root:
		return fmt.Errorf("%w: %q at size %d", ErrFork, older.Origin, older.Size)
	case len(hashes) > MaxProofHashes:
		return fmt.Errorf("%w: %d hashes", ErrProof, len(hashes))
	}
	err := proof.VerifyConsistency(hasher{}, older.Size, newer.Size, byteSlices(hashes), older.Root[:], newer.Root[:])
	if err != nil {
		return fmt.Errorf("%w: from %d to %d", ErrMismatch, older.Size, newer.Size)
	}
	return nil
}

func byteSlices(hashes []Hash) [][]byte {
	out := make([][]byte, len(hashes))
	for i := range hashes {
		out[i] = hashes[i][:]
	}
	return out
}
