package pki

import (
	"bytes"
	"encoding/pem"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"slices"
	"strings"
	"time"

	"github.com/emmansun/gmsm/sm3"

	"github.com/elicense/elicense/internal/oid"
)

const (
	maxCertificateBytes = 64 << 10
	maxPEMBytes         = 1 << 20
)

// KeyUsage is the keyUsage extension; bit i is the named bit i of RFC 5280, 4.2.1.3.
type KeyUsage uint16

// Named bits.
const (
	UsageDigitalSignature KeyUsage = 1 << iota
	UsageNonRepudiation
	UsageKeyEncipherment
	UsageDataEncipherment
	UsageKeyAgreement
	UsageCertSign
	UsageCRLSign
	UsageEncipherOnly
	UsageDecipherOnly
)

// Certificate is a certificate as read; it says nothing about trust. It is not to be changed.
type Certificate struct {
	Raw        []byte
	RawTBS     []byte
	RawSubject []byte   // DER Name
	RawIssuer  []byte   // DER Name
	RawKey     []byte   // DER SubjectPublicKeyInfo
	Digest     [32]byte // SM3 of Raw

	Version     int    // 1 to 3
	Subject     string // RFC 4514 text
	Issuer      string
	SubjectName Name
	IssuerName  Name
	Holder      Holder
	Serial      *big.Int
	NotBefore   time.Time
	NotAfter    time.Time

	SignatureAlgorithm SignatureAlgorithm
	Signature          []byte     // contents of the BIT STRING
	Key                *Key       // never nil
	PublicKey          *PublicKey // Key, if it is an SM2 key; else nil

	Extensions []Extension // as they stand
	// KeyUsage is zero if the extension is absent: no usage is allowed then, unless the scope of the anchor says so.
	KeyUsage            KeyUsage
	HasKeyUsage         bool
	ExtKeyUsage         []oid.ID // none: no limit
	IsCA                bool
	HasBasicConstraints bool
	MaxPathLen          int // -1 if unlimited or no CA

	SubjectKeyID    []byte
	AuthorityKeyID  []byte
	AuthorityIssuer []GeneralName // with AuthoritySerial
	AuthoritySerial *big.Int      // nil if absent

	SubjectAltNames []GeneralName
	IssuerAltNames  []GeneralName
	NameConstraints *NameConstraints // nil if absent

	Policies              []Policy
	HasPolicies           bool
	PolicyMappings        []PolicyMapping
	RequireExplicitPolicy int // -1 if absent
	InhibitPolicyMapping  int // -1 if absent
	InhibitAnyPolicy      int // -1 if absent

	CRLDistributionPoints []DistributionPoint
	FreshestCRL           []DistributionPoint
	AuthorityInfo         []AccessDescription
	OCSPNoCheck           bool

	// Tolerances names what ParseTolerant let pass; ParseCertificate leaves it empty.
	Tolerances []Tolerance

	unknownCritical []oid.ID
	keyDigest       [32]byte // SM3 of RawKey
}

// ParseCertificate reads one DER certificate and nothing after it. Everything must be as RFC 5280 and DER want it; the
// error is a *MalformedError that names the field.
func ParseCertificate(der []byte) (*Certificate, error) { return parseCertificate(der, false) }

// ParseTolerant reads certificates of the kind that is found in production although it breaks the rules. Each rule
// that was broken is named in Tolerances. What could change the meaning of a certificate is refused as ever: two
// extensions of one kind, constraints that cannot be read, bytes that nothing accounts for.
func ParseTolerant(der []byte) (*Certificate, error) { return parseCertificate(der, true) }

