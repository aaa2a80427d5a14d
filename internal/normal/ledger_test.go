package normal_test

import (
	"encoding/csv"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/normal"
)

// The ten columns of the real register.
var registerColumns = [...]normal.Kind{
	normal.KindOrgName, normal.KindUSCC, normal.KindDate, normal.KindText, normal.KindText, normal.KindMoney,
	normal.KindText, normal.KindDivision, normal.KindDivision, normal.KindText,
}

// Every cell of every sound row of the real register is read, or refused for a reason that the test lists.
func TestRealRegister_D36(t *testing.T) {
	dir := os.Getenv("ELICENSE_TESTDATA")
	if dir == "" {
		t.Skip("ELICENSE_TESTDATA is not set")
	}
	files, err := filepath.Glob(filepath.Join(dir, "ledgers", "business-licences-fujian", "*.csv"))
	require.NoError(t, err)
	require.Len(t, files, 27)
	rows := map[string]int{}
	problems, notes := map[normal.Code]int{}, map[normal.Code]int{}
	for _, name := range files {
		readRegister(t, name, func(cells []string) {
			rows[classOf(cells)]++
			if classOf(cells) != "sound" {
				return
			}
			readRow(cells, problems, notes)
		})
	}
	// 84 codes are broken as written; seven of them have a small x only and are sound once it is capital.
	require.Equal(t, map[string]int{"sound": 55838, "garbled": 55, "eleven columns": 22}, rows)
	// One row has a name where the capital belongs.
	require.Equal(t, map[normal.Code]int{normal.CodeMoneyUnreadable: 1}, problems)
	require.Equal(t, map[normal.Code]int{
		normal.CodeBrackets: 1597, normal.CodeCase: 7, normal.CodeControlRemoved: 5, normal.CodeDivisionName: 111674,
		normal.CodeMoneyCurrency: 2924, normal.CodeMoneyStyle: 44950, normal.CodePrivateUse: 4,
		normal.CodeSeveralNames: 1, normal.CodeSpace: 124, normal.CodeWidth: 1385,
	}, notes)
}

func classOf(cells []string) string {
	if len(cells) != 10 {
		return "eleven columns"
	}
	_, err := normal.USCC(cells[1])
	var p *normal.Problem
	if errors.As(err, &p) {
		return string(p.Code)
	}
	return "sound"
}

// readRow counts the problems and the notes of a row by code.
func readRow(cells []string, problems, notes map[normal.Code]int) {
	absent := normal.DefaultAbsent()
	for k, cell := range cells {
		if absent.Absent(cell) {
			continue
		}
		r, err := normal.Value(registerColumns[k], cell, normal.Options{})
		var p *normal.Problem
		if errors.As(err, &p) {
			problems[p.Code]++
		}
		for _, n := range r.Notes {
			notes[n.Code]++
		}
	}
}

func readRegister(t *testing.T, name string, row func([]string)) {
	t.Helper()
	f, err := os.Open(name)
	require.NoError(t, err)
	defer func() { require.NoError(t, f.Close()) }()
	r := csv.NewReader(f)
	r.FieldsPerRecord = -1
	r.LazyQuotes = true
	_, err = r.Read()
	require.NoError(t, err)
	for {
		cells, err := r.Read()
		if errors.Is(err, io.EOF) {
			return
		}
		require.NoError(t, err)
		row(cells)
	}
}
