package document_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"image/png"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/ofd"
	"github.com/elicense/elicense/vault/catalogue"
	"github.com/elicense/elicense/vault/document"
	"github.com/elicense/elicense/vault/record"
)

func drawer(t testing.TB, f document.Fonts) *document.Drawer {
	t.Helper()
	d, err := document.New(document.Config{Fonts: f, Link: "https://licence.example/v/"})
	require.NoError(t, err)
	return d
}

func draw(t testing.TB, d *document.Drawer, l *document.Licence) *document.Drawing {
	t.Helper()
	drawing, err := d.Draw(l)
	require.NoError(t, err)
	return drawing
}

func open(t testing.TB, drawing *document.Drawing) *ofd.Package {
	t.Helper()
	b, err := drawing.OFD()
	require.NoError(t, err)
	p, err := ofd.Open(bytes.NewReader(b), int64(len(b)))
	require.NoError(t, err)
	return p
}

func read(t testing.TB, p *ofd.Package, name string) string {
	t.Helper()
	b, err := p.ReadFile(name, 1<<24)
	require.NoError(t, err)
	return string(b)
}

// eachKind runs a test with a font and without.
func eachKind(t *testing.T, run func(t *testing.T, d *document.Drawer)) {
	t.Helper()
	t.Run("names", func(t *testing.T) { t.Parallel(); run(t, drawer(t, document.Fonts{})) })
	t.Run("embedded", func(t *testing.T) { t.Parallel(); run(t, drawer(t, document.Fonts{Body: microhei(t)})) })
}

// notOnFace are the elements that the paper of a type does not show either, beside its title.
var notOnFace = map[string][]string{
	"business-licence":              {"ZZMC", "KZ_SZSF", "KZ_DQ"}, // columns of ledgers
	"construction-permit":           {"ZZMC", "CZZTDM"},
	"construction-special-operator": {"ZZMC"},
	"constructor-second-grade":      {"ZZMC", "CZZTDM"},
	"cosmetics-production-licence":  {"ZZMC"},
	"drug-business-licence":         {"ZZMC"},
	"food-business-licence":         {"ZZMC"},
	"marriage-certificate":          {"ZZMC", "CZZTDM"}, // both numbers stand beside the names
	"real-estate-certificate":       {"ZZMC"},
	"road-transport-operation":      {"ZZMC"},
	"road-transport-vehicle":        {"ZZMC", "CZZTDM"},
	"special-operator":              {"ZZMC", "CZZTDM"}, // the number of the paper is the holder's
}

// TestEveryShippedType_A35: each shipped type has a page that opens, shows every value and carries the record.
func TestEveryShippedType_A35(t *testing.T) {
	t.Parallel()
	eachKind(t, func(t *testing.T, d *document.Drawer) {
		t.Helper()
		for _, name := range catalogue.ShippedNames() {
			typ := shippedType(t, name)
			l := signed(t, typ, sample(typ))
			drawing := draw(t, d, l)
			require.NotEmpty(t, drawing.Seals, name)
			p := open(t, drawing)
			c, err := p.Content(p.Documents()[0].Root)
			require.NoError(t, err)
			require.Len(t, c.Pages, drawing.Pages())
			tags := read(t, p, c.CustomTags[:strings.LastIndexByte(c.CustomTags, '/')]+"/CustomTag.xml")
			var hidden []string
			for _, v := range l.Values {
				if !strings.Contains(tags, "<lic:"+v.Name+">") {
					hidden = append(hidden, v.Name)
				}
			}
			require.ElementsMatch(t, notOnFace[name], hidden, name)
			for i := range drawing.Pages() {
				wellFormed(t, mustSVG(t, drawing, i))
			}
			checkXML(t, p)
		}
	})
}

func mustSVG(t testing.TB, d *document.Drawing, page int) []byte {
	t.Helper()
	b, err := d.SVG(page)
	require.NoError(t, err)
	return b
}

func wellFormed(t testing.TB, b []byte) {
	t.Helper()
	d := xml.NewDecoder(bytes.NewReader(b))
	for {
		_, err := d.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		require.NoError(t, err)
	}
}

func checkXML(t testing.TB, p *ofd.Package) {
	t.Helper()
	for _, name := range p.Files() {
		if strings.HasSuffix(name, ".xml") {
			wellFormed(t, []byte(read(t, p, name)))
		}
	}
}

