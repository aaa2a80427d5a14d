package httpsig

import (
	"strings"
)

// Message is what of a request can be covered, as it is on the wire.
type Message struct {
	Method    string
	Scheme    string // http or https
	Authority string // the field Host
	Path      string // as sent, with its escapes
	Query     string // as sent, without the question mark
	HasQuery  bool   // whether there was a question mark
	// Field gives the lines of a field by its name in lower case; none if it is absent.
	Field func(name string) []string
}

// derived are the components that are no fields (RFC 9421, 2.2).
var derived = map[string]func(*Message) string{
	"@method":    func(m *Message) string { return m.Method },
	"@scheme":    func(m *Message) string { return strings.ToLower(m.Scheme) },
	"@authority": func(m *Message) string { return Authority(m.Scheme, m.Authority) },
	"@path":      path,
	"@query":     func(m *Message) string { return "?" + m.Query },
	"@target-uri": func(m *Message) string {
		uri := strings.ToLower(m.Scheme) + "://" + Authority(m.Scheme, m.Authority) + path(m)
		if m.HasQuery {
			uri += "?" + m.Query
		}
		return uri
	},
}

func path(m *Message) string {
	if m.Path == "" {
		return "/"
	}
	return m.Path
}

// Authority is how RFC 9421, 2.2.3, writes the field Host: in lower case, without the port that goes without saying.
func Authority(scheme, host string) string {
	host = strings.ToLower(host)
	switch strings.ToLower(scheme) {
	case "https":
		return strings.TrimSuffix(host, ":443")
	case "http":
		return strings.TrimSuffix(host, ":80")
	}
	return host
}

// isComponent reports whether Base knows a component by this name: a derived one, or a field in lower case.
func isComponent(name string) bool {
	if _, ok := derived[name]; ok {
		return true
	}
	for i := range len(name) {
		if c := name[i]; !isKey(c) && !strings.ContainsRune("!#$%&'+^`|~", rune(c)) {
			return false
		}
	}
	return name != ""
}

// Base is the text that is signed (RFC 9421, 2.5): a line for each component, and the list itself as it was received.
func (s *Signature) Base(m *Message) ([]byte, error) {
	var b []byte
	for _, name := range s.Components {
		value, err := m.component(name)
		if err != nil {
			return nil, err
		}
		b = append(b, '"')
		b = append(b, name...)
		b = append(b, `": `...)
		b = append(b, value...)
		b = append(b, '\n')
	}
	b = append(b, paramsLine...)
	return append(b, s.Input...), nil
}

// component is the value of one component. A line break in it would let one signed text stand for two messages.
func (m *Message) component(name string) (string, error) {
	if d, ok := derived[name]; ok {
		return checked(d(m))
	}
	if !isComponent(name) {
		return "", ErrUnsupported
	}
	lines := m.Field(name)
	if len(lines) == 0 {
		return "", ErrMissing
	}
	trimmed := make([]string, len(lines))
	for i, l := range lines {
		trimmed[i] = strings.Trim(l, " \t")
	}
	return checked(strings.Join(trimmed, ", "))
}

// checked refuses what is not printable ASCII.
func checked(value string) (string, error) {
	for i := range len(value) {
		if c := value[i]; (c < 0x20 || c > 0x7e) && c != '\t' {
			return "", ErrSyntax
		}
	}
	return value, nil
}

// paramsLine begins the last line of a signature base.
const paramsLine = `"@signature-params": `
