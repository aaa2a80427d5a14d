package normal

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// Text normalises free text: full-width digits, letters and symbols become half-width (Chinese punctuation stays),
// outer and repeated spaces and line breaks become one space or none, invisible characters go, letters are composed
// (NFC). Stray ASCII control characters go, with a note that something may be lost; NUL, other control characters and
// broken encodings are refused. maxRunes 0 means DefaultMaxRunes.
func Text(s string, maxRunes int) (Result, error) {
	if maxRunes <= 0 {
		maxRunes = DefaultMaxRunes
	}
	out, did, err := clean(s, modeText, maxRunes)
	if err != nil {
		return Result{}, err
	}
	return Result{Value: out, Notes: did.notes(s, out)}, nil
}

func tooLong(s string, limit int) *Problem {
	return refuse(CodeTooLong, strconv.Itoa(utf8.RuneCountInString(s)), strconv.Itoa(limit))
}

// orgName normalises the name of a firm or body: as Text, but without spaces beside Chinese characters, and with
// brackets of one form, （） in a Chinese name and () in another. A cell that seems to hold two names is only noted, for
// real registers hold such names under one credit code.
func orgName(s string, maxRunes int) (Result, error) {
	if maxRunes <= 0 {
		maxRunes = DefaultMaxRunes
	}
	out, did, err := clean(s, modeText, maxRunes)
	if err != nil {
		return Result{}, err
	}
	if out == "" {
		return Result{}, refuse(CodeEmpty, "", "")
	}
	if SeveralValues(KindOrgName, s) != nil {
		did |= sawSeveral
	}
	han := hasHan(out)
	if !orgNeedsWork(out, han) {
		return Result{Value: out, Notes: did.notes(s, out)}, nil
	}
	out, more := foldOrg(out, han)
	did |= more
	return Result{Value: out, Notes: did.notes(s, out)}, nil
}

func orgNeedsWork(s string, han bool) bool {
	for _, r := range s {
		if r == ' ' && han || bracket(r, han) != r {
			return true
		}
	}
	return false
}

func foldOrg(s string, han bool) (string, change) {
	var did change
	in := []rune(s)
	out := make([]rune, 0, len(in))
	for k, r := range in {
		if r == ' ' && han && (k > 0 && wide(in[k-1]) || k+1 < len(in) && wide(in[k+1])) {
			did |= didSpace
			continue
		}
		b := bracket(r, han)
		if b != r {
			did |= didBrackets
		}
		out = append(out, b)
	}
	return composed(strings.TrimSpace(string(out))), did
}

// bracket gives the one form of a bracket.
func bracket(r rune, han bool) rune {
	opens, closes := '(', ')'
	if han {
		opens, closes = '（', '）'
	}
	switch r {
	case '(', '（', '〔', '［', '[', '【', '﹙', '❨', '⟨', '〈':
		return opens
	case ')', '）', '〕', '］', ']', '】', '﹚', '❩', '⟩', '〉':
		return closes
	}
	return r
}

func isHan(r rune) bool {
	return r >= 0x4E00 && r <= 0x9FFF || r >= 0x3400 && r <= 0x4DBF || r == '〇' || r >= 0x20000 && r <= 0x3FFFF
}

// wide reports Chinese characters and the brackets beside which a space means nothing.
func wide(r rune) bool { return isHan(r) || r != bracket(r, false) || r == '(' || r == ')' }

func hasHan(s string) bool {
	for _, r := range s {
		if isHan(r) {
			return true
		}
	}
	return false
}
