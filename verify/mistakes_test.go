package verify_test

import (
	"archive/zip"
	"bytes"
	"encoding/asn1"
	"encoding/binary"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/internal/ofd"
	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/pki/ca"
	"github.com/elicense/elicense/verify"
)

// wrongDocument is a document with what the judge must find wrong with it.
type wrongDocument struct {
	doc    []byte
	config func(*verify.Config)
	id     string
	sub    verify.SubIndication
	open   bool   // not decided, rather than wrong
	found  string // in the finding; empty: not looked at
}

// TestMistakesOfOtherReaders_A26: what other readers are known to take for good, each in one document. docs/verify.md
// section 12 lists them, and this test holds it to that.
func TestMistakesOfOtherReaders_A26(t *testing.T) {
	w := newSealWorld(t)
	list := w.mistakes()
	holdTable(t, "## 12.", list)
	for name, test := range list {
		t.Run(name, func(t *testing.T) { w.judgeWrong(t, name, test) })
	}
	for name, doc := range map[string][]byte{
		"sealed":  w.sealed(page(), nil),
		"rewrite": rezip(t, w.sealed(page(), nil), func(entries []entry) []entry { return entries }),
		"lie": w.lie().document(t, ofd.TypeSeal, func(xml []byte) ([]byte, []byte) {
			l := w.lie()
			return l.value(t, xml)
		}),
	} { // without a mistake each of the ways in which these are made gives a document that passes
		require.Equal(t, verify.TotalPassed, w.judge(w.sealVerifier(nil), doc).Indication, name)
	}
}

// judgeWrong holds the finding of one document against what it must be; the report must say it in its first two lines.
func (w *sealWorld) judgeWrong(t testing.TB, name string, test wrongDocument) {
	t.Helper()
	r := w.judge(w.sealVerifier(test.config), test.doc)
	want, outcome := verify.CheckFailed, verify.TotalFailed
	if test.open {
		want, outcome = verify.CheckIndeterminate, verify.Indeterminate
	}
	require.Equal(t, outcome, r.Indication, "%s", r.Headline)
	checkHeadlines(t, name, r)
	require.True(t, slices.ContainsFunc(r.Checks, func(c verify.Check) bool {
		return c.ID == test.id && c.Status == want && c.Sub == test.sub && strings.Contains(c.Found, test.found)
	}), "wanted %s %s %s, found %s %v", test.id, test.sub, test.found, r.Headline, r.Checks)
}

