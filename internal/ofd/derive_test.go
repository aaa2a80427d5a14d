package ofd_test

import (
	"archive/zip"
	"bytes"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/ofd"
)

// TestWrite: files are replaced in their place or added at the end; the others are copied as they are compressed.
func TestWrite(t *testing.T) {
	t.Parallel()
	p := mustOpen(t, files(ofd.File{Name: "Doc_0/a", Data: bytes.Repeat([]byte("a"), 1000)}))
	var out bytes.Buffer
	require.NoError(t, p.Write(&out, []ofd.File{{Name: "new", Data: []byte("1")}, {Name: pageFile, Data: []byte("2")}}))
	q, err := ofd.Open(bytes.NewReader(out.Bytes()), int64(out.Len()))
	require.NoError(t, err)
	require.Equal(t, []string{"OFD.xml", "Doc_0/Document.xml", pageFile, "Doc_0/a", "new"}, q.Files())
	for name, want := range map[string]string{"OFD.xml": mainXML, pageFile: "2", "new": "1"} {
		b, err := q.ReadFile(name, 1<<20)
		require.NoError(t, err)
		require.Equal(t, want, string(b), name)
	}
	for _, bad := range [][]ofd.File{
		{{Name: "a"}, {Name: "A"}}, {{Name: "doc_0/page.xml"}}, {{Name: "../a"}},
	} {
		require.Error(t, p.Write(io.Discard, bad))
	}
	require.ErrorIs(t, p.Write(failingWriter{}, nil), io.ErrClosedPipe)
}

type failingWriter struct{}

// Write implements io.Writer.
func (failingWriter) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

// TestWriteForeignFiles: every foreign package is written again with the same files, their compressed bytes untouched.
func TestWriteForeignFiles(t *testing.T) {
	t.Parallel()
	root := testdata(t)
	for _, name := range filesBelow(t, root, ".ofd") {
		b := readFile(t, root, name)
		p := openFile(t, filepath.Join(root, name))
		var out bytes.Buffer
		require.NoError(t, p.Write(&out, nil), name)
		q, err := ofd.Open(bytes.NewReader(out.Bytes()), int64(out.Len()))
		require.NoError(t, err, name)
		require.Equal(t, p.Files(), q.Files(), name)
		before, after := rawFiles(t, b), rawFiles(t, out.Bytes())
		require.Equal(t, before, after, name)
	}
}

// rawFiles are the compressed bytes of the files, in order, as another reader finds them.
func rawFiles(t *testing.T, b []byte) (out [][]byte) {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	require.NoError(t, err)
	for _, f := range z.File {
		if f.FileInfo().IsDir() {
			continue
		}
		r, err := f.OpenRaw()
		require.NoError(t, err)
		raw, err := io.ReadAll(r)
		require.NoError(t, err)
		out = append(out, raw)
	}
	return out
}

// FuzzOpen: whatever the bytes, there is no panic and no result beside an error; what opens is read by the standard
// library as the same files, and written again as the same.
func FuzzOpen(f *testing.F) {
	b, err := ofd.Marshal(files())
	require.NoError(f, err)
	f.Add(b)
	f.Add(craft(f, []part{{name: "OFD.xml", data: mainXML, flags: 8, local: openSizes, behind: ""}}, nil))
	f.Add(craft(f, []part{{name: "/a", data: "1", stored: true, flags: 8, local: openSizes, behind: descriptorOf("1")}, {name: "b/", stored: true}}, nil))
	if root := os.Getenv("ELICENSE_TESTDATA"); root != "" {
		for _, name := range []string{"ofdrw/ofdrw-tool/src/test/resources/page2.ofd", "go-zip/zip64.zip", "yauzl/test/success/zip64.zip", "ofdrw/ofdrw-sign/src/test/resources/DigitalSign.ofd"} {
			b, err := os.ReadFile(filepath.Join(root, name))
			require.NoError(f, err)
			f.Add(b)
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		files, _, err := ofd.ReadContainer(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			require.Nil(t, files)
		} else {
			sameFiles(t, b, files)
			sameFromFront(t, b, files)
		}
		p, err := ofd.Open(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			require.Nil(t, p)
			return
		}
		for _, d := range p.Documents() {
			readAll(p, d)
		}
		var out bytes.Buffer
		if err := p.Write(&out, nil); err != nil {
			var refusal *ofd.Error
			require.ErrorAs(t, err, &refusal)
			return
		}
		q, err := ofd.Open(bytes.NewReader(out.Bytes()), int64(out.Len()))
		require.NoError(t, err)
		require.Equal(t, p.Files(), q.Files())
		for _, name := range p.Files() {
			before, err := p.ReadFile(name, 1<<20)
			if err == nil {
				after, err := q.ReadFile(name, 1<<20)
				require.NoError(t, err)
				require.Equal(t, before, after)
			}
		}
		nameSignatures(t, p)
	})
}

