package signing_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm3"
	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/cms"
	"github.com/elicense/elicense/internal/dertest"
	"github.com/elicense/elicense/internal/oid"
	"github.com/elicense/elicense/internal/ses"
	"github.com/elicense/elicense/internal/tsp"
	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/pki/ca"
	"github.com/elicense/elicense/signing"
)

func TestSeal(t *testing.T) {
	w := newSealWorld(t)
	for _, change := range []func(*signing.SealSpec){
		func(*signing.SealSpec) {}, func(s *signing.SealSpec) { s.Version = signing.SealV1 },
		func(s *signing.SealSpec) { s.ByDigest = true },
	} {
		spec := w.spec()
		change(&spec)
		seal := w.seal(t, spec)
		sealer := w.sealer(t, seal)
		der, err := sealer.Value(t.Context(), signatureXML, signaturePath)
		require.NoError(t, err)
		require.True(t, w.judge(der))
		s, err := ses.ParseSignature(der)
		require.NoError(t, err)
		require.Equal(t, seal, s.Seal.Raw)
		require.Equal(t, now.Add(time.Hour), s.Time)
		digest := sm3.Sum(signatureXML)
		require.Equal(t, digest[:], s.DataHash)
		require.Equal(t, signaturePath, s.Property)
		require.Equal(t, w.signerChain[0].Raw, s.Certificate)
		require.Nil(t, s.TimeStamp)
		require.Equal(t, seal, sealer.Seal())
		require.Equal(t, spec.Picture, sealer.Picture())
		require.Equal(t, w.signerChain[0], sealer.Certificate())
	}
}

func TestNewSealerRefuses(t *testing.T) {
	w := newSealWorld(t)
	seal := w.seal(t, w.spec())
	legacy := w.spec()
	legacy.Version = signing.SealV1
	forV1 := w.seal(t, legacy)
	otherKey, otherChain := w.department(t, ca.ProfileSeal, farmUSCC)
	general := w.spec()
	general.Name, general.Usage = farmName, ""
	departments := w.spec()
	departments.Name, departments.Usage, departments.Signers = farmName, "", w.chain[:1]
	approvalByDepartment := forge(t, w, w.chain[0])
	weak := *w.signerChain[0]
	weak.KeyUsage = pki.UsageDigitalSignature
	for name, c := range map[string]struct {
		change func(*signing.SealerConfig)
		want   signing.SealReason
	}{
		"no key":   {func(c *signing.SealerConfig) { c.Key = nil }, signing.SealReasonConfig},
		"no clock": {func(c *signing.SealerConfig) { c.Now = nil }, signing.SealReasonConfig},
		"no seal":  {func(c *signing.SealerConfig) { c.Seal = nil }, signing.SealReasonForm},
		"cut":      {func(c *signing.SealerConfig) { c.Seal = seal[:len(seal)-1] }, signing.SealReasonForm},
		"V5":       {func(c *signing.SealerConfig) { c.Seal = asV5(seal) }, signing.SealReasonForm},
		"token in V1": {func(c *signing.SealerConfig) {
			c.Seal, c.Timestamp = forV1, stamper{}
		}, signing.SealReasonConfig},
		"not listed": {func(c *signing.SealerConfig) {
			c.Key, c.Chain = otherKey, otherChain
		}, signing.SealReasonNotListed},
		"not listed by digest": {func(c *signing.SealerConfig) {
			s := w.spec()
			s.ByDigest = true
			c.Key, c.Chain, c.Seal = otherKey, otherChain, w.seal(t, s)
		}, signing.SealReasonNotListed},
		"weak usage": {func(c *signing.SealerConfig) {
			c.Chain = append([]*pki.Certificate{&weak}, c.Chain[1:]...)
		}, signing.SealReasonUsage},
		"approvals by a department's key": {func(c *signing.SealerConfig) {
			c.Key, c.Chain, c.Seal = w.key, w.chain, approvalByDepartment
		}, signing.SealReasonPurpose},
		"made by no maker": {func(c *signing.SealerConfig) { c.Seal = remade(t, w, seal, w.chain[0]) },
			signing.SealReasonMaker},
		"maker's signature": {func(c *signing.SealerConfig) {
			c.Seal = bytes.Clone(seal)
			c.Seal[bytes.Index(seal, []byte(sealID))]++
		}, signing.SealReasonSignature},
		"maker's algorithm": {func(c *signing.SealerConfig) {
			at := bytes.LastIndex(seal, []byte(oid.SM2WithSM3))
			c.Seal = bytes.Clone(seal)
			c.Seal[at+len(oid.SM2WithSM3)-1]++
		}, signing.SealReasonAlgorithms},
	} {
		config := w.sealerConfig(seal)
		c.change(&config)
		s, err := signing.NewSealer(config)
		require.Equal(t, c.want, signing.SealReasonOf(err), "%s: %v", name, err)
		require.Nil(t, s, name)
	}
	w.sealer(t, w.seal(t, general))
	config := w.sealerConfig(w.seal(t, departments))
	config.Key, config.Chain = w.key, w.chain
	_, err := signing.NewSealer(config)
	require.NoError(t, err, "a department's certificate may use its seal at large")
}

