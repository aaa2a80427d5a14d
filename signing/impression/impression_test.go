package impression_test

import (
	"bytes"
	"encoding/binary"
	"encoding/xml"
	"image/color"
	"image/png"
	"math"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/image/font/gofont/goregular"

	"github.com/elicense/elicense/signing/impression"
)

func latin(t testing.TB) *impression.Font {
	t.Helper()
	f, err := impression.ParseFont(goregular.TTF)
	require.NoError(t, err)
	return f
}

// chinese is a font of Debian with Chinese characters.
func chinese(t testing.TB) *impression.Font {
	t.Helper()
	for _, path := range []string{
		"/usr/share/fonts/truetype/wqy/wqy-microhei.ttc", "/usr/share/fonts/truetype/lxgw-wenkai/LXGWWenKai-Regular.ttf",
	} {
		data, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		f, err := impression.ParseFont(data)
		require.NoError(t, err, path)
		return f
	}
	t.Skip("no Chinese font: install fonts-wqy-microhei or fonts-lxgw-wenkai")
	return nil
}

func draw(t testing.TB, d impression.Design) *impression.Impression {
	t.Helper()
	i, err := impression.Draw(d)
	require.NoError(t, err)
	return i
}

func pngOf(t testing.TB, i *impression.Impression) []byte {
	t.Helper()
	b, err := i.PNG(impression.DPI)
	require.NoError(t, err)
	return b
}

// svg is the whole of a picture: anything else in it fails the test.
type svg struct {
	XMLName xml.Name `xml:"http://www.w3.org/2000/svg svg"`
	Width   string   `xml:"width,attr"`
	Height  string   `xml:"height,attr"`
	ViewBox string   `xml:"viewBox,attr"`
	Title   string   `xml:"title"`
	Path    struct {
		Fill string `xml:"fill,attr"`
		D    string `xml:"d,attr"`
	} `xml:"path"`
	Other []xml.Attr `xml:",any,attr"`
	Rest  []struct {
		XMLName xml.Name
	} `xml:",any"`
}

var step = regexp.MustCompile(`[MLQCZ]|-?[0-9]+(\.[0-9]+)?`)

// read parses a picture and returns its points, all of them within the given distance from the middle.
func read(t testing.TB, i *impression.Impression, within float64) svg {
	t.Helper()
	var s svg
	require.NoError(t, xml.Unmarshal(i.SVG(), &s))
	require.Empty(t, s.Rest)
	for _, a := range s.Other {
		require.Equal(t, "xmlns", a.Name.Local)
	}
	require.Empty(t, strings.TrimSpace(step.ReplaceAllString(s.Path.D, "")))
	var numbers []float64
	for _, word := range step.FindAllString(s.Path.D, -1) {
		if v, err := strconv.ParseFloat(word, 64); err == nil {
			numbers = append(numbers, v)
		}
	}
	require.Zero(t, len(numbers)%2)
	half := float64(i.SizeMM()) / 2
	for at := 0; at < len(numbers); at += 2 {
		require.LessOrEqual(t, math.Hypot(numbers[at]-half, numbers[at+1]-half), within+0.01)
	}
	return s
}

// cornered is how far a control point of a circle stands from its middle.
const cornered = 1.15

func TestDrawRound(t *testing.T) {
	f := latin(t)
	for n := 1; n <= impression.MaxName; n++ {
		name := strings.Repeat("W", n)
		for _, d := range []impression.Design{
			{Name: name, Font: f}, {Name: name, Usage: "MMMMMMM", Code: "35010000000001", Font: f},
		} {
			i := draw(t, d)
			require.Equal(t, impression.RoundMM, i.SizeMM())
			s := read(t, i, impression.RoundMM/2*cornered)
			require.Equal(t, "42mm 42mm 0 0 42 42", s.Width+" "+s.Height+" "+s.ViewBox)
			require.Equal(t, "#E60012", s.Path.Fill)
			require.Equal(t, d.Name+d.Usage, s.Title)
		}
	}
}

