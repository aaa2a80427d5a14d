package page_test

import (
	"bytes"
	"image"
	"image/png"
	"os"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/page"
)

const mm = page.MM

var readFont = sync.OnceValues(func() (*page.Font, error) {
	data, err := os.ReadFile("/usr/share/fonts/truetype/wqy/wqy-microhei.ttc")
	if err != nil {
		return nil, err
	}
	return page.ParseFont(data, 0)
})

func font(t testing.TB) *page.Font {
	t.Helper()
	f, err := readFont()
	if err != nil {
		t.Skip("no CJK font: apt-get install fonts-wqy-microhei")
	}
	return f
}

// embedded is a small font file: the part of a font that some characters need.
func embedded(t testing.TB, text string) []byte {
	t.Helper()
	chars := map[rune]bool{}
	for _, c := range text {
		chars[c] = true
	}
	b, err := font(t).Embed(chars)
	require.NoError(t, err)
	require.NotEmpty(t, b)
	return b
}

// written sets one line on a sheet.
func written(f page.Fonts, text string) *page.Book {
	set := page.NewSetter(f)
	s := &page.Sheet{Width: 100 * mm, Height: 50 * mm}
	st := page.Style{Size: 4 * mm, Align: page.AlignLeft}
	lines := page.Wrap(set.Letters(text, st), 80*mm)
	s.AddLines(page.Set(lines, page.Box{X: 10 * mm, Y: 10 * mm, W: 80 * mm, H: 30 * mm}, st), []string{"NAME"}, false)
	return &page.Book{Sheets: []*page.Sheet{s}, Fonts: f, TitleName: "楷体", BodyName: "宋体"}
}

func smallPNG(t testing.TB) []byte {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, png.Encode(&b, image.NewGray(image.Rect(0, 0, 3, 2))))
	return b.Bytes()
}
