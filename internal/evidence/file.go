package evidence

import (
	"bytes"
	"fmt"
	"io"

	"github.com/emmansun/gmsm/sm3"
)

// File is an evidence file that is open for reading; nothing of its parts is in memory.
type File struct {
	Manifest

	Raw       []byte // the manifest as it stands: what the closing signature is over
	Signature []byte // the closing signature, SignedData in DER; nil if there is none

	body   io.ReaderAt
	starts []int64 // of the parts
}

// Is tells such a file by its first bytes.
func Is(head []byte) bool { return bytes.HasPrefix(head, []byte(Head)) }

// Open reads the manifest of a file and holds its parts and sizes against the file's: every byte belongs to one of
// them. The digests of the parts are not computed here, see Check. What the reader says is returned as it is.
func Open(r io.ReaderAt, size int64) (*File, error) {
	head := make([]byte, max(0, min(size, MaxManifest)))
	if n, err := r.ReadAt(head, 0); n < len(head) {
		return nil, fmt.Errorf("evidence: reading the manifest: %w", err)
	}
	m, n, err := ParseManifest(head)
	if err != nil {
		return nil, err
	}
	f := &File{Manifest: *m, Raw: bytes.Clone(head[:n]), body: r, starts: make([]int64, len(m.Parts))}
	at := int64(n)
	for i := range m.Parts {
		f.starts[i] = at
		if at += m.Parts[i].Size; at > size {
			return nil, refuse(ReasonMissing, "part %d", i+1)
		}
	}
	if err := f.readSignature(at, size); err != nil {
		return nil, err
	}
	return f, nil
}

func (f *File) readSignature(at, size int64) error {
	rest := size - at
	switch {
	case !f.Closed && rest > 0:
		return refuse(ReasonExtra, "%d bytes after the last part", rest)
	case !f.Closed:
		return nil
	case rest == 0:
		return refuse(ReasonMissing, "closing signature")
	case rest > MaxSignature:
		return refuse(ReasonLimit, "closing signature of %d bytes", rest)
	}
	f.Signature = make([]byte, rest)
	if n, err := f.body.ReadAt(f.Signature, at); int64(n) < rest {
		return fmt.Errorf("evidence: reading the closing signature: %w", err)
	}
	return nil
}

// Part is the content of a part by its place in the manifest.
func (f *File) Part(i int) *io.SectionReader {
	return io.NewSectionReader(f.body, f.starts[i], f.Parts[i].Size)
}

// ReadPart reads a part into memory.
func (f *File) ReadPart(i int) ([]byte, error) {
	b := make([]byte, f.Parts[i].Size)
	if n, err := f.body.ReadAt(b, f.starts[i]); n < len(b) {
		return nil, fmt.Errorf("evidence: reading part %d: %w", i+1, err)
	}
	return b, nil
}

// Check holds every part against its digest.
func (f *File) Check() error {
	for i := range f.Parts {
		sum, n, err := Sum(f.Part(i))
		switch {
		case err != nil:
			return err
		case n != f.Parts[i].Size || sum != f.Parts[i].Digest:
			return refuse(ReasonDigest, "%s %d", f.Parts[i].Kind, i+1)
		}
	}
	return nil
}

// copyBuffer is how much of a part is read at once.
const copyBuffer = 64 << 10

// Sum is the digest of a part, and its length.
func Sum(r io.Reader) (Digest, int64, error) {
	h := sm3.New()
	n, err := io.CopyBuffer(struct{ io.Writer }{h}, struct{ io.Reader }{r}, make([]byte, copyBuffer))
	if err != nil {
		return Digest{}, n, fmt.Errorf("evidence: reading a part: %w", err)
	}
	return Digest(h.Sum(nil)), n, nil
}

// Write writes a file: the manifest, its parts as they are read, and the closing signature over the manifest. A part
// that is not what the manifest says is an error, and what was written until then is no such file.
func Write(w io.Writer, m *Manifest, parts []io.Reader, signature []byte) error {
	switch {
	case len(parts) != len(m.Parts):
		return refuse(ReasonMissing, "%d parts of %d", len(parts), len(m.Parts))
	case m.Closed != (len(signature) > 0):
		return refuse(ReasonMissing, "closing signature")
	case len(signature) > MaxSignature:
		return refuse(ReasonLimit, "closing signature of %d bytes", len(signature))
	}
	head, err := AppendManifest(nil, m)
	if err != nil {
		return err
	}
	if _, err := w.Write(head); err != nil {
		return fmt.Errorf("evidence: writing the manifest: %w", err)
	}
	for i := range parts {
		sum, n, err := Sum(io.TeeReader(parts[i], w))
		switch {
		case err != nil:
			return err
		case n != m.Parts[i].Size || sum != m.Parts[i].Digest:
			return refuse(ReasonDigest, "%s %d", m.Parts[i].Kind, i+1)
		}
	}
	if _, err := w.Write(signature); err != nil {
		return fmt.Errorf("evidence: writing the closing signature: %w", err)
	}
	return nil
}
