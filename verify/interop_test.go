package verify_test

import (
	"bytes"
	"cmp"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/cms"
	"github.com/elicense/elicense/internal/ofd"
	"github.com/elicense/elicense/internal/tsp"
	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/verify"
)

// interopRoots are the folders of signed things that other software made.
var interopRoots = []string{
	"ofdrw", "ofdsharp", "hbh-ofd", "ofdbox", "c5soft-ofdjs", "ofd-seal-kits", "gmsm-literals", "tongsuo/test/recipes",
	"openhitls/testdata/cert/asn1/cms/signeddata", "bc-java-tsp", "bc-test-data", "dss-cades", "dss-spi", "gmssl",
}

// interopNow is when the files are judged: the table does not change as certificates expire.
var interopNow = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)

// foreignFile is one signed thing of the test data.
type foreignFile struct {
	name string
	doc  verify.Document
}

func testData(t testing.TB) string {
	t.Helper()
	root := os.Getenv("ELICENSE_TESTDATA")
	if root == "" {
		t.Skip("ELICENSE_TESTDATA is not set: nothing signed by other software to judge")
	}
	return root
}

// foreignFiles finds everything signed among the files, by what is in them.
func foreignFiles(t testing.TB) []foreignFile {
	t.Helper()
	root := testData(t)
	var out []foreignFile
	for _, folder := range interopRoots {
		err := filepath.WalkDir(filepath.Join(root, folder), func(p string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			body, err := os.ReadFile(p)
			if err != nil {
				return err
			}
			rel, err := filepath.Rel(root, p)
			if f, ok := signedFile(filepath.ToSlash(rel), p, body); ok {
				out = append(out, f)
			}
			return err
		})
		require.NoError(t, err)
	}
	slices.SortFunc(out, func(a, b foreignFile) int { return cmp.Compare(a.name, b.name) })
	require.NotEmpty(t, out)
	return out
}

func signedFile(name, path string, body []byte) (foreignFile, bool) {
	f := foreignFile{name: name, doc: verify.DocumentOf(body)}
	switch base := filepath.Base(name); {
	case base == "Doc_0__Signs__Sign_0__SignedValue.dat":
		body, err := kit(filepath.Dir(path))
		f.name, f.doc = filepath.ToSlash(filepath.Dir(name)), verify.DocumentOf(body)
		return f, err == nil
	case strings.HasSuffix(name, ".ofd"):
		return f, true
	}
	data, err := cms.Parse(verify.DecodeText(body))
	if err != nil {
		if _, err := tsp.ParseResponse(body); err == nil && strings.HasSuffix(name, ".tsr") {
			return f, true
		}
		ending := filepath.Ext(name)
		return f, slices.Contains([]string{".p7m", ".p7s", ".pkcs7", ".cms"}, ending)
	}
	if data.Detached {
		for _, beside := range []string{"msg.txt"} {
			content, err := os.ReadFile(filepath.Join(filepath.Dir(path), beside))
			if err == nil {
				f.doc.Content, f.doc.ContentSize = bytes.NewReader(content), int64(len(content))
			}
		}
	}
	return f, true
}

// kit makes a package of a seal that is kept without the pages it is over.
func kit(folder string) ([]byte, error) {
	files := page()[:2]
	files[0].Data = bytes.Replace(files[0].Data, []byte("</ofd:DocRoot>"), []byte("</ofd:DocRoot>"+
		"<ofd:Signatures>Doc_0/Signs/Signatures.xml</ofd:Signatures>"), 1)
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if e.Name() == "refs.tsv" {
			continue
		}
		body, err := os.ReadFile(filepath.Join(folder, e.Name()))
		if err != nil {
			return nil, err
		}
		files = append(files, ofd.File{Name: strings.ReplaceAll(e.Name(), "__", "/"), Data: body})
	}
	return ofd.Marshal(files)
}

// interopVerifier trusts the authorities that a file itself brings, so that the question is whether all else is in
// order.
func interopVerifier(t testing.TB, f foreignFile, stranger *pki.Certificate) *verify.Verifier {
	t.Helper()
	any := pki.Scope{
		Purposes:   []pki.Purpose{pki.PurposeAny},
		Algorithms: []pki.KeyAlgorithm{pki.KeySM2, pki.KeyRSA, pki.KeyRSAPSS, pki.KeyECDSA},
		Exceptions: []pki.Exception{pki.ExceptionNoKeyUsage, pki.ExceptionShortRSA, pki.ExceptionSHA1},
	}
	anchors := []pki.Anchor{{Certificate: stranger, Scope: any}}
	body := make([]byte, f.doc.Size)
	_, err := f.doc.Body.ReadAt(body, 0)
	require.NoError(t, err)
	if data, err := cms.Parse(verify.DecodeText(body)); err == nil {
		for _, raw := range data.Certificates {
			c, err := pki.ParseTolerant(raw)
			if err != nil || !c.IsCA {
				continue
			}
			if _, err := pki.NewScopedAnchors(pki.Anchor{Certificate: c, Scope: any}); err == nil {
				anchors = append(anchors, pki.Anchor{Certificate: c, Scope: any})
			}
		}
	}
	trust, err := pki.NewScopedAnchors(anchors...)
	require.NoError(t, err)
	v, err := verify.New(verify.Config{Trust: trust, Now: func() time.Time { return interopNow }, ForeignForms: true})
	require.NoError(t, err)
	return v
}

