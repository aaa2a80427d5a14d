package convert_test

import (
	"bytes"
	"encoding/hex"
	"image"
	"image/png"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/catalogue"
	"github.com/elicense/elicense/vault/convert"
	"github.com/elicense/elicense/vault/record"
)

func photo(t testing.TB, shade uint8) []byte {
	t.Helper()
	m := image.NewGray(image.Rect(0, 0, 60, 80))
	for i := range m.Pix {
		m.Pix[i] = shade
	}
	var b bytes.Buffer
	require.NoError(t, png.Encode(&b, m))
	return b.Bytes()
}

// newPhotoWorld is a vault whose business licences bear a photo.
func newPhotoWorld(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	lt, err := w.v.Type(t.Context(), typeCode(t, "business-licence"))
	require.NoError(t, err)
	def := lt.Definition
	def.Version++
	def.Fields = append(def.Fields, catalogue.Field{
		Name: "KZ_ZP", Label: "照片", Kind: catalogue.KindImage, Rules: catalogue.Rules{MaxBytes: 64 << 10},
	})
	text, err := def.Encode()
	require.NoError(t, err)
	_, err = w.v.PutType(t.Context(), vault.Access{
		Caller: fixtures.Operator, Purpose: "登记证照目录", Ground: vault.GroundIssuer,
	}, text)
	require.NoError(t, err)
	return w
}

// photoOf is the digest of the photo that the vault shows of a firm.
func photoOf(t testing.TB, w *world, uscc string) string {
	t.Helper()
	res, err := w.v.Lookup(t.Context(), vault.Access{
		Caller: fixtures.Hall, Purpose: "办理设立登记", Case: "2026-1", Ground: vault.GroundLaw, Basis: fixtures.HallBasis,
	}, vault.Query{HolderKind: "001", HolderCode: uscc})
	require.NoError(t, err)
	require.Len(t, res.Found, 1)
	return res.Found[0].Version.Value("KZ_ZP")
}

func hexOf(content []byte) string {
	d := record.Sum(content)
	return hex.EncodeToString(d[:])
}

// TestPhotos_A73: photos are found by number as scans are, or by the name that the sheet gives; what is none, is not
// there or is not alone sends its row back. A dry run says the same and stores nothing.
func TestPhotos_A73(t *testing.T) {
	const head = "编号,名称,代码,发证日期"
	good, other := photo(t, 90), photo(t, 190)
	photos := fstest.MapFS{
		"a-001.PNG": {Data: good}, "甲/zhang.png": {Data: other}, "乙/zhang.png": {Data: good},
		"A-002.jpg": {Data: []byte("\xff\xd8\xffno picture")}, "A-003.png": {Data: good}, "A-003-1.png": {Data: other},
		"left over.png": {Data: good},
	}
	byNumber := csvOf(head, "A-001,甲公司,"+firm(1)+",2015-01-02", "A-002,乙公司,"+firm(2)+",2015-01-03",
		"A-003,丙公司,"+firm(3)+",2015-01-03", "A-004,丁公司,"+firm(4)+",2015-01-03")
	byName := csvOf(head+",照片文件", "A-001,甲公司,"+firm(1)+`,2015-01-02,甲\ZHANG.png`,
		"A-002,乙公司,"+firm(2)+",2015-01-03,none.png", "A-003,丙公司,"+firm(3)+",2015-01-03,zhang.png",
		"A-004,丁公司,"+firm(4)+",2015-01-03,")
	named := plainMapping()
	named.Columns = append(named.Columns, convert.MappedColumn{Heading: "照片文件", Elements: []string{"KZ_ZP"}})
	for _, tc := range []struct {
		name    string
		file    convert.File
		mapping *convert.Mapping
		first   []byte // the photo of the first row
		codes   [4][]string
		report  convert.ScanReport
	}{
		{"by number", byNumber, plainMapping(), good,
			[4][]string{nil, {"value_image_kind "}, {"row_photo_several "}, nil},
			convert.ScanReport{
				Files: 7, Paired: 3, Missing: []convert.Place{{Row: 5, Line: 5}},
				Extra: []string{"left over.png", "乙/zhang.png", "甲/zhang.png"},
			}},
		{"by name", byName, named, other,
			[4][]string{nil, {"row_photo_missing E"}, {"row_photo_several E"}, nil},
			convert.ScanReport{}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := newPhotoWorld(t)
			job := convert.Job{
				Type: typeCode(t, "business-licence"), Mapping: tc.mapping, File: tc.file, Photos: photos, DryRun: true,
			}
			dry := mustRun(t, w.configOf(0), job)
			require.Zero(t, blobs(t, w))
			job.DryRun = false
			out := mustRun(t, w.configOf(0), job)
			require.Equal(t, dry.rows, out.rows)
			require.Equal(t, dry.report.Photos, out.report.Photos)
			for i, want := range tc.codes {
				require.Equal(t, want, problemCodes(out.rows[i]), "row %d", i)
			}
			if tc.report.Files > 0 {
				require.Equal(t, &tc.report, out.report.Photos)
			}
			_, err := w.v.SignOffBatch(t.Context(), department(0), out.report.Batch, vault.SignOff{By: "核对人", Sampled: 1})
			require.NoError(t, err)
			require.Equal(t, hexOf(tc.first), photoOf(t, w, firm(1)))
			require.Empty(t, photoOf(t, w, firm(4)))
			in, err := w.v.Inspect(t.Context(), vault.Access{
				Caller: fixtures.Operator, Purpose: "核对", Ground: vault.GroundOperator,
			}, nil)
			require.NoError(t, err)
			require.Empty(t, in.Findings)
			require.Equal(t, 1, in.Blobs, "only what an accepted row brought")
		})
	}
	t.Run("named and no files", func(t *testing.T) {
		w := newPhotoWorld(t)
		out := mustRun(t, w.configOf(0), convert.Job{
			Type: typeCode(t, "business-licence"), Mapping: named, File: byName,
		})
		require.Equal(t, []string{"row_photo_missing E"}, problemCodes(out.rows[0]))
		require.Equal(t, vault.RowCreated, out.rows[3].Outcome)
	})
}
