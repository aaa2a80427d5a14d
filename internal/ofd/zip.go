package ofd

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"slices"
	"sync/atomic"
)

// Of the zip format (PKWARE APPNOTE 6.3.10, 4.3).
const (
	localSignature      = 0x04034b50
	centralSignature    = 0x02014b50
	endSignature        = 0x06054b50
	end64Signature      = 0x06064b50
	locatorSignature    = 0x07064b50
	descriptorSignature = 0x08074b50

	localSize   = 30
	centralSize = 46
	endSize     = 22
	end64Size   = 56
	locatorSize = 20

	methodStored  = 0
	methodDeflate = 8

	flagEncrypted  = 1<<0 | 1<<6 | 1<<13
	flagLevel      = 1<<1 | 1<<2 // how hard deflate tried
	flagDescriptor = 1 << 3
	flagUTF8       = 1 << 11

	systemUnix   = 3 // whose file modes are in the upper half of the attributes
	systemDarwin = 19
	modeType     = 0o170000
	modeLink     = 0o120000
	modeFolder   = 0o040000
	dosFolder    = 0x10 // in the attributes of all other systems

	extraZIP64       = 0x0001
	extraUnicodePath = 0x7075

	maxDirectoryBytes = 8 << 20
	maxCommentBytes   = math.MaxUint16
)

// container is a zip file of which every byte belongs to exactly one thing: an entry with its headers and descriptor,
// the central directory, the records at the end, or the comment. So nobody who reads it from the front finds another
// file than somebody who reads it from the back.
type container struct {
	r       io.ReaderAt
	size    int64
	entries []entry       // in the order of the central directory
	met     atomic.Uint32 // Tolerances; some are met when a file is read
}

// entry is a file or folder as the central directory has it.
type entry struct {
	raw          []byte // the name as it stands there
	text         string // the name in UTF-8
	name         string // the clean name: see readName
	folder       bool
	flags        uint16
	method       uint16
	crc          uint32
	packed, size int64
	header       int64 // where the local header begins
	data         int64 // where the data begin
	wide         bool  // the central directory has a zip64 field for it
}

// openContainer reads the central directory and holds every local header against it.
func openContainer(r io.ReaderAt, size int64) (*container, error) {
	if size > MaxPackageBytes {
		return nil, refuse(ReasonLimit, "a package of %d bytes", size)
	}
	c := &container{r: r, size: size}
	end, err := c.findEnd()
	if err != nil {
		return nil, err
	}
	directory, err := c.readAt(end.directory, end.directorySize)
	if err != nil {
		return nil, err
	}
	if err := c.readDirectory(directory, end.count); err != nil {
		return nil, err
	}
	if err := c.checkLocal(end.directory); err != nil {
		return nil, err
	}
	return c, c.checkDisguise(end.directory)
}

func (c *container) readAt(offset, n int64) ([]byte, error) {
	b := make([]byte, n)
	if err := readFullAt(c.r, b, offset); err != nil {
		return nil, err
	}
	return b, nil
}

// readFullAt tells a source that ends early, which contradicts its size, from one that fails.
func readFullAt(r io.ReaderAt, b []byte, offset int64) error {
	n, err := r.ReadAt(b, offset)
	switch {
	case n == len(b):
		return nil
	case errors.Is(err, io.EOF):
		return refuse(ReasonZip, "ends at %d", offset+int64(n))
	}
	return err
}

// readDirectory reads the entries of the central directory, which must fill it.
func (c *container) readDirectory(b []byte, count int) error {
	c.entries = make([]entry, 0, count)
	total := int64(0)
	for range count {
		e, rest, err := c.readEntry(b)
		if err != nil {
			return err
		}
		b = rest
		if total += e.size; total > MaxTotalBytes {
			return refuse(ReasonLimit, "more than %d bytes in all", int64(MaxTotalBytes))
		}
		c.entries = append(c.entries, e)
	}
	if len(b) > 0 {
		return refuse(ReasonHidden, "%d bytes of the central directory belong to no entry", len(b))
	}
	return c.checkNames()
}

