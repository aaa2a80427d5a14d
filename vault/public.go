package vault

import (
	"context"
	"crypto/subtle"
	"encoding/base64"
	"time"

	"github.com/elicense/elicense/internal/engine"
)

// Validity is all that the bearer of a licence's public token learns: whether it is in force, and which version is.
type Validity struct {
	State   State
	Version int       // in force or last in force: a printed page of another version is out of date
	At      time.Time // when this was so
}

// PublicState answers what a licence's QR code asks. It is the one read without an access: the token cannot be guessed,
// and the answer names nothing and nobody. Whoever offers it limits how often it is asked.
func (v *Vault) PublicState(ctx context.Context, publicToken string) (*Validity, error) {
	id, ok := v.parsePublicToken(publicToken)
	if !ok {
		return nil, refuse(ErrNotFound, CodeLicenceUnknown, "token")
	}
	now := v.now()
	var out *Validity
	err := v.cfg.Engine.View(ctx, func(r engine.Reader) error {
		if err := openForWriting(r); err != nil { // what was revoked after the backup must not be called valid
			return err
		}
		h, err := getHead(r, id)
		if err != nil {
			return err
		}
		if h == nil {
			return refuse(ErrNotFound, CodeLicenceUnknown, "token")
		}
		if _, err := openType(r, h.typeCode); err != nil {
			if isRefusal(err) { // as if there were none
				err = refuse(ErrNotFound, CodeLicenceUnknown, "token")
			}
			return err
		}
		version, err := v.visible(r, h)
		if err != nil {
			return err
		}
		if version == 0 || h.state == Withdrawn {
			return refuse(ErrNotFound, CodeLicenceUnknown, "token")
		}
		ver, err := v.answered(r, id, h, version)
		if err != nil {
			return err
		}
		out = &Validity{Version: version, At: now}
		out.State = h.state.on(v.today(now), ver.Record.ValidFrom, ver.Record.ValidUntil)
		return nil
	})
	return whole(out, err)
}

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
