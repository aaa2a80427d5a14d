package cms_test

import (
	"bytes"
	"math/big"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/cms"
	"github.com/elicense/elicense/internal/oid"
)

// envelope writes EnvelopedData the long way, in every variant met and in wrong ones.
type envelope struct {
	outer      oid.ID
	version    byte
	originator []byte
	recipients [][]byte
	content    []byte // encryptedContentInfo
	after      []byte
}

var (
	aKey   = seq([]byte{2, 1, 1}) // looks like SM2Cipher
	iv     = make([]byte, 16)
	aName  = seq(testIssuer, []byte{2, 1, 5})
	sm2Alg = seq(object(oid.SM2Encrypt.ASN1()))
)

func recipientInfo(version byte, name, algorithm, key []byte) []byte {
	return seq([]byte{2, 1, version}, name, algorithm, element(4, key))
}

func contentInfo(cipher, parameters []byte, rest ...[]byte) []byte {
	return seq(object(gmData), seq(cipher, parameters), slices.Concat(rest...))
}

func newEnvelope() envelope {
	return envelope{
		outer: oid.GMEnvelopedData, version: 1, recipients: [][]byte{recipientInfo(1, aName, sm2Alg, aKey)},
		content: contentInfo(object(oid.SM4CBC.ASN1()), element(4, iv), element(0x80, iv)),
	}
}

func (e envelope) build() []byte {
	return seq(object(e.outer.ASN1()), element(0xa0, seq(
		[]byte{2, 1, e.version}, e.originator, element(0x31, e.recipients...), e.content, e.after,
	)))
}

func TestParseEnveloped(t *testing.T) {
	gcm := func(parts ...[]byte) []byte {
		return contentInfo(object(oid.SM4GCM.ASN1()), seq(parts...), element(0x80, []byte("x")))
	}
	nonce := element(4, make([]byte, 12))
	for name, test := range map[string]struct {
		change func(*envelope)
		want   []string
	}{
		"standard": {func(*envelope) {}, nil},
		"NULL parameters": {func(e *envelope) {
			e.recipients[0] = recipientInfo(1, aName, seq(object(oid.SM2Encrypt.ASN1()), null), aKey)
		}, nil},
		"shared info": {func(e *envelope) {
			e.content = contentInfo(object(oid.SM4CBC.ASN1()), element(4, iv), element(0x80, iv), element(0x81, iv), element(0x82, iv))
		}, nil},
		"originator and attributes": {func(e *envelope) { e.originator, e.after = element(0xa0), element(0xa1) }, nil},
		"kit of an authority": {func(e *envelope) { // CFCA
			e.version, e.recipients[0] = 2, recipientInfo(2, element(0x80, iv), sm2Alg, aKey)
			e.content = contentInfo(object(oid.SM4.ASN1()), element(4, iv), element(0x80, iv))
		}, []string{"version", "subject-key-id", "bare-cipher"}},
		"RFC 5652": {func(e *envelope) { e.outer, e.version = oid.EnvelopedData, 0 }, []string{"outer-type", "version"}},
		"other name of the algorithm": {func(e *envelope) {
			e.recipients[0] = recipientInfo(1, aName, seq(object(oid.SM2EncryptSM3.ASN1())), aKey)
		}, []string{"key-algorithm"}},
		"key in parts": {func(e *envelope) { e.recipients[0] = recipientInfo(1, aName, sm2Alg, make([]byte, 112)) },
			[]string{"raw-key"}},
		"other kinds": {func(e *envelope) { e.recipients = append(e.recipients, element(0xa1), element(0xa3)) },
			[]string{"recipient-kind"}},
		"RSA": {func(e *envelope) {
			e.recipients[0] = recipientInfo(1, aName, seq(object(oid.RSA.ASN1()), null), iv)
		}, []string{"foreign-algorithm"}},
		"AES": {func(e *envelope) { e.content = contentInfo(object(gmSigned), element(4, iv), element(0x80, iv)) },
			[]string{"foreign-algorithm"}},
		"GCM as one library writes it": {func(e *envelope) { e.content = gcm(nonce) }, nil},
		"authenticated": {func(e *envelope) {
			e.outer, e.content, e.after = oid.AuthEnvelopedData, gcm(nonce, []byte{2, 1, 16}), element(4, iv)
		}, []string{"outer-type"}},
		"authenticated with attributes": {func(e *envelope) {
			e.outer, e.content = oid.AuthEnvelopedData, gcm(nonce)
			e.after = slices.Concat(element(0xa1, attribute(idType, null)), element(4, iv[:12]), element(0xa2))
		}, []string{"outer-type"}},
		"detached": {func(e *envelope) { e.content = contentInfo(object(oid.SM4CBC.ASN1()), element(4, iv)) }, nil},
	} {
		e := newEnvelope()
		test.change(&e)
		got, err := cms.ParseEnveloped(e.build())
		require.NoError(t, err, name)
		require.Equal(t, test.want, got.Tolerances.Names(), name)
		require.Equal(t, name == "detached", got.Detached, name)
		require.Len(t, got.Recipients, 1, name)
		require.Equal(t, name != "kit of an authority", got.Recipients[0].NamedBy(testIssuer, big.NewInt(5)), name)
		require.Equal(t, name == "AES", got.Nonce == nil, name)
		require.Equal(t, name != "RSA", got.Recipients[0].IsSM2(), name)
		if name == "authenticated with attributes" {
			require.Equal(t, element(0x31, attribute(idType, null)), got.Authenticated)
		}
	}
}