// class says in one word what was found, leaving aside whom to trust and what became of certificates since.
func class(r *verify.Report) string {
	failed := func(match func(id string) bool) bool {
		return slices.ContainsFunc(r.Checks, func(c verify.Check) bool { return c.Status == verify.CheckFailed && match(c.ID) })
	}
	is := func(ids ...string) func(string) bool {
		return func(id string) bool { return slices.Contains(ids, id) }
	}
	switch {
	case failed(is("package.signed")):
		return "unsigned"
	case failed(func(id string) bool {
		return strings.HasSuffix(id, ".text") || id == "cms.signers" || id == "document.kind"
	}):
		return "malformed"
	case failed(func(id string) bool { return strings.HasSuffix(id, ".signature") }):
		return "signature broken"
	case failed(is("signature.digest", "description.files", "signature.bound", "timestamp.imprint")):
		return "content changed"
	case failed(is("package.extra")):
		return "unsigned files"
	case failed(is("signature.binding")):
		return "other certificate named"
	case failed(func(id string) bool { return strings.HasSuffix(id, ".algorithm") }):
		return "algorithm over"
	}
	if c, ok := r.Check("signature.chain"); ok && c.Sub == verify.NoSigningCertificateFound {
		return "no certificate"
	}
	if _, ok := r.Check("signature.signature"); !ok && r.Kind != verify.KindTimestamp {
		return "content missing"
	}
	if c, ok := r.Check("signature.signature"); ok && c.Status != verify.CheckPassed {
		return "undecided"
	}
	if c, ok := r.Check("timestamp.imprint"); ok && c.Status == verify.CheckIndeterminate {
		return "content missing"
	}
	return "sound"
}

// expected are the classes worked out beforehand, by file, with the reason where it is not plain.
func expected(t testing.TB) map[string][2]string {
	t.Helper()
	text, err := os.ReadFile("testdata/interop.tsv")
	require.NoError(t, err)
	out := map[string][2]string{}
	for line := range strings.Lines(string(text)) {
		parts := strings.SplitN(strings.TrimSuffix(line, "\n"), "\t", 3)
		if len(parts) < 2 || strings.HasPrefix(line, "#") {
			continue
		}
		out[parts[0]] = [2]string{parts[1], strings.Join(parts[2:], "")}
	}
	return out
}

var update = flag.Bool("update", false, "write docs/interop.md anew")

const interopHead = `# Signed things of other software

Every OFD, SignedData and time-stamp of the test data (which is not part of this repository) with the class that was worked out
beforehand from the file, the independent checkers and the standards, and with what this verifier says. Each file is judged as of 2026-11-01 with the
authorities that it itself brings as anchors, and without evidence of revocation; so none passes, and the class leaves aside trust,
revocation and what expired since. Of the production seals no issuer's certificate is held: their mathematics, cover and validity when
they were used can be judged, their chains cannot.

` + "`go test ./verify -run TestInterop -update`" + ` with ELICENSE_TESTDATA set writes this table; without -update it fails if anything differs.

| file | kind | expected | found | indication | first finding |
|---|---|---|---|---|---|
`

// TestInterop_D2_1: for every signed thing of other software the verdict is the expected one, and the first two lines
// of its report hold a decision and a reason.
func TestInterop_D2_1(t *testing.T) {
	w := newWorld(t)
	want := expected(t)
	table := bytes.NewBufferString(interopHead)
	var notes bytes.Buffer
	unsigned := 0
	for _, f := range foreignFiles(t) {
		r, err := interopVerifier(t, f, w.root.cert()).VerifyDocument(t.Context(), f.doc, verify.Expect{})
		require.NoError(t, err, f.name)
		decision, why := r.Headlines("en")
		require.NotEmpty(t, decision, f.name)
		require.NotEmpty(t, why, f.name)
		require.NotEqual(t, verify.Accept, r.Decision(), f.name)
		found := class(r)
		row, listed := want[f.name]
		if !listed && found == "unsigned" && r.Kind == verify.KindOFD {
			unsigned++
			continue
		}
		require.True(t, listed, "a file that is not in testdata/interop.tsv: %s %s %s", f.name, found, why)
		require.Equal(t, row[0], found, "%s: %s", f.name, why)
		finding := "none"
		if c, ok := r.Check(r.Headline); ok {
			finding = "`" + c.ID + "` " + c.Found
		}
		fmt.Fprintf(table, "| %s | %s | %s | %s | %s %s | %s |\n", f.name, r.Kind, row[0], found, r.Indication, r.SubIndication,
			strings.TrimSpace(brief(finding)))
		if row[1] != "" {
			fmt.Fprintf(&notes, "- %s: %s.\n", f.name, row[1])
		}
		delete(want, f.name)
	}
	require.Empty(t, want, "files that are expected and not there")
	fmt.Fprintf(table, "\nBeside these, %d OFD files carry no signature and are returned as such.\n\n## Why\n\n%s", unsigned, &notes)
	const path = "../docs/interop.md"
	if *update {
		require.NoError(t, os.WriteFile(path, table.Bytes(), 0o600))
	}
	have, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, table.String(), string(have))
}

// brief keeps a cell of the table short.
func brief(s string) string {
	if r := []rune(s); len(r) > 90 {
		return string(r[:90]) + "…"
	}
	return s
}
