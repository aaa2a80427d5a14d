package evidence

import (
	"bytes"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// check holds a manifest against the rules, whoever made it.
func (m *Manifest) check() error {
	if m.Judged.Year() < 1 || m.Judged.Year() > 9999 || !m.Judged.Equal(m.Judged.Truncate(time.Microsecond)) ||
		m.Judged.IsZero() {
		return refuse(ReasonLine, "judged")
	}
	if m.Case != "" && (!isLine(m.Case) || m.Case == absent) {
		return refuse(ReasonLine, "case")
	}
	if !isWord(m.Policy) {
		return refuse(ReasonLine, "policy")
	}
	if len(m.Options) > MaxOptions {
		return refuse(ReasonLimit, "%d options", len(m.Options))
	}
	for i, o := range m.Options {
		if !isWord(o) || o == absent || i > 0 && m.Options[i-1] >= o {
			return refuse(ReasonLine, "options")
		}
	}
	return m.checkParts()
}

// checkParts holds the order: document, content, licence, status, report of each document; then what they share, each
// kind by ascending digest.
func (m *Manifest) checkParts() error {
	order := partOrder{}
	for i := range m.Parts {
		if err := m.Parts[i].check(); err != nil {
			return err
		}
		if err := order.next(&m.Parts[i]); err != nil {
			return err
		}
	}
	return order.end()
}

func (p *Part) check() error {
	limit, known := maxSize[p.Kind]
	switch {
	case !known:
		return refuse(ReasonLine, "kind of part")
	case p.Size < 0 || p.Size > limit:
		return refuse(ReasonLimit, "%s of %d bytes", p.Kind, p.Size)
	case p.Kind == KindDocument && !isName(p.Name), p.Kind != KindDocument && p.Name != "":
		return refuse(ReasonLine, "name of part")
	case p.Size == 0 && p.Kind != KindDocument && p.Kind != KindContent:
		return refuse(ReasonLimit, "%s of no bytes", p.Kind)
	}
	return nil
}

// kinds in their order; the first of them belong to a document.
var kinds = []Kind{
	KindDocument, KindContent, KindLicence, KindStatus, KindReport, KindExpectation, KindCertificate, KindCRL,
	KindOCSP, KindTimestamp,
}

// ofDocument is how many of the kinds belong to a document.
const ofDocument = 5

// partOrder is how far the parts have come.
type partOrder struct {
	last   *Part
	shared int
}

func (o *partOrder) next(p *Part) error {
	at := slices.Index(kinds, p.Kind)
	var err error
	if at < ofDocument {
		err = o.nextOfDocument(p, at)
	} else {
		err = o.nextShared(p, at)
	}
	o.last = p
	return err
}

func (o *partOrder) nextOfDocument(p *Part, at int) error {
	before, of := ofDocument-1, 0 // as if a report had come
	if o.last != nil {
		before, of = slices.Index(kinds, o.last.Kind), o.last.Of
	}
	switch {
	case p.Of > MaxDocuments:
		return refuse(ReasonLimit, "%d documents", p.Of)
	case at == 0 && before == ofDocument-1 && p.Of == of+1:
		return nil
	case at > 0 && before < at && p.Of == of && of > 0:
		return nil
	}
	return refuse(ReasonOrder, "%s of document %d", p.Kind, p.Of)
}

func (o *partOrder) nextShared(p *Part, at int) error {
	if o.shared++; o.shared > MaxShared {
		return refuse(ReasonLimit, "%d shared parts", o.shared)
	}
	before := -1
	if o.last != nil {
		before = slices.Index(kinds, o.last.Kind)
	}
	switch {
	case p.Of != 0 || before < ofDocument-1 || before > at:
		return refuse(ReasonOrder, "%s", p.Kind)
	case before == at && p.Kind == KindExpectation:
		return refuse(ReasonOrder, "%s twice", p.Kind)
	case before == at && bytes.Compare(o.last.Digest[:], p.Digest[:]) >= 0:
		return refuse(ReasonOrder, "%s twice or out of order", p.Kind)
	}
	return nil
}

func (o *partOrder) end() error {
	if o.last == nil || slices.Index(kinds, o.last.Kind) < ofDocument-1 {
		return refuse(ReasonOrder, "a document without its report")
	}
	return nil
}

// isWord tells a value of printable ASCII without spaces.
func isWord(s string) bool {
	return s != "" && len(s) <= maxWord && strings.IndexFunc(s, func(c rune) bool { return c <= ' ' || c >= 0x7f }) < 0
}

// isName tells the name of a document: text that cannot pass for another line, nor for a path.
func isName(s string) bool { return isLine(s) && !strings.ContainsAny(s, `/\`) }

// isLine tells text that cannot pass for another line.
func isLine(s string) bool {
	return s != "" && len(s) <= MaxName && utf8.ValidString(s) &&
		strings.TrimSpace(s) == s && strings.IndexFunc(s, hidden) < 0
}

func hidden(c rune) bool {
	return c == utf8.RuneError || unicode.IsControl(c) || unicode.In(c, unicode.Cf, unicode.Zl, unicode.Zp)
}

// CleanName makes a document's name of any text: the last element of a path, without what cannot be seen.
func CleanName(s string) string {
	s = s[strings.LastIndexAny(s, `/\`)+1:]
	s = strings.Map(func(c rune) rune {
		if hidden(c) {
			return '_'
		}
		return c
	}, strings.ToValidUTF8(s, "_"))
	for len(s) > MaxName {
		_, n := utf8.DecodeLastRuneInString(s)
		s = s[:len(s)-n]
	}
	if s = strings.TrimSpace(s); s == "" {
		return absent
	}
	return s
}
