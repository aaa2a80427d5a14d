package client

// What only tests see.
const RowsAtOnce = rowsAtOnce

// ParseCompared reads the answer to many comparisons.
var ParseCompared = parseCompared

// InParts has files fetched in parts of so many bytes.
func (c *Client) InParts(n int64) { c.part = n }
