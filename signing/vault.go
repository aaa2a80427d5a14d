package signing

import (
	"context"
	"fmt"
	"sync/atomic"

	"golang.org/x/mod/sumdb/note"

	"github.com/elicense/elicense/internal/sm2note"
)

// VaultSigner signs for the vault: receipts and status statements as SignedData that holds its certificates, and ledger
// checkpoints as signed notes. Both come from the one key of the vault's certificate. It is immutable and safe for
// concurrent use.
type VaultSigner struct {
	statements atomic.Pointer[Signer]
	notes      *sm2note.Signer
}

var _ note.Signer = (*VaultSigner)(nil)

// NewVaultSigner returns a signer whose notes carry the given name, the origin of the ledger. Of config, Key, Chain and
// Rand are used.
func NewVaultSigner(origin string, config Config) (*VaultSigner, error) {
	statements, err := newStatements(config)
	if err != nil {
		return nil, err
	}
	notes, err := sm2note.NewSigner(origin, config.Key, config.Rand)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	v := &VaultSigner{notes: notes}
	v.statements.Store(statements)
	return v, nil
}

func newStatements(config Config) (*Signer, error) {
	return NewSigner(Config{Key: config.Key, Chain: config.Chain, Rand: config.Rand, WithCertificates: true})
}

// Renew has statements signed with another certificate of the same key from now on. Another key is refused: it would
// sign another ledger.
func (v *VaultSigner) Renew(config Config) error {
	statements, err := newStatements(config)
	if err != nil {
		return err
	}
	if !statements.config.Chain[0].PublicKey.Equal(v.statements.Load().config.Chain[0].PublicKey) {
		return fmt.Errorf("%w: another key", ErrConfig)
	}
	v.statements.Store(statements)
	return nil
}

// SignStatement returns detached SignedData over raw that holds the vault's certificates.
func (v *VaultSigner) SignStatement(ctx context.Context, raw []byte) ([]byte, error) {
	return v.statements.Load().Detached(ctx, raw)
}

// Name is the name of the key on signature lines of notes.
func (v *VaultSigner) Name() string { return v.notes.Name() }

// KeyHash is the key hash on signature lines of notes.
func (v *VaultSigner) KeyHash() uint32 { return v.notes.KeyHash() }

// Sign returns the signature value over the text of a note.
func (v *VaultSigner) Sign(text []byte) ([]byte, error) { return v.notes.Sign(text) }

// NoteKey is the text of the public key with which anybody verifies the notes: name+hash+key.
func (v *VaultSigner) NoteKey() string { return v.notes.Verifier().String() }
