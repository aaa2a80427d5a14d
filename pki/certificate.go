package pki

import (
	"bytes"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"time"

	"github.com/emmansun/gmsm/sm3"
	"github.com/emmansun/gmsm/smx509"
	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/elicense/elicense/internal/oid"
)

const (
	maxCertificateBytes = 64 << 10
	maxPEMBytes         = 1 << 20
)

// ErrCertificate is returned for bytes that are no certificate.
var ErrCertificate = errors.New("pki: malformed certificate")

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
)

// Holder is whom a certificate names.
type Holder struct {
	CommonName   string
	Organization string
	// USCC is the unified social credit code (统一社会信用代码) of the extension 组织机构代码, as it stands there
	// without encoding and blanks; empty if absent. It is not checked for its check digit.
	USCC string
}

// Certificate is a certificate as read; it says nothing about trust. It is not to be changed.
type Certificate struct {
	Raw        []byte
	RawTBS     []byte
	RawSubject []byte   // DER Name
	RawIssuer  []byte   // DER Name
	Digest     [32]byte // SM3 of Raw

	Subject   string // RFC 4514 text
	Issuer    string
	Holder    Holder
	Serial    *big.Int
	NotBefore time.Time
	NotAfter  time.Time

	// KeyUsage is zero if the extension is absent: no usage is allowed then.
	KeyUsage   KeyUsage
	IsCA       bool
	MaxPathLen int // -1 if unlimited or no CA

	SubjectKeyID   []byte
	AuthorityKeyID []byte
	// PublicKey is nil if the key is not an SM2 key.
	PublicKey *PublicKey

	signature []byte // contents of the BIT STRING
	sm2       bool   // signed with SM2 and SM3
	critical  []oid.ID
}

// ParseCertificate reads one DER certificate and nothing after it.
func ParseCertificate(der []byte) (*Certificate, error) {
	if len(der) > maxCertificateBytes {
		return nil, fmt.Errorf("%w: %d bytes", ErrCertificate, len(der))
	}
	der = bytes.Clone(der)
	tbs, signature, ok := splitCertificate(der)
	if !ok {
		return nil, fmt.Errorf("%w: outer structure", ErrCertificate)
	}
	x, err := smx509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("%w: %v", ErrCertificate, err)
	}
	c := &Certificate{
		Raw: der, RawTBS: tbs, RawSubject: x.RawSubject, RawIssuer: x.RawIssuer, Digest: sm3.Sum(der),
		Subject: x.Subject.String(), Issuer: x.Issuer.String(),
		Holder:    Holder{CommonName: x.Subject.CommonName, Organization: strings.Join(x.Subject.Organization, " ")},
		Serial:    x.SerialNumber,
		NotBefore: x.NotBefore, NotAfter: x.NotAfter,
		KeyUsage: KeyUsage(x.KeyUsage), //nolint:gosec // nine bits
		IsCA:     x.BasicConstraintsValid && x.IsCA, MaxPathLen: -1,
		SubjectKeyID: x.SubjectKeyId, AuthorityKeyID: x.AuthorityKeyId,
		signature: signature, sm2: x.SignatureAlgorithm == smx509.SM2WithSM3,
	}
	if c.IsCA && (x.MaxPathLen > 0 || x.MaxPathLenZero) {
		c.MaxPathLen = x.MaxPathLen
	}
	if c.PublicKey, err = PublicKeyOf(x.PublicKey); err != nil {
		c.PublicKey = nil // a key of another kind: readable, refused where a signature is checked
	}
	for _, extension := range x.Extensions {
		id := oid.FromASN1(extension.Id)
		if extension.Critical {
			c.critical = append(c.critical, id)
		}
		if id == oid.OrganizationCode {
			c.Holder.USCC = organizationCode(extension.Value)
		}
	}
	return c, nil
}

// splitCertificate reads Certificate ::= SEQUENCE { tbsCertificate, signatureAlgorithm, signature BIT STRING } and
// nothing more, which the parser below it does not insist on.
func splitCertificate(der []byte) (tbs, signature []byte, ok bool) {
	input := cryptobyte.String(der)
	var body, element cryptobyte.String
	ok = input.ReadASN1(&body, casn1.SEQUENCE) && input.Empty() &&
		body.ReadASN1Element(&element, casn1.SEQUENCE) &&
		body.SkipASN1(casn1.SEQUENCE) && body.ReadASN1BitStringAsBytes(&signature) && body.Empty()
	return element, signature, ok
}

// organizationCode reads the value of 组织机构代码. The standard's tagging is read in different ways, so up to three
// headers (a context tag, OCTET STRING, PrintableString, UTF8String, IA5String) are taken off and blanks and zero bytes
// trimmed; a value without any header is taken as it is.
func organizationCode(value []byte) string {
	rest := cryptobyte.String(value)
	for range 3 {
		var inner cryptobyte.String
		var tag casn1.Tag
		whole := rest
		if !whole.ReadAnyASN1(&inner, &tag) || !whole.Empty() || !isWrapper(tag) {
			break
		}
		rest = inner
	}
	return strings.ToUpper(strings.Trim(string(rest), " \x00"))
}

func isWrapper(tag casn1.Tag) bool {
	switch tag {
	case casn1.OCTET_STRING, casn1.UTF8String, casn1.PrintableString, casn1.IA5String:
		return true
	default:
		return tag&0xc0 == 0x80
	}
}

// ParseCertificatesPEM reads one or more CERTIFICATE blocks; any other block or text is refused.
func ParseCertificatesPEM(text []byte) ([]*Certificate, error) {
	if len(text) > maxPEMBytes {
		return nil, fmt.Errorf("%w: %d bytes of PEM", ErrCertificate, len(text))
	}
	var certificates []*Certificate
	for len(bytes.TrimSpace(text)) > 0 {
		block, rest := pem.Decode(text)
		if block == nil || block.Type != "CERTIFICATE" {
			return nil, fmt.Errorf("%w: PEM block %d is no certificate", ErrCertificate, len(certificates)+1)
		}
		c, err := ParseCertificate(block.Bytes)
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
