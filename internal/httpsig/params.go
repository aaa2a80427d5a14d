package httpsig

import (
	"strconv"
	"time"
)

// ParseSignatures reads the lines of Signature-Input and Signature. Every label stands in both, in any order; the
// signatures come in the order of Signature-Input. No lines at all are no signatures.
func ParseSignatures(inputs, values []string) ([]Signature, error) {
	if len(inputs) == 0 && len(values) == 0 {
		return nil, nil
	}
	list, err := parseInputs(inputs)
	if err != nil {
		return nil, err
	}
	byLabel, err := parseValues(values)
	if err != nil {
		return nil, err
	}
	if len(byLabel) != len(list) {
		return nil, ErrSyntax
	}
	for i := range list {
		value, ok := byLabel[list[i].Label]
		if !ok {
			return nil, ErrSyntax
		}
		list[i].Value = value
	}
	return list, nil
}

func parseInputs(lines []string) ([]Signature, error) {
	s, err := newScanner(lines)
	if err != nil {
		return nil, err
	}
	var list []Signature
	err = s.members(MaxSignatures, func(label string) error {
		before := s.rest
		p, err := s.params()
		if err != nil {
			return err
		}
		list = append(list, Signature{Params: p, Label: label, Input: before[:len(before)-len(s.rest)]})
		return nil
	})
	if err != nil {
		return nil, err
	}
	return list, nil
}

func parseValues(lines []string) (map[string][]byte, error) {
	s, err := newScanner(lines)
	if err != nil {
		return nil, err
	}
	out := map[string][]byte{}
	err = s.members(MaxSignatures, func(label string) error {
		value, err := s.bytes()
		out[label] = value
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// params reads the list of components and what follows it:
//
//	("@method" "content-digest");created=1618884473;keyid="…"
func (s *scanner) params() (Params, error) {
	var p Params
	if !s.eat("(") {
		return Params{}, ErrSyntax
	}
	for first := true; !s.eat(")"); first = false {
		if !first && !s.eat(" ") {
			return Params{}, s.refuse()
		}
		name, err := s.text()
		switch {
		case err != nil:
			return Params{}, err
		case p.Covers(name): // RFC 9421, 2: each component once
			return Params{}, ErrSyntax
		case len(p.Components) == MaxComponents:
			return Params{}, ErrLimit
		case !isComponent(name):
			return Params{}, ErrUnsupported
		}
		p.Components = append(p.Components, name)
	}
	if err := s.parameters(&p); err != nil {
		return Params{}, err
	}
	return p, nil
}

// refuse tells a component with parameters, which is sound and not supported, from nonsense.
func (s *scanner) refuse() error {
	if s.eat(";") {
		return ErrUnsupported
	}
	return ErrSyntax
}

func (s *scanner) parameters(p *Params) error {
	seen := map[string]bool{}
	for s.eat(";") {
		name, err := s.key()
		switch {
		case err != nil:
			return err
		case seen[name] || !s.eat("="):
			return ErrSyntax
		}
		seen[name] = true
		if err := s.parameter(p, name); err != nil {
			return err
		}
	}
	return nil
}

// parameter reads one parameter. An empty string is refused: absent is absent in one way only.
func (s *scanner) parameter(p *Params, name string) error {
	texts := map[string]*string{"nonce": &p.Nonce, "alg": &p.Alg, "keyid": &p.KeyID, "tag": &p.Tag}
	times := map[string]*time.Time{"created": &p.Created, "expires": &p.Expires}
	switch {
	case texts[name] != nil:
		text, err := s.text()
		if err == nil && text == "" {
			err = ErrSyntax
		}
		*texts[name] = text
		return err
	case times[name] != nil:
		n, err := s.seconds()
		if err == nil {
			*times[name] = time.Unix(n, 0).UTC()
		}
		return err
	}
	return ErrUnsupported
}

// Input writes the member of Signature-Input, with the parameters in the order of the fields of Params. What cannot be
// written is refused: nothing covered twice, no name that Base does not know, no time before 1970.
func (p *Params) Input() (string, error) {
	if len(p.Components) > MaxComponents {
		return "", ErrLimit
	}
	b := []byte("(")
	for i, name := range p.Components {
		if !isComponent(name) {
			return "", ErrUnsupported
		}
		if (&Params{Components: p.Components[:i]}).Covers(name) {
			return "", ErrSyntax
		}
		if i > 0 {
			b = append(b, ' ')
		}
		b, _ = appendText(b, name)
	}
	b, err := p.appendParameters(append(b, ')'))
	return string(b), err
}

func (p *Params) appendParameters(b []byte) ([]byte, error) {
	for _, t := range []struct {
		name string
		at   time.Time
	}{{"created", p.Created}, {"expires", p.Expires}} {
		if t.at.IsZero() {
			continue
		}
		n := t.at.Unix()
		if n <= 0 || n > 99_999_999_999 {
			return nil, ErrSyntax
		}
		b = strconv.AppendInt(append(b, ";"+t.name+"="...), n, 10)
	}
	for _, t := range []struct{ name, text string }{
		{"nonce", p.Nonce}, {"alg", p.Alg}, {"keyid", p.KeyID}, {"tag", p.Tag},
	} {
		if t.text == "" {
			continue
		}
		var ok bool
		if b, ok = appendText(append(b, ";"+t.name+"="...), t.text); !ok {
			return nil, ErrSyntax
		}
	}
	return b, nil
}
