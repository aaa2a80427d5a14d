package vault

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/elicense/elicense/internal/code"
	"github.com/elicense/elicense/vault/record"
)

// unsigned is a version on its way: Draft -> unsigned -> signed -> committed, the one path of issue, change, renewal
// and conversion.
type unsigned struct {
	id         licenceID
	identifier code.Identifier
	name       string // the identifier as it is written
	expected   *head  // the licence as it was when this was built; nil if it did not exist
	record     record.Digest
	raw        []byte
	signer     [32]byte
	custody    bool
	values     []byte // disclosures
	holders    []token
	c          *Checked
	shelf      *shelf // that its document waits on; nil: it is stored at once
}

// signed is a version with its signature.
type signed struct {
	*unsigned

	signature []byte
	document  *drawn // nil: none
}

// plan is what build needs to know beside the draft.
type plan struct {
	prior  *head
	origin record.Origin
	at     time.Time
	salts  []byte // 16 bytes for each column
	shelf  *shelf
}

// drawSalts reads the randomness of one version.
func (v *Vault) drawSalts(t *LicenceType) ([]byte, error) {
	salts := make([]byte, len(t.cols)*len(record.Salt{}))
	if _, err := io.ReadFull(v.cfg.Rand, salts); err != nil {
		return nil, fmt.Errorf("vault: reading randomness: %w", err)
	}
	return salts, nil
}

// build makes the record of the version after p.prior. It is pure, so it may run inside a transaction.
func (v *Vault) build(c *Checked, p plan) (*unsigned, error) {
	certificate, custody, err := v.cfg.Records.SignerFor(c.issuer, p.at)
	if err != nil {
		return nil, refuse(ErrSignature, CodeSignerMissing, "issuer")
	}
	u := &unsigned{expected: p.prior, signer: certificate, custody: custody, c: c, shelf: p.shelf}
	if err := v.identify(u); err != nil {
		return nil, err
	}
	values := c.disclosures(p.salts)
	r := c.record(u, p)
	r.Fields = make([]record.Field, len(values))
	for i := range values {
		r.Fields[i] = record.Field{Name: values[i].Name, Digest: values[i].Digest()}
	}
	b, err := r.Append(make([]byte, 0, 640+112*len(values))) // mostly enough for both
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	u.raw = b[:len(b):len(b)]
	if b, err = record.AppendDisclosures(b, values); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	u.values = b[len(u.raw):]
	u.record = record.Sum(u.raw)
	u.holders = v.holderTokens(c.holderKind, c.holderCode)
	v.keyed(c)
	return u, nil
}

// keyed computes a draft's number key, once.
func (v *Vault) keyed(c *Checked) []byte {
	if c.numberKey == nil {
		c.numberKey = v.numberKey(c.typ.Definition.Code, c.issuer, c.number)
	}
	return c.numberKey
}

// identify gives the version its identifier: the licence's serial with the next version, the serial that the source
// brought, or one that follows from the number, so that a conversion started again names its licences alike.
func (v *Vault) identify(u *unsigned) error {
	c, version := u.c, 1
	var serial string
	switch {
	case u.expected != nil:
		serial, version = u.expected.serial, u.expected.version+1
	case c.identifier.Serial != "":
		serial = c.identifier.Serial
	default:
		serial = v.serial(c)
	}
	id := code.Identifier{Type: c.typ.Definition.Code, Issuer: c.issuer, Serial: serial}
	id, err := id.WithVersion(version)
	if err != nil {
		return refuse(ErrTransition, CodeStateForbids, "version")
	}
	u.identifier, u.name, u.id = id, id.String(), v.licenceID(id.Type, id.Issuer, id.Serial)
	return nil
}

const serialAlphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"

// serial is 20 characters of a keyed digest of the number: it says nothing and cannot be guessed.
func (v *Vault) serial(c *Checked) string {
	t := v.cfg.Tokens.Token("serial", []byte(c.typ.Definition.Code), []byte(c.issuer), []byte(c.number))
	var s [20]byte
	for i := range s {
		s[i] = serialAlphabet[t[i]%36]
	}
	return string(s[:])
}

func (c *Checked) record(u *unsigned, p plan) *record.Record {
	r := &record.Record{
		Identifier: u.name,
		TypeCode:   c.typ.Definition.Code, TypeVersion: c.typ.Definition.Version, TypeName: c.typ.Definition.Name,
		IssuerCode: c.issuer, IssuerName: c.issuerName,
		HolderKind: c.holderKind, IssuedOn: c.issued, ValidFrom: c.from, ValidUntil: c.until,
		Mode: record.Custody, Signer: u.signer, Origin: p.origin, Source: c.source,
	}
	if !u.custody {
		r.Mode = record.Remote
	}
	if p.prior != nil {
		r.Previous = p.prior.record
	}
	if p.origin != record.Converted {
		r.Source = nil
	}
	return r
}

// disclosures are the elements that are not in the clear, in the order of the type.
func (c *Checked) disclosures(salts []byte) []record.Disclosure {
	cols := c.typ.cols
	list := make([]record.Disclosure, 0, len(cols))
	for i, value := range c.row {
		if value == "" || c.typ.clear[i] {
			continue
		}
		n := len(record.Salt{})
		salt := record.Salt(salts[i*n : (i+1)*n])
		list = append(list, record.Disclosure{Name: cols[i].Name, Salt: salt, Value: value})
	}
	return list
}

// errSignerChanged says that the issuer's certificate was replaced while a record was made that names the former one.
var errSignerChanged = refuse(ErrConflict, CodeSignerChanged, "issuer")

// sign signs with the issuer's key in custody. The record names its certificate before it is signed, so that is asked
// for again afterwards: a signature by another key is never kept.
func (v *Vault) sign(ctx context.Context, u *unsigned, at time.Time) (*signed, error) {
	if !u.custody {
		return nil, refuse(ErrSignature, CodeSignerMissing, "issuer")
	}
	sig, err := v.cfg.Records.SignRecord(ctx, u.c.issuer, u.raw)
	if err != nil {
		return nil, fmt.Errorf("vault: signing a record: %w", err)
	}
	if now, _, err := v.cfg.Records.SignerFor(u.c.issuer, at); err != nil || now != u.signer {
		return nil, errSignerChanged
	}
	return v.draw(ctx, &signed{unsigned: u, signature: sig})
}
