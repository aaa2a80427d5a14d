package page

import (
	"encoding/binary"
	"maps"
	"math/bits"
	"slices"
	"unicode/utf16"
)

// assemble writes the tables of a font as a file. It is done here because a file must not tell when it was written,
// and because of the names only those are kept without which readers refuse a font.
func (f *Font) assemble(tables map[string][]byte) []byte {
	tables = maps.Clone(tables)
	delete(tables, "DSIG") // of the whole font
	tables["name"] = nameTable(f.family)
	tables["post"] = postTable(tables["post"])
	tags := slices.Sorted(maps.Keys(tables))
	n := len(tags)
	selector := bits.Len(uint(n)) - 1
	out := make([]byte, 0, 1<<15)
	out = binary.BigEndian.AppendUint32(out, 0x00010000)
	for _, v := range []int{n, 16 << selector, selector, 16*n - 16<<selector} {
		out = binary.BigEndian.AppendUint16(out, uint16(v)) //nolint:gosec // a dozen tables
	}
	offset := 12 + 16*n
	var head int
	for _, tag := range tags {
		t := tables[tag]
		if tag == "head" {
			t = slices.Clone(t)
			binary.BigEndian.PutUint32(t[8:], 0)
			tables[tag], head = t, offset
		}
		out = append(out, tag...)
		for _, v := range []uint32{sum(t), uint32(offset), uint32(len(t))} { //nolint:gosec // bounded by MaxFontBytes
			out = binary.BigEndian.AppendUint32(out, v)
		}
		offset += (len(t) + 3) &^ 3
	}
	for _, tag := range tags {
		t := tables[tag]
		out = append(append(out, t...), make([]byte, (4-len(t)%4)%4)...)
	}
	binary.BigEndian.PutUint32(out[head+8:], 0xb1b0afba-sum(out))
	return out
}

// sum is the checksum of a table: its words added up.
func sum(b []byte) (n uint32) {
	for ; len(b) >= 4; b = b[4:] {
		n += binary.BigEndian.Uint32(b)
	}
	var last [4]byte
	copy(last[:], b)
	return n + binary.BigEndian.Uint32(last[:])
}

// nameTable holds family, style, full name and PostScript name, for Windows in English.
func nameTable(family string) []byte {
	names := []struct {
		id   uint16
		text string
	}{{1, family}, {2, "Regular"}, {4, family}, {6, "Subset"}}
	head := binary.BigEndian.AppendUint16(nil, 0)
	head = binary.BigEndian.AppendUint16(head, uint16(len(names)))      //nolint:gosec // four names
	head = binary.BigEndian.AppendUint16(head, uint16(6+12*len(names))) //nolint:gosec // four names
	var text []byte
	for _, n := range names {
		at := len(text)
		for _, u := range utf16.Encode([]rune(n.text)) {
			text = binary.BigEndian.AppendUint16(text, u)
		}
		for _, v := range []int{3, 1, 0x409, int(n.id), len(text) - at, at} {
			head = binary.BigEndian.AppendUint16(head, uint16(v)) //nolint:gosec // short names
		}
	}
	return append(head, text...)
}

// postTable is version 3: no names of glyphs.
func postTable(old []byte) []byte {
	t := make([]byte, 32)
	copy(t, old)
	binary.BigEndian.PutUint32(t, 0x00030000)
	return t
}
