package vault

import (
	"context"
	"time"

	"github.com/elicense/elicense/vault/record"
)

// Query says which licences are wanted: exactly one of the forms below.
type Query struct {
	Identifier string // one licence, in whichever version is in force

	Token string // one licence, by what its QR code holds

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
	Since      record.Date   // effective day of the state
	SourceTime time.Time     // when the vault last learnt something of it
	Batch      string        // conversion that brought the version in force, or ""
	Documents  []Document    // sealed documents of the licence
	Digest     record.Digest // of Raw

	id      licenceID
	version int
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
	Named   bool    // the query was answered as one that names a licence: by its identifier, token or number
	Next    string  // cursor of the next page, "" at the end
	Absence Absence // if nothing was found
	Receipt *Receipt
}

// Page sizes.
const (
	defaultPage = 50
	maxPage     = 500
)

// Lookup finds licences. The right to ask is decided before anything is read; the audit entry is durable before the
// answer is given.
func (v *Vault) Lookup(ctx context.Context, a Access, q Query) (*Result, error) {
	var last *signedHead
	f, err := v.find(ctx, a, q, "lookup", func(f *finder) (err error) {
		if q.Receipt {
			last, err = v.receiptHead(f.r, f.s)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	s, res, note := f.s, f.res, f.note
	if err := s.show(ctx, append(numbersOf(res.Found), q.HolderCode)); err != nil {
		return nil, err
	}
	note.count, note.holders = len(res.Found), holdersOf(res.Found)
	if q.Receipt {
		if res.Receipt, err = v.lookupReceipt(ctx, s, res, last); isRefusal(err) {
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

// note is what the audit says of a query before it is answered.
func (q *Query) note(act string) auditNote {
	return auditNote{act: act, typ: q.Type, issuer: q.Issuer, batch: q.Batch}.about(q.Identifier)
}
