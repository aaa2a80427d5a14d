package page

import (
	"encoding/binary"
	"math"
	"slices"

	"golang.org/x/crypto/cryptobyte"
)

// gridPerEm is the grid that embedded outlines are rounded to. A point moves by a five hundredth of the em at most, in
// the largest title of a licence by less than a dot of a printer; and outlines are most of a small document.
const gridPerEm = 250

// Flags of points (OpenType, glyf table).
const (
	pointOnCurve  = 1 << 0
	pointShortX   = 1 << 1
	pointRepeated = 1 << 3
	pointSameX    = 1 << 4 // of a short one: it is positive
	pointOverlap  = 1 << 6
)

// coarsen rounds the outlines of a part of a font and leaves out their instructions, which are for tables of hinting
// that a part does not have. A glyph that is put together of others stays as it is.
func (f *Font) coarsen(tables map[string][]byte) {
	starts, ok := glyphStarts(tables)
	if !ok || len(tables["hhea"]) < 36 {
		return
	}
	glyphs := make([]thinned, len(starts)-1)
	simple := true
	bearings := slices.Clone(tables["hmtx"])
	for i := range glyphs {
		old := tables["glyf"][starts[i]:starts[i+1]]
		glyphs[i] = f.thinned(old)
		simple = simple && (glyphs[i].scaled != nil || len(old) == 0)
		shiftBearing(bearings, tables["hhea"], i, glyphs[i].moved)
	}
	tables["hmtx"] = bearings
	scaled := simple && f.units%f.grid() == 0
	if scaled {
		rescale(tables, f.units, f.grid())
	}
	out := make([]byte, 0, len(tables["glyf"]))
	at := make([]int, 0, len(starts))
	for i := range glyphs {
		at = append(at, len(out))
		if scaled {
			out = append(out, glyphs[i].scaled...)
		} else {
			out = append(out, glyphs[i].plain...)
		}
		out = append(out, make([]byte, -len(out)&3)...)
	}
	tables["glyf"] = out
	setGlyphStarts(tables, append(at, len(out)))
}

func (f *Font) grid() int { return max(f.units/gridPerEm, 1) }

// thinned is a glyph as a part of a font has it.
type thinned struct {
	plain  []byte // in units of the font
	scaled []byte // in units of the grid; nil: it is no simple glyph
	moved  int    // its left edge, in units of the font
}

// maxThinned is how many glyphs a font remembers.
const maxThinned = 1 << 15

// thinned draws a glyph anew, once.
func (f *Font) thinned(old []byte) thinned {
	f.mu.RLock()
	out, known := f.thin[string(old)]
	f.mu.RUnlock()
	if known {
		return out
	}
	out.plain = slices.Clone(old)
	if s, ok := parseStrokes(old); ok {
		out.moved = s.thin(f.units, f.grid())
		out.plain, out.scaled = s.marshal(1), s.marshal(f.grid())
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.thin) < maxThinned {
		f.thin[string(old)] = out
	}
	return out
}

// glyphStarts reads where in glyf each glyph begins, and where the last one ends.
func glyphStarts(tables map[string][]byte) (starts []int, ok bool) {
	head, loca := tables["head"], tables["loca"]
	if len(head) < 54 {
		return nil, false
	}
	width := 2
	if binary.BigEndian.Uint16(head[50:]) != 0 {
		width = 4
	}
	for last := 0; len(loca) >= width; loca = loca[width:] {
		start := 2 * int(binary.BigEndian.Uint16(loca))
		if width == 4 {
			start = int(binary.BigEndian.Uint32(loca))
		}
		if start < last || start > len(tables["glyf"]) {
			return nil, false
		}
		starts, last = append(starts, start), start
	}
	return starts, len(starts) > 0
}

// setGlyphStarts writes them, in the short form where they are small enough.
func setGlyphStarts(tables map[string][]byte, starts []int) {
	head := slices.Clone(tables["head"])
	var loca []byte
	long := starts[len(starts)-1] > 2*0xffff
	for _, s := range starts {
		if long {
			loca = binary.BigEndian.AppendUint32(loca, uint32(s)) //nolint:gosec // bounded by MaxFontBytes
		} else {
			loca = binary.BigEndian.AppendUint16(loca, uint16(s/2)) //nolint:gosec // tested above
		}
	}
	head[50], head[51] = 0, 0
	if long {
		head[51] = 1
	}
	tables["head"], tables["loca"] = head, loca
}

// shiftBearing moves the left side bearing of a glyph along with its left edge.
func shiftBearing(hmtx, hhea []byte, glyph, by int) {
	long := int(binary.BigEndian.Uint16(hhea[34:]))
	at := 4*glyph + 2
	if glyph >= long {
		at = 4*long + 2*(glyph-long)
	}
	if at+2 <= len(hmtx) {
		old := int(int16(binary.BigEndian.Uint16(hmtx[at:])))        //nolint:gosec // a signed number
		binary.BigEndian.PutUint16(hmtx[at:], uint16(int16(old+by))) //nolint:gosec // likewise
	}
}

// strokes are the contours of a simple glyph.
type strokes struct {
	contours [][]strokePoint
	overlap  byte // its flag, that contours lie on each other
	left     int  // where it said that it begins
}

type strokePoint struct {
	at      [2]int
	onCurve bool
}

func (p *strokePoint) vec() vec { return vec{float64(p.at[0]), float64(p.at[1])} }

