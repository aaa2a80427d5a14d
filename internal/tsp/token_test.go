package tsp_test

import (
	"bytes"
	"crypto/rand"
	"math/big"
	"slices"
	"testing"

	"github.com/emmansun/gmsm/sm3"
	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/cms"
	"github.com/elicense/elicense/internal/oid"
	"github.com/elicense/elicense/internal/sm2sig"
	"github.com/elicense/elicense/internal/tsp"
)

// verify is what a judge does with the one signature of a token.
func verify(public *sm2sig.PublicKey, token *tsp.Token) error {
	message, err := token.Signed.SignedBytes(token.Signer(), nil)
	if err != nil {
		return err
	}
	value, err := token.Signer().SignatureDER()
	if err != nil {
		return err
	}
	return public.Verify(message, value)
}

func TestParseTokenTolerates(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(*forge)
		want   []string
	}{
		{"RFC 3161 with SM2", func(*forge) {}, nil},
		{"FJCA and Kinsec", (*forge).kinsec, []string{"imprint-algorithm", "gm-arc", "content-type",
			"no-signed-attributes", "digest-algorithm"}},
		{"GB/T 35275 with TSTInfo", func(f *forge) { f.outer, f.signature, f.version = idGMSigned, idSM2, 1 },
			[]string{"gm-arc"}},
		{"the same, version 3", func(f *forge) { f.outer, f.signature = idGMSigned, idSM2 }, []string{"gm-arc"}},
		{"the same, 501", func(f *forge) { f.outer, f.version = idGMSigned, 1 },
			[]string{"gm-arc", "signature-algorithm"}},
		{"301.1 in RFC 5652", func(f *forge) { f.signature = idSM2 }, []string{"signature-algorithm"}},
		{"401.2", func(f *forge) { f.digestID = idSM3Key }, []string{"digest-algorithm"}},
		{"key identifier", func(f *forge) { f.keyID, f.signerVersion = []byte("key"), 3 }, nil},
		{"no certificate", func(f *forge) { f.certificates = nil }, nil},
		{"attribute certificate", func(f *forge) {
			f.certificates = element(0xa0, certificate, element(0xa1, null))
		}, nil},
		{"GB/T 35275, order", func(f *forge) { f.outer, f.signature, f.flip = idGMSigned, idSM2, true },
			[]string{"gm-arc", "attribute-order"}},
		{"GB/T 35275, raw", func(f *forge) { f.outer, f.signature, f.raw = idGMSigned, idSM2, true },
			[]string{"gm-arc", "raw-signature"}},
		{"GB/T 35275, certificates", func(f *forge) {
			f.outer, f.signature, f.certificates = idGMSigned, idSM2, element(0x30, certificate)
		}, []string{"gm-arc", "certificate-tag"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := newForge(t)
			test.change(&f)
			der := f.build(t)
			token, err := tsp.ParseToken(der)
			require.NoError(t, err)
			require.Equal(t, test.want, token.Tolerances.Names())
			require.Equal(t, der, token.Raw)
			require.NoError(t, verify(f.public, token))
			require.True(t, token.Info.Imprint.SM3())
			require.Equal(t, digest[:], token.Info.Imprint.Digest)
			require.Len(t, token.Bindings, map[bool]int{true: 0, false: 1}[f.bare])
		})
	}
}

func TestToleranceNames(t *testing.T) {
	require.Len(t, (tsp.EndOfTolerances - 1).Names(), 9)
	require.Equal(t, []string{"attribute-order"}, (tsp.EndOfTolerances >> 1).Names())
}

