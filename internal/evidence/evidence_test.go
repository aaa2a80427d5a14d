package evidence_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/evidence"
)

var judged = time.Date(2026, 3, 2, 1, 30, 0, 123456000, time.UTC)

// whole is a file with every kind of part, and its parts.
func whole(t testing.TB, closed bool) (*evidence.Manifest, []string) {
	t.Helper()
	m := &evidence.Manifest{
		Judged: judged, Case: "2026-000123", Policy: "example-1", Options: []string{"cross-check", "timestamp"}, Closed: closed,
	}
	var parts []string
	add := func(kind evidence.Kind, of int, content, name string) {
		sum, size, err := evidence.Sum(strings.NewReader(content))
		require.NoError(t, err)
		m.Parts = append(m.Parts, evidence.Part{Kind: kind, Of: of, Size: size, Digest: sum, Name: name})
		parts = append(parts, content)
	}
	add(evidence.KindDocument, 1, "文件一", "申请书 1.pdf.p7s")
	add(evidence.KindContent, 1, "内容", "")
	add(evidence.KindReport, 1, "{}", "")
	add(evidence.KindDocument, 2, "", "-")
	add(evidence.KindLicence, 2, "licence", "")
	add(evidence.KindStatus, 2, "{{}}", "")
	add(evidence.KindReport, 2, "{ }", "")
	add(evidence.KindExpectation, 0, `{"case":"1"}`, "")
	add(evidence.KindCertificate, 0, "a certificate", "")
	add(evidence.KindCRL, 0, "a list", "")
	add(evidence.KindOCSP, 0, "an answer", "")
	add(evidence.KindTimestamp, 0, "a token", "")
	return m, parts
}

func write(t testing.TB, m *evidence.Manifest, parts []string, signature string) []byte {
	t.Helper()
	var out bytes.Buffer
	require.NoError(t, evidence.Write(&out, m, readers(parts), []byte(signature)))
	return out.Bytes()
}

func readers(parts []string) []io.Reader {
	out := make([]io.Reader, len(parts))
	for i := range parts {
		out[i] = strings.NewReader(parts[i])
	}
	return out
}

func open(b []byte) (*evidence.File, error) {
	f, err := evidence.Open(bytes.NewReader(b), int64(len(b)))
	if err == nil {
		err = f.Check()
	}
	return f, err
}

// TestRoundTrip: what was written is read again, and written again it is the same bytes.
func TestRoundTrip(t *testing.T) {
	for _, closed := range []bool{false, true} {
		m, parts := whole(t, closed)
		signature := map[bool]string{true: "a signature"}[closed]
		b := write(t, m, parts, signature)
		require.True(t, evidence.Is(b))
		f, err := open(b)
		require.NoError(t, err)
		require.Empty(t, cmp.Diff(*m, f.Manifest))
		require.Equal(t, 2, f.Documents())
		require.Equal(t, signature, string(f.Signature))
		for i := range parts {
			content, err := f.ReadPart(i)
			require.NoError(t, err)
			require.Equal(t, parts[i], string(content))
		}
		require.Equal(t, b, write(t, &f.Manifest, parts, signature))
	}
}

// TestFormatsPage: the page that describes the form shows a manifest as it is.
func TestFormatsPage(t *testing.T) {
	m, _ := whole(t, true)
	manifest, err := evidence.AppendManifest(nil, m)
	require.NoError(t, err)
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "formats.md"))
	require.NoError(t, err)
	require.Contains(t, string(page), "```\n"+string(manifest)+"```")
	for _, kind := range []evidence.Kind{
		evidence.KindDocument, evidence.KindContent, evidence.KindLicence, evidence.KindStatus, evidence.KindReport,
		evidence.KindExpectation, evidence.KindCertificate, evidence.KindCRL, evidence.KindOCSP, evidence.KindTimestamp,
	} {
		require.Contains(t, string(page), "| `"+string(kind)+"` |")
	}
}

