package ledger

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
)

// Limits of a proof file.
const (
	MaxEventBytes  = 1 << 20 // an event shown in a proof
	MaxProofHashes = 64
	MaxProofBytes  = 3 << 19 // a whole proof file, 1.5 MiB
)

// proofHeader is the first line of every proof file.
const proofHeader = "elicense ledger proof v1"

// Proof shows that a leaf is in a ledger. It takes one of three forms:
//
//   - Salt and Event: the event is in the file;
//   - Salt alone: the event travels apart and is handed to VerifyProof;
//   - Commitment alone: the leaf is in the tree, what it stands for stays hidden.
//
// The file is UTF-8 text, in the manner of C2SP tlog-proof. Lines end in \n, base64 is standard, padded and canonical,
// numbers are decimal without leading zeros, and nothing may be added, so each proof has one spelling only:
//
//	elicense ledger proof v1
//	index <number of the leaf, from 0>
//	commitment <base64 of 32 bytes>    | salt <base64 of 16 bytes>
//	                                   | [event <base64 of 1 to 1048576 bytes>]
//	<base64 of an inclusion hash>      0 to 64 lines, the lowest node first
//	                                   one empty line
//	<signed checkpoint>                to the end of the file
type Proof struct {
	Index      uint64
	Salt       []byte // 16 bytes, or nil
	Event      []byte // nil unless it is in the file
	Commitment []byte // 32 bytes, and only when Salt is nil
	Hashes     []Hash
	Checkpoint []byte // signed note, as the ledger issued it
}

// checkProof refuses a proof that cannot be written.
func checkProof(p Proof) error {
	switch {
	case p.Index >= MaxSize:
		return fmt.Errorf("%w: index", ErrProof)
	case p.Salt == nil && len(p.Commitment) != HashBytes:
		return fmt.Errorf("%w: neither salt nor commitment", ErrProof)
	case p.Salt == nil && p.Event != nil:
		return fmt.Errorf("%w: event without salt", ErrProof)
	case p.Salt != nil && (len(p.Salt) != SaltBytes || p.Commitment != nil):
		return fmt.Errorf("%w: salt", ErrProof)
	case p.Event != nil && (len(p.Event) == 0 || len(p.Event) > MaxEventBytes):
		return fmt.Errorf("%w: event of %d bytes", ErrProof, len(p.Event))
	case len(p.Hashes) > MaxProofHashes:
		return fmt.Errorf("%w: %d hashes", ErrProof, len(p.Hashes))
	case len(p.Checkpoint) == 0 || len(p.Checkpoint) > MaxCheckpointBytes:
		return fmt.Errorf("%w: checkpoint of %d bytes", ErrProof, len(p.Checkpoint))
	}
	return nil
}

// AppendProof appends the proof file.
func AppendProof(dst []byte, p Proof) ([]byte, error) {
	if err := checkProof(p); err != nil {
		return nil, err
	}
	dst = append(dst, proofHeader+"\nindex "...)
	dst = strconv.AppendUint(dst, p.Index, 10)
	dst = append(dst, '\n')
	for _, f := range []struct {
		name  string
		value []byte
	}{{"commitment", p.Commitment}, {"salt", p.Salt}, {"event", p.Event}} {
		if f.value == nil {
			continue
		}
		dst = append(append(dst, f.name...), ' ')
		dst = append(base64.StdEncoding.AppendEncode(dst, f.value), '\n')
	}
	for i := range p.Hashes {
		dst = append(base64.StdEncoding.AppendEncode(dst, p.Hashes[i][:]), '\n')
	}
	dst = append(dst, '\n')
	return append(dst, p.Checkpoint...), nil
}

// ParseProof reads a proof file. It judges the form only: the checkpoint and the hashes are verified by VerifyProof.
func ParseProof(data []byte) (Proof, error) {
	if len(data) > MaxProofBytes {
		return Proof{}, fmt.Errorf("%w: %d bytes", ErrProof, len(data))
	}
	head, checkpoint, found := bytes.Cut(data, []byte("\n\n"))
	if !found {
		return Proof{}, fmt.Errorf("%w: no checkpoint", ErrProof)
	}
	lines := strings.Split(string(head), "\n")
	if lines[0] != proofHeader {
		return Proof{}, fmt.Errorf("%w: first line", ErrProof)
	}
	p := Proof{Checkpoint: append([]byte(nil), checkpoint...)}
	lines, err := p.parseFields(lines[1:])
	if err != nil {
		return Proof{}, err
	}
	if p.Hashes, err = parseHashes(lines); err != nil {
		return Proof{}, err
	}
	if err := checkProof(p); err != nil {
		return Proof{}, err
	}
	return p, nil
}

// parseHashes reads the hashes of a proof, one a line.
func parseHashes(lines []string) ([]Hash, error) {
	if len(lines) > MaxProofHashes {
		return nil, fmt.Errorf("%w: %d hashes", ErrProof, len(lines))
	}
	var hashes []Hash
	for i, line := range lines {
		var h Hash
		if !decodeBase64(h[:], line) {
			return nil, fmt.Errorf("%w: hash %d", ErrProof, i+1)
		}
		hashes = append(hashes, h)
	}
	return hashes, nil
}

// parseFields reads the named lines and returns the rest.
func (p *Proof) parseFields(lines []string) ([]string, error) {
	index, lines, ok := takeField(lines, "index")
	if !ok {
		return nil, fmt.Errorf("%w: no index", ErrProof)
	}
	var err error
	if p.Index, err = parseDecimal(index); err != nil {
		return nil, fmt.Errorf("%w: index", ErrProof)
	}
	for _, f := range []struct {
		name string
		dst  *[]byte
		max  int
	}{{"commitment", &p.Commitment, HashBytes}, {"salt", &p.Salt, SaltBytes}, {"event", &p.Event, MaxEventBytes}} {
		var text string
		if text, lines, ok = takeField(lines, f.name); !ok {
			continue
		}
		raw, err := base64.StdEncoding.Strict().DecodeString(text)
		if err != nil || len(raw) == 0 || len(raw) > f.max || strings.ContainsRune(text, '\r') {
			return nil, fmt.Errorf("%w: %s", ErrProof, f.name)
		}
		*f.dst = raw
	}
	return lines, nil
}

// takeField takes the first line if it bears the name.
func takeField(lines []string, name string) (value string, rest []string, ok bool) {
	if len(lines) == 0 {
		return "", lines, false
	}
	value, ok = strings.CutPrefix(lines[0], name+" ")
	if !ok {
		return "", lines, false
	}
	return value, lines[1:], true
}
