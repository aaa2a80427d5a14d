package ofd_test

import (
	"bytes"
	"encoding/base64"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/ofd"
)

// foreignSignature is what a signature of a foreign file says and covers.
type foreignSignature struct {
	id, kind, time   string
	digest           ofd.Digest
	matching, differ int // listed files
	unchecked        int
	coversList       bool
	uncovered        int
	added            int
	stamps           int
	provider         string
	tolerances       string // of Signature.xml
}

// foreignOFD is what a foreign file holds.
type foreignOFD struct {
	files, pages int
	tolerances   string // of the container, OFD.xml, paths and the root file, together
	versions     int
	stripped     bool // signatures are named and not there
	signatures   []foreignSignature
}

// foreignOFDs says of every OFD of the test data what it holds.
var foreignOFDs = map[string]foreignOFD{
	"c5soft-ofdjs/examples/ofds/6.1.001 Entry全部不压缩.ofd":          {files: 13, pages: 2},
	"c5soft-ofdjs/examples/ofds/6.1.003 Entry合理压缩.ofd":           {files: 13, pages: 2},
	"c5soft-ofdjs/examples/ofds/6.1.005 OFD和Document在ZIP流后部.ofd": {files: 13, pages: 2},
	"c5soft-ofdjs/examples/ofds/6.2.001 正常文件结构.ofd":              {files: 14, pages: 2},
	"c5soft-ofdjs/examples/ofds/6.2.003 使用相对路径.ofd":              {files: 13, pages: 2},
	"c5soft-ofdjs/examples/ofds/6.2.004_1 文件目录结构与推荐的不符.ofd":      {files: 13, pages: 2},
	"c5soft-ofdjs/examples/ofds/6.2.005 文件目录结构乱序.ofd":            {files: 13, pages: 2},
	"hbh-ofd/tests/files/test3.ofd": {files: 18, pages: 1, versions: 2, signatures: []foreignSignature{
		{id: "1", kind: "Seal", time: "20220819084224", digest: ofd.SM3, matching: 5, uncovered: 9, added: 2, stamps: 1, provider: "kinsecseal"},
		{id: "2", kind: "Seal", time: "20220819084413", digest: ofd.SM3, matching: 7, uncovered: 9, stamps: 1, provider: "kinsecseal"},
	}},
	"hbh-ofd/tests/files/test4.ofd":                                                  {files: 18, pages: 11},
	"ofdbox/converter/src/test/resources/font/字体测试-数科.ofd":                           {files: 10, pages: 1},
	"ofdbox/converter/src/test/resources/font/字体测试-福昕.ofd":                           {files: 8, pages: 1, tolerances: "adler,namespace"},
	"ofdbox/converter/src/test/resources/旋转测试.ofd":                                   {files: 8, pages: 1},
	"ofdrw/_history/15c1f5c1/ofdrw-converter/src/test/resources/rotate.ofd":          {files: 5, pages: 1},
	"ofdrw/_history/1ba477c6/ofdrw-converter/src/test/resources/ctm_rotate.ofd":      {files: 4, pages: 1},
	"ofdrw/_history/1d5b2d4e/ofdrw-layout/src/test/resources/test001.ofd":            {files: 6, pages: 1},
	"ofdrw/_history/5bd4e347/ofdrw-archive/src/test/resources/test-ofda.ofd":         {files: 4, pages: 1},
	"ofdrw/_history/6021b7af/ofdrw-layout/src/test/resources/拿来主义_page6.ofd":         {files: 9, pages: 6},
	"ofdrw/_history/7c3c689e/ofdrw-converter/src/test/resources/csfapiao1.ofd":       {files: 9, pages: 1},
	"ofdrw/_history/8036c8f7/ofdrw-layout/src/test/resources/test001.ofd":            {files: 6, pages: 1},
	"ofdrw/_history/c5a07d62/ofdrw-archive/src/test/resources/test-ofda.ofd":         {files: 4, pages: 1},
	"ofdrw/_history/f2f6aeae/ofdrw-sign/src/test/resources/helloworld.ofd":           {files: 4, pages: 1},
	"ofdrw/_history/fc6d684f/ofdrw-reader/src/test/resources/chineseDir_windows.ofd": {files: 5, pages: 1, tolerances: "name-charset"},
	"ofdrw/ofdrw-archive/src/test/resources/test-ofda.ofd":                           {files: 4, pages: 1},
	"ofdrw/ofdrw-converter/src/test/resources/20240531141733.ofd":                    {files: 12, pages: 1},
	"ofdrw/ofdrw-converter/src/test/resources/999.ofd": {files: 24, pages: 5, tolerances: "zip64,byte-order-mark", signatures: []foreignSignature{
		{id: "1", kind: "Seal", time: "20200817111329", digest: ofd.SM3, matching: 20, uncovered: 2, stamps: 1, provider: "KingGrid"},
	}},
	"ofdrw/ofdrw-converter/src/test/resources/V4RideRight.ofd": {files: 11, pages: 5, signatures: []foreignSignature{
		{id: "s001", kind: "Seal", time: "20210519205344", digest: ofd.SM3, matching: 9, coversList: true, stamps: 5, provider: "ofdrw-sign", tolerances: "date-time,method-name"},
	}},
	"ofdrw/ofdrw-converter/src/test/resources/ano.ofd":          {files: 27, pages: 3},
	"ofdrw/ofdrw-converter/src/test/resources/containsJPEG.ofd": {files: 8, pages: 2},
	"ofdrw/ofdrw-converter/src/test/resources/draw_param_ref.ofd": {files: 21, pages: 5, signatures: []foreignSignature{
		// Its template pages are in no list: whoever changes them changes what is read under a seal that holds.
		{id: "2", kind: "Seal", time: "20200305112131", digest: ofd.SM3, matching: 17, coversList: true, uncovered: 2, stamps: 1, provider: "gomain_eseal"},
	}},
	"ofdrw/ofdrw-converter/src/test/resources/helloworld.ofd": {files: 4, pages: 1},
	"ofdrw/ofdrw-converter/src/test/resources/n.ofd": {files: 9, pages: 2, signatures: []foreignSignature{
		{id: "0", kind: "Seal", time: "20200125153156", digest: ofd.SM3Z, unchecked: 6, uncovered: 1, stamps: 1, provider: "iOFD® 2.1.1 ©2019-2020 dms360.cn", tolerances: "provider,date-time"},
	}},
	"ofdrw/ofdrw-converter/src/test/resources/pattern类型.ofd":           {files: 12, pages: 1},
	"ofdrw/ofdrw-converter/src/test/resources/signout.ofd":             {files: 13, pages: 1},
	"ofdrw/ofdrw-converter/src/test/resources/testPathFillOpacity.ofd": {files: 8, pages: 1},
	"ofdrw/ofdrw-converter/src/test/resources/y.ofd":                   {files: 19, pages: 3},
	"ofdrw/ofdrw-converter/src/test/resources/z.ofd":                   {files: 12, pages: 4, tolerances: "namespace"},
	"ofdrw/ofdrw-converter/src/test/resources/发票监制章-数科.ofd":            {files: 8, pages: 1, tolerances: "namespace"},
	"ofdrw/ofdrw-converter/src/test/resources/发票示例.ofd": {files: 16, pages: 1, signatures: []foreignSignature{
		// v4signed with another Document.xml.
		{id: "1", kind: "Seal", time: "20201010151120", digest: ofd.SM3, matching: 12, differ: 1, uncovered: 1, stamps: 1, provider: "gomain_eseal", tolerances: "date-time"},
	}},
	"ofdrw/ofdrw-converter/src/test/resources/文字横向-数科.ofd":                        {files: 6, pages: 1, tolerances: "namespace"},
	"ofdrw/ofdrw-converter/src/test/resources/透明度文字.ofd":                          {files: 7, pages: 1},
	"ofdrw/ofdrw-crypto/src/test/resources/hello.ofd":                             {files: 5, pages: 2},
	"ofdrw/ofdrw-layout/src/test/resources/AddAttachment.ofd":                     {files: 6, pages: 1},
	"ofdrw/ofdrw-layout/src/test/resources/AddAttachment_relativepathversion.ofd": {files: 6, pages: 1},
	"ofdrw/ofdrw-layout/src/test/resources/AddWatermarkAnnot.ofd":                 {files: 15, pages: 6},
	"ofdrw/ofdrw-layout/src/test/resources/Page5.ofd":                             {files: 7, pages: 5},
	"ofdrw/ofdrw-layout/src/test/resources/ano.ofd":                               {files: 16, pages: 2},
	"ofdrw/ofdrw-layout/src/test/resources/areaholder_fields.ofd":                 {files: 5, pages: 1},
	"ofdrw/ofdrw-layout/src/test/resources/fptpl.ofd":                             {files: 11, pages: 1, tolerances: "byte-order-mark", stripped: true},
	"ofdrw/ofdrw-layout/src/test/resources/no_page_container.ofd":                 {files: 8, pages: 1},
	"ofdrw/ofdrw-layout/src/test/resources/拿来主义_page6.ofd":                        {files: 5, pages: 2},
	"ofdrw/ofdrw-reader/src/test/resources/AddAttachment.ofd":                     {files: 6, pages: 1},
	"ofdrw/ofdrw-reader/src/test/resources/chineseDir.ofd":                        {files: 5, pages: 1},
	"ofdrw/ofdrw-reader/src/test/resources/helloworld.ofd":                        {files: 4, pages: 1},
	"ofdrw/ofdrw-reader/src/test/resources/helloworld_with_pageblock.ofd":         {files: 4, pages: 1},
	"ofdrw/ofdrw-reader/src/test/resources/keyword2.ofd":                          {files: 5, pages: 2},
	"ofdrw/ofdrw-reader/src/test/resources/multiKeywordInTextCode.ofd":            {files: 4, pages: 1},
	"ofdrw/ofdrw-reader/src/test/resources/path_unstd.ofd":                        {files: 9, pages: 2, tolerances: "comment"},
	"ofdrw/ofdrw-reader/src/test/resources/发票示例.ofd":                              {files: 12, pages: 1},
	"ofdrw/ofdrw-sign/src/test/resources/DigitalSign.ofd": {files: 7, pages: 1, signatures: []foreignSignature{
		{id: "s001", kind: "Sign", time: "20200422162244", digest: ofd.SM3, matching: 4, uncovered: 1, provider: "ofdrw-sign", tolerances: "date-time,method-name"},
	}},
	"ofdrw/ofdrw-sign/src/test/resources/VPage7.ofd": {files: 7, pages: 5},
	"ofdrw/ofdrw-sign/src/test/resources/allprotected.ofd": {files: 8, pages: 1, signatures: []foreignSignature{
		{id: "001", kind: "Seal", time: "20201023194537", digest: ofd.SM3, matching: 6, coversList: true, stamps: 1, provider: "ofdrw-sign", tolerances: "date-time,method-name"},
	}},
	"ofdrw/ofdrw-sign/src/test/resources/doc1File.ofd":         {files: 16, pages: 11},
	"ofdrw/ofdrw-sign/src/test/resources/helloworld.ofd":       {files: 4, pages: 1},
	"ofdrw/ofdrw-sign/src/test/resources/namespace_no_std.ofd": {files: 4, pages: 1, tolerances: "namespace"},
	"ofdrw/ofdrw-sign/src/test/resources/v4signed.ofd": {files: 16, pages: 1, tolerances: "name-case", signatures: []foreignSignature{
		{id: "1", kind: "Seal", time: "20201010151120", digest: ofd.SM3, matching: 13, uncovered: 1, stamps: 1, provider: "gomain_eseal", tolerances: "date-time"},
	}},
	"ofdrw/ofdrw-tool/src/test/resources/Page5.ofd":           {files: 7, pages: 5},
	"ofdrw/ofdrw-tool/src/test/resources/hello_watermark.ofd": {files: 7, pages: 1},
	"ofdrw/ofdrw-tool/src/test/resources/page2.ofd":           {files: 4, pages: 1},
	"ofdrw/ofdrw-tool/src/test/resources/page3.ofd":           {files: 4, pages: 1},
	"ofdsharp/src/UnitTests/Files/test.ofd": {files: 21, pages: 5, signatures: []foreignSignature{
		{id: "2", kind: "Seal", time: "20200305112131", digest: ofd.SM3, matching: 17, coversList: true, uncovered: 2, stamps: 1, provider: "gomain_eseal"},
	}},
	"ofdsharp/src/UnitTests/Files/test1.ofd": {files: 16, pages: 1, signatures: []foreignSignature{
		{id: "2", kind: "Seal", time: "20201116063601", digest: ofd.SM3, matching: 13, uncovered: 1, stamps: 1, provider: "gomain_eseal"},
	}},
}

