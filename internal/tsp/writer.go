package tsp

import (
	"fmt"
	"math/big"
	"time"

	"github.com/emmansun/gmsm/sm3"
	"golang.org/x/crypto/cryptobyte"

	"github.com/elicense/elicense/internal/cms"
	"github.com/elicense/elicense/internal/oid"
)

// SignerCertificate is what a token says of the certificate that signs it.
type SignerCertificate struct {
	Raw    []byte // DER
	Issuer []byte // DER Name
	Serial *big.Int
}

// Writer writes tokens of one signer with SM2 and SM3. What stays the same from one to the next is encoded once. It is
// immutable and safe for concurrent use.
type Writer struct {
	form       cms.Form
	attributes [][]byte
	with       *cms.Builder
	without    *cms.Builder
}

// NewWriter prepares for a signer. A token that is to carry certificates carries the signer's and those of chain.
func NewWriter(arc cms.Arc, signer SignerCertificate, chain [][]byte) (*Writer, error) {
	w := &Writer{form: cms.Form{Arc: arc, Content: oid.TSTInfo}}
	var err error
	if w.without, err = w.form.NewBuilder(signer.Issuer, signer.Serial, nil); err != nil {
		return nil, fmt.Errorf("%w: %v", ErrInput, err)
	}
	certificates := append([][]byte{signer.Raw}, chain...)
	if w.with, err = w.form.NewBuilder(signer.Issuer, signer.Serial, certificates); err != nil {
		return nil, fmt.Errorf("%w: %v", ErrInput, err)
	}
	hash := sm3.Sum(signer.Raw)
	binding := cms.EncodeSigningCertificate(hash, signer.Issuer, signer.Serial)
	w.attributes = [][]byte{binding, w.form.AlgorithmProtection()}
	return w, nil
}

// ToSign is the message to be signed for a TSTInfo: the signed attributes.
func (w *Writer) ToSign(info []byte) ([]byte, error) {
	message, err := w.form.SignedAttributes(info, time.Time{}, w.attributes...)
	if err != nil {
		return nil, fmt.Errorf("%w: %v", ErrInput, err)
	}
	return message, nil
}

// Token writes the token for a TSTInfo, what ToSign gave for it, and the signature over that.
func (w *Writer) Token(info, attributes, signature []byte, certificates bool) ([]byte, error) {
	b := w.without
	if certificates {
		b = w.with
	}
	der, err := b.Attached(info, attributes, signature)
	if err != nil {
		return nil, fmt.Errorf("%w: %v", ErrInput, err)
	}
	return der, nil
}

// DirectoryName is a DER Name as the GeneralName of the field tsa.
func DirectoryName(name []byte) []byte {
	var b cryptobyte.Builder
	addDirectoryName(&b, name)
	der, err := b.Bytes()
	if err != nil {
		return nil
	}
	return der
}
