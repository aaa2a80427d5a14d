package cms_test

import (
	"archive/zip"
	"bytes"
	"encoding/pem"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/cms"
	"github.com/elicense/elicense/internal/oid"
)

// testdata is the folder of foreign files.
func testdata(t *testing.T, parts ...string) string {
	t.Helper()
	root := os.Getenv("ELICENSE_TESTDATA")
	if root == "" {
		t.Skip("ELICENSE_TESTDATA is not set: no foreign CMS to read")
	}
	return filepath.Join(append([]string{root}, parts...)...)
}

// eachValue visits every ContentInfo of CMS in the files below a folder: DER or BER, in PEM, and the signature values
// in OFD packages. Which files hold one is seen from the object identifier at the front.
func eachValue(t *testing.T, folder string, visit func(name string, der []byte)) {
	t.Helper()
	root := testdata(t, folder)
	found := 0
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(filepath.Dir(root), path)
		require.NoError(t, err)
		for suffix, der := range valuesIn(data) {
			if looksLikeCMS(der) {
				found++
				visit(filepath.ToSlash(name)+suffix, der)
			}
		}
		return nil
	})
	require.NoError(t, err)
	require.Positive(t, found, folder)
}

func valuesIn(data []byte) map[string][]byte {
	out := map[string][]byte{"": data}
	if block, _ := pem.Decode(data); block != nil {
		out[""] = block.Bytes
	}
	archive, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return out
	}
	for _, f := range archive.File {
		if !strings.HasSuffix(strings.ToLower(f.Name), "signedvalue.dat") {
			continue
		}
		r, err := f.Open()
		if err != nil {
			continue
		}
		if value, err := io.ReadAll(io.LimitReader(r, 1<<20)); err == nil {
			out["!"+f.Name] = value
		}
	}
	return out
}

// looksLikeCMS tells whether an outer SEQUENCE, of definite length or not, starts with an object identifier of CMS.
func looksLikeCMS(der []byte) bool {
	if len(der) < 24 || der[0] != 0x30 {
		return false
	}
	header := 2
	if der[1] > 0x80 {
		header += int(der[1] & 0x7f)
	}
	rest := der[min(header, len(der)):]
	if len(rest) < 2 || rest[0] != 6 {
		return false
	}
	for _, arc := range []string{
		"\x2a\x86\x48\x86\xf7\x0d\x01\x07", "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01", "\x2a\x81\x1c\xcf\x55\x06\x01\x04\x02",
	} {
		if bytes.HasPrefix(rest[2:], []byte(arc)) {
			return true
		}
	}
	return false
}

// verdict reads a value by either parser and says in one line what came of it: the kind and the deviations, or the
// reason of the refusal. What reads is written again to the same bytes.
func verdict(t *testing.T, der []byte) string {
	t.Helper()
	d, err := cms.Parse(der)
	if err == nil {
		again, err := d.With(cms.Additions{})
		require.NoError(t, err)
		require.Equal(t, der, again)
		return strings.TrimSpace("signed " + d.Tolerances.String())
	}
	require.Nil(t, d)
	e, envelope := cms.ParseEnveloped(der)
	if envelope == nil {
		return strings.TrimSpace("enveloped " + e.Tolerances.String())
	}
	require.Nil(t, e)
	if !errors.Is(err, cms.ErrType) {
		return strings.TrimPrefix(err.Error(), "cms: ")
	}
	if errors.Is(envelope, cms.ErrType) {
		return "type " + strings.Fields(strings.TrimPrefix(envelope.Error(), cms.ErrType.Error()+": "))[0]
	}
	return strings.TrimPrefix(envelope.Error(), "cms: ")
}

// wanted reads the table of verdicts.
func wanted(t *testing.T) map[string]string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "foreign.txt"))
	require.NoError(t, err)
	table := make(map[string]string)
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		path, verdict, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		require.True(t, ok, line)
		table[path] = verdict
	}
	return table
}

