package verify

import (
	"regexp"
	"slices"
	"strings"

	"github.com/elicense/elicense/internal/code"
	"github.com/elicense/elicense/internal/normal"
	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/vault/record"
)

// Elements of GB/T 36903-2018 that expectations ask for.
const (
	elementNumber     = "ZZBH"   // 证照编号
	elementHolder     = "CZZT"   // 持证主体
	elementHolderCode = "CZZTDM" // 持证主体代码
	holderSeparator   = "^"      // between several holders
)

// answers is what a document says to the expectations; empty: nothing.
type answers struct {
	identifier, typ, issuer string
	typeName, issuerName    string
	holderKind              string            // 持证主体代码类型代码
	values                  map[string]string // proven elements
}

func licenceAnswers(rec *record.Record, values map[string]string) answers {
	return answers{
		identifier: rec.Identifier, typ: rec.TypeCode, typeName: rec.TypeName, issuer: rec.IssuerCode,
		issuerName: rec.IssuerName, holderKind: rec.HolderKind, values: values,
	}
}

// expectAll holds the document against what the caller expects.
func (j *judgement) expectAll(a answers) {
	e := j.expect
	j.expectPlain("expect.identifier", e.Identifier, a.identifier)
	if a.typeName != "" && strings.TrimSpace(e.Type) == a.typeName {
		j.pass("expect.type")
	} else {
		j.expectPlain("expect.type", e.Type, a.typ)
	}
	j.expectPlain("expect.issuer", e.Issuer, a.issuer)
	j.expectDepartment(a)
	j.expectCase()
	j.expectPersonal("expect.number", e.Number, a.values[elementNumber], plain)
	codes, names := a.values[elementHolderCode], a.values[elementHolder]
	if len(positions(e.HolderCode, codes, a.sameCode)) == 0 && otherKind(e.HolderCode, codes) {
		j.open("expect.holder-code", SignedDataNotFound, "a code of the same kind", "a code of another kind")
	} else {
		j.expectPersonal("expect.holder-code", e.HolderCode, codes, a.sameCode)
	}
	j.expectPersonal("expect.holder-name", e.HolderName, names, a.sameName)
	if e.HolderCode != "" && e.HolderName != "" && j.passed("expect.holder-code", "expect.holder-name") {
		j.expectPair(a)
	}
}

func (j *judgement) expectPlain(id, want, found string) {
	switch {
	case want == "":
	case found == "":
		j.open(id, SignedDataNotFound, want)
	case strings.EqualFold(strings.TrimSpace(want), found):
		j.pass(id)
	default:
		j.fail(id, ExpectationFailure, want, found)
	}
}

// expectPersonal shows neither side.
func (j *judgement) expectPersonal(id, want, found string, same func(a, b string) bool) {
	switch {
	case want == "":
	case found == "":
		j.open(id, SignedDataNotFound)
	case len(positions(want, found, same)) > 0:
		j.pass(id)
	default:
		j.fail(id, ExpectationFailure)
	}
}

// expectPair: of several holders, code and name must be those of one.
func (j *judgement) expectPair(a answers) {
	byCode := positions(j.expect.HolderCode, a.values[elementHolderCode], a.sameCode)
	byName := positions(j.expect.HolderName, a.values[elementHolder], a.sameName)
	if slices.ContainsFunc(byCode, func(i int) bool { return slices.Contains(byName, i) }) {
		j.pass("expect.holder")
		return
	}
	j.fail("expect.holder", ExpectationFailure)
}

// positions finds a value among those of several holders.
func positions(want, found string, same func(a, b string) bool) []int {
	var out []int
	for i, part := range strings.Split(found, holderSeparator) {
		if same(want, part) {
			out = append(out, i)
		}
	}
	return out
}

func plain(a, b string) bool { return normal.Compare(normal.KindPlainCode, a, b).Equal }

// sameCode compares as the kind of the code demands; where the kind is not known, as any of them.
func (a answers) sameCode(want, found string) bool {
	kinds := []normal.Kind{normal.KindPlainCode}
	switch a.holderKind {
	case code.HolderCodeUSCC:
		kinds = []normal.Kind{normal.KindUSCC}
	case code.HolderCodeCitizen:
		kinds = []normal.Kind{normal.KindCitizen}
	case "":
		kinds = []normal.Kind{normal.KindUSCC, normal.KindCitizen, normal.KindPlainCode}
	}
	return slices.ContainsFunc(kinds, func(k normal.Kind) bool { return normal.Compare(k, want, found).Equal })
}

// formerCode is a registration number of a firm (工商注册号) or the code of an organisation (组织机构代码), as they were
// before there was one code for all (统一社会信用代码, from 2015).
var formerCode = regexp.MustCompile(`^([0-9]{13}|[0-9]{15}|[0-9A-Z]{8}-?[0-9X])$`)

// otherKind tells a former code and the one code beside each other: both may be of one firm, so that neither says that
// the other is wrong.
func otherKind(want, found string) bool {
	want = strings.ToUpper(strings.TrimSpace(want))
	return slices.ContainsFunc(strings.Split(found, holderSeparator), func(f string) bool {
		return formerCode.MatchString(want) && code.CheckUSCC(f) == nil ||
			code.CheckUSCC(want) == nil && formerCode.MatchString(f)
	})
}

func (a answers) sameName(want, found string) bool {
	kind := normal.KindOrgName
	if h, ok := code.LookupHolderCode(a.holderKind); ok && h.Holder == code.HolderPerson {
		kind = normal.KindText
	}
	return normal.Compare(kind, want, found).Equal
}

// signerAnswers is what the certificates of the signers say to the expectations. They count only if the signatures do,
// which is judged apart.
func (j *judgement) signerAnswers() answers {
	a := answers{values: map[string]string{}}
	var codes, names []string
	for i := range j.signers {
		h := &j.signers[i].cert.Holder
		names = append(names, strings.ReplaceAll(h.Name, holderSeparator, " ")) // one name is no two
		code := h.USCC
		if code == "" {
			code = h.Number.Reveal()
		}
		codes = append(codes, code)
		if h.Kind != pki.HolderPerson && a.issuer == "" {
			a.issuer = h.USCC
		}
	}
	a.values[elementHolderCode] = strings.Join(codes, holderSeparator)
	a.values[elementHolder] = strings.Join(names, holderSeparator)
	return a
}