// TestRecordTravels_A35: the document alone proves the licence.
func TestRecordTravels_A35(t *testing.T) {
	t.Parallel()
	typ := shippedType(t, "business-licence")
	l := signed(t, typ, sample(typ))
	l.Certificates = [][]byte{{0x30, 0x01}}
	b, err := record.ParseBundle([]byte(read(t, open(t, draw(t, drawer(t, document.Fonts{}), l)), document.RecordFile)))
	require.NoError(t, err)
	require.Equal(t, l.Record, b.Record)
	require.Equal(t, l.Signature, b.Signature)
	require.Equal(t, l.Certificates, b.Certificates)
	r, err := record.Parse(b.Record)
	require.NoError(t, err)
	require.NoError(t, r.CheckDisclosures(b.Disclosures))
}

// TestMetadata_A35: the elements of GB/T 36903 stand in OFD.xml under their short names.
func TestMetadata_A35(t *testing.T) {
	t.Parallel()
	typ := shippedType(t, "business-licence")
	l := signed(t, typ, sample(typ))
	l.Created = time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)
	info := open(t, draw(t, drawer(t, document.Fonts{}), l)).Documents()[0].Info
	got := make(map[string]string)
	for _, c := range info.Custom {
		got[c.Name] = c.Value
	}
	for name, want := range map[string]string{
		"ZZMC": "营业执照", "ZZLXMC": "营业执照", "ZZLXDM": typ.Code, "ZZBH": "示许字第990100号", "CZZT": "示例省云山食品有限公司",
		"ZZBFRQ": "20240315", "ZZYXQQSRQ": "20240315", "ZZYXQJZRQ": "20290314", "CZZTDMLXDM": "001",
		"CZZTDMLX": "统一社会信用代码", "CJSJ": "20260301100000", "KZ_JYFW": scope, "ZZBFJGDM": "11990000MB1E000137",
	} {
		require.Equal(t, want, got[name], name)
	}
	require.Equal(t, info.ID, strings.ToLower(info.ID))
	require.Len(t, info.ID, 32)
}

// TestDeterminism: the same licence gives the same bytes, whatever was drawn before.
func TestDeterminism(t *testing.T) {
	t.Parallel()
	eachKind(t, func(t *testing.T, d *document.Drawer) {
		t.Helper()
		typ := shippedType(t, "real-estate-certificate")
		values := sample(typ)
		values["KZ_FJ"] = "示例附记" + strings.Repeat(scope, 20)
		first, err := draw(t, d, signed(t, typ, values)).OFD()
		require.NoError(t, err)
		other := shippedType(t, "marriage-certificate")
		_, err = draw(t, d, signed(t, other, sample(other))).OFD()
		require.NoError(t, err)
		again, err := draw(t, d, signed(t, typ, values)).OFD()
		require.NoError(t, err)
		require.True(t, bytes.Equal(first, again))
	})
}

// TestNothingIsCutOff: a value too long for its place stands on an annex in full.
func TestNothingIsCutOff(t *testing.T) {
	t.Parallel()
	eachKind(t, func(t *testing.T, d *document.Drawer) {
		t.Helper()
		typ := shippedType(t, "business-licence")
		values := sample(typ)
		values["KZ_JYFW"] = strings.Repeat(scope, 30)
		drawing := draw(t, d, signed(t, typ, values))
		require.Greater(t, drawing.Pages(), 1)
		require.Contains(t, drawing.Text(0), "（见附页）")
		var annex strings.Builder
		for i := 1; i < drawing.Pages(); i++ {
			annex.WriteString(drawing.Text(i))
		}
		shown := strings.Join(strings.Fields(annex.String()), "")
		require.GreaterOrEqual(t, strings.Count(shown, "食品生产"), 30)
		require.GreaterOrEqual(t, strings.Count(shown, "依法自主开展"), 29)
	})
}

// TestNothingLeavesThePage: whatever values say, every character stays within its page.
func TestNothingLeavesThePage(t *testing.T) {
	t.Parallel()
	eachKind(t, func(t *testing.T, d *document.Drawer) {
		t.Helper()
		for i, name := range catalogue.ShippedNames() {
			if testing.Short() && i%4 != 0 {
				continue
			}
			typ := shippedType(t, name)
			for _, h := range hostile {
				drawing := draw(t, d, signed(t, typ, filled(typ, h)))
				require.Empty(t, drawing.Outside(), "%s %q", name, h[:min(len(h), 20)])
			}
		}
	})
}

// hostile are values that came from somewhere else.
var hostile = []string{
	"</ofd:CustomData><script>alert(1)</script>&amp;\"'<![CDATA[x]]>",
	"控\x00制\x01字\x08符\x0b和\x1f\x7f\u0085\u200b\u202e反向\u202c\ufeff\ufffe\uffff",
	"行\n\n\n行\r\n行\t行\u2028行\u2029行",
	strings.Repeat("很长的文字没有标点", 400),
	strings.Repeat("W", 2000),
	strings.Repeat("，", 500),
	strings.Repeat("（", 500),
	"👨\u200d👩\u200d👧\u200d👦🏴\U000e0067\U000e0062🇨🇳😀",
	"𠮷野家𪚥\U0002a6d6𬴊\U000e0100\U00030edd\U000323af",
	"\U0010fffd\ue000私用区\uf8ff",
	"a\u0301\u0302\u0303\u0304e\u0301 שלום العربية ไทย देवनागरी",
	" \u3000 ", "{CZZT}{basis}}{{", "^^^",
}

