package vault

import (
	"context"
	"crypto/subtle"
	"encoding/base64"
	"time"

	"github.com/elicense/elicense/internal/code"
	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/vault/record"
)

// Validity is all that the bearer of a licence's public token learns: whether it is in force, and which version is.
type Validity struct {
	State   State
	Version int       // in force or last in force: a printed page of another version is out of date
	At      time.Time // when this was so
}

// PublicState answers what a licence's QR code asks. It is a read without an access: the token cannot be guessed, and
// the answer names nothing and nobody. Whoever offers it limits how often it is asked.
func (v *Vault) PublicState(ctx context.Context, publicToken string) (*Validity, error) {
	id, ok := v.parsePublicToken(publicToken)
	if !ok {
		return nil, refuse(ErrNotFound, CodeLicenceUnknown, "token")
	}
	out := &Validity{At: v.now()}
	err := v.publicly(ctx, id, "token", func(_ engine.Reader, h *head, ver *Version) error {
		out.State = h.state.on(v.today(out.At), ver.Record.ValidFrom, ver.Record.ValidUntil)
		out.Version = versionOf(ver.Record.Identifier)
		return nil
	})
	return whole(out, err)
}

// Statement is the vault's signed word on the state of a licence (状态声明), with what it needs to count elsewhere.
type Statement struct {
	record.Status

	Raw, Signature []byte
	// Proof is the ledger proof of the version that the statement is about: whoever believes several vaults knows by it
	// that this one speaks of its own. nil: its event could not be brought under a checkpoint.
	Proof []byte
}

// CurrentStatus says for a verifier, which has a document of the licence before it, how the licence stands now, and
// signs it: what was judged by it can be judged again without the vault. It is a read without an access like
// PublicState: whoever offers it judges documents by it and shows nothing else of it.
func (v *Vault) CurrentStatus(ctx context.Context, identifier string) (*Statement, error) {
	id, err := code.ParseIdentifier(identifier)
	if err != nil {
		return nil, refuse(ErrInvalid, CodeIdentifier, "identifier")
	}
	out := &Statement{}
	licence := v.licenceID(id.Type, id.Issuer, id.Serial)
	if err := v.readStatement(ctx, licence, out); err != nil {
		return nil, err
	}
	if out.Proof == nil { // the licence is known: bring its event under a checkpoint, if that can be done now
		if _, err := v.Checkpoint(ctx); err == nil {
			if err := v.readStatement(ctx, licence, out); err != nil {
				return nil, err
			}
		}
	}
	out.Raw, out.Signature, err = v.signStatus(ctx, &out.Status)
	return whole(out, err)
}

// readStatement reads what a statement will say, and the proof if there is one.
func (v *Vault) readStatement(ctx context.Context, id licenceID, out *Statement) error {
	return v.publicly(ctx, id, "identifier", func(r engine.Reader, h *head, ver *Version) error {
		var err error
		*out = Statement{Status: v.statusOf(ver, h)}
		out.Proof, err = proofOfVersion(r, id, h, out.Version)
		if CodeOf(err) == CodeCheckpoint {
			return nil
		}
		return err
	})
}

// publicly reads the visible version of a licence; one that is not shown is as if there were none.
func (v *Vault) publicly(
	ctx context.Context, id licenceID, field string, visit func(engine.Reader, *head, *Version) error,
) error {
	unknown := refuse(ErrNotFound, CodeLicenceUnknown, field)
	return v.cfg.Engine.View(ctx, func(r engine.Reader) error {
		if err := openForWriting(r); err != nil { // what was revoked after the backup must not be called valid
			return err
		}
		h, err := getHead(r, id)
		if err != nil {
			return err
		}
		if h == nil {
			return unknown
		}
		if _, err := openType(r, h.typeCode); err != nil {
			if isRefusal(err) { // as if there were none
				err = unknown
			}
			return err
		}
		version, err := v.visible(r, h)
		if err != nil {
			return err
		}
		if version == 0 || h.state == Withdrawn {
			return unknown
		}
		ver, err := v.answered(r, id, h, version)
		if err != nil {
			return err
		}
		return visit(r, h, ver)
	})
}

// PublicToken is what the QR code of a licence that was found holds: whoever prints it on paper needs it, and nobody
// else is to have it.
func (v *Vault) PublicToken(f *Found) string { return v.publicToken(f.id) }

// publicTokenBytes are the licence's name in keys, itself a keyed digest, and 8 bytes that only the vault can make of
// it.
const publicTokenBytes = len(licenceID{}) + 8

// publicToken names a licence in its QR code. Nobody who does not have it can make or guess it.
func (v *Vault) publicToken(id licenceID) string {
	t := v.token("public", id[:])
	return base64.RawURLEncoding.EncodeToString(append(id[:len(id):len(id)], t[:8]...))
}

func (v *Vault) parsePublicToken(s string) (licenceID, bool) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(s)
	if err != nil || len(b) != publicTokenBytes {
		return licenceID{}, false
	}
	id := licenceID(b[:len(licenceID{})])
	t := v.token("public", id[:])
	return id, subtle.ConstantTimeCompare(t[:8], b[len(id):]) == 1
}
