package httpsig

import "github.com/emmansun/gmsm/sm3"

// digestName is the key of our digest in Content-Digest (RFC 9530); the registry has none for SM3.
const digestName = "sm3"

// ParseDigest reads the lines of Content-Digest and gives its SM3. Digests by other algorithms beside it are passed
// over.
func ParseDigest(lines []string) ([sm3.Size]byte, error) {
	var out [sm3.Size]byte
	s, err := newScanner(lines)
	if err != nil {
		return out, err
	}
	found := false
	err = s.members(MaxSignatures, func(key string) error {
		value, err := s.bytes()
		if err != nil || key != digestName {
			return err
		}
		if len(value) != sm3.Size {
			return ErrSyntax
		}
		found = true
		copy(out[:], value)
		return nil
	})
	switch {
	case err != nil:
		return [sm3.Size]byte{}, err
	case !found:
		return [sm3.Size]byte{}, ErrMissing
	}
	return out, nil
}

// Digest writes Content-Digest for an SM3.
func Digest(sum [sm3.Size]byte) string {
	return string(appendBytes([]byte(digestName+"="), sum[:]))
}