// nameSignatures puts a list of signatures into a package that names none, and finds it there.
func nameSignatures(t *testing.T, p *ofd.Package) {
	t.Helper()
	const list = "Doc_0/Signs/Signatures.xml"
	d := p.Documents()[0]
	if d.SignaturesNamed != "" || p.Taken(list) {
		return
	}
	main, err := p.NameSignatures(d, "/"+list)
	require.NoError(t, err)
	empty, err := ofd.NewSignatureList(list)
	require.NoError(t, err)
	b, err := empty.Add(ofd.SignatureRef{ID: "s1", Type: ofd.TypeSeal, Location: "/a"}, "s1")
	require.NoError(t, err)
	var out bytes.Buffer
	if err := p.Write(&out, []ofd.File{{Name: p.Main(), Data: main}, {Name: list, Data: b}}); err != nil {
		var refusal *ofd.Error
		require.ErrorAs(t, err, &refusal)
		return
	}
	q, err := ofd.Open(bytes.NewReader(out.Bytes()), int64(out.Len()))
	require.NoError(t, err)
	require.Equal(t, list, q.Documents()[0].SignatureList)
	again, err := q.Signatures(q.Documents()[0])
	require.NoError(t, err)
	require.Len(t, again.Signatures, 1)
	before, after := p.Documents(), q.Documents()
	require.Len(t, after, len(before))
	for i := range before {
		require.Equal(t, before[i].Root, after[i].Root)
		require.Equal(t, before[i].Info, after[i].Info)
	}
}

// readAll looks at everything of a document; what is wrong with it is of no concern here.
func readAll(p *ofd.Package, d ofd.Document) {
	if c, err := p.Content(d.Root); err == nil {
		for _, page := range c.Pages {
			_, _ = p.PageBox(c, page)
			_, _ = p.FindText(c, page, "a")
		}
	}
	list, err := p.Signatures(d)
	if err != nil {
		return
	}
	for i, ref := range list.Signatures {
		if s, err := p.ReadSignature(ref); err == nil {
			_, _ = p.Coverage(list, i, s, nil)
		}
	}
}

// sameFiles demands that the standard library reads the same.
func sameFiles(t *testing.T, b []byte, files []ofd.File) {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	require.NoError(t, err)
	n := 0
	for _, f := range z.File {
		if f.FileInfo().IsDir() {
			continue
		}
		r, err := f.Open()
		require.NoError(t, err)
		data, err := io.ReadAll(r)
		require.NoError(t, err)
		require.Equal(t, files[n].Data, data)
		n++
	}
	require.Len(t, files, n)
}

// TestDamagedPackages: of a good package, every single changed byte is refused or changes nothing that is read.
func TestDamagedPackages(t *testing.T) {
	t.Parallel()
	good, err := ofd.Marshal(files())
	require.NoError(t, err)
	want, _, err := ofd.ReadContainer(bytes.NewReader(good), int64(len(good)))
	require.NoError(t, err)
	random := rand.New(rand.NewPCG(1, 2))
	for i := range good {
		b := bytes.Clone(good)
		b[i] ^= byte(1 + random.IntN(255))
		got, _, err := ofd.ReadContainer(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			require.Nil(t, got)
			continue
		}
		require.Equal(t, len(want), len(got), "byte %d", i)
		for n := range want {
			require.Equal(t, want[n].Data, got[n].Data, "byte %d", i)
		}
	}
}