// readEntry reads one entry off the central directory:
//
//	signature 4, made by 2, needed 2, flags 2, method 2, time 2, date 2, crc 4, packed 4, size 4,
//	name length 2, extra length 2, comment length 2, disk 2, attributes 2 + 4, offset 4, name, extra, comment
func (c *container) readEntry(b []byte) (e entry, rest []byte, err error) {
	le := binary.LittleEndian
	if len(b) < centralSize || le.Uint32(b) != centralSignature {
		return entry{}, nil, refuse(ReasonZip, "central directory ends early")
	}
	e = entry{
		flags: le.Uint16(b[8:]), method: le.Uint16(b[10:]), crc: le.Uint32(b[16:]), packed: int64(le.Uint32(b[20:])),
		size: int64(le.Uint32(b[24:])), header: int64(le.Uint32(b[42:])),
	}
	name, extra, comment := int(le.Uint16(b[28:])), int(le.Uint16(b[30:])), int(le.Uint16(b[32:]))
	disk, system, attributes := le.Uint16(b[34:]), b[5], le.Uint32(b[38:])
	if b = b[centralSize:]; len(b) < name+extra+comment {
		return entry{}, nil, refuse(ReasonZip, "central directory ends early")
	}
	e.raw = b[:name]
	if disk != 0 || comment != 0 {
		return entry{}, nil, refuse(ReasonZip, "%q: comment or further disk", e.raw)
	}
	fields, err := readExtra(b[name : name+extra])
	if err != nil {
		return entry{}, nil, err
	}
	if err := e.widen(fields.zip64); err != nil {
		return entry{}, nil, err
	}
	if err := c.readName(&e, fields.unicodePath); err != nil {
		return entry{}, nil, err
	}
	if err := e.checkAttributes(system, attributes); err != nil {
		return entry{}, nil, err
	}
	return e, b[name+extra+comment:], e.check()
}

// checkAttributes refuses links, and files that those take for folders who go by attributes and not by the slash.
func (e *entry) checkAttributes(system byte, attributes uint32) error {
	folder := attributes&dosFolder != 0
	if system == systemUnix || system == systemDarwin {
		mode := attributes >> 16 & modeType
		if mode == modeLink {
			return refuse(ReasonName, "%s is a link", e.name)
		}
		folder = mode == modeFolder
	}
	if folder && !e.folder {
		return refuse(ReasonName, "%s is a folder by its attributes alone", e.name)
	}
	return nil
}

// check holds an entry against what may be in a package at all.
func (e *entry) check() error {
	switch {
	case e.flags&flagEncrypted != 0:
		return refuse(ReasonEncrypted, "%s", e.name)
	case e.flags&^(flagLevel|flagDescriptor|flagUTF8) != 0:
		return refuse(ReasonZip, "%s: flags %#x", e.name, e.flags)
	case e.method != methodStored && e.method != methodDeflate:
		return refuse(ReasonMethod, "%s: method %d", e.name, e.method)
	case e.method == methodStored && e.packed != e.size:
		return refuse(ReasonMismatch, "%s: stored with two sizes", e.name)
	case e.folder && (e.size != 0 || e.packed > 2 || e.crc != 0): // an empty deflate stream has two bytes
		return refuse(ReasonName, "%s: a folder with content", e.name)
	case e.size > MaxFileBytes:
		return refuse(ReasonLimit, "%s: %d bytes", e.name, e.size)
	case isBomb(e.size, e.packed):
		return refuse(ReasonBomb, "%s: %d bytes from %d", e.name, e.size, e.packed)
	}
	return nil
}

// isBomb tells a file that unpacks to far more than files do.
func isBomb(size, packed int64) bool { return size > ratioFloor && size/maxRatio > packed }

// extra is what of the extra fields of an entry changes how it is read.
type extra struct {
	zip64       []byte
	unicodePath []byte
}

