package badger

import (
	"bufio"
	"context"
	"encoding/binary"
	"fmt"
	"hash"
	"io"

	"github.com/emmansun/gmsm/sm3"

	"github.com/elicense/elicense/internal/engine"
)

// A backup stream:
//
//	magic(8) = "ELBACK1\n"
//	for each pair in the order of keys:  0x01 || key length(2) || value length(4) || key || value
//	trailer:                             0x00 || number of pairs(8) || SM3 of everything before the digest(32)
//
// Numbers are big-endian. Nothing may follow the trailer. The digest shows damage; it is no protection against
// somebody who can write a new one, which the sealed values are.
const (
	backupMagic   = "ELBACK1\n"
	recordPair    = 1
	recordTrailer = 0
	streamBuffer  = 256 << 10
)

// Backup writes a consistent state of the whole engine to w, beside everything that goes on. It returns the number of
// pairs. The caller makes what w wrote durable.
func (e *Engine) Backup(ctx context.Context, w io.Writer) (pairs uint64, err error) {
	digest := sm3.New()
	out := bufio.NewWriterSize(io.MultiWriter(w, digest), streamBuffer)
	if _, err := out.WriteString(backupMagic); err != nil {
		return 0, fmt.Errorf("writing backup: %w", err)
	}
	err = e.View(ctx, func(r engine.Reader) error {
		return r.Scan(engine.Range{}, func(key, value []byte) (bool, error) {
			pairs++
			return true, writePair(out, key, value)
		})
	})
	if err == nil {
		err = writeTrailer(out, w, digest, pairs)
	}
	if err != nil {
		return 0, fmt.Errorf("writing backup: %w", err)
	}
	return pairs, nil
}

func writePair(out *bufio.Writer, key, value []byte) error {
	var head [7]byte
	head[0] = recordPair
	binary.BigEndian.PutUint16(head[1:], uint16(len(key)))   //nolint:gosec // at most MaxKeyBytes
	binary.BigEndian.PutUint32(head[3:], uint32(len(value))) //nolint:gosec // at most MaxValueBytes
	for _, part := range [][]byte{head[:], key, value} {
		if _, err := out.Write(part); err != nil {
			return err
		}
	}
	return nil
}

func writeTrailer(out *bufio.Writer, w io.Writer, digest hash.Hash, pairs uint64) error {
	trailer := binary.BigEndian.AppendUint64([]byte{recordTrailer}, pairs)
	if _, err := out.Write(trailer); err != nil {
		return err
	}
	if err := out.Flush(); err != nil {
		return err
	}
	_, err := w.Write(digest.Sum(nil))
	return err
}

// readBackup calls each for every pair of a backup stream; the slices are valid during the call. Only when it returns
// nil is the stream known to be whole and what each has seen to be used: until then it is somebody's claim. Any defect
// is an engine.ErrCorrupt that says where.
func readBackup(r io.Reader, each func(key, value []byte) error) (pairs uint64, err error) {
	d := &decoder{in: bufio.NewReaderSize(r, streamBuffer), digest: sm3.New()}
	magic := make([]byte, len(backupMagic))
	if err := d.read(magic); err != nil {
		return 0, err
	}
	if string(magic) != backupMagic {
		return 0, d.defect("not a backup")
	}
	for {
		more, err := d.pair(each)
		if err != nil {
			return 0, err
		}
		if !more {
			return d.pairs, nil
		}
	}
}

type decoder struct {
	in     *bufio.Reader
	digest hash.Hash
	pairs  uint64
	last   []byte // key
	key    []byte
	value  []byte
}

func (d *decoder) defect(what string) error {
	return fmt.Errorf("%w: backup after %d pairs: %s", engine.ErrCorrupt, d.pairs, what)
}

// read fills b and hashes it.
func (d *decoder) read(b []byte) error {
	if _, err := io.ReadFull(d.in, b); err != nil {
		if err == io.EOF || err == io.ErrUnexpectedEOF {
			return d.defect("the stream ends too early")
		}
		return fmt.Errorf("reading backup: %w", err)
	}
	d.digest.Write(b)
	return nil
}

func (d *decoder) pair(each func(key, value []byte) error) (more bool, err error) {
	var kind [1]byte
	if err := d.read(kind[:]); err != nil {
		return false, err
	}
	switch kind[0] {
	case recordTrailer:
		return false, d.trailer()
	case recordPair:
	default:
		return false, d.defect("unknown record")
	}
	var head [6]byte
	if err := d.read(head[:]); err != nil {
		return false, err
	}
	keyLen, valueLen := int(binary.BigEndian.Uint16(head[:])), int(binary.BigEndian.Uint32(head[2:]))
	if keyLen == 0 || keyLen > engine.MaxKeyBytes || valueLen > engine.MaxValueBytes {
		return false, d.defect("length out of range")
	}
	d.last, d.key = d.key, sized(d.last, keyLen)
	d.value = sized(d.value, valueLen)
	if err := d.read(d.key); err != nil {
		return false, err
	}
	if err := d.read(d.value); err != nil {
		return false, err
	}
	if string(d.key) <= string(d.last) { // d.last is empty at first
		return false, d.defect("keys out of order")
	}
	d.pairs++
	return true, each(d.key, d.value)
}

func sized(b []byte, n int) []byte {
	if cap(b) < n {
		return make([]byte, n, max(n, 2*cap(b)))
	}
	return b[:n]
}

func (d *decoder) trailer() error {
	var count [8]byte
	if err := d.read(count[:]); err != nil {
		return err
	}
	if binary.BigEndian.Uint64(count[:]) != d.pairs {
		return d.defect("wrong number of pairs")
	}
	want := d.digest.Sum(nil)
	got := make([]byte, len(want))
	if err := d.read(got); err != nil {
		return err
	}
	if string(got) != string(want) {
		return d.defect("wrong digest")
	}
	switch _, err := d.in.ReadByte(); err {
	case io.EOF:
		return nil
	case nil:
		return d.defect("bytes after the end")
	default:
		return fmt.Errorf("reading backup: %w", err)
	}
}