// parseStrokes reads a simple glyph; ok is false for every other one, and for a damaged one.
func parseStrokes(b []byte) (s *strokes, ok bool) {
	in := cryptobyte.String(b)
	var contours, left, instructions uint16
	var ends []byte
	if !in.ReadUint16(&contours) || contours == 0 || contours > 0x7fff || !in.ReadUint16(&left) || !in.Skip(6) ||
		!in.ReadBytes(&ends, 2*int(contours)) || !in.ReadUint16(&instructions) || !in.Skip(int(instructions)) {
		return nil, false
	}
	points, overlap, ok := readPoints(&in, int(binary.BigEndian.Uint16(ends[len(ends)-2:]))+1)
	if !ok {
		return nil, false
	}
	s = &strokes{left: int(int16(left)), overlap: overlap}
	for start := 0; len(ends) > 0; ends = ends[2:] {
		end := int(binary.BigEndian.Uint16(ends)) + 1
		if end <= start || end > len(points) {
			return nil, false
		}
		s.contours = append(s.contours, points[start:end:end])
		start = end
	}
	return s, true
}

// readPoints reads the points of all contours, and the flag of the first that contours lie on each other.
func readPoints(in *cryptobyte.String, count int) (points []strokePoint, overlap byte, ok bool) {
	flags, ok := readFlags(in, count)
	if !ok {
		return nil, 0, false
	}
	points = make([]strokePoint, count)
	for i, f := range flags {
		points[i].onCurve = f&pointOnCurve != 0
	}
	if !readAxis(in, flags, points, 0) || !readAxis(in, flags, points, 1) {
		return nil, 0, false
	}
	return points, flags[0] & pointOverlap, true
}

func readFlags(in *cryptobyte.String, count int) (flags []byte, ok bool) {
	for len(flags) < count {
		var f, more uint8
		if !in.ReadUint8(&f) || f&pointRepeated != 0 && !in.ReadUint8(&more) {
			return nil, false
		}
		flags = append(flags, slices.Repeat([]byte{f}, int(more)+1)...)
	}
	return flags, len(flags) == count
}

// readAxis reads the coordinates of one axis, each told by its distance from the one before.
func readAxis(in *cryptobyte.String, flags []byte, points []strokePoint, axis int) bool {
	const most = 1 << 14
	at := 0
	for i, f := range flags {
		short, same := f>>axis&pointShortX != 0, f>>axis&pointSameX != 0
		var near uint8
		var far uint16
		switch {
		case short && !in.ReadUint8(&near), !short && !same && !in.ReadUint16(&far):
			return false
		case short && !same:
			at -= int(near)
		default:
			at += int(near) + int(int16(far))
		}
		if at < -most || at > most {
			return false
		}
		points[i].at[axis] = at
	}
	return true
}

// thin draws the contours anew with fewer points on a grid, and tells by how much the left edge moves.
func (s *strokes) thin(units, grid int) (moved int) {
	within := float64(units) / mergePerEm
	count := 0
	for _, c := range s.contours {
		count += len(c)
	}
	left := math.MaxInt
	for i, c := range s.contours {
		if count <= maxMergedDot {
			c = merged(c, within)
		}
		c = gridded(c, grid)
		for k := range c {
			left = min(left, c[k].at[0])
		}
		s.contours[i] = c
	}
	return left - s.left
}

// gridded moves a contour's points to a grid, and leaves those out that TrueType implies, to half of it, between two
// controls.
func gridded(contour []strokePoint, grid int) []strokePoint {
	out := slices.Clone(contour)
	for i := range out {
		for axis, v := range out[i].at {
			out[i].at[axis] = roundDiv(v, grid) * grid
		}
	}
	implied := func(i int) bool {
		a, b, c := &out[(i+len(out)-1)%len(out)], &out[i], &out[(i+1)%len(out)]
		if a.onCurve || !b.onCurve || c.onCurve {
			return false
		}
		for axis := range b.at {
			if off := a.at[axis] + c.at[axis] - 2*b.at[axis]; off < -grid || off > grid {
				return false
			}
		}
		return true
	}
	var kept []strokePoint
	for i := range out {
		if !implied(i) {
			kept = append(kept, out[i])
		}
	}
	return kept
}

// marshal writes the glyph without instructions, in a unit of which all its coordinates are multiples.
func (s *strokes) marshal(unit int) []byte {
	low, high := s.contours[0][0].at, s.contours[0][0].at
	var ends, flags []byte
	var axes [2][]byte
	var last [2]int
	for _, c := range s.contours {
		for i := range c {
			var kind byte
			if c[i].onCurve {
				kind = pointOnCurve
			}
			for axis, v := range c[i].at {
				var f byte
				axes[axis], f = appendDistance(axes[axis], (v-last[axis])/unit)
				kind |= f << axis
				low[axis], high[axis] = min(low[axis], v), max(high[axis], v)
			}
			flags, last = append(flags, kind), c[i].at
		}
		ends = appendShort(ends, len(flags)-1)
	}
	flags[0] |= s.overlap
	var b []byte
	for _, v := range []int{len(s.contours), low[0] / unit, low[1] / unit, high[0] / unit, high[1] / unit} {
		b = appendShort(b, v)
	}
	return slices.Concat(appendShort(append(b, ends...), 0), flags, axes[0], axes[1])
}

// appendDistance writes a coordinate in its shortest form; the flags are those of x.
func appendDistance(b []byte, d int) (out []byte, flags byte) {
	switch {
	case d == 0:
		return b, pointSameX
	case 0 < d && d <= 0xff:
		return append(b, byte(d)), pointShortX | pointSameX
	case -0xff <= d && d < 0:
		return append(b, byte(-d)), pointShortX
	}
	return appendShort(b, d), 0
}

func appendShort(b []byte, v int) []byte {
	return binary.BigEndian.AppendUint16(b, uint16(int16(v))) //nolint:gosec // coordinates are small
}
