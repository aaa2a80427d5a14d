package ledger

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
)

// Limits of a checkpoint.
const (
	MaxCheckpointBytes = 64 << 10 // signed checkpoint with all its cosignatures
	MaxOriginBytes     = 255
	MaxExtensions      = 16
	MaxExtensionBytes  = 1024
)

// Signer signs checkpoints. It is the signer of a C2SP signed note; its name must be the origin of what it signs.
type Signer interface {
	Name() string
	KeyHash() uint32
	Sign(msg []byte) ([]byte, error)
}

// Verifier verifies signatures of one key. It is the verifier of a C2SP signed note.
type Verifier interface {
	Name() string
	KeyHash() uint32
	Verify(msg, sig []byte) bool
}

// Checkpoint is a tree head as C2SP tlog-checkpoint writes it:
//
//	<origin>\n
//	<size, decimal>\n
//	<root hash, base64>\n
//	[<extension line>\n]...
type Checkpoint struct {
	Origin     string   // name of the ledger, without spaces and '+', at most 255 bytes
	Size       uint64   // number of leaves
	Root       Hash     // root over them
	Extensions []string // opaque lines, not empty, without control characters; usually none
}

// Key names a note key: the name and the number that note signatures carry.
type Key struct {
	Name string
	Hash uint32
}

// SignedCheckpoint is a checkpoint whose signature by its origin has been verified.
type SignedCheckpoint struct {
	Checkpoint

	Raw      []byte // the message as it was read; stored, handed on and never re-encoded
	SignedBy []Key  // keys whose signatures were verified, the origin's among them
	Carried  []Key  // cosignatures of unknown keys: handed on, prove nothing here
}

// CheckCheckpoint refuses a checkpoint that cannot be written.
func CheckCheckpoint(cp Checkpoint) error {
	if err := checkOrigin(cp.Origin); err != nil {
		return err
	}
	if cp.Size > MaxSize {
		return fmt.Errorf("%w: size %d", ErrCheckpoint, cp.Size)
	}
	if cp.Size == 0 && cp.Root != emptyRoot() {
		return fmt.Errorf("%w: size 0 with a root that is not the empty tree's", ErrCheckpoint)
	}
	if len(cp.Extensions) > MaxExtensions {
		return fmt.Errorf("%w: %d extension lines", ErrCheckpoint, len(cp.Extensions))
	}
	for i, line := range cp.Extensions {
		if line == "" || len(line) > MaxExtensionBytes || !plainText(line) {
			return fmt.Errorf("%w: extension line %d", ErrCheckpoint, i+1)
		}
	}
	return nil
}

func checkOrigin(origin string) error {
	if origin == "" || len(origin) > MaxOriginBytes || !plainText(origin) || strings.ContainsRune(origin, '+') ||
		len(strings.Fields(origin)) != 1 || strings.Fields(origin)[0] != origin {
		return fmt.Errorf("%w: origin", ErrCheckpoint)
	}
	return nil
}

// plainText reports whether s is UTF-8 without control characters and line separators.
func plainText(s string) bool {
	for _, r := range s {
		if r < 0x20 || r >= 0x7f && r < 0xa0 || r == 0xfffd || r == 0x2028 || r == 0x2029 {
			return false
		}
	}
	return true
}

// AppendCheckpoint appends the text of a checkpoint, the part that is signed.
func AppendCheckpoint(dst []byte, cp Checkpoint) ([]byte, error) {
	if err := CheckCheckpoint(cp); err != nil {
		return nil, err
	}
	dst = append(dst, cp.Origin...)
	dst = append(dst, '\n')
	dst = strconv.AppendUint(dst, cp.Size, 10)
	dst = append(dst, '\n')
	dst = base64.StdEncoding.AppendEncode(dst, cp.Root[:])
	dst = append(dst, '\n')
	for _, line := range cp.Extensions {
		dst = append(dst, line...)
		dst = append(dst, '\n')
	}
	return dst, nil
}

// SignCheckpoint returns the checkpoint as a signed note. The signer's name must be the origin.
func SignCheckpoint(cp Checkpoint, signer Signer) ([]byte, error) {
	text, err := AppendCheckpoint(nil, cp)
	if err != nil {
		return nil, err
	}
	if signer == nil || signer.Name() != cp.Origin {
		return nil, fmt.Errorf("%w: signer is not named as the origin", ErrSignature)
	}
	msg, err := note.Sign(&note.Note{Text: string(text)}, signer)
	if err != nil {
		return nil, fmt.Errorf("signing checkpoint: %w", err)
	}
	return msg, nil
}

