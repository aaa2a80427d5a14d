package sealed

import (
	"context"
	"crypto/pbkdf2"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/emmansun/gmsm/sm3"

	"github.com/elicense/elicense/internal/engine"
)

// MinIterations is the least work that MasterFromPassphrase accepts.
const MinIterations = 600_000

// maxIterations keeps a damaged record from costing hours.
const maxIterations = 50_000_000

// ErrPassphrase is the refusal of an empty passphrase.
var ErrPassphrase = errors.New("sealed: empty passphrase")

// Stretch is how a passphrase becomes a master key: PBKDF2 with HMAC-SM3. That is the derivation GM/T 0091-2020
// standardises; scrypt or Argon2 would cost an attacker with graphics cards more, but rest on algorithms that a
// commercial-cryptography assessment (密评) does not accept. Where that matters, give a random master key by file.
type Stretch struct {
	Iterations uint32
	Salt       [16]byte
}

// NewStretch draws a salt and sets MinIterations.
func NewStretch(random io.Reader) (Stretch, error) {
	s := Stretch{Iterations: MinIterations}
	if _, err := io.ReadFull(random, s.Salt[:]); err != nil {
		return Stretch{}, fmt.Errorf("drawing salt: %w", err)
	}
	return s, nil
}

// MasterFromPassphrase takes a good part of a second, on purpose.
func MasterFromPassphrase(passphrase string, s Stretch) (Master, error) {
	if passphrase == "" {
		return Master{}, ErrPassphrase
	}
	if s.Iterations < MinIterations || s.Iterations > maxIterations {
		return Master{}, fmt.Errorf("%w: iterations out of range", engine.ErrCorrupt)
	}
	key, err := pbkdf2.Key(sm3.New, passphrase, s.Salt[:], int(s.Iterations), len(Master{}))
	if err != nil {
		return Master{}, fmt.Errorf("deriving master key: %w", err)
	}
	return Master(key), nil
}

// SaveStretch stores s in inner in the clear, in place of an earlier one. When the passphrase changes, save first
// under a name of the caller's own or keep the old Stretch until RewrapKeyring has returned: the two writes
// are not one.
func SaveStretch(ctx context.Context, inner engine.Engine, s Stretch) error {
	record := s.Marshal()
	return inner.Update(ctx, func(w engine.Writer) error { return w.Put(stretchKey, record) })
}

// LoadStretch reads what SaveStretch stored, or answers ErrNoKeyring.
func LoadStretch(ctx context.Context, inner engine.Engine) (Stretch, error) {
	var record []byte
	err := inner.View(ctx, func(r engine.Reader) (err error) {
		record, err = r.Get(stretchKey)
		return err
	})
	if err != nil {
		return Stretch{}, keyringError(err)
	}
	return ParseStretch(record)
}

// Marshal writes version(1) = 1 || iterations(4) || salt(16).
func (s *Stretch) Marshal() []byte {
	return append(binary.BigEndian.AppendUint32([]byte{1}, s.Iterations), s.Salt[:]...)
}

// ParseStretch reads what Marshal wrote.
func ParseStretch(record []byte) (Stretch, error) {
	if len(record) != 21 || record[0] != 1 {
		return Stretch{}, fmt.Errorf("%w: passphrase record", engine.ErrCorrupt)
	}
	return Stretch{Iterations: binary.BigEndian.Uint32(record[1:]), Salt: [16]byte(record[5:])}, nil
}
