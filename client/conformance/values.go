package conformance

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/internal/code"
	"github.com/elicense/elicense/vault/catalogue"
)

// Elements of GB/T 36903 that every licence has.
const (
	holderName = catalogue.MetaHolder
	holderCode = catalogue.MetaHolderCode
	issueDate  = catalogue.MetaIssued
	validFrom  = catalogue.MetaFrom
)

// holder is the made-up firm or person that the licences of a run are issued to; each run has a code of its own, since
// the vault lets nobody guess about one holder for long.
type holder struct{ name, spaced, other, code string }

// Codes of holders that a run can make up (持证主体代码类型代码).
const (
	byUSCC    = "001"
	byCitizen = "111"
)

// madeUp is a holder as a type has them.
func (d *day) madeUp(h catalogue.Holder) (holder, error) {
	switch {
	case slices.Contains(h.CodeTypes, byUSCC):
		firm, err := madeUpFirm(d.run)
		return holder{"示例食品有限公司", "示例 食品有限公司", "示例药品有限公司", firm}, err
	case slices.Contains(h.CodeTypes, byCitizen):
		person, err := madeUpPerson(d.run)
		return holder{"张三", " 张三 ", "李四", person}, err
	}
	return holder{}, wrong("no code of a holder of type %s can be made up", d.cfg.Type)
}

// madeUpFirm is a credit code in the range that is kept for examples.
func madeUpFirm(run string) (string, error) {
	return code.NewUSCC("91", exampleDivision[:4]+"00", "EX"+strings.ToUpper(run[:6]))
}

const exampleDivision = "350102"

// madeUpPerson is a citizen number as nobody has: the sequences of made-up people are the last four of a day, which
// were kept for the very old and are given to nobody born since 1950.
func madeUpPerson(run string) (string, error) {
	n, err := strconv.ParseUint(run[:8], 16, 64)
	if err != nil {
		return "", fmt.Errorf("making up a person: %w", err)
	}
	const days, firstSequence = 18_000, 996
	born := time.Date(1950, time.January, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, int(n%days))
	date := code.Date{Year: born.Year(), Month: int(born.Month()), Day: born.Day()}
	return code.NewCitizenNumber(exampleDivision, date, firstSequence+int(n/days%4))
}

// mistyped is a code with another last character than it must have.
func mistyped(s string) string {
	last := byte('0')
	if s[len(s)-1] == last {
		last = '1'
	}
	return s[:len(s)-1] + string(last)
}

// until is the element that holds the end of a validity.
func (d *day) until() string { return cmp.Or(d.def.Validity.Field, catalogue.MetaUntil) }

// request is a licence as the department's system writes it, with its paper.
func (d *day) request(of string) api.IssueRequest {
	now := d.cfg.Now()
	values := map[string]string{
		holderName: d.holder.name, holderCode: d.holder.code, issueDate: now.Format(time.DateOnly),
		validFrom: now.Format(time.DateOnly), d.until(): lastDay(d.def.Validity.Ranges, now),
	}
	if d.def.Numbering.Pattern == "" { // the department itself gives numbers
		values[catalogue.MetaNumber] = "SL" + d.paper(of)
	}
	maps.Copy(values, d.cfg.Values)
	changing, _ := d.changing() // learn has told if there is none
	for i := range d.def.Fields {
		f := &d.def.Fields[i]
		if values[f.Name] == "" && (f.Rules.Required || f.Name == changing) {
			values[f.Name] = d.sample(f)
		}
	}
	return api.IssueRequest{Type: d.cfg.Type, Division: d.cfg.Division, Paper: d.paper(of), Values: values}
}

// unprinted is a licence whose number comes before its paper.
func (d *day) unprinted(of string) api.IssueRequest {
	r := d.request(of)
	r.Paper = ""
	return r
}

// lastDay is the end of a validity that begins today, as long as a type lets it be.
func lastDay(ranges catalogue.Ranges, now time.Time) string {
	const years = 5
	if len(ranges) == 0 {
		return now.AddDate(years, 0, -1).Format(time.DateOnly)
	}
	for _, r := range ranges {
		switch r.Unit {
		case 'Y':
			return now.AddDate(r.N, 0, -1).Format(time.DateOnly)
		case 'M':
			return now.AddDate(0, r.N, -1).Format(time.DateOnly)
		case 'D':
			return now.AddDate(0, 0, r.N-1).Format(time.DateOnly)
		}
	}
	return "长期"
}

// changing is the element that the run corrects: free text of the licence's face, such as must be there if any must.
func (d *day) changing() (string, error) {
	free := func(required bool) int {
		return slices.IndexFunc(d.def.Fields, func(f catalogue.Field) bool {
			r := &f.Rules
			return f.Kind == catalogue.KindText && len(r.Enum) == 0 && r.Pattern == "" && (r.Required || !required)
		})
	}
	for _, at := range []int{free(true), free(false)} {
		if at >= 0 {
			return d.def.Fields[at].Name, nil
		}
	}
	return "", wrong("type %s has no text to correct", d.cfg.Type)
}

// mandatory is an element without which a licence is refused.
func (d *day) mandatory() string {
	at := slices.IndexFunc(d.def.Fields, func(f catalogue.Field) bool { return f.Rules.Required })
	if at < 0 {
		return holderName
	}
	return d.def.Fields[at].Name
}

// with is a request with other values.
func with(r api.IssueRequest, values map[string]string) api.IssueRequest {
	r.Values = maps.Clone(r.Values)
	maps.Copy(r.Values, values)
	return r
}
