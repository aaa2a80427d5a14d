package normal

import (
	"strings"

	"github.com/elicense/elicense/internal/code"
)

// OpenEnd is the normal writing of a date that means "no end".
const OpenEnd = "长期"

// DateResult is a day or an open end.
type DateResult struct {
	Date  code.Date // zero if Open
	Open  bool      // 长期, 永久, 9999-12-31
	Notes []Note
}

// String gives 2009-03-01 or 长期.
func (d DateResult) String() string {
	if d.Open {
		return OpenEnd
	}
	return d.Date.String()
}

// value is String without an allocation where s is that already.
func (d DateResult) value(s string) string {
	if len(d.Notes) == 0 {
		return s
	}
	return d.String()
}

// Date reads a day as Chinese offices write it: 2009-03-01, 2009.3.1, 20090301, 2009年3月1日, 二〇〇九年三月一日, 1-Mar-2009,
// with a time of day behind it (dropped), or as a serial of a spreadsheet where o allows it. Years of two digits,
// months without a day, days that never were and writings that may be read in two ways are refused.
func Date(s string, o Options) (DateResult, error) {
	if d, ok := isoDate(s); ok && !isOpenDay(d) {
		return checkedDate(d, s, nil)
	}
	if s == OpenEnd {
		return DateResult{Open: true}, nil
	}
	out, did, err := clean(s, modeCode, maxCodeRunes)
	if err != nil {
		return DateResult{}, err
	}
	if out == "" {
		return DateResult{}, refuse(CodeEmpty, "", "")
	}
	if err := cellError(out); err != nil {
		return DateResult{}, err
	}
	out, did = trimApostrophe(out, did)
	if isOpenWord(out) {
		return openEnd(s), nil
	}
	p := dateParser{options: o, text: out}
	d, err := p.parse()
	if err != nil {
		if several := SeveralValues(KindDate, s); several != nil {
			return DateResult{}, several
		}
		return DateResult{}, withFound(err, s)
	}
	if isOpenDay(d) {
		return openEnd(s), nil
	}
	return dateNotes(d, s, did, p)
}

func dateNotes(d code.Date, s string, did change, p dateParser) (DateResult, error) {
	if !d.Valid() {
		return DateResult{}, refuse(CodeDateImpossible, s, "")
	}
	value := d.String()
	notes := did.notes(s, value)
	style := CodeDateStyle
	if p.serial {
		style = CodeDateSerial
	}
	notes = append(notes, Note{Code: style, Old: s, New: value})
	if p.timed {
		notes = append(notes, Note{Code: CodeDateTime, Old: s, New: value})
	}
	return DateResult{Date: d, Notes: notes}, nil
}

func checkedDate(d code.Date, s string, notes []Note) (DateResult, error) {
	if !d.Valid() {
		return DateResult{}, refuse(CodeDateImpossible, s, "")
	}
	return DateResult{Date: d, Notes: notes}, nil
}

func openEnd(s string) DateResult {
	return DateResult{Open: true, Notes: []Note{{Code: CodeDateOpen, Old: s, New: OpenEnd}}}
}

func isOpenDay(d code.Date) bool { return d == code.Date{Year: 9999, Month: 12, Day: 31} }

func isOpenWord(s string) bool {
	s = strings.TrimPrefix(strings.TrimPrefix(strings.ReplaceAll(s, " ", ""), "至"), "到")
	switch s {
	case OpenEnd, "长期有效", "永久", "永久有效", "永久性", "永续", "长久", "长久有效", "无固定期限", "无固定期", "无期限", "无限期",
		"无限", "不限", "不限期", "不定期", "不约定期限", "长期(永久)", "永久(长期)":
		return true
	}
	return false
}

// isoDate reads 2009-03-01 and nothing else.
func isoDate(s string) (code.Date, bool) {
	if len(s) != 10 || s[4] != '-' || s[7] != '-' {
		return code.Date{}, false
	}
	y, m, d := number(s[:4]), number(s[5:7]), number(s[8:])
	if y < 0 || m < 0 || d < 0 {
		return code.Date{}, false
	}
	return code.Date{Year: y, Month: m, Day: d}, true
}

// number is the value of up to 9 digits, or -1.
func number(s string) int {
	if s == "" || len(s) > 9 {
		return -1
	}
	n := 0
	for k := range len(s) {
		if s[k] < '0' || s[k] > '9' {
			return -1
		}
		n = n*10 + int(s[k]-'0')
	}
	return n
}

func withFound(err error, s string) error {
	if p, ok := err.(*Problem); ok { //nolint:errorlint // made by this package a moment ago, never wrapped
		return refuse(p.Code, s, p.Want)
	}
	return err
}
