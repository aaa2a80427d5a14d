// Package sm2note signs and verifies C2SP signed notes (c2sp.org/signed-note) with SM2 over SM3.
//
// The algorithm has no number assigned by C2SP, so keys carry the byte 0xff followed by the identifier "elicense.sm2":
//
//	key material  0xff ‖ "elicense.sm2" ‖ point          point is 04‖X‖Y, 65 bytes
//	key hash      first 4 bytes of SHA-256(name ‖ "\n" ‖ key material), big-endian
//	key text      name "+" key hash in 8 hex digits "+" base64(key material)
//	signature     DER SM2 signature value over the note text, with the default signer identifier
//
// Signer and Verifier fulfil the interfaces of golang.org/x/mod/sumdb/note, which frames the signature lines.
package sm2note

import (
	"crypto"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/mod/sumdb/note"

	"github.com/elicense/elicense/internal/sm2sig"
)

const (
	algorithm  = "\xff" + "elicense.sm2"
	maxKeyText = 1024
)

// ErrKey is returned for a key name, key text or key that cannot be used.
var ErrKey = errors.New("sm2note: invalid key")

// Verifier verifies the notes of one key. It is immutable and safe for concurrent use.
type Verifier struct {
	name string
	hash uint32
	key  *sm2sig.PublicKey
}

var _ note.Verifier = (*Verifier)(nil)

// NewVerifier returns the verifier of the key with the given uncompressed point 04‖X‖Y.
func NewVerifier(name string, point []byte) (*Verifier, error) {
	if !validName(name) {
		return nil, fmt.Errorf("%w: name %q", ErrKey, name)
	}
	key, err := sm2sig.ParsePublicKey(point)
	if err != nil {
		return nil, fmt.Errorf("%w: %v", ErrKey, err)
	}
	return &Verifier{name: name, hash: keyHash(name, point), key: key}, nil
}

// ParseVerifier reads the key text that String writes.
func ParseVerifier(text string) (*Verifier, error) {
	if len(text) > maxKeyText {
		return nil, fmt.Errorf("%w: text too long", ErrKey)
	}
	name, rest, _ := strings.Cut(text, "+")
	hash, data, ok := strings.Cut(rest, "+")
	material, err := base64.StdEncoding.Strict().DecodeString(data)
	if !ok || err != nil || !strings.HasPrefix(string(material), algorithm) {
		return nil, fmt.Errorf("%w: not of the form name+hash+key", ErrKey)
	}
	v, err := NewVerifier(name, material[len(algorithm):])
	if err != nil {
		return nil, err
	}
	if v.String() != text {
		return nil, fmt.Errorf("%w: key hash %q does not match", ErrKey, hash)
	}
	return v, nil
}

// Name is the name of the key as it stands on signature lines.
func (v *Verifier) Name() string { return v.name }

// KeyHash is the key hash as it stands on signature lines.
func (v *Verifier) KeyHash() uint32 { return v.hash }

// Verify reports whether signature is a strict DER SM2 signature of message by this key.
func (v *Verifier) Verify(message, signature []byte) bool {
	return v.key.Verify(message, signature) == nil
}

// String is the key text.
func (v *Verifier) String() string {
	material := append([]byte(algorithm), v.key.Point()...)
	return v.name + "+" + fmt.Sprintf("%08x", v.hash) + "+" + base64.StdEncoding.EncodeToString(material)
}

// Signer signs notes with one key. It is safe for concurrent use if key and random are.
type Signer struct {
	verifier *Verifier
	key      crypto.Signer
	random   io.Reader
}

var _ note.Signer = (*Signer)(nil)

// NewSigner returns a signer. The key is an SM2 key; random is the source of the signature's nonce and must not be nil.
func NewSigner(name string, key crypto.Signer, random io.Reader) (*Signer, error) {
	if key == nil || random == nil {
		return nil, fmt.Errorf("%w: key and random source are required", ErrKey)
	}
	public, err := sm2sig.FromCrypto(key.Public())
	if err != nil {
		return nil, fmt.Errorf("%w: %v", ErrKey, err)
	}
	v, err := NewVerifier(name, public.Point())
	if err != nil {
		return nil, err
	}
	return &Signer{verifier: v, key: key, random: random}, nil
}

// Name is the name of the key as it stands on signature lines.
func (s *Signer) Name() string { return s.verifier.name }

// KeyHash is the key hash as it stands on signature lines.
func (s *Signer) KeyHash() uint32 { return s.verifier.hash }

// Sign returns the signature value over message.
func (s *Signer) Sign(message []byte) ([]byte, error) {
	return s.verifier.key.Sign(s.random, s.key, message)
}

// Verifier is the verifier of this signer's notes.
func (s *Signer) Verifier() *Verifier { return s.verifier }

func keyHash(name string, point []byte) uint32 {
	h := sha256.New()
	_, _ = io.WriteString(h, name+"\n"+algorithm)
	h.Write(point)
	return binary.BigEndian.Uint32(h.Sum(nil))
}

// validName holds the rule of the signed note format: no space, no plus sign, well-formed and not empty.
func validName(name string) bool {
	return name != "" && len(name) <= 255 && utf8.ValidString(name) && !strings.ContainsRune(name, '+') &&
		strings.IndexFunc(name, unicode.IsSpace) < 0 && strconv.Quote(name) == `"`+name+`"`
}
