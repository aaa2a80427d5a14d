package vault

import (
	"context"
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
	return v.cfg.Engine.View(ctx, func(r engine.Reader) error {
		return r.Scan(engine.Range{Prefix: []byte{spaceVersion}}, func(k, value []byte) (bool, error) {
			ver, err := parseVersionWith(value, record.ParseClear)
			if err != nil {
				return false, err
			}
			if ver.Record.Signer != certificate || len(k) != 19 {
				return true, nil
			}
			if err := readableType(r, s, ver.Record.TypeCode); errors.Is(err, ErrSecret) {
				return true, nil
			} else if err != nil {
				return false, err
			}
			number := versionOf(ver.Record.Identifier)
			h, err := getHead(r, licenceID(k[1:17]))
			if err != nil {
				return false, err
			}
			return visit(SignedVersion{
				Identifier: ver.Record.Identifier, Version: number, Type: ver.Record.TypeCode,
				Issuer: ver.Record.IssuerCode, IssuedOn: ver.Record.IssuedOn, Record: record.Sum(ver.Raw),
				InForce: h != nil && h.version == number,
			}), nil
		})
	})
}
