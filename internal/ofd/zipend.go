package ofd

import (
	"bytes"
	"encoding/binary"
	"math"
)

// zipEnd is what the records at the end of a zip file tell.
type zipEnd struct {
	count         int
	directory     int64 // offset
	directorySize int64
}

// findEnd finds the end record, which must be the only one that ends where the file ends:
//
//	signature 4, disk 2, disk of the directory 2, entries here 2, entries 2, directory size 4, directory offset 4,
//	comment length 2, comment
func (c *container) findEnd() (zipEnd, error) {
	tail, at, err := c.findEndRecord()
	if err != nil {
		return zipEnd{}, err
	}
	le := binary.LittleEndian
	if le.Uint32(tail[4:]) != 0 || le.Uint16(tail[8:]) != le.Uint16(tail[10:]) {
		return zipEnd{}, refuse(ReasonZip, "more than one disk")
	}
	if len(tail) > endSize {
		if bytes.Contains(tail[endSize:], le.AppendUint32(nil, endSignature)) {
			return zipEnd{}, refuse(ReasonHidden, "an end record in the comment")
		}
		if len(tail) > endSize+maxComment {
			return zipEnd{}, refuse(ReasonHidden, "a comment of %d bytes", len(tail)-endSize)
		}
		c.met.Or(uint32(TolerantComment))
	}
	count, size, offset := uint64(le.Uint16(tail[10:])), uint64(le.Uint32(tail[12:])), uint64(le.Uint32(tail[16:]))
	wide := count == math.MaxUint16 || size == math.MaxUint32 || offset == math.MaxUint32
	narrow := [3]uint64{count, size, offset}
	if values, start, found, err := c.readEnd64(at); err != nil {
		return zipEnd{}, err
	} else if found {
		for i, all := range [3]uint64{math.MaxUint16, math.MaxUint32, math.MaxUint32} {
			if narrow[i] != all && narrow[i] != values[i] {
				return zipEnd{}, refuse(ReasonMismatch, "the two end records differ")
			}
		}
		count, size, offset, at = values[0], values[1], values[2], start
	} else if wide {
		return zipEnd{}, refuse(ReasonZip, "no zip64 end record")
	}
	return c.checkEnd(count, size, offset, at)
}

// checkEnd holds the end record against the limits and against where the directory must end.
func (c *container) checkEnd(count, size, offset uint64, at int64) (zipEnd, error) {
	switch {
	case count == 0:
		return zipEnd{}, refuse(ReasonZip, "no entries")
	case count > MaxEntries || size > maxDirectoryBytes:
		return zipEnd{}, refuse(ReasonLimit, "%d entries in a directory of %d bytes", count, size)
	case offset > MaxPackageBytes || int64(offset)+int64(size) != at:
		return zipEnd{}, refuse(ReasonHidden, "the central directory does not end where the end record begins")
	}
	return zipEnd{count: int(count), directory: int64(offset), directorySize: int64(size)}, nil
}

// findEndRecord gives the end record with its comment, and its offset.
func (c *container) findEndRecord() (record []byte, at int64, err error) {
	if c.size < endSize {
		return nil, 0, refuse(ReasonZip, "%d bytes", c.size)
	}
	le := binary.LittleEndian
	if record, err = c.readAt(c.size-endSize, endSize); err != nil {
		return nil, 0, err
	}
	if le.Uint32(record) == endSignature && le.Uint16(record[20:]) == 0 {
		return record, c.size - endSize, nil
	}
	n := min(c.size, endSize+maxCommentBytes)
	tail, err := c.readAt(c.size-n, n)
	if err != nil {
		return nil, 0, err
	}
	seen := false
	for end := len(tail) - endSize + 4; end >= 4; {
		i := bytes.LastIndex(tail[:end], le.AppendUint32(nil, endSignature))
		if i < 0 {
			break
		}
		comment := int(le.Uint16(tail[i+20:]))
		if i+endSize+comment == len(tail) {
			return tail[i:], c.size - n + int64(i), nil
		}
		seen = seen || i+endSize+comment < len(tail)
		end = i + 3
	}
	if seen {
		return nil, 0, refuse(ReasonHidden, "bytes behind the end record")
	}
	return nil, 0, refuse(ReasonZip, "no end record")
}

// readEnd64 reads the zip64 end record through the locator that precedes the end record at the given offset:
//
//	record:  signature 4, size 8, made by 2, needed 2, disks 4 + 4, entries here 8, entries 8,
//	         directory size 8, directory offset 8
//	locator: signature 4, disk 4, offset of the record 8, disks 4
//
// It gives the number of entries, size and offset of the directory, and where the record begins.
func (c *container) readEnd64(end int64) (values [3]uint64, at int64, found bool, err error) {
	le := binary.LittleEndian
	if end < locatorSize+end64Size {
		return values, 0, false, nil
	}
	b, err := c.readAt(end-locatorSize-end64Size, locatorSize+end64Size)
	if err != nil {
		return values, 0, false, err
	}
	record, locator := b[:end64Size], b[end64Size:]
	if le.Uint32(locator) != locatorSignature {
		return values, 0, false, nil
	}
	at = end - locatorSize - end64Size
	// A longer record, with data of its own at its end, is not made by anybody known.
	if le.Uint64(locator[8:]) != uint64(at) || le.Uint32(record) != end64Signature ||
		le.Uint64(record[4:]) != end64Size-12 {
		return values, 0, false, refuse(ReasonHidden, "the zip64 end record is not where it should be")
	}
	if le.Uint32(locator[4:]) != 0 || le.Uint32(locator[16:]) > 1 || le.Uint64(record[16:]) != 0 ||
		le.Uint64(record[24:]) != le.Uint64(record[32:]) {
		return values, 0, false, refuse(ReasonZip, "more than one disk")
	}
	return [3]uint64{le.Uint64(record[32:]), le.Uint64(record[40:]), le.Uint64(record[48:])}, at, true, nil
}
