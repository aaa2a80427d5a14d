package pki

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/big"

	"github.com/emmansun/gmsm/sm2"
	tjfoc "github.com/tjfoc/gmsm/sm2"

	"github.com/elicense/elicense/internal/sm2sig"
)

// ErrSelfTest is returned by SelfTest; no signature of this process is to be trusted then.
var ErrSelfTest = errors.New("pki: self-test failed")

// Known answers of GB/T 32918.5-2017: annex A, a signature with the default signer identifier, and annex C, a
// ciphertext for the same key.
const (
	knownD     = "3945208f7b2144b13f36e38ac6d39f95889393692860b51a42fb81ef4df7c5b8"
	knownPoint = "0409f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020" +
		"ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad13"
	knownMessage = "message digest"
	knownE       = "f0b43e94ba45accaace692ed534382eb17e6ab5a19ce7b31f4486fdfc0d28640"
	knownK       = "59276e27d506861a16680f3ad9c02dccef3cc1fa3cdbe4ce6d54b80deac1bc21"
	knownR       = "f5a03b0648d2c4630eeac513e1bb81a15944da3827d5b74143ac7eaceee720b3"
	knownS       = "b1b6aa29df212fd8763182bc0d421ca1bb9038fd1f7f42d4840b69c485bbc1aa"

	knownPlaintext  = "encryption standard"
	knownCiphertext = "0404ebfc718e8d1798620432268e77feb6415e2ede0e073c0f4f640ecd2e149a73" + // C1
		"e858f9d81e5430a57b36daab8f950a3c64e6ee6a63094d99283aff767e124df0" +
		"59983c18f809e262923c53aec295d30383b54e39d609d160afcb1908d0bd8766" + // C3
		"21886ca989ca9c7d58087307ca93092d651efa" // C2
)

// SelfTestResult is how one test of the self-test went.
type SelfTestResult struct {
	Test string // such as "sm2-known-signature"; it stays the same from one version to the next
	OK   bool
}

// SelfTest is the power-on self-test of SM2, SM3 and SM4. Known answers are wanted from both implementations, and each
// must accept what the other made and refuse it changed. A process that signs runs it before its first signature, and
// signs nothing if it fails. It takes a few milliseconds.
func SelfTest() error {
	return CheckSelfTest(SelfTestResults())
}

// CheckSelfTest is ErrSelfTest unless every result is good and there is one.
func CheckSelfTest(results []SelfTestResult) error {
	if len(results) == 0 {
		return fmt.Errorf("%w: nothing was tested", ErrSelfTest)
	}
	for _, r := range results {
		if !r.OK {
			return fmt.Errorf("%w: %s", ErrSelfTest, r.Test)
		}
	}
	return nil
}

// SelfTestResults runs all tests and tells how each went, in the order they ran.
func SelfTestResults() []SelfTestResult {
	var out []SelfTestResult
	for _, test := range []struct {
		name string
		ok   func() bool
	}{
		{"sm3-known-answers", testSM3}, {"sm3-both-every-length", testSM3Lengths}, {"hmac-sm3-both", testHMAC},
		{"sm4-known-answer", testSM4}, {"sm4-cbc-both", testCBC}, {"sm4-gcm-known-answer", testGCM},
		{"sm2-known-digest", testDigest}, {"sm2-known-signature", testKnownSignature},
		{"sm2-sign-first-verify-both", testSign}, {"sm2-sign-second-verify-both", testSecondSign},
		{"sm2-known-ciphertext", testKnownCiphertext}, {"sm2-encrypt-each-decrypt-both", testEncrypt},
		{"sm2-known-key-exchange", testExchange},
	} {
		out = append(out, SelfTestResult{test.name, succeeds(test.ok)})
	}
	return out
}

// succeeds counts a panic as a failure: a library that is broken may do anything.
func succeeds(test func() bool) (ok bool) {
	defer func() {
		if recover() != nil {
			ok = false
		}
	}()
	return test()
}

