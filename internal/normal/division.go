package normal

import (
	"strings"

	"github.com/elicense/elicense/internal/code"
)

// Division reads a division by code or name and gives the code in force: 350427 and 沙县 both give 350405. A code that
// was split among several stays as it is, with a note, for the table cannot know which one is meant.
func Division(s string) (Result, error) {
	if len(s) == 6 {
		if d, ok := code.LookupDivision(s); ok && !d.Retired() {
			return Result{Value: s}, nil
		}
	}
	out, did, err := clean(s, modeCode, maxCodeRunes)
	if err != nil {
		return Result{}, err
	}
	if out == "" {
		return Result{}, refuse(CodeEmpty, "", "")
	}
	if err := damaged(out, false); err != nil {
		return Result{}, withFound(err, s)
	}
	out, did = trimApostrophe(out, did)
	if body, ok := strings.CutSuffix(out, ".0"); ok && allDigits(body) {
		out, did = body, did|didFloatTail
	}
	if allDigits(out) {
		return divisionCode(s, out, did)
	}
	return divisionName(s, out, did)
}

func divisionCode(s, digits string, did change) (Result, error) {
	short := digits
	if len(digits) == 12 && strings.HasSuffix(digits, "000000") {
		short = digits[:6] // the statistical code of the whole county
	}
	if len(short) != 6 || !code.DivisionKnown(short) {
		return Result{}, refuse(CodeDivisionUnknown, s, "")
	}
	value, retired := inForce(short)
	notes := did.notes(s, value)
	if short != digits {
		notes = append(notes, Note{Code: CodeDivisionLong, Old: s, New: value})
	}
	if retired != "" {
		notes = append(notes, Note{Code: retired, Old: short, New: value})
	}
	return Result{Value: value, Notes: notes}, nil
}

// inForce gives the code in force, and the code of the note to write if that is another one or cannot be told.
func inForce(c string) (string, Code) {
	d, ok := code.LookupDivision(c)
	if !ok || !d.Retired() {
		return c, ""
	}
	now := code.CurrentDivisions(c)
	if len(now) != 1 {
		return c, CodeDivisionSplit
	}
	return now[0].Code, CodeDivisionRetired
}

func divisionName(s, name string, did change) (Result, error) {
	plain := strings.Map(func(r rune) rune {
		if strings.ContainsRune(" -/·>,.", r) {
			return -1
		}
		return r
	}, name)
	plain = trimAny(plain, "中华人民共和国", "中国")
	if d, ok := code.FindDivision(plain); ok {
		notes := append(did.notes(s, d.Code), Note{Code: CodeDivisionName, Old: s, New: d.Code})
		return Result{Value: d.Code, Notes: notes}, nil
	}
	found := map[string]bool{}
	var candidates []string
	for _, d := range code.FindDivisions(plain) {
		for _, now := range code.CurrentDivisions(d.Code) {
			if !found[now.Code] {
				found[now.Code] = true
				candidates = append(candidates, now.Code+" "+now.FullName())
			}
		}
	}
	switch len(candidates) {
	case 0:
		if err := SeveralValues(KindDivision, s); err != nil {
			return Result{}, err
		}
		return Result{}, refuse(CodeDivisionUnknown, s, "")
	case 1:
		value := candidates[0][:6]
		notes := append(did.notes(s, value), Note{Code: CodeDivisionRetired, Old: s, New: value})
		return Result{Value: value, Notes: notes}, nil
	}
	return Result{}, refuse(CodeDivisionAmbiguous, s, strings.Join(candidates, ", "))
}