// asV5 is the seal with the number of a later version.
func asV5(seal []byte) []byte {
	return bytes.Replace(seal, []byte("\x16\x02ES\x02\x01\x04"), []byte("\x16\x02ES\x02\x01\x05"), 1)
}

// forge has the true maker sign a seal that SealMaker would refuse: for approvals, used by any certificate.
func forge(t *testing.T, w sealWorld, signer *pki.Certificate) []byte {
	t.Helper()
	s, err := ses.ParseSeal(w.seal(t, w.spec()))
	require.NoError(t, err)
	s.Certificates = [][]byte{signer.Raw}
	return signed(t, w, s)
}

// remade names another certificate as the maker's.
func remade(t *testing.T, w sealWorld, seal []byte, maker *pki.Certificate) []byte {
	t.Helper()
	s, err := ses.ParseSeal(seal)
	require.NoError(t, err)
	s.Maker = maker.Raw
	return signed(t, w, s)
}

func signed(t *testing.T, w sealWorld, s *ses.Seal) []byte {
	t.Helper()
	d, err := ses.NewSealDraft(s)
	require.NoError(t, err)
	value, err := w.makerChain[0].PublicKey.Sign(rand.Reader, w.makerKey, d.ToSign())
	require.NoError(t, err)
	der, err := d.Seal(value)
	require.NoError(t, err)
	return der
}

func TestValueRefuses(t *testing.T) {
	w := newSealWorld(t)
	spec := w.spec()
	spec.ValidFrom, spec.ValidUntil = now.Add(time.Minute), now.Add(2*time.Hour)
	seal := w.seal(t, spec)
	afterAll := w.spec()
	afterAll.ValidUntil = now.AddDate(10, 0, 0)
	long := w.seal(t, afterAll)
	for name, c := range map[string]struct {
		seal     []byte
		when     time.Time
		content  []byte
		property string
		want     signing.SealReason
	}{
		"nothing":          {seal, now.Add(time.Hour), nil, signaturePath, signing.SealReasonContent},
		"too much":         {seal, now.Add(time.Hour), make([]byte, 16<<20+1), signaturePath, signing.SealReasonContent},
		"no path":          {seal, now.Add(time.Hour), signatureXML, "", signing.SealReasonProperty},
		"relative path":    {seal, now.Add(time.Hour), signatureXML, signaturePath[1:], signing.SealReasonProperty},
		"path not ASCII":   {seal, now.Add(time.Hour), signatureXML, "/文档", signing.SealReasonForm},
		"before the seal":  {seal, now, signatureXML, signaturePath, signing.SealReasonValidity},
		"after the seal":   {seal, now.Add(3 * time.Hour), signatureXML, signaturePath, signing.SealReasonValidity},
		"after the signer": {long, w.signerChain[0].NotAfter.Add(time.Second), signatureXML, signaturePath, signing.SealReasonExpired},
	} {
		config := w.sealerConfig(c.seal)
		config.Now = at(c.when)
		s, err := signing.NewSealer(config)
		require.NoError(t, err, name)
		der, err := s.Value(t.Context(), c.content, c.property)
		require.Equal(t, c.want, signing.SealReasonOf(err), "%s: %v", name, err)
		require.Nil(t, der, name)
	}
	config := w.sealerConfig(seal)
	config.Key = faultyKey{Signer: w.signerKey}
	s, err := signing.NewSealer(config)
	require.NoError(t, err)
	_, err = s.Value(t.Context(), signatureXML, signaturePath)
	require.ErrorContains(t, err, "unexpected EOF")
}

