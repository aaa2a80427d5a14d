package main

import (
	"context"
	"errors"
	"io"
	"net/http"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/client"
	"github.com/elicense/elicense/internal/sheet"
	"github.com/elicense/elicense/vault"
)

// rowVerdict is what a service answered to one row.
type rowVerdict struct {
	comparison *vault.Comparison
	err        error
}

// askAhead sends all rows of a sheet to a service at once, which is many times faster than one by one. A row that cannot
// be sent is left out, and told when its turn comes.
func (cs *claimSheet) askAhead(ctx context.Context) error {
	d, ok := cs.desk.(*serviceDesk)
	if !ok {
		return nil
	}
	numbers, rows, err := cs.questions(ctx)
	if err != nil {
		return err
	}
	answers, err := d.client.CompareMany(ctx, d.asked, rows)
	if err != nil {
		return err
	}
	cs.ahead = make(map[int]rowVerdict, len(answers))
	for i := range answers {
		v := rowVerdict{}
		if p := answers[i].Problem; p != nil {
			v.err = &client.ProblemError{Problem: *p}
		} else {
			v.comparison = comparedIn(answers[i].Answer)
		}
		cs.ahead[numbers[i]] = v
	}
	return nil
}

// questions are the rows of a sheet as the interface takes them, with their numbers.
func (cs *claimSheet) questions(ctx context.Context) ([]int, []api.ComparisonRow, error) {
	from, err := cs.book.Rows(cs.at)
	if err != nil {
		return nil, nil, err
	}
	var numbers []int
	var rows []api.ComparisonRow
	var row sheet.Row
	for {
		switch err := from.Next(&row); {
		case errors.Is(err, io.EOF):
			return numbers, rows, nil
		case err != nil:
			return nil, nil, err
		}
		if row.Number <= cs.heading || row.Err != nil || row.Empty() {
			continue
		}
		q, claims := cs.claims(&row)
		claims, err := cs.named(ctx, &q, claims)
		if err != nil {
			continue // told when its turn comes
		}
		numbers, rows = append(numbers, row.Number), append(rows, api.ComparisonRow{Comparison: comparisonIn(&q, claims)})
	}
}

// isServiceRowError tells what only one row suffers from: not that the caller is unknown or the service out of order.
func isServiceRowError(err error) bool {
	var p *client.ProblemError
	return errors.As(err, &p) && p.Status != http.StatusUnauthorized && p.Status < http.StatusInternalServerError
}
