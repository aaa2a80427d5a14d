package verify_test

import (
	"bytes"
	"cmp"
	"encoding/pem"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/cms"
	"github.com/elicense/elicense/internal/ofd"
	"github.com/elicense/elicense/internal/pdf"
	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/verify"
)

// signedDataIDs are how the types of SignedData are encoded, of RFC 5652 and of GB/T 35275.
var signedDataIDs = [][]byte{
	[]byte("\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02"), []byte("\x06\x0a\x2a\x81\x1c\xcf\x55\x06\x01\x04\x02\x02"),
}

// foreignFile is one signed thing of the test data.
type foreignFile struct {
	name string
	doc  verify.Document
	body []byte
}

func testData(t testing.TB) string {
	t.Helper()
	root := os.Getenv("ELICENSE_TESTDATA")
	if root == "" {
		t.Skip("ELICENSE_TESTDATA is not set: nothing signed by other software to judge")
	}
	return root
}

// foreignFiles finds everything signed among all files of the test data, by what is in them and without the readers
// under test, and leaves out what is excluded by name.
func foreignFiles(t testing.TB) []foreignFile {
	t.Helper()
	root, excluded := testData(t), exclusions(t)
	var out []foreignFile
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		body, err := os.ReadFile(p)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, p)
		name := filepath.ToSlash(rel)
		if err != nil || !looksSigned(name, body) {
			return err
		}
		for prefix := range excluded {
			if strings.HasPrefix(name, prefix) {
				excluded[prefix]++
				return nil
			}
		}
		f := foreignFile{name: name, body: body}
		if filepath.Base(name) == kitValue {
			f.name = filepath.ToSlash(filepath.Dir(name))
			f.body, err = kit(filepath.Dir(p))
		}
		f.doc = verify.DocumentOf(f.body)
		besideIt(&f, filepath.Dir(p))
		out = append(out, f)
		return err
	})
	require.NoError(t, err)
	for prefix, n := range excluded {
		require.Positive(t, n, "nothing is excluded by %q", prefix)
	}
	slices.SortFunc(out, func(a, b foreignFile) int { return cmp.Compare(a.name, b.name) })
	require.NotEmpty(t, out)
	return out
}

// kitValue is the signature of a seal that is kept without its pages.
const kitValue = "Doc_0__Signs__Sign_0__SignedValue.dat"

// signedValue matches the files of OFD packages in which signatures lie.
var signedValue = regexp.MustCompile(`SignedValue[^/]*\.dat$`)

// looksSigned tells signed things by marks that any reader looks for.
func looksSigned(name string, body []byte) bool {
	head := body[:min(len(body), 1024)]
	switch ext := strings.ToLower(filepath.Ext(name)); {
	case slices.Contains([]string{".ofd", ".p7m", ".p7s", ".p7b", ".pkcs7", ".cms", ".tsr", ".tst", ".eml", ".esl"}, ext),
		signedValue.MatchString(name), bytes.Contains(body, []byte("PK\x03\x04")) && bytes.Contains(body, []byte("OFD.xml")):
		return true
	case bytes.Contains(head, []byte("%PDF-")):
		return bytes.Contains(body, []byte("/ByteRange"))
	}
	der := verify.DecodeText(body)
	if block, _ := pem.Decode(body); block != nil && strings.Contains(block.Type, "PKCS") {
		der = block.Bytes
	}
	start := der[:min(len(der), 80)]
	return len(der) > 0 && der[0] == 0x30 && slices.ContainsFunc(signedDataIDs, func(id []byte) bool {
		return bytes.Contains(start, id)
	})
}

// besideIt gives a detached signature the content that lies beside it.
func besideIt(f *foreignFile, folder string) {
	data, err := cms.Parse(verify.DecodeText(f.body))
	if err != nil || !data.Detached {
		return
	}
	for _, beside := range []string{"msg.txt", "../msg.txt", "ExContent.bin"} {
		if content, err := os.ReadFile(filepath.Join(folder, beside)); err == nil {
			f.doc.Content, f.doc.ContentSize = bytes.NewReader(content), int64(len(content))
		}
	}
}

// exclusions are the signed things that are left out, by the beginning of their names.
func exclusions(t testing.TB) map[string]int {
	t.Helper()
	out := map[string]int{}
	for _, line := range table(t, "testdata/interop-exclusions.tsv", 2) {
		out[line[0]] = 0
	}
	return out
}

