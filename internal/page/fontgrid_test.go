package page_test

import (
	"encoding/binary"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/page"
)

// specimen has strokes of every kind, letters and marks.
const specimen = "食品经营许可证示例永鑫龘ABgj0123，。（）"

// everyFont runs a test with each font of the system that pages are drawn with.
func everyFont(t *testing.T, test func(t *testing.T, data []byte)) {
	t.Helper()
	for name, path := range map[string]string{
		"microhei": "/usr/share/fonts/truetype/wqy/wqy-microhei.ttc",
		"wenkai":   "/usr/share/fonts/truetype/lxgw-wenkai/LXGWWenKai-Regular.ttf",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			data, err := os.ReadFile(path)
			if err != nil {
				t.Skipf("no CJK font %s: apt-get install fonts-wqy-microhei fonts-lxgw-wenkai", path)
			}
			test(t, data)
		})
	}
}

func subset(t *testing.T, data []byte) (whole *page.Font, part []byte) {
	t.Helper()
	whole, err := page.ParseFont(data, 0)
	require.NoError(t, err)
	chars := map[rune]bool{}
	for _, c := range specimen {
		chars[c] = true
	}
	part, err = whole.Embed(chars)
	require.NoError(t, err)
	return whole, part
}

// TestEmbedKeepsLook: no outline of an embedded font lies farther from the font's own than merging and rounding may move
// it; the bytes are the same each time, from a font that was read anew too.
func TestEmbedKeepsLook(t *testing.T) {
	t.Parallel()
	everyFont(t, func(t *testing.T, data []byte) {
		t.Helper()
		whole, part := subset(t, data)
		_, again := subset(t, data)
		require.Equal(t, part, again)
		embedded, err := page.ParseFont(part, 0)
		require.NoError(t, err)
		for _, c := range specimen {
			require.Less(t, page.Apart(whole, embedded, c), 1.0/150, string(c))
			require.InDelta(t, whole.Width(c), embedded.Width(c), 3, string(c))
		}
	})
}

// TestEmbedTables: every glyph begins where its bearing says, has no instructions, and the part is no larger than a
// small document bears.
func TestEmbedTables(t *testing.T) {
	t.Parallel()
	everyFont(t, func(t *testing.T, data []byte) {
		t.Helper()
		_, part := subset(t, data)
		tables := map[string][]byte{}
		for i := range int(binary.BigEndian.Uint16(part[4:])) {
			e := part[12+16*i:]
			at, size := binary.BigEndian.Uint32(e[8:]), binary.BigEndian.Uint32(e[12:])
			tables[string(e[:4])] = part[at : at+size]
		}
		for _, tag := range []string{"cvt ", "fpgm", "prep", "GSUB", "GPOS", "DSIG"} {
			require.NotContains(t, tables, tag)
		}
		require.Zero(t, binary.BigEndian.Uint16(tables["head"][50:]))
		long := int(binary.BigEndian.Uint16(tables["hhea"][34:]))
		glyphs := 0
		for i := range len(tables["loca"])/2 - 1 {
			from, to := binary.BigEndian.Uint16(tables["loca"][2*i:]), binary.BigEndian.Uint16(tables["loca"][2*i+2:])
			g := tables["glyf"][2*int(from) : 2*int(to)]
			if _, ok := page.ReadGlyph(g); !ok {
				continue
			}
			glyphs++
			bearing := tables["hmtx"][min(4*i+2, 4*long+2*(i-long)):]
			require.Equal(t, binary.BigEndian.Uint16(g[2:]), binary.BigEndian.Uint16(bearing), i)
			require.Zero(t, binary.BigEndian.Uint16(g[10+2*int(binary.BigEndian.Uint16(g)):]), "instructions")
		}
		require.Greater(t, glyphs, 20)
		require.Less(t, len(part), 300*len(specimen))
	})
}

