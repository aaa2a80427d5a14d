package pki

import (
	"bytes"
	"crypto/cipher"
	"crypto/hmac"
	"encoding/hex"
	"hash"
	"strings"

	"github.com/emmansun/gmsm/sm3"
	"github.com/emmansun/gmsm/sm4"
	tjfocsm3 "github.com/tjfoc/gmsm/sm3"
	tjfocsm4 "github.com/tjfoc/gmsm/sm4"
)

// Known answers: GB/T 32905-2016 annex A, GB/T 32907-2016 annex A.1, RFC 8998 A.1.
const (
	knownSM3     = "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0" // of "abc"
	knownSM3Long = "debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732" // of 16 times "abcd"
	knownKey     = "0123456789abcdeffedcba9876543210"                                 // SM4 key and plaintext
	knownSM4     = "681edf34d206965e86b3e94f536e4246"

	gcmNonce = "00001234567800000000abcd"
	gcmData  = "feedfacedeadbeeffeedfacedeadbeefabaddad2"
	gcmPlain = "aaaaaaaaaaaaaaaabbbbbbbbbbbbbbbbccccccccccccccccdddddddddddddddd" +
		"eeeeeeeeeeeeeeeeffffffffffffffffeeeeeeeeeeeeeeeeaaaaaaaaaaaaaaaa"
	gcmSealed = "17f399f08c67d5ee19d0dc9969c4bb7d5fd46fd3756489069157b282bb200735d82710ca5c22f0ccfa7cbf93d496ac15" +
		"a56834cbcf98c397b4024a2691233b8d" + "83de3541e4c2b58177e065a9bf7b62ec"
)

func bothSM3(message []byte) (first, second string) {
	a, b := sm3.Sum(message), tjfocsm3.Sm3Sum(message)
	return hex.EncodeToString(a[:]), hex.EncodeToString(b)
}

func testSM3() bool {
	shortA, shortB := bothSM3([]byte("abc"))
	longA, longB := bothSM3([]byte(strings.Repeat("abcd", 16)))
	return shortA == knownSM3 && shortB == knownSM3 && longA == knownSM3Long && longB == knownSM3Long
}

// testSM3Lengths compares the two at all lengths up to a third block, where padding and block functions change.
func testSM3Lengths() bool {
	message := make([]byte, 2*sm3.BlockSize+8)
	for i := range message {
		message[i] = byte(i * 7)
		if a, b := bothSM3(message[:i]); a != b {
			return false
		}
	}
	return true
}

func testHMAC() bool {
	sum := func(f func() hash.Hash) []byte {
		mac := hmac.New(f, fromHex(knownKey))
		mac.Write([]byte(knownMessage))
		return mac.Sum(nil)
	}
	a, b := sum(sm3.New), sum(tjfocsm3.New)
	return len(a) == sm3.Size && bytes.Equal(a, b)
}

// blocks are SM4 under the known key by both implementations.
func blocks() (first, second cipher.Block, ok bool) {
	first, errA := sm4.NewCipher(fromHex(knownKey))
	second, errB := tjfocsm4.NewCipher(fromHex(knownKey))
	return first, second, errA == nil && errB == nil
}

func testSM4() bool {
	first, second, ok := blocks()
	if !ok {
		return false
	}
	plain := fromHex(knownKey)
	a, b, back := make([]byte, 16), make([]byte, 16), make([]byte, 16)
	first.Encrypt(a, plain)
	second.Encrypt(b, plain)
	first.Decrypt(back, b)
	return hex.EncodeToString(a) == knownSM4 && hex.EncodeToString(b) == knownSM4 && bytes.Equal(back, plain)
}

// plainBlock hides what a block can do beyond single blocks, so that modes take the generic way.
type plainBlock struct{ cipher.Block }

// testCBC compares the mode of the first, which may have code of its own, with the generic one over the second.
func testCBC() bool {
	first, second, ok := blocks()
	if !ok {
		return false
	}
	iv, plain := fromHex(knownSM4), bytes.Repeat([]byte(knownMessage), 16)
	a, b, back := make([]byte, len(plain)), make([]byte, len(plain)), make([]byte, len(plain))
	cipher.NewCBCEncrypter(first, iv).CryptBlocks(a, plain)              //nolint:gosec // a comparison, no message
	cipher.NewCBCEncrypter(plainBlock{second}, iv).CryptBlocks(b, plain) //nolint:gosec // the same
	cipher.NewCBCDecrypter(first, iv).CryptBlocks(back, b)
	return bytes.Equal(a, b) && bytes.Equal(back, plain)
}

// testGCM wants the known answer from the mode of the first and from the generic one over the second, and a changed
// ciphertext refused.
func testGCM() bool {
	first, second, ok := blocks()
	if !ok {
		return false
	}
	nonce, data, plain, sealed := fromHex(gcmNonce), fromHex(gcmData), fromHex(gcmPlain), fromHex(gcmSealed)
	for _, block := range []cipher.Block{first, plainBlock{second}} {
		mode, err := cipher.NewGCM(block)
		if err != nil {
			return false
		}
		answer := mode.Seal(nil, nonce, plain, data) //nolint:gosec // the nonce belongs to the known answer
		if !bytes.Equal(answer, sealed) {
			return false
		}
		opened, err := mode.Open(nil, nonce, sealed, data)
		if err != nil || !bytes.Equal(opened, plain) {
			return false
		}
		wrong := bytes.Clone(sealed)
		wrong[len(wrong)-1] ^= 1
		if _, err := mode.Open(nil, nonce, wrong, data); err == nil {
			return false
		}
	}
	return true
}