func testDigest() bool {
	public, err := sm2sig.ParsePublicKey(fromHex(knownPoint))
	if err != nil {
		return false
	}
	e := public.Digest([]byte(knownMessage))
	return hex.EncodeToString(e[:]) == knownE
}

// secondKey is the key of the standard for the second implementation.
func secondKey() *tjfoc.PrivateKey { return secondKeyOf(knownD) }

// testKnownSignature has the second implementation sign with the nonce of the standard and both verify the result.
func testKnownSignature() bool {
	// The nonce is drawn as 1 + (40 bytes mod (n-1)).
	k := new(big.Int).Sub(new(big.Int).SetBytes(fromHex(knownK)), big.NewInt(1))
	nonce := bytes.NewReader(k.FillBytes(make([]byte, 40)))
	r, s, err := tjfoc.Sm2Sign(secondKey(), []byte(knownMessage), nil, nonce)
	return err == nil && hex.EncodeToString(fixed(r)) == knownR && hex.EncodeToString(fixed(s)) == knownS &&
		testBoth(r, s)
}

func testSecondSign() bool {
	r, s, err := tjfoc.Sm2Sign(secondKey(), []byte(knownMessage), nil, new(counter))
	return err == nil && testBoth(r, s)
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
	if err != nil {
		return false
	}
	r, s, err := sm2sig.ParseSignature(signature)
	return err == nil && testBoth(new(big.Int).SetBytes(r[:]), new(big.Int).SetBytes(s[:]))
}

// testBoth wants a signature accepted by both implementations, and refused with one bit changed or for another message.
func testBoth(r, s *big.Int) bool {
	public, err := sm2sig.ParsePublicKey(fromHex(knownPoint))
	if err != nil {
		return false
	}
	signature, err := sm2sig.AppendSignature(nil, [32]byte(fixed(r)), [32]byte(fixed(s)))
	if err != nil {
		return false
	}
	wrong := bytes.Clone(signature)
	wrong[len(wrong)-1] ^= 1
	return CrossCheck(public, []byte(knownMessage), signature) == nil &&
		errors.Is(CrossCheck(public, []byte(knownMessage), wrong), ErrSignature) &&
		errors.Is(CrossCheck(public, []byte("message digesT"), signature), ErrSignature)
}

// testKnownCiphertext wants both to decrypt the ciphertext of the standard, and to refuse it with one bit changed.
func testKnownCiphertext() bool {
	return testDecrypt(fromHex(knownCiphertext))
}

// testEncrypt wants what each encrypts decrypted by both.
func testEncrypt() bool {
	second := secondKey()
	first, err := sm2.NewPrivateKey(fromHex(knownD))
	if err != nil {
		return false
	}
	order := sm2.NewPlainEncrypterOpts(sm2.MarshalUncompressed, sm2.C1C3C2)
	a, err := sm2.Encrypt(new(counter), &first.PublicKey, []byte(knownPlaintext), order)
	if err != nil {
		return false
	}
	b, err := tjfoc.Encrypt(&second.PublicKey, []byte(knownPlaintext), new(counter), tjfoc.C1C3C2)
	return err == nil && testDecrypt(a) && testDecrypt(b)
}

func testDecrypt(ciphertext []byte) bool {
	first, err := sm2.NewPrivateKey(fromHex(knownD))
	if err != nil {
		return false
	}
	a, errA := sm2.Decrypt(first, ciphertext)
	b, errB := tjfoc.Decrypt(secondKey(), ciphertext, tjfoc.C1C3C2)
	if errA != nil || errB != nil || string(a) != knownPlaintext || string(b) != knownPlaintext {
		return false
	}
	wrong := bytes.Clone(ciphertext)
	wrong[len(wrong)-1] ^= 1
	_, errA = sm2.Decrypt(first, wrong)
	_, errB = tjfoc.Decrypt(secondKey(), wrong, tjfoc.C1C3C2)
	return errA != nil && errB != nil
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
