package client

// What only tests see.
const RowsAtOnce = rowsAtOnce

// ParseCompared reads the answer to many comparisons.
var ParseCompared = parseCompared
