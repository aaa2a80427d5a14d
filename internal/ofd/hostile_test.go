package ofd_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/ofd"
)

// testdata is the folder with files of others.
func testdata(t testing.TB, elements ...string) string {
	t.Helper()
	root := os.Getenv("ELICENSE_TESTDATA")
	if root == "" {
		t.Skip("ELICENSE_TESTDATA is not set: no files of others to read")
	}
	return filepath.Join(append([]string{root}, elements...)...)
}

// filesBelow lists the files with one of the endings by their path from root.
func filesBelow(t testing.TB, root string, endings ...string) []string {
	t.Helper()
	var out []string
	require.NoError(t, filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		for _, e := range endings {
			if strings.EqualFold(filepath.Ext(path), e) {
				name, err := filepath.Rel(root, path)
				out = append(out, filepath.ToSlash(name))
				return err
			}
		}
		return nil
	}))
	require.NotEmpty(t, out, "no files in %s", root)
	return out
}

// foreignZips says of every zip file of go-zip and yauzl how it is read: refused for a reason, or with a number of
// files.
var foreignZips = map[string]struct {
	reason     ofd.Reason
	files      int
	tolerances string
}{
	"go-zip/comment-truncated.zip":    {reason: ofd.ReasonHidden}, // two directories: which one counts depends on the reader
	"go-zip/crc32-not-streamed.zip":   {files: 2},
	"go-zip/dd.zip":                   {files: 1},
	"go-zip/dupdir.zip":               {reason: ofd.ReasonDuplicate},
	"go-zip/go-with-datadesc-sig.zip": {files: 2},
	"go-zip/readme.zip":               {reason: ofd.ReasonHidden}, // one byte behind its end
	"go-zip/subdir.zip":               {files: 1},
	"go-zip/symlink.zip":              {reason: ofd.ReasonName},
	"go-zip/test-badbase.zip":         {reason: ofd.ReasonHidden},
	"go-zip/test-baddirsz.zip":        {reason: ofd.ReasonHidden},
	"go-zip/test-prefix.zip":          {reason: ofd.ReasonHidden},
	"go-zip/test-trailing-junk.zip":   {reason: ofd.ReasonHidden},
	"go-zip/test.zip":                 {files: 2, tolerances: "comment"},
	"go-zip/time-22738.zip":           {files: 1},
	"go-zip/time-7zip.zip":            {files: 1},
	"go-zip/time-go.zip":              {files: 1},
	"go-zip/time-infozip.zip":         {files: 1},
	"go-zip/time-osx.zip":             {files: 1},
	"go-zip/time-win7.zip":            {files: 1},
	"go-zip/time-winrar.zip":          {files: 1},
	"go-zip/time-winzip.zip":          {files: 1},
	"go-zip/unix.zip":                 {files: 3},
	"go-zip/utf8-7zip.zip":            {files: 1},
	"go-zip/utf8-infozip.zip":         {files: 1},
	"go-zip/utf8-osx.zip":             {files: 1, tolerances: "name-flag"},
	"go-zip/utf8-winrar.zip":          {files: 1},
	"go-zip/utf8-winzip.zip":          {files: 1},
	"go-zip/winxp.zip":                {files: 3},
	"go-zip/zip64-2.zip":              {files: 1},
	"go-zip/zip64.zip":                {files: 1},
	"yauzl/test/failure/End of central directory record signature not found Either not a zip file or file is truncated_1.zip": {reason: ofd.ReasonZip},
	"yauzl/test/failure/invalid characters in fileName a txt.zip":                                                             {reason: ofd.ReasonMismatch},
	"yauzl/test/success/NtfsTimestamp.zip":                                                                                    {files: 1},
	"yauzl/test/success/big-compression.zip":                                                                                  {files: 1},
	"yauzl/test/success/big-uncompressed.zip":                                                                                 {files: 1},
	"yauzl/test/success/bogus-compression-method.zip":                                                                         {reason: ofd.ReasonMethod},
	"yauzl/test/success/cygwin-info-zip.zip":                                                                                  {files: 2},
	"yauzl/test/success/deflate.zip":                                                                                          {files: 1},
	"yauzl/test/success/directories.zip":                                                                                      {files: 1},
	"yauzl/test/success/empty.zip":                                                                                            {reason: ofd.ReasonZip},
	"yauzl/test/success/everything.zip":                                                                                       {files: 1003},
	"yauzl/test/success/linux-info-zip.zip":                                                                                   {files: 2},
	"yauzl/test/success/sloppy-filenames.zip":                                                                                 {reason: ofd.ReasonMismatch},
	"yauzl/test/success/streaming.zip":                                                                                        {files: 2},
	"yauzl/test/success/traditional-encryption-and-compression.zip":                                                           {reason: ofd.ReasonEncrypted},
	"yauzl/test/success/traditional-encryption-and-compression_deprecated.zip":                                                {reason: ofd.ReasonEncrypted},
	"yauzl/test/success/traditional-encryption.zip":                                                                           {reason: ofd.ReasonEncrypted},
	"yauzl/test/success/traditional-encryption_deprecated.zip":                                                                {reason: ofd.ReasonEncrypted},
	"yauzl/test/success/unicode-path-extra-field.zip":                                                                         {reason: ofd.ReasonZip}, // four names for one file
	"yauzl/test/success/unicode.zip":                                                                                          {files: 2},
	"yauzl/test/success/unix-epoch.zip":                                                                                       {files: 1},
	"yauzl/test/success/windows-7-zip.zip":                                                                                    {files: 2},
	"yauzl/test/success/windows-compressed-folder.zip":                                                                        {files: 2},
	"yauzl/test/success/zip64.zip":                                                                                            {files: 2},
}

