package normal

import "strings"

// Number reads a plain decimal number: 1,234.50, １２３, 3.5万. The normal writing has no separators, no leading and no
// trailing zeros. A scientific writing that hides digits (3.5E+5) is refused.
func Number(s string) (Result, error) {
	if isPlainNumber(s) {
		return Result{Value: s}, nil
	}
	if err := SeveralValues(KindNumber, s); err != nil {
		return Result{}, err
	}
	out, did, err := clean(s, modeCode, maxCodeRunes)
	if err != nil {
		return Result{}, err
	}
	if out == "" {
		return Result{}, refuse(CodeEmpty, "", "")
	}
	if err := cellError(out); err != nil {
		return Result{}, err
	}
	out, did = trimApostrophe(out, did)
	body, zeros := multiplier(out)
	body = strings.TrimSpace(body)
	d, ok := parseDecimal(body)
	if !ok && isScientific(body) {
		if d, ok = parseScientific(body); !ok {
			return Result{}, refuse(CodeDamagedScientific, s, "")
		}
	}
	if d = d.shift(zeros); !ok || d.digits() > maxDigits {
		return Result{}, refuse(CodeNumberUnreadable, s, "")
	}
	value := d.String()
	notes := did.notes(s, value)
	if value != out {
		notes = append(notes, Note{Code: CodeNumberStyle, Old: s, New: value})
	}
	return Result{Value: value, Notes: notes}, nil
}

// multiplier takes 万 and 亿 off the end and gives the zeros they stand for.
func multiplier(s string) (string, int) {
	zeros := 0
	for {
		switch {
		case strings.HasSuffix(s, "万"):
			s, zeros = strings.TrimSuffix(s, "万"), zeros+4
		case strings.HasSuffix(s, "亿"):
			s, zeros = strings.TrimSuffix(s, "亿"), zeros+8
		default:
			return s, zeros
		}
		if zeros > 12 {
			return s, zeros
		}
	}
}