// stamper answers with tokens of its own, over what it is asked or over something else.
type stamper struct {
	t     *testing.T
	w     sealWorld
	other bool
	err   error
	bytes []byte
}

func (s stamper) Timestamp(_ context.Context, digest [32]byte) ([]byte, error) {
	if s.err != nil || s.bytes != nil {
		return s.bytes, s.err
	}
	if s.other {
		digest[0]++
	}
	leaf := s.w.chain[0]
	info, err := tsp.MarshalInfo(&tsp.Info{
		Policy: oid.TimestampPolicy, Imprint: tsp.Imprint{Algorithm: oid.SM3, Digest: digest[:]}, Serial: []byte{1},
		GenTime: now.Add(time.Hour),
	})
	require.NoError(s.t, err)
	writer, err := tsp.NewWriter(cms.ArcRFC5652, tsp.SignerCertificate{
		Raw: leaf.Raw, Issuer: leaf.RawIssuer, Serial: leaf.Serial,
	}, nil)
	require.NoError(s.t, err)
	message, err := writer.ToSign(info)
	require.NoError(s.t, err)
	value, err := leaf.PublicKey.Sign(rand.Reader, s.w.key, message)
	require.NoError(s.t, err)
	return writer.Token(info, message, value, true)
}

func TestSealWithTimestamp(t *testing.T) {
	w := newSealWorld(t)
	config := w.sealerConfig(w.seal(t, w.spec()))
	config.Timestamp = stamper{t: t, w: w}
	s, err := signing.NewSealer(config)
	require.NoError(t, err)
	der, err := s.Value(t.Context(), signatureXML, signaturePath)
	require.NoError(t, err)
	require.True(t, w.judge(der))
	got, err := ses.ParseSignature(der)
	require.NoError(t, err)
	token, err := tsp.ParseToken(got.TimeStamp)
	require.NoError(t, err)
	imprint := sm3.Sum(got.Value)
	require.Equal(t, imprint[:], token.Info.Imprint.Digest)

	broken := errors.New("no answer")
	for name, bad := range map[string]stamper{
		"over something else": {t: t, w: w, other: true}, "no token": {bytes: []byte{0x30, 0}}, "empty": {bytes: []byte{}},
	} {
		config.Timestamp = bad
		s, err = signing.NewSealer(config)
		require.NoError(t, err)
		der, err = s.Value(t.Context(), signatureXML, signaturePath)
		require.Equal(t, signing.SealReasonTimestamp, signing.SealReasonOf(err), name)
		require.Nil(t, der, name)
	}
	config.Timestamp = stamper{err: broken}
	s, err = signing.NewSealer(config)
	require.NoError(t, err)
	_, err = s.Value(t.Context(), signatureXML, signaturePath)
	require.ErrorIs(t, err, broken)
}

// Whatever field of a signature is changed, a careful reader refuses it.
func TestAlteredSealSignatureIsRefused(t *testing.T) {
	w := newSealWorld(t)
	for _, version := range []signing.SealVersion{signing.SealV4, signing.SealV1} {
		spec := w.spec()
		spec.Version = version
		der, err := w.sealer(t, w.seal(t, spec)).Value(t.Context(), signatureXML, signaturePath)
		require.NoError(t, err)
		require.True(t, w.judge(der))
		altered, err := dertest.Primitives(der)
		require.NoError(t, err)
		require.Greater(t, len(altered), 100)
		for _, a := range altered {
			require.False(t, w.judge(a.DER), "%d: %s", version, a.Path)
		}
	}
}

func BenchmarkSeal(b *testing.B) {
	w := newSealWorld(b)
	s := w.sealer(b, w.seal(b, w.spec()))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Value(b.Context(), signatureXML, signaturePath); err != nil {
			b.Fatal(err)
		}
	}
}