// Every CMS value of the test data is in the table, and the table is what comes of them.
func TestForeignValues(t *testing.T) {
	got := make(map[string]string)
	for _, folder := range []string{
		"gmsm-literals", "tongsuo", "openhitls", "gmssl", "bc-test-data", "bc-java-literals", "bc-java-tsp", "dss-cades",
		"dss-spi", "ofd-seal-kits", "pyhanko",
	} {
		eachValue(t, folder, func(name string, der []byte) { got[name] = verdict(t, der) })
	}
	require.Empty(t, cmp.Diff(wanted(t), got))
}

// Of the seeds of another project's fuzzing nearly all are in BER. Not one is SignedData by mistake.
func TestForeignSeeds(t *testing.T) {
	got := make(map[string]int)
	eachValue(t, "tongsuo-fuzz", func(_ string, der []byte) { got[verdict(t, der)]++ })
	require.Empty(t, cmp.Diff(map[string]int{
		"malformed: indefinite length":       592,
		"malformed: bytes after ContentInfo": 1,
		"malformed: encryptedContentInfo":    1,
		"malformed: version":                 1,
		"type 1.2.840.113549.1.9.16.1.2":     37,
	}, got))
}

// The attributes of foreign signatures read, each kind at least in one of them.
func TestForeignAttributes(t *testing.T) {
	got := make(map[string]int)
	count := func(kind string, n int) {
		if n > 0 {
			got[kind] += n
		}
	}
	for _, folder := range []string{"openhitls", "bc-test-data", "dss-cades", "ofd-seal-kits"} {
		eachValue(t, folder, func(name string, der []byte) {
			d, err := cms.Parse(der)
			if err != nil {
				return
			}
			count("CRLs inside", len(d.CRLs))
			count("OCSP responses inside", len(d.OCSPResponses)+len(d.BasicResponses))
			for i := range d.Signers {
				countAttributes(t, name, &d.Signers[i], count)
			}
		})
	}
	require.Empty(t, cmp.Diff(map[string]int{
		"signing times": 45, "bindings": 31, "commitments": 5, "policies": 4, "content timestamps": 5,
		"signature timestamps": 18, "archive timestamps": 17, "countersignatures": 3,
		"certificate values": 10, "CRL values": 8, "certificate references": 8, "CRL references": 8,
		"CRLs inside": 15, "OCSP responses inside": 11,
		"refused: signed attributes are not acceptable: 1.2.840.113549.1.9.5 must have one value": 1,
	}, got))
}

func countAttributes(t *testing.T, name string, s *cms.SignerInfo, count func(string, int)) {
	t.Helper()
	bindings, err := s.SigningCertificates()
	if err != nil {
		count("refused: "+strings.TrimPrefix(err.Error(), "cms: "), 1)
	}
	count("bindings", len(bindings))
	_, ok, err := s.SigningTime()
	if err != nil {
		count("refused: "+strings.TrimPrefix(err.Error(), "cms: "), 1)
	}
	if ok {
		count("signing times", 1)
	}
	commitments, err := s.Commitments()
	require.NoError(t, err, name)
	count("commitments", len(commitments))
	policy, err := s.Policy()
	require.NoError(t, err, name)
	if policy != nil {
		count("policies", 1)
	}
	evidence, err := s.Evidence()
	require.NoError(t, err, name)
	count("certificate values", len(evidence.Certificates))
	count("CRL values", len(evidence.CRLs))
	count("OCSP values", len(evidence.BasicResponses))
	references, err := s.References()
	require.NoError(t, err, name)
	count("certificate references", len(references.Certificates))
	count("CRL references", len(references.CRLs))
	count("OCSP references", len(references.Responses))
	count("signature timestamps", len(s.SignatureTimestamps()))
	count("content timestamps", len(s.SignedValues(oid.ContentTimestamp)))
	for _, id := range []oid.ID{oid.ArchiveTimestamp, oid.ArchiveTimestampV2, oid.ArchiveTimestampV3} {
		count("archive timestamps", len(s.UnsignedValues(id)))
	}
	counters, err := s.Countersignatures()
	require.NoError(t, err, name)
	count("countersignatures", len(counters))
	for i := range counters {
		countAttributes(t, name, &counters[i], count)
	}
}