func (w *sealWorld) mistakes() map[string]wrongDocument {
	t := w.t
	good := w.sealed(page(), nil)
	stranger := newSealWorld(t)
	person := w.enrol(ca.ProfileDepartment, fixtures.Departments()[1])
	lying := func(edit func(*lie)) []byte {
		l := w.lie()
		l.seal.Certificates = [][]byte{w.department.cert().Raw}
		edit(l)
		return l.document(t, ofd.TypeSeal, func(xml []byte) ([]byte, []byte) { return l.value(t, xml) })
	}
	const content = "Doc_0/Pages/Page_0/Content.xml"
	evil := []byte(`<ofd:Page` + ofdSpace + `><ofd:Content><x/></ofd:Content></ofd:Page>`)
	add := func(name string, data []byte, first bool) func([]entry) []entry {
		return func(entries []entry) []entry {
			if first {
				return append([]entry{{name, data}}, entries...)
			}
			return append(entries, entry{name, data})
		}
	}
	later := func(c *verify.Config) { c.Now = func() time.Time { return now.AddDate(20, 0, 0) } }
	return map[string]wrongDocument{
		"SignedData without SignerInfo": {doc: withoutSigners(t, w.attached(person, []byte("示例"))), id: "cms.signers",
			sub: verify.FormatFailure},
		"maker's signature not checked": {doc: lying(func(l *lie) { l.maker.key = person.key }), id: "maker.signature",
			sub: verify.SigCryptoFailure},
		"seal by anybody": {doc: lying(func(l *lie) { l.maker = stranger.maker }), id: "maker.chain",
			sub: verify.NoCertificateChainFound, open: true},
		"signer not in the seal's list": {doc: lying(func(l *lie) { l.signer = person }), id: "seal.signer",
			sub: verify.SigConstraintsFailure},
		"extra file":                  {doc: rezip(t, good, add("Doc_0/More.xml", []byte("<x/>"), false)), id: "package.extra", sub: verify.SigConstraintsFailure},
		"duplicate entry, last":       {doc: rezip(t, good, add(content, evil, false)), id: "package.text", sub: verify.FormatFailure, found: "duplicate"},
		"duplicate entry, first":      {doc: rezip(t, good, add(content, evil, true)), id: "package.text", sub: verify.FormatFailure, found: "duplicate"},
		"hidden local entry":          {doc: hideLocal(t, good, content, evil), id: "package.text", sub: verify.FormatFailure, found: "hidden"},
		"zip slip":                    {doc: rezip(t, good, add("../../slipped.txt", []byte("x"), false)), id: "package.text", sub: verify.FormatFailure, found: "name"},
		"zip slip, absolute":          {doc: rezip(t, good, add("/slipped.txt", []byte("x"), false)), id: "package.extra", sub: verify.SigConstraintsFailure},
		"zip slip, backslash":         {doc: rezip(t, good, add(`..\slipped.txt`, []byte("x"), false)), id: "package.text", sub: verify.FormatFailure, found: "name"},
		"path in another case":        {doc: rezip(t, good, add(strings.ToUpper(content), evil, false)), id: "package.text", sub: verify.FormatFailure, found: "duplicate"},
		"seal names another case":     {doc: lying(func(l *lie) { l.property = "/Doc_0/Signs/SIGN_0/Signature.xml" }), id: "signature.path", sub: verify.SigConstraintsFailure},
		"Signatures.xml stripped":     {doc: rezip(t, good, without("Signatures.xml")), id: "package.signed", sub: verify.SignedDataNotFound},
		"signatures no more named":    {doc: rewrite(t, good, unnamed), id: "package.signed", sub: verify.SignedDataNotFound},
		"all of Signs stripped":       {doc: rezip(t, rewrite(t, good, unnamed), without("/Signs/")), id: "package.signed", sub: verify.SignedDataNotFound},
		"digest algorithm MD5":        {doc: lying(func(l *lie) { l.check, l.digest = "MD5", func([]byte) []byte { return make([]byte, 16) } }), id: "description.files", sub: verify.CryptoConstraintsFailure},
		"certificate valid only now":  {doc: lying(func(l *lie) { l.sig.Time = w.now.AddDate(0, -1, 0) }), id: "signature.chain", sub: verify.NotYetValid},
		"certificate valid only then": {doc: lying(func(*lie) {}), config: later, id: "signature.chain", sub: verify.OutOfBoundsNoPOE, open: true},
		"signed after its certificate": {doc: lying(func(l *lie) { l.sig.Time = now.AddDate(15, 0, 0) }), config: later,
			id: "signature.chain", sub: verify.Expired},
		"revocation not looked for": {doc: good, config: func(c *verify.Config) { c.Evidence = nil }, id: "signature.revocation",
			sub: verify.TryLater, open: true},
		"revoked when it signed": {doc: good, config: func(c *verify.Config) {
			c.Evidence = []pki.Evidence{w.quiet(revoked{w.department.cert(), now.Add(-2 * time.Hour), pki.CauseKeyCompromise})}
		}, id: "signature.revocation", sub: verify.Revoked},
	}
}

// unnamed takes the name of the list of signatures out of OFD.xml.
func unnamed(files []ofd.File) []ofd.File {
	return change("OFD.xml", func(b []byte) []byte {
		return regexp.MustCompile(`<ofd:Signatures>.*</ofd:Signatures>`).ReplaceAll(b, nil)
	})(files)
}

// without takes out the entries whose names hold a text.
func without(text string) func([]entry) []entry {
	return func(entries []entry) (out []entry) {
		for _, e := range entries {
			if !strings.Contains(e.name, text) {
				out = append(out, e)
			}
		}
		return out
	}
}

// entry is one file of an archive.
type entry struct {
	name string
	data []byte
}

// rezip writes an archive anew by a library that refuses nothing.
func rezip(t testing.TB, doc []byte, edit func([]entry) []entry) []byte {
	t.Helper()
	r, err := zip.NewReader(bytes.NewReader(doc), int64(len(doc)))
	require.NoError(t, err)
	var entries []entry
	for _, f := range r.File {
		in, err := f.Open()
		require.NoError(t, err)
		data, err := io.ReadAll(in)
		require.NoError(t, err)
		entries = append(entries, entry{f.Name, data})
	}
	return zipped(t, edit(entries), zip.Deflate)
}

func zipped(t testing.TB, entries []entry, method uint16) []byte {
	t.Helper()
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for _, e := range entries {
		w, err := z.CreateHeader(&zip.FileHeader{Name: e.name, Method: method})
		require.NoError(t, err)
		_, err = w.Write(e.data)
		require.NoError(t, err)
	}
	require.NoError(t, z.Close())
	return out.Bytes()
}

