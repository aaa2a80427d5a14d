package ofd

import (
	"bufio"
	"encoding/binary"
	"errors"
	"hash/adler32"
	"hash/crc32"
	"io"
	"sync"

	"github.com/klauspost/compress/flate"
)

// fileReader reads a file and, when its end is reached, has seen that size and checksum are those of the directory and
// that its data end where they should. It ends with io.EOF only then.
type fileReader struct {
	c     *container
	e     *entry
	data  io.Reader // inflated
	raw   *source   // what data reads from
	codec *codec    // nil for stored files
	left  int64     // of the size
	crc   uint32
	err   error
}

// source is the packed data of one entry.
type source struct {
	r       io.ReaderAt
	at, end int64
}

// Read implements io.Reader.
func (s *source) Read(b []byte) (int, error) {
	if s.at == s.end {
		return 0, io.EOF
	}
	b = b[:min(int64(len(b)), s.end-s.at)]
	if err := readFullAt(s.r, b, s.at); err != nil {
		return 0, err
	}
	s.at += int64(len(b))
	return len(b), nil
}

// codec is a decompressor with the buffer it reads through, so that it never reads further than its stream goes.
type codec struct {
	buffer  *bufio.Reader
	inflate io.ReadCloser
}

const codecBuffer = 16 << 10

// codecs keeps decompressors, whose windows are larger than most files, for the next file.
var codecs = sync.Pool{New: func() any {
	b := bufio.NewReaderSize(nil, codecBuffer)
	return &codec{buffer: b, inflate: flate.NewReader(b)}
}}

func (c *container) open(e *entry) *fileReader {
	f := &fileReader{c: c, e: e, raw: &source{r: c.r, at: e.data, end: e.data + e.packed}, left: e.size}
	f.data = f.raw
	if e.method == methodDeflate {
		f.codec, _ = codecs.Get().(*codec)
		f.codec.buffer.Reset(f.raw)
		if r, ok := f.codec.inflate.(flate.Resetter); ok {
			_ = r.Reset(f.codec.buffer, nil) // never fails without a dictionary
		}
		f.data = f.codec.inflate
	}
	return f
}

// Read implements io.Reader.
func (f *fileReader) Read(b []byte) (int, error) {
	if f.err != nil {
		return 0, f.err
	}
	if f.left == 0 {
		f.err = f.finish()
		return 0, f.err
	}
	n, err := f.data.Read(b[:min(int64(len(b)), f.left)])
	f.crc = crc32.Update(f.crc, crc32.IEEETable, b[:n])
	f.left -= int64(n)
	if err != nil && !(errors.Is(err, io.EOF) && f.left == 0) {
		f.err = f.broken(err)
		return n, f.err
	}
	return n, nil
}

// finish is io.EOF if everything was as the directory says.
func (f *fileReader) finish() error {
	var one [1]byte
	n, err := io.ReadFull(f.data, one[:])
	switch {
	case n > 0:
		return refuse(ReasonChecksum, "%s is longer than %d bytes", f.e.name, f.e.size)
	case !errors.Is(err, io.EOF):
		return f.broken(err)
	case f.crc != f.e.crc:
		return refuse(ReasonChecksum, "%s", f.e.name)
	}
	if err := f.checkTail(); err != nil {
		return err
	}
	return io.EOF
}

// checkTail demands that nothing stands behind the data. A deflate stream may have the Adler-32 of its content behind
// it, which some product leaves there when it takes a zlib stream apart; it is computed only then.
func (f *fileReader) checkTail() error {
	if f.codec == nil {
		return nil // stored: the sizes are equal
	}
	tail := f.raw.end - f.raw.at + int64(f.codec.buffer.Buffered())
	if tail == 0 {
		return nil
	}
	var sum [4]byte
	if tail != int64(len(sum)) {
		return refuse(ReasonHidden, "%s: %d bytes behind its deflate stream", f.e.name, tail)
	}
	if _, err := io.ReadFull(f.codec.buffer, sum[:]); err != nil {
		return f.broken(err)
	}
	again := f.c.open(f.e)
	defer again.Close() //nolint:errcheck // nothing was written
	h := adler32.New()
	if _, err := io.CopyN(h, again, f.e.size); err != nil {
		return f.broken(err)
	}
	if h.Sum32() != binary.BigEndian.Uint32(sum[:]) {
		return refuse(ReasonHidden, "%s: bytes behind its deflate stream", f.e.name)
	}
	f.c.met.Or(uint32(TolerantAdler))
	return nil
}

// broken turns what the decompressor says into a refusal and lets errors of the source through.
func (f *fileReader) broken(err error) error {
	var own *Error
	var corrupt flate.CorruptInputError
	var internal flate.InternalError // what it says of some streams that are corrupt
	switch {
	case errors.As(err, &own):
		return err
	case errors.As(err, &corrupt), errors.As(err, &internal), errors.Is(err, io.EOF),
		errors.Is(err, io.ErrUnexpectedEOF):
		return refuse(ReasonChecksum, "%s: %v", f.e.name, err)
	}
	return err
}

// errClosed is returned for reading on after Close.
var errClosed = errors.New("ofd: file is closed")

// Close implements io.Closer.
func (f *fileReader) Close() error {
	if f.codec != nil {
		f.codec.buffer.Reset(nil)
		codecs.Put(f.codec)
		f.codec = nil
	}
	f.data, f.err = nil, errClosed
	return nil
}

// readAll reads a file to its end.
func (c *container) readAll(e *entry) ([]byte, error) {
	f := c.open(e)
	defer f.Close() //nolint:errcheck // nothing was written
	b := make([]byte, e.size)
	if _, err := io.ReadFull(f, b); err != nil {
		return nil, err
	}
	if _, err := f.Read(nil); !errors.Is(err, io.EOF) {
		return nil, err
	}
	return b, nil
}
