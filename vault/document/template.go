package document

import "github.com/elicense/elicense/internal/page"

// Format is the first key of every template file.
const Format = "elicense-template/1"

// Limits of a template.
const (
	MaxTemplateBytes = 64 << 10
	maxTexts         = 100 // texts of a page; rows of a table
	maxTables        = 20
	maxCells         = 4
	maxTextRunes     = 500
	maxDepth         = 8

	// minPage and maxPage bound the sides of a page: a card and A2.
	minPage, maxPage = 40 * mm, 600 * mm
	minSize, maxSize = mm, 60 * mm // of characters
	minCode          = 15 * mm     // side of a code that can be scanned from paper
)

// mm is a millimetre: every length of this package is a whole number of micrometres.
const mm = page.MM

// Template says how the licences of a type look. It is data: copy it, don't share and change it.
type Template struct {
	Title string // font name for titles where no font is embedded
	Body  string // likewise for everything else
	Front Page
	Back  *Page // 副页; nil if there is none
}

// Page is one side.
type Page struct {
	Width, Height int
	Frame         Frame
	Texts         []Text
	Tables        []Table
	Photo         *Photo
	QR            *Box // 二维码
	Seal          *Box // where the seal goes, on top of everything; the page itself stays blank there
}

// Box is a rectangle; the origin of a page is its upper left corner.
type Box = page.Box

// Color is red, green and blue.
type Color = page.Color

// FrameStyle is the ornament around a page.
type FrameStyle = page.FrameStyle

// Frame is the ornament and ground of a page.
type Frame = page.Frame

// Align says where a text stands in its box.
type Align = page.Align

// The ornaments and alignments that templates name.
const (
	FrameNone      = page.FrameNone
	FrameDouble    = page.FrameDouble    // 双线
	FrameGuilloche = page.FrameGuilloche // 花边

	AlignLeft   = page.AlignLeft
	AlignCenter = page.AlignCenter
	AlignRight  = page.AlignRight
	AlignSpread = page.AlignSpread // characters apart until they fill the line
)

// Text is words of the template and values of the licence in a box. An element stands in braces by its short name:
// "{ZZYXQQSRQ} 至 {ZZYXQJZRQ}". It is drawn only if at least one of its elements has a value, or it has none.
type Text struct {
	Text    string
	Box     Box
	Size    int // of the characters
	Least   int // how far Size may shrink before the value goes to an annex; 0: to two thirds
	Title   bool
	Align   Align
	Middle  bool // centred from top to bottom
	Spacing int  // between characters
	Color   Color
}

// TableStyle is the ruling of a table.
type TableStyle string

// The rulings.
const (
	TablePlain TableStyle = "plain" // none
	TableLines TableStyle = "lines" // a line below each value
	TableGrid  TableStyle = "grid"  // a box around each cell
)

// Table is labels and values, one row below the other. Rows take the height that their values need; characters shrink
// until all fit.
type Table struct {
	Box    Box
	Style  TableStyle
	Size   int
	Least  int // 0: two thirds of Size
	Label  int // width of the labels
	Spread bool
	Ink    Color // labels and lines
	Rows   [][]Cell
	Rest   bool // after Rows come the type's elements that stand nowhere on the template
	Drop   bool // rows without any value are left out
}

// Cell is one label with its value.
type Cell struct {
	Label string // empty: the type's label of the one element in Text
	Text  string // as in Text.Text
}

// Photo is the place of a picture.
type Photo struct {
	Field string // element of kind image
	Box   Box
}
