package vault

import (
	"context"

	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/internal/normal"
	"github.com/elicense/elicense/vault/catalogue"
	"github.com/elicense/elicense/vault/record"
)

// Comparison is the answer to a compare (比对): field by field, with the normalisation that decided it.
type Comparison struct {
	Result     string         `json:"result"` // matched, different, missing, or an Absence
	Identifier string         `json:"identifier,omitempty"`
	State      State          `json:"state,omitempty"`
	SourceTime string         `json:"source_time,omitempty"` // age of the source, RFC 3339
	Fields     []FieldVerdict `json:"fields,omitempty"`
	Receipt    *Receipt       `json:"receipt"`

	Claims map[string]string `json:"-"` // what was said, by the short names of the type that was asked about
}

// resultMatched is the result of a comparison in which everything is equal.
const resultMatched = "matched"

// FieldVerdict is the judgement on one element.
type FieldVerdict struct {
	Field   string   `json:"field"`
	Label   string   `json:"label"`
	Verdict Verdict  `json:"verdict"`
	Rules   []string `json:"rules,omitempty"` // normalisations that made them equal, or that still left them different
}

// Verdict is the judgement on one element.
type Verdict string

// The verdicts.
const (
	Equal     Verdict = "equal"     // 一致
	Different Verdict = "different" // 不一致
	Missing   Verdict = "missing"   // 缺失: the licence does not have the element
)

// Chinese is the verdict's name for people.
func (v Verdict) Chinese() string {
	switch v {
	case Equal:
		return "一致"
	case Different:
		return "不一致"
	case Missing:
	}
	return "缺失"
}

// Compare compares what an applicant says with what the vault holds (A78), by any of the names of an element. The query
// must name one licence. The answer shows verdicts, never the vault's values; a signed receipt stands for it in the
// case file.
func (v *Vault) Compare(ctx context.Context, a Access, q Query, claims map[string]string) (*Comparison, error) {
	q.Limit, q.Cursor = 2, ""
	cmp := comparing{claims: claims}
	f, err := v.find(ctx, a, q, "compare", cmp.read)
	if err != nil {
		return nil, err
	}
	c, err := v.judge(ctx, f.s, &cmp, f.res)
	if isRefusal(err) {
		return nil, v.denied(ctx, f.s, f.note, err)
	}
	if err != nil {
		return nil, err
	}
	about := append(numbersOf(f.res.Found), q.HolderCode, c.Claims[catalogue.MetaHolderCode])
	if err := f.s.show(ctx, about); err != nil {
		return nil, err
	}
	note, guess := f.note, v.guessKeys(f.s, &f.q, f.res)
	note.result, note.holders = c.Result, holdersOf(f.res.Found)
	still := v.stillReads(f.s)
	return whole(c, v.auditWith(ctx, f.s, note, func(w engine.Writer) error {
		if still != nil {
			if err := still(w); err != nil {
				return err
			}
		}
		return v.countGuess(w, guess, c.Result)
	}))
}

// comparing is what a comparison needs beside the licence.
type comparing struct {
	claims map[string]string
	typ    *LicenceType // of the licence, or that was asked about; nil: of all types nothing was found
	last   *signedHead
}

// read reads it in the snapshot in which the licence was found.
func (c *comparing) read(f *finder) (err error) {
	if err := checkClaims(c.claims); err != nil {
		return err
	}
	typeCode := f.note.typ
	switch len(f.res.Found) {
	case 0:
	case 1:
		typeCode = f.res.Found[0].Record.TypeCode
	default:
		return refuse(ErrInvalid, CodeQuery, "issuer")
	}
	if c.typ = nil; typeCode != "" {
		if c.typ, err = f.typeOf(typeCode); err != nil {
			return err
		}
	}
	c.last, err = f.v.receiptHead(f.r, f.s)
	return err
}

