package catalogue

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Numbering is the rule by which certificate numbers of a type are made (证照编号). The zero value makes none.
//
// The pattern is literal text with these tokens:
//
//	{division}    6 digits of the issuer's division; {division:4} the first four, {division:2} the first two
//	{year}        4 digits; {year:2} the last two
//	{category}    text that Codes gives for the value of the field Category
//	{seq:N}       sequence number in N digits, 1 to 18; exactly once
//	{check}       last: check digit by ISO/IEC 7064 MOD 11,10 over all digits before it
type Numbering struct {
	Pattern  string            `json:"pattern,omitempty"`
	Scope    []string          `json:"scope,omitempty"`    // division, year, category: each has its own sequence
	Category string            `json:"category,omitempty"` // field that {category} is taken from
	Codes    map[string]string `json:"codes,omitempty"`    // value of that field -> text in the number
}

// NumberInput is what a number is made from.
type NumberInput struct {
	Division string // 6 digits
	Year     int    // 4 digits
	Category string // value of the field Numbering.Category
	Sequence uint64 // from 1
}

// Tokens of a pattern, which are also the names of scopes.
const (
	tokenDivision = "division"
	tokenYear     = "year"
	tokenCategory = "category"
	tokenSequence = "seq"
	tokenCheck    = "check"
)

// token is a part of a pattern: a literal if name is empty.
type token struct {
	name  string
	text  string
	width int
}

var scopeNames = []string{tokenDivision, tokenYear, tokenCategory}

// parsePattern splits a pattern; the reason is for a person who wrote it.
func parsePattern(pattern string) (tokens []token, reason string) {
	rest := pattern
	for rest != "" {
		open := strings.IndexByte(rest, '{')
		if open != 0 {
			literal := rest
			if open > 0 {
				literal = rest[:open]
			}
			if strings.ContainsRune(literal, '}') {
				return nil, "}"
			}
			tokens = append(tokens, token{text: literal})
			rest = rest[len(literal):]
			continue
		}
		inner, after, closed := strings.Cut(rest[1:], "}")
		t, ok := parseToken(inner)
		if !closed || !ok {
			return nil, "{" + shorten(inner)
		}
		tokens = append(tokens, t)
		rest = after
	}
	return tokens, checkTokens(tokens)
}

func parseToken(s string) (token, bool) {
	name, width, sized := strings.Cut(s, ":")
	t := token{name: name}
	if sized {
		n, err := strconv.Atoi(width)
		if err != nil || strconv.Itoa(n) != width {
			return token{}, false
		}
		t.width = n
	}
	const maxDigits = 18
	switch name {
	case tokenDivision:
		if !sized {
			t.width = 6
		}
		return t, t.width == 2 || t.width == 4 || t.width == 6
	case tokenYear:
		if !sized {
			t.width = 4
		}
		return t, t.width == 2 || t.width == 4
	case tokenSequence:
		return t, t.width >= 1 && t.width <= maxDigits
	case tokenCategory, tokenCheck:
		return t, !sized
	}
	return token{}, false
}

func checkTokens(tokens []token) string {
	sequences := 0
	for i, t := range tokens {
		if t.name == tokenSequence {
			sequences++
		}
		if t.name == tokenCheck && i != len(tokens)-1 {
			return "{check}"
		}
	}
	if sequences != 1 {
		return "{seq:N} × " + strconv.Itoa(sequences)
	}
	return ""
}

