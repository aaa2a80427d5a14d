package cms

import (
	"fmt"
	"math/big"
	"time"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/elicense/elicense/internal/oid"
	"github.com/elicense/elicense/internal/sm2sig"
)

// Builder writes SignedData with one SM2 signature, in the form it was made for. Everything that stays the same from
// one signature to the next is encoded once, so writing is copying. It is immutable and safe for concurrent use.
type Builder struct {
	head   []byte // version and digestAlgorithms
	certs  []byte // [0] certificates, empty if none
	signer []byte // version, issuerAndSerialNumber, digestAlgorithm
	sigAlg []byte
	outer  []byte // contentType of the ContentInfo
	inner  []byte // contentType of the content
}

// NewBuilder is Form.NewBuilder for data of GB/T 35275.
func NewBuilder(issuer []byte, serial *big.Int, certificates [][]byte) (*Builder, error) {
	return Form{}.NewBuilder(issuer, serial, certificates)
}

// SignedAttributes is Form.SignedAttributes for data of GB/T 35275.
func SignedAttributes(content []byte, at time.Time) ([]byte, error) {
	return Form{}.SignedAttributes(content, at)
}

// Detached writes SignedData without content. attributes is what SignedAttributes made, or nil if the signature covers
// the content itself.
func (b *Builder) Detached(attributes, signature []byte) ([]byte, error) {
	return b.build(nil, false, attributes, signature)
}

// Attached writes SignedData with the content inside.
func (b *Builder) Attached(content, attributes, signature []byte) ([]byte, error) {
	return b.build(content, true, attributes, signature)
}

// SignerInfo writes one signature alone, to be added to SignedData or, as a countersignature, to another signature.
func (b *Builder) SignerInfo(attributes, signature []byte) ([]byte, error) {
	if err := checkSigner(attributes, signature); err != nil {
		return nil, err
	}
	signerSize := len(b.signer) + len(attributes) + len(b.sigAlg) + elementSize(len(signature))
	return b.appendSigner(make([]byte, 0, elementSize(signerSize)), attributes, signature, signerSize), nil
}

func (b *Builder) appendSigner(out, attributes, signature []byte, size int) []byte {
	out = append(appendHeader(out, casn1.SEQUENCE, size), b.signer...)
	if attributes != nil {
		out = append(append(out, byte(context0)), attributes[1:]...)
	}
	out = append(out, b.sigAlg...)
	return append(appendHeader(out, casn1.OCTET_STRING, len(signature)), signature...)
}

func checkSigner(attributes, signature []byte) error {
	if err := sm2sig.CheckSignature(signature); err != nil {
		return fmt.Errorf("%w: %v", ErrInput, err)
	}
	if attributes != nil && (len(attributes) < 2 || attributes[0] != byte(casn1.SET)) {
		return fmt.Errorf("%w: signed attributes", ErrInput)
	}
	return nil
}

func (b *Builder) build(content []byte, attached bool, attributes, signature []byte) ([]byte, error) {
	if err := checkSigner(attributes, signature); err != nil {
		return nil, err
	}
	if len(content) > MaxBytes/2 {
		return nil, fmt.Errorf("%w: content", ErrLimit)
	}
	// Sizes from the inside out, then one pass from the outside in.
	contentSize := len(b.inner)
	if attached {
		contentSize += elementSize(elementSize(len(content)))
	}
	signerSize := len(b.signer) + len(attributes) + len(b.sigAlg) + elementSize(len(signature))
	dataSize := len(b.head) + elementSize(contentSize) + len(b.certs) + elementSize(elementSize(signerSize))
	infoSize := len(b.outer) + elementSize(elementSize(dataSize))

	out := make([]byte, 0, elementSize(infoSize))
	out = append(appendHeader(out, casn1.SEQUENCE, infoSize), b.outer...)
	out = appendHeader(out, context0, elementSize(dataSize))
	out = append(appendHeader(out, casn1.SEQUENCE, dataSize), b.head...)
	out = append(appendHeader(out, casn1.SEQUENCE, contentSize), b.inner...)
	if attached {
		out = appendHeader(out, context0, elementSize(len(content)))
		out = append(appendHeader(out, casn1.OCTET_STRING, len(content)), content...)
	}
	out = append(out, b.certs...)
	out = appendHeader(out, casn1.SET, elementSize(signerSize))
	return b.appendSigner(out, attributes, signature, signerSize), nil
}

// elementSize is the size of a DER element with contents of n bytes.
func elementSize(n int) int {
	size := n + 2
	if n >= 128 {
		for ; n > 0; n >>= 8 {
			size++
		}
	}
	return size
}

func appendHeader(dst []byte, tag casn1.Tag, n int) []byte {
	dst = append(dst, byte(tag))
	if n < 128 {
		return append(dst, byte(n)) //nolint:gosec // n is below 128
	}
	octets := elementSize(n) - n - 2
	dst = append(dst, 0x80|byte(octets)) //nolint:gosec // 8 at most
	for i := octets - 1; i >= 0; i-- {
		dst = append(dst, byte(n>>(8*i))) //nolint:gosec // one octet of n
	}
	return dst
}

func addAlgorithm(b *cryptobyte.Builder, id oid.ID) {
	b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) { oid.Add(b, id) })
}

// addTime writes Time as RFC 5652, 11.3 wants it: UTCTime up to 2049, GeneralizedTime from 2050.
func addTime(b *cryptobyte.Builder, at time.Time) {
	if at.Year() < 2050 {
		b.AddASN1UTCTime(at)
		return
	}
	b.AddASN1GeneralizedTime(at)
}

// encode is for encodings whose size is known to be small and whose parts were checked.
func encode(f func(*cryptobyte.Builder)) []byte {
	var b cryptobyte.Builder
	f(&b)
	der, err := b.Bytes()
	if err != nil {
		return nil
	}
	return der
}
