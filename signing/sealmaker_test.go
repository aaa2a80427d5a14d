package signing_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"errors"
	"image"
	"image/gif"
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/dertest"
	"github.com/elicense/elicense/internal/oid"
	"github.com/elicense/elicense/internal/ses"
	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/pki/ca"
	"github.com/elicense/elicense/signing"
)

func TestMakeSeal(t *testing.T) {
	w := newSealWorld(t)
	for name, c := range map[string]struct {
		change  func(*signing.SealSpec)
		version ses.Version
	}{
		"GB/T 38540":             {func(*signing.SealSpec) {}, ses.V4},
		"GM/T 0031":              {func(s *signing.SealSpec) { s.Version = signing.SealV1 }, ses.V1},
		"digests":                {func(s *signing.SealSpec) { s.ByDigest = true }, ses.V4},
		"of the holder at large": {func(s *signing.SealSpec) { s.Name, s.Usage = farmName, "" }, ses.V4},
	} {
		spec := w.spec()
		c.change(&spec)
		der := w.seal(t, spec)
		require.True(t, w.judgeSeal(der), name)
		s, err := ses.ParseSeal(der)
		require.NoError(t, err, name)
		require.Equal(t, c.version, s.Version, name)
		require.Equal(t, spec.Name, s.Name)
		require.Equal(t, spec.ID, s.ID)
		require.Equal(t, ses.TypeUnit, s.Type)
		require.Equal(t, spec.Picture, signing.SealPicture(s.Picture))
		require.Equal(t, []time.Time{now, now, spec.ValidUntil}, []time.Time{s.Created, s.ValidFrom, s.ValidUntil})
		require.Equal(t, w.makerChain[0].Raw, s.Maker)
		if spec.ByDigest {
			require.Equal(t, []ses.CertDigest{{Type: "SM3", Value: w.signerChain[0].Digest[:]}}, s.Digests)
			require.Empty(t, s.Certificates)
		} else {
			require.Equal(t, [][]byte{w.signerChain[0].Raw}, s.Certificates)
		}
	}
}

func TestMakePersonalSeal(t *testing.T) {
	w := newSealWorld(t)
	key, err := pki.GenerateKey(rand.Reader)
	require.NoError(t, err)
	person, err := w.issuing.Issue(ca.Request{
		Profile: ca.ProfilePerson, Subject: ca.Name{CommonName: "张示例", SerialNumber: "1"}, Holder: ca.Identity{PassportNumber: "EX1234567"},
		PublicKey: key.Public(),
	})
	require.NoError(t, err)
	spec := w.spec()
	spec.Name, spec.Usage, spec.Personal, spec.Signers = "张示例", "", true, []*pki.Certificate{person}
	s, err := ses.ParseSeal(w.seal(t, spec))
	require.NoError(t, err)
	require.Equal(t, ses.TypePerson, s.Type)

	spec.Personal = false
	_, err = w.maker(t).Make(t.Context(), spec)
	require.Equal(t, signing.SealReasonName, signing.SealReasonOf(err), "a person has no unit's seal")
	spec = w.spec()
	spec.Personal = true
	_, err = w.maker(t).Make(t.Context(), spec)
	require.Equal(t, signing.SealReasonName, signing.SealReasonOf(err), "a department has no personal seal")
}

func TestNewSealMakerRefuses(t *testing.T) {
	w := newSealWorld(t)
	weak := *w.makerChain[0]
	weak.KeyUsage = pki.UsageDigitalSignature
	vaultKey, vaultChain := w.department(t, ca.ProfileVault, farmUSCC)
	for name, c := range map[string]struct {
		change func(*signing.SealMakerConfig)
		want   signing.SealReason
	}{
		"no key":        {func(c *signing.SealMakerConfig) { c.Key = nil }, signing.SealReasonConfig},
		"no randomness": {func(c *signing.SealMakerConfig) { c.Rand = nil }, signing.SealReasonConfig},
		"no clock":      {func(c *signing.SealMakerConfig) { c.Now = nil }, signing.SealReasonConfig},
		"no chain":      {func(c *signing.SealMakerConfig) { c.Chain = nil }, signing.SealReasonConfig},
		"broken chain": {func(c *signing.SealMakerConfig) {
			c.Chain = []*pki.Certificate{w.makerChain[0], w.makerChain[2]}
		}, signing.SealReasonConfig},
		"another's key": {func(c *signing.SealMakerConfig) { c.Key = w.signerKey }, signing.SealReasonConfig},
		"department's certificate": {func(c *signing.SealMakerConfig) {
			c.Key, c.Chain = w.key, w.chain
		}, signing.SealReasonMaker},
		"a seal's certificate": {func(c *signing.SealMakerConfig) {
			c.Key, c.Chain = w.signerKey, w.signerChain
		}, signing.SealReasonMaker},
		"the vault's": {func(c *signing.SealMakerConfig) {
			c.Key, c.Chain = vaultKey, vaultChain
		}, signing.SealReasonMaker},
		"no non-repudiation": {func(c *signing.SealMakerConfig) {
			c.Chain = append([]*pki.Certificate{&weak}, w.makerChain[1:]...)
		}, signing.SealReasonUsage},
	} {
		config := w.makerConfig()
		c.change(&config)
		m, err := signing.NewSealMaker(config)
		require.Equal(t, c.want, signing.SealReasonOf(err), "%s: %v", name, err)
		require.Nil(t, m, name)
	}
}

