package vault

import (
	"strings"

	"github.com/elicense/elicense/internal/code"
	"github.com/elicense/elicense/vault/catalogue"
)

// HolderKindOf tells the kind of a holder's code (持证主体代码类型代码) among those that a type allows: by its check digit,
// or because only one kind without one is allowed; "" if it cannot be told. A code that has the form of one with a
// check digit and fails it is a slip, never another kind. Of several codes the first decides.
func HolderKindOf(holderCode string, allowed []string) string {
	first, _, _ := strings.Cut(holderCode, "^")
	other, slip := "", false
	for _, kind := range allowed {
		switch kind {
		case code.HolderCodeUSCC:
			if code.CheckUSCC(first) == nil {
				return kind
			}
			slip = slip || len(first) == 18 && strings.Trim(first, usccAlphabet) == ""
		case code.HolderCodeCitizen:
			if len(first) == 18 && code.CheckCitizenNumber(first) == nil {
				return kind
			}
			slip = slip || len(first) == 18 && strings.Trim(first[:17], "0123456789") == ""
		default:
			if other != "" {
				slip = true // which of them?
			}
			other = kind
		}
	}
	if slip {
		return ""
	}
	return other
}

// usccAlphabet are the characters of credit codes, GB 32100-2015.
const usccAlphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"

// tellHolderKind fills in the kind of the holder's code where a request leaves it out, with a note; a problem if it
// cannot be told, because a record must say it.
func tellHolderKind(t *LicenceType, row []string, problems []Problem) ([]Note, []Problem) {
	if row[t.at.holderKind] != "" {
		return nil, problems
	}
	for _, p := range problems {
		if p.Field == catalogue.MetaHolderCodeType || p.Field == catalogue.MetaHolderCode {
			return nil, problems // told already
		}
	}
	kind := ""
	if row[t.at.holderCode] != "" {
		kind = HolderKindOf(row[t.at.holderCode], t.Definition.Holder.CodeTypes)
	}
	if kind == "" {
		return nil, append(problems, problem(CodeHolderKindMissing, catalogue.MetaHolderCodeType, ""))
	}
	row[t.at.holderKind] = kind
	return []Note{{Field: catalogue.MetaHolderCodeType, Code: CodeHolderKindTold, New: kind}}, problems
}
