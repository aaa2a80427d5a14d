package signing

import "context"

// Timestamper gives time-stamp tokens (时间戳令牌) of RFC 3161. It may ask over a network and then honours the context;
// who retries is the caller. It must be safe for concurrent use. Its answer is checked to be a token over the digest;
// whether the authority is to be relied on is for whoever verifies the signature.
type Timestamper interface {
	// Timestamp returns the DER of a TimeStampToken over an SM3 digest.
	Timestamp(ctx context.Context, digest [32]byte) ([]byte, error)
}