// readExtra divides extra fields: id 2, size 2, data. Times and owners are of no concern.
func readExtra(b []byte) (out extra, err error) {
	if len(b) > maxExtra {
		return extra{}, refuse(ReasonHidden, "%d bytes of extra fields", len(b))
	}
	for len(b) > 0 {
		if len(b) < 4 {
			return extra{}, refuse(ReasonZip, "extra field ends early")
		}
		id, size := binary.LittleEndian.Uint16(b), int(binary.LittleEndian.Uint16(b[2:]))
		if b = b[4:]; len(b) < size {
			return extra{}, refuse(ReasonZip, "extra field ends early")
		}
		into := (*[]byte)(nil)
		switch id {
		case extraZIP64:
			into = &out.zip64
		case extraUnicodePath:
			into = &out.unicodePath
		}
		if into != nil {
			if *into != nil {
				return extra{}, refuse(ReasonZip, "extra field %#x twice", id)
			}
			*into = b[:size:size]
		}
		b = b[size:]
	}
	return out, nil
}

// widen takes from a zip64 field of the central directory the values that do not fit into the header: size, packed
// size, offset, each there if the header has all ones (APPNOTE 4.5.3). A field that has all three says the others
// again.
func (e *entry) widen(field []byte) error {
	e.wide = field != nil
	all := len(field) == 24
	for _, v := range []*int64{&e.size, &e.packed, &e.header} {
		if *v != math.MaxUint32 {
			if all && binary.LittleEndian.Uint64(field) != uint64(*v) { //nolint:gosec // not negative
				return refuse(ReasonMismatch, "%q: zip64 field and header differ", e.raw)
			}
			if all {
				field = field[8:]
			}
			continue
		}
		if len(field) < 8 {
			return refuse(ReasonZip, "%q: zip64 field ends early", e.raw)
		}
		wide := binary.LittleEndian.Uint64(field)
		if wide > MaxPackageBytes {
			return refuse(ReasonLimit, "%q: %d", e.raw, wide)
		}
		*v, field = int64(wide), field[8:]
	}
	if len(field) > 0 {
		return refuse(ReasonZip, "%q: zip64 field of the wrong size", e.raw)
	}
	return nil
}

// checkLocal walks the file from its beginning: the entries follow each other without a gap up to the directory.
func (c *container) checkLocal(directory int64) error {
	order := make([]*entry, len(c.entries))
	for i := range c.entries {
		order[i] = &c.entries[i]
	}
	slices.SortFunc(order, func(a, b *entry) int { return cmp.Compare(a.header, b.header) })
	at := int64(0)
	for i, e := range order {
		if e.header != at {
			return refuse(ReasonHidden, "%s begins at %d, the one before it ends at %d", e.name, e.header, at)
		}
		next := directory
		if i+1 < len(order) {
			next = order[i+1].header
		}
		end, err := c.checkEntry(e, next)
		if err != nil {
			return err
		}
		at = end
	}
	if at != directory {
		return refuse(ReasonHidden, "bytes from %d to %d before the central directory", at, directory)
	}
	return nil
}

// checkEntry holds a local header against its entry of the directory and finds where data and descriptor end; next is
// where another thing begins.
func (c *container) checkEntry(e *entry, next int64) (int64, error) {
	const usualExtra = 64
	head := make([]byte, localSize+len(e.raw)+usualExtra)
	head = head[:min(int64(len(head)), c.size-e.header)]
	if err := readFullAt(c.r, head, e.header); err != nil {
		return 0, err
	}
	if len(head) < localSize+len(e.raw) || binary.LittleEndian.Uint32(head) != localSignature {
		return 0, refuse(ReasonMismatch, "%s has no local header", e.name)
	}
	name, extraSize := int(binary.LittleEndian.Uint16(head[26:])), int(binary.LittleEndian.Uint16(head[28:]))
	if name != len(e.raw) || !bytes.Equal(head[localSize:localSize+name], e.raw) {
		return 0, refuse(ReasonMismatch, "%s has another name in its local header", e.name)
	}
	e.data = e.header + int64(localSize+name+extraSize)
	if e.data+e.packed > next {
		return 0, refuse(ReasonHidden, "%s reaches into what comes after it", e.name)
	}
	extraBytes, err := c.localExtra(e, head[localSize+name:], extraSize)
	if err != nil {
		return 0, err
	}
	if err := c.compareLocal(e, head[:localSize], extraBytes); err != nil {
		return 0, err
	}
	return c.descriptorEnd(e, next)
}

