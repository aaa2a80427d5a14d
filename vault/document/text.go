package document

import (
	"strings"
	"unicode"
)

// The fonts of a drawing: those that were passed in, then standard ones by name alone.
const (
	fontTitle = iota
	fontBody
	fontFallback
	fontTitleName
	fontBodyName
	fontCount
)

// letter is a character with its font and width.
type letter struct {
	char    rune
	font    int
	advance int
}

// style is how characters look.
type style struct {
	title   bool
	size    int
	spacing int
	color   Color
	align   Align
	middle  bool
}

// fontOf gives one of the fonts that were passed in; nil if there is none.
func (c *composer) fontOf(id int) *Font {
	f := c.drawer.cfg.Fonts
	switch {
	case id == fontFallback:
		return f.Fallback
	case id == fontTitle && f.Title != nil, id == fontBody && f.Body == nil:
		return f.Title
	case id == fontTitle || id == fontBody:
		return f.Body
	}
	return nil
}

// letter finds the first font that has a character. Without any it is left to a standard font of whoever shows it.
func (c *composer) letter(char rune, st style) letter {
	first, name := fontBody, fontBodyName
	if st.title {
		first, name = fontTitle, fontTitleName
	}
	any := false
	for _, id := range []int{first, fontBody, fontTitle, fontFallback} {
		f := c.fontOf(id)
		if f == nil {
			continue
		}
		any = true
		if g, ok := f.glyph(char); ok {
			if f == c.fontOf(fontBody) {
				id = fontBody // one font in two places is embedded once
			}
			return letter{char, id, f.advance(g, st.size)}
		}
	}
	if any {
		c.lost[char] = true
	}
	return letter{char, name, standardWidth(char, st.size)}
}

// standardWidth is the width of a character in a font that is not at hand: half an em for what is narrow.
func standardWidth(c rune, size int) int {
	if c < 0x2000 && !(c >= 0x1100 && c < 0x1200) {
		return size / 2
	}
	return size
}

func (c *composer) letters(text string, st style) []letter {
	out := make([]letter, 0, len(text))
	for _, char := range text {
		if char == '\n' {
			out = append(out, letter{char: char})
			continue
		}
		l := c.letter(char, st)
		l.advance += st.spacing
		out = append(out, l)
	}
	return out
}

// Characters that begin or end no line (避头尾).
var (
	neverFirst = setOf("、，。；：？！）》】」』〉〕”’…—·,.;:?!)]}%％℃")
	neverLast  = setOf("（《【「『〈〔“‘([{￥$")
)

func setOf(s string) map[rune]bool {
	m := make(map[rune]bool)
	for _, c := range s {
		m[c] = true
	}
	return m
}

// breakable reports whether a line may end between two characters.
func breakable(a, b rune) bool {
	switch {
	case a == ' ':
		return b != ' '
	case neverFirst[b], neverLast[a]:
		return false
	}
	return !wordy(a) || !wordy(b) && !(a <= '9' && strings.ContainsRune("年月日号", b))
}

// wordy characters hold together: Latin letters, digits and what joins them.
func wordy(c rune) bool {
	return c < 0x2000 && (unicode.IsLetter(c) || unicode.IsDigit(c) || strings.ContainsRune("-_/@.&'+#", c))
}

// wrap breaks text into lines of a width, and leaves no single character on the last one if it can.
func wrap(text []letter, width int) [][]letter {
	lines := breakLines(text, width)
	if n := len(lines); n > 1 && len(lines[n-1]) == 1 {
		narrower := width - 2*lines[n-1][0].advance
		if again := breakLines(text, narrower); len(again) == n {
			return again
		}
	}
	return lines
}

