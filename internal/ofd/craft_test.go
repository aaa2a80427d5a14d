package ofd_test

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"fmt"
	"hash/adler32"
	"hash/crc32"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/ofd"
)

// part is one entry of a crafted zip file; what is not set is as it should be.
type part struct {
	name, localName string
	data            string
	stored          bool
	flags           uint16
	local, central  func(*zipHead)
	before          string // in front of the local header
	behind          string // behind the data
	tail            string // in the data, behind the deflate stream
	noCentral       bool
	noLocal         bool
}

// zipHead is what a header tells.
type zipHead struct {
	flags, method uint16
	crc           uint32
	packed, size  uint32
	offset        uint32
	extra         string
	comment       string
	disk          uint16
	madeBy        uint16
	attributes    uint32
}

// craft puts a zip file together, wrong where it is told to be.
func craft(t testing.TB, parts []part, end func(*ending)) []byte {
	t.Helper()
	var out, directory bytes.Buffer
	le := binary.LittleEndian
	count := uint16(0)
	for _, p := range parts {
		out.WriteString(p.before)
		h := zipHead{flags: p.flags, crc: crc32.ChecksumIEEE([]byte(p.data)), size: uint32(len(p.data)), offset: uint32(out.Len())}
		data := p.data
		if !p.stored {
			var packed bytes.Buffer
			w, err := flate.NewWriter(&packed, flate.BestCompression)
			require.NoError(t, err)
			_, err = w.Write([]byte(p.data))
			require.NoError(t, err)
			require.NoError(t, w.Close())
			h.method, data = 8, packed.String()+p.tail
		}
		h.packed = uint32(len(data))
		local, central := h, h
		if p.local != nil {
			p.local(&local)
		}
		if p.central != nil {
			p.central(&central)
		}
		name := p.name
		if p.localName != "" {
			name = p.localName
		}
		signature := uint32(0x04034b50)
		if p.noLocal {
			signature++
		}
		for _, v := range []any{
			signature, uint16(20), local.flags, local.method, uint32(0), local.crc, local.packed, local.size,
			uint16(len(name)), uint16(len(local.extra)), []byte(name), []byte(local.extra), []byte(data), []byte(p.behind),
		} {
			require.NoError(t, binary.Write(&out, le, v))
		}
		if p.noCentral {
			continue
		}
		count++
		for _, v := range []any{
			uint32(0x02014b50), central.madeBy, uint16(20), central.flags, central.method, uint32(0), central.crc,
			central.packed, central.size, uint16(len(p.name)), uint16(len(central.extra)), uint16(len(central.comment)),
			central.disk, uint16(0), central.attributes, central.offset, []byte(p.name), []byte(central.extra),
			[]byte(central.comment),
		} {
			require.NoError(t, binary.Write(&directory, le, v))
		}
	}
	e := ending{count: count, size: uint32(directory.Len()), offset: uint32(out.Len())}
	if end != nil {
		end(&e)
	}
	out.WriteString(e.before)
	out.Write(directory.Bytes())
	out.WriteString(e.between)
	for _, v := range []any{
		uint32(0x06054b50), e.disk, uint16(0), e.count, e.count, e.size, e.offset, uint16(len(e.comment)), []byte(e.comment),
	} {
		require.NoError(t, binary.Write(&out, le, v))
	}
	return append(out.Bytes(), e.behind...)
}

// ending is the end record.
type ending struct {
	disk, count             uint16
	size, offset            uint32
	before, between, behind string
	comment                 string
}

// bytesOf is values in little-endian order.
func bytesOf(values ...any) string {
	var b bytes.Buffer
	for _, v := range values {
		_ = binary.Write(&b, binary.LittleEndian, v)
	}
	return b.String()
}

// descriptorOf is the descriptor of stored data.
func descriptorOf(data string) string {
	return bytesOf(crc32.ChecksumIEEE([]byte(data)), uint32(len(data)), uint32(len(data)))
}

var good = part{name: "OFD.xml", data: "first file", stored: true}

