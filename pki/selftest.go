package pki

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/big"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/sm3"
	"github.com/emmansun/gmsm/sm4"
	tjfoc "github.com/tjfoc/gmsm/sm2"
	tjfocsm3 "github.com/tjfoc/gmsm/sm3"
	tjfocsm4 "github.com/tjfoc/gmsm/sm4"

	"github.com/elicense/elicense/internal/sm2sig"
)

// ErrSelfTest is returned by SelfTest; no signature of this process is to be trusted then.
var ErrSelfTest = errors.New("pki: self-test failed")

// Known answers: GB/T 32905-2016 annex A, GB/T 32907-2016 annex A, and GB/T 32918.5-2017 annex A with the default
// signer identifier.
const (
	knownSM3   = "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0" // of "abc"
	knownKey   = "0123456789abcdeffedcba9876543210"                                 // SM4 key and plaintext
	knownSM4   = "681edf34d206965e86b3e94f536e4246"
	knownD     = "3945208f7b2144b13f36e38ac6d39f95889393692860b51a42fb81ef4df7c5b8"
	knownPoint = "0409f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020" +
		"ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad13"
	knownMessage = "message digest"
	knownE       = "f0b43e94ba45accaace692ed534382eb17e6ab5a19ce7b31f4486fdfc0d28640"
	knownK       = "59276e27d506861a16680f3ad9c02dccef3cc1fa3cdbe4ce6d54b80deac1bc21"
	knownR       = "f5a03b0648d2c4630eeac513e1bb81a15944da3827d5b74143ac7eaceee720b3"
	knownS       = "b1b6aa29df212fd8763182bc0d421ca1bb9038fd1f7f42d4840b69c485bbc1aa"
)

// SelfTest is the power-on self-test of SM2, SM3 and SM4: known answers from both implementations, each verifying what
// the other signed, and a changed signature that both must refuse. It takes a few milliseconds.
func SelfTest() error {
	for _, test := range []struct {
		name string
		ok   func() bool
	}{
		{"SM3 known answer", testSM3}, {"SM4 known answer", testSM4}, {"SM2 digest", testDigest},
		{"SM2 known signature", testKnownSignature}, {"SM2 signature of the first verified by the second", testSign},
	} {
		if !test.ok() {
			return fmt.Errorf("%w: %s", ErrSelfTest, test.name)
		}
	}
	return nil
}

func testSM3() bool {
	first, second := sm3.Sum([]byte("abc")), tjfocsm3.Sm3Sum([]byte("abc"))
	return hex.EncodeToString(first[:]) == knownSM3 && hex.EncodeToString(second) == knownSM3
}

func testSM4() bool {
	key := fromHex(knownKey)
	first, err := sm4.NewCipher(key)
	if err != nil {
		return false
	}
	second, err := tjfocsm4.NewCipher(key)
	if err != nil {
		return false
	}
	a, b, back := make([]byte, 16), make([]byte, 16), make([]byte, 16)
	first.Encrypt(a, key)
	second.Encrypt(b, key)
	first.Decrypt(back, b)
	return hex.EncodeToString(a) == knownSM4 && hex.EncodeToString(b) == knownSM4 && bytes.Equal(back, key)
}

func testDigest() bool {
	public, err := sm2sig.ParsePublicKey(fromHex(knownPoint))
	if err != nil {
		return false
	}
	e := public.Digest([]byte(knownMessage))
	return hex.EncodeToString(e[:]) == knownE
}

// testKnownSignature has the second implementation sign with the nonce of the standard and both verify the result.
func testKnownSignature() bool {
	private := new(tjfoc.PrivateKey)
	private.Curve = tjfoc.P256Sm2()
	private.D = new(big.Int).SetBytes(fromHex(knownD))
	private.X, private.Y = private.ScalarBaseMult(private.D.Bytes())
	// The nonce is drawn as 1 + (40 bytes mod (n-1)).
	k := new(big.Int).Sub(new(big.Int).SetBytes(fromHex(knownK)), big.NewInt(1))
	r, s, err := tjfoc.Sm2Sign(private, []byte(knownMessage), nil, bytes.NewReader(k.FillBytes(make([]byte, 40))))
	if err != nil || hex.EncodeToString(fixed(r)) != knownR || hex.EncodeToString(fixed(s)) != knownS {
		return false
	}
	signature, err := sm2sig.AppendSignature(nil, [32]byte(fixed(r)), [32]byte(fixed(s)))
	return err == nil && testBoth(signature)
}

func testSign() bool {
	private, err := sm2.NewPrivateKey(fromHex(knownD))
	if err != nil {
		return false
	}
	public, err := sm2sig.ParsePublicKey(fromHex(knownPoint))
	if err != nil {
		return false
	}
	signature, err := public.Sign(new(counter), private, []byte(knownMessage))
	return err == nil && testBoth(signature)
}

// testBoth wants signature accepted, and refused with one bit changed or for another message, by both implementations.
func testBoth(signature []byte) bool {
	public, err := sm2sig.ParsePublicKey(fromHex(knownPoint))
	if err != nil {
		return false
	}
	wrong := bytes.Clone(signature)
	wrong[len(wrong)-1] ^= 1
	return CrossCheck(public, []byte(knownMessage), signature) == nil &&
		errors.Is(CrossCheck(public, []byte(knownMessage), wrong), ErrSignature) &&
		errors.Is(CrossCheck(public, []byte("message digesT"), signature), ErrSignature)
}

// counter is a source of bytes for the self-test alone: its key is public, so nothing has to be unpredictable.
type counter byte

var _ io.Reader = (*counter)(nil)

// Read fills p with successive values.
func (c *counter) Read(p []byte) (int, error) {
	for i := range p {
		*c++
		p[i] = byte(*c)
	}
	return len(p), nil
}

func fixed(v *big.Int) []byte { return v.FillBytes(make([]byte, 32)) }

// fromHex decodes a constant of this file; a mistyped one gives no bytes, and the test fails.
func fromHex(s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		return nil
	}
	return b
}
