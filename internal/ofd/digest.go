package ofd

import (
	"crypto/sha256"
	"errors"
	"hash"
	"strings"

	"github.com/emmansun/gmsm/sm3"
)

// Digest is a digest method of References.
type Digest string

// The digest methods that are known. Only SM3, SM3Z and SHA256 can be computed: for the others whoever judges needs no
// value to refuse them.
const (
	SM3    Digest = "SM3"
	SM3Z   Digest = "SM3Z" // SM3 over Z of the signer's key and the content: dms360
	SHA256 Digest = "SHA256"
	SHA1   Digest = "SHA1"
	MD5    Digest = "MD5"
)

// digests maps what products write; the bool is whether it is an object identifier or the name of the standard.
var digests = map[string]Digest{
	"1.2.156.10197.1.401": SM3, "1.2.156.10197.1.401.1": SM3, "1.2.156.197.1.401": SM3, "SM3": SM3,
	"1.2.156.10197.1.401.2":  SM3Z,
	"2.16.840.1.101.3.4.2.1": SHA256, "SHA256": SHA256, "SHA-256": SHA256,
	"1.3.14.3.2.26": SHA1, "SHA1": SHA1, "SHA-1": SHA1,
	"1.2.840.113549.2.5": MD5, "MD5": MD5,
}

// ParseDigest reads a CheckMethod; it is empty for one that is not known.
func ParseDigest(s string) Digest { return digests[strings.ToUpper(s)] }

// Size is the size of a value in bytes.
func (d Digest) Size() int {
	switch d {
	case SM3, SM3Z, SHA256:
		return 32
	case SHA1:
		return 20
	case MD5:
		return 16
	}
	return 0
}

// newHash is nil for methods that are not computed.
func (d Digest) newHash() hash.Hash {
	switch d {
	case SM3, SM3Z:
		return sm3.New()
	case SHA256:
		return sha256.New()
	case SHA1, MD5:
	}
	return nil
}

// errDigest is returned for a method that is not computed.
var errDigest = errors.New("ofd: digest method is not computed")

// digestKey is what a digest depends on.
type digestKey struct {
	name   string
	method Digest
	z      string
}

// FileDigest computes the digest of a file, whose checksum is checked on the way, and keeps it: each file is read and
// hashed once for a method, however many signatures list it. z is what SM3Z has before the content, and nil otherwise.
func (p *Package) FileDigest(name string, method Digest, z []byte) ([]byte, error) {
	key := digestKey{name, method, string(z)}
	p.mu.Lock()
	have := p.digests[key]
	p.mu.Unlock()
	if have != nil {
		return have, nil
	}
	have, err := p.computeDigest(name, method, z)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.digests[key] = have
	return have, nil
}

func (p *Package) computeDigest(name string, method Digest, z []byte) ([]byte, error) {
	e, err := p.find(name)
	if err != nil {
		return nil, err
	}
	h := method.newHash()
	if h == nil || (method == SM3Z) != (len(z) > 0) {
		return nil, errDigest
	}
	h.Write(z)
	if b := p.keptFile(name); b != nil {
		h.Write(b)
		return h.Sum(nil), nil
	}
	f := p.zip.open(e)
	defer f.Close() //nolint:errcheck // nothing was written
	if err := copyAll(h, f); err != nil {
		return nil, err
	}
	return h.Sum(nil), nil
}