func parseCertificate(der []byte, tolerant bool) (*Certificate, error) {
	if len(der) > maxCertificateBytes {
		return nil, fmt.Errorf("%w: %d bytes", ErrCertificate, len(der))
	}
	r := &reader{tolerant: tolerant}
	c := &Certificate{
		Raw: bytes.Clone(der), MaxPathLen: -1,
		RequireExplicitPolicy: -1, InhibitPolicyMapping: -1, InhibitAnyPolicy: -1,
	}
	if err := r.certificate(c); err != nil {
		return nil, err
	}
	c.Digest, c.keyDigest = sm3.Sum(c.Raw), sm3.Sum(c.RawKey)
	c.Subject, c.Issuer = c.SubjectName.String(), c.IssuerName.String()
	c.RawSubject, c.RawIssuer = c.SubjectName.Raw, c.IssuerName.Raw
	c.PublicKey = c.Key.sm2
	c.Holder = holderOf(c.SubjectName, c.Extensions)
	slices.Sort(r.noted)
	c.Tolerances = r.noted
	return c, nil
}

// ParseCertificatesPEM reads one or more CERTIFICATE blocks; any other block or text is refused.
func ParseCertificatesPEM(text []byte) ([]*Certificate, error) { return parsePEM(text, false) }

// ParseTolerantPEM is ParseCertificatesPEM with the tolerances of ParseTolerant within the blocks.
func ParseTolerantPEM(text []byte) ([]*Certificate, error) { return parsePEM(text, true) }

func parsePEM(text []byte, tolerant bool) ([]*Certificate, error) {
	if len(text) > maxPEMBytes {
		return nil, fmt.Errorf("%w: %d bytes of PEM", ErrCertificate, len(text))
	}
	var certificates []*Certificate
	for len(bytes.TrimSpace(text)) > 0 {
		block, rest := pem.Decode(text)
		if block == nil || block.Type != "CERTIFICATE" {
			return nil, fmt.Errorf("%w: PEM block %d is no certificate", ErrCertificate, len(certificates)+1)
		}
		c, err := parseCertificate(block.Bytes, tolerant)
		if err != nil {
			return nil, err
		}
		certificates = append(certificates, c)
		text = rest
	}
	if len(certificates) == 0 {
		return nil, fmt.Errorf("%w: no PEM block", ErrCertificate)
	}
	return certificates, nil
}

// AppendPEM appends the certificates as CERTIFICATE blocks to dst.
func AppendPEM(dst []byte, certificates ...*Certificate) []byte {
	for _, c := range certificates {
		dst = append(dst, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})...)
	}
	return dst
}

// Equal tells whether both are the same bytes.
func (c *Certificate) Equal(other *Certificate) bool {
	return other != nil && bytes.Equal(c.Raw, other.Raw)
}

// SelfIssued tells whether subject and issuer are the same (RFC 5280, 3.2). It says nothing about who signed.
func (c *Certificate) SelfIssued() bool { return c.SubjectName.Equal(c.IssuerName) }

// String is for a log: serial number and subject, without numbers that could identify a person.
func (c *Certificate) String() string {
	if c == nil {
		return "no certificate"
	}
	return fmt.Sprintf("certificate %x of %s", c.Serial, maskNumbers(c.Subject))
}

// Format writes String for every verb: the verbs for numbers would write the bytes.
func (c Certificate) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, c.String()) }

// MarshalText is String.
func (c Certificate) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// LogValue is String, for slog.
func (c *Certificate) LogValue() slog.Value { return slog.StringValue(c.String()) }

// minMaskedDigits is the length of the shortest number that is masked: a citizen number of the first generation.
const minMaskedDigits = 15

// maskNumbers replaces numbers that could be citizen numbers: some authorities write them into the subject.
func maskNumbers(s string) string {
	var b strings.Builder
	for len(s) > 0 {
		n := 0
		for n < len(s) && '0' <= s[n] && s[n] <= '9' {
			n++
		}
		switch {
		case n >= minMaskedDigits:
			b.WriteString(hidden)
		case n > 0:
			b.WriteString(s[:n])
		default:
			n = 1
			b.WriteByte(s[0])
		}
		s = s[n:]
	}
	return b.String()
}