// ParseCheckpoint reads a signed checkpoint. At least one of the verifiers must bear the origin's name and have
// signed; a wrong signature of any given verifier is refused, signatures of other keys are carried along. No verifier
// is an error.
func ParseCheckpoint(msg []byte, known ...Verifier) (SignedCheckpoint, error) {
	n, err := openNote(msg, known)
	if err != nil {
		return SignedCheckpoint{}, err
	}
	cp, err := parseCheckpointText(n.Text)
	if err != nil {
		return SignedCheckpoint{}, err
	}
	out := SignedCheckpoint{
		Checkpoint: cp, Raw: append([]byte(nil), msg...), SignedBy: keys(n.Sigs), Carried: keys(n.UnverifiedSigs),
	}
	for _, key := range out.SignedBy {
		if key.Name == cp.Origin {
			return out, nil
		}
	}
	return SignedCheckpoint{}, fmt.Errorf("%w: origin %q", ErrSignature, cp.Origin)
}

func keys(sigs []note.Signature) []Key {
	var out []Key
	for _, s := range sigs {
		out = append(out, Key{Name: s.Name, Hash: s.Hash})
	}
	return out
}

// openNote verifies a signed note, more strictly than the note package: a signature line may appear once only and is
// canonical base64, so that no second spelling of a message is accepted.
func openNote(msg []byte, known []Verifier) (*note.Note, error) {
	if len(msg) > MaxCheckpointBytes {
		return nil, fmt.Errorf("%w: %d bytes", ErrCheckpoint, len(msg))
	}
	list := make([]note.Verifier, 0, len(known))
	for _, v := range known {
		if v == nil {
			return nil, fmt.Errorf("%w: nil verifier", ErrSignature)
		}
		list = append(list, v)
	}
	n, err := note.Open(msg, note.VerifierList(list...))
	if err != nil {
		return nil, noteError(err)
	}
	sigs := append(append([]note.Signature(nil), n.Sigs...), n.UnverifiedSigs...)
	lines := strings.Count(string(msg[len(n.Text)+1:]), "\n")
	if lines != len(sigs) {
		return nil, fmt.Errorf("%w: repeated signature", ErrCheckpoint)
	}
	for _, s := range sigs {
		if _, err := base64.StdEncoding.Strict().DecodeString(s.Base64); err != nil {
			return nil, fmt.Errorf("%w: signature of %q", ErrCheckpoint, s.Name)
		}
	}
	return n, nil
}

func noteError(err error) error {
	var wrong *note.InvalidSignatureError
	var none *note.UnverifiedNoteError
	if errors.As(err, &wrong) || errors.As(err, &none) {
		return fmt.Errorf("%w: %v", ErrSignature, err)
	}
	return fmt.Errorf("%w: %v", ErrCheckpoint, err)
}

// parseCheckpointText reads the signed part of a checkpoint. Writing the result gives the same bytes.
func parseCheckpointText(text string) (Checkpoint, error) {
	lines := strings.Split(text, "\n")
	if len(lines) < 4 || lines[len(lines)-1] != "" {
		return Checkpoint{}, fmt.Errorf("%w: %d lines", ErrCheckpoint, len(lines)-1)
	}
	cp := Checkpoint{Origin: lines[0]}
	var err error
	if cp.Size, err = parseDecimal(lines[1]); err != nil {
		return Checkpoint{}, fmt.Errorf("%w: size", ErrCheckpoint)
	}
	if !decodeBase64(cp.Root[:], lines[2]) {
		return Checkpoint{}, fmt.Errorf("%w: root hash", ErrCheckpoint)
	}
	if rest := lines[3 : len(lines)-1]; len(rest) > 0 {
		cp.Extensions = rest
	}
	if err := CheckCheckpoint(cp); err != nil {
		return Checkpoint{}, err
	}
	return cp, nil
}

// parseDecimal reads a number as strconv writes it: no sign, no leading zero.
func parseDecimal(s string) (uint64, error) {
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil || strconv.FormatUint(n, 10) != s {
		return 0, errors.New("ledger: not a decimal number")
	}
	return n, nil
}

// decodeBase64 fills dst from exactly as much canonical base64.
func decodeBase64(dst []byte, s string) bool {
	if len(s) != base64.StdEncoding.EncodedLen(len(dst)) || strings.ContainsAny(s, "\r\n") {
		return false
	}
	raw, err := base64.StdEncoding.Strict().DecodeString(s)
	if err != nil || len(raw) != len(dst) {
		return false
	}
	copy(dst, raw)
	return true
}