// TestForeignOFDs opens every OFD of the test data, reads every file of it and says what its signatures cover.
func TestForeignOFDs(t *testing.T) {
	t.Parallel()
	root := testdata(t)
	names := filesBelow(t, root, ".ofd")
	require.Len(t, names, len(foreignOFDs))
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want, known := foreignOFDs[name]
			require.True(t, known, "no wanted result")
			p := openFile(t, filepath.Join(root, name))
			require.Equal(t, want, describe(t, p))
		})
	}
}

func openFile(t testing.TB, path string) *ofd.Package {
	t.Helper()
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	p, err := ofd.Open(bytes.NewReader(b), int64(len(b)))
	require.NoError(t, err)
	return p
}

func describe(t *testing.T, p *ofd.Package) foreignOFD {
	t.Helper()
	require.Len(t, p.Documents(), 1)
	d := p.Documents()[0]
	for _, name := range p.Files() {
		_, err := p.ReadFile(name, 64<<20)
		require.NoError(t, err, name)
	}
	content, err := p.Content(d.Root)
	require.NoError(t, err)
	for _, page := range content.Pages {
		box, err := p.PageBox(content, page)
		require.NoError(t, err)
		require.Greater(t, box.W*box.H, 100.0)
	}
	tolerances := p.Tolerances() | d.Tolerances | content.Tolerances
	out := foreignOFD{files: len(p.Files()), pages: len(content.Pages), versions: len(d.Versions), tolerances: tolerances.String()}
	list, err := p.Signatures(d)
	if err != nil {
		require.ErrorIs(t, err, &ofd.Error{Reason: ofd.ReasonMissing})
		out.stripped = true
		return out
	}
	for i, ref := range list.Signatures {
		out.signatures = append(out.signatures, describeSignature(t, p, list, i, ref))
	}
	return out
}

