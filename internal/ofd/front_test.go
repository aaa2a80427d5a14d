package ofd_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"testing"

	"github.com/klauspost/compress/flate"
	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/ofd"
)

// errCannot is returned where a reader from the front can go no further although the package is sound.
var errCannot = errors.New("stored, and the size comes after it")

// fromFront reads a zip file as those do who never see its end: local header by local header. It answers the contents
// of the files, folders left out.
func fromFront(b []byte) (out [][]byte, err error) {
	le := binary.LittleEndian
	for len(b) >= 30 && le.Uint32(b) == 0x04034b50 {
		flags, method := le.Uint16(b[6:]), le.Uint16(b[8:])
		packed, size := int(le.Uint32(b[18:])), int(le.Uint32(b[22:]))
		name, extra := int(le.Uint16(b[26:])), int(le.Uint16(b[28:]))
		if len(b) < 30+name+extra {
			return nil, io.ErrUnexpectedEOF
		}
		folder := name > 0 && (b[30+name-1] == '/' || b[30+name-1] == '\\')
		fields := b[30+name : 30+name+extra]
		if uint32(size) == 1<<32-1 || uint32(packed) == 1<<32-1 {
			for len(fields) >= 20 && le.Uint16(fields) != 1 {
				fields = fields[4+le.Uint16(fields[2:]):]
			}
			size, packed = int(le.Uint64(fields[4:])), int(le.Uint64(fields[12:]))
		}
		b = b[30+name+extra:]
		open := flags&8 != 0 && packed == 0 && size == 0
		if open && method == 0 && !folder {
			return nil, errCannot
		}
		data, rest, err := take(b, method, packed, open)
		if err != nil {
			return nil, err
		}
		if b = rest; flags&8 != 0 {
			if b, err = passDescriptor(b, crc32.ChecksumIEEE(data)); err != nil {
				return nil, err
			}
		}
		if !folder {
			out = append(out, data)
		}
	}
	return out, nil
}

// take reads the data of an entry.
func take(b []byte, method uint16, packed int, open bool) (data, rest []byte, err error) {
	if !open && packed > len(b) {
		return nil, nil, io.ErrUnexpectedEOF
	}
	if method == 0 {
		return b[:packed], b[packed:], nil
	}
	r := bytes.NewReader(b)
	if data, err = io.ReadAll(flate.NewReader(r)); err != nil {
		return nil, nil, err
	}
	if open {
		return data, b[len(b)-r.Len():], nil
	}
	return data, b[packed:], nil
}

// passDescriptor passes over a descriptor, which begins with a mark or with the checksum.
func passDescriptor(b []byte, crc uint32) ([]byte, error) {
	le := binary.LittleEndian
	if len(b) >= 4 && le.Uint32(b) == 0x08074b50 {
		b = b[4:]
	}
	if len(b) < 12 || le.Uint32(b) != crc {
		return nil, io.ErrUnexpectedEOF
	}
	for _, n := range []int{12, 20} { // what follows is another header
		if len(b) > n+1 && b[n] == 'P' && b[n+1] == 'K' {
			return b[n:], nil
		}
	}
	return nil, io.ErrUnexpectedEOF
}

// sameFromFront demands that a reader from the front finds the same files.
func sameFromFront(t *testing.T, b []byte, files []ofd.File) {
	t.Helper()
	front, err := fromFront(b)
	if errors.Is(err, errCannot) {
		return
	}
	require.NoError(t, err)
	require.Len(t, front, len(files))
	for i := range front {
		require.Contains(t, contents(files), string(front[i]), "file %d", i)
	}
}

func contents(files []ofd.File) map[string]bool {
	out := map[string]bool{}
	for _, f := range files {
		out[string(f.Data)] = true
	}
	return out
}

// TestFromFront: every foreign package that opens shows a reader from the front what it shows us.
func TestFromFront(t *testing.T) {
	t.Parallel()
	root := testdata(t)
	for _, name := range filesBelow(t, root, ".ofd") {
		b := readFile(t, root, name)
		files, _, err := ofd.ReadContainer(bytes.NewReader(b), int64(len(b)))
		require.NoError(t, err, name)
		sameFromFront(t, b, files)
	}
}

// FuzzHeaders changes fields of headers in a package that is otherwise as it should be. What is accepted shows the same
// files to us, to the standard library, and to a reader from the front.
func FuzzHeaders(f *testing.F) {
	f.Add(uint8(0), uint32(0), uint8(0), uint32(0), "OFD.xml", "", "", uint8(0))
	f.Add(uint8(3), uint32(1), uint8(4), uint32(7), "a", "b", "\x01\x00\x10\x00", uint8(1))
	f.Add(uint8(5), uint32(0), uint8(8), uint32(8), "a/", "", "PK\x07\x08", uint8(9))
	f.Fuzz(func(t *testing.T, field uint8, value uint32, field2 uint8, value2 uint32, name, localName, extra string, mode uint8) {
		if len(name) > 100 || len(localName) > 100 || len(extra) > 100 {
			return
		}
		change := func(h *zipHead) { setField(h, field, value) }
		change2 := func(h *zipHead) { setField(h, field2, value2) }
		p := part{name: name, localName: localName, data: "first content", stored: mode&1 != 0, local: change2, central: change}
		if mode&2 != 0 {
			p.local = func(h *zipHead) { change(h); h.extra = extra }
		}
		if mode&4 != 0 {
			p.central = func(h *zipHead) { change(h); h.extra = extra }
		}
		switch mode >> 3 & 3 {
		case 1:
			p.behind, p.flags = extra, 8
		case 2:
			p.before = extra
		case 3:
			p.tail = extra
		}
		b := craft(t, []part{{name: "z", data: "another content"}, p, {name: "y", data: "third", stored: true}}, nil)
		files, _, err := ofd.ReadContainer(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			require.Nil(t, files)
			return
		}
		sameFiles(t, b, files)
		sameFromFront(t, b, files)
	})
}

func setField(h *zipHead, field uint8, value uint32) {
	switch field % 12 {
	case 1:
		h.flags = uint16(value)
	case 2:
		h.method = uint16(value)
	case 3:
		h.crc = value
	case 4:
		h.packed = value
	case 5:
		h.size = value
	case 6:
		h.offset = value
	case 7:
		h.disk = uint16(value)
	case 8:
		h.attributes = value
	case 9:
		h.madeBy = uint16(value)
	case 10:
		h.crc, h.packed, h.size = 0, 0, 0
	case 11:
		h.size, h.packed = value, value
	}
}
