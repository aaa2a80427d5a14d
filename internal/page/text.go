package page

import (
	"slices"
	"strings"
	"unicode"
)

// The fonts of a book: those that were passed in, then standard ones by name alone.
const (
	fontTitle = iota
	fontBody
	fontFallback
	fontTitleName
	fontBodyName
	fontCount
)

// Letter is a character with its font and width.
type Letter struct {
	char    rune
	font    int
	advance int
}

// Style is how characters look.
type Style struct {
	Title   bool // set in the title's font
	Size    int
	Spacing int
	Color   Color
	Align   Align
	Middle  bool // centred from top to bottom
}

// of gives one of the fonts that were passed in; nil if there is none.
func (f Fonts) of(id int) *Font {
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

// Main is the font of the body; nil if there is no font at all.
func (f Fonts) Main() *Font { return f.of(fontBody) }

// Setter sets text in fonts and remembers which characters none of them had. It is for one goroutine.
type Setter struct {
	fonts Fonts
	lost  map[rune]bool
}

// NewSetter makes a Setter; without fonts it sets for standard fonts that are known by name alone.
func NewSetter(f Fonts) *Setter { return &Setter{f, make(map[rune]bool)} }

// Missing are the characters that no font had a glyph for, each once, in order.
func (t *Setter) Missing() []rune {
	out := make([]rune, 0, len(t.lost))
	for char := range t.lost {
		out = append(out, char)
	}
	slices.Sort(out)
	return out
}

// letter finds the first font that has a character. Without any it is left to a standard font of whoever shows it.
func (t *Setter) letter(char rune, st Style) Letter {
	first, name := fontBody, fontBodyName
	if st.Title {
		first, name = fontTitle, fontTitleName
	}
	any := false
	for _, id := range []int{first, fontBody, fontTitle, fontFallback} {
		f := t.fonts.of(id)
		if f == nil {
			continue
		}
		any = true
		if g, ok := f.glyph(char); ok {
			if f == t.fonts.of(fontBody) {
				id = fontBody // one font in two places is embedded once
			}
			return Letter{char, id, f.advance(g, st.Size)}
		}
	}
	if any {
		t.lost[char] = true
	}
	return Letter{char, name, standardWidth(char, st.Size)}
}

// standardWidth is the width of a character in a font that is not at hand: half an em for what is narrow.
func standardWidth(c rune, size int) int {
	if c < 0x2000 && !(c >= 0x1100 && c < 0x1200) {
		return size / 2
	}
	return size
}

// Letters are the characters of a text with their widths; a line feed ends a line.
func (t *Setter) Letters(text string, st Style) []Letter {
	out := make([]Letter, 0, len(text))
	for _, char := range text {
		if char == '\n' {
			out = append(out, Letter{char: char})
			continue
		}
		l := t.letter(char, st)
		l.advance += st.Spacing
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
	case a == ' ' || b == ' ': // a space ends a line and begins none
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

// Wrap breaks text into lines of a width, and leaves no single character on the last one if it can.
func Wrap(text []Letter, width int) [][]Letter {
	lines := breakLines(text, width)
	if n := len(lines); n > 1 && len(lines[n-1]) == 1 {
		narrower := width - 2*lines[n-1][0].advance
		if again := breakLines(text, narrower); len(again) == n {
			return again
		}
	}
	return lines
}

// breakLines breaks as late as it can. A closing mark may hang half out, as its right half is empty; a space wholly.
func breakLines(text []Letter, width int) [][]Letter {
	var lines [][]Letter
	start, last, w := 0, 0, 0 // of the line: its first letter, the letter after its last possible end, its width
	for i := range text {
		l := text[i]
		if l.char == '\n' {
			lines = append(lines, trim(text[start:i]))
			start, last, w = i+1, i+1, 0
			continue
		}
		need := l.advance
		switch {
		case neverFirst[l.char]:
			need /= 2
		case l.char == ' ':
			need = 0 // it is left out if it is the last
		}
		for w+need > width && i > start {
			end := i
			if last > start {
				end = last
			}
			lines = append(lines, trim(text[start:end]))
			start, last = end, end
			w = WidthOf(text[start:i])
		}
		w += l.advance
		if i+1 < len(text) && breakable(l.char, text[i+1].char) {
			last = i + 1
		}
	}
	return append(lines, trim(text[start:]))
}

// trim leaves out the spaces at the end of a line.
func trim(l []Letter) []Letter {
	for len(l) > 0 && (l[len(l)-1].char == ' ' || l[len(l)-1].char == '\u3000') {
		l = l[:len(l)-1]
	}
	return l
}

// WidthOf is the width of characters in a row.
func WidthOf(l []Letter) (w int) {
	for i := range l {
		w += l[i].advance
	}
	return w
}

// Leading is the distance of two base lines.
func Leading(size int) int { return size * 7 / 5 }

// HeightOf is the height of lines.
func HeightOf(lines, size int) int {
	if lines == 0 {
		return 0
	}
	return (lines-1)*Leading(size) + size*6/5
}

// Largest finds the largest size from least to size at which text fits, in steps of a twenty-fifth; ok is false if it
// does not fit at all. fits is asked last for the size that is answered.
func Largest(size, least int, fits func(size int) bool) (int, bool) {
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

// Fit breaks a text into lines that fit a box, with the largest size that does; ok is false if none does.
func (t *Setter) Fit(text string, b Box, st Style, least int) (lines [][]Letter, size int, ok bool) {
	size, ok = Largest(st.Size, least, func(size int) bool {
		shrunk := st
		shrunk.Size, shrunk.Spacing = size, st.Spacing*size/st.Size
		lines = Wrap(t.Letters(text, shrunk), b.W)
		return HeightOf(len(lines), size) <= b.H && widest(lines) <= b.W+size/2
	})
	return lines, size, ok
}

func widest(lines [][]Letter) (w int) {
	for _, l := range lines {
		w = max(w, WidthOf(l))
	}
	return w
}

// Set puts broken lines into a box.
func Set(lines [][]Letter, b Box, st Style) []Line {
	top := b.Y
	if st.Middle {
		top += (b.H - HeightOf(len(lines), st.Size)) / 2
	}
	var out []Line
	for i, l := range lines {
		if len(l) == 0 {
			continue
		}
		y := top + i*Leading(st.Size)
		out = append(out, SetLine(l, Box{b.X, y, b.W, st.Size * 6 / 5}, st))
	}
	return out
}

// SetLine puts one line into a box of its height.
func SetLine(l []Letter, b Box, st Style) Line {
	gap, x := 0, b.X
	w := WidthOf(l) - st.Spacing
	switch {
	case st.Align == AlignCenter:
		x += (b.W - w) / 2
	case st.Align == AlignRight:
		x += b.W - w
	case st.Align == AlignSpread && len(l) > 1 && w < b.W:
		gap = (b.W - w) / (len(l) - 1)
	}
	out := Line{Box: Box{max(0, x), b.Y, w + gap*(len(l)-1), b.H}, Base: b.Y + st.Size*49/50, Size: st.Size,
		Color: st.Color}
	for _, c := range l {
		if n := len(out.Runs); n == 0 || out.Runs[n-1].font != c.font {
			out.Runs = append(out.Runs, Run{font: c.font, X: x})
		}
		r := &out.Runs[len(out.Runs)-1]
		r.Text, r.Advances = append(r.Text, c.char), append(r.Advances, c.advance+gap)
		x += c.advance + gap
	}
	return out
}
