package ledger

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
)

// MaxConsistencyBytes is the largest consistency file.
const MaxConsistencyBytes = 128 << 10

// consistencyHeader is the first line of every consistency file.
const consistencyHeader = "elicense ledger consistency v1"

// Consistency shows that a ledger only grew since an older state, which a receipt or a former checkpoint names. Its
// file is text in the manner of a proof file, and has one spelling only:
//
//	elicense ledger consistency v1
//	older <size, from 1> <base64 of the root>
//	<base64 of a hash>                 0 to 64 lines (RFC 6962 section 2.1.2)
//	                                   one empty line
//	<signed checkpoint>                to the end of the file
type Consistency struct {
	Older      uint64
	OlderRoot  Hash
	Hashes     []Hash
	Checkpoint []byte // the newer one, a signed note as the ledger issued it
}

// checkConsistency refuses what cannot be written.
func checkConsistency(c Consistency) error {
	switch {
	case c.Older == 0 || c.Older > MaxSize:
		return fmt.Errorf("%w: older size", ErrProof)
	case len(c.Hashes) > MaxProofHashes:
		return fmt.Errorf("%w: %d hashes", ErrProof, len(c.Hashes))
	case len(c.Checkpoint) == 0 || len(c.Checkpoint) > MaxCheckpointBytes:
		return fmt.Errorf("%w: checkpoint of %d bytes", ErrProof, len(c.Checkpoint))
	}
	return nil
}

// AppendConsistency appends the consistency file.
func AppendConsistency(dst []byte, c Consistency) ([]byte, error) {
	if err := checkConsistency(c); err != nil {
		return nil, err
	}
	dst = append(dst, consistencyHeader+"\nolder "...)
	dst = append(strconv.AppendUint(dst, c.Older, 10), ' ')
	dst = append(base64.StdEncoding.AppendEncode(dst, c.OlderRoot[:]), '\n')
	for i := range c.Hashes {
		dst = append(base64.StdEncoding.AppendEncode(dst, c.Hashes[i][:]), '\n')
	}
	dst = append(dst, '\n')
	return append(dst, c.Checkpoint...), nil
}

// ParseConsistency reads a consistency file. It judges the form only; VerifyGrowth judges what it says.
func ParseConsistency(data []byte) (Consistency, error) {
	if len(data) > MaxConsistencyBytes {
		return Consistency{}, fmt.Errorf("%w: %d bytes", ErrProof, len(data))
	}
	head, checkpoint, found := bytes.Cut(data, []byte("\n\n"))
	if !found {
		return Consistency{}, fmt.Errorf("%w: no checkpoint", ErrProof)
	}
	lines := strings.Split(string(head), "\n")
	if lines[0] != consistencyHeader {
		return Consistency{}, fmt.Errorf("%w: first line", ErrProof)
	}
	older, lines, ok := takeField(lines[1:], "older")
	size, root, two := strings.Cut(older, " ")
	c := Consistency{Checkpoint: append([]byte(nil), checkpoint...)}
	var err error
	if c.Older, err = parseDecimal(size); err != nil || !ok || !two || !decodeBase64(c.OlderRoot[:], root) {
		return Consistency{}, fmt.Errorf("%w: older state", ErrProof)
	}
	if c.Hashes, err = parseHashes(lines); err != nil {
		return Consistency{}, err
	}
	if err := checkConsistency(c); err != nil {
		return Consistency{}, err
	}
	return c, nil
}

// VerifyGrowth shows with nothing but the file and the ledger's keys that the signed checkpoint in it extends the older
// state. Whether that state is the one that somebody was shown is for the caller to compare.
func VerifyGrowth(c Consistency, known ...Verifier) (SignedCheckpoint, error) {
	if err := checkConsistency(c); err != nil {
		return SignedCheckpoint{}, err
	}
	newer, err := ParseCheckpoint(c.Checkpoint, known...)
	if err != nil {
		return SignedCheckpoint{}, err
	}
	older := SignedCheckpoint{Checkpoint: Checkpoint{Origin: newer.Origin, Size: c.Older, Root: c.OlderRoot}}
	if err := VerifyConsistency(older, newer, c.Hashes); err != nil {
		return SignedCheckpoint{}, err
	}
	return newer, nil
}
