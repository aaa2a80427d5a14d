package ses

import (
	"bytes"
	"slices"
	"time"

	"github.com/emmansun/gmsm/sm3"
	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/elicense/elicense/internal/oid"
)

// Seal is an electronic seal (电子印章): a picture, a name and the certificates whose holders may use it, signed by the
// one who made it (制章人). It says nothing about trust.
type Seal struct {
	Raw          []byte
	Version      Version
	Vendor       string       // Vid, the maker's software
	ID           string       // esID, 电子印章标识: the seal's code
	Type         int          // see TypeUnit; makers number as they please
	Name         string       // 印章名称
	Certificates [][]byte     // DER of those who may use the seal, in the order received
	Digests      []CertDigest // instead of Certificates, V4 and V5
	Created      time.Time    // may be later than ValidFrom
	ValidFrom    time.Time
	ValidUntil   time.Time
	Picture      Picture
	Extensions   []Extension
	Maker        []byte     // DER certificate of the maker
	Algorithm    oid.ID     // of Signature, see IsSM2
	Signature    []byte     // value as received
	TimeStamp    []byte     // token over the signature value, V5; nil if absent
	Tolerances   Tolerances // what was met while reading

	headerVersion int
	info          []byte // SES_SealInfo as received
	signInfo      []byte // cert and signatureAlgorithm as received, V1
}

// CertDigest names a certificate by its digest.
type CertDigest struct {
	Type  string // of the maker's choosing, "SM3"
	Value []byte
}

// Picture is the seal's picture (印章图片).
type Picture struct {
	Type     string // "png", "gif", "ofd", "svg", in whatever case
	Data     []byte
	WidthMM  int
	HeightMM int
}

// SignedBytes is what the maker's signature covers, as it was received: SES_SealInfo, and with V1 certificate and
// algorithm too, as one SEQUENCE. It is nil for a seal that was not parsed.
func (s *Seal) SignedBytes() []byte {
	if s.Version != V1 || s.info == nil {
		return s.info
	}
	return encode(func(b *cryptobyte.Builder) {
		b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddBytes(s.info)
			b.AddBytes(s.signInfo)
		})
	})
}

// Lists tells whether a certificate (DER) is among those that may use the seal: the same bytes, or their SM3 digest. What
// kind a digest is called is the maker's choice, so only its value counts.
func (s *Seal) Lists(certificate []byte) bool {
	for _, der := range s.Certificates {
		if bytes.Equal(der, certificate) {
			return true
		}
	}
	if len(s.Digests) == 0 {
		return false
	}
	digest := sm3.Sum(certificate)
	return slices.ContainsFunc(s.Digests, func(d CertDigest) bool { return bytes.Equal(d.Value, digest[:]) })
}

// ParseSeal reads one SESeal and nothing after it. The result points into der.
func ParseSeal(der []byte) (*Seal, error) {
	if len(der) > MaxSealBytes {
		return nil, beyond("SESeal")
	}
	input := cryptobyte.String(der)
	var r reader
	s, err := r.seal(&input)
	if err != nil {
		return nil, err
	}
	if !input.Empty() {
		return nil, malformed("bytes after SESeal")
	}
	return s, nil
}

// seal reads a seal; the tolerances in it are noted in the seal and in r.
func (r *reader) seal(input *cryptobyte.String) (*Seal, error) {
	var raw, body, info cryptobyte.String
	if !input.ReadASN1Element(&raw, casn1.SEQUENCE) {
		return nil, malformed("SESeal")
	}
	whole := raw
	if !whole.ReadASN1(&body, casn1.SEQUENCE) || !body.ReadASN1Element(&info, casn1.SEQUENCE) {
		return nil, malformed("eSealInfo")
	}
	s := &Seal{Raw: raw, info: info}
	own := reader{}
	v1 := body.PeekASN1Tag(casn1.SEQUENCE)
	if err := own.info(s, info, v1); err != nil {
		return nil, err
	}
	if err := s.setVersion(v1); err != nil {
		return nil, err
	}
	if err := own.makers(s, &body, v1); err != nil {
		return nil, err
	}
	s.Tolerances = own.tolerances
	r.tolerances |= own.tolerances
	return s, nil
}

// setVersion: structure and header must agree.
func (s *Seal) setVersion(v1 bool) error {
	switch {
	case v1 && s.headerVersion >= 1 && s.headerVersion <= 3:
		s.Version = V1
	case !v1 && (s.headerVersion == int(V4) || s.headerVersion == int(V5)):
		s.Version = Version(s.headerVersion)
	default:
		return ErrVersion
	}
	return nil
}

// makers reads what the maker added to SES_SealInfo.
func (r *reader) makers(s *Seal, body *cryptobyte.String, v1 bool) error {
	rest := *body
	if v1 {
		if !body.ReadASN1(&rest, casn1.SEQUENCE) || !body.Empty() {
			return malformed("signInfo")
		}
	}
	start := rest
	var err error
	if s.Maker, err = readCertificate(&rest, "cert"); err != nil {
		return err
	}
	if s.Algorithm, err = r.algorithm(&rest, "signAlgID"); err != nil {
		return err
	}
	s.signInfo = start[:len(start)-len(rest)]
	if s.Signature, err = readBits(&rest, maxValueBytes, "signedValue"); err != nil {
		return err
	}
	if s.Version == V5 {
		if s.TimeStamp, err = readToken(&rest, "timeStamp"); err != nil {
			return err
		}
	}
	if !rest.Empty() {
		return malformed("bytes after signedValue")
	}
	return nil
}