// check gives the problems of a rule. The path is that of the rule.
func (n Numbering) check(path string, t Type) Problems {
	if n.Pattern == "" {
		if n.Category != "" || len(n.Codes) > 0 || len(n.Scope) > 0 {
			return Problems{{Code: CodeMissing, Path: path + ".pattern"}}
		}
		return nil
	}
	tokens, reason := parsePattern(n.Pattern)
	if reason != "" {
		const known = "{division} {division:4} {year} {year:2} {category} {seq:N} {check}"
		return Problems{badNumbering(path+".pattern", reason, known)}
	}
	used := func(name string) bool {
		return slices.ContainsFunc(tokens, func(t token) bool { return t.name == name })
	}
	var out Problems
	for i, s := range n.Scope {
		if !slices.Contains(scopeNames, s) || !used(s) || slices.Contains(n.Scope[:i], s) {
			out = append(out, badNumbering(path+".scope", s, strings.Join(scopeNames, ", ")))
		}
	}
	if !used(tokenCategory) {
		if n.Category != "" || len(n.Codes) > 0 {
			out = append(out, badNumbering(path+".category", n.Category, "{category}"))
		}
		return out
	}
	return append(out, n.checkCategory(path, t)...)
}

func badNumbering(path, found, want string) Problem {
	return Problem{Code: CodeNumbering, Path: path, Found: found, Want: want}
}

func (n Numbering) checkCategory(path string, t Type) Problems {
	var out Problems
	f, ok := t.Field(n.Category)
	if !ok || !f.Rules.Required {
		out = append(out, badNumbering(path+".category", n.Category, "rules: {required: true}"))
	}
	if len(n.Codes) == 0 {
		out = append(out, Problem{Code: CodeMissing, Path: path + ".codes"})
	}
	seen := make(map[string]bool, len(n.Codes))
	width := 0
	for _, value := range sortedKeys(n.Codes) {
		text := n.Codes[value]
		if width == 0 {
			width = len(text)
		}
		if !numberText.MatchString(text) || seen[text] || len(text) != width {
			at := path + ".codes." + strings.Map(pathRune, value)
			out = append(out, badNumbering(at, text, "[0-9A-Z]{1,8}"))
		}
		seen[text] = true
	}
	return out
}

var numberText = regexp.MustCompile(`^[0-9A-Z]{1,8}$`)

// Rule is a numbering made ready for many numbers. It is immutable.
type Rule struct {
	scope  []string
	tokens []token
	codes  map[string]string // value of the category -> text in the number
	values map[string]string // the reverse
	width  int               // of the category's texts
}

// Rule makes the rule ready; ErrNumbering if there is none.
func (n Numbering) Rule() (*Rule, error) {
	tokens, reason := parsePattern(n.Pattern)
	if reason != "" || n.Pattern == "" {
		return nil, fmt.Errorf("%w: pattern", ErrNumbering)
	}
	r := &Rule{scope: n.Scope, tokens: tokens, codes: n.Codes, values: make(map[string]string, len(n.Codes))}
	for value, text := range n.Codes {
		if r.width != 0 && r.width != len(text) {
			return nil, fmt.Errorf("%w: category", ErrNumbering)
		}
		r.values[text], r.width = value, len(text)
	}
	return r, nil
}

// ScopeKey names the sequence that the next number is taken from: numbers with equal keys share one sequence.
func (n Numbering) ScopeKey(in NumberInput) (string, error) {
	r, err := n.Rule()
	if err != nil {
		return "", err
	}
	return r.ScopeKey(in)
}

// Format makes a number.
func (n Numbering) Format(in NumberInput) (string, error) {
	r, err := n.Rule()
	if err != nil {
		return "", err
	}
	return r.Format(in)
}

// Parse reads a number that was made by the rule back into what it was made from.
func (n Numbering) Parse(number string) (NumberInput, error) {
	r, err := n.Rule()
	if err != nil {
		return NumberInput{}, err
	}
	return r.Parse(number)
}

// ScopeKey is Numbering.ScopeKey.
func (r *Rule) ScopeKey(in NumberInput) (string, error) {
	b := make([]byte, 0, 64)
	for k, name := range r.scope {
		i := slices.IndexFunc(r.tokens, func(t token) bool { return t.name == name })
		if i < 0 {
			return "", fmt.Errorf("%w: scope", ErrNumbering)
		}
		text, err := r.render(r.tokens[i], in) // as wide as in the number, so that equal numbers cannot arise
		if err != nil {
			return "", err
		}
		if k > 0 {
			b = append(b, ',')
		}
		b = append(append(append(b, name...), '='), text...)
	}
	return string(b), nil
}