// table reads lines of columns; those that begin with # are remarks.
func table(t testing.TB, file string, columns int) (out [][]string) {
	t.Helper()
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSuffix(line, "\n"); line == "" || line[0] == '#' {
			continue
		}
		parts := strings.Split(line, "\t")
		require.Len(t, parts, columns, line)
		out = append(out, parts)
	}
	return out
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

// expectation is what was worked out beforehand of one file.
type expectation struct {
	file      string
	at        time.Time // when it is judged: a day on which its certificates were valid
	anchors   []string  // files of the test data; "self": the authorities that the file carries
	class     string
	verdict   string // indication and sub-indication
	check     string // that decided; "-": none
	signature string // the mathematics of all signatures in it: hold, fail, not judged
	why       string // where it is not plain
}

func expectations(t testing.TB) map[string]expectation {
	t.Helper()
	out := map[string]expectation{}
	for _, c := range table(t, "testdata/interop.tsv", 8) {
		at, err := time.Parse(time.DateOnly, c[1])
		require.NoError(t, err, c[0])
		out[c[0]] = expectation{c[0], at, strings.Split(c[2], ","), c[3], c[4], c[5], c[6], c[7]}
	}
	return out
}

// interopVerifier trusts the roots of the file's own group and judges as of the day of the table.
func interopVerifier(t testing.TB, f foreignFile, e expectation, stranger *pki.Certificate) *verify.Verifier {
	t.Helper()
	any := pki.Scope{
		Purposes:   []pki.Purpose{pki.PurposeAny},
		Algorithms: []pki.KeyAlgorithm{pki.KeySM2, pki.KeyRSA, pki.KeyRSAPSS, pki.KeyECDSA},
		Exceptions: []pki.Exception{pki.ExceptionNoKeyUsage, pki.ExceptionShortRSA, pki.ExceptionSHA1},
	}
	anchors := []pki.Anchor{{Certificate: stranger, Scope: any}}
	for _, c := range rootsOf(t, f, e.anchors) {
		known := slices.ContainsFunc(anchors, func(a pki.Anchor) bool { return a.Certificate.Equal(c) })
		if _, err := pki.NewScopedAnchors(pki.Anchor{Certificate: c, Scope: any}); err == nil && !known {
			anchors = append(anchors, pki.Anchor{Certificate: c, Scope: any})
		}
	}
	trust, err := pki.NewScopedAnchors(anchors...)
	require.NoError(t, err)
	v, err := verify.New(verify.Config{Trust: trust, Now: func() time.Time { return e.at }, ForeignForms: true})
	require.NoError(t, err)
	return v
}

func rootsOf(t testing.TB, f foreignFile, names []string) (out []*pki.Certificate) {
	t.Helper()
	for _, name := range names {
		if name == "self" {
			out = append(out, authoritiesOf(f)...)
			continue
		}
		if name == "-" {
			continue
		}
		b, err := os.ReadFile(filepath.Join(testData(t), name))
		require.NoError(t, err)
		for len(b) > 0 {
			der := b
			block, rest := pem.Decode(b)
			if b = rest; block != nil {
				der = block.Bytes
			} else {
				b = nil
			}
			if c, err := pki.ParseTolerant(der); err == nil {
				out = append(out, c)
			}
		}
	}
	return out
}

// authoritiesOf are the certificates of authorities that a file carries.
func authoritiesOf(f foreignFile) (out []*pki.Certificate) {
	values := [][]byte{verify.DecodeText(f.body)}
	if p, err := pdf.Open(bytes.NewReader(f.body), int64(len(f.body))); err == nil {
		list, _ := p.Signatures()
		for _, s := range list {
			value, _ := s.Value()
			values = append(values, value)
		}
		if store, err := p.Evidence(); err == nil {
			out = authorities(store.Certificates)
		}
	}
	for _, value := range values {
		if data, err := cms.Parse(value); err == nil {
			out = append(out, authorities(data.Certificates)...)
			for i := range data.Signers {
				for _, token := range data.Signers[i].SignatureTimestamps() {
					if inner, err := cms.Parse(token); err == nil {
						out = append(out, authorities(inner.Certificates)...)
					}
				}
			}
		}
	}
	return out
}

func authorities(list [][]byte) (out []*pki.Certificate) {
	for _, raw := range list {
		if c, err := pki.ParseTolerant(raw); err == nil && c.IsCA {
			out = append(out, c)
		}
	}
	return out
}

