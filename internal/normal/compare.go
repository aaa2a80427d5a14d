package normal

import (
	"slices"
	"strings"
)

// Verdict is the outcome of a comparison.
type Verdict struct {
	Equal bool
	Rules []Code // the normalisations that were applied to either side, sorted; nil if both are written alike
	A, B  string // the forms that were compared
	Err   error  // a *Problem if a side could not be read as its kind; both were then compared as text
}

// Compare compares two values of a kind as people wrote them and says which rules it applied: width and spaces, old
// and new divisions, numbers of 15 and 18 digits, styles of dates, forms of brackets.
func Compare(kind Kind, a, b string) Verdict {
	ka, ra, errA := key(kind, a)
	kb, rb, errB := key(kind, b)
	v := Verdict{A: ka, B: kb, Err: errA}
	if v.Err == nil {
		v.Err = errB
	}
	if v.Err != nil {
		ka, ra, errA = key(KindText, a)
		kb, rb, errB = key(KindText, b)
		if errA != nil || errB != nil {
			ka, kb, ra, rb = a, b, nil, nil
		}
		v.A, v.B = ka, kb
	}
	v.Equal = v.A == v.B
	if a != b {
		v.Rules = union(ra, rb)
	}
	return v
}

// Key gives the form in which values of a kind are compared, for an index: more folded than the normal value, and not
// for people to read.
func Key(kind Kind, s string) (string, error) {
	k, _, err := key(kind, s)
	return k, err
}

func key(kind Kind, s string) (string, []Code, error) {
	r, err := Value(kind, s, Options{})
	if err != nil {
		return "", nil, err
	}
	value := r.Value
	var did change
	switch kind {
	case KindText, KindOrgName:
		value, did = foldText(value)
	case KindPlainCode:
		value, did = foldPunctuation(value)
	case KindDate, KindNumber, KindMoney, KindDivision, KindUSCC, KindCitizen, KindIdentifier:
	}
	if kind == KindOrgName || kind == KindPlainCode {
		if upper := strings.ToUpper(value); upper != value {
			value, did = upper, did|didCase
		}
	}
	var rules []Code
	for _, n := range r.Notes {
		rules = append(rules, n.Code)
	}
	return value, append(rules, did.codes()...), nil
}

// foldText folds punctuation and takes out spaces beside Chinese characters and punctuation.
func foldText(s string) (string, change) {
	out, did := foldPunctuation(s)
	if !strings.Contains(out, " ") {
		return out, did
	}
	in := []rune(out)
	kept := make([]rune, 0, len(in))
	for k, r := range in {
		if r == ' ' && (k > 0 && tight(in[k-1]) || k+1 < len(in) && tight(in[k+1])) {
			did |= didSpace
			continue
		}
		kept = append(kept, r)
	}
	return string(kept), did
}

// tight reports characters beside which a space means nothing.
func tight(r rune) bool { return isHan(r) || r < '0' || r > '9' && r < 'A' || r > 'Z' && r < 'a' }

// foldPunctuation gives brackets, dashes and Chinese punctuation one form.
func foldPunctuation(s string) (string, change) {
	if !needsFold(s) {
		return s, 0
	}
	var did change
	b := make([]rune, 0, len(s))
	for _, r := range s {
		f := foldRune(r)
		if f != r {
			did |= foldKind(r)
		}
		b = append(b, f)
	}
	return string(b), did
}

func needsFold(s string) bool {
	for _, r := range s {
		if foldRune(r) != r {
			return true
		}
	}
	return false
}

func foldKind(r rune) change {
	switch {
	case bracket(r, false) != r:
		return didBrackets
	case isDash(r):
		return didDash
	}
	return didPunctuation
}

func foldRune(r rune) rune {
	if r < 0x80 && r != '[' && r != ']' || r >= 0x3400 && r <= 0x9FFF {
		return r
	}
	if b := bracket(r, false); b != r {
		return b
	}
	if isDash(r) {
		return '-'
	}
	switch r {
	case '、':
		return ','
	case '。', '｡':
		return '.'
	case '“', '”', '「', '」', '『', '』', '《', '》':
		return '"'
	case '‘', '’':
		return '\''
	case '·', '•', '・', '‧':
		return '·'
	}
	if r >= 0xFF01 && r <= 0xFF5E {
		return r - 0xFEE0
	}
	return r
}

func union(a, b []Code) []Code {
	if len(a)+len(b) == 0 {
		return nil
	}
	all := append(slices.Clone(a), b...)
	slices.Sort(all)
	return slices.Compact(all)
}
