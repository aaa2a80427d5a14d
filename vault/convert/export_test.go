package convert

import (
	"context"
	"errors"
	"io"

	"github.com/elicense/elicense/internal/sheet"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/record"
)

// Normaliser reads, cuts, maps, normalises and checks a file without vault and engine.
type Normaliser struct {
	o *opened
	l *layout
}

// NewNormaliser binds a mapping to a file; without a mapping the proposed one. The issuer is code and name.
func NewNormaliser(f File, t *vault.LicenceType, m *Mapping, issuer [2]string) (*Normaliser, error) {
	o, err := open(f, nil, m)
	if err != nil {
		return nil, err
	}
	var h head
	if m == nil {
		var p *Proposal
		if p, h, err = detect(o, t, nil); err != nil {
			return nil, err
		}
		m = p.Mapping
	} else if h, err = o.head(m); err != nil {
		return nil, err
	}
	set := setting{typ: t, issuer: issuer[0], issuerName: issuer[1], today: record.Date{Year: 2026, Month: 1, Day: 1},
		text: o.book.Info.Format == sheet.FormatCSV, date1904: o.book.Info.Date1904}
	l, err := bind(m, h, set)
	return &Normaliser{o, l}, err
}

// Run works the whole file and counts rows and rejected ones.
func (n *Normaliser) Run(ctx context.Context) (rows, rejected int, err error) {
	r, err := n.o.book.Rows(n.o.index)
	if err != nil {
		return 0, 0, err
	}
	c := &cutter{l: n.l, book: n.o.book, rows: r, size: 512}
	w := &worker{l: n.l, batch: "0123456789ab-1"}
	for {
		g, err := c.next(ctx)
		if errors.Is(err, io.EOF) {
			return rows, rejected, nil
		}
		if err != nil {
			return rows, rejected, err
		}
		if err := w.group(ctx, g); err != nil {
			return rows, rejected, err
		}
		for i := range g.findings {
			for k := range g.findings[i] {
				if p := g.findings[i][k].say(n.l); p.Zh == "" || p.En == "" {
					return rows, rejected, errors.New("a problem without words: " + string(p.Code))
				}
			}
		}
		rows, rejected = rows+len(g.rows), rejected+g.rejected
	}
}

// Exported for tests.
var (
	OrderDate = orderDate
	CutPage   = cutPage
	IsDitto   = isDitto
	ScanKey   = scanKey
)

// Sentences gives every code with its sentences.
func Sentences() map[vault.Code][2]string {
	out := make(map[vault.Code][2]string, len(sentences))
	for c, s := range sentences {
		out[c] = [2]string{s.zh, s.en}
	}
	return out
}

// HasRowWords reports whether a code is worded for a summary of rows.
func HasRowWords(c vault.Code) bool { return rowWords[c][0] != "" && rowWords[c][1] != "" }