// TestOpenRefuses: of every way in which two readers could see two packages, one test.
func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	const evil = "another file"
	for _, c := range []struct {
		name   string
		reason ofd.Reason
		parts  []part
		end    func(*ending)
	}{
		{"the same name twice", ofd.ReasonDuplicate, []part{good, {name: "OFD.xml", data: evil}}, nil},
		{"names apart by case", ofd.ReasonDuplicate, []part{good, {name: "ofd.XML", data: evil}}, nil},
		{"names apart by slashes", ofd.ReasonDuplicate, []part{{name: "a/b", data: "1"}, {name: `a\b`, data: "2"}}, nil},
		{"names apart by a leading slash", ofd.ReasonDuplicate, []part{good, {name: "/OFD.xml", data: evil}}, nil},
		{"names apart by a dot at the end", ofd.ReasonName, []part{{name: "a", data: "1"}, {name: "a.", data: "2"}}, nil},
		{"names apart by a space at the end", ofd.ReasonName, []part{{name: "a/b", data: "1"}, {name: "a /b", data: "2"}}, nil},
		{"names apart by composition", ofd.ReasonDuplicate, []part{
			{name: "\u00e9", data: "1", flags: 1 << 11}, {name: "e\u0301", data: "2", flags: 1 << 11},
		}, nil},
		{"a file that is a folder", ofd.ReasonDuplicate, []part{{name: "a", data: "1"}, {name: "A/b", data: "2"}}, nil},
		{"a folder twice", ofd.ReasonDuplicate, []part{{name: "a/", stored: true}, {name: "a/", stored: true}}, nil},
		{"hidden local entry", ofd.ReasonHidden, []part{good, {name: "b", data: evil, noCentral: true}}, nil},
		{"hidden first entry", ofd.ReasonHidden, []part{{name: "b", data: evil, noCentral: true}, good}, nil},
		{"bytes between entries", ofd.ReasonHidden, []part{good, {name: "b", data: "1", before: "x"}}, nil},
		{"bytes in front", ofd.ReasonHidden, []part{{name: "OFD.xml", data: "1", before: "x"}}, nil},
		{"bytes before the directory", ofd.ReasonHidden, []part{good}, func(e *ending) { e.before, e.offset = "x", e.offset+1 }},
		{"directory not where it is said", ofd.ReasonHidden, []part{good}, func(e *ending) { e.before = "x" }},
		{"bytes behind the directory", ofd.ReasonHidden, []part{good}, func(e *ending) { e.between = "x" }},
		{"bytes in the directory", ofd.ReasonHidden, []part{good}, func(e *ending) { e.between, e.size = "x", e.size+1 }},
		{"bytes behind the end", ofd.ReasonHidden, []part{good}, func(e *ending) { e.behind = "x" }},
		{"an end record in the comment", ofd.ReasonHidden, []part{good}, func(e *ending) {
			e.comment = bytesOf(uint32(0x06054b50)) + strings.Repeat("\x00", 14) + "\x02\x00ab"
		}},
		{"entries that overlap", ofd.ReasonHidden, []part{good, {name: "b", data: "1", central: func(h *zipHead) { h.offset = 0 }}}, nil},
		{"data that reach too far", ofd.ReasonHidden, []part{
			{name: "OFD.xml", data: "1", stored: true, local: longer, central: longer}, {name: "b", data: evil},
		}, nil},
		{"another name in the local header", ofd.ReasonMismatch, []part{{name: "OFD.xml", localName: "ofd.xml", data: "1"}}, nil},
		{"a longer name in the local header", ofd.ReasonMismatch, []part{{name: "OFD.xml", localName: "OFD.xmlx", data: "1"}}, nil},
		{"another size in the local header", ofd.ReasonMismatch, []part{{name: "OFD.xml", data: "1", local: func(h *zipHead) { h.size++ }}}, nil},
		{"another packed size in the local header", ofd.ReasonMismatch, []part{{name: "OFD.xml", data: "1", local: func(h *zipHead) { h.packed++ }}}, nil},
		{"another checksum in the local header", ofd.ReasonMismatch, []part{{name: "OFD.xml", data: "1", local: func(h *zipHead) { h.crc++ }}}, nil},
		{"another method in the local header", ofd.ReasonMismatch, []part{{name: "OFD.xml", data: "1", local: func(h *zipHead) { h.method = 0 }}}, nil},
		{"other flags in the local header", ofd.ReasonMismatch, []part{{name: "OFD.xml", data: "1", local: func(h *zipHead) { h.flags = 2 }}}, nil},
		{"sizes left open without a descriptor", ofd.ReasonMismatch, []part{{name: "OFD.xml", data: "1", local: openSizes}}, nil},
		{"no local header", ofd.ReasonMismatch, []part{{name: "OFD.xml", data: "1", noLocal: true}}, nil},
		{"stored with two sizes", ofd.ReasonMismatch, []part{{name: "OFD.xml", data: "1", stored: true, local: grow, central: grow}}, nil},
		{"a descriptor with another checksum", ofd.ReasonMismatch, []part{{name: "OFD.xml", data: "1", flags: 8, stored: true, local: openSizes, behind: descriptorOf("2")}}, nil},
		{"no descriptor", ofd.ReasonHidden, []part{{name: "OFD.xml", data: "1", flags: 8, stored: true, local: openSizes}}, nil},
		{"a descriptor and more", ofd.ReasonHidden, []part{{name: "OFD.xml", data: "1", flags: 8, stored: true, local: openSizes, behind: descriptorOf("1") + "x"}}, nil},
		{"upward", ofd.ReasonName, []part{{name: "../../evil", data: evil}}, nil},
		{"upward in the middle", ofd.ReasonName, []part{{name: "a/../../evil", data: evil}}, nil},
		{"upward with backslashes", ofd.ReasonName, []part{{name: `..\evil`, data: evil}}, nil},
		{"two leading slashes", ofd.ReasonName, []part{{name: "//evil", data: evil}}, nil},
		{"a drive", ofd.ReasonName, []part{{name: `C:\evil`, data: evil}}, nil},
		{"a control character", ofd.ReasonName, []part{{name: "OFD.xml\x00.txt", data: evil}}, nil},
		{"no name", ofd.ReasonName, []part{{name: "", data: evil}}, nil},
		{"no UTF-8 where it is said", ofd.ReasonName, []part{{name: "\xff\xfe", data: evil, flags: 1 << 11}}, nil},
		{"half a character that is a backslash", ofd.ReasonName, []part{{name: "\xd3\\", data: evil}}, nil},
		{"in no known encoding", ofd.ReasonName, []part{{name: "\xff\xfe", data: evil}}, nil},
		{"a second name", ofd.ReasonName, []part{{name: "OFD.xml", data: evil, central: unicodePath("OFD.xml", "evil")}}, nil},
		{"a second name in the local header", ofd.ReasonName, []part{{name: "OFD.xml", data: evil, local: unicodePath("OFD.xml", "evil")}}, nil},
		{"a link", ofd.ReasonName, []part{{name: "OFD.xml", data: "/etc/passwd", central: func(h *zipHead) { h.madeBy, h.attributes = 3<<8, 0o120777<<16 }}}, nil},
		{"a folder by its DOS attributes", ofd.ReasonName, []part{{name: "OFD.xml", data: evil, central: func(h *zipHead) { h.attributes = 0x10 }}}, nil},
		{"a folder by its mode", ofd.ReasonName, []part{{name: "OFD.xml", data: evil, central: func(h *zipHead) { h.madeBy, h.attributes = 3<<8, 0o040755<<16 }}}, nil},
		{"a folder with content", ofd.ReasonName, []part{{name: "a/", data: evil, stored: true}}, nil},
		{"a long name", ofd.ReasonLimit, []part{{name: strings.Repeat("a", ofd.MaxNameBytes+1), data: evil}}, nil},
		{"many folders", ofd.ReasonLimit, []part{{name: strings.Repeat("a/", 40) + "a", data: evil}}, nil},
		{"encrypted", ofd.ReasonEncrypted, []part{{name: "OFD.xml", data: "1", flags: 1}}, nil},
		{"strongly encrypted", ofd.ReasonEncrypted, []part{{name: "OFD.xml", data: "1", flags: 1 << 6}}, nil},
		{"headers masked", ofd.ReasonEncrypted, []part{{name: "OFD.xml", data: "1", flags: 1 << 13}}, nil},
		{"unknown flags", ofd.ReasonZip, []part{{name: "OFD.xml", data: "1", flags: 1 << 5}}, nil},
		{"unknown compression", ofd.ReasonMethod, []part{{name: "OFD.xml", data: "1", local: lzma, central: lzma}}, nil},
		{"a long comment", ofd.ReasonHidden, []part{good}, func(e *ending) { e.comment = strings.Repeat("a", 65) }},
		{"the end of a PDF", ofd.ReasonHidden, []part{good}, func(e *ending) { e.comment = "startxref\n1\n%%EOF\n" }},
		{"the header of a PDF in an extra field", ofd.ReasonHidden, []part{{name: "OFD.xml", data: "1", local: func(h *zipHead) {
			h.extra = bytesOf(uint16(0x1234), uint16(9)) + "%PDF-1.7\n"
		}}}, nil},
		{"the header of a PDF in a file", ofd.ReasonHidden, []part{{name: "OFD.xml", data: "%PDF-1.7\n", stored: true}}, nil},
		{"long extra fields", ofd.ReasonHidden, []part{{name: "OFD.xml", data: "1", local: func(h *zipHead) {
			h.extra = bytesOf(uint16(0x1234), uint16(1021)) + strings.Repeat("a", 1021)
		}}}, nil},
		{"a comment of an entry", ofd.ReasonZip, []part{{name: "OFD.xml", data: "1", central: func(h *zipHead) { h.comment = "x" }}}, nil},
		{"an entry on another disk", ofd.ReasonZip, []part{{name: "OFD.xml", data: "1", central: func(h *zipHead) { h.disk = 1 }}}, nil},
		{"two disks", ofd.ReasonZip, []part{good}, func(e *ending) { e.disk = 1 }},
		{"an extra field cut off", ofd.ReasonZip, []part{{name: "OFD.xml", data: "1", central: func(h *zipHead) { h.extra = "\x0a\x00\x20\x00" }}}, nil},
		{"zip64 sizes missing", ofd.ReasonZip, []part{{name: "OFD.xml", data: "1", central: func(h *zipHead) { h.size = 1<<32 - 1 }}}, nil},
		{"a zip64 size beyond everything", ofd.ReasonLimit, []part{{name: "OFD.xml", data: "1", central: func(h *zipHead) {
			h.size, h.extra = 1<<32-1, bytesOf(uint16(1), uint16(8), uint64(1)<<62)
		}}}, nil},
		{"a zip64 field that contradicts", ofd.ReasonMismatch, []part{{name: "OFD.xml", data: "1", stored: true, central: func(h *zipHead) {
			h.extra = bytesOf(uint16(1), uint16(24), uint64(2), uint64(1), uint64(0))
		}}}, nil},
		{"fewer entries than there are", ofd.ReasonHidden, []part{good, {name: "b", data: "1"}}, func(e *ending) { e.count = 1 }},
		{"more entries than there are", ofd.ReasonZip, []part{good}, func(e *ending) { e.count = 2 }},
		{"too many entries by the end record", ofd.ReasonLimit, []part{good}, func(e *ending) { e.count = ofd.MaxEntries + 1 }},
		{"nothing", ofd.ReasonZip, nil, nil},
		{"inflates to much more", ofd.ReasonBomb, []part{{name: "OFD.xml", data: strings.Repeat("\x00", 4<<20)}}, nil},
		{"a wrong checksum", ofd.ReasonChecksum, []part{{name: "OFD.xml", data: "1", local: wrongCRC, central: wrongCRC}}, nil},
		{"longer than it says", ofd.ReasonChecksum, []part{{name: "OFD.xml", data: "12", local: shrink, central: shrink}}, nil},
		{"shorter than it says", ofd.ReasonChecksum, []part{{name: "OFD.xml", data: "12", local: grow, central: grow}}, nil},
		{"no deflate stream", ofd.ReasonChecksum, []part{{name: "OFD.xml", data: "\xff\xff\xff", stored: true, local: deflated, central: deflated}}, nil},
		{"bytes behind the stream", ofd.ReasonHidden, []part{{name: "OFD.xml", data: "1", tail: "<more/>"}}, nil},
		{"four bytes behind the stream that are no Adler-32", ofd.ReasonHidden, []part{{name: "OFD.xml", data: "1", tail: "evil"}}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := craft(t, c.parts, c.end)
			files, _, err := ofd.ReadContainer(bytes.NewReader(b), int64(len(b)))
			require.ErrorIs(t, err, &ofd.Error{Reason: c.reason})
			require.Nil(t, files)
		})
	}
}

