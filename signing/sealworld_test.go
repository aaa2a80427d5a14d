package signing_test

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"image"
	"image/png"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/ses"
	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/pki/ca"
	"github.com/elicense/elicense/signing"
)

const (
	farmName      = "示例省农业厅"
	approvalName  = farmName + signing.ApprovalSeal
	sealID        = "35000000000001"
	signaturePath = "/Doc_0/Signs/Sign_0/Signature.xml"
)

var signatureXML = []byte("<ofd:Signature>示例</ofd:Signature>")

// sealWorld is a world with a seal maker and a key that may use a seal.
type sealWorld struct {
	world
	makerKey, signerKey     crypto.Signer
	makerChain, signerChain []*pki.Certificate
}

func newSealWorld(t testing.TB) sealWorld {
	t.Helper()
	w := sealWorld{world: newWorld(t, now)}
	w.makerKey, w.makerChain = w.department(t, ca.ProfileSealMaker, townUSCC)
	w.signerKey, w.signerChain = w.department(t, ca.ProfileSeal, farmUSCC)
	return w
}

func (w sealWorld) makerConfig() signing.SealMakerConfig {
	return signing.SealMakerConfig{Key: w.makerKey, Chain: w.makerChain, Rand: rand.Reader, Now: at(now)}
}

func (w sealWorld) maker(t testing.TB) *signing.SealMaker {
	t.Helper()
	m, err := signing.NewSealMaker(w.makerConfig())
	require.NoError(t, err)
	return m
}

func (w sealWorld) spec() signing.SealSpec {
	return signing.SealSpec{
		ID: sealID, Name: approvalName, Usage: signing.ApprovalSeal, Signers: w.signerChain[:1],
		ValidFrom: now, ValidUntil: now.AddDate(3, 0, 0), Picture: onePixel(),
	}
}

func (w sealWorld) seal(t testing.TB, spec signing.SealSpec) []byte {
	t.Helper()
	der, err := w.maker(t).Make(t.Context(), spec)
	require.NoError(t, err)
	return der
}

func (w sealWorld) sealerConfig(seal []byte) signing.SealerConfig {
	return signing.SealerConfig{
		Key: w.signerKey, Chain: w.signerChain, Rand: rand.Reader, Now: at(now.Add(time.Hour)), Seal: seal,
	}
}

func (w sealWorld) sealer(t testing.TB, seal []byte) *signing.Sealer {
	t.Helper()
	s, err := signing.NewSealer(w.sealerConfig(seal))
	require.NoError(t, err)
	return s
}

func at(t time.Time) func() time.Time { return func() time.Time { return t } }

func onePixel() signing.SealPicture {
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 1, 1))); err != nil {
		panic(err)
	}
	return signing.SealPicture{Type: "png", Data: b.Bytes(), WidthMM: 42, HeightMM: 42}
}

// judge is what a careful reader of a seal does, short of revocation.
func (w sealWorld) judgeSeal(der []byte) bool {
	s, err := ses.ParseSeal(der)
	if err != nil || s.Tolerances != 0 || !ses.IsSM2(s.Algorithm) {
		return false
	}
	maker, ok := w.trusted(s.Maker)
	return ok && pki.CrossCheck(maker.PublicKey, s.SignedBytes(), s.Signature) == nil
}

// judge does the same for a signature over signatureXML.
func (w sealWorld) judge(der []byte) bool {
	s, err := ses.ParseSignature(der)
	if err != nil || s.Tolerances != 0 || !ses.IsSM2(s.Algorithm) || !w.judgeSeal(s.Seal.Raw) {
		return false
	}
	signer, ok := w.trusted(s.Certificate)
	return ok && pki.CrossCheck(signer.PublicKey, s.SignedBytes(), s.Value) == nil
}

func (w sealWorld) trusted(der []byte) (*pki.Certificate, bool) {
	c, err := pki.ParseCertificate(der)
	if err != nil {
		return nil, false
	}
	_, err = pki.VerifyChain(c, pki.ChainOptions{
		Anchors: w.anchors, Intermediates: w.issuing.Chain(), At: now, Usage: pki.UsageDigitalSignature,
	})
	return c, err == nil
}
