package convert

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/elicense/elicense/vault"
)

// spool keeps what became of each row between the conversion and the writing of the result: in memory while it is
// small, then in a temporary file.
type spool struct {
	temp func() (TempFile, error)
	mem  bytes.Buffer
	file TempFile
	out  *bufio.Writer
	size int64
	last int // row number of the last entry
	b    []byte
}

// spoolMemory is how much of a spool is kept in memory.
const spoolMemory = 4 << 20

var spoolOutcomes = []vault.Outcome{
	vault.RowCreated, vault.RowUpdated, vault.RowUnchanged, vault.RowConflict, vault.RowRejected,
}

// entry is what stands beside one row of the result.
type entry struct {
	row     int
	outcome vault.Outcome
	codes   string
	fix     string
}

// add appends the entry of the next row: distance to the row before, outcome, and texts if there are any.
func (s *spool) add(e *entry) error {
	b := binary.AppendUvarint(s.b[:0], uint64(e.row-s.last)) //nolint:gosec // rows go up
	s.last = e.row
	kind := byte(slices.Index(spoolOutcomes, e.outcome)) << 1 //nolint:gosec // five of them
	if e.codes == "" && e.fix == "" {
		b = append(b, kind)
	} else {
		b = append(b, kind|1)
		for _, text := range []string{e.codes, e.fix} {
			b = append(binary.AppendUvarint(b, uint64(len(text))), text...)
		}
	}
	s.b = b
	s.size += int64(len(b))
	if s.file == nil && s.mem.Len()+len(b) > spoolMemory {
		if err := s.spill(); err != nil {
			return err
		}
	}
	if s.file == nil {
		s.mem.Write(b)
		return nil
	}
	_, err := s.out.Write(b)
	return err
}

func (s *spool) spill() error {
	if s.temp == nil {
		return ErrNeedTemp
	}
	f, err := s.temp()
	if err != nil {
		return fmt.Errorf("%w: %w", ErrNeedTemp, err)
	}
	s.file, s.out = f, bufio.NewWriterSize(f, 256<<10)
	_, err = s.out.Write(s.mem.Bytes())
	s.mem = bytes.Buffer{}
	return err
}

// entries reads the spool from its beginning.
func (s *spool) entries() (*entries, error) {
	if s.file == nil {
		return &entries{r: bufio.NewReader(bytes.NewReader(s.mem.Bytes()))}, nil
	}
	if err := s.out.Flush(); err != nil {
		return nil, err
	}
	return &entries{r: bufio.NewReaderSize(io.NewSectionReader(s.file, 0, s.size), 256<<10)}, nil
}

func (s *spool) close() {
	if s.file != nil {
		s.file.Close() //nolint:errcheck // a temporary file that nobody needs any more
	}
}

// entries reads a spool.
type entries struct {
	r    *bufio.Reader
	last int
}

// next fills e; false at the end.
func (r *entries) next(e *entry) (bool, error) {
	step, err := binary.ReadUvarint(r.r)
	if errors.Is(err, io.EOF) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	kind, err := r.r.ReadByte()
	if err != nil || int(kind>>1) >= len(spoolOutcomes) {
		return false, fmt.Errorf("convert: reading results: %w", io.ErrUnexpectedEOF)
	}
	r.last += int(step) //nolint:gosec // written by add
	*e = entry{row: r.last, outcome: spoolOutcomes[kind>>1]}
	if kind&1 == 0 {
		return true, nil
	}
	for _, to := range []*string{&e.codes, &e.fix} {
		n, err := binary.ReadUvarint(r.r)
		if err != nil {
			return false, err
		}
		b := make([]byte, n)
		if _, err := io.ReadFull(r.r, b); err != nil {
			return false, err
		}
		*to = string(b)
	}
	return true, nil
}