func describeSignature(t *testing.T, p *ofd.Package, list *ofd.SignatureList, i int, ref ofd.SignatureRef) foreignSignature {
	t.Helper()
	s, err := p.ReadSignature(ref)
	require.NoError(t, err)
	coverage, err := p.Coverage(list, i, s, nil)
	require.NoError(t, err)
	require.Len(t, coverage.Own, 2)
	out := foreignSignature{
		id: ref.ID, kind: ref.Type, time: s.Time.Format("20060102150405"), digest: s.Digest, coversList: coverage.CoversList,
		uncovered: len(coverage.Uncovered), added: len(coverage.Added), stamps: len(s.Stamps), provider: s.Provider.Name,
		tolerances: s.Tolerances.String(),
	}
	for _, f := range coverage.Files {
		switch f.State {
		case ofd.StateMatch:
			out.matching++
		case ofd.StateDiffers:
			out.differ++
			require.Equal(t, "Doc_0/Document.xml", f.Name)
		case ofd.StateUnchecked:
			out.unchecked++
		case ofd.StateMissing:
			t.Errorf("%s is missing", f.Path)
		}
	}
	require.Equal(t, len(p.Files()), len(coverage.Files)+len(coverage.Own)+len(coverage.Added)+len(coverage.Uncovered))
	require.Equal(t, coverage.Complete(), out.differ+out.unchecked == 0)
	return out
}