// class says in one word what was found, leaving aside whom to trust and what became of certificates since.
func class(r *verify.Report) string {
	failed := func(match func(id string) bool) bool {
		return slices.ContainsFunc(r.Checks, func(c verify.Check) bool { return c.Status == verify.CheckFailed && match(c.ID) })
	}
	is := func(ids ...string) func(string) bool {
		return func(id string) bool { return slices.Contains(ids, id) }
	}
	for _, c := range r.Checks {
		if c.Status == verify.CheckFailed && strings.HasSuffix(c.ID, ".signature") && c.Sub == verify.CryptoConstraintsFailure {
			return "algorithm not known"
		}
	}
	for _, test := range []struct {
		class string
		match func(string) bool
	}{
		{"unsigned", is("package.signed", "pdf.signed")},
		{"malformed", func(id string) bool {
			return strings.HasSuffix(id, ".text") || id == "cms.signers" || id == "document.kind" || id == "pdf.value"
		}},
		{"signature broken", func(id string) bool { return strings.HasSuffix(id, ".signature") }},
		{"not whole", is("pdf.range")},
		{"content changed", is("signature.digest", "description.files", "signature.bound", "timestamp.imprint")},
		{"changed since", is("pdf.changed")},
		{"unsigned files", is("package.extra")},
		{"other certificate named", is("signature.binding")},
		{"algorithm over", func(id string) bool { return strings.HasSuffix(id, ".algorithm") }},
	} {
		if failed(test.match) {
			return test.class
		}
	}
	return undecided(r)
}

func undecided(r *verify.Report) string {
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

// mathematics tells whether every signature value in a document holds, whoever made it and whatever it is over.
func mathematics(r *verify.Report) string {
	found := "not judged"
	for _, c := range r.Checks {
		switch {
		case !strings.HasSuffix(c.ID, ".signature"):
		case c.Status == verify.CheckPassed && found == "not judged":
			found = "hold"
		case c.Status != verify.CheckPassed && c.Status != verify.CheckSkipped:
			return "fail"
		}
	}
	return found
}

var update = flag.Bool("update", false, "write docs/interop.md anew")

const interopHead = `# Signed things of other software

Every sealed OFD, SignedData, signed PDF and time-stamp of the test data (which is not part of this repository), with what was worked
out beforehand from the file, the independent checkers and the standards (` + "`verify/testdata/interop.tsv`" + `) and with what this verifier says. They are found by
their content; what is left out is named at the end. Each file is judged as of a day on which its certificates were valid, with the roots of its own group as anchors.
Nothing but the file itself tells of revocations, so that what brings no evidence is INDETERMINATE at best. Of the production seals no issuer's
certificate is held: their mathematics, cover and validity when they were used can be judged, their chains cannot.

*Class* leaves aside trust and revocation. *Signatures* tells whether the values of all signatures hold: of signers, makers of seals and time-stamps.

` + "`go test ./verify -run TestInterop -update`" + ` with ELICENSE_TESTDATA set writes this table; without -update it fails if anything differs, or if a signed
file is neither in the table nor among the exclusions.

| file | kind | as of | class | signatures | verdict | finding that decided |
|---|---|---|---|---|---|---|
`

// notMade are the OFD files whose seals do not hold, because nobody's software made them so.
var notMade = map[string]string{
	"ofdrw/ofdrw-converter/src/test/resources/n.ofd":      "a sample of somebody's own making",
	"ofdrw/ofdrw-sign/src/test/resources/DigitalSign.ofd": "a bare value, for which no key is known",
	"ofdrw/ofdrw-layout/src/test/resources/fptpl.ofd":     "stripped",
}

// verdict is the indication with its sub-indication.
func verdict(r *verify.Report) string {
	return strings.TrimSpace(r.Indication.String() + " " + string(r.SubIndication))
}

// TestInterop_D2_1: for every signed thing of other software the verdict is the expected one, for the expected reason,
// and the first two lines of its report hold decision, reason and next act.
func TestInterop_D2_1(t *testing.T) {
	w := newWorld(t)
	want := expectations(t)
	rows, notes := bytes.NewBufferString(interopHead), &bytes.Buffer{}
	unsigned := 0
	for _, f := range foreignFiles(t) {
		e, listed := want[f.name]
		r, err := interopVerifier(t, f, e, w.root.cert()).VerifyDocument(t.Context(), f.doc, verify.Expect{})
		require.NoError(t, err, f.name)
		checkHeadlines(t, f.name, r)
		found := expectation{f.name, e.at, e.anchors, class(r), verdict(r), cmp.Or(r.Headline, "-"), mathematics(r), e.why}
		if c, ok := r.Check("package.signed"); !listed && ok && c.Found == "none" {
			unsigned++
			continue
		}
		if !assert.True(t, listed, "a file that is not in testdata/interop.tsv: %s %v", f.name, found) || !assert.Equal(t, e, found) {
			continue
		}
		if _, other := notMade[f.name]; r.Kind == verify.KindOFD && !other {
			require.Equal(t, "hold", e.signature, "%s: a seal in use must hold mathematically", f.name)
		}
		for _, c := range r.Checks {
			require.True(t, c.ID != "seal.size" || c.Status == verify.CheckPassed, "%s: %v", f.name, c)
		}
		writeRow(rows, r, e)
		if e.why != "" {
			fmt.Fprintf(notes, "- %s: %s.\n", f.name, e.why)
		}
		delete(want, f.name)
	}
	require.False(t, t.Failed())
	require.Empty(t, want, "files that are expected and not there")
	fmt.Fprintf(rows, "\nBeside these, %d OFD files carry no signature and are returned as such.\n\n## Why\n\n%s\n## Left out\n\n", unsigned, notes)
	for _, line := range table(t, "testdata/interop-exclusions.tsv", 2) {
		fmt.Fprintf(rows, "- %s…: %s.\n", line[0], line[1])
	}
	const path = "../docs/interop.md"
	if *update {
		require.NoError(t, os.WriteFile(path, rows.Bytes(), 0o600))
	}
	have, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, rows.String(), string(have))
}

