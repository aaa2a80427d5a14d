package cms_test

import (
	"crypto/rand"
	"encoding/asn1"
	"math/big"
	"slices"
	"testing"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/sm3"
	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/sm2sig"
)

// forge writes SignedData the long way with encoding/asn1, in every variant met in the wild and in wrong ones. It
// shares no code with the package under test.
type forge struct {
	key    *sm2.PrivateKey
	public *sm2sig.PublicKey

	outer, inner, digest, signature asn1.ObjectIdentifier
	version                         int
	parameters                      []byte // of every algorithm
	certificates                    []byte // the field as a whole
	crls                            []byte
	detached, attributes, raw       bool
	attributeList                   [][]byte // replaces the usual ones
	unsigned                        []byte
	keyID                           []byte // names the signer
	signers                         int
	content                         []byte
	value                           []byte // replaces the signature value
}

var (
	gmSigned   = asn1.ObjectIdentifier{1, 2, 156, 10197, 6, 1, 4, 2, 2}
	gmData     = asn1.ObjectIdentifier{1, 2, 156, 10197, 6, 1, 4, 2, 1}
	cmsSigned  = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 2}
	cmsData    = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 1}
	idSM3      = asn1.ObjectIdentifier{1, 2, 156, 10197, 1, 401}
	idSM2      = asn1.ObjectIdentifier{1, 2, 156, 10197, 1, 301, 1}
	idType     = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 3}
	idDigest   = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 4}
	testIssuer = must(asn1.Marshal([]any{}))
	testSerial = new(big.Int).SetBytes([]byte("\x81serial-of-16-by"))
)

func must(der []byte, err error) []byte {
	if err != nil {
		panic(err)
	}
	return der
}

func newForge(t testing.TB) forge {
	t.Helper()
	key, err := sm2.GenerateKey(rand.Reader)
	require.NoError(t, err)
	public, err := sm2sig.FromCrypto(key.Public())
	require.NoError(t, err)
	return forge{
		key: key, public: public, outer: gmSigned, inner: gmData, digest: idSM3, signature: idSM2, version: 1,
		detached: true, signers: 1, content: []byte("some content"),
	}
}

func element(tag byte, parts ...[]byte) []byte {
	class, number, compound := int(tag>>6), int(tag&0x1f), tag&0x20 != 0
	return must(asn1.Marshal(asn1.RawValue{
		Class: class, Tag: number, IsCompound: compound, Bytes: slices.Concat(parts...),
	}))
}

func object(id asn1.ObjectIdentifier) []byte { return must(asn1.Marshal(id)) }

func attribute(id asn1.ObjectIdentifier, values ...[]byte) []byte {
	return element(0x30, object(id), element(0x31, values...))
}

func (f forge) algorithm(id asn1.ObjectIdentifier) []byte {
	return element(0x30, object(id), f.parameters)
}

func (f forge) usualAttributes() [][]byte {
	digest := sm3.Sum(f.content)
	return [][]byte{attribute(idType, object(f.inner)), attribute(idDigest, element(4, digest[:]))}
}

func (f forge) build(t testing.TB) []byte {
	t.Helper()
	message := f.content
	var attributes []byte
	if f.attributes {
		list := f.attributeList
		if list == nil {
			list = f.usualAttributes()
		}
		attributes = element(0xa0, list...)
		message = element(0x31, list...)
	}
	value, err := f.public.Sign(rand.Reader, f.key, message)
	require.NoError(t, err)
	if f.value != nil {
		value = f.value
	}
	if f.raw {
		r, s, err := sm2sig.ParseSignature(value)
		require.NoError(t, err)
		value = slices.Concat(r[:], s[:])
	}
	name := element(0x30, testIssuer, must(asn1.Marshal(testSerial)))
	if f.keyID != nil {
		name = element(0x80, f.keyID)
	}
	version := must(asn1.Marshal(f.version))
	signer := element(0x30, version, name, f.algorithm(f.digest), attributes, f.algorithm(f.signature),
		element(4, value), f.unsigned)
	var content []byte
	if !f.detached {
		content = element(0xa0, element(4, f.content))
	}
	data := element(0x30, version, element(0x31, f.algorithm(f.digest)), element(0x30, object(f.inner), content),
		f.certificates, f.crls, element(0x31, slices.Repeat(signer, f.signers)))
	return element(0x30, object(f.outer), element(0xa0, data))
}
