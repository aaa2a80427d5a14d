package normal

import (
	"errors"
	"strings"

	"github.com/elicense/elicense/internal/code"
)

// USCC reads a unified social credit code: capital letters, no spaces. A letter that the code cannot hold (O, I, …) is
// never changed but refused with the likely value.
func USCC(s string) (Result, error) { return uscc(s, Options{}) }

func uscc(s string, o Options) (Result, error) {
	if code.CheckUSCC(s) == nil && !o.Numeric && !lostDigits(s) {
		return Result{Value: s}, nil
	}
	out, did, err := compact(KindUSCC, s, o.Numeric)
	if err != nil {
		return Result{}, err
	}
	if err := code.CheckUSCC(out); err != nil {
		return Result{}, usccProblem(err, s, out)
	}
	return Result{Value: out, Notes: did.notes(s, out)}, nil
}

func usccProblem(err error, s, out string) error {
	e := reasonOf(err)
	switch e.Reason {
	case code.ReasonLength:
		switch n := len(out); {
		case n == 13 || n == 15:
			return refuse(CodeUSCCOldNumber, s, "18")
		case n == 9:
			return refuse(CodeUSCCOrgCode, s, "18")
		case masked(out):
			return refuse(CodeMasked, s, "")
		}
		return refuse(CodeUSCCLength, s, e.Want)
	case code.ReasonAlphabet:
		if masked(out) {
			return refuse(CodeMasked, s, "")
		}
		likely := strings.NewReplacer("O", "0", "I", "1", "S", "5", "Z", "2", "V", "U").Replace(out)
		if code.CheckUSCC(likely) == nil {
			return refuse(CodeUSCCConfusable, s, likely)
		}
		return refuse(CodeUSCCAlphabet, s, "")
	case code.ReasonDivision:
		return refuse(CodeUSCCDivision, s, "")
	case code.ReasonOrganisation:
		return refuse(CodeUSCCOrganisation, s, e.Want)
	case code.ReasonCheck, code.ReasonRoot, code.ReasonParts, code.ReasonRange, code.ReasonBirthday, code.ReasonEmpty:
		// the check character is what is left that a USCC can fail by
	}
	return refuse(CodeUSCCCheck, s, e.Want)
}

// CitizenNumber reads a citizen number of 15 or 18 digits and gives 18, with X as a capital letter.
func CitizenNumber(s string) (Result, error) { return citizenNumber(s, Options{}) }

func citizenNumber(s string, o Options) (Result, error) {
	if !o.Numeric && len(s) == 18 && code.CheckCitizenNumber(s) == nil && code.DivisionKnown(s[:6]) && !lostDigits(s) {
		return Result{Value: s}, nil
	}
	out, did, err := compact(KindCitizen, s, o.Numeric)
	if err != nil {
		return Result{}, err
	}
	if len(out) == 15 {
		long, err := code.UpgradeCitizenNumber(out)
		if err != nil {
			return Result{}, citizenProblem(err, s, out)
		}
		notes := append(did.notes(s, long), Note{Code: CodeCitizen15, Old: out, New: long})
		return Result{Value: long, Notes: divisionWarning(notes, long)}, nil
	}
	if err := code.CheckCitizenNumber(out); err != nil {
		return Result{}, citizenProblem(err, s, out)
	}
	return Result{Value: out, Notes: divisionWarning(did.notes(s, out), out)}, nil
}

func divisionWarning(notes []Note, number string) []Note {
	if code.DivisionKnown(number[:6]) {
		return notes
	}
	return append(notes, Note{Code: CodeCitizenDivision, Old: number, New: number})
}

func citizenProblem(err error, s, out string) error {
	e := reasonOf(err)
	switch {
	case masked(out):
		return refuse(CodeMasked, s, "")
	case e.Reason == code.ReasonLength:
		return refuse(CodeCitizenLength, s, "18")
	case e.Reason == code.ReasonAlphabet:
		return refuse(CodeCitizenAlphabet, s, "")
	case e.Reason == code.ReasonBirthday:
		return refuse(CodeCitizenBirthday, s, "")
	}
	return refuse(CodeCitizenCheck, s, e.Want)
}