// breakLines breaks as late as it can. A closing mark may hang half out, as its right half is empty.
func breakLines(text []letter, width int) [][]letter {
	var lines [][]letter
	start, last, w := 0, 0, 0 // of the line: its first letter, the letter after its last possible end, its width
	for i := range text {
		l := text[i]
		if l.char == '\n' {
			lines = append(lines, trim(text[start:i]))
			start, last, w = i+1, i+1, 0
			continue
		}
		need := l.advance
		if neverFirst[l.char] {
			need /= 2
		}
		for w+need > width && i > start {
			end := i
			if last > start {
				end = last
			}
			lines = append(lines, trim(text[start:end]))
			start, last = end, end
			w = widthOf(text[start:i])
		}
		w += l.advance
		if i+1 < len(text) && breakable(l.char, text[i+1].char) {
			last = i + 1
		}
	}
	return append(lines, trim(text[start:]))
}

// trim leaves out the spaces at the end of a line.
func trim(l []letter) []letter {
	for len(l) > 0 && (l[len(l)-1].char == ' ' || l[len(l)-1].char == '\u3000') {
		l = l[:len(l)-1]
	}
	return l
}

func widthOf(l []letter) (w int) {
	for i := range l {
		w += l[i].advance
	}
	return w
}

// leading is the distance of two base lines.
func leading(size int) int { return size * 7 / 5 }

func heightOf(lines, size int) int {
	if lines == 0 {
		return 0
	}
	return (lines-1)*leading(size) + size*6/5
}

// largest finds the largest size from least to size at which text fits, in steps of a twenty-fifth; ok is false if it
// does not fit at all. fits is asked last for the size that is answered.
func largest(size, least int, fits func(size int) bool) (int, bool) {
	if least == 0 {
		least = size * 2 / 3
	}
	if fits(size) {
		return size, true
	}
	if least >= size || !fits(least) {
		return least, false
	}
	var steps []int
	for size = size * 24 / 25; size > least; size = size * 24 / 25 {
		steps = append(steps, size)
	}
	low, high := 0, len(steps) // the answer is among steps[low:high], or least
	for low < high {
		if mid := (low + high) / 2; fits(steps[mid]) {
			high = mid
		} else {
			low = mid + 1
		}
	}
	if low < len(steps) && fits(steps[low]) {
		return steps[low], true
	}
	return least, fits(least)
}

// fit breaks a text into lines that fit a box, with the largest size that does; ok is false if none does.
func (c *composer) fit(text string, b Box, st style, least int) (lines [][]letter, size int, ok bool) {
	size, ok = largest(st.size, least, func(size int) bool {
		shrunk := st
		shrunk.size, shrunk.spacing = size, st.spacing*size/st.size
		lines = wrap(c.letters(text, shrunk), b.W)
		return heightOf(len(lines), size) <= b.H && c.widest(lines) <= b.W+size/2
	})
	return lines, size, ok
}

func (c *composer) widest(lines [][]letter) (w int) {
	for _, l := range lines {
		w = max(w, widthOf(l))
	}
	return w
}

// set puts broken lines into a box.
func set(lines [][]letter, b Box, st style) []line {
	top := b.Y
	if st.middle {
		top += (b.H - heightOf(len(lines), st.size)) / 2
	}
	var out []line
	for i, l := range lines {
		if len(l) == 0 {
			continue
		}
		y := top + i*leading(st.size)
		out = append(out, setLine(l, Box{b.X, y, b.W, st.size * 6 / 5}, st))
	}
	return out
}

// setLine puts one line into a box of its height.
func setLine(l []letter, b Box, st style) line {
	gap, x := 0, b.X
	w := widthOf(l) - st.spacing
	switch {
	case st.align == AlignCenter:
		x += (b.W - w) / 2
	case st.align == AlignRight:
		x += b.W - w
	case st.align == AlignSpread && len(l) > 1 && w < b.W:
		gap = (b.W - w) / (len(l) - 1)
	}
	out := line{box: Box{max(0, x), b.Y, w + gap*(len(l)-1), b.H}, base: b.Y + st.size*49/50, size: st.size,
		color: st.color}
	for _, c := range l {
		if n := len(out.runs); n == 0 || out.runs[n-1].font != c.font {
			out.runs = append(out.runs, run{font: c.font, x: x})
		}
		r := &out.runs[len(out.runs)-1]
		r.text, r.advances = append(r.text, c.char), append(r.advances, c.advance+gap)
		x += c.advance + gap
	}
	return out
}