func TestParseTokenRefuses(t *testing.T) {
	good := newForge(t)
	with := func(change func(*forge)) []byte {
		f := good
		change(&f)
		return f.build(t)
	}
	for name, test := range map[string]struct {
		der  []byte
		want error
	}{
		"nothing":                  {nil, tsp.ErrMalformed},
		"bytes after":              {append(good.build(t), 0), tsp.ErrMalformed},
		"too long":                 {make([]byte, tsp.MaxTokenBytes+1), tsp.ErrLimit},
		"no content":               {with(func(f *forge) { f.detached = true }), tsp.ErrForm},
		"no signer":                {with(func(f *forge) { f.signers = 0 }), tsp.ErrForm},
		"two signers":              {with(func(f *forge) { f.signers = 2 }), tsp.ErrForm},
		"content of another type":  {with(func(f *forge) { f.inner = idType }), tsp.ErrForm},
		"GB/T 35275 data in CMS":   {with(func(f *forge) { f.inner = idGMData }), tsp.ErrForm},
		"another digest listed":    {with(func(f *forge) { f.listed = idSM3Key }), tsp.ErrForm},
		"no attributes":            {with(func(f *forge) { f.bare = true }), tsp.ErrForm},
		"version 1":                {with(func(f *forge) { f.version = 1 }), tsp.ErrForm},
		"version 2":                {with(func(f *forge) { f.version = 2 }), tsp.ErrForm},
		"GB/T 35275, version 2":    {with(func(f *forge) { f.outer, f.version = idGMSigned, 2 }), tsp.ErrForm},
		"signer version 3":         {with(func(f *forge) { f.signerVersion = 3 }), tsp.ErrForm},
		"signer version 2":         {with(func(f *forge) { f.outer, f.signerVersion = idGMSigned, 2 }), tsp.ErrForm},
		"key id, signer version 1": {with(func(f *forge) { f.keyID = []byte("key") }), tsp.ErrForm},
		"attribute order":          {with(func(f *forge) { f.flip = true }), tsp.ErrForm},
		"raw signature":            {with(func(f *forge) { f.raw = true }), tsp.ErrForm},
		"certificate tag":          {with(func(f *forge) { f.certificates = element(0x30, certificate) }), tsp.ErrForm},
		"parameters":               {with(func(f *forge) { f.parameters = encode(1) }), tsp.ErrForm},
		"foreign in GB/T 35275":    {with(func(f *forge) { f.outer, f.digestID = idGMSigned, idSHA256 }), tsp.ErrForm},
		"TSTInfo is none":          {with(func(f *forge) { f.info = encode(1) }), tsp.ErrMalformed},
		"TSTInfo and more": {with(func(f *forge) {
			f.info = append(element(0x30, infoFields()...), 5, 0)
		}), tsp.ErrMalformed},
		"TSTInfo version 2": {with(func(f *forge) { f.info = with2(0, encode(2)) }), tsp.ErrVersion},
		"binding twice": {with(func(f *forge) {
			f.attributes = append(f.attributes, f.attributes[0])
		}), tsp.ErrForm},
		"broken binding": {with(func(f *forge) {
			f.attributes = [][]byte{attribute(idBinding, element(0x30, element(0x30)))}
		}), tsp.ErrMalformed},
	} {
		t.Run(name, func(t *testing.T) {
			token, err := tsp.ParseToken(test.der)
			require.ErrorIs(t, err, test.want)
			require.Nil(t, token)
		})
	}
}

func with2(at int, field []byte) []byte { return with(infoFields(), at, field) }

