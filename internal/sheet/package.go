package sheet

import (
	"archive/zip"
	"errors"
	"io"
	"path"
	"strings"

	"github.com/klauspost/compress/flate"
)

// directoryBytes bounds what is read to list the entries of a package.
const directoryBytes = 16 << 20

// pkg is an open OPC package (ECMA-376 part 2): parts by their names, which do not tell upper from lower case.
type pkg struct {
	zip   *zip.Reader
	parts map[string]*zip.File
	lim   Limits
}

// budgetReader fails once more than left bytes were read; a negative budget is none.
type budgetReader struct {
	r    io.ReaderAt
	left int64
	on   bool
}

var errBudget = errors.New("directory too large")

// ReadAt implements io.ReaderAt.
func (b *budgetReader) ReadAt(p []byte, off int64) (int, error) {
	if b.on {
		if b.left -= int64(len(p)); b.left < 0 {
			return 0, errBudget
		}
	}
	return b.r.ReadAt(p, off)
}

func openPackage(in input) (*pkg, error) {
	br := &budgetReader{r: in.r, left: directoryBytes, on: true}
	z, err := zip.NewReader(br, in.size)
	if errors.Is(err, errBudget) {
		return nil, &Error{Code: CodeTooLarge, Detail: "list of zip entries"}
	}
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) {
		return nil, &Error{Code: CodeCorrupt, Detail: "zip: " + err.Error()}
	}
	br.on = false
	if len(z.File) > in.opts.Limits.Entries {
		return nil, &Error{Code: CodeTooLarge, Detail: "number of zip entries"}
	}
	z.RegisterDecompressor(zip.Deflate, flate.NewReader)
	p := &pkg{zip: z, parts: make(map[string]*zip.File, len(z.File)), lim: in.opts.Limits}
	var packed uint64
	for _, f := range z.File {
		packed += f.CompressedSize64
		if f.CompressedSize64 > uint64(in.size) || packed > uint64(in.size) { //nolint:gosec // size is positive.
			return nil, &Error{Code: CodeBomb, Detail: "zip entries overlap"}
		}
		name := partName(f.Name)
		if _, ok := p.parts[name]; ok {
			return nil, &Error{Code: CodeDuplicate, Detail: f.Name}
		}
		if !strings.HasSuffix(name, "/") {
			p.parts[name] = f
		}
	}
	return p, nil
}

// partName is the form under which parts are compared.
func partName(name string) string {
	name = strings.ReplaceAll(name, `\`, "/")
	dir := strings.HasSuffix(name, "/")
	name = strings.ToLower(strings.TrimPrefix(path.Clean("/"+name), "/"))
	if dir {
		name += "/"
	}
	return name
}

// open reads a part within the limits; ok is false where there is none.
func (p *pkg) open(name string) (r io.ReadCloser, ok bool, err error) {
	f := p.parts[partName(name)]
	if f == nil {
		return nil, false, nil
	}
	switch {
	case f.Flags&1 != 0:
		return nil, false, &Error{Code: CodeEncrypted, Detail: f.Name}
	case f.Method != zip.Store && f.Method != zip.Deflate:
		return nil, false, &Error{Code: CodeFormat, Detail: "unknown zip compression of " + f.Name}
	}
	rc, err := f.Open()
	if err != nil {
		return nil, false, &Error{Code: CodeCorrupt, Detail: f.Name + ": " + err.Error()}
	}
	limit := min(p.lim.PartBytes, 16<<20+p.lim.Ratio*int64(min(f.CompressedSize64, 1<<50)))
	return &partReader{rc: rc, name: f.Name, left: limit}, true, nil
}

// partReader ends with ErrBomb once a part unpacks to more than it may.
type partReader struct {
	rc   io.ReadCloser
	name string
	left int64
}

func (r *partReader) Read(b []byte) (int, error) {
	n, err := r.rc.Read(b)
	if r.left -= int64(n); r.left < 0 {
		return 0, &Error{Code: CodeBomb, Detail: r.name}
	}
	if err == nil || errors.Is(err, io.EOF) {
		return n, err
	}
	return n, &Error{Code: CodeCorrupt, Detail: r.name + ": " + err.Error()}
}

// Close implements io.Closer.
func (r *partReader) Close() error { return r.rc.Close() }

// relation is one line of a relationships part.
type relation struct{ id, kind, target string }

// relations reads the relationships of a part; kind is the last word of the type, which is the same in the
// transitional and the strict form.
func (p *pkg) relations(part string) ([]relation, error) {
	dir, file := path.Split(part)
	name := dir + "_rels/" + file + ".rels"
	r, ok, err := p.open(name)
	if !ok {
		return nil, err
	}
	defer r.Close() //nolint:errcheck // nothing was written.
	x := newXMLScanner(r, name, p.lim.RecordBytes)
	var out []relation
	seen := map[string]bool{}
	for {
		kind, err := x.next()
		if err != nil {
			return nil, wrapRead(err)
		}
		if kind == tokenEOF {
			return out, nil
		}
		if kind != tokenStart || string(x.name) != "Relationship" || x.attr("TargetMode") == "External" {
			continue
		}
		if len(out) >= p.lim.Entries {
			return nil, &Error{Code: CodeTooLarge, Detail: name}
		}
		target := strings.ReplaceAll(x.attr("Target"), `\`, "/")
		if !strings.HasPrefix(target, "/") {
			target = "/" + dir + target
		}
		id := x.attr("Id")
		if seen[id] { // readers differ on which of them counts
			return nil, &Error{Code: CodeDuplicate, Detail: name + ": " + id}
		}
		seen[id] = true
		out = append(out, relation{
			id: id, kind: path.Base(x.attr("Type")), target: strings.TrimPrefix(path.Clean(target), "/"),
		})
	}
}

// describe says what a package without a workbook is.
func (p *pkg) describe() string {
	for _, k := range []struct{ part, what string }{
		{"xl/workbook.bin", "a binary workbook (.xlsb)"},
		{"word/document.xml", "a text document (.docx)"},
		{"ppt/presentation.xml", "a presentation (.pptx)"},
		{"content.xml", "an OpenDocument file"},
		{"ofd.xml", "an OFD document"},
	} {
		if p.parts[k.part] != nil {
			return k.what
		}
	}
	return "a zip archive without a workbook"
}
