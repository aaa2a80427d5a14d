// Package envelope reads and writes the forms in which an SM2 private key travels: the SM2 ciphertext (SM2Cipher), the
// protected key pair (SM2EnvelopedKey, 密钥对保护数据格式) of GB/T 35276-2017, and the answer to a certificate request that
// carries it (CSRResponse) of GM/T 0092-2020.
//
// What is written has one form; what is read may differ where products in use differ: the cipher is named by the
// identifier of SM4-ECB or by the bare one of SM4, its NULL parameters may be missing, and the parts of a CSRResponse
// may be tagged explicitly or implicitly. The arithmetic comes from the SM2 library behind crypto.Decrypter, so that a
// device can stand there. There is no policy, clock, file or network here.
package envelope

import (
	"errors"
	"fmt"
	"io"
)

var (
	// ErrFormat is returned for bytes that are not of the form wanted.
	ErrFormat = errors.New("envelope: malformed")
	// ErrKey is returned for a key that cannot be used, or a missing source of randomness.
	ErrKey = errors.New("envelope: invalid key")
	// ErrOpen is returned for an envelope that does not open with the key given, or does not hold what it says.
	ErrOpen = errors.New("envelope: does not open")
)

func malformed(what string) error { return fmt.Errorf("%w: %s", ErrFormat, what) }

// fullReader makes a short read an error, which the library below does not.
type fullReader struct{ io.Reader }

// Read fills p or fails.
func (r fullReader) Read(p []byte) (int, error) { return io.ReadFull(r.Reader, p) }
