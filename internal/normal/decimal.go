package normal

import "strings"

// maxDigits is the most digits a number may have, on both sides of the point together.
const maxDigits = 60

// decimal is an exact decimal number: digits without leading and trailing zeros.
type decimal struct {
	negative bool
	whole    string // without leading zeros; empty is 0
	fraction string // without trailing zeros
}

// String gives the normal writing: -1234.5.
func (d decimal) String() string {
	if d.whole == "" && d.fraction == "" {
		return "0"
	}
	whole := d.whole
	if whole == "" {
		whole = "0"
	}
	if d.negative {
		whole = "-" + whole
	}
	if d.fraction == "" {
		return whole
	}
	return whole + "." + d.fraction
}

// digits is how many digits the normal writing has: the limit is one of what is written, so that it is read again.
func (d decimal) digits() int { return max(len(d.whole), 1) + len(d.fraction) }

// shift multiplies by ten to the n, n >= 0.
func (d decimal) shift(n int) decimal {
	if n == 0 {
		return d
	}
	f := d.fraction
	if len(f) < n {
		f += strings.Repeat("0", n-len(f))
	}
	d.whole = strings.TrimLeft(d.whole+f[:n], "0")
	d.fraction = strings.TrimRight(f[n:], "0")
	return d
}

// isPlainNumber reports the normal writing of a number, which needs no work.
func isPlainNumber(s string) bool {
	body := strings.TrimPrefix(s, "-")
	whole, fraction, point := strings.Cut(body, ".")
	if !allDigits(whole) || len(body) > maxDigits || len(whole) > 1 && whole[0] == '0' {
		return false
	}
	if point && (!allDigits(fraction) || fraction[len(fraction)-1] == '0') {
		return false
	}
	return body != "0" || s == "0"
}

// parseDecimal reads a number in ASCII: sign, thousands groups by comma or space, point, fraction.
func parseDecimal(s string) (decimal, bool) {
	var d decimal
	switch {
	case strings.HasPrefix(s, "-"):
		d.negative, s = true, s[1:]
	case strings.HasPrefix(s, "+"):
		s = s[1:]
	}
	whole, fraction, point := strings.Cut(s, ".")
	whole, ok := ungroup(whole)
	if !ok || point && fraction != "" && !allDigits(fraction) || whole == "" && fraction == "" {
		return decimal{}, false
	}
	if len(whole)+len(fraction) > maxDigits {
		return decimal{}, false
	}
	d.whole = strings.TrimLeft(whole, "0")
	d.fraction = strings.TrimRight(fraction, "0")
	return d, true
}

// ungroup takes out separators that stand every three digits.
func ungroup(s string) (string, bool) {
	for _, sep := range []string{",", " "} {
		if !strings.Contains(s, sep) {
			continue
		}
		groups := strings.Split(s, sep)
		for k, g := range groups {
			if !allDigits(g) || k > 0 && len(g) != 3 || k == 0 && len(g) > 3 {
				return "", false
			}
		}
		return strings.Join(groups, ""), true
	}
	return s, s == "" || allDigits(s)
}

func allDigits(s string) bool {
	for k := range len(s) {
		if s[k] < '0' || s[k] > '9' {
			return false
		}
	}
	return s != ""
}