// Identifier reads a licence identifier; a wrong check character is a note with the expected identifier, and the value
// stays as it was written.
func Identifier(s string) (Result, error) {
	if code.CheckIdentifier(s) == nil {
		return Result{Value: s}, nil
	}
	out, did, err := compact(KindIdentifier, s, false)
	if err != nil {
		return Result{}, err
	}
	id, err := code.ParseIdentifier(out)
	if err != nil {
		return Result{}, refuse(CodeIdentifier, s, reasonOf(err).Field)
	}
	notes := did.notes(s, out)
	if !id.CheckValid() {
		id.Check = id.ExpectedCheck()
		notes = append(notes, Note{Code: CodeIdentifierCheck, Old: out, New: id.String()})
	}
	return Result{Value: out, Notes: notes}, nil
}

// PlainCode reads a number without a check digit, such as the number of a certificate: half-width, no spaces. Letters
// keep their case and brackets their form, for that is how the paper has them; Key folds both.
func PlainCode(s string) (Result, error) { return plainCode(s, Options{}) }

func plainCode(s string, o Options) (Result, error) {
	if isPlainCode(s) && !o.Numeric && len(s) < exactDigits {
		return Result{Value: s}, nil
	}
	out, did, err := compact(KindPlainCode, s, o.Numeric)
	if err != nil {
		return Result{}, err
	}
	notes := did.notes(s, out)
	if lostDigits(out) {
		notes = append(notes, Note{Code: CodeMaybeRounded, Old: out, New: out})
	}
	return Result{Value: out, Notes: notes}, nil
}

// isPlainCode reports letters, digits, dashes and slashes only.
func isPlainCode(s string) bool {
	for k := range len(s) {
		c := s[k]
		if (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') && (c != '-' || k == 0) {
			return false
		}
	}
	return s != ""
}

// compact cleans a code of a kind: one value, undamaged, no spaces, capital letters where the kind has only those.
func compact(kind Kind, s string, numeric bool) (string, change, error) {
	out, did, err := oneCode(kind, s)
	if err != nil {
		return "", 0, err
	}
	if err := damaged(out, numeric); err != nil && !soundLong(kind, out, numeric) {
		return "", 0, withFound(err, s)
	}
	if body, ok := strings.CutSuffix(out, ".0"); ok && allDigits(body) {
		out, did = body, did|didFloatTail
	}
	if kind == KindPlainCode {
		return out, did, nil
	}
	if kind != KindIdentifier {
		out, did = without(out, "-", did, didDash)
	}
	if upper := strings.ToUpper(out); upper != out {
		out, did = upper, did|didCase
	}
	return out, did, nil
}

// oneCode cleans a code, takes out its spaces and refuses what is empty or several values.
func oneCode(kind Kind, s string) (string, change, error) {
	m := modeCode
	if kind == KindPlainCode && strings.ContainsAny(s, "（）") {
		m = modeText
	}
	out, did, err := clean(s, m, maxCodeRunes)
	if err != nil {
		return "", 0, err
	}
	if did&didControl != 0 {
		return "", 0, refuse(CodeControl, s, "")
	}
	out, did = trimApostrophe(out, did)
	if SeveralValues(kind, s) != nil || severalBySpace(kind, out) {
		return "", 0, refuse(CodeSeveralValues, s, "1")
	}
	out, did = without(out, " ", did, didSpace)
	out, did = trimApostrophe(out, did)
	if out == "" {
		return "", 0, refuse(CodeEmpty, "", "")
	}
	if SeveralValues(kind, out) != nil { // seen only now that the pieces are joined
		return "", 0, refuse(CodeSeveralValues, s, "1")
	}
	return out, did, nil
}

// without takes a character out of s and records that.
func without(s, char string, did, done change) (string, change) {
	if !strings.Contains(s, char) {
		return s, did
	}
	return composed(strings.ReplaceAll(s, char, "")), did | done
}

// soundLong reports a number that ends like a damaged one but carries a valid check digit.
func soundLong(kind Kind, s string, numeric bool) bool {
	if numeric || !lostDigits(s) {
		return false
	}
	return kind == KindCitizen && code.CheckCitizenNumber(s) == nil || kind == KindUSCC && code.CheckUSCC(s) == nil
}

// severalBySpace reports two whole codes with a space between.
func severalBySpace(kind Kind, s string) bool {
	if kind != KindUSCC && kind != KindCitizen {
		return false
	}
	n := 0
	for _, part := range strings.Fields(s) {
		if len(part) != 18 && len(part) != 15 {
			return false
		}
		n++
	}
	return n > 1
}

func masked(s string) bool { return strings.Contains(s, "**") || strings.Contains(s, "XXXX") }

func reasonOf(err error) code.CheckError {
	var e *code.CheckError
	if errors.As(err, &e) {
		return *e
	}
	return code.CheckError{}
}
