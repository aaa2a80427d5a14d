package paper

import (
	"cmp"
	"strconv"

	"github.com/elicense/elicense/internal/moment"
	"github.com/elicense/elicense/internal/page"
	"github.com/elicense/elicense/verify"
)

// Sizes of characters.
const (
	hugeSize  = 8 * mm
	largeSize = 5 * mm
	headSize  = 43 * mm / 10
	bodySize  = 35 * mm / 10
	smallSize = 27 * mm / 10
)

// writer lays out one report.
type writer struct {
	*flow

	cfg      Config
	report   *verify.CaseReport
	sealPage int
	sealBox  page.Box
}

func body(c page.Color) page.Style {
	return page.Style{Size: bodySize, Color: c, Align: page.AlignLeft}
}
func small(c page.Color) page.Style {
	return page.Style{Size: smallSize, Color: c, Align: page.AlignLeft}
}

func (w *writer) write() {
	one := len(w.report.Reports) == 1
	decision, reason := w.report.Headlines(w.cfg.Lang)
	if one {
		decision, reason = w.report.Reports[0].Headlines(w.cfg.Lang)
	}
	w.banner(decision, reason, w.report.Decision())
	w.info()
	w.told(notice, (*verify.Report).Notice)
	w.told(todo, (*verify.Report).Todo)
	w.list()
	for i := range w.report.Reports {
		if w.file(i); len(w.sheets) > MaxPages {
			return // to be refused
		}
	}
	w.signed()
	w.foot()
}

// banner is the decision and its reason, above everything else.
func (w *writer) banner(decision, reason string, d verify.Decision) {
	const pad = 5 * mm
	ink, ground := decisionColors(d)
	first := page.Style{Title: true, Size: hugeSize, Color: ink, Align: page.AlignLeft}
	head := w.measure([]cell{{pad, width - 2*pad, decision, first}})
	second := page.Style{Size: headSize, Color: black, Align: page.AlignLeft}
	why := w.measure([]cell{{pad, width - 2*pad, reason, second}})
	w.sheet()
	box := page.Box{X: edge, Y: w.y, W: width, H: min(head.height+why.height+pad*3/2, bottom-top)}
	w.ground(box, ground)
	w.ground(page.Box{X: box.X, Y: box.Y, W: 2 * mm, H: box.H}, ink)
	w.y += pad * 3 / 4
	w.draw(&head)
	w.draw(&why)
	w.y += pad * 3 / 4
}

// info says what the report is: of which case, when, by which rules.
func (w *writer) info() {
	w.heading(w.say(title), largeSize)
	pairs := [][2]string{
		{w.say(caseNumber), cmp.Or(w.report.Number, w.say(noNumber))},
		{w.say(files), strconv.Itoa(len(w.report.Reports))},
		{w.say(judged), moment.Say(w.judgedAt(), w.cfg.Zone, w.cfg.Lang)}, {w.say(policy), verify.PolicyVersion},
	}
	const half, label = width / 2, 30 * mm
	for i := 0; i < len(pairs); i += 2 {
		var cells []cell
		for k, p := range pairs[i:min(i+2, len(pairs))] {
			cells = append(cells, cell{k*half + indent, label, p[0], body(grey)},
				cell{k*half + indent + label, half - label - 2*indent, p[1], body(black)})
		}
		w.row(cells...)
	}
	w.row(cell{indent, label, w.say(signer), body(grey)},
		cell{indent + label, width - label - 2*indent, w.cfg.Signer, body(black)})
}

// heading begins a part of the report.
func (w *writer) heading(text string, size int) {
	st := page.Style{Title: true, Size: size, Color: black, Align: page.AlignLeft}
	w.y += size * 4 / 5
	r := w.measure([]cell{{0, width, text, st}})
	w.room(r.height + 4*page.Leading(bodySize)) // never alone at the end of a page
	w.draw(&r)
	w.y += mm / 2
	w.rule(black, mm/3)
	w.y += mm
}

// told is what the applicant is told, or what is left to the office: one paragraph for each file that is not accepted.
func (w *writer) told(title words, of func(r *verify.Report, lang string) string) {
	begun := false
	for i, r := range w.report.Reports {
		text := of(r, w.cfg.Lang)
		if text == "" {
			continue
		}
		if !begun {
			w.heading(w.say(title), headSize)
			begun = true
		}
		if len(w.report.Reports) == 1 {
			w.row(cell{indent, width - 2*indent, text, body(black)})
			return
		}
		w.row(cell{indent, numberWidth, strconv.Itoa(i + 1), body(grey)},
			cell{indent + numberWidth, width - numberWidth - 2*indent, w.named(i) + text, body(black)})
		w.y += mm
	}
}

// named begins what is said of a file.
func (w *writer) named(i int) string {
	if w.cfg.Lang == "en" {
		return w.report.Names[i] + ": "
	}
	return "《" + w.report.Names[i] + "》"
}

// Columns of the list of files.
const (
	indent        = 2 * mm
	numberWidth   = 9 * mm
	decisionWidth = 52 * mm
	nameWidth     = width - numberWidth - decisionWidth - 2*indent
)

