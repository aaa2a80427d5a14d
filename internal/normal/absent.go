package normal

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// AbsentList is what reads as no value; the zero value holds nothing, so that even an empty cell is a value.
type AbsentList struct {
	words    map[string]struct{}
	maxBytes int
}

// DefaultAbsentWords are the words of DefaultAbsent, for a mapping that adds or takes some.
func DefaultAbsentWords() []string {
	return []string{
		"", "N/A", "NA", "N.A.", "#N/A", "无", "没有", "暂无", "空", "空白", "(空)", "(空白)", "(无)", "不详", "未知", "未填",
		"未填写", "未登记", "不明", "无数据", "NULL", "(NULL)", "NIL", "NONE", "NAN", "UNDEFINED",
		"-", "--", "---", "----", "—", "——", "———", "–", "/", "//", "\\", "·", "*", "**", "***", "?", "??", "???",
	}
}

// DefaultAbsent is the usual list: empty, N/A, 无, -, /, 空, —, NULL, 不详 and alike.
func DefaultAbsent() AbsentList { return NewAbsentList(DefaultAbsentWords()...) }

// NewAbsentList makes a list of one's own; case, width and outer spaces do not matter.
func NewAbsentList(words ...string) AbsentList {
	l := AbsentList{words: make(map[string]struct{}, len(words))}
	for _, w := range words {
		key := absentKey(w)
		l.words[key] = struct{}{}
		l.maxBytes = max(l.maxBytes, len(key))
	}
	return l
}

// Absent reports whether s means that there is no value.
func (l AbsentList) Absent(s string) bool {
	if l.words == nil {
		return false
	}
	if _, ok := l.words[s]; ok {
		return true
	}
	trimmed := strings.TrimSpace(s)
	const widest = 3 // a full-width character takes three bytes for one
	if len(trimmed) > widest*l.maxBytes {
		return false
	}
	var upper [64]byte
	for k := range len(trimmed) {
		c := trimmed[k]
		if c >= utf8.RuneSelf || c < ' ' || k >= len(upper) {
			_, ok := l.words[absentKey(s)]
			return ok
		}
		if c >= 'a' && c <= 'z' {
			c -= 'a' - 'A'
		}
		upper[k] = c
	}
	_, ok := l.words[string(upper[:len(trimmed)])]
	return ok
}

// Words gives the list in its normal writing, sorted.
func (l AbsentList) Words() []string {
	out := make([]string, 0, len(l.words))
	for w := range l.words {
		out = append(out, w)
	}
	slices.Sort(out)
	return out
}

func absentKey(s string) string {
	out, _, err := clean(s, modeText, DefaultMaxRunes)
	if err != nil {
		return s
	}
	if hasBracket(out) {
		out = strings.NewReplacer("（", "(", "）", ")", "？", "?").Replace(out)
	}
	return strings.ToUpper(out)
}

func hasBracket(s string) bool { return strings.ContainsAny(s, "（）？") }
