package vault

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/elicense/elicense/internal/code"
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
}

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

// Compare compares what an applicant says with what the vault holds (A78). The query must name one licence. The answer
// shows verdicts, never the vault's values; a signed receipt stands for it in the case file.
func (v *Vault) Compare(ctx context.Context, a Access, q Query, claims map[string]string) (*Comparison, error) {
	note := q.note("compare")
	s, sc, err := v.admitRead(ctx, a, note)
	if err != nil {
		return nil, err
	}
	if err := checkClaims(claims); err != nil {
		return nil, v.denied(ctx, s, note, err)
	}
	q.Limit, q.Cursor = 2, ""
	res, found, err := v.find(ctx, s, sc, q)
	found.act, found.count = note.act, 0
	if err == nil && len(res.Found) > 1 {
		err = refuse(ErrInvalid, CodeQuery, "issuer")
	}
	if isRefusal(err) {
		return nil, v.denied(ctx, s, found, err)
	}
	if err != nil {
		return nil, err
	}
	guess := v.guessKeys(s, &q, res)
	if err := v.mayGuess(ctx, guess); err != nil {
		return nil, v.denied(ctx, s, found, err)
	}
	c, err := v.judge(ctx, s, res, claims)
	if isRefusal(err) {
		return nil, v.denied(ctx, s, found, err)
	}
	if err != nil {
		return nil, err
	}
	about := append(numbersOf(res.Found), q.HolderCode, claims[catalogue.MetaHolderCode])
	if err := s.show(ctx, about); err != nil {
		return nil, err
	}
	found.result, found.holders = c.Result, holdersOf(res.Found)
	if err := v.countGuess(ctx, s, found, guess); err != nil {
		return nil, err
	}
	return c, nil
}

// judge compares the claims in the order of the type's elements and signs the receipt.
func (v *Vault) judge(ctx context.Context, s *session, res *Result, claims map[string]string) (*Comparison, error) {
	r := record.Receipt{Vault: v.Name(), Kind: "compare", Time: s.at, Asked: s.asked()}
	if len(res.Found) == 0 {
		if r.Result = string(res.Absence); r.Result == "" {
			r.Result = string(NotConverted)
		}
		receipt, err := v.signReceipt(ctx, &r, nil)
		return whole(&Comparison{Result: r.Result, Receipt: receipt}, err)
	}
	f := &res.Found[0]
	t, err := v.Type(ctx, f.Record.TypeCode)
	if err != nil {
		return nil, err
	}
	fields, err := compareFields(t, f, claims)
	if err != nil {
		return nil, err
	}
	c := &Comparison{
		Result: overall(fields), Identifier: f.Identifier, State: f.State, Fields: fields,
		SourceTime: f.SourceTime.Format("2006-01-02T15:04:05Z07:00"),
	}
	r.Result = c.Result
	fillReceipt(&r, f)
	opens := make([]record.Disclosure, len(fields))
	for i := range fields {
		opens[i] = record.Disclosure{Name: fields[i].Field, Value: claims[fields[i].Field]}
		if opens[i].Salt, err = v.drawSalt(); err != nil {
			return nil, err
		}
		r.Claims = append(r.Claims, record.Claim{
			Field: fields[i].Field, Verdict: string(fields[i].Verdict), Rules: fields[i].Rules,
			Claimed: opens[i].Digest(),
		})
	}
	c.Receipt, err = v.signReceipt(ctx, &r, opens)
	return whole(c, err)
}

// checkClaims bounds what is compared before anything is read.
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
	for _, col := range t.Columns() {
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
	result := "matched"
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

// guessKeys names the counters of failed comparisons of this caller today: of each holder of the licence that was
// found, of the licence if it has none, or of what was asked about. However a licence is asked for, the same counter
// counts.
func (v *Vault) guessKeys(s *session, q *Query, res *Result) [][]byte {
	var subjects [][]byte
	switch {
	case len(res.Found) > 0:
		for i := range res.Found[0].holders {
			subjects = append(subjects, res.Found[0].holders[i][:])
		}
		if subjects == nil {
			subjects = [][]byte{res.Found[0].id[:]}
		}
	case q.Identifier != "":
		if id, err := code.ParseIdentifier(q.Identifier); err == nil {
			t := v.licenceID(id.Type, id.Issuer, id.Serial)
			subjects = [][]byte{t[:]}
		}
	case q.HolderCode != "" && q.HolderKind != "":
		t := v.holderToken(q.HolderKind, holderCode(q.HolderKind, q.HolderCode))
		subjects = [][]byte{t[:]}
	default:
		t := v.token("asked", []byte(q.Type), []byte(plainNumber(q.Number)), []byte(q.Issuer), []byte(q.Batch))
		subjects = [][]byte{t[:]}
	}
	keys := make([][]byte, len(subjects))
	for i := range subjects {
		t := v.token("guess", []byte(s.Caller), subjects[i])
		keys[i] = key(spaceGuess, dateKey(v.today(s.at)), t[:])
	}
	return keys
}

func (v *Vault) mayGuess(ctx context.Context, guess [][]byte) error {
	return v.cfg.Engine.View(ctx, func(r engine.Reader) error {
		for _, k := range guess {
			if n, err := guesses(r, k); err != nil {
				return err
			} else if n >= v.cfg.MaxMismatches {
				return refuse(ErrTooMany, CodeGuessing, "")
			}
		}
		return nil
	})
}

func guesses(r engine.Reader, guess []byte) (int, error) {
	b, err := r.Get(guess)
	if errors.Is(err, engine.ErrNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	n, k := binary.Uvarint(b)
	if k <= 0 || n > 1<<31 {
		return 0, fmt.Errorf("%w: guess counter", ErrDamaged)
	}
	return int(n), nil
}

// countGuess makes the comparison's audit entry durable and counts it if it failed; calls that race are refused past
// the limit, their answers are not given.
func (v *Vault) countGuess(ctx context.Context, s *session, note auditNote, guess [][]byte) error {
	failed := note.result != "matched"
	err := v.cfg.Engine.Update(ctx, func(w engine.Writer) error {
		for _, k := range guess {
			n, err := guesses(w, k)
			if err != nil {
				return err
			}
			if n >= v.cfg.MaxMismatches {
				return refuse(ErrTooMany, CodeGuessing, "")
			}
			if !failed {
				continue
			}
			if err := w.Put(k, appendInt(nil, n+1)); err != nil {
				return err
			}
		}
		return v.appendAudit(w, s, note)
	})
	switch {
	case errors.Is(err, ErrTooMany):
		return v.denied(ctx, s, note, err)
	case err != nil:
		return fmt.Errorf("%w: %w", ErrAudit, err)
	}
	return nil
}