// list is every file with its decision and digest.
func (w *writer) list() {
	w.heading(w.say(fileList), headSize)
	for i, r := range w.report.Reports {
		in := w.report.Inputs[i]
		decision, _ := r.Headlines(w.cfg.Lang)
		ink, _ := decisionColors(r.Decision())
		st := body(ink)
		st.Title = true
		rows := []setRow{w.measure([]cell{
			{indent, numberWidth, strconv.Itoa(i + 1), body(grey)},
			{indent + numberWidth, nameWidth - 2*mm, w.report.Names[i], body(black)},
			{indent + numberWidth + nameWidth, decisionWidth, decision, st},
		})}
		for _, d := range []struct {
			of  words
			sum string
		}{{of, in.SM3}, {content, in.Content}, {beside, in.Licence}} {
			if d.sum != "" {
				sum := cell{indent + numberWidth, width - numberWidth - indent, w.say(d.of) + "  " + d.sum, small(grey)}
				rows = append(rows, w.measure([]cell{sum}))
			}
		}
		w.block(rows...)
		w.y += mm
		w.rule(light, mm/8)
		w.y += mm / 2
	}
}

// file is the report on one file.
func (w *writer) file(i int) {
	r := w.report.Reports[i]
	o := r.Outline(w.cfg.Lang)
	name := strconv.Itoa(i+1) + "  " + w.report.Names[i]
	w.y += 3 * mm
	w.heading(name, largeSize)
	ink, _ := decisionColors(r.Decision())
	st := body(ink)
	st.Title = true
	w.row(cell{indent, width - 2*indent, o.Decision, st})
	w.row(cell{indent, width - 2*indent, o.Reason, body(black)})
	about := w.say(kind) + "  " + o.Kind + "  ·  " + o.Indication + "  ·  " +
		strconv.FormatInt(w.report.Inputs[i].Size, 10) + " " + w.say(size)
	w.row(cell{indent, width - 2*indent, about, small(grey)})
	for _, s := range o.Sections {
		w.section(&s, name)
	}
}

// section is one part of the report on a file; on each page that it reaches its name is said again.
func (w *writer) section(s *verify.Section, name string) {
	w.y += 2 * mm
	head := func(text string) {
		st := body(black)
		st.Title = true
		r := w.measure([]cell{{indent, width - 2*indent, text, st}})
		w.room(r.height + 3*page.Leading(bodySize))
		w.ground(page.Box{X: edge, Y: w.y, W: width, H: r.height + mm}, shade)
		w.y += mm / 2
		w.draw(&r)
		w.y += mm
	}
	head(s.Title)
	w.again = func() {
		again := w.again
		w.again = nil
		head(short(name) + " · " + s.Title + w.say(continued))
		w.again = again
	}
	for _, row := range s.Rows {
		if w.entry(s.ID, &row); len(w.sheets) > MaxPages {
			break
		}
	}
	w.again = nil
}

// short keeps a name that is said again on one line.
func short(name string) string {
	const most = 36
	if r := []rune(name); len(r) > most {
		return string(r[:most]) + "…"
	}
	return name
}

// entry is one row of a section.
func (w *writer) entry(id string, r *verify.Row) {
	const status, note, label = 17 * mm, 56 * mm, 52 * mm
	switch {
	case id == verify.SectionOpen, id == verify.SectionChecks:
		st := body(statusColor(r.Status))
		st.Title = r.Status != verify.CheckPassed && r.Status != verify.CheckSkipped
		w.row(cell{indent, status, r.Status.Word(w.cfg.Lang), st},
			cell{indent + status, width - status - note - 2*indent, w.moment(r.Text), body(black)},
			cell{width - note, note, r.Note, small(grey)})
	case r.Label != "":
		w.row(cell{indent, label - indent, w.moment(r.Label), body(grey)},
			cell{indent + label, width - label - 22*mm, w.moment(r.Text), body(black)},
			cell{width - 18*mm, 18 * mm, r.Note, small(amber)})
	default:
		w.row(cell{indent, width - 2*indent, w.moment(r.Text), body(black)})
	}
	w.y += mm / 4
	w.rule(light, mm/10)
	w.y += mm / 4
}

// signed says who signs, and what that means, with room for a seal beside it.
func (w *writer) signed() {
	const sealSide = 42 * mm
	wide := width
	if w.cfg.Seal {
		wide -= sealSide + 6*mm
	}
	text := w.tell(signature, w.cfg.Signer)
	r := w.measure([]cell{{0, wide, text, body(black)}})
	height := r.height
	if w.cfg.Seal {
		height = max(height, sealSide)
	}
	w.y += 4 * mm
	w.room(height + 4*mm)
	w.rule(black, mm/3)
	w.y += 2 * mm
	if w.cfg.Seal {
		w.sealPage = len(w.sheets) - 1
		w.sealBox = page.Box{X: edge + width - sealSide, Y: w.y, W: sealSide, H: sealSide}
	}
	w.draw(&r)
}

// foot numbers the pages and says on each which report it is of.
func (w *writer) foot() {
	st := small(grey)
	right := st
	right.Align = page.AlignRight
	left := w.say(title)
	if w.report.Number != "" {
		left += "　" + w.say(caseNumber) + " " + short(w.report.Number)
	}
	for i, s := range w.sheets {
		at := page.Box{X: edge, Y: pageHeight - 13*mm, W: width, H: smallSize * 6 / 5}
		for _, f := range []cell{{0, width, left, st}, {0, width, w.tell(pageOf, i+1, len(w.sheets)), right}} {
			lines := page.Wrap(w.set.Letters(oneLine(f.text), f.st), width)
			s.AddLines(page.Set(lines[:1], at, f.st), nil, false)
		}
	}
}