func TestDrawSquare(t *testing.T) {
	f := latin(t)
	for n := 4; n <= impression.MaxSquare; n++ {
		i := draw(t, impression.Design{Kind: impression.Square, Name: strings.Repeat("W", n), Font: f})
		require.Equal(t, impression.SquareMM, i.SizeMM())
		read(t, i, impression.SquareMM/2*math.Sqrt2)
	}
	with := draw(t, impression.Design{Kind: impression.Square, Name: "AB·CD", Font: f})
	without := draw(t, impression.Design{Kind: impression.Square, Name: "ABCD", Font: f})
	require.Equal(t, pngOf(t, without), pngOf(t, with), "the dot is not engraved")
}

func TestDrawChinese(t *testing.T) {
	f := chinese(t)
	for _, d := range []impression.Design{
		{Name: "示例市卫健局", Font: f},
		{Name: "示例市市场监督管理局", Usage: "行政审批专用章", Code: "35010000000001", Font: f},
		{Name: "示例省示例市示例自治县住房和城乡建设委员会行政审批服务中心第一窗口", Usage: "行政审批专用章", Font: f},
		{Kind: impression.Square, Name: "张示", Font: f}, {Kind: impression.Square, Name: "张示例", Font: f},
	} {
		i := draw(t, d)
		require.Equal(t, d.Name+d.Usage, read(t, i, impression.RoundMM/2*cornered).Title)
		require.Less(t, len(pngOf(t, i)), 32<<10, "a small picture makes a fast seal")
	}
	short := draw(t, impression.Design{Kind: impression.Square, Name: "张示", Font: f})
	full := draw(t, impression.Design{Kind: impression.Square, Name: "张示之印", Font: f})
	require.Equal(t, pngOf(t, full), pngOf(t, short))
}

// The same design and font give the same bytes.
func TestSameDesignSameBytes(t *testing.T) {
	d := impression.Design{Name: "ELICENSE", Usage: "TEST", Code: "35010000000001", Font: latin(t)}
	a, b := draw(t, d), draw(t, d)
	require.Equal(t, a.SVG(), b.SVG())
	require.Equal(t, pngOf(t, a), pngOf(t, b))
	d.Name = "ELICENCE"
	require.NotEqual(t, a.SVG(), draw(t, d).SVG())
}

func TestPNG(t *testing.T) {
	i := draw(t, impression.Design{Name: "ELICENSE", Font: latin(t)})
	picture, err := png.Decode(bytes.NewReader(pngOf(t, i)))
	require.NoError(t, err)
	require.Equal(t, 496, picture.Bounds().Dx())
	require.Equal(t, 496, picture.Bounds().Dy())
	at := func(x, y int) color.NRGBA {
		c, ok := color.NRGBAModel.Convert(picture.At(x, y)).(color.NRGBA)
		require.True(t, ok)
		return c
	}
	red := color.NRGBA{0xe6, 0, 0x12, 0xff}
	require.Equal(t, red, at(248, 248), "the star")
	require.Equal(t, red, at(248, 5), "the ring")
	require.Zero(t, at(0, 0).A, "outside")
	require.Zero(t, at(248, 400).A, "between star and ring")
	for _, dpi := range []int{0, 71, 1201} {
		b, err := i.PNG(dpi)
		require.Equal(t, impression.ReasonDesign, impression.ReasonOf(err))
		require.Nil(t, b)
	}
}

// Without a font nothing is drawn that looks like a name: it is refused, or ring and star alone.
func TestWithoutFont(t *testing.T) {
	i, err := impression.Draw(impression.Design{Name: "示例市卫健局"})
	require.Equal(t, impression.ReasonNoFont, impression.ReasonOf(err))
	require.ErrorContains(t, err, "fonts-wqy-microhei")
	require.Nil(t, i)
	for _, kind := range []impression.Kind{impression.Round, impression.Square} {
		bare := draw(t, impression.Design{Kind: kind, Name: "示例市卫健局", Textless: true})
		other := draw(t, impression.Design{Kind: kind, Name: "示例市应急局", Textless: true})
		require.Equal(t, pngOf(t, bare), pngOf(t, other))
	}
}

