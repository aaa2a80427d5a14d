package verify

import (
	"strings"
	"unicode"

	"github.com/elicense/elicense/internal/normal"
	"github.com/elicense/elicense/pki"
)

// department is who issued or sealed a document, as record or certificate have it; either may be missing.
type department struct{ code, name string }

// uniformCode is the length of a 统一社会信用代码.
const uniformCode = 18

// expectDepartment: a licence is its issuer's, any other document that of a department whose seal it bears, or where it
// bears none, of one that signed it. Signatures that do not hold are another matter: with one the document fails.
func (j *judgement) expectDepartment(a answers) {
	const id = "expect.department"
	want := strings.TrimSpace(j.expect.Department)
	if want == "" {
		return
	}
	said := false
	var found []string
	for _, d := range j.departments(a) {
		same, says := d.is(want)
		if same {
			j.pass(id)
			return
		}
		said = said || says
		found = append(found, strings.TrimSpace(d.name+" "+d.code))
	}
	if said {
		j.fail(id, ExpectationFailure, want, listed(found))
		return
	}
	j.open(id, SignedDataNotFound, want)
}

// is tells whether a department is the one that is wanted, and whether it says so at all: one that gives only its code
// does not answer to a name.
func (d department) is(want string) (same, says bool) {
	if isCode(want) {
		return isCode(d.code) && normal.Compare(normal.KindUSCC, want, d.code).Equal, isCode(d.code)
	}
	return d.name != "" && normal.Compare(normal.KindOrgName, want, d.name).Equal, d.name != ""
}

func isCode(s string) bool {
	return len(s) == uniformCode && strings.IndexFunc(s, func(c rune) bool {
		return (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z')
	}) < 0
}

// departments are those that issued or sealed the document. Of a licence the issuer alone; its name may be written in
// the record and in the certificate of its seal.
func (j *judgement) departments(a answers) []department {
	var sealed, signed []department
	for i := range j.signers {
		h := &j.signers[i].cert.Holder
		if h.Kind == pki.HolderPerson || a.issuer != "" && a.issuer != h.USCC {
			continue
		}
		d := department{h.USCC, h.Name}
		signed = append(signed, d)
		if j.signers[i].sealed {
			sealed = append(sealed, d)
		}
	}
	if len(sealed) > 0 {
		signed = sealed
	}
	if a.issuer != "" {
		return append([]department{{a.issuer, a.issuerName}}, signed...)
	}
	return signed
}

// expectCase: a receipt was given for one case, and a copy made for one. What says nothing of a case does not answer.
func (j *judgement) expectCase() {
	const id = "expect.case"
	want := strings.TrimSpace(j.expect.Case)
	switch {
	case want == "":
	case j.forCase == "" && j.forPurpose == "":
		j.open(id, SignedDataNotFound, want)
	case j.forCase != "" && normal.Compare(normal.KindPlainCode, want, j.forCase).Equal,
		namesCase(j.forPurpose, want):
		j.pass(id)
	case j.forCase != "":
		j.fail(id, ExpectationFailure, want, j.forCase)
	default:
		j.open(id, SignedDataNotFound, want)
	}
}

// namesCase tells whether a purpose names a case: by its number, as a word of its own.
func namesCase(purpose, number string) bool {
	for at := 0; ; {
		i := strings.Index(purpose[at:], number)
		if i < 0 {
			return false
		}
		around := lastRune(purpose[:at+i]) + firstRune(purpose[at+i+len(number):])
		if !strings.ContainsFunc(around, partOfNumber) {
			return true
		}
		at += i + len(number)
	}
}

// partOfNumber tells letters, digits and hyphens of case numbers from the words around them.
func partOfNumber(c rune) bool {
	switch {
	case strings.ContainsRune("-_/.－", c), unicode.Is(unicode.Nd, c):
		return true
	case c <= unicode.MaxLatin1, c >= 0xff01 && c <= 0xff5e: // Latin letters, and those as wide as Chinese characters
		return unicode.IsLetter(c)
	}
	return false
}

func lastRune(s string) string {
	runes := []rune(s)
	return string(runes[max(0, len(runes)-1):])
}

func firstRune(s string) string {
	for _, c := range s {
		return string(c)
	}
	return ""
}

// copyCase takes what a copy is for from its metadata, if a signature covers them.
func (j *judgement) copyCase(o *ofdPackage) {
	if o.covered[o.Main()] {
		j.forPurpose = customData(o, copyPurpose)
	}
}
