package convert

import (
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/elicense/elicense/internal/sheet"
	"github.com/elicense/elicense/vault/catalogue"
)

// Headings of the three columns that a result has more than the ledger.
const (
	ResultState = "状态"
	ResultCode  = "错误码"
	ResultFix   = "怎么改"
)

// heading is what stands above one column: in a heading of several rows the texts from above to below.
type heading struct {
	full  string // all of them, joined
	low   string // the lowest one
	fullN string // the same in the form headings are matched in
	lowN  string
}

func (h *heading) empty() bool { return h.fullN == "" }

// headRow is one of a sheet's first rows.
type headRow struct {
	number int
	cells  []string
}

// head is a heading found.
type head struct {
	first, last int // rows of the sheet; 0 for none
	columns     []heading
	width       int // cells of its last row, empty ones at the end included
	result      int // column of 状态, or -1
	score       int
}

// readHead reads the rows among which the heading is looked for.
func readHead(book *sheet.Book, index, upTo int) ([]headRow, error) {
	r, err := book.Rows(index)
	if err != nil {
		return nil, err
	}
	var rows []headRow
	var row sheet.Row
	for {
		err := r.Next(&row)
		if errors.Is(err, io.EOF) || err == nil && row.Number > upTo {
			return rows, nil
		}
		if err != nil {
			return nil, err
		}
		h := headRow{number: row.Number, cells: make([]string, 0, len(row.Cells))}
		for i := range row.Cells {
			h.cells = append(h.cells, row.Cells[i].Text)
		}
		rows = append(rows, h)
	}
}

// findHead chooses the rows that are the heading: those whose columns score most, the fewest and the first of them.
func findHead(rows []headRow, at HeadingRows, score func([]heading) int) (head, bool) {
	if at.None {
		return head{result: -1}, true
	}
	best := head{result: -1}
	for depth := range maxHeadingDepth {
		for i := range rows {
			if i+depth >= len(rows) || rows[i+depth].number-rows[i].number != depth {
				continue
			}
			h := head{first: rows[i].number, last: rows[i+depth].number}
			if at.First > 0 && (h.first != at.First || h.last != at.Last) {
				continue
			}
			h.columns = joinHeadings(rows[i : i+depth+1])
			h.columns, h.result = cutResult(h.columns)
			h.width = len(rows[i+depth].cells)
			if h.score = score(h.columns); h.score > best.score {
				best = h
			}
			if at.First > 0 {
				return h, true
			}
		}
	}
	return best, best.score > 0
}

// joinHeadings joins heading rows column by column. An empty cell of an upper row belongs to the merged cell on its
// left, if something stands below it.
func joinHeadings(rows []headRow) []heading {
	width := 0
	for _, r := range rows {
		width = max(width, len(r.cells))
	}
	width = min(width, sheet.MaxColumns)
	out := make([]heading, width)
	over := make([]string, len(rows))
	for c := range out {
		var parts []string
		for i, r := range rows {
			text := ""
			if c < len(r.cells) {
				text = strings.TrimSpace(r.cells[c])
			}
			switch {
			case text != "":
				over[i] = text
			case i < len(rows)-1 && anyBelow(rows[i+1:], c):
				text = over[i]
			default:
				over[i] = ""
			}
			if text != "" && !slices.Contains(parts, text) {
				parts = append(parts, text)
			}
		}
		out[c] = newHeading(parts)
	}
	for len(out) > 0 && out[len(out)-1].empty() {
		out = out[:len(out)-1]
	}
	return out
}

func anyBelow(rows []headRow, c int) bool {
	return slices.ContainsFunc(rows, func(r headRow) bool {
		return c < len(r.cells) && strings.TrimSpace(r.cells[c]) != ""
	})
}

func newHeading(parts []string) heading {
	if len(parts) == 0 {
		return heading{}
	}
	h := heading{full: oneLine(strings.Join(parts, "/")), low: oneLine(parts[len(parts)-1])}
	h.fullN, h.lowN = catalogue.NormaliseHeading(h.full), catalogue.NormaliseHeading(h.low)
	if h.fullN == "" { // a heading of signs only, as No.
		h.fullN, h.lowN = h.full, h.low
	}
	return h
}

// oneLine is a heading as people quote it.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// cutResult finds the three columns of a result that is fed back, and cuts the heading before them.
func cutResult(columns []heading) (kept []heading, at int) {
	for i := 0; i+2 < len(columns); i++ {
		if columns[i].low == ResultState && columns[i+1].low == ResultCode && columns[i+2].low == ResultFix {
			kept = columns[:i]
			for len(kept) > 0 && kept[len(kept)-1].empty() {
				kept = kept[:len(kept)-1]
			}
			return kept, i
		}
	}
	return columns, -1
}

// matches reports how well a heading is what a mapping names: 2 for all of it, 1 for its lowest row.
func (h *heading) matches(name string) int {
	n := catalogue.NormaliseHeading(name)
	if n == "" {
		n = oneLine(name)
	}
	switch {
	case n == "" || h.empty():
		return 0
	case n == h.fullN:
		return 2
	case n == h.lowN:
		return 1
	}
	return 0
}

// find gives the columns that a mapping's name can mean: the best matches only.
func find(columns []heading, name string) []int {
	if c, ok := columnOf(name); ok {
		return []int{c}
	}
	var out []int
	best := 0
	for i := range columns {
		m := columns[i].matches(name)
		if m > best {
			best, out = m, out[:0]
		}
		if m == best && m > 0 {
			out = append(out, i)
		}
	}
	return out
}

// names lists headings for a suggestion: the nearest to a name first, or all.
func names(columns []heading, like string) string {
	type near struct {
		text string
		dist int
	}
	var list []near
	for i := range columns {
		if h := &columns[i]; !h.empty() {
			text := h.full + "（" + sheet.ColumnName(i) + "）"
			list = append(list, near{text, distance(h.lowN, catalogue.NormaliseHeading(like))})
		}
	}
	if like != "" {
		slices.SortStableFunc(list, func(a, b near) int { return a.dist - b.dist })
		list = list[:min(len(list), 3)]
	}
	var out []string
	for _, n := range list[:min(len(list), 30)] {
		out = append(out, n.text)
	}
	return strings.Join(out, "、")
}

// distance is how many characters of two short texts have no fellow in the other.
func distance(a, b string) int {
	n := 0
	for _, c := range a {
		if !strings.ContainsRune(b, c) {
			n++
		}
	}
	for _, c := range b {
		if !strings.ContainsRune(a, c) {
			n++
		}
	}
	return n
}

// unitOf is the unit of money that a heading names in brackets: 注册资本（万元） is 万元.
func unitOf(h *heading) string {
	text := strings.NewReplacer("（", "(", "）", ")", "：", ":").Replace(h.full)
	for _, unit := range []string{"万美元", "万元人民币", "人民币万元", "万元", "亿元", "千元", "百元", "万"} {
		for _, form := range []string{"(" + unit + ")", "(单位:" + unit + ")", "/" + unit} {
			if strings.Contains(text, form) {
				return strings.TrimPrefix(unit, "人民币")
			}
		}
	}
	return ""
}
