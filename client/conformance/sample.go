package conformance

import (
	"cmp"
	"strings"
	"time"

	"github.com/elicense/elicense/vault/catalogue"
)

// sample is a value that a field takes, by its definition; "" if none can be made up.
func (d *day) sample(f *catalogue.Field) string {
	r := &f.Rules
	switch {
	case len(r.Enum) > 0:
		return r.Enum[0]
	case r.Pattern != "":
		text, _ := example(r.Pattern)
		return text
	}
	switch f.Kind {
	case catalogue.KindDate:
		return dayBetween(d.cfg.Now(), r.Min, r.Max)
	case catalogue.KindNumber:
		return cmp.Or(r.Min, r.Max, "1")
	case catalogue.KindMoney:
		return cmp.Or(r.Min, r.Max, "100") + "元"
	case catalogue.KindDivision:
		return exampleDivision
	case catalogue.KindCode:
		return d.sampleCode(f)
	case catalogue.KindText:
		return fitting("示例", r)
	case catalogue.KindImage:
	}
	return ""
}

// sampleCode is a code that a field takes.
func (d *day) sampleCode(f *catalogue.Field) string {
	var text string
	switch f.Format { //nolint:exhaustive // the others cannot be made up
	case catalogue.FormatUSCC:
		text, _ = madeUpFirm(d.run) // the parts are sound
	case catalogue.FormatCitizen:
		text, _ = madeUpPerson(d.run) // the parts are sound
	case catalogue.FormatDivision:
		text = exampleDivision
	case catalogue.FormatPlain:
		text = fitting("EX"+strings.ToUpper(d.run[:6]), &f.Rules)
	}
	return text
}

// fitting is a text that is long enough and not too long.
func fitting(text string, r *catalogue.Rules) string {
	long := []rune(text)
	for len(long) < r.MinLength {
		long = append(long, []rune(text)...)
	}
	if r.MaxLength > 0 && len(long) > r.MaxLength {
		long = long[:r.MaxLength]
	}
	return string(long)
}

// dayBetween is today, or the bound that it lies beyond.
func dayBetween(now time.Time, first, last string) string {
	today := now.Format(time.DateOnly)
	switch {
	case first != "" && today < first:
		return first
	case last != "" && today > last:
		return last
	}
	return today
}