func longer(h *zipHead)    { h.size, h.packed = h.size+10, h.packed+10 }
func grow(h *zipHead)      { h.size++ }
func shrink(h *zipHead)    { h.size-- }
func lzma(h *zipHead)      { h.method = 14 }
func deflated(h *zipHead)  { h.method = 8 }
func wrongCRC(h *zipHead)  { h.crc++ }
func openSizes(h *zipHead) { h.crc, h.packed, h.size = 0, 0, 0 }

func unicodePath(name, second string) func(*zipHead) {
	return func(h *zipHead) {
		h.extra = bytesOf(uint16(0x7075), uint16(5+len(second)), byte(1), crc32.ChecksumIEEE([]byte(name)), []byte(second))
	}
}

// TestOpenTolerates what makers of packages write, by name.
func TestOpenTolerates(t *testing.T) {
	t.Parallel()
	wide := bytesOf(uint16(1), uint16(16), uint64(1), uint64(1))
	for _, c := range []struct {
		name, file, tolerances string
		part                   part
		end                    func(*ending)
	}{
		{"a leading slash", "OFD.xml", "leading-slash", part{name: "/OFD.xml"}, nil},
		{"a backslash", "Doc_0/a", "backslash", part{name: `Doc_0\a`}, nil},
		{"GB 18030", "文件", "name-charset", part{name: "\xce\xc4\xbc\xfe"}, nil},
		{"UTF-8 without its flag", "文件", "name-flag", part{name: "文件"}, nil},
		{"UTF-8", "文件", "", part{name: "文件", flags: 1 << 11}, nil},
		{"the same name again", "文件", "", part{name: "文件", flags: 1 << 11, central: unicodePath("文件", "文件")}, nil},
		{"zip64 in the local header alone", "a", "zip64", part{name: "a", stored: true, local: func(h *zipHead) { h.size, h.packed, h.extra = 1<<32-1, 1<<32-1, wide }}, nil},
		{"zip64 in both", "a", "", part{
			name: "a", stored: true, local: func(h *zipHead) { h.size, h.packed, h.extra = 1<<32-1, 1<<32-1, wide },
			central: func(h *zipHead) { h.size, h.packed, h.extra = 1<<32-1, 1<<32-1, wide },
		}, nil},
		{"a comment", "a", "comment", part{name: "a"}, func(e *ending) { e.comment = "made with love" }},
		{"an Adler-32", "a", "adler", part{name: "a", tail: string(binary.BigEndian.AppendUint32(nil, adler32.Checksum([]byte("1"))))}, nil},
		{"a descriptor", "a", "", part{name: "a", flags: 8, stored: true, local: openSizes, behind: descriptorOf("1")}, nil},
		{"a marked descriptor", "a", "", part{name: "a", flags: 8, stored: true, local: openSizes, behind: bytesOf(uint32(0x08074b50)) + descriptorOf("1")}, nil},
		{"a wide descriptor", "a", "", part{name: "a", flags: 8, stored: true, local: openSizes, behind: bytesOf(crc32.ChecksumIEEE([]byte("1")), uint64(1), uint64(1))}, nil},
		{"a marked wide descriptor", "a", "", part{name: "a", flags: 8, stored: true, behind: bytesOf(uint32(0x08074b50), crc32.ChecksumIEEE([]byte("1")), uint64(1), uint64(1))}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.part.data = "1"
			b := craft(t, []part{c.part}, c.end)
			files, tolerances, err := ofd.ReadContainer(bytes.NewReader(b), int64(len(b)))
			require.NoError(t, err)
			require.Equal(t, []ofd.File{{Name: c.file, Data: []byte("1")}}, files)
			require.Equal(t, c.tolerances, tolerances.String())
		})
	}
}

