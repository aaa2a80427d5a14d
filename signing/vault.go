package signing

import (
	"context"
	"fmt"

	"golang.org/x/mod/sumdb/note"

	"github.com/elicense/elicense/internal/sm2note"
)

// VaultSigner signs for the vault: receipts and status statements as SignedData that holds its certificates, and ledger
// checkpoints as signed notes. Both come from the one key of the vault's certificate. It is immutable and safe for
// concurrent use.
type VaultSigner struct {
	statements *Signer
	notes      *sm2note.Signer
}

var _ note.Signer = (*VaultSigner)(nil)

// NewVaultSigner returns a signer whose notes carry the given name, the origin of the ledger. Of config, Key, Chain and
// Rand are used.
func NewVaultSigner(origin string, config Config) (*VaultSigner, error) {
	statements, err := NewSigner(Config{
		Key: config.Key, Chain: config.Chain, Rand: config.Rand, WithCertificates: true,
	})
	if err != nil {
		return nil, err
	}
	notes, err := sm2note.NewSigner(origin, config.Key, config.Rand)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	return &VaultSigner{statements: statements, notes: notes}, nil
}

// SignStatement returns detached SignedData over raw that holds the vault's certificates.
func (v *VaultSigner) SignStatement(ctx context.Context, raw []byte) ([]byte, error) {
	return v.statements.Detached(ctx, raw)
}

// Name is the name of the key on signature lines of notes.
func (v *VaultSigner) Name() string { return v.notes.Name() }

// KeyHash is the key hash on signature lines of notes.
func (v *VaultSigner) KeyHash() uint32 { return v.notes.KeyHash() }

// Sign returns the signature value over the text of a note.
func (v *VaultSigner) Sign(text []byte) ([]byte, error) { return v.notes.Sign(text) }

// NoteKey is the text of the public key with which anybody verifies the notes: name+hash+key.
func (v *VaultSigner) NoteKey() string { return v.notes.Verifier().String() }
