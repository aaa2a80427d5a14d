package evidence

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Head is the first line.
const Head = "elicense evidence v1\n"

const (
	absent   = "-"
	timeForm = "2006-01-02T15:04:05.000000Z"
	closed   = "closed yes"
	open     = "closed no"
	// maxParts is how many lines of parts a manifest can have.
	maxParts = MaxDocuments*ofDocument + MaxShared
)

var digestForm = base64.RawURLEncoding.Strict()

// AppendManifest writes a manifest.
//
//	elicense evidence v1
//	judged TIME
//	case TEXT                            or "-"
//	policy WORD
//	options WORD…                        or "-"
//	part KIND OF SIZE DIGEST [NAME]      repeated
//	closed yes                           or "no"
func AppendManifest(b []byte, m *Manifest) ([]byte, error) {
	if err := m.check(); err != nil {
		return nil, err
	}
	start := len(b)
	options := absent
	if len(m.Options) > 0 {
		options = strings.Join(m.Options, " ")
	}
	b = fmt.Appendf(b, "%sjudged %s\ncase %s\npolicy %s\noptions %s\n",
		Head, m.Judged.UTC().Format(timeForm), cmp.Or(m.Case, absent), m.Policy, options)
	for i := range m.Parts {
		p := &m.Parts[i]
		b = fmt.Appendf(b, "part %s %d %d %s", p.Kind, p.Of, p.Size, digestForm.EncodeToString(p.Digest[:]))
		if p.Name != "" {
			b = append(append(b, ' '), p.Name...)
		}
		b = append(b, '\n')
	}
	last := open
	if m.Closed {
		last = closed
	}
	b = append(append(b, last...), '\n')
	if len(b)-start > MaxManifest {
		return nil, refuse(ReasonLimit, "manifest of %d bytes", len(b)-start)
	}
	return b, nil
}

// ParseManifest reads the manifest at the beginning of a file and tells its length.
func ParseManifest(b []byte) (*Manifest, int, error) {
	r := reader{rest: b}
	m, err := r.manifest()
	if err != nil {
		return nil, 0, err
	}
	if err := m.check(); err != nil {
		return nil, 0, err
	}
	n := len(b) - len(r.rest)
	if n > MaxManifest {
		return nil, 0, refuse(ReasonLimit, "manifest of %d bytes", n)
	}
	return m, n, nil
}

type reader struct{ rest []byte }

func (r *reader) manifest() (*Manifest, error) {
	var ok bool
	if r.rest, ok = bytes.CutPrefix(r.rest, []byte(Head)); !ok {
		return nil, refuse(ReasonHead, "no %q", strings.TrimSpace(Head))
	}
	m := &Manifest{}
	at := r.value("judged")
	var err error
	if m.Judged, err = time.Parse(timeForm, at); err != nil || m.Judged.Format(timeForm) != at {
		return nil, refuse(ReasonLine, "judged")
	}
	switch m.Case = r.value("case"); m.Case {
	case "":
		return nil, refuse(ReasonLine, "case")
	case absent:
		m.Case = ""
	}
	m.Policy = r.value("policy")
	switch options := r.value("options"); options {
	case "":
		return nil, refuse(ReasonLine, "options")
	case absent:
	default:
		m.Options = strings.Split(options, " ")
	}
	for bytes.HasPrefix(r.rest, []byte("part ")) {
		p, ok := parsePart(r.value("part"))
		if !ok {
			return nil, refuse(ReasonLine, "part %d", len(m.Parts)+1)
		}
		if m.Parts = append(m.Parts, p); len(m.Parts) > maxParts {
			return nil, refuse(ReasonLimit, "%d parts", len(m.Parts))
		}
	}
	switch r.value("closed") {
	case "yes":
		m.Closed = true
	case "no":
	default:
		return nil, refuse(ReasonLine, "closed")
	}
	return m, nil
}

// maxLine is longer than any line.
const maxLine = 1 << 11

// value reads the next line if it has that name; empty: it does not.
func (r *reader) value(name string) string {
	end := bytes.IndexByte(r.rest[:min(len(r.rest), maxLine)], '\n')
	if end < 0 {
		return ""
	}
	value, ok := strings.CutPrefix(string(r.rest[:end]), name+" ")
	if !ok {
		return ""
	}
	r.rest = r.rest[end+1:]
	return value
}

func parsePart(line string) (Part, bool) {
	words := strings.SplitN(line, " ", 5)
	if len(words) < 4 {
		return Part{}, false
	}
	p := Part{Kind: Kind(words[0])}
	of, okOf := number(words[1])
	size, okSize := number(words[2])
	digest, err := digestForm.DecodeString(words[3])
	if !okOf || !okSize || err != nil || len(digest) != len(p.Digest) || of > MaxDocuments {
		return Part{}, false
	}
	p.Of, p.Size, p.Digest = int(of), size, Digest(digest)
	if len(words) == 5 {
		if p.Name = words[4]; p.Name == "" {
			return Part{}, false
		}
	}
	return p, true
}

// number reads a decimal number in its one spelling.
func number(s string) (int64, bool) {
	n, err := strconv.ParseInt(s, 10, 64)
	return n, err == nil && n >= 0 && strconv.FormatInt(n, 10) == s
}
