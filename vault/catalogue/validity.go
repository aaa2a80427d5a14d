package catalogue

import (
	"strconv"
	"strings"
	"time"

	"github.com/elicense/elicense/internal/code"
)

// Validity says how long licences of a type may be valid. The zero value allows any time.
type Validity struct {
	Ranges Ranges `json:"ranges,omitempty"` // allowed lengths (有效期限范围); none means any
	Loose  bool   `json:"loose,omitempty"`  // the lengths inform only, since old licences or single decisions deviate
	Field  string `json:"field,omitempty"`  // date field the end is in; empty: ZZYXQJZRQ
}

// Ranges are the allowed lengths of a validity, written as GB/T 36902 joins them: 3年^5年^长期.
type Ranges []Range

// Range is one allowed length: 3年, 6月, 90日, ≤5年 or 长期.
type Range struct {
	N    int  // 0 for 长期
	Unit byte // 'Y', 'M', 'D', or 'L' for 长期
	UpTo bool // any shorter length too
}

const (
	openEnd   = "长期"
	openEndEN = "open end"
	atMost    = "≤"
)

// String gives the text of a range.
func (r Range) String() string {
	if r.Unit == 'L' {
		return openEnd
	}
	unit := map[byte]string{'Y': "年", 'M': "月", 'D': "日"}[r.Unit]
	s := strconv.Itoa(r.N) + unit
	if r.UpTo {
		s = atMost + s
	}
	return s
}

// String joins the ranges by '^'.
func (r Ranges) String() string {
	parts := make([]string, len(r))
	for i := range r {
		parts[i] = r[i].String()
	}
	return strings.Join(parts, "^")
}

// english gives the ranges to a person: 3 years, at most 5 years, open end.
func (r Ranges) english() string {
	parts := make([]string, len(r))
	for i := range r {
		parts[i] = r[i].english()
	}
	return strings.Join(parts, ", ")
}

func (r Range) english() string {
	if r.Unit == 'L' {
		return openEndEN
	}
	s := strconv.Itoa(r.N) + " " + map[byte]string{'Y': "year", 'M': "month", 'D': "day"}[r.Unit]
	if r.N > 1 {
		s += "s"
	}
	if r.UpTo {
		s = "at most " + s
	}
	return s
}

// MarshalText gives String.
func (r Ranges) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// ParseRanges reads what String writes.
func ParseRanges(s string) (Ranges, bool) {
	const most = 20
	parts := strings.Split(s, "^")
	if len(parts) > most {
		return nil, false
	}
	out := make(Ranges, 0, len(parts))
	for _, part := range parts {
		r, ok := parseRange(part)
		if !ok {
			return nil, false
		}
		out = append(out, r)
	}
	return out, true
}

func parseRange(s string) (Range, bool) {
	if s == openEnd {
		return Range{Unit: 'L'}, true
	}
	var r Range
	s, r.UpTo = strings.CutPrefix(s, atMost)
	for suffix, unit := range map[string]byte{"年": 'Y', "月": 'M', "日": 'D'} {
		if digits, ok := strings.CutSuffix(s, suffix); ok {
			r.Unit = unit
			s = digits
			break
		}
	}
	n, err := strconv.Atoi(s)
	if err != nil || strconv.Itoa(n) != s || r.Unit == 0 || n < 1 {
		return Range{}, false
	}
	r.N = n
	_, ok := r.end(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC))
	return r, ok
}

// end gives the day a range ends that begins on start; false if it is longer than MaxValidityYears.
func (r Range) end(start time.Time) (time.Time, bool) {
	const monthsPerYear, daysPerYear = 12, 366
	switch {
	case r.Unit == 'Y' && r.N <= MaxValidityYears:
		return start.AddDate(r.N, 0, 0), true
	case r.Unit == 'M' && r.N <= MaxValidityYears*monthsPerYear:
		return start.AddDate(0, r.N, 0), true
	case r.Unit == 'D' && r.N <= MaxValidityYears*daysPerYear:
		return start.AddDate(0, 0, r.N), true
	}
	return time.Time{}, false
}

// allows reports whether a licence may run from start until end. The last day may be the day before the same date, or
// that date itself: both are in use.
func (r Ranges) allows(start, end code.Date, open bool) bool {
	from, until := asTime(start), asTime(end)
	for _, one := range r {
		if one.Unit == 'L' || open {
			if one.Unit == 'L' && open {
				return true
			}
			continue
		}
		last, _ := one.end(from)
		if until.Equal(last) || until.Equal(last.AddDate(0, 0, -1)) || one.UpTo && until.Before(last) {
			return true
		}
	}
	return len(r) == 0
}

func asTime(d code.Date) time.Time {
	return time.Date(d.Year, time.Month(d.Month), d.Day, 0, 0, 0, 0, time.UTC)
}

// parseDay reads a normal date, 2009-03-01.
func parseDay(s string) (code.Date, bool) {
	const shape = "2006-01-02"
	if len(s) != len(shape) || s[4] != '-' || s[7] != '-' {
		return code.Date{}, false
	}
	year, ok1 := digits(s[:4])
	month, ok2 := digits(s[5:7])
	day, ok3 := digits(s[8:])
	d := code.Date{Year: year, Month: month, Day: day}
	t := asTime(d)
	if !ok1 || !ok2 || !ok3 || t.Year() != year || int(t.Month()) != month || t.Day() != day {
		return code.Date{}, false
	}
	return d, true
}

func digits(s string) (int, bool) {
	n := 0
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
		n = n*10 + int(s[i]-'0')
	}
	return n, true
}

// compareDays orders two days.
func compareDays(a, b code.Date) int {
	return (a.Year-b.Year)*10000 + (a.Month-b.Month)*100 + a.Day - b.Day
}
