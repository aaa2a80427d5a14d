package vault

import (
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"

	"github.com/elicense/elicense/internal/engine"
)

// pages walks an index whose keys end with the licence; a page ends behind its last licence, so that writes between two
// pages neither repeat nor hide what was there before.
func (f *finder) pages(prefix []byte, typeCode string) error {
	start, err := f.start(prefix)
	if err != nil {
		return err
	}
	return f.r.Scan(engine.Range{Prefix: prefix, Start: start}, func(k, value []byte) (bool, error) {
		if len(k) != len(prefix)+16 {
			return false, fmt.Errorf("%w: index", ErrDamaged)
		}
		if typeCode != "" && string(value) != typeCode {
			return true, nil
		}
		if len(f.res.Found) == f.q.Limit {
			f.res.Next = f.cursor(prefix, k[len(prefix):])
			return false, nil
		}
		err := f.add(licenceID(k[len(prefix):]))
		if errors.Is(err, ErrSecret) { // a holder's other licences stay visible
			err = nil
		}
		return true, err
	})
}

// cursor names the next licence and binds it to its query.
func (f *finder) cursor(prefix, next []byte) string {
	t := f.v.token("cursor", prefix, next)
	return base64.RawURLEncoding.EncodeToString(append(append([]byte(nil), next...), t[:8]...))
}

func (f *finder) start(prefix []byte) ([]byte, error) {
	if f.q.Cursor == "" {
		return nil, nil
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(f.q.Cursor)
	if err != nil || len(b) != 24 {
		return nil, refuse(ErrInvalid, CodeCursor, "cursor")
	}
	t := f.v.token("cursor", prefix, b[:16])
	if subtle.ConstantTimeCompare(t[:8], b[16:]) != 1 {
		return nil, refuse(ErrInvalid, CodeCursor, "cursor")
	}
	return append(append([]byte(nil), prefix...), b[:16]...), nil
}
