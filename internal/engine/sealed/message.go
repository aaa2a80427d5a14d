package sealed

import (
	"fmt"
	"io"
)

// A message between two who have the master key:
//
//	salt(16) || nonce(12) || SM4-GCM of the message, and tag(16)
//
// under the first 16 bytes of HMAC-SM3(master, "elicense message v1" || salt), with what the message is about as
// associated data.
const messageHead = 16 + 12

// SealMessage seals a message for who has the same master key, and shows him that it comes from one who has. about says
// what it is about; it is not part of the message, and the other side must say the same. Whoever takes messages keeps
// an old one from coming again by putting something of his own into about.
func (m *Master) SealMessage(message, about []byte, random io.Reader) ([]byte, error) {
	out := make([]byte, messageHead, messageHead+len(message)+tagSize)
	if _, err := io.ReadFull(random, out); err != nil {
		return nil, fmt.Errorf("drawing salt: %w", err)
	}
	aead, err := newAEAD(keyOf(m[:], "elicense message v1", out[:16]))
	if err != nil {
		return nil, err
	}
	return aead.Seal(out, out[16:messageHead], message, about), nil
}

// OpenMessage opens what SealMessage sealed, or answers ErrWrongMaster.
func (m *Master) OpenMessage(sealed, about []byte) ([]byte, error) {
	if len(sealed) < messageHead+tagSize {
		return nil, ErrWrongMaster
	}
	aead, err := newAEAD(keyOf(m[:], "elicense message v1", sealed[:16]))
	if err != nil {
		return nil, err
	}
	message, err := aead.Open(nil, sealed[16:messageHead], sealed[messageHead:], about)
	if err != nil {
		return nil, ErrWrongMaster
	}
	return message, nil
}
