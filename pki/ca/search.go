package ca

import (
	"context"
	"encoding/hex"
	"errors"

	"github.com/elicense/elicense/internal/engine"
)

// Found is a certificate and its standing.
type Found struct {
	Issued
	Status Status
}

// Certificate finds a certificate by its name; ErrNotFound if it was never issued here.
func (r *Register) Certificate(ctx context.Context, id CertificateID) (*Found, error) {
	var f *Found
	err := r.cfg.Engine.View(ctx, func(rd engine.Reader) (err error) {
		f, err = getFound(rd, id)
		return err
	})
	return f, err
}

func getFound(r engine.Reader, id CertificateID) (*Found, error) {
	issued, err := getIssued(r, id)
	if err != nil {
		return nil, err
	}
	status, err := getStatus(r, id)
	if err != nil {
		return nil, err
	}
	return &Found{*issued, status}, nil
}

// Query says what to look for: exactly one of the first five.
type Query struct {
	USCC           string
	CitizenNumber  string
	PassportNumber string
	Name           string   // whole common name; letter case and blanks do not count
	Key            [32]byte // KeyDigest of its public key

	After CertificateID // the last one of the page before; zero for the first
	Limit int           // zero means 100; at most 1000
}

const maxPage = 1000

// Search finds a holder's certificates in the order of their names. The search is entered in the audit by token, not
// by what was asked for.
func (r *Register) Search(ctx context.Context, actor Actor, q Query) ([]*Found, error) {
	prefix, err := r.searchPrefix(actor, q)
	if err != nil {
		return nil, r.refused(ctx, actor, "search", "", err)
	}
	entry := AuditEntry{
		At: r.now(), Actor: actor.Name, Act: "search", Object: hex.EncodeToString(prefix[len(KeyPrefix)+1:]),
	}
	if err := r.cfg.Engine.Update(ctx, func(w engine.Writer) error { return record(w, entry) }); err != nil {
		return nil, err
	}
	var found []*Found
	err = r.cfg.Engine.View(ctx, func(rd engine.Reader) error {
		if found, err = q.first(rd); err != nil {
			return err
		}
		scan := engine.Range{Prefix: prefix, KeysOnly: true}
		if q.After != (CertificateID{}) {
			scan.Start = append(append(append([]byte(nil), prefix...), appendID(nil, q.After)...), 0)
		}
		return rd.Scan(scan, func(k, _ []byte) (bool, error) {
			id, err := idAtEnd(k)
			if err != nil {
				return false, err
			}
			f, err := getFound(rd, id)
			if err != nil {
				return false, err
			}
			found = append(found, f)
			return len(found) < q.limit(), nil
		})
	})
	if err != nil {
		return nil, err
	}
	return found, nil
}

// first is what stands before the index: a key's first certificate, which its row names.
func (q *Query) first(r engine.Reader) ([]*Found, error) {
	if q.Key == ([32]byte{}) {
		return nil, nil
	}
	row, used, err := getKeyRow(r, q.Key)
	if err != nil || !used || row.first == (CertificateID{}) || q.After != (CertificateID{}) {
		return nil, err
	}
	f, err := getFound(r, row.first)
	if err != nil {
		return nil, err
	}
	return []*Found{f}, nil
}

func (q *Query) limit() int {
	if q.Limit <= 0 {
		return 100
	}
	return min(q.Limit, maxPage)
}

// searchPrefix is the part of an index that a query reads.
func (r *Register) searchPrefix(actor Actor, q Query) ([]byte, error) {
	if err := actor.check(RoleInspect | RoleRevoke); err != nil {
		return nil, err
	}
	asked := 0
	for _, set := range []bool{
		q.USCC != "", q.CitizenNumber != "", q.PassportNumber != "", q.Name != "", q.Key != [32]byte{},
	} {
		if set {
			asked++
		}
	}
	if asked != 1 {
		return nil, refuse(ErrRequest, ReasonMalformed, "exactly one thing to search for")
	}
	switch {
	case q.Name != "":
		t := r.nameToken(q.Name)
		return key(spaceName, t[:]), nil
	case q.Key != [32]byte{}:
		return key(spaceSameKey, q.Key[:]), nil
	}
	t := r.holderToken(&Identity{USCC: q.USCC, CitizenNumber: q.CitizenNumber, PassportNumber: q.PassportNumber})
	return key(spaceHolder, t[:]), nil
}

// successorOf is the certificate that renews one; zero if there is none.
func successorOf(r engine.Reader, id CertificateID) (next CertificateID, err error) {
	b, err := r.Get(successorKey(id))
	if errors.Is(err, engine.ErrNotFound) {
		return next, nil
	}
	if err != nil {
		return next, err
	}
	row := &row{b: b}
	next = readID(row)
	return next, row.end("successor")
}

// Export visits every certificate of an issuer in the order of issue, from a place on, until visit returns false. Each
// page is one snapshot; what is issued meanwhile comes later.
func (r *Register) Export(
	ctx context.Context, actor Actor, issuer KeyID, from uint64, visit func(*Found) bool,
) error {
	if err := actor.check(RoleInspect); err != nil {
		return r.refused(ctx, actor, "export", issuer.String(), err)
	}
	entry := AuditEntry{At: r.now(), Actor: actor.Name, Act: "export", Object: issuer.String()}
	if err := r.cfg.Engine.Update(ctx, func(w engine.Writer) error { return record(w, entry) }); err != nil {
		return err
	}
	return r.walk(ctx, issuer, from, func(f *Found, err error) (bool, error) {
		if err != nil {
			return false, err
		}
		return visit(f), nil
	})
}

// walk reads the issuance log page by page. A certificate that cannot be read comes as an error with its identifier.
func (r *Register) walk(
	ctx context.Context, issuer KeyID, from uint64, visit func(*Found, error) (bool, error),
) error {
	for more := true; more; {
		var page []*Found
		var failures []error
		err := r.cfg.Engine.View(ctx, func(rd engine.Reader) error {
			page, failures = nil, nil
			scan := engine.Range{Prefix: key(spaceLog, issuer[:]), Start: logKey(issuer, from)}
			return rd.Scan(scan, func(k, value []byte) (bool, error) {
				if len(value) != maxSerialBytes {
					return false, ErrDamaged
				}
				id := CertificateID{issuer, Serial(value)}
				f, err := getFound(rd, id)
				if err != nil {
					f = &Found{Issued: Issued{ID: id}}
				}
				f.Place = placeAtEnd(k)
				page, failures = append(page, f), append(failures, err)
				return len(page) < maxPage, nil
			})
		})
		if err != nil {
			return err
		}
		more = len(page) == maxPage
		for i, f := range page {
			from = f.Place + 1
			if again, err := visit(f, failures[i]); err != nil || !again {
				return err
			}
		}
	}
	return nil
}
