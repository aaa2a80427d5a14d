package signing

import (
	"bytes"
	"compress/zlib"
	"fmt"
	"image"
	"image/color"
	"math"

	"github.com/elicense/elicense/internal/pdf"
)

// PDFStamp is a picture on a page, such as a drawn round seal (圆章). It shows who signed and is no seal of GB/T 38540.
type PDFStamp struct {
	Page    int // from 1
	X, Y    float64
	Picture SealPicture // "png", "gif" or "jpg"
}

const pointsPerMM = 72 / 25.4

// rect places the stamp: X and Y are millimetres of its upper left corner from that of the page, as it is shown.
func (s *PDFStamp) rect(page *pdf.Page) ([4]float64, error) {
	b := page.Box
	w, h := b[2]-b[0], b[3]-b[1]
	if w <= 0 || h <= 0 || page.Turn%90 != 0 {
		return [4]float64{}, fmt.Errorf("%w: a page without size", ErrPlace)
	}
	turn := ((page.Turn/90)%4 + 4) % 4
	shownW, shownH := w, h
	if turn%2 == 1 {
		shownW, shownH = h, w
	}
	left, top := s.X*pointsPerMM, s.Y*pointsPerMM
	right := left + float64(s.Picture.WidthMM)*pointsPerMM
	bottom := top + float64(s.Picture.HeightMM)*pointsPerMM
	if !(left >= 0 && top >= 0 && right <= shownW && bottom <= shownH) {
		return [4]float64{}, fmt.Errorf("%w: it reaches over the edge of the page", ErrPlace)
	}
	place := func(x, y float64) (float64, float64) {
		switch turn {
		case 1:
			return b[0] + y, b[1] + x
		case 2:
			return b[2] - x, b[1] + y
		case 3:
			return b[2] - y, b[3] - x
		default:
			return b[0] + x, b[3] - y
		}
	}
	x1, y1 := place(left, top)
	x2, y2 := place(right, bottom)
	return [4]float64{
		hundredth(min(x1, x2)), hundredth(min(y1, y2)), hundredth(max(x1, x2)), hundredth(max(y1, y2)),
	}, nil
}

func hundredth(x float64) float64 { return math.Round(x*100) / 100 }

// look is the appearance: the picture, upright as the page is shown.
func (s *PDFStamp) look(u *pdf.Update, page *pdf.Page) (pdf.Object, error) {
	if s.Picture.Type == "ofd" {
		return nil, refuseSeal(SealReasonPicture, "type is none of png, gif, jpg")
	}
	if err := s.Picture.check(); err != nil {
		return nil, err
	}
	picture, err := s.xobject(u)
	if err != nil {
		return nil, err
	}
	w, h := float64(s.Picture.WidthMM)*pointsPerMM, float64(s.Picture.HeightMM)*pointsPerMM
	sin, cos := [4]int64{0, 1, 0, -1}, [4]int64{1, 0, -1, 0}
	turn := ((page.Turn/90)%4 + 4) % 4
	content := fmt.Sprintf("q %.2f 0 0 %.2f 0 0 cm /P Do Q", w, h)
	return u.AddStream(pdf.Dict{
		"Type": pdf.Name("XObject"), "Subtype": pdf.Name("Form"),
		"BBox":      pdf.Array{int64(0), int64(0), hundredth(w), hundredth(h)},
		"Matrix":    pdf.Array{cos[turn], sin[turn], -sin[turn], cos[turn], int64(0), int64(0)},
		"Resources": pdf.Dict{"XObject": pdf.Dict{"P": picture}},
	}, []byte(content)), nil
}

// xobject is the picture: a JPEG as it is, any other decoded, with its transparency.
func (s *PDFStamp) xobject(u *pdf.Update) (pdf.Ref, error) {
	if s.Picture.Type == "jpg" {
		config, _, err := image.DecodeConfig(bytes.NewReader(s.Picture.Data))
		if err != nil {
			return pdf.Ref{}, refuseSeal(SealReasonPicture, "is no JPG")
		}
		space := pdf.Name("DeviceRGB")
		switch config.ColorModel {
		case color.GrayModel:
			space = "DeviceGray"
		case color.CMYKModel:
			return pdf.Ref{}, refuseSeal(SealReasonPicture, "is in four colours")
		}
		d := imageDict(config.Width, config.Height, space)
		d["Filter"] = pdf.Name("DCTDecode")
		return u.AddStream(d, s.Picture.Data), nil
	}
	img, _, err := image.Decode(bytes.NewReader(s.Picture.Data))
	if err != nil {
		return pdf.Ref{}, refuseSeal(SealReasonPicture, "is damaged")
	}
	size := img.Bounds().Size()
	colours := make([]byte, 0, 3*size.X*size.Y)
	cover := make([]byte, 0, size.X*size.Y)
	for y := range size.Y {
		for x := range size.X {
			c, _ := color.NRGBAModel.Convert(img.At(img.Bounds().Min.X+x, img.Bounds().Min.Y+y)).(color.NRGBA)
			colours, cover = append(colours, c.R, c.G, c.B), append(cover, c.A)
		}
	}
	mask, err := deflated(imageDict(size.X, size.Y, "DeviceGray"), cover)
	if err != nil {
		return pdf.Ref{}, err
	}
	body, err := deflated(imageDict(size.X, size.Y, "DeviceRGB"), colours)
	if err != nil {
		return pdf.Ref{}, err
	}
	body.dict["SMask"] = u.AddStream(mask.dict, mask.data)
	return u.AddStream(body.dict, body.data), nil
}

func imageDict(width, height int, space pdf.Name) pdf.Dict {
	return pdf.Dict{
		"Type": pdf.Name("XObject"), "Subtype": pdf.Name("Image"), "Width": int64(width), "Height": int64(height),
		"ColorSpace": space, "BitsPerComponent": int64(8),
	}
}

type streamed struct {
	dict pdf.Dict
	data []byte
}

func deflated(d pdf.Dict, data []byte) (streamed, error) {
	var b bytes.Buffer
	w := zlib.NewWriter(&b)
	if _, err := w.Write(data); err != nil {
		return streamed{}, err
	}
	if err := w.Close(); err != nil {
		return streamed{}, err
	}
	d["Filter"] = pdf.Name("FlateDecode")
	return streamed{d, b.Bytes()}, nil
}
