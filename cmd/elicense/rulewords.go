package main

import (
	"strings"

	"github.com/elicense/elicense/internal/normal"
)

// ruleWords are the differences in writing that a comparison passes over, or names where values differ all the same.
var ruleWords = map[normal.Code][2]string{
	normal.CodeWidth:           {"全角半角", "width"},
	normal.CodeSpace:           {"空格", "spaces"},
	normal.CodeInvisible:       {"看不见的字符", "invisible characters"},
	normal.CodeLineBreak:       {"换行", "line breaks"},
	normal.CodeCompose:         {"附加符号", "marks of letters"},
	normal.CodeDash:            {"短横线", "dashes"},
	normal.CodeCase:            {"大小写", "case"},
	normal.CodeApostrophe:      {"撇号", "apostrophe"},
	normal.CodeFloatTail:       {"多余的“.0”", "a needless .0"},
	normal.CodeFormulaText:     {"公式外壳", "wrapping of a formula"},
	normal.CodeBrackets:        {"括号", "brackets"},
	normal.CodePunctuation:     {"标点", "punctuation"},
	normal.CodePrivateUse:      {"自造字", "private-use characters"},
	normal.CodeControlRemoved:  {"控制字符", "control characters"},
	normal.CodeSeveralNames:    {"好像有几个名称", "perhaps several names"},
	normal.CodeMaybeRounded:    {"可能被表格软件改过", "perhaps rounded"},
	normal.CodeDateStyle:       {"日期", "date"},
	normal.CodeDateSerial:      {"日期序号", "serial of a date"},
	normal.CodeDateTime:        {"日期后的时间", "time of day"},
	normal.CodeDateOpen:        {"长期", "no end"},
	normal.CodeNumberStyle:     {"数字", "number"},
	normal.CodeMoneyStyle:      {"金额", "amount"},
	normal.CodeMoneyCurrency:   {"未写币种", "no currency"},
	normal.CodeDivisionRetired: {"旧区划代码", "former division"},
	normal.CodeDivisionSplit:   {"旧区划已拆分", "division that was split"},
	normal.CodeDivisionName:    {"区划名称", "name of a division"},
	normal.CodeDivisionLong:    {"12 位区划代码", "division of 12 digits"},
	normal.CodeCitizen15:       {"15 位身份证号", "citizen number of 15 digits"},
	normal.CodeCitizenDivision: {"区划不在表内", "division in no table"},
	normal.CodeIdentifierCheck: {"标识校验位", "check character"},
}

// rules says in brackets what was written otherwise; a rule without words goes by its code.
func (c *program) rules(list []string) string {
	if len(list) == 0 {
		return ""
	}
	words := make([]string, len(list))
	for i, r := range list {
		words[i] = r
		if w, ok := ruleWords[normal.Code(r)]; ok {
			words[i] = c.Say(w[0], w[1])
		}
	}
	return c.Say("（写法不同："+strings.Join(words, "、")+"）", "(written otherwise: "+strings.Join(words, ", ")+")")
}
