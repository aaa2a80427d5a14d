package convert

import (
	"slices"
	"strings"

	"github.com/elicense/elicense/vault/catalogue"
)

// totals are the words that a row of sums begins with.
var totals = map[string]bool{
	"合计": true, "总计": true, "小计": true, "共计": true, "累计": true, "本页小计": true, "本页合计": true,
}

// notes are what a line below a ledger begins with that is for its readers.
var notes = []string{"注", "备注", "说明", "填表人", "填报人", "制表人", "审核人"}

// foot reports a row of sums (合计), whose first word is one of those and most of whose cells are empty, or a single cell
// with a note (注：…). A row that is filled in like a licence is one, whatever its first cell says.
func (c *cutter) foot() bool {
	cells := c.data()
	first, filled := "", 0
	for i := range cells {
		text := strings.TrimSpace(cells[i].Text)
		if text == "" {
			continue
		}
		if filled++; first == "" {
			first = text
		}
	}
	if 2*filled >= len(c.l.head.columns) {
		return false
	}
	return totals[catalogue.NormaliseHeading(first)] || filled == 1 && isNote(first)
}

// isNote reports a text that begins with such a word and a colon.
func isNote(text string) bool {
	word, _, colon := strings.Cut(strings.ReplaceAll(text, "：", ":"), ":")
	return colon && slices.Contains(notes, strings.TrimSpace(word))
}