// Format is Numbering.Format.
func (r *Rule) Format(in NumberInput) (string, error) {
	var out strings.Builder
	for _, t := range r.tokens {
		if t.name == tokenCheck {
			out.WriteByte(checkDigit(out.String()))
			continue
		}
		text, err := r.render(t, in)
		if err != nil {
			return "", err
		}
		out.WriteString(text)
	}
	return out.String(), nil
}

func (r *Rule) render(t token, in NumberInput) (string, error) {
	switch t.name {
	case tokenDivision:
		if _, ok := digits(in.Division); !ok || len(in.Division) < t.width {
			return "", fmt.Errorf("%w: division", ErrNumbering)
		}
		return in.Division[:t.width], nil
	case tokenYear:
		short := t.width < 4 && in.Year >= 0 && in.Year < 100 // as Parse reads it
		if !short && (in.Year < 1000 || in.Year > 9999) {
			return "", fmt.Errorf("%w: year", ErrNumbering)
		}
		return string(padded(in.Year, 4))[4-t.width:], nil
	case tokenCategory:
		text, ok := r.codes[in.Category]
		if !ok {
			return "", fmt.Errorf("%w: category", ErrNumbering)
		}
		return text, nil
	case tokenSequence:
		s := strconv.FormatUint(in.Sequence, 10)
		if in.Sequence == 0 || len(s) > t.width {
			return "", fmt.Errorf("%w: sequence", ErrNumbering)
		}
		return strings.Repeat("0", t.width-len(s)) + s, nil
	}
	return t.text, nil
}

// Parse reads a number that was made by the rule back into what it was made from. Every token has its width, so the
// places are fixed. A shortened division or year stays as short as it stands in the number. Numbers of older rules are
// ErrNumbering.
func (r *Rule) Parse(number string) (NumberInput, error) {
	var in NumberInput
	rest := number
	for _, t := range r.tokens {
		n := r.widthOf(t)
		if len(rest) < n || !r.read(&in, t, rest[:n]) {
			return NumberInput{}, fmt.Errorf("%w: number is not of the rule", ErrNumbering)
		}
		if t.name == tokenCheck && rest[0] != checkDigit(number[:len(number)-len(rest)]) {
			return NumberInput{}, fmt.Errorf("%w: check digit", ErrNumbering)
		}
		rest = rest[n:]
	}
	if rest != "" {
		return NumberInput{}, fmt.Errorf("%w: number is not of the rule", ErrNumbering)
	}
	return in, nil
}

func (r *Rule) widthOf(t token) int {
	switch t.name {
	case "":
		return len(t.text)
	case tokenCategory:
		return r.width
	case tokenCheck:
		return 1
	}
	return t.width
}

// read takes one token's text into in; false if it does not fit.
func (r *Rule) read(in *NumberInput, t token, text string) bool {
	if t.name == "" {
		return text == t.text
	}
	if t.name == tokenCategory {
		value, ok := r.values[text]
		in.Category = value
		return ok
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil || text[0] == '+' {
		return false
	}
	switch t.name {
	case tokenDivision:
		in.Division = text
	case tokenYear:
		in.Year = int(n) // #nosec G115 -- at most four digits
	case tokenSequence:
		in.Sequence = n
	}
	return true
}

// padded writes n with leading zeros.
func padded(n, width int) []byte {
	b := make([]byte, width)
	for i := width - 1; i >= 0; i-- {
		b[i] = '0' + byte(n%10) // #nosec G115 -- below 10
		n /= 10
	}
	return b
}

// checkDigit computes the ISO/IEC 7064 MOD 11,10 check digit over the digits of s (GB/T 17710); other characters
// are passed over.
func checkDigit(s string) byte {
	const mod = 10
	p := mod
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			continue
		}
		p = (p + int(s[i]-'0')) % mod
		if p == 0 {
			p = mod
		}
		p = p * 2 % (mod + 1)
	}
	return '0' + byte((mod+1-p)%mod) // #nosec G115 -- below 10
}
