// Package oid names the object identifiers the codecs read and write.
//
// An ID holds the DER contents of an OBJECT IDENTIFIER, so it is an immutable, comparable constant that can stand in
// a switch. Several Chinese algorithms are known under two arcs: 1.2.156.10197 of GM/T 0006 and the older 1.2.156.197
// of the same authority, which software in use still writes; both are listed, the older ones with the suffix Old.
package oid

import (
	"encoding/asn1"
	"errors"
	"math"
	"strconv"
	"strings"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// ID is an object identifier as the contents octets of its DER encoding.
type ID string

// ErrDotted is returned for text that is no object identifier.
var ErrDotted = errors.New("oid: malformed object identifier")

// maxBytes limits an identifier that is read; the longest in use has about 20.
const maxBytes = 64

const (
	gm    = "\x2a\x81\x1c\xcf\x55" // 1.2.156.10197, 国家密码管理局
	gmOld = "\x2a\x81\x1c\x81\x45" // 1.2.156.197
	gmCMS = gm + "\x06\x01\x04\x02"
	pkcs  = "\x2a\x86\x48\x86\xf7\x0d\x01" // 1.2.840.113549.1
	idCE  = "\x55\x1d"                     // 2.5.29
	cnExt = "\x2a\x81\x1c\xd0\x14\x04\x01" // 1.2.156.10260.4.1, GB/T 20518
)

// Algorithms of the SM2, SM3 and SM4 family.
const (
	SM2            ID = gm + "\x01\x82\x2d"                // 1.2.156.10197.1.301, the curve and the public key
	SM2Sign        ID = gm + "\x01\x82\x2d\x01"            // 1.2.156.10197.1.301.1
	SM3            ID = gm + "\x01\x83\x11"                // 1.2.156.10197.1.401
	SM3NoKey       ID = gm + "\x01\x83\x11\x01"            // 1.2.156.10197.1.401.1
	SM3Keyed       ID = gm + "\x01\x83\x11\x02"            // 1.2.156.10197.1.401.2, HMAC-SM3; SM3 with Z at one maker
	SM2WithSM3     ID = gm + "\x01\x83\x75"                // 1.2.156.10197.1.501
	SM2Old         ID = gmOld + "\x01\x82\x2d"             // 1.2.156.197.1.301
	SM2SignOld     ID = gmOld + "\x01\x82\x2d\x01"         // 1.2.156.197.1.301.1
	SM3Old         ID = gmOld + "\x01\x83\x11"             // 1.2.156.197.1.401
	SM2WithSM3Old  ID = gmOld + "\x01\x83\x75"             // 1.2.156.197.1.501
	SM2WithSM3Typo ID = gm + "\x83\x75"                    // 1.2.156.10197.501, a misprint that one product writes
	SM4            ID = gm + "\x01\x68"                    // 1.2.156.10197.1.104, the cipher in no named mode
	SM4ECB         ID = gm + "\x01\x68\x01"                // 1.2.156.10197.1.104.1
	SM4CBC         ID = gm + "\x01\x68\x02"                // 1.2.156.10197.1.104.2
	ECPublicKey    ID = "\x2a\x86\x48\xce\x3d\x02\x01"     // 1.2.840.10045.2.1
	PBES2          ID = pkcs + "\x05\x0d"                  // 1.2.840.113549.1.5.13
	PBKDF2         ID = pkcs + "\x05\x0c"                  // 1.2.840.113549.1.5.12
	HMACSHA256     ID = "\x2a\x86\x48\x86\xf7\x0d\x02\x09" // 1.2.840.113549.2.9
)

// Content types and attributes of SignedData, of GB/T 35275 and of RFC 5652.
const (
	GMData        ID = gmCMS + "\x01"    // 1.2.156.10197.6.1.4.2.1
	GMSignedData  ID = gmCMS + "\x02"    // 1.2.156.10197.6.1.4.2.2
	Data          ID = pkcs + "\x07\x01" // 1.2.840.113549.1.7.1
	SignedData    ID = pkcs + "\x07\x02" // 1.2.840.113549.1.7.2
	ContentType   ID = pkcs + "\x09\x03" // 1.2.840.113549.1.9.3
	MessageDigest ID = pkcs + "\x09\x04" // 1.2.840.113549.1.9.4
	SigningTime   ID = pkcs + "\x09\x05" // 1.2.840.113549.1.9.5
)

// Certificate extensions of X.509 and of GB/T 20518.
const (
	SubjectKeyID     ID = idCE + "\x0e"  // 2.5.29.14
	KeyUsage         ID = idCE + "\x0f"  // 2.5.29.15
	BasicConstraints ID = idCE + "\x13"  // 2.5.29.19
	AuthorityKeyID   ID = idCE + "\x23"  // 2.5.29.35
	OrganizationCode ID = cnExt + "\x04" // 1.2.156.10260.4.1.4, 组织机构代码, holds the USCC in practice
)

// Name attributes of X.520.
const (
	CommonName         ID = "\x55\x04\x03" // 2.5.4.3
	Country            ID = "\x55\x04\x06" // 2.5.4.6
	Locality           ID = "\x55\x04\x07" // 2.5.4.7
	Province           ID = "\x55\x04\x08" // 2.5.4.8
	Organization       ID = "\x55\x04\x0a" // 2.5.4.10
	OrganizationalUnit ID = "\x55\x04\x0b" // 2.5.4.11
)

// Read takes one OBJECT IDENTIFIER from s, refusing arcs that are not in their shortest form.
func Read(s *cryptobyte.String, out *ID) bool {
	var body cryptobyte.String
	if !s.ReadASN1(&body, casn1.OBJECT_IDENTIFIER) || !Valid(body) {
		return false
	}
	*out = ID(body)
	return true
}

// Add appends the identifier as an OBJECT IDENTIFIER.
func Add(b *cryptobyte.Builder, id ID) {
	b.AddASN1(casn1.OBJECT_IDENTIFIER, func(b *cryptobyte.Builder) { b.AddBytes([]byte(id)) })
}

// FromASN1 converts from the form that crypto/x509 and its like use. The result is empty for a value with no encoding.
func FromASN1(numbers asn1.ObjectIdentifier) ID {
	der, err := asn1.Marshal(numbers)
	if err != nil {
		return ""
	}
	var id ID
	s := cryptobyte.String(der)
	if !Read(&s, &id) {
		return ""
	}
	return id
}

// ASN1 converts to the form that crypto/x509 and its like use; nil if an arc does not fit into an int.
func (id ID) ASN1() asn1.ObjectIdentifier {
	arcs := id.arcs()
	if arcs == nil {
		return nil
	}
	numbers := make(asn1.ObjectIdentifier, len(arcs))
	for i, arc := range arcs {
		if arc > math.MaxInt32 {
			return nil
		}
		numbers[i] = int(arc)
	}
	return numbers
}

// String is the dotted form, or "invalid" for a value that is no identifier.
func (id ID) String() string {
	arcs := id.arcs()
	if arcs == nil {
		return "invalid"
	}
	parts := make([]string, len(arcs))
	for i, arc := range arcs {
		parts[i] = strconv.FormatUint(arc, 10)
	}
	return strings.Join(parts, ".")
}

func (id ID) arcs() []uint64 {
	if !Valid([]byte(id)) {
		return nil
	}
	var arcs []uint64
	var v uint64
	for _, c := range []byte(id) {
		v = v<<7 | uint64(c&0x7f)
		if c&0x80 != 0 {
			continue
		}
		if arcs == nil {
			first := min(v/40, 2)
			arcs = append(arcs, first)
			v -= 40 * first
		}
		arcs = append(arcs, v)
		v = 0
	}
	return arcs
}

// Valid tells whether b is a sequence of arcs in their shortest form, each below 2^63.
func Valid(b []byte) bool {
	if len(b) == 0 || len(b) > maxBytes || b[len(b)-1]&0x80 != 0 {
		return false
	}
	groups := 0
	for _, c := range b {
		if groups == 0 && c == 0x80 {
			return false
		}
		groups++
		if groups > 9 {
			return false
		}
		if c&0x80 == 0 {
			groups = 0
		}
	}
	return true
}

// Parse reads the dotted form.
func Parse(dotted string) (ID, error) {
	var numbers asn1.ObjectIdentifier
	for part := range strings.SplitSeq(dotted, ".") {
		n, err := strconv.Atoi(part)
		if err != nil || n < 0 || part != strconv.Itoa(n) {
			return "", ErrDotted
		}
		numbers = append(numbers, n)
	}
	id := FromASN1(numbers)
	if id == "" {
		return "", ErrDotted
	}
	return id, nil
}
