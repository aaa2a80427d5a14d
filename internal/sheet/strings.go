package sheet

import (
	"encoding/binary"
	"io"
)

const (
	stringPage  = 16 << 10
	stringGroup = 16 // one index entry for so many strings
)

// stringTable holds the shared strings of a book by number. Beyond its limit it moves to a temporary file and keeps
// pages of it in memory; the index then costs half a byte for each string.
//
// Layout: for each string its length as uvarint and its bytes, cut into pages of 16 KiB without regard to strings.
type stringTable struct {
	limit int64
	temp  func() (TempFile, error)

	index []uint64 // offset of every sixteenth string
	n     int
	size  uint64
	long  map[int]bool // strings beyond the limit for cells, which are kept empty

	pages [][]byte // all pages, while in memory; otherwise only the last
	file  TempFile
	cache []cachedPage
}

type cachedPage struct {
	no   uint64 // page number plus one; 0 is none
	data []byte
}

// add appends one string.
func (s *stringTable) add(b []byte) error {
	if s.n%stringGroup == 0 {
		s.index = append(s.index, s.size)
	}
	s.n++
	var head [binary.MaxVarintLen64]byte
	if err := s.write(head[:binary.PutUvarint(head[:], uint64(len(b)))]); err != nil {
		return err
	}
	return s.write(b)
}

func (s *stringTable) write(b []byte) error {
	s.size += uint64(len(b))
	for len(b) > 0 {
		if len(s.pages) == 0 || len(s.pages[len(s.pages)-1]) == stringPage {
			if err := s.newPage(); err != nil {
				return err
			}
		}
		last := &s.pages[len(s.pages)-1]
		n := min(len(b), stringPage-len(*last))
		*last = append(*last, b[:n]...)
		b = b[n:]
	}
	return nil
}

// newPage makes room; where the limit is reached, full pages go to the file.
func (s *stringTable) newPage() error {
	if s.file == nil && int64(len(s.pages))*stringPage >= s.limit {
		if s.temp == nil {
			return &Error{Code: CodeNeedTemp}
		}
		f, err := s.temp()
		if err != nil {
			return &Error{Code: CodeNeedTemp, Cause: err}
		}
		s.file = f
		s.cache = make([]cachedPage, max(16, s.limit/stringPage))
	}
	if s.file != nil {
		if err := s.flush(); err != nil {
			return err
		}
		s.pages = s.pages[:0]
	}
	s.pages = append(s.pages, make([]byte, 0, stringPage))
	return nil
}

func (s *stringTable) flush() error {
	for _, p := range s.pages {
		if n, err := s.file.Write(p); err != nil || n != len(p) {
			if err == nil {
				err = io.ErrShortWrite
			}
			return &Error{Code: CodeNeedTemp, Cause: err}
		}
	}
	return nil
}

// finish ends the writing.
func (s *stringTable) finish() error {
	if s.file == nil {
		return nil
	}
	err := s.flush()
	s.pages = nil
	return err
}

// page is the rest of the page that holds the byte at off.
func (s *stringTable) page(off uint64) ([]byte, error) {
	if off >= s.size {
		return nil, &Error{Code: CodeCorrupt, Detail: "shared strings"}
	}
	no, at := off/stringPage, off%stringPage
	if s.file == nil {
		return s.pages[no][at:], nil
	}
	c := &s.cache[no%uint64(len(s.cache))]
	if c.no != no+1 {
		c.no = 0
		if c.data == nil {
			c.data = make([]byte, stringPage)
		}
		n := min(stringPage, s.size-no*stringPage)
		c.data = c.data[:n]
		if err := readAt(s.file, c.data, int64(no*stringPage)); err != nil { //nolint:gosec // below the file's size.
			return nil, err
		}
		c.no = no + 1
	}
	return c.data[at:], nil
}

// appendString appends string i to dst; ok is false where there is none.
func (s *stringTable) appendString(dst []byte, i int) (out []byte, ok bool, err error) {
	if i < 0 || i >= s.n {
		return dst, false, nil
	}
	off := s.index[i/stringGroup]
	for skip := i % stringGroup; ; skip-- {
		n, used, err := s.length(off)
		if err != nil {
			return dst, false, err
		}
		off += used
		if skip == 0 {
			out, err = s.appendBytes(dst, off, n)
			return out, err == nil, err
		}
		off += n
	}
}

func (s *stringTable) length(off uint64) (n, used uint64, err error) {
	p, err := s.page(off)
	if err != nil {
		return 0, 0, err
	}
	if p[0] < 0x80 {
		return uint64(p[0]), 1, nil
	}
	if v, k := binary.Uvarint(p); k > 0 {
		return v, uint64(k), nil
	}
	for shift := uint(0); shift < 63; shift += 7 { // across two pages
		if p, err = s.page(off + used); err != nil {
			return 0, 0, err
		}
		n |= uint64(p[0]&0x7F) << shift
		used++
		if p[0] < 0x80 {
			break
		}
	}
	return n, used, nil
}

func (s *stringTable) appendBytes(dst []byte, off, n uint64) ([]byte, error) {
	for n > 0 {
		p, err := s.page(off)
		if err != nil {
			return dst, err
		}
		k := min(n, uint64(len(p)))
		dst = append(dst, p[:k]...)
		off, n = off+k, n-k
	}
	return dst, nil
}

func (s *stringTable) close() error {
	if s.file == nil {
		return nil
	}
	return s.file.Close()
}
