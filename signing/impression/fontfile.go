package impression

import (
	"encoding/binary"
	"slices"
)

// Sizes in a font file (ISO/IEC 14496-22, 4.5): the head of a font and one record of its directory.
const (
	fontHead      = 12
	tableRecord   = 16
	maxFontTables = 128
)

// drawingTables are the tables that outlines need. The others, programs among them, are left away.
var drawingTables = []string{
	"CFF ", "OS/2", "cmap", "glyf", "head", "hhea", "hmtx", "loca", "maxp", "name", "post",
}

// firstFont is the first font of a file, or the only one, in a file of its own with each table at a multiple of four
// bytes. The fonts of Debian's wqy-microhei stand in a collection where they do not.
func firstFont(data []byte) ([]byte, bool) {
	at := 0
	if len(data) > fontHead+4 && string(data[:4]) == "ttcf" {
		at = int(binary.BigEndian.Uint32(data[fontHead:]))
	}
	if at < 0 || at+fontHead > len(data) {
		return nil, false
	}
	count := int(binary.BigEndian.Uint16(data[at+4:]))
	records := data[at+fontHead:]
	if count > maxFontTables || count*tableRecord > len(records) {
		return nil, false
	}
	var kept [][]byte
	for i := range count {
		record := records[i*tableRecord : (i+1)*tableRecord]
		if slices.Contains(drawingTables, string(record[:4])) {
			kept = append(kept, record)
		}
	}
	return assemble(data, data[at:at+4], kept)
}

// assemble writes a font of the given kind with the tables that the records name.
func assemble(data, kind []byte, records [][]byte) ([]byte, bool) {
	var body []byte
	head := binary.BigEndian.AppendUint16(slices.Clone(kind), uint16(len(records))) //nolint:gosec // up to maxFontTables
	head = append(head, 0, 0, 0, 0, 0, 0)                                           // a binary search is not wanted
	start := fontHead + len(records)*tableRecord
	for _, record := range records {
		offset, length := binary.BigEndian.Uint32(record[8:]), binary.BigEndian.Uint32(record[12:])
		if uint64(offset)+uint64(length) > uint64(len(data)) || len(body)+int(length) > maxFontBytes {
			return nil, false
		}
		head = append(head, record[:8]...)
		head = binary.BigEndian.AppendUint32(head, uint32(start+len(body))) //nolint:gosec // below twice maxFontBytes
		head = binary.BigEndian.AppendUint32(head, length)
		body = append(body, data[offset:offset+length]...)
		body = append(body, make([]byte, -len(body)&3)...)
	}
	return append(head, body...), true
}