// TestMerged: points on a line go, corners stay, and curves of one bend become one.
func TestMerged(t *testing.T) {
	t.Parallel()
	on := func(x, y int) page.StrokePoint { return page.StrokeAt(x, y, true) }
	off := func(x, y int) page.StrokePoint { return page.StrokeAt(x, y, false) }
	square := []page.StrokePoint{on(0, 0), on(0, 100), on(100, 100), on(100, 0)}
	for name, test := range map[string]struct {
		in, want []page.StrokePoint
	}{
		"square":         {square, square},
		"points on line": {[]page.StrokePoint{on(0, 0), on(0, 40), on(0, 70), on(0, 100), on(100, 100), on(100, 0)}, square},
		"too far": {
			[]page.StrokePoint{on(0, 0), on(4, 50), on(0, 100), on(100, 100), on(100, 0)},
			[]page.StrokePoint{on(0, 0), on(4, 50), on(0, 100), on(100, 100), on(100, 0)},
		},
		"a step near a line": {
			[]page.StrokePoint{on(0, 0), on(0, 50), on(3, 50), on(3, 100), on(100, 100), on(100, 0)},
			[]page.StrokePoint{on(0, 0), on(0, 50), on(3, 50), on(3, 100), on(100, 100), on(100, 0)},
		},
		"one bend in two curves": {
			[]page.StrokePoint{on(0, 0), off(0, 25), off(25, 50), on(50, 50), on(50, 0)},
			[]page.StrokePoint{on(0, 0), off(0, 50), on(50, 50), on(50, 0)},
		},
		"no outline": {[]page.StrokePoint{on(0, 0), off(5, 5)}, []page.StrokePoint{on(0, 0), off(5, 5)}},
	} {
		got := page.Merged(test.in, 7)
		if name == "too far" {
			got = page.Merged(test.in, 2)
		}
		require.Empty(t, cmp.Diff(test.want, got, cmp.AllowUnexported(page.StrokePoint{})), name)
	}
}

// TestGridded: points lie on the grid, and one that two controls imply is not written.
func TestGridded(t *testing.T) {
	t.Parallel()
	on := func(x, y int) page.StrokePoint { return page.StrokeAt(x, y, true) }
	off := func(x, y int) page.StrokePoint { return page.StrokeAt(x, y, false) }
	got := page.Gridded([]page.StrokePoint{on(1, -1), off(1, 49), on(24, 74), off(49, 98), on(99, 99), on(50, 3)}, 4)
	want := []page.StrokePoint{on(0, 0), off(0, 48), off(48, 100), on(100, 100), on(52, 4)}
	require.Empty(t, cmp.Diff(want, got, cmp.AllowUnexported(page.StrokePoint{})))
}

// TestManyPoints: a glyph of more points than any character has, told by flags that repeat, stays as it is.
func TestManyPoints(t *testing.T) {
	t.Parallel()
	const count = 1 << 15
	b := []byte("\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00")
	b = binary.BigEndian.AppendUint16(b, count-1)
	b = append(b, 0, 0)
	for range count / 256 {
		b = append(b, 0x39, 255) // on the outline, where it was, 255 times more
	}
	_, contours, ok := page.ThinGlyph(b, 1000)
	require.True(t, ok)
	require.Len(t, contours[0], count)
}

// FuzzThinGlyph: what is no simple glyph is left alone; what is one can be read again once it is drawn anew, contour by
// contour on the grid.
func FuzzThinGlyph(f *testing.F) {
	f.Add([]byte("\x00\x01\x00\x00\x00\x00\x00\x64\x00\x64\x00\x03\x00\x00\x01\x01\x01\x01\x00\x00\x00\x64\x00\x00\xff\x9c\x00\x64\x00\x00\xff\x9c\x00\x00"))
	f.Add([]byte("\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\x00\x3e\x00\x01\x01\x01"))
	f.Add([]byte("\xff\xff\x00\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		before, ok := page.ReadGlyph(b)
		out, contours, thin := page.ThinGlyph(b, 1000)
		require.Equal(t, ok, thin)
		if !ok {
			require.Nil(t, out)
			return
		}
		again, ok := page.ReadGlyph(out)
		require.True(t, ok)
		require.Len(t, again, len(before))
		require.Empty(t, cmp.Diff(contours, again, cmp.AllowUnexported(page.StrokePoint{})))
	})
}
