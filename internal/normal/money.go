package normal

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// MoneyResult is an exact amount in whole units of a currency.
type MoneyResult struct {
	Amount   string // exact decimal in the main unit, in the writing of Number: "530000", "1234.5"
	Currency string // ISO 4217: CNY, USD, HKD, …
	Notes    []Note
}

// String gives "530000 CNY", which Money reads back.
func (m MoneyResult) String() string { return m.Amount + " " + m.Currency }

func (m MoneyResult) value(s string) string {
	if len(m.Notes) == 0 {
		return s
	}
	return m.String()
}

// Money reads an amount: 53万人民币, 1,000(万元人民币), 1,234.50元, USD 300, 伍拾叁万元整. Without a currency it is taken for
// CNY, which a note says. There are no floating-point numbers in it.
func Money(s string) (MoneyResult, error) {
	if amount, currency, ok := strings.Cut(s, " "); ok && isISO(currency) && isPlainNumber(amount) {
		return MoneyResult{Amount: amount, Currency: currency}, nil
	}
	if err := SeveralValues(KindMoney, s); err != nil {
		return MoneyResult{}, err
	}
	out, did, err := clean(s, modeCode, maxCodeRunes)
	if err != nil {
		return MoneyResult{}, err
	}
	if out == "" {
		return MoneyResult{}, refuse(CodeEmpty, "", "")
	}
	if err := cellError(out); err != nil {
		return MoneyResult{}, err
	}
	out, did = trimApostrophe(out, did)
	p := moneyParser{}
	d, ok := p.parse(out)
	if p.conflict {
		return MoneyResult{}, refuse(CodeMoneyCurrencies, s, "")
	}
	if !ok || d.digits() > maxDigits {
		if isScientific(out) {
			return MoneyResult{}, refuse(CodeDamagedScientific, s, "")
		}
		return MoneyResult{}, refuse(CodeMoneyUnreadable, s, "")
	}
	m := MoneyResult{Amount: d.String(), Currency: p.currency}
	if m.Currency == "" {
		m.Currency = "CNY"
	}
	m.Notes = append(did.notes(s, m.String()), Note{Code: CodeMoneyStyle, Old: s, New: m.String()})
	if p.currency == "" && !p.yuan {
		m.Notes = append(m.Notes, Note{Code: CodeMoneyCurrency, Old: s, New: m.String()})
	}
	return m, nil
}

// moneyParser collects what stands around the figures.
type moneyParser struct {
	currency string
	yuan     bool // 元 without a country
	conflict bool // two currencies
	zeros    int
}

// parse takes the words off both ends until only a number is left.
func (p *moneyParser) parse(s string) (decimal, bool) {
	s = stripBrackets(s)
	s = strings.TrimSpace(s)
	for s != "" {
		rest, ok := p.word(s, strings.CutPrefix)
		if !ok {
			break
		}
		s = strings.TrimLeft(rest, " :")
	}
	if d, ok := p.hanAmount(s); ok {
		return d, true
	}
	for s != "" {
		rest, ok := p.suffix(s)
		if !ok {
			break
		}
		s = strings.TrimRight(rest, " ")
	}
	if p.zeros > 16 || s == "" {
		return decimal{}, false
	}
	d, ok := parseDecimal(s)
	if !ok {
		return decimal{}, false
	}
	return d.shift(p.zeros), true
}

// suffix takes a multiplier, a currency or 整 off the end.
func (p *moneyParser) suffix(s string) (string, bool) {
	for _, word := range []string{"整", "正"} {
		if rest, ok := strings.CutSuffix(s, word); ok {
			return rest, true
		}
	}
	if rest, ok := p.word(s, strings.CutSuffix); ok {
		return rest, true
	}
	for _, m := range []struct {
		word  string
		zeros int
	}{{"万", 4}, {"萬", 4}, {"亿", 8}, {"億", 8}, {"千", 3}, {"仟", 3}, {"百", 2}, {"佰", 2}} {
		if rest, ok := strings.CutSuffix(s, m.word); ok {
			p.zeros += m.zeros
			return rest, true
		}
	}
	return s, false
}

// word takes the name of a currency off one end.
func (p *moneyParser) word(s string, cut func(s, word string) (string, bool)) (string, bool) {
	for _, c := range currencies {
		rest, ok := cut(s, c.word)
		if !ok {
			continue
		}
		switch {
		case c.iso == "":
			p.yuan = true
		case p.currency != "" && p.currency != c.iso:
			p.conflict = true
		default:
			p.currency = c.iso
		}
		return rest, true
	}
	return s, false
}

