package page

import (
	"encoding/binary"
	"slices"
)

// lengths are the places of tables where lengths in units of the font stand, two bytes each.
var lengths = map[string][]int{
	"head": {36, 38, 40, 42},              // the box of all glyphs
	"hhea": {4, 6, 8, 10, 12, 14, 16, 22}, // ascent, descent, gap, widest, bearings, extent, caret
	"OS/2": {2, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 68, 70, 72, 74, 76, 86, 88},
	"post": {8, 10}, // underline
}

// unitsPlace is where head tells the units per em.
const unitsPlace = 18

// rescale makes the grid the unit of a font whose outlines lie on it, so that most distances take a byte.
func rescale(tables map[string][]byte, units, grid int) {
	for tag, places := range lengths {
		t := slices.Clone(tables[tag])
		for _, at := range places {
			scaleAt(t, at, grid)
		}
		tables[tag] = t
	}
	hmtx := slices.Clone(tables["hmtx"])
	for at := 0; at < len(hmtx); at += 2 { // widths and bearings
		scaleAt(hmtx, at, grid)
	}
	tables["hmtx"] = hmtx
	binary.BigEndian.PutUint16(tables["head"][unitsPlace:], uint16(units/grid)) //nolint:gosec // at most 16384 per em
}

func scaleAt(table []byte, at, grid int) {
	if at+2 <= len(table) {
		v := int(int16(binary.BigEndian.Uint16(table[at:])))                     //nolint:gosec // a signed number
		binary.BigEndian.PutUint16(table[at:], uint16(int16(roundDiv(v, grid)))) //nolint:gosec // smaller than it was
	}
}
