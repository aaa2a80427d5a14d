package pki

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/elicense/elicense/internal/oid"
)

// maxRDNs and maxAttributes limit a name; real ones have about ten RDNs of one attribute.
const (
	maxRDNs       = 1024
	maxAttributes = 16
)

// Attribute is one attribute of a name.
type Attribute struct {
	ID oid.ID
	// Value is the text, or # and the DER in hexadecimal digits if the value is no string or cannot be decoded.
	Value string
}

// RDN is a relative distinguished name: a set of attributes, in the order in which they stand.
type RDN []Attribute

// Name is a distinguished name as read. The zero value is the empty name. It is not to be changed.
type Name struct {
	Raw  []byte // DER
	RDNs []RDN  // in the order of the encoding, the root first

	keys   []string // of each RDN, the form in which names are compared
	joined string   // keys, one after the other
}

// Empty tells whether the name has no attribute.
func (n Name) Empty() bool { return len(n.RDNs) == 0 }

// Equal compares as RFC 5280, 7.1, demands: letter case, string type and repeated blanks do not count.
func (n Name) Equal(other Name) bool {
	return bytes.Equal(n.Raw, other.Raw) || slices.Equal(n.keys, other.keys)
}

// Within tells whether the name is base or stands below it in the directory.
func (n Name) Within(base Name) bool {
	return len(n.keys) >= len(base.keys) && slices.Equal(n.keys[:len(base.keys)], base.keys)
}

// index is a key for maps. Names that are equal have the same; names that have the same need not be equal.
func (n Name) index() string { return n.joined }

// Values lists the values of an attribute in the order in which they stand.
func (n Name) Values(id oid.ID) []string {
	var values []string
	for _, rdn := range n.RDNs {
		for _, a := range rdn {
			if a.ID == id {
				values = append(values, a.Value)
			}
		}
	}
	return values
}

// last is the last value of an attribute: the one nearest to the holder.
func (n Name) last(id oid.ID) string {
	values := n.Values(id)
	if len(values) == 0 {
		return ""
	}
	return values[len(values)-1]
}

// Child appends an RDN, as RFC 5280, 4.2.1.13, does for a name relative to that of a CRL's issuer.
func (n Name) Child(rdn RawRDN) Name {
	child := Name{
		RDNs: append(slices.Clone(n.RDNs), rdn.RDN),
		keys: append(slices.Clone(n.keys), rdn.key), joined: n.joined + rdn.key,
	}
	input := cryptobyte.String(n.Raw)
	var body cryptobyte.String
	if len(n.Raw) > 0 && !input.ReadASN1(&body, casn1.SEQUENCE) {
		return Name{}
	}
	var b cryptobyte.Builder
	b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddBytes(body)
		b.AddASN1(casn1.SET, func(b *cryptobyte.Builder) { b.AddBytes(rdn.Raw) })
	})
	child.Raw, _ = b.Bytes()
	return child
}

// RawRDN is an RDN that stands alone, with the contents of its SET as read.
type RawRDN struct {
	RDN RDN
	Raw []byte

	key string
}

// name reads a Name ::= SEQUENCE OF SET SIZE (1..MAX) OF AttributeTypeAndValue.
func (r *reader) name(s *cryptobyte.String, field string) (Name, error) {
	var element, body cryptobyte.String
	whole := *s
	if !s.ReadASN1Element(&element, casn1.SEQUENCE) || !whole.ReadASN1(&body, casn1.SEQUENCE) {
		return Name{}, malformed(field)
	}
	n := Name{Raw: element}
	for !body.Empty() {
		var set cryptobyte.String
		if len(n.RDNs) == maxRDNs || !body.ReadASN1(&set, casn1.SET) {
			return Name{}, malformed(field)
		}
		rdn, err := r.rdn(set, field)
		if err != nil {
			return Name{}, err
		}
		n.RDNs, n.keys = append(n.RDNs, rdn.RDN), append(n.keys, rdn.key)
	}
	n.joined = strings.Join(n.keys, "")
	return n, nil
}

// rdn reads the contents of the SET of an RDN.
func (r *reader) rdn(set cryptobyte.String, field string) (RawRDN, error) {
	out := RawRDN{Raw: set}
	var keys []string
	for !set.Empty() {
		var pair, value cryptobyte.String
		var a Attribute
		var tag casn1.Tag
		if len(out.RDN) == maxAttributes || !set.ReadASN1(&pair, casn1.SEQUENCE) || !oid.Read(&pair, &a.ID) {
			return RawRDN{}, malformed(field)
		}
		if !pair.ReadAnyASN1Element(&value, &tag) || !pair.Empty() {
			return RawRDN{}, malformed(field)
		}
		text, ok, err := r.text(value, tag, field)
		if err != nil {
			return RawRDN{}, err
		}
		if a.Value = text; !ok {
			a.Value = "#" + hex.EncodeToString(value)
		}
		out.RDN = append(out.RDN, a)
		keys = append(keys, attributeKey(a.ID, text, ok, value))
	}
	if len(out.RDN) == 0 {
		return RawRDN{}, malformed(field)
	}
	slices.Sort(keys)
	out.key = strings.Join(keys, "")
	return out, nil
}

// labels are the names of RFC 4514 and of common use.
var labels = map[oid.ID]string{
	oid.CommonName: "CN", oid.Country: "C", oid.Locality: "L", oid.Province: "ST", oid.Organization: "O",
	oid.OrganizationalUnit: "OU", oid.Street: "STREET", oid.DomainComponent: "DC", oid.UserID: "UID",
	oid.SerialNumber: "SERIALNUMBER", oid.PostalCode: "POSTALCODE", oid.Surname: "SN", oid.GivenName: "GN",
	oid.Title: "TITLE", oid.EmailAddress: "E",
}

// String is the RFC 4514 text: the attribute nearest to the holder first.
func (n Name) String() string {
	var b strings.Builder
	for i := len(n.RDNs) - 1; i >= 0; i-- {
		for j, a := range n.RDNs[i] {
			if j > 0 {
				b.WriteByte('+')
			}
			label, ok := labels[a.ID]
			if !ok {
				label = a.ID.String()
			}
			b.WriteString(label)
			b.WriteByte('=')
			escape(&b, a.Value)
		}
		if i > 0 {
			b.WriteByte(',')
		}
	}
	return b.String()
}

// escape writes a value so that it cannot pass for structure (RFC 4514, 2.4).
func escape(b *strings.Builder, value string) {
	for i, c := range value {
		edge := i == 0 || i == len(value)-1
		switch {
		case c < ' ' || c == 0x7f:
			fmt.Fprintf(b, `\%02x`, c)
			continue
		case strings.ContainsRune(`,+"\<>;=`, c), c == ' ' && edge, c == '#' && i == 0 && !isHexForm(value):
			b.WriteByte('\\')
		}
		b.WriteRune(c)
	}
}

// isHexForm tells whether a value is the form that stands for bytes that are no text.
func isHexForm(value string) bool {
	_, err := hex.DecodeString(strings.TrimPrefix(value, "#"))
	return err == nil && len(value) > 1
}