func TestBindings(t *testing.T) {
	hash := make([]byte, 32)
	sha1 := make([]byte, 20)
	issuerSerial := element(0x30, element(0x30, element(0xa4, issuer)), encode(serial))
	ids := func(list ...[]byte) []byte { return element(0x30, element(0x30, list...)) }
	id := func(parts ...[]byte) []byte { return element(0x30, parts...) }
	for name, test := range map[string]struct {
		kind  object
		value []byte
		want  []tsp.Binding
	}{
		"first":            {idBinding, ids(id(element(4, sha1))), []tsp.Binding{{Certificates: []tsp.CertID{{Algorithm: oid.SHA1, Hash: sha1}}}}},
		"second, default":  {idBinding2, ids(id(element(4, hash))), []tsp.Binding{{Certificates: []tsp.CertID{{Algorithm: oid.SHA256, Hash: hash}}}}},
		"second, SM3 NULL": {idBinding2, ids(id(algorithm(idSM3, null), element(4, hash))), []tsp.Binding{{Certificates: []tsp.CertID{{Algorithm: oid.SM3, Hash: hash}}}}},
		"policies": {idBinding2, element(0x30, element(0x30, id(element(4, hash))), element(0x30, null)), []tsp.Binding{{
			Certificates: []tsp.CertID{{Algorithm: oid.SHA256, Hash: hash}}, Policies: true}}},
		"issuer and serial": {idBinding2, ids(id(element(4, hash), issuerSerial), id(element(4, hash))), []tsp.Binding{{
			Certificates: []tsp.CertID{
				{Algorithm: oid.SHA256, Hash: hash, Issuer: element(0xa4, issuer), Serial: serial.Bytes()},
				{Algorithm: oid.SHA256, Hash: hash},
			}}}},
		"none":               {idBinding2, ids(), nil},
		"17 certificates":    {idBinding2, ids(bytes.Repeat(id(element(4, hash)), 17)), nil},
		"short hash":         {idBinding2, ids(id(element(4, hash[:31]))), nil},
		"hash of the first":  {idBinding, ids(id(element(4, hash))), nil},
		"algorithm in first": {idBinding, ids(id(algorithm(idSM3), element(4, hash))), nil},
		"no serial":          {idBinding, ids(id(element(4, sha1), element(0x30, element(0x30)))), nil},
		"more":               {idBinding, ids(id(element(4, sha1), issuerSerial, null)), nil},
		"parameters":         {idBinding2, ids(id(algorithm(idSM3, encode(1)), element(4, hash))), nil},
		"more after":         {idBinding, element(0x30, element(0x30, id(element(4, sha1))), element(0x30), null), nil},
	} {
		t.Run(name, func(t *testing.T) {
			f := newForge(t)
			f.attributes = [][]byte{attribute(test.kind, test.value)}
			token, err := tsp.ParseToken(f.build(t))
			if test.want == nil {
				require.ErrorIs(t, err, tsp.ErrMalformed)
				return
			}
			require.NoError(t, err)
			require.Equal(t, test.want, token.Bindings)
		})
	}
}

func TestCertIDNamesIssuer(t *testing.T) {
	c := tsp.CertID{Issuer: element(0xa4, issuer), Serial: serial.Bytes()}
	require.True(t, c.NamesIssuer(issuer, serial))
	require.False(t, c.NamesIssuer(issuer, new(big.Int).Neg(serial)))
	require.False(t, c.NamesIssuer(issuer, nil))
	require.False(t, c.NamesIssuer(element(0x30), serial))
	c.Issuer = slices.Concat(c.Issuer, c.Issuer)
	require.False(t, c.NamesIssuer(issuer, serial), "one name only")
	c = tsp.CertID{Issuer: element(0xa4, issuer), Serial: []byte{0xff}}
	require.False(t, c.NamesIssuer(issuer, big.NewInt(255)), "the serial number is negative")
	require.True(t, (&tsp.CertID{}).NamesIssuer(issuer, serial))
}

