package convert

import (
	"slices"
	"strings"

	"github.com/elicense/elicense/internal/sheet"
	"github.com/elicense/elicense/vault/catalogue"
)

// totals are the words that a row of sums begins with.
var totals = map[string]bool{
	"合计": true, "总计": true, "小计": true, "共计": true, "累计": true, "本页小计": true, "本页合计": true,
}

// notes are what a cell below a ledger begins with that is for its readers, and who made, checked and sealed it.
var notes = []string{
	"注", "备注", "说明", "填表人", "填报人", "制表人", "审核人", "制表", "审核", "复核", "复核人", "填表", "填报", "填表日期", "填报日期",
	"制表日期", "填表时间", "填报时间", "制表时间", "填报单位", "填表单位", "制表单位", "单位负责人", "分管领导", "经办人", "联系人",
	"联系电话", "盖章", "单位盖章",
}

// foot reports a row of sums (合计), whose first word is one of those and most of whose cells are empty, or a row of
// notes (注：…, 制表人：…), in few cells and nothing else. A row that is filled in like a licence is one, whatever its first
// cell says.
func (c *cutter) foot() bool {
	cells := c.data()
	first, filled := "", 0
	for i := range cells {
		if text := strings.TrimSpace(cells[i].Text); text != "" {
			if filled++; first == "" {
				first = text
			}
		}
	}
	if filled == 0 || 2*filled >= len(c.l.head.columns) {
		return false
	}
	return totals[catalogue.NormaliseHeading(first)] || onlyNotes(cells)
}

func onlyNotes(cells []sheet.Cell) bool {
	return !slices.ContainsFunc(cells, func(c sheet.Cell) bool {
		return strings.TrimSpace(c.Text) != "" && !isNote(c.Text)
	})
}

// isNote reports a text that begins with such a word and a colon, as 审 核 人（签字）： does.
func isNote(text string) bool {
	word, _, colon := strings.Cut(strings.ReplaceAll(text, "：", ":"), ":")
	word, _, _ = strings.Cut(strings.ReplaceAll(word, "（", "("), "(")
	return colon && slices.Contains(notes, strings.Join(strings.Fields(word), ""))
}
