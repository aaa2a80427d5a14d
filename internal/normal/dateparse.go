package normal

import (
	"strings"
	"unicode/utf8"

	"github.com/elicense/elicense/internal/code"
)

// dateParser reads one clean string.
type dateParser struct {
	options Options
	text    string

	timed  bool // a time of day was dropped
	serial bool // it was a serial
}

func (p *dateParser) parse() (code.Date, error) {
	s := p.text
	if d, ok, err := p.serialDate(s); ok || err != nil {
		return d, err
	}
	s = strings.TrimSpace(trimAny(s, "自", "从", "至", "到", "公元", "公历"))
	if strings.HasPrefix(s, "民国") {
		return code.Date{}, refuse(CodeDateEra, "", "")
	}
	if strings.Contains(s, "年") {
		return p.hanDate(s)
	}
	if s != "" && s[0] >= '0' && s[0] <= '9' {
		if d, ok, err := p.digitDate(s); ok || err != nil {
			return d, err
		}
	}
	return p.englishDate(s)
}

func trimAny(s string, prefixes ...string) string {
	for _, prefix := range prefixes {
		if rest, ok := strings.CutPrefix(s, prefix); ok {
			return rest
		}
	}
	return s
}

// digitDate reads what is written in digits with -, / or . between, or in 8 digits, 12 or 14 with a time.
func (p *dateParser) digitDate(s string) (code.Date, bool, error) {
	a, rest := cutDigits(s)
	b, c, after, n := threeParts(rest)
	switch n {
	case 0:
		return p.oneRun(a, rest)
	case 1:
		if len(a) == 4 && after == "" {
			return code.Date{}, true, refuse(CodeDateIncomplete, "", "")
		}
		return code.Date{}, false, nil
	}
	var d code.Date
	var err error
	switch {
	case len(a) == 4:
		d, err = p.finish(a, b, c, after)
	case len(c) == 4:
		d, err = p.yearLast(a, b, c, after)
	case len(a) <= 2 && len(c) <= 2:
		err = refuse(CodeDateShortYear, "", "")
	default:
		return code.Date{}, false, nil
	}
	return d, true, err
}

// oneRun reads digits without a separator.
func (p *dateParser) oneRun(digits, rest string) (code.Date, bool, error) {
	switch n := len(digits); {
	case n == 8 || n == 12 || n == 14:
		p.timed = n > 8
		d, err := p.finish(digits[:4], digits[4:6], digits[6:8], rest)
		return d, true, err
	case rest != "":
	case n == 4 || n == 6:
		return code.Date{}, true, refuse(CodeDateIncomplete, "", "")
	case n == 5:
		return code.Date{}, true, refuse(CodeDateSerialRefused, "", "")
	}
	return code.Date{}, false, nil
}

// threeParts cuts "-3-1 10:00" into 3, 1 and the rest; n is how many parts it found. Both separators must be the same.
func threeParts(s string) (b, c, rest string, n int) {
	sep, s := cutSeparator(s)
	if sep == 0 {
		return "", "", s, 0
	}
	b, s = cutDigits(s)
	if b == "" {
		return "", "", s, 0
	}
	again, after := cutSeparator(s)
	if again != sep {
		return b, "", s, 1
	}
	c, after = cutDigits(after)
	if c == "" {
		return b, "", s, 1
	}
	return b, c, after, 2
}

func cutDigits(s string) (head, rest string) {
	k := 0
	for k < len(s) && s[k] >= '0' && s[k] <= '9' {
		k++
	}
	return s[:k], s[k:]
}

// cutSeparator takes one of - / . with spaces around it off the front.
func cutSeparator(s string) (sep byte, rest string) {
	t := strings.TrimLeft(s, " ")
	if t == "" || t[0] != '-' && t[0] != '/' && t[0] != '.' {
		return 0, s
	}
	return t[0], strings.TrimLeft(t[1:], " ")
}

// yearLast reads 25/12/2009, if only one reading is possible.
func (p *dateParser) yearLast(a, b, year, rest string) (code.Date, error) {
	x, y := number(a), number(b)
	switch {
	case x == y, x > 12 && y <= 12:
		return p.finish(year, b, a, rest)
	case y > 12 && x <= 12:
		return p.finish(year, a, b, rest)
	case x > 12 && y > 12:
		return code.Date{}, refuse(CodeDateImpossible, "", "")
	}
	return code.Date{}, refuse(CodeDateAmbiguous, "", year+"-"+pad2(b)+"-"+pad2(a))
}

func pad2(s string) string {
	if len(s) == 1 {
		return "0" + s
	}
	return s
}

// finish makes the day and judges what stands behind it.
func (p *dateParser) finish(year, month, day, rest string) (code.Date, error) {
	y, m, d := number(year), number(month), number(day)
	if y < 0 || m < 0 || d < 0 || len(month) > 2 || len(day) > 2 {
		return code.Date{}, refuse(CodeDateUnreadable, "", "")
	}
	if err := p.tail(rest); err != nil {
		return code.Date{}, err
	}
	date := code.Date{Year: y, Month: m, Day: d}
	if !date.Valid() {
		return code.Date{}, refuse(CodeDateImpossible, "", "")
	}
	return date, nil
}

