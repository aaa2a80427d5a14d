package vault

import (
	"bytes"
	"context"
	"fmt"

	"github.com/elicense/elicense/internal/code"
	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/vault/record"
)

// Receipt is a signed receipt as it is handed out.
type Receipt struct {
	Raw       []byte              `json:"raw"`
	Signature []byte              `json:"signature"`
	Opens     []record.Disclosure `json:"opens,omitempty"` // opens the digests of what was claimed
	// Checkpoint is the signed checkpoint that Raw names; nil: none was signed yet.
	Checkpoint []byte `json:"checkpoint,omitempty"`
}

// lookupReceipt signs what was answered about a single licence.
func (v *Vault) lookupReceipt(ctx context.Context, s *session, res *Result, last *signedHead) (*Receipt, error) {
	r := record.Receipt{Vault: v.Name(), Kind: "lookup", Time: s.at, Asked: s.asked(), Result: string(res.Absence)}
	switch len(res.Found) {
	case 0:
		if r.Result == "" {
			r.Result = string(NotConverted)
		}
	case 1:
		r.Result = "found"
		fillReceipt(&r, &res.Found[0])
	default:
		return nil, refuse(ErrInvalid, CodeQuery, "receipt")
	}
	return v.signReceipt(ctx, &r, last, nil)
}

func fillReceipt(r *record.Receipt, f *Found) {
	r.Identifier, r.Version, r.Record = f.Identifier, f.version, f.Digest
	r.State, r.SourceTime = string(f.State), f.SourceTime
}

// versionOf is the version that an identifier of this vault names.
func versionOf(identifier string) int {
	id, err := code.ParseIdentifier(identifier)
	if err != nil {
		return 0
	}
	return id.Version
}

// signedHead is the ledger's last signed checkpoint, as a receipt names it and as it was signed. It is never changed.
type signedHead struct {
	checkpoint record.Checkpoint
	signed     []byte // nil: none was signed yet
}

// receiptHead reads the checkpoint for a receipt, in the snapshot in which the session was admitted and of what the
// receipt is about. A restored vault gives none: nothing is signed in its name. Size and root have one text, which need
// not be read again while they stay.
func (v *Vault) receiptHead(r engine.Reader, s *session) (*signedHead, error) {
	if s.closed {
		return nil, refuse(ErrRestored, CodeRestored, "")
	}
	cp, err := lastNamed(r)
	if err != nil {
		return nil, err
	}
	if known := v.lastHead.Load(); known != nil && known.checkpoint == cp {
		return known, nil
	}
	h := &signedHead{}
	if h.checkpoint, h.signed, err = lastSigned(r); err != nil {
		return nil, err
	}
	v.lastHead.Store(h)
	return h, nil
}

// signReceipt adds the ledger's last signed checkpoint to a receipt and signs it: who shows two people two ledgers has
// signed two that contradict each other.
func (v *Vault) signReceipt(
	ctx context.Context, r *record.Receipt, last *signedHead, opens []record.Disclosure,
) (*Receipt, error) {
	r.Checkpoint = last.checkpoint
	raw, err := r.Append(make([]byte, 0, 1024))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	sig, err := v.cfg.Signer.SignStatement(ctx, raw)
	if err != nil {
		return nil, fmt.Errorf("vault: signing a receipt: %w", err)
	}
	return &Receipt{Raw: raw, Signature: sig, Opens: opens, Checkpoint: bytes.Clone(last.signed)}, nil
}
