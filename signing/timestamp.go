package signing

import (
	"context"
	"fmt"

	"github.com/emmansun/gmsm/sm3"

	"github.com/elicense/elicense/internal/cms"
	"github.com/elicense/elicense/internal/oid"
	"github.com/elicense/elicense/internal/tsp"
)

// Timestamper gives time-stamp tokens (时间戳令牌) of RFC 3161. It may ask over a network and then honours the context;
// who retries is the caller. It must be safe for concurrent use. Its answer is checked to be a token over the
// digest; whether the authority is to be relied on is for whoever verifies the signature.
type Timestamper interface {
	// Timestamp returns the DER of a TimeStampToken over an SM3 digest.
	Timestamp(ctx context.Context, digest [32]byte) ([]byte, error)
}

// TimestampFunc is a function as a Timestamper.
type TimestampFunc func(ctx context.Context, digest [32]byte) ([]byte, error)

var _ Timestamper = TimestampFunc(nil)

// Timestamp calls f.
func (f TimestampFunc) Timestamp(ctx context.Context, digest [32]byte) ([]byte, error) {
	return f(ctx, digest)
}

// AddTimestamp returns SignedData with a time-stamp token over the value of the signature with that index, beside it
// (RFC 3161, appendix A). Everything signed stays as it was.
func AddTimestamp(ctx context.Context, der []byte, signer int, from Timestamper) ([]byte, error) {
	data, err := parseTarget(der)
	if err != nil {
		return nil, err
	}
	if signer < 0 || signer >= len(data.Signers) {
		return nil, fmt.Errorf("%w: there is no signature %d", ErrSigned, signer)
	}
	token, err := stamp(ctx, from, data.Signers[signer].Signature)
	if err != nil {
		return nil, err
	}
	der, err = data.With(cms.Additions{Unsigned: map[int][][]byte{signer: {encodeToken(token)}}})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSigned, err)
	}
	return der, nil
}

// stamp asks for a token over a signature value and checks that it is one.
func stamp(ctx context.Context, from Timestamper, value []byte) ([]byte, error) {
	return stampDigest(ctx, from, sm3.Sum(value))
}

func stampDigest(ctx context.Context, from Timestamper, digest [sm3.Size]byte) ([]byte, error) {
	if from == nil {
		return nil, fmt.Errorf("%w: a source of time-stamp tokens is required", ErrConfig)
	}
	der, err := from.Timestamp(ctx, digest)
	if err != nil {
		return nil, fmt.Errorf("asking for a time-stamp token: %w", err)
	}
	token, err := tsp.ParseToken(der)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrTimestamp, err)
	}
	if imprint := token.Info.Imprint; !imprint.SM3() || string(imprint.Digest) != string(digest[:]) {
		return nil, ErrTimestamp
	}
	return der, nil
}

func encodeToken(token []byte) []byte { return cms.EncodeElement(oid.SignatureTimestamp, token) }
