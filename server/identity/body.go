package identity

import (
	"errors"
	"hash"
	"io"

	"github.com/emmansun/gmsm/sm3"
)

// checkedBody is content that is digested as it is read. Its end is an error unless the digest is the one that was
// signed, so whoever reads to the end before he acts has acted on nothing else. No byte is kept.
type checkedBody struct {
	inner io.ReadCloser
	sum   hash.Hash
	want  [sm3.Size]byte
	end   error // how it ended; nil: not yet
}

func newCheckedBody(inner io.ReadCloser, want [sm3.Size]byte) *checkedBody {
	return &checkedBody{inner: inner, sum: sm3.New(), want: want}
}

// Read implements io.Reader.
func (b *checkedBody) Read(p []byte) (int, error) {
	if b.end != nil {
		return 0, b.end
	}
	n, err := b.inner.Read(p)
	b.sum.Write(p[:n])
	switch {
	case errors.Is(err, io.EOF) && [sm3.Size]byte(b.sum.Sum(nil)) != b.want:
		b.end = &Refusal{Code: CodeDigest, Path: "Content-Digest"}
	case err != nil:
		b.end = err
	}
	return n, b.end
}

// Close implements io.Closer.
func (b *checkedBody) Close() error { return b.inner.Close() }

// BodyRefusal is why the content of a caller's request was refused while it was read; nil if it was not.
func (c *Caller) BodyRefusal() error {
	if c == nil || c.body == nil || CodeOf(c.body.end) == "" {
		return nil
	}
	return c.body.end
}