// TestEveryByte: whatever bit of a file is flipped or left out, or added at its end, it is refused, unless it is in the
// text around the digests, which the closing signature is for.
func TestEveryByte(t *testing.T) {
	m, parts := whole(t, false)
	b := write(t, m, parts, "")
	f, err := open(b)
	require.NoError(t, err)
	for i := len(f.Raw); i < len(b); i++ {
		changed := bytes.Clone(b)
		changed[i] ^= 1
		_, err := open(changed)
		require.ErrorIs(t, err, &evidence.Error{Reason: evidence.ReasonDigest}, "byte %d", i)
	}
	for n := range b {
		_, err := open(b[:n])
		require.Error(t, err, "%d bytes", n)
	}
	_, err = open(append(bytes.Clone(b), 'x'))
	require.ErrorIs(t, err, &evidence.Error{Reason: evidence.ReasonExtra})
	for i := range f.Raw {
		changed := bytes.Clone(b)
		changed[i] ^= 1
		g, err := open(changed)
		if err == nil {
			require.NotEqual(t, f.Manifest, g.Manifest, "byte %d has a second spelling", i)
		}
	}
}

// TestRefusals: each rule of the manifest.
func TestRefusals(t *testing.T) {
	m, parts := whole(t, true)
	b := string(write(t, m, parts, "a signature"))
	lines := strings.SplitAfter(b[:strings.Index(b, "closed yes\n")], "\n")
	line := func(begin string) string {
		for _, l := range lines {
			if strings.HasPrefix(l, begin) {
				return l
			}
		}
		t.Fatalf("no line %q", begin)
		return ""
	}
	for name, test := range map[string]struct {
		old, new string
		want     evidence.Reason
	}{
		"another head":          {"evidence v1", "evidence v2", evidence.ReasonHead},
		"no time":               {line("judged"), "", evidence.ReasonLine},
		"time with a comma":     {"00.123456Z", "00,123456Z", evidence.ReasonLine},
		"no such time":          {"2026-03-02T", "2026-03-32T", evidence.ReasonLine},
		"no case":               {line("case"), "", evidence.ReasonLine},
		"case of nothing":       {line("case"), "case \n", evidence.ReasonLine},
		"case with a space":     {line("case"), "case x \n", evidence.ReasonLine},
		"case with a turn":      {line("case"), "case x\u202ey\n", evidence.ReasonLine},
		"no policy":             {"policy example-1", "policy ", evidence.ReasonLine},
		"options out of order":  {"options cross-check timestamp", "options timestamp cross-check", evidence.ReasonLine},
		"an option twice":       {"options cross-check timestamp", "options timestamp timestamp", evidence.ReasonLine},
		"two spaces":            {"options cross-check timestamp", "options cross-check  timestamp", evidence.ReasonLine},
		"a kind unknown":        {"part crl", "part crt", evidence.ReasonLine},
		"a number with a zero":  {"part content 1 6 ", "part content 1 06 ", evidence.ReasonLine},
		"a digest cut":          {line("part crl"), strings.TrimSuffix(line("part crl"), "\n")[:40] + "\n", evidence.ReasonLine},
		"a name too many":       {line("part crl"), strings.TrimSuffix(line("part crl"), "\n") + " x\n", evidence.ReasonLine},
		"a name that is a path": {"申请书 1", "../1", evidence.ReasonLine},
		"no document":           {line("part document 1"), "", evidence.ReasonOrder},
		"a document left out":   {"part document 2", "part document 3", evidence.ReasonOrder},
		"content twice":         {line("part content"), line("part content") + line("part content"), evidence.ReasonOrder},
		"status twice":          {line("part status"), line("part status") + line("part status"), evidence.ReasonOrder},
		"status before licence": {line("part licence") + line("part status"), line("part status") + line("part licence"), evidence.ReasonOrder},
		"no report":             {line("part report 1"), "", evidence.ReasonOrder},
		"expectation twice":     {line("part expectation"), line("part expectation") + line("part expectation"), evidence.ReasonOrder},
		"certificate twice":     {line("part certificate"), line("part certificate") + line("part certificate"), evidence.ReasonOrder},
		"shared, of a document": {"part crl 0", "part crl 1", evidence.ReasonOrder},
		"kinds out of order":    {line("part crl"), line("part crl") + line("part certificate"), evidence.ReasonOrder},
		"an empty list":         {"part crl 0 6", "part crl 0 0", evidence.ReasonLimit},
		"too large":             {"part certificate 0 13", "part certificate 0 99999", evidence.ReasonLimit},
		"larger than the file":  {"part document 1 9", "part document 1 99999", evidence.ReasonMissing},
		"not closed":            {"closed yes", "closed no", evidence.ReasonExtra},
		"no end":                {"closed yes\n", "", evidence.ReasonLine},
		"signature left out":    {"a signature", "", evidence.ReasonMissing},
		"a part changed":        {"a list", "a LIST", evidence.ReasonDigest},
	} {
		t.Run(name, func(t *testing.T) {
			require.Contains(t, b, test.old)
			_, err := open([]byte(strings.Replace(b, test.old, test.new, 1)))
			var refusal *evidence.Error
			require.ErrorAs(t, err, &refusal)
			require.Equal(t, test.want, refusal.Reason, refusal.Detail)
		})
	}
}

