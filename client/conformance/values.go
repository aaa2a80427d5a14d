package conformance

import (
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/internal/code"
)

// The made-up firm that licences are issued to; each run has a code of its own, since the vault lets nobody guess about
// one holder for long.
const (
	firmName  = "示例食品有限公司"
	otherName = "示例药品有限公司"
)

// madeUp is a credit code in the range that is kept for examples.
func madeUp(run string) (string, error) {
	return code.NewUSCC("91", "350100", "EX"+strings.ToUpper(run[:6]))
}

// mistyped is a credit code with another last character than it must have.
func mistyped(uscc string) string {
	last := byte('0')
	if uscc[len(uscc)-1] == last {
		last = '1'
	}
	return uscc[:len(uscc)-1] + string(last)
}

// Elements of GB/T 36903 that every licence has.
const (
	holderName = "CZZT"
	holderCode = "CZZTDM"
	issueDate  = "ZZBFRQ"
	validFrom  = "ZZYXQQSRQ"
	validUntil = "ZZYXQJZRQ"
)

// request is a licence as the department's system writes it.
func (d *day) request(paper string) api.IssueRequest {
	now := d.cfg.Now()
	values := map[string]string{
		holderName: firmName, holderCode: d.firm, issueDate: now.Format(time.DateOnly),
		validFrom: now.Format(time.DateOnly), validUntil: now.AddDate(5, 0, -1).Format(time.DateOnly),
	}
	maps.Copy(values, d.cfg.Values)
	for i := range d.kind.Elements {
		e := &d.kind.Elements[i]
		if e.Required && values[e.Name] == "" && !e.Metadata {
			values[e.Name] = sample(e, now)
		}
	}
	return api.IssueRequest{Type: d.cfg.Type, Division: d.cfg.Division, Paper: paper, Values: values}
}

// sample is a value that an element takes.
func sample(e *api.Element, now time.Time) string {
	switch {
	case len(e.Enum) > 0:
		return e.Enum[0]
	case e.Kind == "date":
		return now.Format(time.DateOnly)
	case e.Kind == "number" || e.Kind == "money":
		return "1"
	}
	return "示例"
}

// changing is the element that the run corrects: free text of the licence's face.
func (d *day) changing() (string, error) {
	for i := range d.kind.Elements {
		e := &d.kind.Elements[i]
		if e.Required && !e.Metadata && e.Kind == "text" && len(e.Enum) == 0 && e.Pattern == "" {
			return e.Name, nil
		}
	}
	return "", fmt.Errorf("conformance: type %s has no required text to correct", d.cfg.Type)
}

// with is a request with other values.
func with(r api.IssueRequest, values map[string]string) api.IssueRequest {
	r.Values = maps.Clone(r.Values)
	maps.Copy(r.Values, values)
	return r
}