// TestTenThousandEntries are refused before any of them is looked at.
func TestTenThousandEntries(t *testing.T) {
	t.Parallel()
	parts := make([]part, 10_000)
	for i := range parts {
		parts[i] = part{name: fmt.Sprintf("f%d", i), stored: true}
	}
	b := craft(t, parts, nil)
	_, _, err := ofd.ReadContainer(bytes.NewReader(b), int64(len(b)))
	require.ErrorIs(t, err, &ofd.Error{Reason: ofd.ReasonLimit})
	b = craft(t, parts[:ofd.MaxEntries], nil)
	files, _, err := ofd.ReadContainer(bytes.NewReader(b), int64(len(b)))
	require.NoError(t, err)
	require.Len(t, files, ofd.MaxEntries)
}

// TestTotalSize: files that are each within the limits are refused if all together are not.
func TestTotalSize(t *testing.T) {
	t.Parallel()
	// Nothing of this size is there: the directory alone says so, and is refused for it.
	huge := func(h *zipHead) { h.size, h.packed = ofd.MaxFileBytes, ofd.MaxFileBytes }
	parts := []part{{name: "a", stored: true, central: huge}, {name: "b", stored: true, central: huge}, {name: "c", stored: true, central: huge}}
	b := craft(t, parts, nil)
	_, _, err := ofd.ReadContainer(bytes.NewReader(b), int64(len(b)))
	require.ErrorIs(t, err, &ofd.Error{Reason: ofd.ReasonLimit})

	beyond := func(h *zipHead) { h.size, h.packed = ofd.MaxFileBytes+1, ofd.MaxFileBytes+1 }
	b = craft(t, []part{{name: "a", stored: true, central: beyond}}, nil)
	_, _, err = ofd.ReadContainer(bytes.NewReader(b), int64(len(b)))
	require.ErrorIs(t, err, &ofd.Error{Reason: ofd.ReasonLimit})

	_, err = ofd.Open(bytes.NewReader(nil), ofd.MaxPackageBytes+1)
	require.ErrorIs(t, err, &ofd.Error{Reason: ofd.ReasonLimit})
}
