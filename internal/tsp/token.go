package tsp

import (
	"fmt"
	"slices"

	"github.com/elicense/elicense/internal/cms"
	"github.com/elicense/elicense/internal/oid"
)

// Token is a TimeStampToken: SignedData with one signer over a TSTInfo. It says nothing about trust.
type Token struct {
	Raw        []byte
	Signed     *cms.SignedData
	Info       *Info
	Bindings   []Binding // from the signed attributes, empty if they have none
	Tolerances Tolerances
}

// Signer is the one signature of the token.
func (t *Token) Signer() *cms.SignerInfo { return &t.Signed.Signers[0] }

// ParseToken reads one ContentInfo and nothing after it. The result points into der.
func ParseToken(der []byte) (*Token, error) {
	if len(der) > MaxTokenBytes {
		return nil, fmt.Errorf("%w: token of %d bytes", ErrLimit, len(der))
	}
	signed, err := cms.Parse(der)
	if err != nil {
		return nil, fmt.Errorf("%w: %v", ErrMalformed, err)
	}
	t := &Token{Raw: der, Signed: signed}
	if err := t.checkForm(); err != nil {
		return nil, err
	}
	if t.Info, err = ParseInfo(signed.Content); err != nil {
		return nil, err
	}
	if t.Bindings, err = readBindings(t.Signer()); err != nil {
		return nil, err
	}
	t.Tolerances |= t.Info.Imprint.tolerances()
	return t, nil
}

// What SignedData may show that is no deviation from RFC 5652: its identifiers, its versions, a signer named by key
// identifier, certificates of other kinds; and algorithms outside the SM2 family, one of which has parameters.
const (
	usualRFC = cms.TolerantOuterType | cms.TolerantInnerType | cms.TolerantVersion | cms.TolerantSubjectKeyID |
		cms.TolerantCertificateChoice
	usualForeign = usualRFC | cms.TolerantForeignAlgorithm
	usualPSS     = usualForeign | cms.TolerantParameters
	usualGM      = cms.TolerantInnerType | cms.TolerantVersion | cms.TolerantCertificateChoice
)

// tolerated pairs what cms tolerates with what is tolerated in a token, and whether only under the arc of GB/T 35275.
var tolerated = [...]struct {
	cms  cms.Tolerances
	own  Tolerances
	onGM bool
}{
	{cms.TolerantDigestAlgorithm, TolerantDigestAlgorithm, false},
	{cms.TolerantCertificateTag, TolerantCertificateTag, true},
	{cms.TolerantRawSignature, TolerantRawSignature, true},
	{cms.TolerantAttributeOrder, TolerantAttributeOrder, true},
	{cms.TolerantSubjectKeyID, 0, true},
	{cms.TolerantContentTypeAttribute, TolerantContentType, true},
}

// checkForm holds the SignedData against RFC 3161, 2.4.2 and notes what is tolerated.
func (t *Token) checkForm() error {
	s := t.Signed
	gm := s.OuterType == oid.GMSignedData
	switch {
	case s.Detached:
		return fmt.Errorf("%w: no content", ErrForm)
	case len(s.Signers) != 1:
		return fmt.Errorf("%w: %d signers", ErrForm, len(s.Signers))
	case s.ContentType == oid.TSTInfo:
	case s.ContentType == oid.GMData && gm:
		t.Tolerances |= TolerantContentType
	default:
		return fmt.Errorf("%w: content type %s", ErrForm, s.ContentType)
	}
	if gm {
		t.Tolerances |= TolerantArc
	}
	if !slices.Contains(s.Digests, t.Signer().DigestAlgorithm) { // RFC 5652, 5.1
		return fmt.Errorf("%w: digest algorithm of the signer is not listed", ErrForm)
	}
	if !t.Signer().HasSignedAttributes() {
		if !gm {
			return fmt.Errorf("%w: no signed attributes", ErrForm)
		}
		t.Tolerances |= TolerantNoAttributes
	}
	if err := t.checkVersions(gm); err != nil {
		return err
	}
	return t.checkTolerances(gm)
}

// checkVersions: RFC 5652, 5.1 and 5.3. GB/T 35275 knows version 1 alone.
func (t *Token) checkVersions(gm bool) error {
	signer, want := t.Signer().Version, 1
	if t.Signer().SubjectKeyID != nil {
		want = 3
	}
	if t.Signed.Version < 3 && !(gm && t.Signed.Version == 1) {
		return fmt.Errorf("%w: version %d", ErrForm, t.Signed.Version)
	}
	if signer != want && !(gm && signer == 1) {
		return fmt.Errorf("%w: signer's version %d", ErrForm, signer)
	}
	return nil
}

func (t *Token) checkTolerances(gm bool) error {
	rest, signer := t.Signed.Tolerances, t.Signer()
	switch {
	case gm:
		rest &^= usualGM
	case signer.IsSM2():
		rest &^= usualRFC
	case signer.SignatureAlgorithm == oid.RSAPSS:
		rest &^= usualPSS
	default:
		rest &^= usualForeign
	}
	for _, x := range tolerated {
		if rest&x.cms != 0 && (gm || !x.onGM) {
			rest &^= x.cms
			t.Tolerances |= x.own
		}
	}
	if signer.IsSM2() {
		rest &^= cms.TolerantSignatureAlgorithm
		if usual := signatureOf(gm); signer.SignatureAlgorithm != usual {
			t.Tolerances |= TolerantSignatureAlgorithm
		}
	}
	if rest != 0 {
		return fmt.Errorf("%w: %s", ErrForm, rest)
	}
	return nil
}

// signatureOf is how SM2 with SM3 is named in each arc.
func signatureOf(gm bool) oid.ID {
	if gm {
		return oid.SM2Sign
	}
	return oid.SM2WithSM3
}
