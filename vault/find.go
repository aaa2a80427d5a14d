package vault

import (
	"context"
	"errors"
	"fmt"

	"github.com/elicense/elicense/internal/code"
	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/internal/normal"
	"github.com/elicense/elicense/vault/record"
)

// find admits an access and dispatches its query by its form. What the answer needs beside it, more reads in the same
// snapshot; nil: nothing. A refusal stands in the audit when it is returned.
func (v *Vault) find(ctx context.Context, a Access, q Query, act string, more func(*finder) error) (*finder, error) {
	if q.Limit <= 0 {
		q.Limit = defaultPage
	}
	q.Limit = min(q.Limit, maxPage)
	asked := q.note(act)
	q.HolderCode, q.Number = holderCode(q.HolderKind, q.HolderCode), plainNumber(q.Number)
	f := &finder{note: asked}
	_, err := v.viewAs(ctx, a, &f.note, func(r engine.Reader, s *session, sc scope) error {
		*f = finder{v: v, r: r, s: s, scope: sc, q: q, today: v.today(s.at), res: &Result{}, note: asked}
		if err := f.run(); err != nil || more == nil {
			return err
		}
		return more(f)
	})
	if err != nil {
		return nil, err
	}
	return f, nil
}

// finder is one query inside one snapshot.
type finder struct {
	v     *Vault
	r     engine.Reader
	s     *session
	scope scope
	q     Query
	today record.Date
	res   *Result
	// hidden is set when a licence was passed over that the vault has and does not show: of a batch that waits for its
	// sign-off, or withdrawn.
	hidden bool
	// mayRead is the last type that this session was found free to read in this snapshot, with its head.
	mayRead string
	head    *typeHead
	note    auditNote // what the audit says; its type is the one that the query names or leads to
}

// readable is readableType, asked once for licences of one type in a row.
func (f *finder) readable(code string) error {
	if f.mayRead == code && code != "" {
		return nil
	}
	h, err := readableHead(f.r, f.s, code)
	if err == nil {
		f.mayRead, f.head = code, h
	}
	return err
}

// typeOf is the type of a licence that was found, as this snapshot has it.
func (f *finder) typeOf(code string) (*LicenceType, error) {
	if f.mayRead == code && f.head != nil {
		return f.v.compiled(f.r, code, f.head)
	}
	return f.v.typeIn(f.r, code)
}

// holderCode reads a holder's code as conversion and issue do, so that full-width digits, spaces and 15-digit numbers
// find the same holder; what is no such code stays as it is and finds nobody.
func holderCode(kind, text string) string {
	read := normal.PlainCode
	switch kind {
	case "001":
		read = normal.USCC
	case "111":
		read = normal.CitizenNumber
	}
	if res, err := read(text); err == nil {
		return res.Value
	}
	return text
}

// plainNumber reads a licence number as conversion and issue do.
func plainNumber(text string) string {
	if res, err := normal.PlainCode(text); err == nil {
		return res.Value
	}
	return text
}

func (f *finder) run() error {
	if f.q.HolderCode != "" {
		f.note.subject = f.v.holderToken(f.q.HolderKind, f.q.HolderCode)
	}
	err := f.dispatch()
	if err == nil && len(f.res.Found) == 1 && f.q.Cursor == "" {
		f.note.licence = f.res.Found[0].Identifier
	}
	return err
}

// dispatch is the one place that decides by which form a query is answered: who shows the answer is told, since of
// two forms in one query the other does not count.
func (f *finder) dispatch() error {
	q := &f.q
	switch {
	case q.Identifier != "":
		f.res.Named = true
		return f.byIdentifier()
	case q.Token != "":
		f.res.Named = true
		return f.byToken()
	case q.HolderCode != "" && q.HolderKind != "":
		return f.byHolder()
	case q.Type != "" && q.Number != "":
		f.res.Named = true
		return f.byNumber()
	case q.Type != "" && q.Issuer != "":
		return f.byIssuer()
	case q.Batch != "":
		return f.byBatch()
	}
	return refuse(ErrInvalid, CodeQuery, "")
}

