package document

import (
	"bytes"
	"fmt"
	"image"
	_ "image/jpeg" // pictures come as JPEG or PNG
	_ "image/png"

	"github.com/elicense/elicense/vault/record"
)

// maxPixels bounds what a picture may unfold to.
const maxPixels = 64 << 20

// picture is a JPEG or PNG, kept as it came.
type picture struct {
	data          []byte
	format        string // jpeg, png
	width, height int
	digest        record.Digest
}

// isPicture tells a JPEG or PNG by its first bytes.
func isPicture(b []byte) bool {
	return bytes.HasPrefix(b, []byte("\xff\xd8\xff")) || bytes.HasPrefix(b, []byte("\x89PNG\r\n\x1a\n"))
}

// picture reads the head of a picture; the same content twice is one picture.
func (c *composer) picture(data []byte) (*picture, error) {
	if len(data) > MaxImageBytes || !isPicture(data) {
		return nil, fmt.Errorf("%w: neither JPEG nor PNG of at most %d bytes", ErrImage, MaxImageBytes)
	}
	digest := record.Sum(data)
	if p := c.images[digest.String()]; p != nil {
		return p, nil
	}
	head, format, err := image.DecodeConfig(bytes.NewReader(data))
	if err != nil || head.Width < 1 || head.Height < 1 || head.Width > maxPixels/head.Height {
		return nil, fmt.Errorf("%w: its head is damaged or tells of too many pixels", ErrImage)
	}
	p := &picture{data: data, format: format, width: head.Width, height: head.Height, digest: digest}
	c.images[digest.String()] = p
	return p, nil
}

// within is the largest box in the middle of b with the picture's proportions.
func (p *picture) within(b Box) Box {
	w, h := b.W, roundDiv(b.W*p.height, p.width)
	if h > b.H {
		w, h = roundDiv(b.H*p.width, p.height), b.H
	}
	w, h = max(w, 1), max(h, 1)
	return Box{b.X + (b.W-w)/2, b.Y + (b.H-h)/2, w, h}
}
