package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/elicense/elicense/api"
)

// rowsAtOnce is how many comparisons travel in a request: a part that fails is sent again.
const rowsAtOnce = 2_000

// ErrCut is an answer to many comparisons that does not answer them all.
var ErrCut = errors.New("client: the answer was cut off")

// CompareMany compares many and gives an answer for each row, in their order: a judgement, or a problem of its own.
func (c *Client) CompareMany(
	ctx context.Context, asked api.Asked, rows []api.ComparisonRow,
) ([]api.ComparedRow, error) {
	out := make([]api.ComparedRow, 0, len(rows))
	for part := range slices.Chunk(rows, rowsAtOnce) {
		answers, err := c.comparePart(ctx, asked, part)
		if err != nil {
			return nil, err
		}
		for i := range answers {
			answers[i].Row = len(out) + 1
			out = append(out, answers[i])
		}
	}
	return out, nil
}

func (c *Client) comparePart(
	ctx context.Context, asked api.Asked, rows []api.ComparisonRow,
) ([]api.ComparedRow, error) {
	var body bytes.Buffer
	lines := json.NewEncoder(&body)
	if err := lines.Encode(asked); err != nil {
		return nil, fmt.Errorf("writing a request: %w", err)
	}
	for i := range rows {
		if err := lines.Encode(&rows[i]); err != nil {
			return nil, fmt.Errorf("writing a request: %w", err)
		}
	}
	answer, err := c.content(ctx, Request{
		Method: http.MethodPost, Path: "/comparisons/bulk", Body: Content{"application/x-ndjson", body.Bytes()},
	})
	if err != nil {
		return nil, err
	}
	return parseCompared(answer, len(rows))
}

// parseCompared reads an answer that must have a line for each of n rows, in their order, and end as it should.
func parseCompared(answer []byte, n int) ([]api.ComparedRow, error) {
	lines := json.NewDecoder(bytes.NewReader(answer))
	out := make([]api.ComparedRow, n)
	for i := range out {
		var row struct {
			api.ComparedRow

			End     bool         `json:"end"`
			Problem *api.Problem `json:"problem"`
		}
		if err := lines.Decode(&row); err != nil {
			return nil, fmt.Errorf("%w: row %d", ErrCut, i+1)
		}
		row.ComparedRow.Problem = row.Problem
		switch {
		case row.End && row.Problem != nil:
			return nil, &ProblemError{Problem: *row.Problem}
		case row.End, row.Row != i+1, (row.Answer == nil) == (row.Problem == nil):
			return nil, fmt.Errorf("%w: row %d", ErrCut, i+1)
		}
		out[i] = row.ComparedRow
	}
	var end api.ComparedEnd
	if lines.Decode(&end) != nil || !end.End || end.Rows != n {
		return nil, fmt.Errorf("%w: no end", ErrCut)
	}
	if end.Problem != nil {
		return nil, &ProblemError{Problem: *end.Problem}
	}
	return out, nil
}