func (f *finder) byIdentifier() error {
	id, err := code.ParseIdentifier(f.q.Identifier)
	if err != nil {
		return refuse(ErrInvalid, CodeIdentifier, "identifier")
	}
	if f.scope.issuer != "" && f.scope.issuer != id.Issuer {
		return refuse(ErrDenied, CodeNotIssuer, "issuer")
	}
	if err := f.readable(id.Type); err != nil {
		return err
	}
	f.note.typ = id.Type
	if err := f.add(f.v.licenceID(id.Type, id.Issuer, id.Serial)); err != nil {
		return err
	}
	return f.absence(id.Type, id.Issuer, "")
}

// byToken finds the licence of a QR code. A code that the vault did not make is as if the licence were unknown.
func (f *finder) byToken() error {
	id, ok := f.v.parsePublicToken(f.q.Token)
	if !ok {
		return refuse(ErrNotFound, CodeLicenceUnknown, "token")
	}
	h, err := getHead(f.r, id)
	if err != nil {
		return err
	}
	if h == nil {
		return refuse(ErrNotFound, CodeLicenceUnknown, "token")
	}
	if f.scope.issuer != "" && f.scope.issuer != h.issuer {
		return refuse(ErrDenied, CodeNotIssuer, "issuer")
	}
	if err := f.readable(h.typeCode); err != nil {
		return err
	}
	f.note.typ = h.typeCode
	if err := f.add(id); err != nil {
		return err
	}
	return f.absence(h.typeCode, h.issuer, "")
}

func (f *finder) byNumber() error {
	if f.scope.issuer != "" && f.q.Issuer != "" && f.scope.issuer != f.q.Issuer {
		return refuse(ErrDenied, CodeNotIssuer, "issuer")
	}
	if err := f.readable(f.q.Type); err != nil {
		return err
	}
	if f.q.Issuer != "" {
		b, err := f.r.Get(f.v.numberKey(f.q.Type, f.q.Issuer, f.q.Number))
		if err == nil && len(b) == len(licenceID{}) {
			err = f.add(licenceID(b))
		}
		if err != nil && !errors.Is(err, engine.ErrNotFound) {
			return err
		}
		return f.absence(f.q.Type, f.q.Issuer, f.q.Number)
	}
	scan := engine.Range{Prefix: f.v.numberPrefix(f.q.Type, f.q.Number)}
	err := f.r.Scan(scan, func(_, value []byte) (bool, error) {
		if len(value) != len(licenceID{}) {
			return false, fmt.Errorf("%w: number index", ErrDamaged)
		}
		return len(f.res.Found) < f.q.Limit, f.add(licenceID(value))
	})
	if err != nil {
		return err
	}
	return f.absence(f.q.Type, anyIssuer, f.q.Number)
}

func (f *finder) byIssuer() error {
	if f.scope.issuer != "" && f.scope.issuer != f.q.Issuer {
		return refuse(ErrDenied, CodeNotIssuer, "issuer")
	}
	if err := f.readable(f.q.Type); err != nil {
		return err
	}
	if err := f.pages(key(spaceIssuer, word(f.q.Issuer), word(f.q.Type)), ""); err != nil {
		return err
	}
	return f.absence(f.q.Type, f.q.Issuer, "")
}

func (f *finder) byHolder() error {
	holder := f.v.holderToken(f.q.HolderKind, f.q.HolderCode)
	if f.scope.bound && f.scope.holder != holder {
		return refuse(ErrDenied, CodeAssertionHolder, "holder")
	}
	if f.q.Type != "" {
		if err := f.readable(f.q.Type); err != nil {
			return err
		}
	}
	if err := f.pages(key(spaceHolder, holder[:]), f.q.Type); err != nil {
		return err
	}
	if f.q.Type == "" {
		return nil
	}
	return f.absence(f.q.Type, anyIssuer, "")
}
