package catalogue

import (
	"bytes"
	"image"
	_ "image/jpeg" // images come as JPEG or PNG
	_ "image/png"
	"strconv"
	"strings"
)

// Limits of an image beside its bytes.
const (
	MinImageSide   = 32       // pixels
	MaxImagePixels = 16 << 20 // unfolded
)

// image accepts the SM3 digest of an image's content: 64 lower-case hexadecimal digits.
func (c *Column) image(raw string) (string, Problems) {
	const digits = 64
	s := strings.TrimSpace(raw)
	if len(s) != digits || strings.Trim(s, "0123456789abcdef") != "" {
		return "", Problems{{Code: CodeValueImage, Path: c.Name, Found: shorten(s)}}
	}
	return s, nil
}

func (c *Column) maxBytes() int {
	if c.Rules.MaxBytes > 0 {
		return c.Rules.MaxBytes
	}
	return MaxImageBytes
}

// CheckImage refuses what is no whole JPEG or PNG, or too large for the column. Its head is judged before it is
// unfolded.
func (c *Column) CheckImage(content []byte) Problems {
	bad := func(code Code, found, want string) Problems {
		return Problems{{Code: code, Path: c.Name, Found: found, Want: want}}
	}
	if c.Kind != KindImage {
		return bad(CodeValueImage, c.Label, "")
	}
	if n := len(content); n == 0 || n > c.maxBytes() {
		return bad(CodeImageBytes, strconv.Itoa(n), strconv.Itoa(c.maxBytes()))
	}
	if !bytes.HasPrefix(content, []byte("\xff\xd8\xff")) && !bytes.HasPrefix(content, []byte("\x89PNG\r\n\x1a\n")) {
		return bad(CodeImageKind, "", "")
	}
	head, _, err := image.DecodeConfig(bytes.NewReader(content))
	if err != nil {
		return bad(CodeImageKind, "", "")
	}
	if min(head.Width, head.Height) < MinImageSide || head.Width > MaxImagePixels/head.Height {
		return bad(CodeImagePixels, strconv.Itoa(head.Width)+" × "+strconv.Itoa(head.Height), "")
	}
	if _, _, err := image.Decode(bytes.NewReader(content)); err != nil {
		return bad(CodeImageKind, "", "")
	}
	return nil
}
