package vault

import (
	"slices"
	"strings"

	"github.com/elicense/elicense/internal/code"
	"github.com/elicense/elicense/internal/normal"
	"github.com/elicense/elicense/vault/catalogue"
	"github.com/elicense/elicense/vault/record"
)

// Draft is what a licence shall say, in normal values.
type Draft struct {
	// Row holds one value for each of the type's Columns; "" is absent.
	Row []string
	// Issuer is the USCC of the issuing department; empty: as the caller's.
	Issuer string
	// Source is where a converted licence was read; nil for every other.
	Source *record.Source
	// Scans are the stored scans of a converted licence; their digests belong into Source too.
	Scans []Scan
	// Images are stored images; their Values stand in Row.
	Images []Image
}

// Checked is a draft that the type's rules have passed. It can only be made by LicenceType.Check.
type Checked struct {
	typ                    *LicenceType
	row                    []string
	issuer, issuerName     string
	number                 string
	numberKey              []byte // made by Vault.keyed
	holderKind, holderCode string
	identifier             code.Identifier // only if the source brought one
	issued, from, until    record.Date
	content                record.Digest
	source                 *record.Source
	scans                  []Scan
	images                 []Image // that are new to the licence
}

// Number is the licence's number.
func (c *Checked) Number() string { return c.number }

// Note is a change that was made to a submitted value, or a warning.
type Note struct {
	Field string `json:"field"`
	Code  Code   `json:"code"`
	Old   string `json:"old"`
	New   string `json:"new"`
}

// Sentence says what was done to the value, in both languages.
func (n Note) Sentence() (zh, en string) {
	if zh, en = n.Code.Sentence(); zh != "" {
		return zh, en
	}
	m := normal.Note{Code: normal.Code(n.Code), Old: n.Old, New: n.New}
	return m.Text(normal.ZH), m.Text(normal.EN)
}

// Normalise reads raw values by short name into a row of normal values, with a note for each change and every problem
// at once.
func (t *LicenceType) Normalise(raw map[string]string, today record.Date) ([]string, []Note, []Problem) {
	cols := t.cols
	row := make([]string, len(cols))
	var notes []Note
	var problems []Problem
	hints := catalogue.Hints{Today: civil(today)}
	known := 0
	for i, c := range cols {
		text, ok := raw[c.Name]
		if !ok {
			continue
		}
		known++
		res, bad := c.Normalise(text, hints)
		row[i] = res.Value
		notes = appendNotes(notes, c.Name, res.Notes)
		problems = append(problems, catalogueProblems(bad)...)
	}
	if known < len(raw) {
		for name := range raw {
			if _, ok := t.Column(name); !ok {
				problems = append(problems, problem(CodeFieldUnknown, name, ""))
			}
		}
	}
	return row, notes, problems
}

func appendNotes(notes []Note, field string, list []normal.Note) []Note {
	for _, n := range list {
		notes = append(notes, Note{Field: field, Code: Code(n.Code), Old: n.Old, New: n.New})
	}
	return notes
}

func civil(d record.Date) code.Date { return code.Date{Year: d.Year, Month: int(d.Month), Day: d.Day} }

// Check holds a draft against every rule of its type and gives all problems at once. issuer and issuerName are those of
// the department that issues; needNumber is false where the vault allocates the number itself.
func (t *LicenceType) Check(d Draft, issuerName string, today record.Date, needNumber bool) (*Checked, []Problem) {
	if len(d.Row) != len(t.cols) {
		return nil, []Problem{problem(CodeFieldUnknown, "", "")}
	}
	c := &Checked{
		typ: t, row: d.Row, issuer: d.Issuer, issuerName: issuerName, source: d.Source, scans: d.Scans,
		images: d.Images,
		number: d.Row[t.at.number], holderKind: d.Row[t.at.holderKind], holderCode: d.Row[t.at.holderCode],
	}
	problems := t.checkRow(d.Row, needNumber)
	problems = c.checkDates(problems, today)
	problems = c.checkHolder(problems)
	problems = c.checkIdentifier(problems)
	if d.Source != nil {
		problems = c.checkImages(problems, d.Images)
	}
	if len(problems) > 0 {
		return nil, problems
	}
	c.content = contentDigest(c)
	return c, nil
}