func filled(typ catalogue.Type, value string) map[string]string {
	m := sample(typ)
	for name := range m {
		m[name] = value
	}
	return m
}

// TestHostileValues_D28: no value breaks XML, and none is taken for anything but text.
func TestHostileValues_D28(t *testing.T) {
	t.Parallel()
	eachKind(t, func(t *testing.T, d *document.Drawer) {
		t.Helper()
		for _, name := range []string{"construction-permit", "food-business-licence"} {
			typ := shippedType(t, name)
			for _, h := range hostile {
				drawing := draw(t, d, signed(t, typ, filled(typ, h)))
				p := open(t, drawing)
				checkXML(t, p)
				_, err := p.Content(p.Documents()[0].Root)
				require.NoError(t, err)
				for i := range drawing.Pages() {
					svg := mustSVG(t, drawing, i)
					wellFormed(t, svg)
					require.NotContains(t, string(svg), "<script")
				}
			}
		}
	})
}

// TestRareCharacters: a character without a glyph is drawn by a standard font, seen to be missing in dots, and reported;
// one that the fallback has is drawn.
func TestRareCharacters(t *testing.T) {
	t.Parallel()
	typ := shippedType(t, "business-licence")
	values := sample(typ)
	values[catalogue.MetaHolder] = "\U00030edd记\U0010fffd店"
	d := drawer(t, document.Fonts{Body: microhei(t)})
	drawing := draw(t, d, signed(t, typ, values))
	require.Equal(t, []rune{0x30edd, 0x10fffd}, drawing.Missing)
	res := read(t, open(t, drawing), "Doc_0/PublicRes.xml")
	require.Contains(t, res, `FontName="宋体"`)
	require.Contains(t, string(mustSVG(t, drawing, 0)), "\U00030edd")
	_, err := drawing.PNG(0, 72)
	require.NoError(t, err)
}

// TestPNG: dots need a font; with one the page has the size of its paper.
func TestPNG(t *testing.T) {
	t.Parallel()
	typ := shippedType(t, "business-licence")
	l := signed(t, typ, sample(typ))
	_, err := draw(t, drawer(t, document.Fonts{}), l).PNG(0, 72)
	require.ErrorIs(t, err, document.ErrNoFont)
	require.Contains(t, err.Error(), "fonts-wqy-microhei")
	drawing := draw(t, drawer(t, document.Fonts{Title: microhei(t)}), l)
	b, err := drawing.PNG(0, 254)
	require.NoError(t, err)
	head, err := png.DecodeConfig(bytes.NewReader(b))
	require.NoError(t, err)
	require.Equal(t, 2970, head.Width)
	require.Equal(t, 2100, head.Height)
	for _, dpi := range []int{0, document.MinDPI - 1, document.MaxDPI + 1} {
		_, err = drawing.PNG(0, dpi)
		require.ErrorIs(t, err, document.ErrLicence)
	}
	for _, page := range []int{-1, drawing.Pages()} {
		_, err = drawing.PNG(page, 72)
		require.ErrorIs(t, err, document.ErrLicence)
		_, err = drawing.SVG(page)
		require.ErrorIs(t, err, document.ErrLicence)
	}
}

// TestRefusals: what does not belong together is not drawn.
func TestRefusals(t *testing.T) {
	t.Parallel()
	d := drawer(t, document.Fonts{})
	typ := shippedType(t, "special-operator")
	for _, c := range []struct {
		name   string
		change func(l *document.Licence)
		want   error
	}{
		{"other value", func(l *document.Licence) { l.Values[0].Value += "1" }, document.ErrLicence},
		{"other type", func(l *document.Licence) { l.Type.Version++ }, document.ErrLicence},
		{"no signature", func(l *document.Licence) { l.Signature = nil }, document.ErrLicence},
		{"no record", func(l *document.Licence) { l.Record = nil }, document.ErrLicence},
		{"long token", func(l *document.Licence) { l.Token = strings.Repeat("x", 300) }, document.ErrLicence},
		{"too many scans", func(l *document.Licence) { l.Scans = make([][]byte, document.MaxScans+1) }, document.ErrLicence},
		{"photo is no picture", func(l *document.Licence) {
			l.Images = map[string][]byte{"KZ_ZP": []byte("%PDF-")}
		}, document.ErrImage},
		{"photo is a bomb", func(l *document.Licence) {
			l.Images = map[string][]byte{"KZ_ZP": bombPNG()}
		}, document.ErrImage},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			l := signed(t, typ, sample(typ))
			c.change(l)
			_, err := d.Draw(l)
			require.ErrorIs(t, err, c.want)
		})
	}
}