// tail accepts a time of day, a day of the week and words that add nothing.
func (p *dateParser) tail(s string) error {
	s = strings.Trim(s, " .")
	s = strings.TrimSpace(strings.TrimSuffix(strings.TrimSuffix(s, "起"), "止"))
	for _, week := range []string{"星期", "周", "(星期", "(周"} {
		if rest, ok := strings.CutPrefix(s, week); ok {
			_, n := utf8.DecodeRuneInString(rest)
			s = strings.TrimSpace(strings.TrimPrefix(rest[n:], ")"))
		}
	}
	if s == "" {
		return nil
	}
	if isTimeOfDay(s) {
		p.timed = true
		return nil
	}
	if rest := trimAny(s, "-", "~", "至", "到", "起至", "起-"); rest != s {
		return refuse(CodeDateRange, "", "")
	}
	return refuse(CodeDateUnreadable, "", "")
}

// isTimeOfDay reports 10:30, T10:30:00.000+08:00, 10时30分, 上午10点, and nothing that holds another date.
func isTimeOfDay(s string) bool {
	s = trimAny(s, "T", "t")
	s = strings.TrimSpace(trimAny(s, "上午", "下午", "中午", "凌晨", "晚上", "AM", "PM"))
	hour, rest := cutDigits(s)
	if len(hour) == 0 || len(hour) > 2 || number(hour) > 24 {
		return false
	}
	rest, ok := cutAnyOf(rest, ":", "时", "点")
	if !ok {
		return false
	}
	for _, r := range rest {
		if !strings.ContainsRune("0123456789:. +-Zz时点分秒AaPpMm整", r) {
			return false
		}
	}
	return len(rest) <= 24
}

func cutAnyOf(s string, prefixes ...string) (string, bool) {
	rest := trimAny(s, prefixes...)
	return rest, rest != s
}

// serialDate reads a spreadsheet's serial where the options allow one.
func (p *dateParser) serialDate(s string) (code.Date, bool, error) {
	whole, fraction, point := strings.Cut(s, ".")
	if !allDigits(whole) || point && fraction != "" && !allDigits(fraction) || len(whole) > 7 {
		return code.Date{}, false, nil
	}
	if !p.options.Numeric && (!p.options.SerialText || len(whole) != 5 || point) {
		return code.Date{}, false, nil
	}
	n := number(whole)
	if n >= 1800 && n <= 2200 || len(whole) == 6 && isYearMonth(n) {
		return code.Date{}, true, refuse(CodeDateIncomplete, "", "") // a year, not a day of 1905
	}
	d, ok := fromSerial(n, p.options.Date1904)
	if !ok {
		return code.Date{}, true, refuse(CodeDateImpossible, "", "")
	}
	p.serial = true
	p.timed = strings.Trim(fraction, "0") != ""
	return d, true, nil
}

func isYearMonth(n int) bool {
	return n/100 >= 1900 && n/100 <= 2100 && n%100 >= 1 && n%100 <= 12
}

// fromSerial counts days as spreadsheets do: 1 is 1900-01-01, and 60 is 1900-02-29, which never was; with the 1904
// system 0 is 1904-01-01.
func fromSerial(n int, date1904 bool) (code.Date, bool) {
	const (
		lastSerial = 2958465 // 9999-12-31
		days1900   = 693900  // 1900-01-01 less one, counted from 0000-03-01
		days1904   = 695361  // 1904-01-01
	)
	if date1904 {
		if n > lastSerial-1462 {
			return code.Date{}, false
		}
		return civil(days1904 + n), true
	}
	switch {
	case n < 1 || n == 60 || n > lastSerial:
		return code.Date{}, false
	case n < 60:
		return civil(days1900 + n), true
	}
	return civil(days1900 + n - 1), true
}

// civil turns days since 0000-03-01 of the Gregorian calendar into a day.
func civil(n int) code.Date {
	const (
		era         = 146097 // days in 400 years
		century     = 36524
		fourYears   = 1461
		year        = 365
		fiveMonths  = 153 // March to July, and August to December
		fromJanuary = 10  // January is month 10 of a year that begins in March
	)
	eras, n := n/era, n%era
	yoe := (n - n/(fourYears-1) + n/century - n/(era-1)) / year
	doy := n - (year*yoe + yoe/4 - yoe/100)
	mp := (5*doy + 2) / fiveMonths
	d := code.Date{Year: yoe + eras*400, Month: mp + 3, Day: doy - (fiveMonths*mp+2)/5 + 1}
	if mp >= fromJanuary {
		d.Month -= 12
		d.Year++
	}
	return d
}

// englishDate reads 1-Mar-2009, Mar 1, 2009 and 1 March 2009.
func (p *dateParser) englishDate(s string) (code.Date, error) {
	words := strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune(" ,-./", r) })
	if len(words) < 3 {
		return code.Date{}, refuse(CodeDateUnreadable, "", "")
	}
	month, day, year := englishMonth(words[1]), words[0], words[2]
	if month == 0 {
		month, day = englishMonth(words[0]), words[1]
	}
	switch {
	case month == 0 || number(day) < 0 || number(year) < 0:
		return code.Date{}, refuse(CodeDateUnreadable, "", "")
	case len(year) <= 2:
		return code.Date{}, refuse(CodeDateShortYear, "", "")
	}
	return p.finish(year, []string{
		"", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12",
	}[month], day, strings.Join(words[3:], " "))
}

func englishMonth(s string) int {
	if len(s) < 3 {
		return 0
	}
	for k, name := range []string{
		"january", "february", "march", "april", "may", "june", "july", "august", "september", "october",
		"november", "december",
	} {
		if len(s) <= len(name) && strings.EqualFold(s, name[:len(s)]) {
			return k + 1
		}
	}
	return 0
}
