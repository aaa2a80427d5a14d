package catalogue

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/elicense/elicense/internal/code"
)

// rules checks that the rules of a field can be kept and belong to its kind.
func (c *checker) rules(path string, f *Field) {
	r := f.Rules
	wordy := f.Kind == KindText || f.Kind == KindCode
	ordered := f.Kind == KindNumber || f.Kind == KindMoney || f.Kind == KindDate
	for _, rule := range []struct {
		name    string
		used    bool
		allowed bool
	}{
		{"minLength", r.MinLength != 0, wordy},
		{"maxLength", r.MaxLength != 0, wordy},
		{"pattern", r.Pattern != "", wordy},
		{"enum", len(r.Enum) > 0, wordy},
		{"min", r.Min != "", ordered},
		{"max", r.Max != "", ordered},
		{"notAfterToday", r.NotAfterToday, f.Kind == KindDate},
		{"maxBytes", r.MaxBytes != 0, f.Kind == KindImage},
	} {
		if rule.used && !rule.allowed {
			c.add(Problem{Code: CodeRuleKind, Path: path + "." + rule.name, Found: string(f.Kind)})
		}
	}
	c.sizes(path, r)
	c.pattern(path+".pattern", r.Pattern)
	c.texts(path+".enum", r.Enum, MaxEnumValues)
	if ordered {
		c.bounds(path, f)
	}
}

func (c *checker) sizes(path string, r Rules) {
	for _, size := range []struct {
		name        string
		value, most int
	}{
		{"minLength", r.MinLength, maxValueRunes},
		{"maxLength", r.MaxLength, maxValueRunes},
		{"maxBytes", r.MaxBytes, MaxImageBytes},
	} {
		if size.value < 0 || size.value > size.most {
			c.count(CodeNotNumber, path+"."+size.name, size.value, size.most)
		}
	}
	if r.MaxLength > 0 && r.MinLength > r.MaxLength {
		c.add(Problem{Code: CodeRuleRange, Path: path + ".minLength"})
	}
}

func (c *checker) pattern(path, pattern string) {
	if pattern == "" || !c.visible(path, pattern) {
		return
	}
	want := strconv.Itoa(MaxPatternBytes)
	if len(pattern) > MaxPatternBytes {
		c.add(Problem{Code: CodePattern, Path: path, Found: strconv.Itoa(len(pattern)), Want: want})
		return
	}
	if _, err := compilePattern(pattern); err != nil {
		c.add(Problem{Code: CodePattern, Path: path, Found: err.Error(), Want: want})
	}
}

// compilePattern compiles a pattern so that it matches whole values only.
func compilePattern(pattern string) (*regexp.Regexp, error) {
	if _, err := regexp.Compile(pattern); err != nil {
		return nil, err
	}
	return regexp.Compile(`\A(?:` + pattern + `)\z`)
}

// bounds checks min and max of an ordered kind.
func (c *checker) bounds(path string, f *Field) {
	low, okLow := c.bound(path+".min", f.Kind, f.Rules.Min)
	high, okHigh := c.bound(path+".max", f.Kind, f.Rules.Max)
	if okLow && okHigh && low.compare(high) > 0 {
		c.add(Problem{Code: CodeRuleRange, Path: path + ".min"})
	}
}

func (c *checker) bound(path string, kind Kind, s string) (bound, bool) {
	if s == "" {
		return bound{}, false
	}
	b, ok := parseBound(kind, s)
	if !ok && kind == KindDate {
		c.add(Problem{Code: CodeDate, Path: path, Found: s})
	}
	if !ok && kind != KindDate {
		c.add(Problem{Code: CodeNumberText, Path: path, Found: s})
	}
	return b, ok
}

// bound is a comparable normal value: a day or a decimal number.
type bound struct {
	set    bool
	day    code.Date
	number string
}

func parseBound(kind Kind, s string) (bound, bool) {
	if kind == KindDate {
		d, ok := parseDay(s)
		return bound{set: ok, day: d}, ok
	}
	if !plainDecimal.MatchString(s) || s == "-0" {
		return bound{}, false
	}
	return bound{set: true, number: s}, true
}

// plainDecimal is the normal writing of a number.
var plainDecimal = regexp.MustCompile(`^-?(0|[1-9][0-9]{0,29})(\.[0-9]{0,29}[1-9])?$`)

func (b bound) compare(other bound) int {
	if b.number == "" {
		return compareDays(b.day, other.day)
	}
	return compareDecimals(b.number, other.number)
}

// compareDecimals orders two numbers in normal writing.
func compareDecimals(a, b string) int {
	negA, negB := strings.HasPrefix(a, "-"), strings.HasPrefix(b, "-")
	switch {
	case negA && negB:
		return compareDecimals(b[1:], a[1:])
	case negA:
		return -1
	case negB:
		return 1
	}
	wholeA, fractionA, _ := strings.Cut(a, ".")
	wholeB, fractionB, _ := strings.Cut(b, ".")
	if len(wholeA) != len(wholeB) {
		return len(wholeA) - len(wholeB)
	}
	if d := strings.Compare(wholeA, wholeB); d != 0 {
		return d
	}
	return strings.Compare(fractionA, fractionB)
}

// reservedNames are the metadata names of GB/T 36903, those a source cannot bring among them.
var reservedNames = slices.Concat(metaNames(), []string{
	MetaIdentifier, MetaTypeName, "ZZQZR", "ZZQZSJ", "ZZQZMC", "CJSJ", "JZJZZSJ", "JZJZZZ", "JZJZZSY", "JZJYXQJZSJ",
})