// What the writer writes reads without any tolerance under RFC 5652, and with the arc's alone under GB/T 35275.
func TestWriter(t *testing.T) {
	f := newForge(t)
	info, err := tsp.MarshalInfo(&tsp.Info{
		Policy: oid.FromASN1(idPolicy), Imprint: tsp.Imprint{Algorithm: oid.SM3, Digest: digest[:]}, Serial: []byte{1},
		GenTime: fixedTime, TSA: tsp.DirectoryName(issuer),
	})
	require.NoError(t, err)
	signer := tsp.SignerCertificate{Raw: certificate, Issuer: issuer, Serial: serial}
	chain := [][]byte{element(0x30, null)}
	hash := sm3.Sum(certificate)
	for arc, want := range map[cms.Arc]string{cms.ArcRFC5652: "", cms.ArcGM: "gm-arc"} {
		w, err := tsp.NewWriter(arc, signer, chain)
		require.NoError(t, err)
		message, err := w.ToSign(info)
		require.NoError(t, err)
		value, err := f.public.Sign(rand.Reader, f.key, message)
		require.NoError(t, err)
		for _, certificates := range []bool{false, true} {
			der, err := w.Token(info, message, value, certificates)
			require.NoError(t, err)
			token, err := tsp.ParseToken(der)
			require.NoError(t, err)
			require.Equal(t, want, token.Tolerances.String())
			require.NoError(t, verify(f.public, token))
			require.Equal(t, info, token.Signed.Content)
			require.Len(t, token.Signed.Certificates, map[bool]int{true: 2, false: 0}[certificates])
			require.Equal(t, []tsp.Binding{{Certificates: []tsp.CertID{{
				Algorithm: oid.SM3, Hash: hash[:], Issuer: element(0xa4, issuer), Serial: serial.Bytes(),
			}}}}, token.Bindings)
			require.Equal(t, element(0xa4, issuer), token.Info.TSA)
		}
		_, err = w.Token(info, message, []byte{1}, true)
		require.ErrorIs(t, err, tsp.ErrInput)
	}
	for name, bad := range map[string]tsp.SignerCertificate{
		"issuer": {certificate, nil, serial}, "serial": {certificate, issuer, nil}, "certificate": {nil, issuer, serial},
	} {
		w, err := tsp.NewWriter(cms.ArcRFC5652, bad, nil)
		require.ErrorIs(t, err, tsp.ErrInput, name)
		require.Nil(t, w, name)
	}
}

// The attribute that protects the algorithms is held against them.
func TestAlgorithmsAreProtected(t *testing.T) {
	f := newForge(t)
	protection := func(digest, signature object) []byte {
		return attribute(object{1, 2, 840, 113549, 1, 9, 52}, element(0x30, algorithm(digest), element(0xa1, encode(signature))))
	}
	usual := f.attributes
	for name, test := range map[string]struct {
		value []byte
		ok    bool
	}{
		"the same":        {protection(idSM3, idSM2SM3), true},
		"other digest":    {protection(idSHA256, idSM2SM3), false},
		"other signature": {protection(idSM3, idSM2), false},
		"malformed":       {attribute(object{1, 2, 840, 113549, 1, 9, 52}, null), false},
		"two values":      {attribute(object{1, 2, 840, 113549, 1, 9, 52}, null, null), false},
	} {
		f.attributes = append(slices.Clone(usual), test.value)
		token, err := tsp.ParseToken(f.build(t))
		require.NoError(t, err, name)
		if test.ok {
			require.NoError(t, verify(f.public, token), name)
		} else {
			require.ErrorIs(t, verify(f.public, token), cms.ErrAttributes, name)
		}
	}
}

func FuzzParseToken(f *testing.F) {
	forge := newForge(f)
	f.Add(forge.build(f))
	forge.kinsec()
	f.Add(forge.build(f))
	f.Fuzz(func(t *testing.T, der []byte) {
		token, err := tsp.ParseToken(der)
		if err != nil {
			require.Nil(t, token)
			return
		}
		require.Equal(t, der, token.Raw)
		_ = verify(forge.public, token)
		if len(token.Info.Serial) > 21 {
			return
		}
		again, err := tsp.MarshalInfo(token.Info)
		require.NoError(t, err)
		parsed, err := tsp.ParseInfo(again)
		require.NoError(t, err)
		parsed.GenTime, parsed.Accuracy = token.Info.GenTime, token.Info.Accuracy // written to the microsecond, without zeros
		require.Equal(t, token.Info, parsed)
	})
}
