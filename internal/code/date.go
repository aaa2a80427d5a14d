package code

// Date is a calendar day without a time zone; the zero value is no day.
type Date struct{ Year, Month, Day int }

// Years that a Date may have: before them lies no licence and no living holder, after them no four digits.
const (
	MinYear = 1800
	MaxYear = 9999
)

// Valid reports whether the day exists in the Gregorian calendar between MinYear and MaxYear.
func (d Date) Valid() bool {
	return d.Year >= MinYear && d.Year <= MaxYear && d.Month >= 1 && d.Month <= 12 &&
		d.Day >= 1 && d.Day <= daysIn(d.Year, d.Month)
}

// Before reports whether d is an earlier day than e.
func (d Date) Before(e Date) bool {
	if d.Year != e.Year {
		return d.Year < e.Year
	}
	if d.Month != e.Month {
		return d.Month < e.Month
	}
	return d.Day < e.Day
}

// String gives 2009-03-01, or nothing for the zero value.
func (d Date) String() string {
	if d == (Date{}) {
		return ""
	}
	return string(d.AppendTo(make([]byte, 0, 10)))
}

// AppendTo appends 2009-03-01 to dst.
func (d Date) AppendTo(dst []byte) []byte {
	dst = append(padded(dst, max(d.Year, 0), 4), '-')
	dst = append(padded(dst, max(d.Month, 0), 2), '-')
	return padded(dst, max(d.Day, 0), 2)
}

func daysIn(year, month int) int {
	switch month {
	case 4, 6, 9, 11:
		return 30
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	}
	return 31
}
