package catalogue

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/elicense/elicense/internal/code"
	"github.com/elicense/elicense/internal/normal"
)

// Normalise gives the normal form of a raw value, a note for each change, and every rule it breaks. With a problem
// the result is zero. White space alone is no value: the result is empty, and whether that is allowed is told by
// CheckRow.
func (c *Column) Normalise(raw string, h Hints) (normal.Result, Problems) {
	if strings.TrimSpace(raw) == "" {
		return normal.Result{}, nil
	}
	if c.Kind == KindImage {
		digest, problems := c.image(raw)
		return normal.Result{Value: digest}, problems
	}
	res, problems := c.normalise(raw, h)
	if len(problems) == 0 {
		problems = c.rules(res, h)
	}
	if len(problems) > 0 {
		return normal.Result{}, problems
	}
	return res, nil
}

func (c *Column) normalise(raw string, h Hints) (normal.Result, Problems) {
	if c.holder != nil {
		return c.holder.normalise(raw, h, c.Name)
	}
	res, err := normal.Value(c.Normal, raw, h.Options)
	return res, c.Refused(err)
}

// Refused turns a refusal of package normal into a problem of this column.
func (c *Column) Refused(err error) Problems { return refusedValue(c.Name, err) }

func refusedValue(name string, err error) Problems {
	if err == nil {
		return nil
	}
	p := Problem{Code: CodeValueUnknown, Path: name, Found: name}
	var refused *normal.Problem
	if errors.As(err, &refused) {
		p = Problem{Code: Code(refused.Code), Path: name, Found: refused.Found, Want: refused.Want}
	}
	return Problems{p}
}

// rules gives every rule that a normal value breaks.
func (c *Column) rules(res normal.Result, h Hints) Problems {
	var out Problems
	add := func(k Code, want string) {
		out = append(out, Problem{Code: k, Path: c.Name, Found: res.Value, Want: want})
	}
	if c.Rules.MinLength > 0 || c.Rules.MaxLength > 0 {
		n := utf8.RuneCountInString(res.Value)
		if n < c.Rules.MinLength {
			add(CodeValueShort, strconv.Itoa(c.Rules.MinLength))
		}
		if c.Rules.MaxLength > 0 && n > c.Rules.MaxLength {
			add(CodeValueLong, strconv.Itoa(c.Rules.MaxLength))
		}
	}
	if c.pattern != nil && !c.pattern.MatchString(res.Value) {
		add(CodeValuePattern, c.Rules.Pattern)
	}
	if _, listed := c.enum[res.Value]; c.enum != nil && !listed {
		add(CodeValueEnum, strings.Join(c.Rules.Enum, "、"))
	}
	switch c.Kind {
	case KindDate:
		c.dateRules(res, h, add)
	case KindNumber:
		c.numberRules(res.Value, add)
	case KindMoney:
		amount, currency, _ := strings.Cut(res.Value, " ")
		if currency == "CNY" { // bounds are in 元; other currencies cannot be measured by them
			c.numberRules(amount, add)
		}
	case KindText, KindDivision, KindCode, KindImage:
	}
	return out
}

func (c *Column) numberRules(value string, add func(Code, string)) {
	if c.min.set && compareDecimals(value, c.min.number) < 0 {
		add(CodeValueMin, c.Rules.Min)
	}
	if c.max.set && compareDecimals(value, c.max.number) > 0 {
		add(CodeValueMax, c.Rules.Max)
	}
}

func (c *Column) dateRules(res normal.Result, h Hints, add func(Code, string)) {
	if res.Open {
		if c.max.set || c.Rules.NotAfterToday || c.Name == MetaIssued || c.Name == MetaFrom {
			add(CodeValueOpen, "")
		}
		return
	}
	day, ok := parseDay(res.Value)
	switch {
	case !ok:
		add(CodeDate, "")
		return
	case c.min.set && compareDays(day, c.min.day) < 0:
		add(CodeValueMin, c.Rules.Min)
	case c.max.set && compareDays(day, c.max.day) > 0:
		add(CodeValueMax, c.Rules.Max)
	}
	if !c.Rules.NotAfterToday {
		return
	}
	if h.Today == (code.Date{}) {
		add(CodeValueToday, "")
		return
	}
	if compareDays(day, h.Today) > 0 {
		add(CodeValueFuture, dayText(h.Today))
	}
}

