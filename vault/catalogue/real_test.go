package catalogue_test

import (
	"encoding/csv"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/code"
	"github.com/elicense/elicense/internal/normal"
	"github.com/elicense/elicense/vault/catalogue"
)

// TestRealRegister runs the 55,915 rows of an open register of firms through the type 营业执照 by their headings alone: in
// a row with ten columns nothing but the credit code is ever refused.
func TestRealRegister_A73(t *testing.T) {
	dir := os.Getenv("ELICENSE_TESTDATA")
	if dir == "" {
		t.Skip("ELICENSE_TESTDATA is not set: the register is not part of the project")
	}
	files, err := filepath.Glob(filepath.Join(dir, "ledgers", "business-licences-fujian", "*.csv"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	data, err := catalogue.ShippedFile("business-licence")
	require.NoError(t, err)
	c := compile(t, string(data))
	h := catalogue.Hints{Today: code.Date{Year: 2026, Month: 1, Day: 1}}
	var rows, ragged, refused int
	for _, file := range files {
		f, err := os.Open(file)
		require.NoError(t, err)
		r := csv.NewReader(f)
		r.FieldsPerRecord = -1
		r.LazyQuotes = true
		head, err := r.Read()
		require.NoError(t, err)
		columns := make([]*catalogue.Column, len(head))
		for i := range head {
			names := c.FindHeading(head[i])
			require.NotEmpty(t, names, head[i])
			columns[i], _ = c.Column(names[0])
		}
		for {
			row, err := r.Read()
			if errors.Is(err, io.EOF) {
				break
			}
			require.NoError(t, err)
			rows++
			if len(row) != len(head) {
				ragged++
				continue
			}
			bad := false
			for i := range row {
				if normal.DefaultAbsent().Absent(row[i]) {
					continue
				}
				_, problems := columns[i].Normalise(row[i], h)
				if len(problems) == 0 {
					continue
				}
				bad = true
				require.Equal(t, catalogue.MetaHolderCode, columns[i].Name, "%s row %d: %v", file, rows, problems[0].Code)
			}
			if bad {
				refused++
			}
		}
		require.NoError(t, f.Close())
	}
	t.Logf("%d rows, %d of another width, %d with a broken credit code", rows, ragged, refused)
	require.Equal(t, 55_915, rows)
	require.Equal(t, 22, ragged)
}
