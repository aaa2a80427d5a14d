package signing

import (
	"bytes"
	"image"
	_ "image/gif" // pictures of seals come in these
	_ "image/jpeg"
	_ "image/png"
	"strings"
)

// Limits of a seal's picture.
const (
	MaxSealPictureBytes = 512 << 10
	maxSealPixels       = 4096
	maxSealMillimetres  = 100
)

// SealPicture is the picture of a seal (印章图片) with its size on paper.
type SealPicture struct {
	Type     string // "png", "gif", "jpg" or "ofd"
	Data     []byte
	WidthMM  int
	HeightMM int
}

// kindOfPicture is what the decoder of that type calls it.
var kindOfPicture = map[string]string{"png": "png", "gif": "gif", "jpg": "jpeg"}

// check wants a picture that is what it says, of a size that a reader can draw: only its head is decoded.
func (p *SealPicture) check() error {
	switch {
	case len(p.Data) == 0:
		return refuseSeal(SealReasonPicture, "there is none")
	case len(p.Data) > MaxSealPictureBytes:
		return refuseSeal(SealReasonPicture, "%d bytes, at most %d", len(p.Data), MaxSealPictureBytes)
	case p.WidthMM <= 0, p.HeightMM <= 0, p.WidthMM > maxSealMillimetres, p.HeightMM > maxSealMillimetres:
		return refuseSeal(SealReasonPicture, "%d by %d mm, at most %d", p.WidthMM, p.HeightMM, maxSealMillimetres)
	case p.Type == "ofd":
		if !bytes.HasPrefix(p.Data, []byte("PK\x03\x04")) {
			return refuseSeal(SealReasonPicture, "is no OFD")
		}
		return nil
	}
	kind, known := kindOfPicture[p.Type]
	if !known {
		return refuseSeal(SealReasonPicture, "type is none of png, gif, jpg, ofd")
	}
	config, found, err := image.DecodeConfig(bytes.NewReader(p.Data))
	if err != nil || found != kind {
		return refuseSeal(SealReasonPicture, "is no %s", strings.ToUpper(p.Type))
	}
	if config.Width <= 0 || config.Height <= 0 || config.Width > maxSealPixels || config.Height > maxSealPixels {
		return refuseSeal(SealReasonPicture, "%d by %d pixels, at most %d", config.Width, config.Height, maxSealPixels)
	}
	return nil
}
