package verify

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/elicense/elicense/pki"
)

// content is what a signature is over. It is hashed as a stream, once for each digest algorithm.
type content struct {
	body io.ReaderAt
	size int64
	sums map[pki.Hash][]byte
	// claimed is when what lies around the signature says that it was made, for one that does not say so itself.
	claimed time.Time
	// within is what a later time-stamp over all of this proves; nil: there is none.
	within *standing
}

// maxHeldContent is how much content is held in memory, for signatures that cover it without attributes.
const maxHeldContent = 32 << 20

// hashBuffer is how much content is read at once.
const hashBuffer = 32 << 10

// errContentSize is for content that would have to be held and is too large.
var errContentSize = errors.New("verify: content is too large for a signature without attributes")

// sum is the digest of the content.
func (c *content) sum(h pki.Hash) ([]byte, error) {
	if sum, ok := c.sums[h]; ok {
		return sum, nil
	}
	w, err := h.New()
	if err != nil {
		return nil, err
	}
	buffer := make([]byte, max(1, min(c.size, hashBuffer)))
	if _, err := io.CopyBuffer(w, io.NewSectionReader(c.body, 0, c.size), buffer); err != nil {
		return nil, fmt.Errorf("verify: reading content: %w", err)
	}
	if c.sums == nil {
		c.sums = map[pki.Hash][]byte{}
	}
	c.sums[h] = w.Sum(nil)
	return c.sums[h], nil
}

// bytes is the content itself.
func (c *content) bytes() ([]byte, error) {
	if c.size > maxHeldContent {
		return nil, errContentSize
	}
	b := make([]byte, c.size)
	if n, err := c.body.ReadAt(b, 0); n < len(b) {
		return nil, fmt.Errorf("verify: reading content: %w", err)
	}
	return b, nil
}
