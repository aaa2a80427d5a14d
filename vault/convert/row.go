package convert

import (
	"context"
	"strconv"

	"github.com/elicense/elicense/internal/code"
	"github.com/elicense/elicense/internal/sheet"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/catalogue"
	"github.com/elicense/elicense/vault/record"
)

// reader of rows: normalises the rows of one group. It is used by one goroutine.
type worker struct {
	l         *layout
	keepNotes bool
	file      record.Digest
	batch     string

	scanner *scanner                                                           // nil: there are no scans
	photos  *scanIndex                                                         // nil: there are no photos
	put     func(ctx context.Context, contents [][]byte) ([]vault.Scan, error) // nil: a dry run
	waiting []waiting
	bytes   int               // of what waits
	files   map[string]string // image files that the row at hand names, by element

	row      []string // values of the row at hand
	findings []finding
	notes    []vault.Note
	noted    bool
	lacking  bool
	faceless bool // no image where one might be
}

// read takes the values of a row from its cells; false for a row that cannot be read at all.
func (w *worker) read(raw *rawRow, cells []sheet.Cell, src *record.Source) bool {
	l := w.l
	copy(w.row, l.template)
	clear(w.files)
	if raw.err != nil {
		w.unreadable(raw.err)
		return false
	}
	if w.ragged(raw, cells) {
		return false
	}
	*src = record.Source{File: w.file, Row: raw.number, Batch: w.batch, Derived: l.derived, Constant: l.constant}
	for i := range l.sources {
		w.take(&l.sources[i], cells, src)
	}
	w.issuer()
	w.holder()
	w.size()
	return true
}

// check holds a row against every rule of its type.
func (w *worker) check(raw *rawRow, src *record.Source) *vault.Checked {
	l := w.l
	for i := range raw.scans {
		src.Scans = append(src.Scans, raw.scans[i].Digest)
	}
	draft := vault.Draft{Row: w.row, Issuer: l.issuer, Source: src, Scans: raw.scans, Images: raw.images}
	checked, problems := l.typ.Check(draft, w.row[l.at.issuer], l.today, true)
	for i := range problems {
		w.together(&problems[i])
	}
	return checked
}

func (w *worker) unreadable(e *sheet.Error) {
	zh, en := sheetSentence(e.Code)
	w.findings = append(w.findings, finding{code: vault.Code(e.Code), at: e.Column - 1, zh: zh, en: en})
}

// ragged refuses a row that has not as many columns as it must.
func (w *worker) ragged(raw *rawRow, cells []sheet.Cell) bool {
	want := w.l.rowColumns
	if want == 0 {
		return false
	}
	have := len(cells)
	exact := w.l.text && w.l.head.result < 0 && (w.l.mapping.RowColumns > 0 || have > w.l.head.width)
	for !exact && have > want && cells[have-1].Text == "" {
		have--
	}
	c := CodeRowLong
	switch {
	case have > want:
	case w.l.text && (have < want || raw.short):
		c = CodeRowShort
	default:
		return false
	}
	w.findings = append(w.findings, finding{code: c, at: -1, found: strconv.Itoa(have), want: strconv.Itoa(want)})
	return true
}

// issuer refuses licences of another department.
func (w *worker) issuer() {
	l := w.l
	if have := w.row[l.at.issuerCode]; have != l.issuer && !w.found(catalogue.MetaIssuerCode) {
		w.own(finding{code: CodeOtherIssuer, element: catalogue.MetaIssuerCode, found: have, want: l.issuer})
	}
}

// holder tells the kind of the holder's code where the row does not.
func (w *worker) holder() {
	l := w.l
	if w.row[l.at.holderKind] != "" || w.found(catalogue.MetaHolderCodeType) {
		w.row[l.at.holderKind] = holderKind(w.row[l.at.holderKind])
		return
	}
	kind := l.holderKind
	if kind == "" {
		kind = vault.HolderKindOf(w.row[l.at.holderCode], l.typ.Definition.Holder.CodeTypes)
	}
	if kind == "" && !w.found(catalogue.MetaHolderCode) {
		w.own(finding{code: CodeHolderKind, element: catalogue.MetaHolderCodeType})
	}
	w.row[l.at.holderKind] = kind
}

// holderKind turns a kind given by its name, as 身份证, into its code.
func holderKind(s string) string {
	if h, ok := code.FindHolderCode(s); ok {
		return h.Code
	}
	return s
}

// Limits of one row's values in bytes, well inside those of a record.
const (
	maxRowBytes  = 256 << 10
	maxNameBytes = 1000
)

func (w *worker) size() {
	n := 0
	for _, v := range w.row {
		n += len(v)
		if len(v) > record.MaxValue {
			n = maxRowBytes + 1
		}
	}
	if n > maxRowBytes || len(w.row[w.l.at.issuer]) > maxNameBytes || len(w.row[w.l.at.number]) > maxNameBytes {
		w.findings = append(w.findings, finding{code: CodeRowTooLarge, at: -1})
	}
}

// own adds a finding with the place of its element.
func (w *worker) own(f finding) {
	f.at = w.l.placeOf(f.element)
	w.findings = append(w.findings, f)
}

// found reports whether an element has a finding already.
func (w *worker) found(element string) bool {
	for i := range w.findings {
		if w.findings[i].element == element {
			return true
		}
	}
	return false
}

// together adds what the vault finds, once for each element.
func (w *worker) together(p *vault.Problem) {
	if w.found(p.Field) {
		return
	}
	w.findings = append(w.findings, finding{
		code: p.Code, at: w.l.placeOf(p.Field), element: p.Field, found: p.Found, zh: p.Zh, en: p.En,
	})
}

// placeOf is the column an element comes from, or -1.
func (l *layout) placeOf(element string) int {
	for i := range l.sources {
		if l.sources[i].column.Name == element {
			return l.sources[i].at
		}
	}
	return -1
}