// hideLocal adds an entry of a name that is there already, and takes it out of the directory alone.
func hideLocal(t testing.TB, doc []byte, name string, data []byte) []byte {
	t.Helper()
	b := rezip(t, doc, func(entries []entry) []entry { return append(entries, entry{name, data}) })
	end := bytes.LastIndex(b, []byte("PK\x05\x06"))
	last := bytes.LastIndex(b[:end], []byte("PK\x01\x02"))
	tail := bytes.Clone(b[end:])
	le := binary.LittleEndian
	for _, at := range []int{8, 10} {
		le.PutUint16(tail[at:], le.Uint16(tail[at:])-1)
	}
	le.PutUint32(tail[12:], le.Uint32(tail[12:])-uint32(end-last))
	return append(b[:last:last], tail...)
}

// withoutSigners is SignedData that has lost its signers: certificates and content are left.
func withoutSigners(t testing.TB, der []byte) []byte {
	t.Helper()
	var info struct {
		Type asn1.ObjectIdentifier
		Body asn1.RawValue `asn1:"tag:0"`
	}
	_, err := asn1.Unmarshal(der, &info)
	require.NoError(t, err)
	var data rawSigned
	_, err = asn1.Unmarshal(info.Body.Bytes, &data)
	require.NoError(t, err)
	data.Signers = asn1.RawValue{Tag: asn1.TagSet, IsCompound: true}
	body, err := asn1.Marshal(data)
	require.NoError(t, err)
	info.Body = asn1.RawValue{Class: asn1.ClassContextSpecific, IsCompound: true, Bytes: body}
	out, err := asn1.Marshal(struct {
		Type asn1.ObjectIdentifier
		Body asn1.RawValue
	}{info.Type, info.Body})
	require.NoError(t, err)
	return out
}

// holdTable holds the table at the end of a section of docs/verify.md to the cases of a test; -update writes it.
func holdTable(t testing.TB, section string, list map[string]wrongDocument) {
	t.Helper()
	const path, head = "../docs/verify.md", "| document | is refused by |\n|---|---|\n"
	table := head
	for _, name := range slices.Sorted(maps.Keys(list)) {
		verb := ""
		if list[name].open {
			verb = ", undecided"
		}
		table += fmt.Sprintf("| %s | `%s` %s%s |\n", name, list[name].id, list[name].sub, verb)
	}
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	start := strings.Index(string(text), "\n"+section)
	require.Positive(t, start, section)
	end := len(text)
	if n := strings.Index(string(text[start+1:]), "\n## "); n >= 0 {
		end = start + 1 + n
	}
	at := strings.Index(string(text[start:end]), head)
	require.Positive(t, at, "no table in %s", section)
	if *update {
		text = []byte(string(text[:start+at]) + table + string(text[end:]))
		require.NoError(t, os.WriteFile(path, text, 0o600))
		end = start + at + len(table)
	}
	require.Equal(t, table, string(text[start+at:end]))
}

// TestTamperedVariants_A26: of all variants that the independent tool makes of a sealed package, the untouched one alone
// passes, whether or not a signature closes the package.
func TestTamperedVariants_A26(t *testing.T) {
	tool := filepath.Join(os.Getenv("ELICENSE_CHECKERS_DIR"), "tamper-ofd")
	if _, err := os.Stat(tool); os.Getenv("ELICENSE_CHECKERS_DIR") == "" || err != nil {
		t.Skip("ELICENSE_CHECKERS_DIR does not name the independent checkers")
	}
	w := newSealWorld(t)
	more := ofd.File{Name: "Doc_0/PublicRes.xml", Data: []byte(`<ofd:Res` + ofdSpace + `/>`)}
	for name, doc := range map[string][]byte{
		"open": w.sealed(page(more), nil), "closed": w.sealed(page(more), w.signer(w.department, nil)),
	} {
		folder := t.TempDir()
		from := filepath.Join(folder, name)
		require.NoError(t, os.WriteFile(from, doc, 0o600))
		out, err := exec.CommandContext(t.Context(), tool, from, folder).CombinedOutput()
		require.NoError(t, err, string(out))
		variants, err := filepath.Glob(filepath.Join(folder, "*.ofd"))
		require.NoError(t, err)
		require.Greater(t, len(variants), 15)
		for _, file := range variants {
			b, err := os.ReadFile(file)
			require.NoError(t, err)
			r := w.judge(w.sealVerifier(nil), b)
			if filepath.Base(file) == "ok.ofd" {
				require.Equal(t, verify.TotalPassed, r.Indication, "%s %s", name, r.Headline)
				continue
			}
			require.Equal(t, verify.TotalFailed, r.Indication, "%s %s", name, filepath.Base(file))
		}
	}
}
