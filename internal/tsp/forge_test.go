package tsp_test

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

// The encoders of this file use encoding/asn1 and share no code with the package under test.

type object = asn1.ObjectIdentifier

var (
	idSM3      = object{1, 2, 156, 10197, 1, 401}
	idSM3Key   = object{1, 2, 156, 10197, 1, 401, 2}
	idKinsec   = object{1, 2, 156, 10197, 6, 1, 4, 2}
	idSM2      = object{1, 2, 156, 10197, 1, 301, 1}
	idSM2SM3   = object{1, 2, 156, 10197, 1, 501}
	idSHA256   = object{2, 16, 840, 1, 101, 3, 4, 2, 1}
	idGMSigned = object{1, 2, 156, 10197, 6, 1, 4, 2, 2}
	idGMData   = object{1, 2, 156, 10197, 6, 1, 4, 2, 1}
	idSigned   = object{1, 2, 840, 113549, 1, 7, 2}
	idInfo     = object{1, 2, 840, 113549, 1, 9, 16, 1, 4}
	idType     = object{1, 2, 840, 113549, 1, 9, 3}
	idDigest   = object{1, 2, 840, 113549, 1, 9, 4}
	idBinding  = object{1, 2, 840, 113549, 1, 9, 16, 2, 12}
	idBinding2 = object{1, 2, 840, 113549, 1, 9, 16, 2, 47}
	idPolicy   = object{1, 2, 3, 4, 1}

	null   = []byte{5, 0}
	issuer = element(0x30, element(0x31, element(0x30, encode(object{2, 5, 4, 3}), element(0x0c, []byte("made-up CA")))))
	serial = new(big.Int).SetBytes([]byte("serial-of-16-by."))
	digest = sm3.Sum([]byte("some document"))
)

func encode(v any) []byte {
	der, err := asn1.Marshal(v)
	if err != nil {
		panic(err)
	}
	return der
}

func element(tag byte, parts ...[]byte) []byte {
	return encode(asn1.RawValue{
		Class: int(tag >> 6), Tag: int(tag & 0x1f), IsCompound: tag&0x20 != 0, Bytes: slices.Concat(parts...),
	})
}

func algorithm(id object, parameters ...[]byte) []byte {
	return element(0x30, append([][]byte{encode(id)}, parameters...)...)
}

func imprint(id object, value []byte) []byte { return element(0x30, algorithm(id), element(4, value)) }

func attribute(id object, values ...[]byte) []byte {
	return element(0x30, encode(id), element(0x31, values...))
}

// requestFields are those of a TimeStampReq with every field.
func requestFields() [][]byte {
	return [][]byte{
		encode(1), imprint(idSM3, digest[:]), encode(idPolicy), encode(int64(-77)), encode(true),
		element(0xa0, element(0x30, encode(object{1, 2, 3}), element(4, []byte("x")))),
	}
}

// infoFields are those of a TSTInfo with every field.
func infoFields() [][]byte {
	return [][]byte{
		encode(1), encode(idPolicy), imprint(idSM3, digest[:]), encode(int64(4711)),
		element(0x18, []byte("20260301090000.25Z")),
		element(0x30, encode(1), element(0x80, []byte{1, 0xf4}), element(0x81, []byte{100})),
		encode(true), encode(int64(99)), element(0xa0, element(0xa4, issuer)),
		element(0xa1, element(0x30, encode(object{1, 2, 3}), encode(true), element(4, []byte("x")))),
	}
}

// with is fields with one of them replaced; a nil field is left out.
func with(fields [][]byte, at int, field []byte) []byte {
	fields = slices.Clone(fields)
	fields[at] = field
	return element(0x30, fields...)
}

// forge is a token in one of its shapes; the zero value of a field is the usual.
type forge struct {
	key    *sm2.PrivateKey
	public *sm2sig.PublicKey

	outer, inner              object
	imprint                   object
	digestID, signature       object
	listed                    object // digest algorithm of SignedData, if it is another
	version, signerVersion    int
	info                      []byte
	certificates, keyID       []byte
	bare, detached, raw, flip bool     // no attributes; no content; signature as r‖s; attributes in reverse
	attributes                [][]byte // beside content type and message digest
	parameters                []byte
	signers                   int
}

// newForge is the shape of RFC 3161 with SM2.
func newForge(t testing.TB) forge {
	t.Helper()
	key, err := sm2.GenerateKey(rand.Reader)
	require.NoError(t, err)
	public, err := sm2sig.FromCrypto(key.Public())
	require.NoError(t, err)
	hash := sm3.Sum(certificate)
	return forge{
		key: key, public: public, outer: idSigned, inner: idInfo, imprint: idSM3, digestID: idSM3, signature: idSM2SM3,
		version: 3, signerVersion: 1, signers: 1, certificates: element(0xa0, certificate),
		attributes: [][]byte{attribute(idBinding2, element(0x30, element(0x30, element(0x30, algorithm(idSM3),
			element(4, hash[:]), element(0x30, element(0x30, element(0xa4, issuer)), encode(serial))))))},
	}
}

// kinsec turns it into the shape of the server in use in Fujian.
func (f *forge) kinsec() {
	f.outer, f.inner, f.imprint, f.digestID, f.signature = idGMSigned, idGMData, idKinsec, idSM3Key, idSM2
	f.version, f.bare, f.parameters = 1, true, null
}

// certificate has the outer shape of one, which is all that is looked at here.
var certificate = element(0x30, element(0x30, element(0xa0, encode(2))), element(0x30), element(3, []byte{0}))

func (f forge) build(t testing.TB) []byte {
	t.Helper()
	info := f.info
	if info == nil {
		info = with(infoFields(), 2, imprint(f.imprint, digest[:]))
	}
	message := info
	var attributes []byte
	if !f.bare {
		sum := sm3.Sum(info)
		list := append([][]byte{attribute(idType, encode(f.inner)), attribute(idDigest, element(4, sum[:]))},
			f.attributes...)
		slices.SortFunc(list, slices.Compare)
		if f.flip {
			slices.Reverse(list)
		}
		attributes, message = element(0xa0, list...), element(0x31, list...)
	}
	value, err := f.public.Sign(rand.Reader, f.key, message)
	require.NoError(t, err)
	if f.raw {
		r, s, err := sm2sig.ParseSignature(value)
		require.NoError(t, err)
		value = slices.Concat(r[:], s[:])
	}
	name := element(0x30, issuer, encode(serial))
	if f.keyID != nil {
		name = element(0x80, f.keyID)
	}
	signer := element(0x30, encode(f.signerVersion), name, algorithm(f.digestID, f.parameters), attributes,
		algorithm(f.signature, f.parameters), element(4, value))
	content := element(0xa0, element(4, info))
	if f.detached {
		content = nil
	}
	listed := f.digestID
	if f.listed != nil {
		listed = f.listed
	}
	data := element(0x30, encode(f.version), element(0x31, algorithm(listed, f.parameters)),
		element(0x30, encode(f.inner), content), f.certificates, element(0x31, slices.Repeat(signer, f.signers)))
	return element(0x30, encode(f.outer), element(0xa0, data))
}