func TestDrawRefuses(t *testing.T) {
	f := latin(t)
	for name, c := range map[string]struct {
		design impression.Design
		want   impression.Reason
	}{
		"no name":          {impression.Design{Font: f}, impression.ReasonDesign},
		"dots":             {impression.Design{Kind: impression.Square, Name: "··", Font: f}, impression.ReasonDesign},
		"not UTF-8":        {impression.Design{Name: "\xff", Font: f}, impression.ReasonDesign},
		"unknown kind":     {impression.Design{Kind: 2, Name: "A", Font: f}, impression.ReasonDesign},
		"long name":        {impression.Design{Name: strings.Repeat("A", 41), Font: f}, impression.ReasonLong},
		"long usage":       {impression.Design{Name: "A", Usage: strings.Repeat("A", 13), Font: f}, impression.ReasonLong},
		"long code":        {impression.Design{Name: "A", Code: strings.Repeat("1", 19), Font: f}, impression.ReasonLong},
		"long person":      {impression.Design{Kind: impression.Square, Name: strings.Repeat("A", 17), Font: f}, impression.ReasonLong},
		"person's usage":   {impression.Design{Kind: impression.Square, Name: "A", Usage: "B", Font: f}, impression.ReasonDesign},
		"no such glyph":    {impression.Design{Name: "示例", Font: f}, impression.ReasonGlyph},
		"none in usage":    {impression.Design{Name: "A", Usage: "章", Font: f}, impression.ReasonGlyph},
		"none in code":     {impression.Design{Name: "A", Code: "一", Font: f}, impression.ReasonGlyph},
		"none in a square": {impression.Design{Kind: impression.Square, Name: "ABCD示", Font: f}, impression.ReasonGlyph},
	} {
		i, err := impression.Draw(c.design)
		require.Equal(t, c.want, impression.ReasonOf(err), name)
		require.Nil(t, i, name)
	}
	require.Empty(t, impression.ReasonOf(os.ErrNotExist))
}

func TestTitleIsEscaped(t *testing.T) {
	d := impression.Design{Name: `A<&>"`, Font: latin(t)}
	require.Equal(t, d.Name, read(t, draw(t, d), impression.RoundMM/2*cornered).Title)
}

// collection puts a font into a collection, its tables at odd places.
func collection(ttf []byte) []byte {
	const shift = 12 + 4 + 1
	out := append([]byte("ttcf\x00\x01\x00\x00\x00\x00\x00\x01\x00\x00\x00\x11"), 0)
	out = append(out, ttf...)
	for i := range int(binary.BigEndian.Uint16(ttf[4:])) {
		at := shift + 12 + 16*i + 8
		binary.BigEndian.PutUint32(out[at:], binary.BigEndian.Uint32(out[at:])+shift)
	}
	return out
}

func TestParseFontCollection(t *testing.T) {
	d := impression.Design{Name: "ELICENSE", Font: latin(t)}
	want := draw(t, d).SVG()
	var err error
	d.Font, err = impression.ParseFont(collection(goregular.TTF))
	require.NoError(t, err)
	require.Equal(t, want, draw(t, d).SVG())
}

func TestParseFontRefuses(t *testing.T) {
	beyond := collection(goregular.TTF)
	binary.BigEndian.PutUint32(beyond[12:], uint32(len(beyond)))
	table := bytes.Clone(goregular.TTF)
	binary.BigEndian.PutUint32(table[12+8:], uint32(len(table)))
	many := bytes.Clone(goregular.TTF)
	binary.BigEndian.PutUint16(many[4:], 129)
	for name, data := range map[string][]byte{
		"nothing": nil, "text": []byte(strings.Repeat("no font", 10)), "cut": goregular.TTF[:1000],
		"collection beyond": beyond, "table beyond": table, "many tables": many, "too large": make([]byte, 64<<20+1),
	} {
		f, err := impression.ParseFont(data)
		require.Equal(t, impression.ReasonFont, impression.ReasonOf(err), name)
		require.Nil(t, f, name)
	}
}

// Whatever is taken for a font, its tables stand where they are said to stand.
func FuzzFirstFont(f *testing.F) {
	f.Add(goregular.TTF[:4096])
	f.Add(collection(goregular.TTF)[:4096])
	f.Fuzz(func(t *testing.T, data []byte) {
		one, ok := impression.FirstFont(data)
		if !ok {
			require.Nil(t, one)
			return
		}
		for i := range int(one[5]) {
			record := one[12+16*i:]
			offset, length := binary.BigEndian.Uint32(record[8:]), binary.BigEndian.Uint32(record[12:])
			require.Zero(t, offset%4)
			require.LessOrEqual(t, uint64(offset)+uint64(length), uint64(len(one)))
		}
	})
}