// TestSealKits: Signature.xml of production files names the digests that were taken of their files elsewhere.
func TestSealKits(t *testing.T) {
	t.Parallel()
	root := testdata(t, "ofd-seal-kits")
	lists := 0
	for _, name := range filesBelow(t, root, ".xml") {
		b, err := os.ReadFile(filepath.Join(root, name))
		require.NoError(t, err)
		inPackage := strings.ReplaceAll(filepath.Base(name), "__", "/")
		if strings.HasSuffix(name, "Signatures.xml") {
			list, err := ofd.ParseSignatureList(inPackage, b)
			require.NoError(t, err, name)
			require.Len(t, list.Signatures, 1, name)
			lists++
			continue
		}
		checkKit(t, filepath.Join(root, filepath.Dir(name)), inPackage, b)
	}
	require.Equal(t, 9, lists)
}

// checkKit holds Signature.xml of a production file against the digests that somebody else took of its files.
func checkKit(t *testing.T, folder, name string, b []byte) {
	t.Helper()
	s, err := ofd.ParseSignature(name, b)
	require.NoError(t, err, folder)
	require.Equal(t, ofd.SM3, s.Digest)
	require.False(t, s.Time.IsZero())
	table, err := os.ReadFile(filepath.Join(folder, "refs.tsv"))
	require.NoError(t, err)
	rows := strings.Split(strings.TrimSpace(string(table)), "\n")[1:]
	require.Len(t, rows, len(s.References))
	for i, row := range rows {
		column := strings.Split(row, "\t")
		require.Equal(t, column[1], s.References[i].Path)
		require.Equal(t, column[2], base64.StdEncoding.EncodeToString(s.References[i].Value))
		require.Equal(t, "match", column[4], folder+" row "+strconv.Itoa(i))
		require.Equal(t, column[3], column[2])
	}
}