func (c *container) localExtra(e *entry, have []byte, size int) ([]byte, error) {
	if size <= len(have) {
		return have[:size], nil
	}
	return c.readAt(e.data-int64(size), int64(size))
}

// compareLocal compares what the local header tells: signature 4, needed 2, flags 2, method 2, time 2, date 2, crc 4,
// packed 4, size 4, name length 2, extra length 2.
func (c *container) compareLocal(e *entry, head, extraBytes []byte) error {
	le := binary.LittleEndian
	fields, err := readExtra(extraBytes)
	if err != nil {
		return err
	}
	packed, size := int64(le.Uint32(head[18:])), int64(le.Uint32(head[22:]))
	if fields.zip64 != nil && (size == math.MaxUint32 || packed == math.MaxUint32) {
		if len(fields.zip64) != 16 { // both sizes, always (APPNOTE 4.5.3)
			return refuse(ReasonZip, "%s: zip64 field of the wrong size", e.name)
		}
		size, packed = wideSize(fields.zip64), wideSize(fields.zip64[8:])
		if !e.wide {
			c.met.Or(uint32(TolerantZIP64))
		}
	}
	if le.Uint16(head[6:]) != e.flags || le.Uint16(head[8:]) != e.method ||
		!e.sameContent(le.Uint32(head[14:]), packed, size) {
		return refuse(ReasonMismatch, "%s: local header and central directory differ", e.name)
	}
	if fields.unicodePath != nil {
		return checkUnicodePath(e, fields.unicodePath)
	}
	return nil
}

// sameContent compares what a local header tells of the content; where a descriptor follows, it may leave all open.
func (e *entry) sameContent(crc uint32, packed, size int64) bool {
	if e.flags&flagDescriptor != 0 && crc == 0 && packed == 0 && size == 0 {
		return true
	}
	return crc == e.crc && packed == e.packed && size == e.size
}

// wideSize is a size of a zip64 field, or one that equals no other if it is beyond everything read here.
func wideSize(b []byte) int64 {
	if v := binary.LittleEndian.Uint64(b); v <= MaxPackageBytes {
		return int64(v)
	}
	return -1
}

// descriptorEnd is where an entry ends with its data descriptor: signature 4 or nothing, crc 4, packed and size of 4 or
// of 8 bytes each (APPNOTE 4.3.9). Which of the forms it has follows from where the next thing begins.
func (c *container) descriptorEnd(e *entry, next int64) (int64, error) {
	end := e.data + e.packed
	if e.flags&flagDescriptor == 0 {
		return end, nil
	}
	gap := next - end
	if gap != 12 && gap != 16 && gap != 20 && gap != 24 {
		return 0, refuse(ReasonHidden, "%s: %d bytes behind its data", e.name, gap)
	}
	d, err := c.readAt(end, gap)
	if err != nil {
		return 0, err
	}
	le := binary.LittleEndian
	var want []byte
	if gap%8 == 0 {
		want = le.AppendUint32(want, descriptorSignature)
	}
	want = le.AppendUint32(want, e.crc)
	if gap >= 20 {
		want = le.AppendUint64(le.AppendUint64(want, uint64(e.packed)), uint64(e.size)) //nolint:gosec // not negative
	} else {
		want = le.AppendUint32(want, uint32(e.packed)) //nolint:gosec // limited by MaxPackageBytes
		want = le.AppendUint32(want, uint32(e.size))   //nolint:gosec // limited by MaxFileBytes
	}
	if !bytes.Equal(d, want) {
		return 0, refuse(ReasonMismatch, "%s: data descriptor and central directory differ", e.name)
	}
	return next, nil
}
