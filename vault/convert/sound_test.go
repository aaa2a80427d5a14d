package convert_test

import (
	"encoding/csv"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/normal"
)

// soundRows counts the rows with ten columns and a sound code with another reader than the one under test.
func soundRows(t testing.TB, path string) int {
	t.Helper()
	f, err := os.Open(path)
	require.NoError(t, err)
	defer f.Close()
	r := csv.NewReader(f)
	r.FieldsPerRecord = -1
	all, err := r.ReadAll()
	require.NoError(t, err)
	n := 0
	for _, row := range all[1:] {
		if _, err := normal.USCC(row[1]); err == nil && len(row) == 10 {
			n++
		}
	}
	return n
}
