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

// register counts what the type 营业执照 says about an open register of firms.
type register struct {
	c                     *catalogue.Compiled
	rows, ragged, refused int
	others                []string // problems of rows with ten columns and a sound code
}

// file runs one file through the type by its headings alone.
func (r *register) file(t *testing.T, path string) {
	t.Helper()
	f, err := os.Open(path)
	require.NoError(t, err)
	defer func() { require.NoError(t, f.Close()) }()
	in := csv.NewReader(f)
	in.FieldsPerRecord = -1
	in.LazyQuotes = true
	head, err := in.Read()
	require.NoError(t, err)
	columns := make([]*catalogue.Column, len(head))
	for i := range head {
		names := r.c.FindHeading(head[i])
		require.NotEmpty(t, names, head[i])
		columns[i], _ = r.c.Column(names[0])
	}
	for {
		row, err := in.Read()
		if errors.Is(err, io.EOF) {
			return
		}
		require.NoError(t, err)
		r.rows++
		if len(row) != len(head) {
			r.ragged++
			continue
		}
		r.row(filepath.Base(path), columns, row)
	}
}

func (r *register) row(file string, columns []*catalogue.Column, row []string) {
	h := catalogue.Hints{Today: code.Date{Year: 2026, Month: 1, Day: 1}}
	absent := normal.DefaultAbsent()
	var found []string
	for i := range row {
		value := row[i]
		if absent.Absent(value) {
			value = ""
		}
		_, problems := columns[i].Normalise(value, h)
		if columns[i].Name == catalogue.MetaHolderCode && (value == "" || len(problems) > 0) {
			r.refused++
			return
		}
		for _, p := range problems {
			found = append(found, file+" "+p.Path+" "+string(p.Code))
		}
	}
	r.others = append(r.others, found...)
}

// TestRealRegister_A73 runs the 55,915 rows of an open register of firms through the type 营业执照: in a row with ten
// columns and a sound credit code no value is refused, but for one row of 1993 whose columns are shifted.
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
	r := register{c: compile(t, string(data))}
	for _, file := range files {
		r.file(t, file)
	}
	t.Logf("%d rows, %d of another width, %d with a broken credit code", r.rows, r.ragged, r.refused)
	require.Equal(t, 55_915, r.rows)
	require.Equal(t, 22, r.ragged)
	require.Equal(t, []string{"1993.csv KZ_ZCZB money_unreadable"}, r.others)
}