func TestParseEnvelopedRefuses(t *testing.T) {
	good := newEnvelope().build()
	cbc := object(oid.SM4CBC.ASN1())
	gcm := func(parameters []byte) []byte {
		return contentInfo(object(oid.SM4GCM.ASN1()), parameters, element(0x80, iv))
	}
	for name, test := range map[string]struct {
		change func(*envelope)
		want   error
	}{
		"other type":           {func(e *envelope) { e.outer = oid.GMSignedData }, cms.ErrType},
		"signed and enveloped": {func(e *envelope) { e.outer = oid.GMSignedAndEnvelopedData }, cms.ErrType},
		"version 6":            {func(e *envelope) { e.version = 6 }, cms.ErrMalformed},
		"nobody":               {func(e *envelope) { e.recipients = nil }, cms.ErrMalformed},
		"too many":             {func(e *envelope) { e.recipients = slices.Repeat(e.recipients, 1025) }, cms.ErrLimit},
		"too many others":      {func(e *envelope) { e.recipients = slices.Repeat([][]byte{element(0xa1)}, 1025) }, cms.ErrLimit},
		"no key":               {func(e *envelope) { e.recipients[0] = recipientInfo(1, aName, sm2Alg, nil) }, cms.ErrMalformed},
		"no name":              {func(e *envelope) { e.recipients[0] = recipientInfo(1, seq(), sm2Alg, aKey) }, cms.ErrMalformed},
		"bytes after a recipient": {func(e *envelope) {
			e.recipients[0] = seq([]byte{2, 1, 1}, aName, sm2Alg, element(4, aKey), null)
		}, cms.ErrMalformed},
		"cut recipient":     {func(e *envelope) { e.recipients = [][]byte{{0xa1, 9}} }, cms.ErrMalformed},
		"no content":        {func(e *envelope) { e.content = seq() }, cms.ErrMalformed},
		"no cipher":         {func(e *envelope) { e.content = seq(object(gmData), seq()) }, cms.ErrMalformed},
		"short IV":          {func(e *envelope) { e.content = contentInfo(cbc, element(4, iv[1:])) }, cms.ErrMalformed},
		"no IV":             {func(e *envelope) { e.content = contentInfo(cbc, null) }, cms.ErrMalformed},
		"constructed":       {func(e *envelope) { e.content = contentInfo(cbc, element(4, iv), element(0xa0, element(4, iv))) }, cms.ErrMalformed},
		"after the content": {func(e *envelope) { e.content = contentInfo(cbc, element(4, iv), element(0x80, iv), null) }, cms.ErrMalformed},
		"shared info of RFC": {func(e *envelope) {
			e.outer, e.content = oid.EnvelopedData, contentInfo(cbc, element(4, iv), element(0x80, iv), element(0x81, iv))
		}, cms.ErrMalformed},
		"bytes after":  {func(e *envelope) { e.after = null }, cms.ErrMalformed},
		"nonce of GCM": {func(e *envelope) { e.content = gcm(seq(element(4))) }, cms.ErrMalformed},
		"tag of 11":    {func(e *envelope) { e.content = gcm(seq(element(4, iv), []byte{2, 1, 11})) }, cms.ErrMalformed},
		"tag of 17":    {func(e *envelope) { e.content = gcm(seq(element(4, iv), []byte{2, 1, 17})) }, cms.ErrMalformed},
		"no tag":       {func(e *envelope) { e.outer, e.content = oid.AuthEnvelopedData, gcm(seq(element(4, iv))) }, cms.ErrMalformed},
		"tag of another size": {func(e *envelope) {
			e.outer, e.content, e.after = oid.AuthEnvelopedData, gcm(seq(element(4, iv))), element(4, iv)
		}, cms.ErrMalformed},
		"empty attributes": {func(e *envelope) {
			e.outer, e.content = oid.AuthEnvelopedData, gcm(seq(element(4, iv)))
			e.after = slices.Concat(element(0xa1), element(4, iv[:12]))
		}, cms.ErrMalformed},
	} {
		e := newEnvelope()
		test.change(&e)
		got, err := cms.ParseEnveloped(e.build())
		require.ErrorIs(t, err, test.want, name)
		require.Nil(t, got, name)
	}
	for name, der := range map[string][]byte{"nothing": nil, "cut": good[:len(good)-1], "after": append(bytes.Clone(good), 0)} {
		got, err := cms.ParseEnveloped(der)
		require.ErrorIs(t, err, cms.ErrMalformed, name)
		require.Nil(t, got, name)
	}
	_, err := cms.ParseEnveloped(make([]byte, cms.MaxBytes+1))
	require.ErrorIs(t, err, cms.ErrLimit)
	_, err = cms.ParseEnveloped([]byte{0x30, 0x80, 6, 1, 42, 0, 0})
	require.ErrorIs(t, err, cms.ErrIndefinite)
	_, err = cms.Parse([]byte{0x30, 4, 0x24, 0x80, 0, 0})
	require.ErrorIs(t, err, cms.ErrIndefinite)
	_, err = cms.Parse([]byte{0x30, 3, 4, 1, 0x80})
	require.NotErrorIs(t, err, cms.ErrIndefinite, "an octet of content")
}

