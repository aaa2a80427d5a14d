package convert

import (
	"strings"

	"github.com/elicense/elicense/internal/sheet"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/catalogue"
)

// Problem is one thing that is wrong with a row.
type Problem struct {
	Code    vault.Code `json:"code"`
	Column  string     `json:"column,omitempty"` // letter
	Heading string     `json:"heading,omitempty"`
	Element string     `json:"element,omitempty"`
	Found   string     `json:"found,omitempty"` // may be personal: for the department, never for logs
	Zh      string     `json:"zh"`              // what is wrong and how to fix it
	En      string     `json:"en"`
}

// finding is a problem before it is put into words.
type finding struct {
	code    vault.Code
	at      int // column of the sheet, or -1
	element string
	found   string
	want    string
	value   *catalogue.Problem // words of the catalogue
	zh, en  string             // words of somebody else
}

// say puts a finding into words.
func (f *finding) say(l *layout) Problem {
	p := Problem{Code: f.code, Element: f.element, Found: f.found, Zh: f.zh, En: f.en}
	if f.at >= 0 {
		p.Column, p.Heading = sheet.ColumnName(f.at), l.headingAt(f.at)
	} else if c, ok := l.typ.Column(f.element); ok {
		p.Heading = c.Label
	}
	switch {
	case f.zh != "":
	case f.value != nil:
		p.Zh = strings.TrimRight(f.value.Text(catalogue.ZH), "。；") + "；" + f.value.Fix(catalogue.ZH)
		p.En = strings.TrimRight(f.value.Text(catalogue.EN), ".;") + "; " + f.value.Fix(catalogue.EN)
	default:
		p.Zh, p.En = say(f.code, f.found, f.want)
	}
	return p
}
