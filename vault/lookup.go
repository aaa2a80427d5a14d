package vault

import (
	"context"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"github.com/elicense/elicense/internal/code"
	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/internal/normal"
	"github.com/elicense/elicense/vault/record"
)

// Query says which licences are wanted: exactly one of the forms below.
type Query struct {
	Identifier string // one licence, in whichever version is in force

	Type   string // with Number: one licence or, without Issuer, all of that number
	Number string
	Issuer string // with Type and no Number: an issuer's licences of a type

	HolderKind string // with HolderCode: a holder's licences, of Type if given
	HolderCode string

	Batch string // what a conversion brought, in the order of its rows

	Limit   int    // most licences in an answer; 0: 50; at most 500
	Cursor  string // Next of the page before
	Receipt bool   // sign a receipt of the answer; only for a single licence
}

// Found is one licence that was found.
type Found struct {
	Version

	Identifier string
	State      State
	Since      record.Date // effective day of the state
	SourceTime time.Time   // when the vault last learnt something of it
	Batch      string      // conversion that brought the version in force, or ""
	Documents  []Document  // sealed documents of the licence

	id      licenceID
	holders []token
}

// Absence says what it means that nothing was found.
type Absence string

// The meanings. NeverIssued is said only where the type, issuer and range are declared fully converted.
const (
	NeverIssued  Absence = "never-issued"  // 从未核发
	NotConverted Absence = "not-converted" // 尚未电子化转换
	SourceSilent Absence = "source-silent" // 数据源未接入
)

// Result is the answer to a query.
type Result struct {
	Found   []Found
	Next    string  // cursor of the next page, "" at the end
	Absence Absence // if nothing was found
	Receipt *Receipt
}

// Receipt is a signed receipt as it is handed out.
type Receipt struct {
	Raw       []byte              `json:"raw"`
	Signature []byte              `json:"signature"`
	Opens     []record.Disclosure `json:"opens,omitempty"` // opens the digests of what was claimed
	// Checkpoint is the signed checkpoint that Raw names; nil: none was signed yet.
	Checkpoint []byte `json:"checkpoint,omitempty"`
}

// Page sizes.
const (
	defaultPage = 50
	maxPage     = 500
)

// Lookup finds licences. The right to ask is decided before anything is read; the audit entry is durable before the
// answer is given.
func (v *Vault) Lookup(ctx context.Context, a Access, q Query) (*Result, error) {
	s, sc, err := v.admitRead(ctx, a, q.note("lookup"))
	if err != nil {
		return nil, err
	}
	res, note, err := v.find(ctx, s, sc, q)
	if isRefusal(err) {
		return nil, v.denied(ctx, s, note, err)
	}
	if err != nil {
		return nil, err
	}
	note.count = len(res.Found)
	if q.Receipt {
		if res.Receipt, err = v.lookupReceipt(ctx, s, res); isRefusal(err) {
			return nil, v.denied(ctx, s, note, err)
		} else if err != nil {
			return nil, err
		}
	}
	note.result = "found"
	if len(res.Found) == 0 {
		note.result = string(res.Absence)
	}
	if err := v.audit(ctx, s, note); err != nil {
		return nil, err
	}
	return res, nil
}

// admitRead admits an access and decides its scope.
func (v *Vault) admitRead(ctx context.Context, a Access, note auditNote) (*session, scope, error) {
	s, err := v.admit(ctx, a)
	if err != nil {
		return nil, scope{}, err
	}
	sc, err := v.mayRead(ctx, s)
	if err != nil {
		return nil, scope{}, v.denied(ctx, s, note, err)
	}
	return s, sc, nil
}

// note is what the audit says of a query before it is answered.
func (q *Query) note(act string) auditNote {
	return auditNote{act: act, typ: q.Type, issuer: q.Issuer, batch: q.Batch}.about(q.Identifier)
}

