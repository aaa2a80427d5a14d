package page_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/ofd"
	"github.com/elicense/elicense/internal/page"
)

// TestPackage: a package has what it is given and nothing else: no index and no attachments where there are none.
func TestPackage(t *testing.T) {
	t.Parallel()
	book := written(page.Fonts{}, "示例")
	bare, err := book.Files(page.About{ID: strings.Repeat("0", 32), Title: "甲<乙>"})
	require.NoError(t, err)
	require.Equal(t, page.RootFile, bare[0].Name)
	for _, f := range bare {
		require.NotContains(t, f.Name, "Attachs")
		require.NotContains(t, f.Name, "Tags")
		require.NotContains(t, f.Name, "DocumentRes", "there is no picture")
	}
	full, err := book.Files(page.About{
		ID: strings.Repeat("0", 32), Data: []page.Datum{{Name: "A", Value: "1"}},
		Index:       &page.Index{TypeID: "x", Namespace: "urn:x", Prefix: "x", Root: "Root"},
		Attachments: []page.Attachment{{ID: "a", File: "a.json", Data: []byte("{}")}},
	})
	require.NoError(t, err)
	b, err := ofd.Marshal(full)
	require.NoError(t, err)
	p, err := ofd.Open(bytes.NewReader(b), int64(len(b)))
	require.NoError(t, err)
	require.Equal(t, "1", p.Documents()[0].Info.Custom[0].Value)
	c, err := p.Content(page.DocumentFile)
	require.NoError(t, err)
	require.NotEmpty(t, c.Attachments)
	index, err := p.ReadFile("Doc_0/Tags/CustomTag.xml", 1<<16)
	require.NoError(t, err)
	require.Contains(t, string(index), "<x:NAME><ofd:ObjectRef")
	got, err := p.ReadFile("Doc_0/Attachs/a.json", 1<<16)
	require.NoError(t, err)
	require.Equal(t, "{}", string(got))
}

// TestShapeUnit: a shape that counts in a unit of its own says so, and stands where it would without.
func TestShapeUnit(t *testing.T) {
	t.Parallel()
	box := page.Box{X: 20 * mm, Y: 30 * mm, W: 3 * mm, H: 3 * mm}
	path := page.Rectangle(page.Box{X: 20750, Y: 30750, W: 1500, H: 750})
	s := &page.Sheet{Width: 100 * mm, Height: 50 * mm}
	s.Add(false, page.Mark{Shape: &page.Shape{Box: box, Unit: 750, Path: path, Fill: true}})
	s.Add(false, page.Mark{Shape: &page.Shape{Box: box, Path: path, Fill: true}})
	files, err := (&page.Book{Sheets: []*page.Sheet{s}}).Files(page.About{})
	require.NoError(t, err)
	var content string
	for _, f := range files {
		if strings.HasSuffix(f.Name, "Content.xml") {
			content = string(f.Data)
		}
	}
	require.Contains(t, content, `Boundary="20 30 3 3" CTM="0.75 0 0 0.75 0 0"`)
	require.Contains(t, content, "M 1 1 L 3 1 L 3 2 L 1 2 C")
	require.Contains(t, content, "M 0.75 0.75 L 2.25 0.75 L 2.25 1.5 L 0.75 1.5 C")
}

// TestRefusals: no page, no font, no picture.
func TestRefusals(t *testing.T) {
	t.Parallel()
	_, err := (&page.Book{}).Files(page.About{})
	require.ErrorIs(t, err, page.ErrPage)
	book := written(page.Fonts{}, "示例")
	_, err = book.SVG(1)
	require.ErrorIs(t, err, page.ErrPage)
	_, err = book.PNG(-1, 100)
	require.ErrorIs(t, err, page.ErrPage)
	_, err = book.PNG(0, 100)
	require.ErrorIs(t, err, page.ErrNoFont)
	drawn := written(page.Fonts{Title: font(t)}, "示例")
	_, err = drawn.PNG(0, page.MaxDPI+1)
	require.ErrorIs(t, err, page.ErrPage)
	for _, b := range [][]byte{nil, []byte("%PDF-"), smallPNG(t)[:20], make([]byte, page.MaxPictureBytes+1)} {
		_, err = page.ParsePicture(b)
		require.ErrorIs(t, err, page.ErrImage)
	}
	for _, b := range [][]byte{nil, []byte("ttcf"), make([]byte, 100), embedded(t, "示")[:200]} {
		_, err = page.ParseFont(b, 0)
		require.ErrorIs(t, err, page.ErrFont)
	}
}

// TestWrap: lines keep to their width, begin with no closing mark and no space, hold words together, and leave no character alone.
func TestWrap(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]string{
		"甲乙丙丁戊己庚辛":      {"甲乙丙丁戊", "己庚辛"},
		"甲乙丙丁，戊己":       {"甲乙丙丁，", "戊己"},
		"甲乙丙（丁）戊":       {"甲乙丙", "（丁）戊"},
		"甲乙丙 x.xml 戊己庚": {"甲乙丙", "x.xml", "戊己庚"},
		"[甲乙丙丁] 戊己":     {"[甲乙丙丁]", "戊己"},
		"一\n二":          {"一", "二"},
	} {
		set := page.NewSetter(page.Fonts{})
		var got []string
		for _, l := range page.Wrap(set.Letters(text, page.Style{Size: 4 * mm}), 20*mm) {
			var b strings.Builder
			for _, r := range page.SetLine(l, page.Box{W: 20 * mm}, page.Style{Size: 4 * mm}).Runs {
				b.WriteString(string(r.Text))
			}
			got = append(got, b.String())
		}
		require.Equal(t, want, got, text)
	}
}

// FuzzParsePicture: what is taken for a picture has a size that can be drawn.
func FuzzParsePicture(f *testing.F) {
	f.Add(smallPNG(f))
	f.Add([]byte("\xff\xd8\xff\xe0"))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := page.ParsePicture(b)
		if err != nil {
			require.ErrorIs(t, err, page.ErrImage)
			require.Nil(t, p)
			return
		}
		in := p.Within(page.Box{W: 10 * mm, H: 10 * mm})
		require.True(t, in.W > 0 && in.H > 0 && in.W <= 10*mm && in.H <= 10*mm)
	})
}

// FuzzParseFont: a damaged font is refused or used, and never brings the program down; what is embedded of it is a font
// again.
func FuzzParseFont(f *testing.F) {
	const text = "示例A1，"
	f.Add(embedded(f, text))
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := page.ParseFont(b, 0)
		if err != nil {
			require.ErrorIs(t, err, page.ErrFont)
			require.Nil(t, got)
			return
		}
		book := written(page.Fonts{Body: got}, text)
		_, err = book.SVG(0)
		require.NoError(t, err)
		if _, err = book.Files(page.About{}); err != nil {
			require.ErrorIs(t, err, page.ErrFont)
		}
	})
}