// TestPictures: a photo is embedded as it came, a scan has a page of its own, and what is no picture is attached.
func TestPictures(t *testing.T) {
	t.Parallel()
	eachKind(t, func(t *testing.T, d *document.Drawer) {
		t.Helper()
		typ := shippedType(t, "special-operator")
		l := signed(t, typ, sample(typ))
		photo := smallPNG(t, 30, 40)
		l.Images = map[string][]byte{"KZ_ZP": photo}
		l.Scans = [][]byte{smallPNG(t, 60, 40), []byte("%PDF-1.4 made up"), smallPNG(t, 40, 60), smallPNG(t, 60, 40), []byte("\xff\xd8\xffrubbish")}
		drawing := draw(t, d, l)
		require.Equal(t, 1+5, drawing.Pages())
		p := open(t, drawing)
		c, err := p.Content(p.Documents()[0].Root)
		require.NoError(t, err)
		box, err := p.PageBox(c, c.Pages[1])
		require.NoError(t, err)
		require.Equal(t, ofd.Box{W: 297, H: 210}, box, "a scan across turns its page")
		require.Contains(t, read(t, p, c.Attachments), "scan_2.pdf")
		require.Equal(t, "%PDF-1.4 made up", read(t, p, "Doc_0/Attachs/scan_2.pdf"))
		require.Equal(t, "\xff\xd8\xffrubbish", read(t, p, "Doc_0/Attachs/scan_5.bin"), "a damaged one is attached")
		images := 0
		for _, name := range p.Files() {
			if strings.HasSuffix(name, ".png") {
				images++
			}
		}
		require.Equal(t, 3, images, "the same scan twice is one file")
		for i, shown := range []bool{true, true, false, true, true, false} {
			require.Equal(t, shown, strings.Contains(string(mustSVG(t, drawing, i)), "data:image/png;base64,"))
		}
		require.Contains(t, drawing.Text(2), "见附件 scan_2.pdf")
		require.Contains(t, drawing.Text(5), "见附件 scan_5.bin")
	})
}

// TestOpensElsewhere: the independent reader opens what is written and finds no signature in it.
func TestOpensElsewhere(t *testing.T) {
	t.Parallel()
	check := filepath.Join(os.Getenv("ELICENSE_CHECKERS_DIR"), "ofdcheck")
	if _, err := os.Stat(check); err != nil || os.Getenv("ELICENSE_CHECKERS_DIR") == "" {
		t.Skip("ELICENSE_CHECKERS_DIR does not name the independent checkers")
	}
	eachKind(t, func(t *testing.T, d *document.Drawer) {
		t.Helper()
		typ := shippedType(t, "food-business-licence")
		b, err := draw(t, d, signed(t, typ, sample(typ))).OFD()
		require.NoError(t, err)
		file := filepath.Join(t.TempDir(), "licence.ofd")
		require.NoError(t, os.WriteFile(file, b, 0o600))
		out, err := exec.CommandContext(t.Context(), check, "--strict", file).CombinedOutput()
		var exit *exec.ExitError
		require.ErrorAs(t, err, &exit, string(out))
		require.Equal(t, 3, exit.ExitCode(), string(out))
	})
}

// TestGolden holds the form of a small package, file by file.
func TestGolden(t *testing.T) {
	t.Parallel()
	typ := shippedType(t, "road-transport-vehicle")
	values := map[string]string{
		catalogue.MetaNumber: "990100000001", catalogue.MetaName: typ.Name, catalogue.MetaHolder: "示例运输队",
		catalogue.MetaHolderCode: "91990100MA00000X0Y", "KZ_CLHP": "示A12345", "KZ_JYFW": "道路普通货物运输",
	}
	l := signed(t, typ, values)
	l.Token = ""
	files, err := draw(t, drawer(t, document.Fonts{}), l).Files()
	require.NoError(t, err)
	var got strings.Builder
	for _, f := range files {
		got.WriteString("== " + f.Name + "\n")
		if strings.HasSuffix(f.Name, ".json") {
			require.True(t, json.Valid(f.Data))
			continue
		}
		got.WriteString(strings.ReplaceAll(string(f.Data), "><", ">\n<") + "\n")
	}
	golden := filepath.Join("testdata", "small.txt")
	if os.Getenv("ELICENSE_UPDATE") != "" {
		require.NoError(t, os.WriteFile(golden, []byte(got.String()), 0o600))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	require.Equal(t, string(want), got.String())
}