// currencies by the words that people write, the longer before the shorter that it ends or begins with.
var currencies = [...]struct{ word, iso string }{
	{"人民币元", "CNY"}, {"元人民币", "CNY"}, {"人民币圆", "CNY"}, {"人民币", "CNY"},
	{"RMB", "CNY"}, {"rmb", "CNY"}, {"CNY", "CNY"}, {"¥", "CNY"}, {"￥", "CNY"},
	{"美元", "USD"}, {"美金", "USD"}, {"USD", "USD"}, {"US$", "USD"},
	{"港币元", "HKD"}, {"港币", "HKD"}, {"港元", "HKD"}, {"港幣", "HKD"}, {"HKD", "HKD"}, {"HK$", "HKD"},
	{"澳门元", "MOP"}, {"澳门币", "MOP"}, {"MOP", "MOP"},
	{"新台币元", "TWD"}, {"新台币", "TWD"}, {"台币", "TWD"}, {"TWD", "TWD"},
	{"日元", "JPY"}, {"日圆", "JPY"}, {"日币", "JPY"}, {"JPY", "JPY"},
	{"欧元", "EUR"}, {"EUR", "EUR"}, {"€", "EUR"}, {"英镑", "GBP"}, {"GBP", "GBP"}, {"£", "GBP"},
	{"新加坡元", "SGD"}, {"新加坡币", "SGD"}, {"新币", "SGD"}, {"SGD", "SGD"},
	{"德国马克", "DEM"}, {"马克", "DEM"}, {"DEM", "DEM"}, {"法国法郎", "FRF"}, {"FRF", "FRF"},
	{"瑞士法郎", "CHF"}, {"CHF", "CHF"}, {"澳大利亚元", "AUD"}, {"澳元", "AUD"}, {"AUD", "AUD"},
	{"加拿大元", "CAD"}, {"加元", "CAD"}, {"CAD", "CAD"}, {"韩元", "KRW"}, {"KRW", "KRW"},
	{"泰铢", "THB"}, {"THB", "THB"}, {"马来西亚林吉特", "MYR"}, {"林吉特", "MYR"}, {"MYR", "MYR"},
	{"菲律宾比索", "PHP"}, {"PHP", "PHP"}, {"意大利里拉", "ITL"}, {"ITL", "ITL"},
	{"元", ""}, {"圆", ""}, {"块", ""},
}

func isISO(s string) bool {
	if len(s) != 3 || s[0] < 'A' || s[0] > 'Z' {
		return false
	}
	for _, c := range currencies {
		if c.iso == s {
			return true
		}
	}
	return false
}

func stripBrackets(s string) string {
	return strings.Map(func(r rune) rune {
		if bracket(r, false) == '(' || bracket(r, false) == ')' {
			return -1
		}
		return r
	}, s)
}

// hanAmount reads Chinese figures: 伍拾叁万元整, 壹仟贰佰叁拾肆元伍角陆分.
func (p *moneyParser) hanAmount(s string) (decimal, bool) {
	r, _ := utf8.DecodeRuneInString(s)
	if unit, _ := hanUnit(r); hanDigit(r) < 0 && unit == 0 {
		return decimal{}, false
	}
	s = strings.TrimRight(s, "整正 ")
	for {
		rest, ok := p.word(s, strings.CutSuffix)
		if !ok {
			break
		}
		s = strings.TrimRight(rest, " ")
	}
	whole, cents, found := strings.Cut(strings.ReplaceAll(s, "圆", "元"), "元")
	p.yuan = p.yuan || found
	n, ok := hanNumber(whole)
	if !ok {
		return decimal{}, false
	}
	fraction, ok := hanCents(cents)
	if !ok {
		return decimal{}, false
	}
	return parseDecimal(strconv.FormatUint(n, 10) + "." + fraction)
}

// hanCents gives the two digits after the point: 伍角陆分 is 56.
func hanCents(s string) (string, bool) {
	tenths, hundredths := "0", "0"
	for _, part := range []struct {
		word string
		to   *string
	}{{"角", &tenths}, {"分", &hundredths}} {
		head, rest, found := strings.Cut(s, part.word)
		if !found {
			continue
		}
		r, n := utf8.DecodeRuneInString(strings.TrimPrefix(head, "零"))
		v := hanDigit(r)
		if v < 0 || n != len(strings.TrimPrefix(head, "零")) {
			return "", false
		}
		*part.to, s = strconv.Itoa(v), rest
	}
	return tenths + hundredths, s == ""
}