func sealed() cms.Sealed {
	return cms.Sealed{
		Recipients: []cms.RecipientKey{{testIssuer, testSerial, aKey}, {testIssuer, big.NewInt(1), aKey}},
		Nonce:      iv, Ciphertext: bytes.Repeat(iv, 3),
	}
}

// Envelopes that are written read back without a tolerance but those of their arc.
func TestMarshalEnveloped(t *testing.T) {
	gcm := sealed()
	gcm.Nonce, gcm.Tag, gcm.Ciphertext = iv[:12], iv, []byte("x")
	for name, test := range map[string]struct {
		form    cms.Form
		s       cms.Sealed
		outer   oid.ID
		version int
		want    []string
	}{
		"GM":      {cms.Form{}, sealed(), oid.GMEnvelopedData, 1, nil},
		"RFC":     {cms.Form{Arc: cms.ArcRFC5652}, sealed(), oid.EnvelopedData, 0, []string{"outer-type", "inner-type", "version"}},
		"RFC GCM": {cms.Form{Arc: cms.ArcRFC5652}, gcm, oid.AuthEnvelopedData, 0, []string{"outer-type", "inner-type", "version"}},
		"signed":  {cms.Form{Content: oid.GMSignedData}, sealed(), oid.GMEnvelopedData, 1, []string{"inner-type"}},
	} {
		der, err := test.form.MarshalEnveloped(test.s)
		require.NoError(t, err, name)
		e, err := cms.ParseEnveloped(der)
		require.NoError(t, err, name)
		require.Equal(t, test.want, e.Tolerances.Names(), name)
		require.Equal(t, test.outer, e.OuterType, name)
		require.Equal(t, test.version, e.Version, name)
		require.Equal(t, test.s.Ciphertext, e.Ciphertext, name)
		require.Equal(t, test.s.Nonce, e.Nonce, name)
		require.Equal(t, test.s.Tag, e.Tag, name)
		require.Len(t, e.Recipients, 2, name)
		for _, r := range e.Recipients {
			require.Equal(t, test.version, r.Version, name)
			require.True(t, r.NamedBy(testIssuer, testSerial) || r.NamedBy(testIssuer, big.NewInt(1)), name)
			require.Equal(t, aKey, r.EncryptedKey, name)
		}
	}
}

