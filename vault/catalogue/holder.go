package catalogue

import (
	"strconv"
	"strings"
	"unicode"

	"github.com/elicense/elicense/internal/normal"
)

// Holder code types that are treated by themselves.
const (
	holderUSCC    = "001"
	holderFirm    = "099" // old registration numbers of firms among them, which have 15 digits
	holderCitizen = "111"
)

// holderSeparator joins several holders.
const holderSeparator = "^"

// holderCheck normalises codes of holders by the code types a licence type allows.
type holderCheck struct {
	uscc, citizen bool
	firm, other   bool // codes without a check digit: 099 of firms, any other
	multiple      bool
}

func newHolderCheck(h Holder) *holderCheck {
	c := &holderCheck{multiple: h.Multiple}
	for _, s := range h.CodeTypes {
		switch s {
		case holderUSCC:
			c.uscc = true
		case holderCitizen:
			c.citizen = true
		case holderFirm:
			c.firm, c.other = true, true
		default:
			c.other = true
		}
	}
	return c
}

// compare is the kind by which codes are compared when only one is possible.
func (c *holderCheck) compare() normal.Kind {
	switch {
	case c.uscc && !c.citizen && !c.other && !c.multiple:
		return normal.KindUSCC
	case c.citizen && !c.uscc && !c.other && !c.multiple:
		return normal.KindCitizen
	}
	return normal.KindPlainCode
}

// normalise reads one code, or several joined by '^' where the type allows it.
func (c *holderCheck) normalise(raw string, h Hints, name string) (normal.Result, Problems) {
	if !c.multiple || !strings.Contains(raw, holderSeparator) {
		res, err := c.one(raw, h)
		return res, refusedValue(name, err)
	}
	var out normal.Result
	var problems Problems
	var values []string
	for part := range strings.SplitSeq(raw, holderSeparator) {
		res, err := c.one(part, h)
		problems = append(problems, refusedValue(name, err)...)
		out.Notes = append(out.Notes, res.Notes...)
		values = append(values, res.Value)
	}
	out.Value = strings.Join(values, holderSeparator)
	return out, problems
}

// one reads a code as the first allowed type it is sound as. What has the length of a credit code or a citizen number
// and is not sound is refused, and never taken for a code without a check digit.
func (c *holderCheck) one(raw string, h Hints) (normal.Result, error) {
	var first error
	if c.uscc {
		res, err := normal.Value(normal.KindUSCC, raw, h.Options)
		if err == nil {
			return res, nil
		}
		first = err
	}
	if c.citizen {
		res, err := normal.Value(normal.KindCitizen, raw, h.Options)
		if err == nil {
			return res, nil
		}
		if first == nil || looksCitizen(raw) {
			first = err
		}
	}
	if c.other && (first == nil || !c.checked(raw)) {
		return normal.Value(normal.KindPlainCode, raw, h.Options)
	}
	return normal.Result{}, first
}

// checked reports the length of a code that would have to be sound: 18 characters, or the 15 digits of an old citizen
// number where they cannot be the registration number of a firm.
func (c *holderCheck) checked(s string) bool {
	n, all := measure(s)
	return n == codeLen || n == oldCodeLen && all && c.citizen && !c.firm
}

// Lengths of credit codes and citizen numbers.
const (
	codeLen    = 18
	oldCodeLen = 15
)

// measure counts the characters of a code without spaces and reports whether all are digits.
func measure(s string) (n int, all bool) {
	all = true
	for _, c := range s {
		if unicode.IsSpace(c) {
			continue
		}
		n++
		all = all && unicode.IsDigit(c)
	}
	return n, all
}

// looksCitizen reports that a code is a citizen number rather than a credit code: digits but for the last, and not
// beginning with the 9 of firms.
func looksCitizen(s string) bool {
	s = strings.TrimSpace(s)
	if len(s) != codeLen && len(s) != oldCodeLen {
		return false
	}
	_, ok := digits(s[:len(s)-1])
	return ok && s[0] != '9'
}

// checkHolder judges the holder's code type and that names and codes go together.
func (c *Compiled) checkHolder(row []string, problems Problems) Problems {
	if kind := c.value(row, MetaHolderCodeType); kind != "" && !c.holders[kind] {
		problems = append(problems, Problem{Code: CodeValueHolder, Path: MetaHolderCodeType, Found: kind,
			Want: strings.Join(c.typ.Holder.CodeTypes, ", ")})
	}
	if !c.typ.Holder.Multiple {
		return problems
	}
	names := strings.Count(c.value(row, MetaHolder), holderSeparator) + 1
	codes := c.value(row, MetaHolderCode)
	if n := strings.Count(codes, holderSeparator) + 1; codes != "" && n != names {
		problems = append(problems, Problem{Code: CodeValueHolders, Path: MetaHolderCode,
			Found: strconv.Itoa(names) + ":" + strconv.Itoa(n)})
	}
	return problems
}
