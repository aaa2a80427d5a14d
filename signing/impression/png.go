package impression

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"

	"golang.org/x/image/vector"
)

// Resolutions of a PNG in dots per inch.
const (
	DPI    = 300 // of a picture in a seal: every byte of it is hashed with every signature
	minDPI = 72
	maxDPI = 1200
)

const mmPerInch = 25.4

// shades is the number of steps from clear to full. Four make edges that are smooth on paper, and a file a quarter
// smaller than eight.
const shades = 4

// PNG is the picture on a transparent ground.
func (i *Impression) PNG(dpi int) ([]byte, error) {
	if dpi < minDPI || dpi > maxDPI {
		return nil, refuse(ReasonDesign, "%d dots per inch", dpi)
	}
	scale := float64(dpi) / mmPerInch
	pixels := int(float64(i.sizeMM)*scale + 0.5)
	r := vector.NewRasterizer(pixels, pixels)
	i.outlines.transform(scaling(scale, scale)).fill(r)
	bounds := image.Rect(0, 0, pixels, pixels)
	mask := image.NewAlpha(bounds)
	r.DrawOp = draw.Src
	r.Draw(mask, bounds, image.Opaque, image.Point{})

	out := image.NewPaletted(bounds, palette())
	for at, a := range mask.Pix {
		out.Pix[at] = uint8((int(a)*(shades-1) + 127) / 255) //nolint:gosec // below shades
	}
	var b bytes.Buffer
	encoder := png.Encoder{CompressionLevel: png.BestCompression}
	if err := encoder.Encode(&b, out); err != nil {
		return nil, fmt.Errorf("writing a PNG: %w", err)
	}
	return b.Bytes(), nil
}

func palette() color.Palette {
	p := make(color.Palette, shades)
	for i := range p {
		p[i] = color.NRGBA{R: 0xe6, G: 0x00, B: 0x12, A: uint8(i * 255 / (shades - 1))} //nolint:gosec // at most 255
	}
	return p
}

// fill hands the outlines to a rasterizer.
func (p path) fill(r *vector.Rasterizer) {
	for _, s := range p {
		a, b, c := s.points[0], s.points[1], s.points[2]
		switch s.op {
		case 'M':
			r.MoveTo(float32(a.x), float32(a.y))
		case 'L':
			r.LineTo(float32(a.x), float32(a.y))
		case 'Q':
			r.QuadTo(float32(a.x), float32(a.y), float32(b.x), float32(b.y))
		case 'C':
			r.CubeTo(float32(a.x), float32(a.y), float32(b.x), float32(b.y), float32(c.x), float32(c.y))
		default:
			r.ClosePath()
		}
	}
}
