package convert

import (
	"strings"

	"github.com/elicense/elicense/vault/catalogue"
)

// totals are the words that a row of sums begins with.
var totals = map[string]bool{
	"合计": true, "总计": true, "小计": true, "共计": true, "累计": true, "本页小计": true, "本页合计": true,
}

// total reports a row of sums (合计): its first word is one of those, and most of its cells are empty. A row that is
// filled in like a licence is one, whatever its first cell says.
func (c *cutter) total() bool {
	cells := c.data()
	first, filled := "", 0
	for i := range cells {
		text := strings.TrimSpace(cells[i].Text)
		if text == "" {
			continue
		}
		if filled++; first == "" {
			first = catalogue.NormaliseHeading(text)
		}
	}
	return totals[first] && 2*filled < len(c.l.head.columns)
}
