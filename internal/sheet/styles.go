package sheet

import (
	"errors"
	"io"
	"strconv"
	"strings"
	"time"
)

// styles are what cells refer to: for each cell style its number format.
type styles struct {
	formats []uint16          // format of each style
	dates   []bool            // whether that format shows a date
	codes   map[uint16]string // the file's own formats
}

const maxStyles = 1 << 16

func (s *styles) code(format uint16) string {
	if c, ok := s.codes[format]; ok {
		return c
	}
	return builtinFormat(format)
}

// addStyle appends a style; dates are known once all formats are, see finish.
func (s *styles) addStyle(format int) {
	if format < 0 || format > 0xFFFF {
		format = 0
	}
	if len(s.formats) < maxStyles {
		s.formats = append(s.formats, uint16(format))
	}
}

func (s *styles) addFormat(id int, code string) {
	if id < 0 || id > 0xFFFF || len(s.codes) >= maxStyles {
		return
	}
	if s.codes == nil {
		s.codes = map[uint16]string{}
	}
	s.codes[uint16(id)] = code
}

func (s *styles) finish() {
	s.dates = make([]bool, len(s.formats))
	for i, f := range s.formats {
		s.dates[i] = IsDateFormat(s.code(f))
	}
}

// lookup is the format of a style and whether it shows a date.
func (s *styles) lookup(style int) (format uint16, date bool) {
	if style < 0 || style >= len(s.formats) {
		return 0, false
	}
	return s.formats[style], s.dates[style]
}

// parseStyles reads styles.xml: numFmts and cellXfs.
func parseStyles(r io.Reader, part string, maxToken int) (*styles, error) {
	s := &styles{}
	x := newXMLScanner(r, part, maxToken)
	inside := false
	for {
		kind, err := x.next()
		if err != nil {
			return nil, wrapRead(err)
		}
		switch {
		case kind == tokenEOF:
			s.finish()
			return s, nil
		case kind == tokenEnd && string(x.name) == "cellXfs":
			inside = false
		case kind != tokenStart:
		case string(x.name) == "cellXfs":
			inside = !x.empty
		case string(x.name) == "numFmt":
			if id, err := strconv.Atoi(x.attr("numFmtId")); err == nil {
				s.addFormat(id, x.textAttr("formatCode"))
			}
		case string(x.name) == "xf" && inside:
			id, err := strconv.Atoi(x.attr("numFmtId"))
			if err != nil {
				id = 0
			}
			s.addStyle(id)
		}
	}
}

// wrapRead makes an error of the source one of ours.
func wrapRead(err error) error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return &Error{Code: CodeCorrupt, Cause: err}
	}
	return &Error{Code: CodeRead, Cause: err}
}

// builtinFormats are the codes of the built-in number formats (ECMA-376 part 1, 18.8.30, with its Chinese columns).
var builtinFormats = map[uint16]string{
	1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 9: "0%", 10: "0.00%", 11: "0.00E+00",
	14: "yyyy/m/d", 15: "d-mmm-yy", 16: "d-mmm", 17: "mmm-yy", 18: "h:mm AM/PM", 19: "h:mm:ss AM/PM", 20: "h:mm",
	21: "h:mm:ss", 22: "yyyy/m/d h:mm",
	27: chineseMonth, 28: chineseDay, 29: chineseDay, 30: "m-d-yy", 31: `yyyy"年"m"月"d"日"`,
	32: `h"时"mm"分"`, 33: `h"时"mm"分"ss"秒"`, 34: `上午/下午h"时"mm"分"`, 35: `上午/下午h"时"mm"分"ss"秒"`, 36: chineseMonth,
	45: "mm:ss", 46: "[h]:mm:ss", 47: "mm:ss.0", 49: "@",
	50: chineseMonth, 51: chineseDay, 52: chineseMonth, 53: chineseDay, 54: chineseDay,
	55: `上午/下午h"时"mm"分"`, 56: `上午/下午h"时"mm"分"ss"秒"`, 57: chineseMonth, 58: chineseDay,
}

const (
	chineseMonth = `yyyy"年"m"月"`
	chineseDay   = `m"月"d"日"`
)

func builtinFormat(id uint16) string { return builtinFormats[id] }

// IsDateFormat reports whether a number format shows a date. One that shows only a time or a duration does not.
func IsDateFormat(code string) bool {
	var month, clock bool
	for i := 0; i < len(code); i++ {
		switch c := code[i]; c {
		case ';':
			return month && !clock
		case '"':
			n := strings.IndexByte(code[i+1:], '"')
			if n < 0 {
				return month && !clock
			}
			i += n + 1
		case '[':
			n := strings.IndexByte(code[i:], ']')
			if n < 0 {
				return false
			}
			i += n
		case '\\', '_', '*':
			i++
		case 'y', 'Y', 'd', 'D':
			return true
		case 'h', 'H', 's', 'S':
			clock = true
		case 'm', 'M':
			month = true
		case 'A', 'a', 'G', 'g':
			i += len(wordAt(code[i:]))
		}
	}
	return month && !clock
}

// wordAt is what follows the first letter of a word that is no part of a date, as AM/PM and General.
func wordAt(s string) string {
	for _, w := range []string{"AM/PM", "A/P", "General"} {
		if len(s) >= len(w) && strings.EqualFold(s[:len(w)], w) {
			return w[1:]
		}
	}
	return ""
}

// ParseSerial reads a date's serial number, as 39873 or 39873.5. Serial 60 of the 1900 calendar is the day that never
// was, 1900-02-29; it and what lies outside the years 1900 to 9999 are refused.
func ParseSerial(text string, date1904 bool) (time.Time, bool) {
	v, err := strconv.ParseFloat(text, 64)
	if err != nil || !(v >= 0 && v < 2958466) {
		return time.Time{}, false
	}
	day := int(v)
	seconds := int((v-float64(day))*86400 + 0.5)
	switch {
	case date1904:
		day += 1462
	case day == 60 || day == 0:
		return time.Time{}, false
	case day < 60:
		day++
	}
	if day >= 2958466 {
		return time.Time{}, false
	}
	return time.Date(1899, 12, 30+day, 0, 0, seconds, 0, time.UTC), true
}

// LostDigits reports whether a number's text shows that digits were lost: it has an exponent and more digits before
// its point than the fifteen a spreadsheet keeps, as 3.50123199001011E+17, which once was an identity number.
func LostDigits(text string) bool {
	i := strings.IndexAny(text, "eE")
	if i <= 0 || strings.Trim(text[:i], "+-.0123456789") != "" {
		return false
	}
	exp, err := strconv.Atoi(text[i+1:])
	return err == nil && exp >= 15
}

// Padded is a whole number's text with the leading zeros that a format as "000000" shows; any other number or format
// leaves the text as it is.
func Padded(text, format string) string {
	zeros, digits := strings.Trim(format, "0") == "", strings.Trim(text, "0123456789") == ""
	if len(text) >= len(format) || text == "" || !zeros || !digits {
		return text
	}
	return format[:len(format)-len(text)] + text
}
