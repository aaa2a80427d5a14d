package vault

import (
	"context"
	"encoding/base64"
	"errors"

	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/vault/record"
)

// SignedVersion is one version that a key has signed.
type SignedVersion struct {
	Identifier string        `json:"identifier"`
	Version    int           `json:"version"`
	Type       string        `json:"type"`
	Issuer     string        `json:"issuer"`
	IssuedOn   record.Date   `json:"issued_on"`
	Record     record.Digest `json:"record"`
	InForce    bool          `json:"in_force"` // it is the licence's latest version
}

// SignedBy visits every version signed with a certificate, named by the SM3 digest of its DER, until visit returns
// false: the first question when a key is compromised. Licences of classified types are left out: they are for their
// owner alone. It reads the whole vault, which is meant for that day only.
func (v *Vault) SignedBy(ctx context.Context, a Access, certificate [32]byte, visit func(SignedVersion) bool) error {
	return v.signedFrom(ctx, a, certificate, nil, func(_ []byte, s *SignedVersion) bool {
		return s == nil || visit(*s)
	})
}

// SignedQuery asks for a part of what SignedBy finds.
type SignedQuery struct {
	Certificate [32]byte
	After       string // Next of the page before; "": from the first
	Limit       int    // most versions in a page
	Work        int    // versions that are looked at for a page, found or not
}

// SignedPage is a part of what SignedBy finds. It may be empty and not the last.
type SignedPage struct {
	Versions []SignedVersion
	Next     string // where the next page goes on; "": this was the last
}

// SignedPage is SignedBy page by page, each of bounded work.
func (v *Vault) SignedPage(ctx context.Context, a Access, q SignedQuery) (*SignedPage, error) {
	after, err := base64.RawURLEncoding.Strict().DecodeString(q.After)
	if err != nil || len(after) != 0 && len(after) != versionKeySize-1 || q.Limit < 1 || q.Work < 1 {
		return nil, refuse(ErrInvalid, CodeCursor, "cursor")
	}
	p := &SignedPage{}
	var looked int
	var last []byte
	err = v.signedFrom(ctx, a, q.Certificate, after, func(place []byte, s *SignedVersion) bool {
		if looked == q.Work || len(p.Versions) == q.Limit {
			p.Next = base64.RawURLEncoding.EncodeToString(last)
			return false
		}
		looked++
		last = append(last[:0], place...)
		if s != nil {
			p.Versions = append(p.Versions, *s)
		}
		return true
	})
	return whole(p, err)
}

// versionKeySize is how long the key of a version is: space, licence, number.
const versionKeySize = 19

// signedFrom visits every version behind a place, with nil for one that the certificate has not signed.
func (v *Vault) signedFrom(
	ctx context.Context, a Access, certificate [32]byte, after []byte, visit func(place []byte, s *SignedVersion) bool,
) error {
	s, err := v.admit(ctx, a)
	if err != nil {
		return err
	}
	note := auditNote{act: "signed-by", object: object("certificate", record.Digest(certificate).String())}
	if err := s.mustOperate(); err != nil {
		return v.denied(ctx, s, note, err)
	}
	if err := v.audit(ctx, s, note); err != nil {
		return err
	}
	scan := engine.Range{Prefix: []byte{spaceVersion}}
	if len(after) > 0 {
		scan.Start = append(key(spaceVersion, after), 0) // the first key behind it
	}
	return v.cfg.Engine.View(ctx, func(r engine.Reader) error {
		return r.Scan(scan, func(k, value []byte) (bool, error) {
			if len(k) != versionKeySize {
				return true, nil
			}
			found, err := signedVersion(r, s, k, value, certificate)
			return err == nil && visit(k[1:], found), err
		})
	})
}

// signedVersion is a version if the certificate has signed it, else nil.
func signedVersion(r engine.Reader, s *session, k, value []byte, certificate [32]byte) (*SignedVersion, error) {
	ver, err := parseVersionWith(value, record.ParseClear)
	if err != nil || ver.Record.Signer != certificate {
		return nil, err
	}
	if err := readableType(r, s, ver.Record.TypeCode); errors.Is(err, ErrSecret) {
		return nil, nil //nolint:nilnil // it is not told
	} else if err != nil {
		return nil, err
	}
	number := versionOf(ver.Record.Identifier)
	h, err := getHead(r, licenceID(k[1:17]))
	if err != nil {
		return nil, err
	}
	return &SignedVersion{
		Identifier: ver.Record.Identifier, Version: number, Type: ver.Record.TypeCode,
		Issuer: ver.Record.IssuerCode, IssuedOn: ver.Record.IssuedOn, Record: record.Sum(ver.Raw),
		InForce: h != nil && h.version == number,
	}, nil
}