// TestForeignZips reads every zip file that the authors of other readers keep for their tests.
func TestForeignZips(t *testing.T) {
	t.Parallel()
	root := testdata(t)
	var all []string
	for _, dir := range []string{"go-zip", "yauzl"} {
		for _, name := range filesBelow(t, filepath.Join(root, dir), ".zip") {
			all = append(all, dir+"/"+name)
		}
	}
	require.Len(t, all, len(foreignZips))
	for _, name := range all {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want, known := foreignZips[name]
			require.True(t, known, "no wanted result")
			b, err := os.ReadFile(filepath.Join(root, name))
			require.NoError(t, err)
			files, tolerances, err := ofd.ReadContainer(bytes.NewReader(b), int64(len(b)))
			if want.reason != "" {
				require.ErrorIs(t, err, &ofd.Error{Reason: want.reason})
				require.Nil(t, files)
				return
			}
			require.NoError(t, err)
			require.Len(t, files, want.files)
			require.Equal(t, want.tolerances, tolerances.String())
		})
	}
}

// TestHostileXML: of the XML that other readers fell for, everything with a document type is refused before anything of
// it is expanded.
func TestHostileXML(t *testing.T) {
	t.Parallel()
	root := testdata(t, "defusedxml", "xmltestdata")
	elements := map[string]int{ // 0: refused
		"cyclic.xml": 0, "dtd.xml": 0, "dtd_element.xml": 0, "external.xml": 0, "external_file.xml": 0, "quadratic.xml": 0,
		"xmlbomb.xml": 0, "xmlbomb2.xml": 0, "simple.xml": 4, "simple-ns.xml": 4, "schema-include.xsd": 4,
		"xalan_exec.xsl": 6, "xalan_write.xsl": 5,
	}
	names := filesBelow(t, root, ".xml", ".xsl", ".xsd")
	require.Len(t, names, len(elements))
	for _, name := range names {
		want, known := elements[name]
		require.True(t, known, name)
		b, err := os.ReadFile(filepath.Join(root, name))
		require.NoError(t, err)
		got, text, err := ofd.WalkXML(b)
		if want == 0 {
			require.ErrorIs(t, err, &ofd.Error{Reason: ofd.ReasonDoctype}, name)
			require.Empty(t, text, name)
			continue
		}
		require.NoError(t, err, name)
		require.Len(t, got, want, name)
	}
}
