package verify_test

import (
	"bytes"
	"cmp"
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
	"github.com/elicense/elicense/internal/ses"
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

// interopVerifier trusts the authorities that a file itself brings, so that the question is whether all else is in order.
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
	case failed(func(id string) bool { return strings.HasSuffix(id, ".text") || id == "cms.signers" || id == "document.kind" }):
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

func TestExploreInterop(t *testing.T) {
	w := newWorld(t)
	for _, f := range foreignFiles(t) {
		r, err := interopVerifier(t, f, w.root.cert()).VerifyDocument(t.Context(), f.doc, verify.Expect{})
		require.NoError(t, err, f.name)
		_, why := r.Headlines("en")
		fmt.Printf("%s\t%s\t%s\t%s/%s\t%s\n", f.name, r.Kind, class(r), r.Indication, r.SubIndication, why)
	}
}

func TestExploreMaker(t *testing.T) {
	body, _ := os.ReadFile(testData(t) + "/ofdsharp/src/UnitTests/Files/test1.ofd")
	p, _ := ofd.Open(bytes.NewReader(body), int64(len(body)))
	for _, n := range p.Files() {
		if strings.HasSuffix(n, "SignedValue.dat") {
			b, _ := p.ReadFile(n, 1<<20)
			s, err := ses.ParseSignature(b)
			require.NoError(t, err)
			c, _ := pki.ParseTolerant(s.Seal.Maker)
			fmt.Println(s.Seal.Created, s.Seal.ValidFrom, c.NotBefore, c.NotAfter, s.Time)
		}
	}
}