// A maker of another authority, which knows no such purpose, is taken as it is: who relies on it names it.
func TestForeignSealMaker(t *testing.T) {
	w := newSealWorld(t)
	foreign := *w.makerChain[0]
	foreign.ExtKeyUsage, foreign.Policies = []oid.ID{oid.PurposeServerAuth}, nil
	config := w.makerConfig()
	config.Chain = append([]*pki.Certificate{&foreign}, w.makerChain[1:]...)
	_, err := signing.NewSealMaker(config)
	require.NoError(t, err)
}

func otherHolder(t *testing.T, w sealWorld) *pki.Certificate {
	t.Helper()
	_, chain := w.department(t, ca.ProfileSeal, townUSCC)
	return chain[0]
}

func TestMakeSealRefuses(t *testing.T) {
	w := newSealWorld(t)
	_, departments := w.department(t, ca.ProfileDepartment, farmUSCC)
	weak, foreignKey, unnamed := *w.signerChain[0], *w.signerChain[0], *w.signerChain[0]
	weak.KeyUsage = pki.UsageDigitalSignature
	foreignKey.PublicKey = nil
	unnamed.Holder.Ambiguous = true
	another := otherHolder(t, w)
	signers := func(c ...*pki.Certificate) func(*signing.SealSpec) {
		return func(s *signing.SealSpec) { s.Signers = c }
	}
	for name, c := range map[string]struct {
		change func(*signing.SealSpec)
		want   signing.SealReason
	}{
		"no code":           {func(s *signing.SealSpec) { s.ID = "" }, signing.SealReasonID},
		"code of 13":        {func(s *signing.SealSpec) { s.ID = sealID[1:] }, signing.SealReasonID},
		"code with letters": {func(s *signing.SealSpec) { s.ID = "3500000000000X" }, signing.SealReasonID},
		"digests in V1": {func(s *signing.SealSpec) { s.ByDigest, s.Version = true, signing.SealV1 },
			signing.SealReasonForm},
		"unknown standard": {func(s *signing.SealSpec) { s.Version = 9 }, signing.SealReasonForm},
		"no name":          {func(s *signing.SealSpec) { s.Name = "" }, signing.SealReasonName},
		"another's name":   {func(s *signing.SealSpec) { s.Name = "示例省林业厅" + signing.ApprovalSeal }, signing.SealReasonName},
		"usage not named":  {func(s *signing.SealSpec) { s.Name = farmName }, signing.SealReasonName},
		"named, not meant": {func(s *signing.SealSpec) { s.Usage = "" }, signing.SealReasonName},
		"nobody":           {signers(), signing.SealReasonSigners},
		"nil":              {signers(nil), signing.SealReasonSigners},
		"somebody twice":   {signers(w.signerChain[0], w.signerChain[0]), signing.SealReasonSigners},
		"too many":         {signers(make([]*pki.Certificate, 65)...), signing.SealReasonSigners},
		"no SM2 key":       {signers(&foreignKey), signing.SealReasonAlgorithms},
		"weak usage":       {signers(&weak), signing.SealReasonUsage},
		"not for approval": {signers(departments[0]), signing.SealReasonPurpose},
		"the maker itself": {signers(w.makerChain[0]), signing.SealReasonPurpose},
		"ambiguous holder": {signers(&unnamed), signing.SealReasonName},
		"two holders":      {signers(w.signerChain[0], another), signing.SealReasonName},
		"no beginning":     {func(s *signing.SealSpec) { s.ValidFrom = time.Time{} }, signing.SealReasonValidity},
		"ends first":       {func(s *signing.SealSpec) { s.ValidUntil = s.ValidFrom }, signing.SealReasonValidity},
		"ended":            {func(s *signing.SealSpec) { s.ValidFrom, s.ValidUntil = now.AddDate(-1, 0, 0), now }, signing.SealReasonValidity},
		"eleven years":     {func(s *signing.SealSpec) { s.ValidUntil = now.AddDate(11, 0, 0) }, signing.SealReasonValidity},
		"half a second":    {func(s *signing.SealSpec) { s.ValidFrom = now.Add(time.Second / 2) }, signing.SealReasonForm},
	} {
		spec := w.spec()
		c.change(&spec)
		der, err := w.maker(t).Make(t.Context(), spec)
		require.Equal(t, c.want, signing.SealReasonOf(err), "%s: %v", name, err)
		require.Nil(t, der, name)
	}
}

