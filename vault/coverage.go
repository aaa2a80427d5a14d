package vault

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/elicense/elicense/internal/engine"
)

// anyIssuer stands for all issuers of a type in declarations.
const anyIssuer = "*"

// coverage is the declared state of conversion of a type at an issuer.
type coverage struct {
	Series []string `json:"series"` // beginnings of numbers that are fully converted; "" is all
	By     string   `json:"by"`
}

// DeclareComplete records that the stock of a type at an issuer ("*" for all issuers) is fully converted, as far as the
// numbers begin with series ("" for all): from then on "not found" means never issued.
func (v *Vault) DeclareComplete(ctx context.Context, a Access, typeCode, issuer, series string) error {
	s, err := v.admit(ctx, a)
	if err != nil {
		return err
	}
	note := auditNote{act: "declare-complete", typ: typeCode, issuer: issuer}
	if err := mayDeclare(s, typeCode, issuer); err != nil {
		return v.denied(ctx, s, note, err)
	}
	if err := v.writable(ctx); err != nil {
		return v.denied(ctx, s, note, err)
	}
	if p := checkFree("series", series, 100); p != nil && series != "" {
		return v.denied(ctx, s, note, &Refusal{ErrInvalid, []Problem{*p}})
	}
	if note.object = object("series", series); series == "" {
		note.object = "all numbers"
	}
	err = v.cfg.Engine.Update(ctx, func(w engine.Writer) error {
		if err := openForWriting(w); err != nil {
			return err
		}
		if _, err := openType(w, typeCode); err != nil {
			return err
		}
		if err := v.stillDeclares(w, s, typeCode, issuer); err != nil {
			return err
		}
		k := key(spaceComplete, word(typeCode), []byte(issuer))
		var c coverage
		if err := getJSON(w, k, &c); err != nil && !errors.Is(err, engine.ErrNotFound) {
			return err
		}
		if !slices.Contains(c.Series, series) {
			c.Series = append(c.Series, series)
		}
		c.By = s.Caller
		if err := putJSONIn(w, k, c); err != nil {
			return err
		}
		return v.appendAudit(w, s, note)
	})
	if isRefusal(err) {
		return v.denied(ctx, s, note, err)
	}
	return err
}

// mayDeclare decides the right to a declaration: for all issuers it is the operator's.
func mayDeclare(s *session, typeCode, issuer string) error {
	if issuer == anyIssuer {
		return s.mustOperate()
	}
	return s.mayIssue(typeCode, issuer)
}

// stillDeclares is mayDeclare in the transaction, by the rights that the caller has then.
func (v *Vault) stillDeclares(r engine.Reader, s *session, typeCode, issuer string) error {
	now, err := v.anew(r, s)
	if err != nil {
		return err
	}
	return mayDeclare(now, typeCode, issuer)
}

// absence fills in what it means that nothing was found.
func (f *finder) absence(typeCode, issuer, number string) error {
	if len(f.res.Found) > 0 || f.q.Cursor != "" {
		return nil
	}
	f.res.Absence = SourceSilent
	never := NeverIssued
	if f.hidden || f.partial(issuer) {
		never = NotConverted
	}
	for _, who := range []string{issuer, anyIssuer} {
		var c coverage
		err := getJSON(f.r, key(spaceComplete, word(typeCode), []byte(who)), &c)
		if errors.Is(err, engine.ErrNotFound) {
			continue
		}
		if err != nil {
			return err
		}
		f.res.Absence = NotConverted
		if c.covers(number) {
			f.res.Absence = never
			return nil
		}
	}
	if f.res.Absence == NotConverted {
		return nil
	}
	prefix := key(spaceNumber, word(typeCode))
	if issuer != anyIssuer {
		prefix = key(spaceIssuer, word(issuer), word(typeCode))
	}
	return f.r.Scan(engine.Range{Prefix: prefix, KeysOnly: true}, func(_, _ []byte) (bool, error) {
		f.res.Absence = NotConverted
		return false, nil
	})
}

// partial reports whether a query may have passed over licences outside the session's scope: nothing can be said of
// those, not even that they were never issued.
func (f *finder) partial(issuer string) bool {
	if f.scope.bound {
		return f.q.HolderCode == "" || f.q.Identifier != "" || f.q.Number != ""
	}
	return f.scope.issuer != "" && f.scope.issuer != issuer
}

// covers reports whether a number is in a series that is fully converted; without a number only a declaration for all
// numbers counts.
func (c *coverage) covers(number string) bool {
	for _, series := range c.Series {
		if series == "" || number != "" && strings.HasPrefix(number, series) {
			return true
		}
	}
	return false
}