// judge compares the claims in the order of the type's elements and signs the receipt.
func (v *Vault) judge(ctx context.Context, s *session, cmp *comparing, res *Result) (*Comparison, error) {
	claims, err := cmp.typ.byShortName(cmp.claims)
	if err != nil {
		return nil, err
	}
	r := record.Receipt{Vault: v.Name(), Kind: "compare", Time: s.at, Asked: s.asked()}
	if len(res.Found) == 0 {
		if r.Result = string(res.Absence); r.Result == "" {
			r.Result = string(NotConverted)
		}
		receipt, err := v.signReceipt(ctx, &r, cmp.last, nil)
		return whole(&Comparison{Result: r.Result, Claims: claims, Receipt: receipt}, err)
	}
	f := &res.Found[0]
	fields, err := compareFields(cmp.typ, f, claims)
	if err != nil {
		return nil, err
	}
	c := &Comparison{
		Result: overall(fields), Identifier: f.Identifier, State: f.State, Fields: fields, Claims: claims,
		SourceTime: f.SourceTime.Format("2006-01-02T15:04:05Z07:00"),
	}
	r.Result = c.Result
	fillReceipt(&r, f)
	opens := make([]record.Disclosure, len(fields))
	r.Claims = make([]record.Claim, len(fields))
	for i := range fields {
		opens[i] = record.Disclosure{Name: fields[i].Field, Value: claims[fields[i].Field]}
		if opens[i].Salt, err = v.drawSalt(); err != nil {
			return nil, err
		}
		r.Claims[i] = record.Claim{
			Field: fields[i].Field, Verdict: string(fields[i].Verdict), Rules: fields[i].Rules,
			Claimed: opens[i].Digest(),
		}
	}
	c.Receipt, err = v.signReceipt(ctx, &r, cmp.last, opens)
	return whole(c, err)
}

// byShortName gives claims by the short names of their elements. A name that the type does not know stays, for
// compareFields to refuse; two names of one element are a refusal, since nobody can say which is meant.
func (t *LicenceType) byShortName(claims map[string]string) (map[string]string, error) {
	if t == nil {
		return claims, nil
	}
	out := make(map[string]string, len(claims))
	var problems []Problem
	for name, value := range claims {
		short, ok := t.ShortName(name)
		if !ok {
			short = name
		}
		if _, there := out[short]; there {
			problems = append(problems, problem(CodeFieldTwice, name, short))
		}
		out[short] = value
	}
	if len(problems) > 0 {
		return nil, &Refusal{ErrInvalid, problems}
	}
	return out, nil
}

// checkClaims bounds what is compared.
func checkClaims(claims map[string]string) error {
	for _, value := range claims {
		if len(value) > record.MaxValue {
			return refuse(ErrInvalid, CodeTextTooLong, "claims")
		}
	}
	return nil
}

func compareFields(t *LicenceType, f *Found, claims map[string]string) ([]FieldVerdict, error) {
	fields := make([]FieldVerdict, 0, len(claims))
	for _, col := range t.cols {
		claimed, ok := claims[col.Name]
		if !ok {
			continue
		}
		fields = append(fields, compareField(col.Name, col.Label, col.Compare, [2]string{claimed, f.Value(col.Name)}))
	}
	if len(fields) == len(claims) && len(fields) > 0 {
		return fields, nil
	}
	var problems []Problem
	for name := range claims {
		if _, ok := t.Column(name); !ok {
			problems = append(problems, problem(CodeClaimUnknown, name, ""))
		}
	}
	if len(problems) == 0 {
		problems = append(problems, problem(CodeQuery, "claims", ""))
	}
	return nil, &Refusal{ErrInvalid, problems}
}

func compareField(name, label string, kind normal.Kind, pair [2]string) FieldVerdict {
	fv := FieldVerdict{Field: name, Label: label, Verdict: Different}
	if pair[1] == "" {
		fv.Verdict = Missing
		return fv
	}
	if kind == 0 { // images: by content address
		if pair[0] == pair[1] {
			fv.Verdict = Equal
		}
		return fv
	}
	verdict := normal.Compare(kind, pair[0], pair[1])
	if verdict.Equal {
		fv.Verdict = Equal
	}
	for _, rule := range verdict.Rules {
		fv.Rules = append(fv.Rules, string(rule))
	}
	return fv
}

func overall(fields []FieldVerdict) string {
	result := resultMatched
	for i := range fields {
		switch fields[i].Verdict {
		case Different:
			return "different"
		case Missing:
			result = "missing"
		case Equal:
		}
	}
	return result
}