func dayText(d code.Date) string { return asTime(d).Format("2006-01-02") }

// Normalise normalises one value of a field; for many, Compile the type and use its Column.
func (f Field) Normalise(raw string, h Hints) (normal.Result, Problems) {
	c := &checker{}
	c.field("field", &f)
	if len(c.problems) > 0 {
		return normal.Result{}, c.problems
	}
	return newColumn(f).Normalise(raw, h)
}

// CheckValues is Compile and Compiled.CheckValues in one.
func (t Type) CheckValues(values map[string]string, today code.Date) Problems {
	c, err := t.Compile()
	if err != nil {
		var refused *TypeError
		if errors.As(err, &refused) {
			return refused.Problems
		}
		return Problems{{Code: CodeMissing, Path: "code"}}
	}
	return c.CheckValues(values, today)
}

// CheckValues gives every problem of a record, given by short names: values that are not in their normal form, that
// break a rule or that the type does not know, and what CheckRow finds.
func (c *Compiled) CheckValues(values map[string]string, today code.Date) Problems {
	var problems Problems
	row := make([]string, len(c.columns))
	for _, col := range c.columns {
		value := values[col.Name]
		if value == "" {
			continue
		}
		row[col.Index] = value
		res, found := col.Normalise(value, Hints{Today: today})
		switch {
		case len(found) > 0:
			problems = append(problems, found...)
		case res.Value != value:
			p := Problem{Code: CodeValueNotNormal, Path: col.Name, Found: value, Want: res.Value}
			problems = append(problems, p)
		}
	}
	for _, name := range sortedKeys(values) {
		if c.names[name] == nil {
			problems = append(problems, Problem{Code: CodeValueUnknown, Path: name, Found: name})
		}
	}
	return c.CheckRow(row, problems)
}

// CheckRow checks normal values, one for each of Columns and "" for absent, against the rules between them: what is
// required, the order of dates, the validity, the holder's code type. It appends to problems. A required value that
// problems already names is not called missing as well.
func (c *Compiled) CheckRow(row []string, problems Problems) Problems {
	if len(row) != len(c.columns) {
		return append(problems, Problem{Code: CodeValueUnknown, Found: strconv.Itoa(len(row))})
	}
	for i, col := range c.columns {
		named := func(p Problem) bool { return p.Path == col.Name }
		if col.Required && row[i] == "" && !slices.ContainsFunc(problems, named) {
			problems = append(problems, Problem{Code: CodeValueMissing, Path: col.Name, Want: col.Label})
		}
	}
	problems = c.checkHolder(row, problems)
	return c.checkDates(row, problems)
}

func (c *Compiled) value(row []string, name string) string { return row[c.names[name].Index] }

// checkDates judges the validity: it ends neither before it begins nor before the licence was issued, and lasts as
// long as the type allows.
func (c *Compiled) checkDates(row []string, problems Problems) Problems {
	end := row[c.until.Index]
	until, dated := parseDay(end)
	open := end == openEnd
	if !dated && !open {
		return problems
	}
	from, begun := parseDay(c.value(row, MetaFrom))
	issued, known := parseDay(c.value(row, MetaIssued))
	start := from
	if !begun {
		start = issued
	}
	late := func(day code.Date, given bool) bool { return given && dated && compareDays(until, day) < 0 }
	switch {
	case late(from, begun):
		return append(problems, Problem{Code: CodeValueOrder, Path: c.until.Name, Found: end, Want: dayText(from)})
	case late(issued, known):
		return append(problems, Problem{Code: CodeValueOrder, Path: c.until.Name, Found: end, Want: dayText(issued)})
	case !begun && !known || c.typ.Validity.Loose || c.typ.Validity.Ranges.allows(start, until, open):
		return problems
	}
	return append(problems, Problem{Code: CodeValueValidity, Path: c.until.Name,
		Found: dayText(start) + " – " + end, Want: c.typ.Validity.Ranges.String()})
}