// checkRow asks the catalogue, and passes over a missing number where the vault is to make it.
func (t *LicenceType) checkRow(row []string, needNumber bool) []Problem {
	var found [8]catalogue.Problem
	list := t.CheckRow(row, found[:0])
	if len(list) == 0 {
		return nil
	}
	problems := catalogueProblems(list)
	if needNumber {
		return problems
	}
	kept := problems[:0]
	for _, p := range problems {
		if p.Field != catalogue.MetaNumber {
			kept = append(kept, p)
		}
	}
	return kept
}

func (c *Checked) checkDates(problems []Problem, today record.Date) []Problem {
	at := &c.typ.at
	for _, f := range []struct {
		index int
		to    *record.Date
		name  string
	}{{at.issued, &c.issued, catalogue.MetaIssued}, {at.from, &c.from, catalogue.MetaFrom},
		{at.until, &c.until, catalogue.MetaUntil}} {
		text := c.row[f.index]
		if text == "" || text == openEnd {
			continue
		}
		d, err := record.ParseDate(text)
		if err != nil {
			problems = append(problems, valueProblem(catalogue.Problem{Code: catalogue.CodeValueMissing, Path: f.name}))
			continue
		}
		*f.to = d
	}
	switch {
	case c.issued.IsZero():
		problems = appendOnce(problems, valueProblem(catalogue.Problem{
			Code: catalogue.CodeValueMissing, Path: catalogue.MetaIssued,
		}))
	case today.Before(c.issued):
		problems = appendOnce(problems, valueProblem(catalogue.Problem{
			Code: catalogue.CodeValueFuture, Path: catalogue.MetaIssued, Found: c.issued.String(),
		}))
	}
	if !c.until.IsZero() && c.until.Before(c.from) {
		problems = appendOnce(problems, valueProblem(catalogue.Problem{
			Code: catalogue.CodeValueOrder, Path: catalogue.MetaUntil, Found: c.until.String(), Want: c.from.String(),
		}))
	}
	return problems
}

// valueProblem is a problem that the catalogue has told already, unless a row came here past it.
func valueProblem(p catalogue.Problem) Problem {
	return catalogueProblems(catalogue.Problems{p})[0]
}

// checkHolder holds the holder's code, or each of several, against the kind of code that the licence says it is.
func (c *Checked) checkHolder(problems []Problem) []Problem {
	wrongKind := func(p Problem) bool { return p.Field == catalogue.MetaHolderCodeType }
	if c.holderCode == "" || slices.ContainsFunc(problems, wrongKind) {
		return problems
	}
	for one := range strings.SplitSeq(c.holderCode, "^") {
		var err error
		switch c.holderKind {
		case "001":
			err = code.CheckUSCC(one)
		case "111":
			err = code.CheckCitizenNumber(one)
		}
		if err != nil {
			problems = appendOnce(problems, problem(CodeHolderCode, catalogue.MetaHolderCode, one))
		}
	}
	return problems
}

// openEnd is the normal value of a validity without end.
const openEnd = "长期"

// appendOnce adds a problem unless its field has one already.
func appendOnce(problems []Problem, p Problem) []Problem {
	for i := range problems {
		if problems[i].Field == p.Field {
			return problems
		}
	}
	return append(problems, p)
}

func (c *Checked) checkIdentifier(problems []Problem) []Problem {
	text := c.row[c.typ.at.identifier]
	if text == "" {
		return problems
	}
	id, err := code.ParseIdentifier(text)
	if err != nil {
		return appendOnce(problems, problem(CodeIdentifier, catalogue.MetaIdentifier, text))
	}
	if id.Type != c.typ.Definition.Code || id.Issuer != c.issuer {
		return appendOnce(problems, problem(CodeIdentifierOther, catalogue.MetaIdentifier, text))
	}
	c.identifier = id
	return problems
}

// contentDigest tells whether two drafts of a licence say the same, without regard to where they were read.
func contentDigest(c *Checked) record.Digest {
	b := make([]byte, 0, 1024)
	b = appendText(b, c.issuerName)
	for i, value := range c.row {
		if i != c.typ.at.identifier {
			b = appendText(b, value)
		}
	}
	return record.Sum(b)
}