// TestWriteRefuses: a part that is not what the manifest says is not written away.
func TestWriteRefuses(t *testing.T) {
	m, parts := whole(t, false)
	changed := readers(parts)
	changed[0] = strings.NewReader("文件二")
	require.ErrorIs(t, evidence.Write(io.Discard, m, changed, nil), &evidence.Error{Reason: evidence.ReasonDigest})
	require.ErrorIs(t, evidence.Write(io.Discard, m, readers(parts[1:]), nil), &evidence.Error{Reason: evidence.ReasonMissing})
	require.ErrorIs(t, evidence.Write(io.Discard, m, readers(parts), []byte("x")), &evidence.Error{Reason: evidence.ReasonMissing})
	broken := readers(parts)
	broken[1] = io.MultiReader(strings.NewReader("x"), errReader{})
	require.ErrorIs(t, evidence.Write(io.Discard, m, broken, nil), errBroken)
	m.Parts = m.Parts[1:]
	_, err := evidence.AppendManifest(nil, m)
	require.ErrorIs(t, err, &evidence.Error{Reason: evidence.ReasonOrder})
}

var errBroken = errors.New("broken")

type errReader struct{}

func (errReader) Read([]byte) (int, error) { return 0, errBroken }

// TestCleanName: any text becomes a name that a manifest takes.
func TestCleanName(t *testing.T) {
	for in, want := range map[string]string{
		"": "-", "a.ofd": "a.ofd", "/home/x/证照.ofd": "证照.ofd", `C:\x\证照.ofd`: "证照.ofd", "a/": "-", " a ": "a",
		"a\nclosed no": "a_closed no", "\xff.ofd": "_.ofd", "a\u202eb": "a_b", strings.Repeat("证", 100): strings.Repeat("证", 85),
	} {
		require.Equal(t, want, evidence.CleanName(in), "%q", in)
		m, _ := whole(t, false)
		m.Parts[0].Name = evidence.CleanName(in)
		_, err := evidence.AppendManifest(nil, m)
		require.NoError(t, err, "%q", in)
	}
}

// FuzzOpen: a file that is read is written again as the same bytes; one that is refused gives nothing.
func FuzzOpen(f *testing.F) {
	for _, closed := range []bool{false, true} {
		m, parts := whole(f, closed)
		f.Add(write(f, m, parts, map[bool]string{true: "a signature"}[closed]))
	}
	f.Add([]byte(evidence.Head))
	f.Fuzz(func(t *testing.T, b []byte) {
		file, err := evidence.Open(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			m, n, err := evidence.ParseManifest(b)
			if err != nil {
				require.Nil(t, m)
				require.Zero(t, n)
			}
			return
		}
		var out bytes.Buffer
		parts := make([]io.Reader, len(file.Parts))
		for i := range parts {
			parts[i] = file.Part(i)
		}
		sound := file.Check() == nil
		err = evidence.Write(&out, &file.Manifest, parts, file.Signature)
		require.Equal(t, sound, err == nil)
		if sound {
			require.Equal(t, b, out.Bytes())
		}
	})
}
