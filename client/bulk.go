package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/elicense/elicense/api"
)

// ErrCutOff is an answer of lines that lacks its last one, so that nothing is known of the rows that it does not have.
var ErrCutOff = errors.New("client: the answer was cut off")

const mediaLines = "application/x-ndjson"

// CompareMany holds many rows against the vault in one request. The answers come in the order of the rows; the one that
// ends them counts what they say. It holds all of them at once: up to some ten thousand rows.
func (c *Client) CompareMany(ctx context.Context, asked api.Asked, rows []api.ComparisonRow) (
	[]api.ComparedRow, *api.ComparedEnd, error,
) {
	var body bytes.Buffer
	enc := json.NewEncoder(&body)
	if err := enc.Encode(asked); err != nil {
		return nil, nil, fmt.Errorf("writing a request: %w", err)
	}
	for i := range rows {
		if err := enc.Encode(&rows[i]); err != nil {
			return nil, nil, fmt.Errorf("writing a request: %w", err)
		}
	}
	answer, err := c.raw(ctx, Request{
		Method: http.MethodPost, Path: "/comparisons/bulk", Body: Raw(body.Bytes()), Type: mediaLines,
	})
	if err != nil {
		return nil, nil, err
	}
	return comparedIn(answer)
}

func comparedIn(answer []byte) ([]api.ComparedRow, *api.ComparedEnd, error) {
	var out []api.ComparedRow
	for line := range bytes.Lines(answer) {
		var end api.ComparedEnd
		if json.Unmarshal(line, &end) == nil && end.End {
			return out, &end, nil
		}
		var row api.ComparedRow
		if err := json.Unmarshal(line, &row); err != nil {
			return nil, nil, fmt.Errorf("reading an answer: %w", err)
		}
		out = append(out, row)
	}
	return nil, nil, ErrCutOff
}
