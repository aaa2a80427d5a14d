package normal

import (
	"strconv"
	"strings"

	"github.com/elicense/elicense/internal/code"
)

// hanDate reads 2009年3月1日 and 二〇〇九年三月一日, also mixed.
func (p *dateParser) hanDate(s string) (code.Date, error) {
	year, rest, _ := strings.Cut(s, "年")
	month, rest, found := strings.Cut(rest, "月")
	if !found {
		return code.Date{}, incompleteOr(rest)
	}
	day, rest := cutDay(rest)
	y, ok := hanYear(strings.TrimSpace(year))
	if !ok {
		return code.Date{}, refuse(CodeDateUnreadable, "", "")
	}
	if len(y) <= 2 {
		return code.Date{}, refuse(CodeDateShortYear, "", "")
	}
	if strings.TrimSpace(day) == "" {
		return code.Date{}, incompleteOr(rest)
	}
	if strings.Contains(day, "初") {
		return code.Date{}, refuse(CodeDateEra, "", "")
	}
	m, okMonth := hanSmall(strings.TrimSpace(month))
	d, okDay := hanSmall(strings.TrimSpace(day))
	if !okMonth || !okDay {
		return code.Date{}, refuse(CodeDateUnreadable, "", "")
	}
	return p.finish(y, strconv.Itoa(m), strconv.Itoa(d), rest)
}

func incompleteOr(rest string) error {
	if strings.TrimSpace(rest) == "" {
		return refuse(CodeDateIncomplete, "", "")
	}
	return refuse(CodeDateUnreadable, "", "")
}

// cutDay takes the day off the front of what follows 月: up to 日 or 号, or the digits if neither stands there.
func cutDay(s string) (day, rest string) {
	s = strings.TrimLeft(s, " ")
	end := len(s)
	for k, r := range s {
		if r == '日' || r == '号' {
			return s[:k], s[k+len(string(r)):]
		}
		if hanDigit(r) < 0 && r != '十' && r != '廿' && r != '卅' && r != '初' && r != ' ' && (r < '0' || r > '9') {
			end = k
			break
		}
	}
	return s[:end], s[end:]
}

// hanYear gives a year in ASCII digits.
func hanYear(s string) (string, bool) {
	if allDigits(s) {
		return s, len(s) <= 4
	}
	var b []byte
	for _, r := range s {
		v := hanDigit(r)
		switch {
		case v >= 0:
		case r >= '0' && r <= '9':
			v = int(r - '0')
		case r == 'O' || r == 'o':
			v = 0
		default:
			return "", false
		}
		b = append(b, byte('0'+v))
	}
	return string(b), len(b) > 0 && len(b) <= 4
}

// hanSmall reads a month or a day: 3, 03, 三, 零三, 十二, 廿一, 二十, 卅, 元.
func hanSmall(s string) (int, bool) {
	if n := number(s); n >= 0 && len(s) <= 2 {
		return n, true
	}
	if s == "元" || s == "正" {
		return 1, true
	}
	t, ok := 1, true
	var rest string
	if after := trimAny(s, "廿", "卅"); after != s {
		t = 2
		if strings.HasPrefix(s, "卅") {
			t = 3
		}
		rest = trimAny(after, "十")
	} else {
		tens, ones, ten := strings.Cut(s, "十")
		if !ten {
			if tens, ones, ten = strings.Cut(s, "拾"); !ten {
				return oneHanDigit(s)
			}
		}
		if tens != "" {
			t, ok = oneHanDigit(tens)
		}
		rest = ones
	}
	u := 0
	if rest != "" && ok {
		u, ok = oneHanDigit(rest)
	}
	return t*10 + u, ok && t > 0
}

// oneHanDigit reads one Chinese digit, with a zero before it at most.
func oneHanDigit(s string) (int, bool) {
	n, seen := -1, 0
	for _, r := range s {
		v := hanDigit(r)
		if v < 0 || n > 0 {
			return 0, false
		}
		n = v
		seen++
	}
	return n, n >= 0 && seen <= 2
}

// hanDigit is the value of a Chinese digit, plain or capital, or -1.
func hanDigit(r rune) int {
	switch r {
	case '〇', '零', '○', '◯', '０':
		return 0
	case '一', '壹':
		return 1
	case '二', '贰', '貳', '两':
		return 2
	case '三', '叁', '參':
		return 3
	case '四', '肆':
		return 4
	case '五', '伍':
		return 5
	case '六', '陆', '陸':
		return 6
	case '七', '柒':
		return 7
	case '八', '捌':
		return 8
	case '九', '玖':
		return 9
	}
	return -1
}

// hanNumber reads a whole number in Chinese figures below 10^16: 伍拾叁万, 一百零二, 十五.
func hanNumber(s string) (uint64, bool) {
	var total, section, digit uint64
	pending, any := false, false
	for _, r := range s {
		if v := hanDigit(r); v >= 0 {
			if pending && digit != 0 {
				return 0, false
			}
			digit, pending, any = uint64(v), true, true
			continue
		}
		unit, big := hanUnit(r)
		if unit == 0 {
			return 0, false
		}
		if !big {
			if !pending || digit == 0 {
				if unit != 10 {
					return 0, false
				}
				digit = 1
			}
			section, digit, pending, any = section+digit*unit, 0, false, true
			continue
		}
		sum := section + digit
		if unit == 1e8 {
			sum, total = sum+total, 0
		}
		if sum == 0 || sum > 1e8 {
			return 0, false
		}
		total, section, digit, pending = total+sum*unit, 0, 0, false
	}
	n := total + section + digit
	return n, any && n < 1e16
}

func hanUnit(r rune) (unit uint64, big bool) {
	switch r {
	case '十', '拾':
		return 10, false
	case '百', '佰':
		return 100, false
	case '千', '仟':
		return 1000, false
	case '万', '萬':
		return 1e4, true
	case '亿', '億':
		return 1e8, true
	}
	return 0, false
}