func writeRow(w io.Writer, r *verify.Report, e expectation) {
	finding := "none"
	if c, ok := r.Check(r.Headline); ok {
		finding = "`" + c.ID + "` " + c.Found
	}
	fmt.Fprintf(w, "| %s | %s | %s | %s | %s | %s | %s |\n", e.file, r.Kind, e.at.Format(time.DateOnly), e.class, e.signature,
		e.verdict, strings.TrimSpace(brief(finding)))
}

// brief keeps a cell of the table short.
func brief(s string) string {
	if r := []rune(s); len(r) > 90 {
		return string(r[:90]) + "…"
	}
	return s
}

// checkHeadlines: the first two lines of the report as it is written hold the decision, its reason and what to do next,
// in either language.
func checkHeadlines(t testing.TB, name string, r *verify.Report) {
	t.Helper()
	for _, c := range r.Checks {
		require.True(t, verify.Ruled(c.ID), "%s: %s has no rule", name, c.ID)
	}
	decision := map[verify.Decision]string{verify.Accept: "可以受理", verify.Return: "退回并告知", verify.Recheck: "复验"}[r.Decision()]
	for lang, ask := range map[string]*regexp.Regexp{
		"zh": regexp.MustCompile("请|证照|可信|真实|信任的根"), "en": regexp.MustCompile("ask|have|get|check|judge|submit|try|trust|bring|clear|compare|refer"),
	} {
		var b bytes.Buffer
		require.NoError(t, r.WriteText(&b, lang))
		lines := strings.SplitN(b.String(), "\n", 3)
		require.Len(t, lines, 3, name)
		require.Contains(t, lines[0], decision, name)
		require.NotEmpty(t, lines[1], name)
		require.Regexp(t, ask, lines[1], "%s: no next act", name)
		if lang == "zh" && r.Decision() != verify.Accept {
			require.Contains(t, lines[1], "请", "%s: no next act", name)
		}
		require.NotEmpty(t, r.NextAct(lang), name)
	}
}

// TestInteropSeeds: of the mutated seeds that fuzzing of other software left, none passes, and none breaks the judge.
func TestInteropSeeds(t *testing.T) {
	if testing.Short() {
		t.Skip("judges thousands of seeds")
	}
	w := newWorld(t)
	v := w.verifier(func(c *verify.Config) { c.ForeignForms = true })
	n := 0
	require.NoError(t, filepath.WalkDir(filepath.Join(testData(t), "tongsuo-fuzz"), func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		body, err := os.ReadFile(p)
		require.NoError(t, err)
		r, err := v.Verify(t.Context(), body, verify.Expect{})
		require.NoError(t, err, p)
		require.NotEqual(t, verify.Accept, r.Decision(), p)
		n++
		return nil
	}))
	require.Positive(t, n)
}