func TestMakeSealRefusesPictures(t *testing.T) {
	w := newSealWorld(t)
	var moving bytes.Buffer
	require.NoError(t, gif.Encode(&moving, image.NewGray(image.Rect(0, 0, 1, 1)), nil))
	large := onePixel().Data
	large = append(bytes.Clone(large[:16]), append([]byte{0, 0, 0x20, 0}, large[20:]...)...) // 8192 pixels wide
	for name, change := range map[string]func(*signing.SealPicture){
		"none":          func(p *signing.SealPicture) { p.Data = nil },
		"too large":     func(p *signing.SealPicture) { p.Data = append(p.Data, make([]byte, signing.MaxSealPictureBytes)...) },
		"no width":      func(p *signing.SealPicture) { p.WidthMM = 0 },
		"no height":     func(p *signing.SealPicture) { p.HeightMM = -1 },
		"wide":          func(p *signing.SealPicture) { p.WidthMM = 101 },
		"high":          func(p *signing.SealPicture) { p.HeightMM = 101 },
		"of no kind":    func(p *signing.SealPicture) { p.Type = "" },
		"of our kind":   func(p *signing.SealPicture) { p.Type = "svg" },
		"another kind":  func(p *signing.SealPicture) { p.Data = moving.Bytes() },
		"not a picture": func(p *signing.SealPicture) { p.Data = []byte("picture") },
		"no OFD":        func(p *signing.SealPicture) { p.Type = "ofd" },
		"many pixels":   func(p *signing.SealPicture) { p.Data = large },
	} {
		spec := w.spec()
		change(&spec.Picture)
		der, err := w.maker(t).Make(t.Context(), spec)
		require.Equal(t, signing.SealReasonPicture, signing.SealReasonOf(err), "%s: %v", name, err)
		require.Nil(t, der, name)
	}
	spec := w.spec()
	spec.Picture.Type, spec.Picture.Data = "gif", moving.Bytes()
	w.seal(t, spec)
	spec.Picture.Type, spec.Picture.Data = "ofd", []byte("PK\x03\x04…")
	w.seal(t, spec)
}

func TestMakeSealNeedsValidCertificates(t *testing.T) {
	w := newSealWorld(t)
	for _, when := range []time.Time{w.makerChain[0].NotBefore.Add(-time.Second), w.makerChain[0].NotAfter.Add(time.Second)} {
		config := w.makerConfig()
		config.Now = at(when)
		m, err := signing.NewSealMaker(config)
		require.NoError(t, err)
		spec := w.spec()
		spec.ValidFrom, spec.ValidUntil = when, when.AddDate(1, 0, 0)
		_, err = m.Make(t.Context(), spec)
		require.Equal(t, signing.SealReasonExpired, signing.SealReasonOf(err))
	}
	ended := *w.signerChain[0]
	ended.NotAfter = now.Add(-time.Second)
	spec := w.spec()
	spec.Signers = []*pki.Certificate{&ended}
	_, err := w.maker(t).Make(t.Context(), spec)
	require.Equal(t, signing.SealReasonExpired, signing.SealReasonOf(err))
}

func TestMakeSealHonoursContext(t *testing.T) {
	w := newSealWorld(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := w.maker(t).Make(ctx, w.spec())
	require.ErrorIs(t, err, context.Canceled)
	_, err = w.sealer(t, w.seal(t, w.spec())).Value(ctx, signatureXML, signaturePath)
	require.ErrorIs(t, err, context.Canceled)
}

// faultyKey stands for a device that answers with another key's signature, or not at all.
type faultyKey struct {
	crypto.Signer
	other crypto.Signer
}

func (f faultyKey) Sign(random io.Reader, digest []byte, o crypto.SignerOpts) ([]byte, error) {
	if f.other == nil {
		return nil, io.ErrUnexpectedEOF
	}
	return f.other.Sign(random, digest, o)
}

func TestMakeSealChecksItsOwnSignature(t *testing.T) {
	w := newSealWorld(t)
	config := w.makerConfig()
	config.Key = faultyKey{Signer: w.makerKey, other: w.signerKey}
	m, err := signing.NewSealMaker(config)
	require.NoError(t, err)
	der, err := m.Make(t.Context(), w.spec())
	require.Equal(t, signing.SealReasonSignature, signing.SealReasonOf(err))
	require.Nil(t, der)
	config.Key = faultyKey{Signer: w.makerKey}
	m, err = signing.NewSealMaker(config)
	require.NoError(t, err)
	_, err = m.Make(t.Context(), w.spec())
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
}

// Whatever field of a seal is changed, a careful reader refuses it.
func TestAlteredSealIsRefused(t *testing.T) {
	w := newSealWorld(t)
	for _, version := range []signing.SealVersion{signing.SealV4, signing.SealV1} {
		spec := w.spec()
		spec.Version = version
		der := w.seal(t, spec)
		require.True(t, w.judgeSeal(der))
		altered, err := dertest.Primitives(der)
		require.NoError(t, err)
		require.Greater(t, len(altered), 50)
		for _, a := range altered {
			require.False(t, w.judgeSeal(a.DER), "%d: %s", version, a.Path)
		}
	}
}

func TestSealErrorText(t *testing.T) {
	err := error(&signing.SealError{Reason: signing.SealReasonName, Detail: "detail"})
	require.EqualError(t, err, "signing: seal refused (seal-name): detail")
	require.Empty(t, signing.SealReasonOf(errors.New("other")))
}
