package vault

import (
	"errors"
	"fmt"

	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/vault/catalogue"
	"github.com/elicense/elicense/vault/record"
)

// Version is one version of a licence as it was signed.
type Version struct {
	Record      *record.Record // from a look-up without its Fields: record.Parse(Raw) gives them
	Raw         []byte         // the record's bytes, as signed
	Signature   []byte         // detached SignedData
	Disclosures []record.Disclosure
}

// answered reads a version of a licence for an answer. A sealed engine gives back what was committed or nothing; on any
// other the record is held against what names it, the head or the version after it, and its values against the record.
func (v *Vault) answered(r engine.Reader, id licenceID, h *head, version int) (*Version, error) {
	ver, err := getVersion(r, id, version)
	if err != nil || !v.rehash {
		return ver, err
	}
	named := h.record
	if version < h.version {
		next, err := getVersion(r, id, version+1)
		if err != nil {
			return nil, err
		}
		named = next.Record.Previous
	}
	if record.Sum(ver.Raw) != named || len(ver.Disclosures) != len(ver.Record.Fields) ||
		ver.Record.CheckDisclosures(ver.Disclosures) != nil {
		return nil, fmt.Errorf("%w: version is not the one that was committed", ErrDamaged)
	}
	return ver, nil
}

// getVersion reads a stored version whole.
func getVersion(r engine.Reader, id licenceID, version int) (*Version, error) {
	b, err := versionBytes(r, id, version)
	if err != nil {
		return nil, err
	}
	return parseVersion(b)
}

func versionBytes(r engine.Reader, id licenceID, version int) ([]byte, error) {
	b, err := r.Get(versionKey(id, version))
	if errors.Is(err, engine.ErrNotFound) {
		return nil, fmt.Errorf("%w: version is missing", ErrDamaged)
	}
	return b, err
}

func parseVersion(b []byte) (*Version, error) { return parseVersionWith(b, record.Parse) }

func parseVersionWith(b []byte, parse func([]byte) (*record.Record, error)) (*Version, error) {
	d := decoder{b: b}
	v := &Version{Raw: d.bytes(), Signature: d.bytes()}
	values := d.bytes()
	err := d.end()
	if err == nil {
		v.Record, err = parse(v.Raw)
	}
	if err == nil {
		v.Disclosures, err = record.ParseDisclosures(values)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: version", ErrDamaged)
	}
	return v, nil
}

// Value gives one element by its short name; "" if the licence has none.
func (v *Version) Value(name string) string {
	for i := range v.Disclosures {
		if v.Disclosures[i].Name == name {
			return v.Disclosures[i].Value
		}
	}
	return v.inClear(name)
}

// inClear gives the elements that the record states openly.
func (v *Version) inClear(name string) string {
	r := v.Record
	switch name {
	case catalogue.MetaTypeName:
		return r.TypeName
	case catalogue.MetaTypeCode:
		return r.TypeCode
	case catalogue.MetaIdentifier:
		return r.Identifier
	case catalogue.MetaIssuer:
		return r.IssuerName
	case catalogue.MetaIssuerCode:
		return r.IssuerCode
	case catalogue.MetaIssued:
		return r.IssuedOn.String()
	case catalogue.MetaHolderCodeType:
		return r.HolderKind
	case catalogue.MetaFrom:
		return r.ValidFrom.String()
	case catalogue.MetaUntil:
		if r.ValidUntil.IsZero() {
			return openEnd
		}
		return r.ValidUntil.String()
	}
	return ""
}

var clearNames = []string{
	catalogue.MetaTypeName, catalogue.MetaTypeCode, catalogue.MetaIdentifier, catalogue.MetaIssuer,
	catalogue.MetaIssuerCode, catalogue.MetaIssued, catalogue.MetaHolderCodeType, catalogue.MetaFrom,
	catalogue.MetaUntil,
}

// Values gives every element by its short name.
func (v *Version) Values() map[string]string {
	m := make(map[string]string, len(v.Disclosures)+len(clearNames))
	for i := range v.Disclosures {
		m[v.Disclosures[i].Name] = v.Disclosures[i].Value
	}
	for _, name := range clearNames {
		if value := v.inClear(name); value != "" {
			m[name] = value
		}
	}
	return m
}

// content gives the values that a successor of a version starts from: those of the type's elements as it is now,
// without the identifier.
func (t *LicenceType) content(v *Version) map[string]string {
	m := v.Values()
	for name := range m {
		if _, ok := t.Column(name); !ok || name == catalogue.MetaIdentifier {
			delete(m, name)
		}
	}
	return m
}