func TestMarshalEnvelopedRefuses(t *testing.T) {
	for name, test := range map[string]struct {
		form   cms.Form
		change func(*cms.Sealed)
		want   error
	}{
		"arc":            {cms.Form{Arc: 2}, func(*cms.Sealed) {}, cms.ErrInput},
		"GCM under GM":   {cms.Form{}, func(s *cms.Sealed) { s.Nonce, s.Tag = iv[:12], iv }, cms.ErrInput},
		"nobody":         {cms.Form{}, func(s *cms.Sealed) { s.Recipients = nil }, cms.ErrInput},
		"too many":       {cms.Form{}, func(s *cms.Sealed) { s.Recipients = slices.Repeat(s.Recipients, 513) }, cms.ErrLimit},
		"too long":       {cms.Form{}, func(s *cms.Sealed) { s.Ciphertext = make([]byte, cms.MaxBytes) }, cms.ErrLimit},
		"no content":     {cms.Form{}, func(s *cms.Sealed) { s.Ciphertext = nil }, cms.ErrInput},
		"half a block":   {cms.Form{}, func(s *cms.Sealed) { s.Ciphertext = s.Ciphertext[8:] }, cms.ErrInput},
		"short IV":       {cms.Form{}, func(s *cms.Sealed) { s.Nonce = iv[1:] }, cms.ErrInput},
		"nonce of 16":    {cms.Form{Arc: cms.ArcRFC5652}, func(s *cms.Sealed) { s.Tag = iv }, cms.ErrInput},
		"short tag":      {cms.Form{Arc: cms.ArcRFC5652}, func(s *cms.Sealed) { s.Nonce, s.Tag = iv[:12], iv[:12] }, cms.ErrInput},
		"no name":        {cms.Form{}, func(s *cms.Sealed) { s.Recipients[0].Issuer = nil }, cms.ErrInput},
		"no serial":      {cms.Form{}, func(s *cms.Sealed) { s.Recipients[0].Serial = nil }, cms.ErrInput},
		"no key":         {cms.Form{}, func(s *cms.Sealed) { s.Recipients[0].Cipher = nil }, cms.ErrInput},
		"bytes in a key": {cms.Form{}, func(s *cms.Sealed) { s.Recipients[0].Cipher = append(aKey, 0) }, cms.ErrInput},
	} {
		s := sealed()
		test.change(&s)
		der, err := test.form.MarshalEnveloped(s)
		require.ErrorIs(t, err, test.want, name)
		require.Nil(t, der, name)
	}
}

// What reads without a tolerance is written again to something that reads the same.
func FuzzParseEnveloped(f *testing.F) {
	f.Add(newEnvelope().build())
	for _, form := range []cms.Form{{}, {Arc: cms.ArcRFC5652}} {
		der, err := form.MarshalEnveloped(sealed())
		require.NoError(f, err)
		f.Add(der)
	}
	gcm := sealed()
	gcm.Nonce, gcm.Tag = iv[:12], iv
	der, err := cms.Form{Arc: cms.ArcRFC5652}.MarshalEnveloped(gcm)
	require.NoError(f, err)
	f.Add(der)
	f.Fuzz(func(t *testing.T, der []byte) {
		e, err := cms.ParseEnveloped(der)
		if err != nil {
			require.Nil(t, e)
			return
		}
		again, err := cms.ParseEnveloped(der)
		require.NoError(t, err)
		require.Equal(t, e, again)
		if e.Tolerances != 0 || e.Algorithm != oid.SM4CBC || e.Detached {
			return
		}
		s := cms.Sealed{Nonce: e.Nonce, Ciphertext: e.Ciphertext}
		for _, r := range e.Recipients {
			s.Recipients = append(s.Recipients, cms.RecipientKey{
				Issuer: r.Issuer, Serial: new(big.Int).SetBytes(r.Serial), Cipher: r.EncryptedKey,
			})
		}
		written, err := cms.Form{}.MarshalEnveloped(s)
		if err != nil {
			return // a negative number, half a block
		}
		back, err := cms.ParseEnveloped(written)
		require.NoError(t, err)
		require.Equal(t, e.Ciphertext, back.Ciphertext)
		require.Equal(t, e.Nonce, back.Nonce)
		require.Len(t, back.Recipients, len(e.Recipients))
	})
}
