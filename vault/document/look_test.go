package document_test

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/vault/catalogue"
	"github.com/elicense/elicense/vault/document"
)

var lookDay = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)

// TestLook writes the pages of every shipped type for people to look at, with short values and with long ones, and
// holds that no two texts stand on each other, none leaves its page, and none is lost.
func TestLook(t *testing.T) {
	d, err := document.New(document.Config{Fonts: fonts(t), Link: "https://licence.example/v/"})
	require.NoError(t, err)
	for _, name := range catalogue.ShippedNames() {
		typ := shippedType(t, name)
		for kind, long := range map[string]bool{"short": false, "long": true} {
			t.Run(name+" "+kind, func(t *testing.T) {
				l, err := d.Specimen(typ, long, lookDay)
				require.NoError(t, err)
				drawing, err := d.Draw(l)
				require.NoError(t, err)
				look(t, drawing, name+"-"+kind)
				require.Empty(t, drawing.Outside())
				require.Empty(t, drawing.Collisions())
				text := words(drawing)
				for _, v := range l.Values {
					if f, known := typ.Field(v.Name); known && f.Kind == catalogue.KindText {
						value := []rune(strings.Join(strings.Fields(v.Value), ""))
						n := min(len(value), 20) // a page of the annex may end between
						require.Contains(t, text, string(value[:n]), v.Name)
						require.Contains(t, text, string(value[len(value)-n:]), v.Name)
					}
				}
			})
		}
	}
}

// look writes pages into the folder ELICENSE_LOOK, for those who want to see them.
func look(t *testing.T, drawing *document.Drawing, name string) {
	t.Helper()
	dir := os.Getenv("ELICENSE_LOOK")
	for i := range drawing.Pages() {
		data, err := drawing.PNG(i, 90)
		require.NoError(t, err)
		if dir != "" {
			require.NoError(t, os.WriteFile(filepath.Join(dir, name+"-"+strconv.Itoa(i)+".png"), data, 0o600))
		}
	}
}

// words are the characters of all pages without the spaces between.
func words(d *document.Drawing) string {
	var b strings.Builder
	for i := range d.Pages() {
		b.WriteString(d.Text(i))
	}
	return strings.Join(strings.Fields(b.String()), "")
}

// scanned is a made-up scan: a sheet with lines of grey.
func scanned(t testing.TB, w, h int) image.Image {
	t.Helper()
	m := image.NewGray(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			c := uint8(250)
			if margin := min(w, h) / 10; y/20%3 == 1 && x > margin && x < w-margin && y > margin && y < h-margin {
				c = 150
			}
			m.SetGray(x, y, color.Gray{Y: c})
		}
	}
	return m
}

// TestLookAtConverted_A73: a converted licence with an annex of pages and scans upright, across and of a kind that is no
// page: those follow in their order, each with its caption.
func TestLookAtConverted_A73(t *testing.T) {
	d, err := document.New(document.Config{Fonts: fonts(t)})
	require.NoError(t, err)
	typ := shippedType(t, "business-licence")
	values := sample(typ)
	values["KZ_JYFW"] = strings.Repeat(scope, 12)
	l := signed(t, typ, values)
	var upright, across bytes.Buffer
	require.NoError(t, jpeg.Encode(&upright, scanned(t, 827, 1169), nil))
	require.NoError(t, png.Encode(&across, scanned(t, 1169, 827)))
	l.Scans = [][]byte{upright.Bytes(), across.Bytes(), []byte("II*\x00 a TIFF")}
	drawing, err := d.Draw(l)
	require.NoError(t, err)
	look(t, drawing, "converted")
	require.Empty(t, drawing.Outside())
	require.Empty(t, drawing.Collisions())
	text := words(drawing)
	require.Contains(t, text, "附页")
	require.Contains(t, text, "第2页")
	require.Contains(t, text, "纸质证照扫描件第2份")
	require.Contains(t, text, "纸质证照扫描件第3份（见附件scan_3.tif）")
}
