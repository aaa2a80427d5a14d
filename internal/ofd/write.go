package ofd

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"io"
	"math"
	"path"
	"strings"
	"sync"

	"github.com/klauspost/compress/flate"
)

// What every entry that is written says of itself.
const (
	versionNeeded = 20
	epoch         = 1<<5 | 1 // 1 January 1980, where zip begins: a package tells no time of its own
)

// Marshal writes a package that holds the files in the given order. The same files give the same bytes.
func Marshal(files []File) ([]byte, error) {
	size := endSize
	for _, f := range files {
		size += len(f.Data)/2 + 2*len(f.Name) + localSize + centralSize
	}
	out := bytes.NewBuffer(make([]byte, 0, size))
	w := newWriter(out)
	for _, f := range files {
		if err := w.add(f); err != nil {
			return nil, err
		}
	}
	if err := w.close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// writer writes the one form of zip that this package makes: no data descriptors, no extra fields, no comments.
type writer struct {
	w       io.Writer
	offset  int64
	total   int64
	entries []header
	names   map[string]bool // of files, folded
	folders map[string]bool // that files lie in, folded
	packed  bytes.Buffer
	front   []byte // what the package begins with
}

// header is what both headers of an entry tell.
type header struct {
	name         string
	method       uint16
	crc          uint32
	packed, size uint32
	offset       uint32 // of the local header
}

func newWriter(w io.Writer) *writer {
	out := &writer{names: make(map[string]bool), folders: make(map[string]bool)}
	out.w = io.MultiWriter(w, (*frontWriter)(out))
	return out
}

// frontWriter keeps what a package begins with.
type frontWriter writer

// Write implements io.Writer.
func (w *frontWriter) Write(b []byte) (int, error) {
	w.front = append(w.front, b[:min(len(b), pdfFront-len(w.front))]...)
	return len(b), nil
}

// add writes a file, deflated if that may make it smaller and does.
func (w *writer) add(f File) error {
	if len(f.Data) > MaxFileBytes {
		return refuse(ReasonLimit, "%s: %d bytes", f.Name, len(f.Data))
	}
	h := header{name: f.Name, crc: crc32.ChecksumIEEE(f.Data)}
	h.size = uint32(len(f.Data)) //nolint:gosec // limited above
	data := f.Data
	if !isDense(f.Name) {
		packed, err := w.pack(f.Data)
		if err != nil {
			return err
		}
		if len(packed) < len(data) && !isBomb(int64(len(data)), int64(len(packed))) {
			h.method, data = methodDeflate, packed
		}
	}
	h.packed = uint32(len(data)) //nolint:gosec // no larger than the file
	if err := w.start(&h); err != nil {
		return err
	}
	return w.write(data)
}

// isDense reports whether a file is compressed already, or mostly a picture, keys and signatures, as seals and
// signature values are: deflate would take a fifth of the time of sealing and gain a tenth of them.
func isDense(name string) bool {
	switch strings.ToLower(path.Ext(name)) {
	case ".png", ".jpg", ".jpeg", ".jp2", ".gif", ".jb2", ".esl", ".dat", ".p7s", ".zip", ".ofd":
		return true
	}
	return false
}

// packLevel is how hard deflate tries. One more would take longer by a third for half a hundredth.
const packLevel = 6

// deflaters keeps compressors, which are large, for the next package.
var deflaters sync.Pool

func (w *writer) pack(data []byte) ([]byte, error) {
	w.packed.Reset()
	d, ok := deflaters.Get().(*flate.Writer)
	if ok {
		d.Reset(&w.packed)
	} else {
		var err error
		if d, err = flate.NewWriter(&w.packed, packLevel); err != nil {
			return nil, err
		}
	}
	defer deflaters.Put(d)
	if _, err := d.Write(data); err != nil {
		return nil, err
	}
	if err := d.Close(); err != nil {
		return nil, err
	}
	return w.packed.Bytes(), nil
}

// start writes the local header; h.packed bytes of data must follow.
func (w *writer) start(h *header) error {
	if err := checkName(h.name); err != nil {
		return err
	}
	if err := w.take(fold(h.name)); err != nil {
		return err
	}
	if w.total += int64(h.size); len(w.entries) == MaxEntries || w.total > MaxTotalBytes || w.offset > math.MaxUint32 {
		return refuse(ReasonLimit, "%s: too many files or bytes", h.name)
	}
	h.offset = uint32(w.offset) //nolint:gosec // limited above
	w.entries = append(w.entries, *h)
	b := make([]byte, 0, localSize+len(h.name))
	b = binary.LittleEndian.AppendUint32(b, localSignature)
	b = h.appendCommon(b)
	return w.write(append(b, h.name...))
}

// take refuses a name that is there already, and files that are also folders, as checkNames does.
func (w *writer) take(key string) error {
	if w.names[key] || w.folders[key] {
		return refuse(ReasonDuplicate, "%s", key)
	}
	w.names[key] = true
	for at := strings.LastIndexByte(key, '/'); at > 0; at = strings.LastIndexByte(key[:at], '/') {
		if w.names[key[:at]] {
			return refuse(ReasonDuplicate, "%s lies in a file", key)
		}
		w.folders[key[:at]] = true
	}
	return nil
}

// appendCommon appends what the two headers share: from the version needed to the length of the extra field.
func (h *header) appendCommon(b []byte) []byte {
	flags := uint16(0)
	if !isASCII(h.name) {
		flags = flagUTF8
	}
	le := binary.LittleEndian
	b = le.AppendUint16(b, versionNeeded)
	b = le.AppendUint16(b, flags)
	b = le.AppendUint16(b, h.method)
	b = le.AppendUint16(b, 0) // midnight
	b = le.AppendUint16(b, epoch)
	b = le.AppendUint32(b, h.crc)
	b = le.AppendUint32(b, h.packed)
	b = le.AppendUint32(b, h.size)
	b = le.AppendUint16(b, uint16(len(h.name))) //nolint:gosec // limited by checkName
	return le.AppendUint16(b, 0)
}

// close writes the central directory.
func (w *writer) close() error {
	if len(w.entries) == 0 {
		return refuse(ReasonInput, "a package without files")
	}
	le := binary.LittleEndian
	var b []byte
	for i := range w.entries {
		h := &w.entries[i]
		b = le.AppendUint32(b, centralSignature)
		b = le.AppendUint16(b, versionNeeded)
		b = h.appendCommon(b)
		b = append(b, make([]byte, 10)...) // no comment, disk 0, no attributes
		b = le.AppendUint32(b, h.offset)
		b = append(b, h.name...)
	}
	if whole := w.offset + int64(len(b)) + endSize; whole > MaxPackageBytes {
		return refuse(ReasonLimit, "a package of %d bytes", whole)
	}
	start, count := uint32(w.offset), uint16(len(w.entries)) //nolint:gosec // both limited
	size := uint32(len(b))                                   //nolint:gosec // limited above
	b = le.AppendUint32(b, endSignature)
	b = append(b, make([]byte, 4)...) // disk 0
	b = le.AppendUint16(b, count)
	b = le.AppendUint16(b, count)
	b = le.AppendUint32(b, size)
	b = le.AppendUint32(b, start)
	b = append(b, 0, 0)
	if err := checkDisguise(w.front, b[max(0, len(b)-pdfFront):]); err != nil {
		return err
	}
	return w.write(b)
}

func (w *writer) write(b []byte) error {
	n, err := w.w.Write(b)
	w.offset += int64(n)
	return err
}
