package pki

import (
	"errors"
	"fmt"
	"hash"
	"math/big"
	"time"

	"github.com/emmansun/gmsm/sm3"

	"github.com/elicense/elicense/internal/oid"
	"github.com/elicense/elicense/internal/tsp"
)

// ErrTimestamp is returned for bytes that are no time-stamp token, or a response that brings none.
var ErrTimestamp = errors.New("pki: not a time-stamp token")

// Timestamp is a time-stamp token (时间戳) of RFC 3161 as read; it says nothing about trust. It is not to be changed.
type Timestamp struct {
	Raw            []byte
	GenTime        time.Time // UTC
	Accuracy       time.Duration
	AccuracyStated bool
	Ordering       bool
	Policy         oid.ID
	Serial         *big.Int
	Nonce          []byte // contents octets of the INTEGER, nil if absent
	Imprint        Hash   // algorithm of what was stamped; empty if it is not known
	Digest         []byte // what was stamped
	Certificates   []*Certificate
	// Tolerances names what deviates from RFC 3161 and was let pass, see internal/tsp.
	Tolerances []string

	token *tsp.Token
}

// ParseTimestamp reads one TimeStampToken and nothing after it. Certificates inside that cannot be read are left out.
func ParseTimestamp(der []byte) (*Timestamp, error) {
	if len(der) > tsp.MaxTokenBytes {
		return nil, fmt.Errorf("%w: %d bytes", ErrTimestamp, len(der))
	}
	token, err := tsp.ParseToken(append([]byte(nil), der...))
	if err != nil {
		return nil, fmt.Errorf("%w: %v", ErrTimestamp, err)
	}
	info := token.Info
	t := &Timestamp{
		Raw: token.Raw, GenTime: info.GenTime, Accuracy: info.Accuracy.Duration(), AccuracyStated: info.Accuracy.Stated,
		Ordering: info.Ordering, Policy: info.Policy, Serial: new(big.Int).SetBytes(info.Serial), Nonce: info.Nonce,
		Imprint: imprintHash(info.Imprint), Digest: info.Imprint.Digest,
		Tolerances: token.Tolerances.Names(), token: token,
	}
	for _, raw := range token.Signed.Certificates {
		if c, err := ParseTolerant(raw); err == nil {
			t.Certificates = append(t.Certificates, c)
		}
	}
	return t, nil
}

// ParseTimestampResponse reads the answer of a time-stamp authority. A refusal is ErrTimestamp with what the authority
// said.
func ParseTimestampResponse(der []byte) (*Timestamp, error) {
	r, err := tsp.ParseResponse(der)
	if err != nil {
		return nil, fmt.Errorf("%w: %v", ErrTimestamp, err)
	}
	if !r.Granted() {
		return nil, fmt.Errorf("%w: status %d, %v, %q", ErrTimestamp, r.Status, r.Failures, r.Texts)
	}
	return ParseTimestamp(r.Token)
}

// MarshalTimestampRequest asks for a token over an SM3 digest, with the certificate inside. The nonce, if there is one,
// is an unsigned number; the token must bring it back (TimestampOptions.Nonce). The policy may be empty.
func MarshalTimestampRequest(digest [32]byte, policy oid.ID, nonce []byte) ([]byte, error) {
	r := tsp.Request{Imprint: tsp.Imprint{Algorithm: oid.SM3, Digest: digest[:]}, Policy: policy, CertReq: true}
	if len(nonce) > 0 {
		r.Nonce = integerOctets(nonce)
	}
	der, err := tsp.MarshalRequest(&r)
	if err != nil {
		return nil, fmt.Errorf("writing time-stamp request: %v", err)
	}
	return der, nil
}

// integerOctets is an unsigned number as the contents of an INTEGER.
func integerOctets(unsigned []byte) []byte {
	b := new(big.Int).SetBytes(unsigned).Bytes()
	if len(b) == 0 || b[0]&0x80 != 0 {
		return append([]byte{0}, b...)
	}
	return b
}

// NewHash computes what Digest is compared with. It is ErrAlgorithm for an algorithm that is not supported, MD5 among
// them.
func (t *Timestamp) NewHash() (hash.Hash, error) {
	if t.Imprint == HashSM3 {
		return sm3.New(), nil
	}
	h, ok := hashes[t.Imprint]
	if !ok || !h.Available() {
		return nil, fmt.Errorf("%w: imprint %s", ErrAlgorithm, t.token.Info.Imprint.Algorithm)
	}
	return h.New(), nil
}

// DigestOf is the digest of data by the algorithm of the token.
func (t *Timestamp) DigestOf(data []byte) ([]byte, error) {
	h, err := t.NewHash()
	if err != nil {
		return nil, err
	}
	h.Write(data)
	return h.Sum(nil), nil
}

func imprintHash(i tsp.Imprint) Hash {
	switch {
	case i.SM3():
		return HashSM3
	case i.Algorithm == oid.MD5:
		return HashMD5
	default:
		return hashIDs[i.Algorithm]
	}
}
