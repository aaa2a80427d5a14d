package page

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"image"
	_ "image/jpeg" // pictures come as JPEG or PNG
	_ "image/png"
)

// MaxPictureBytes is the largest picture that is taken.
const MaxPictureBytes = 20 << 20

// maxPixels bounds what a picture may unfold to.
const maxPixels = 64 << 20

// Picture is a JPEG or PNG, kept as it came.
type Picture struct {
	Width, Height int // in dots

	data   []byte
	format string            // jpeg, png
	digest [sha256.Size]byte // tells what is the same
}

// isPicture tells a JPEG or PNG by its first bytes.
func isPicture(b []byte) bool {
	return bytes.HasPrefix(b, []byte("\xff\xd8\xff")) || bytes.HasPrefix(b, []byte("\x89PNG\r\n\x1a\n"))
}

// ParsePicture reads the head of a picture.
func ParsePicture(data []byte) (*Picture, error) {
	if len(data) > MaxPictureBytes || !isPicture(data) {
		return nil, fmt.Errorf("%w: neither JPEG nor PNG of at most %d bytes", ErrImage, MaxPictureBytes)
	}
	head, format, err := image.DecodeConfig(bytes.NewReader(data))
	if err != nil || head.Width < 1 || head.Height < 1 || head.Width > maxPixels/head.Height {
		return nil, fmt.Errorf("%w: its head is damaged or tells of too many pixels", ErrImage)
	}
	return &Picture{
		Width: head.Width, Height: head.Height, data: data, format: format, digest: sha256.Sum256(data),
	}, nil
}

// Within is the largest box in the middle of b with the picture's proportions.
func (p *Picture) Within(b Box) Box {
	w, h := b.W, roundDiv(b.W*p.Height, p.Width)
	if h > b.H {
		w, h = roundDiv(b.H*p.Width, p.Height), b.H
	}
	w, h = max(w, 1), max(h, 1)
	return Box{b.X + (b.W-w)/2, b.Y + (b.H-h)/2, w, h}
}
