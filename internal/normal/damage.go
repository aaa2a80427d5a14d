package normal

import "strings"

// exactDigits is how many digits a spreadsheet keeps of a number; from the next on it writes 0.
const exactDigits = 15

// DamagedNumber refuses a long number that a spreadsheet has damaged: 3.50123E+17, a row of #, a number of more than
// 15 digits whose rest is all 0. Numeric says that the cell was stored as a number, which makes each of the latter
// certain; in a text only 18 digits and more are refused, since a shorter number may well end in a 0. Nil means that
// it looks whole.
func DamagedNumber(s string, numeric bool) error {
	out, _, err := clean(s, modeCode, maxCodeRunes)
	if err != nil {
		return err
	}
	out, _ = trimApostrophe(out, 0)
	return damaged(out, numeric)
}

// damaged judges a clean string.
func damaged(s string, numeric bool) error {
	if err := cellError(s); err != nil {
		return err
	}
	if isScientific(s) && strings.ContainsAny(s, ".+") { // 12E5 may well be a number of an office
		return refuse(CodeDamagedScientific, s, "")
	}
	n := len(strings.TrimSuffix(s, ".0"))
	if lostDigits(s[:n]) && (numeric || n >= 18) {
		return refuse(CodeDamagedRounded, s, "")
	}
	if numeric && n > exactDigits && allDigits(s[:n]) {
		return refuse(CodeDamagedRounded, s, "")
	}
	return nil
}

// lostDigits reports more than 15 digits with nothing but 0 after the 15th.
func lostDigits(s string) bool {
	return len(s) > exactDigits && allDigits(s) && strings.Trim(s[exactDigits:], "0") == "" &&
		strings.Trim(s, "0") != ""
}

// cellError refuses what a spreadsheet shows in place of a value.
func cellError(s string) error {
	if s == "" || s[0] != '#' {
		return nil
	}
	if strings.Trim(s, "#") == "" {
		return refuse(CodeCellHashes, s, "")
	}
	switch strings.ToUpper(s) {
	case "#N/A", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NULL!", "#NUM!", "#SPILL!", "#CALC!":
		return refuse(CodeCellError, s, "")
	}
	return nil
}

// isScientific reports 3.50123E+17.
func isScientific(s string) bool {
	_, _, ok := cutExponent(s)
	return ok
}

// cutExponent splits 3.5E+17 into the number and the exponent in digits with its sign, if it has a digit of each.
func cutExponent(s string) (mantissa, exponent string, ok bool) {
	k := strings.IndexAny(s, "eE")
	if k < 1 {
		return "", "", false
	}
	mantissa, exponent = s[:k], strings.TrimPrefix(s[k+1:], "+")
	whole, fraction, point := strings.Cut(strings.TrimPrefix(mantissa, "-"), ".")
	ok = allDigits(whole) && len(whole) <= 3 && (!point || allDigits(fraction)) &&
		allDigits(strings.TrimPrefix(exponent, "-")) && len(exponent) <= 4
	return mantissa, exponent, ok
}

// parseScientific reads a scientific number if it shows every digit it stands for: 1.5E-3, 1.25E+2, but not 3.5E+5.
func parseScientific(s string) (decimal, bool) {
	mantissa, exponent, ok := cutExponent(s)
	if !ok {
		return decimal{}, false
	}
	d, ok := parseDecimal(mantissa)
	negative := strings.HasPrefix(exponent, "-")
	n := 0
	for _, c := range strings.TrimPrefix(exponent, "-") {
		n = n*10 + int(c-'0')
	}
	if !ok || n > maxDigits {
		return decimal{}, false
	}
	if !negative {
		_, fraction, _ := strings.Cut(mantissa, ".")
		if n > len(fraction) {
			return decimal{}, false
		}
		return d.shift(n), true
	}
	digits := strings.Repeat("0", n) + d.whole
	d.fraction = strings.TrimRight(digits[len(digits)-n:]+d.fraction, "0")
	d.whole = strings.TrimLeft(digits[:len(digits)-n], "0")
	return d, true
}

// trimApostrophe takes off what keeps a number a text in a spreadsheet: '350…, ="350…".
func trimApostrophe(s string, did change) (string, change) {
	for len(s) >= 2 {
		if body, ok := strings.CutPrefix(s, `="`); ok && len(body) > 0 && strings.HasSuffix(body, `"`) {
			s, did = strings.Trim(body[:len(body)-1], " "), did|didFormulaText
			continue
		}
		body := trimAny(s, "'", "`", "‘", "’")
		if body == s {
			break
		}
		s, did = strings.TrimLeft(body, " "), did|didApostrophe
	}
	return s, did
}

// SeveralValues refuses a cell that holds more than one value of a kind: two numbers with 、 or ; or a line break
// between, two firms, two dates. Nil means it holds one, or that the kind is text.
func SeveralValues(kind Kind, s string) error {
	if kind == KindText || !hasSeparator(kind, s) {
		return nil
	}
	parts := strings.FieldsFunc(s, func(r rune) bool { return separates(r, kind) })
	n := 0
	for _, p := range parts {
		if p = strings.TrimSpace(p); p != "" && !partCounts(kind, p) {
			return nil
		} else if p != "" {
			n++
		}
	}
	if n < 2 {
		return nil
	}
	return refuse(CodeSeveralValues, s, "1")
}

// hasSeparator is the cheap test: is there any separator of the kind at all.
func hasSeparator(kind Kind, s string) bool {
	for _, r := range s {
		if separates(r, kind) {
			return true
		}
	}
	return false
}

func separates(r rune, kind Kind) bool {
	switch r {
	case '\n', '\r', '、', '；', ';', '|', '｜', 0x2028, 0x2029:
		return true
	case ',', '，':
		return kind != KindNumber && kind != KindMoney && kind != KindOrgName
	case '/', '／', '&', '＆', '和', '及':
		return kind == KindUSCC || kind == KindCitizen || kind == KindIdentifier
	}
	return false
}

// partCounts reports whether a part of a cell looks like a value of its own.
func partCounts(kind Kind, p string) bool {
	switch kind {
	case KindOrgName:
		return endsLikeOrg(p)
	case KindDate, KindDivision:
		return letters(p) > 0 || hasHan(p)
	case KindPlainCode, KindUSCC, KindCitizen:
		return letters(p) >= 4
	case KindText, KindNumber, KindMoney, KindIdentifier:
	}
	return letters(p) > 0
}

func endsLikeOrg(p string) bool {
	p = strings.TrimRight(p, "）) ")
	for _, suffix := range []string{
		"公司", "厂", "店", "合作社", "中心", "学校", "医院", "行", "部", "院", "所", "局", "社", "场", "站", "厅", "委员会",
	} {
		if strings.HasSuffix(p, suffix) {
			return true
		}
	}
	return false
}

// letters counts digits and Latin letters, full-width ones too.
func letters(p string) int {
	n := 0
	for _, r := range p {
		if r >= 0xFF01 && r <= 0xFF5E {
			r -= 0xFEE0
		}
		if r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' {
			n++
		}
	}
	return n
}