// find dispatches a query by its form.
func (v *Vault) find(ctx context.Context, s *session, sc scope, q Query) (res *Result, note auditNote, err error) {
	note = q.note("lookup")
	if q.Limit <= 0 {
		q.Limit = defaultPage
	}
	q.Limit = min(q.Limit, maxPage)
	q.HolderCode, q.Number = holderCode(q.HolderKind, q.HolderCode), plainNumber(q.Number)
	f := &finder{v: v, s: s, scope: sc, q: q, today: v.today(s.at)}
	if q.HolderCode != "" {
		note.subject = v.holderToken(q.HolderKind, q.HolderCode)
	}
	err = v.cfg.Engine.View(ctx, func(r engine.Reader) error {
		f.r, f.res, f.hidden, f.mayRead, f.typ = r, &Result{}, false, "", ""
		return f.run()
	})
	if f.typ != "" {
		note.typ = f.typ
	}
	if err != nil {
		return nil, note, err
	}
	if len(f.res.Found) == 1 && q.Cursor == "" {
		note.licence = f.res.Found[0].Identifier
	}
	return f.res, note, nil
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
	// mayRead is the last type that this session was found free to read in this snapshot.
	mayRead string
	typ     string // that the query leads to without naming it
}

// readable is readableType, asked once for licences of one type in a row.
func (f *finder) readable(code string) error {
	if f.mayRead == code && code != "" {
		return nil
	}
	err := readableType(f.r, f.s, code)
	if err == nil {
		f.mayRead = code
	}
	return err
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
	q := &f.q
	switch {
	case q.Identifier != "":
		return f.byIdentifier()
	case q.HolderCode != "" && q.HolderKind != "":
		return f.byHolder()
	case q.Type != "" && q.Number != "":
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
	if err := f.add(f.v.licenceID(id.Type, id.Issuer, id.Serial)); err != nil {
		return err
	}
	return f.absence(id.Type, id.Issuer, "")
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

// pages walks an index whose keys end with the licence; a page ends behind its last licence, so that writes between two
// pages neither repeat nor hide what was there before.
func (f *finder) pages(prefix []byte, typeCode string) error {
	start, err := f.start(prefix)
	if err != nil {
		return err
	}
	return f.r.Scan(engine.Range{Prefix: prefix, Start: start}, func(k, value []byte) (bool, error) {
		if len(k) != len(prefix)+16 {
			return false, fmt.Errorf("%w: index", ErrDamaged)
		}
		if typeCode != "" && string(value) != typeCode {
			return true, nil
		}
		if len(f.res.Found) == f.q.Limit {
			f.res.Next = f.cursor(prefix, k[len(prefix):])
			return false, nil
		}
		err := f.add(licenceID(k[len(prefix):]))
		if errors.Is(err, ErrSecret) { // a holder's other licences stay visible
			err = nil
		}
		return true, err
	})
}

// cursor names the next licence and binds it to its query.
func (f *finder) cursor(prefix, next []byte) string {
	t := f.v.token("cursor", prefix, next)
	return base64.RawURLEncoding.EncodeToString(append(append([]byte(nil), next...), t[:8]...))
}

func (f *finder) start(prefix []byte) ([]byte, error) {
	if f.q.Cursor == "" {
		return nil, nil
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(f.q.Cursor)
	if err != nil || len(b) != 24 {
		return nil, refuse(ErrInvalid, CodeCursor, "cursor")
	}
	t := f.v.token("cursor", prefix, b[:16])
	if subtle.ConstantTimeCompare(t[:8], b[16:]) != 1 {
		return nil, refuse(ErrInvalid, CodeCursor, "cursor")
	}
	return append(append([]byte(nil), prefix...), b[:16]...), nil
}

// add appends a licence if it may be seen: in scope, of a readable type, issued, and not from a batch that waits for
// its sign-off.
func (f *finder) add(id licenceID) error {
	h, err := getHead(f.r, id)
	if err != nil || h == nil || !f.scope.covers(h) {
		return err
	}
	if err := f.readable(h.typeCode); err != nil {
		return err
	}
	version, err := f.v.visible(f.r, h)
	if err != nil {
		return err
	}
	if version == 0 || h.state == Withdrawn {
		f.hidden = f.hidden || h.version > 0
		return nil
	}
	found, err := f.read(id, h, version)
	if err == nil {
		f.res.Found = append(f.res.Found, *found)
	}
	return err
}

func (f *finder) read(id licenceID, h *head, version int) (*Found, error) {
	ver, err := f.version(id, h, version)
	if err != nil {
		return nil, err
	}
	found := &Found{
		Version: *ver, Identifier: ver.Record.Identifier, Since: h.since, SourceTime: h.recorded,
		State: h.state.on(f.today, ver.Record.ValidFrom, ver.Record.ValidUntil), Batch: h.batchOf(version).batch,
		id: id, holders: h.holders,
	}
	if h.documents > 0 {
		list, err := getDocuments(f.r, id)
		if err != nil {
			return nil, err
		}
		found.Documents = h.shownDocuments(list, version)
	}
	return found, nil
}

// version reads no more of a record than a look-up shows where the engine vouches for the rest.
func (f *finder) version(id licenceID, h *head, version int) (*Version, error) {
	if f.v.rehash {
		return f.v.answered(f.r, id, h, version)
	}
	b, err := versionBytes(f.r, id, version)
	if err != nil {
		return nil, err
	}
	return parseVersionWith(b, record.ParseClear)
}

// visible is the latest version that look-ups may show: versions of a conversion count from its sign-off on, or from
// the end of its undo if that left them, and never if it took them back.
func (v *Vault) visible(r engine.Reader, h *head) (int, error) {
	for version := h.version; version > 0; version-- {
		c := h.batchOf(version)
		switch {
		case c.batch == "":
			return version, nil
		case c.undone:
			continue
		}
		open, err := v.knownOpen(r, c.batch)
		if err != nil || open {
			return version, err
		}
	}
	return 0, nil
}

// lookupReceipt signs what was answered about a single licence.
func (v *Vault) lookupReceipt(ctx context.Context, s *session, res *Result) (*Receipt, error) {
	r := record.Receipt{Vault: v.Name(), Kind: "lookup", Time: s.at, Asked: s.asked(), Result: string(res.Absence)}
	switch len(res.Found) {
	case 0:
		if r.Result == "" {
			r.Result = string(NotConverted)
		}
	case 1:
		r.Result = "found"
		fillReceipt(&r, &res.Found[0])
	default:
		return nil, refuse(ErrInvalid, CodeQuery, "receipt")
	}
	return v.signReceipt(ctx, &r, nil)
}

func fillReceipt(r *record.Receipt, f *Found) {
	r.Identifier, r.Version, r.Record = f.Identifier, versionOf(f.Identifier), record.Sum(f.Raw)
	r.State, r.SourceTime = string(f.State), f.SourceTime
}

// versionOf is the version that an identifier of this vault names.
func versionOf(identifier string) int {
	id, err := code.ParseIdentifier(identifier)
	if err != nil {
		return 0
	}
	return id.Version
}

// signReceipt adds the ledger's last signed checkpoint to a receipt and signs it: who shows two people two ledgers has
// signed two that contradict each other.
func (v *Vault) signReceipt(ctx context.Context, r *record.Receipt, opens []record.Disclosure) (*Receipt, error) {
	var checkpoint []byte
	err := v.cfg.Engine.View(ctx, func(rd engine.Reader) error {
		err := openForWriting(rd)
		if err != nil {
			return err
		}
		r.Checkpoint, checkpoint, err = lastSigned(rd)
		return err
	})
	if err != nil {
		return nil, err
	}
	raw, err := r.Append(nil)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	sig, err := v.cfg.Signer.SignStatement(ctx, raw)
	if err != nil {
		return nil, fmt.Errorf("vault: signing a receipt: %w", err)
	}
	return &Receipt{Raw: raw, Signature: sig, Opens: opens, Checkpoint: checkpoint}, nil
}
