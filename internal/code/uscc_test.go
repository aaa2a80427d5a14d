package code_test

import (
	"encoding/csv"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/code"
)

func TestUSCC_A58(t *testing.T) {
	for _, s := range []string{
		"11100000000013127D", "11430000006122244L", "11350128345071904J", "91610800064834709T", "91350921MA3494DD5H",
		"9135060015650263XG",
	} {
		u, err := code.ParseUSCC(s)
		require.NoError(t, err, s)
		require.Equal(t, s, u.String())
		made, err := code.NewUSCC(u.Category, u.Division, u.Organisation[:8])
		require.NoError(t, err)
		require.Equal(t, s, made)
	}
	u, err := code.ParseUSCC("91350921MA3494DD5H")
	require.NoError(t, err)
	require.Equal(t, code.USCC{Category: "91", Division: "350921", Organisation: "MA3494DD5", Check: 'H'}, u)
	name, ok := code.CategoryName(u.Category)
	require.True(t, ok)
	require.Equal(t, "企业", name)
	_, ok = code.CategoryName("00")
	require.False(t, ok)
}

func TestUSCCRefuses_A58(t *testing.T) {
	for name, tc := range map[string]struct {
		in       string
		reason   code.Reason
		position int
		want     string
	}{
		"empty":              {"", code.ReasonLength, 0, "18"},
		"17":                 {"1110000000001312D", code.ReasonLength, 0, "18"},
		"19":                 {"11100000000013127DD", code.ReasonLength, 0, "18"},
		"letter O":           {"1110000000001312OD", code.ReasonAlphabet, 17, ""},
		"lower case":         {"11100000000013127d", code.ReasonAlphabet, 18, ""},
		"bytes of a Han":     {"企业企业企业", code.ReasonLength, 0, "18"},
		"full-width digit":   {"1110000000001312７D", code.ReasonAlphabet, 17, ""},
		"letter in division": {"111A0000000013127D", code.ReasonDivision, 4, ""},
		"both checks":        {"11441800MB2D08456P", code.ReasonOrganisation, 17, "4"},
		"organisation code":  {"11100000000013128D", code.ReasonOrganisation, 17, "7"},
		"check digit":        {"91350921MA3494DD5J", code.ReasonCheck, 18, "H"},
	} {
		t.Run(name, func(t *testing.T) {
			err := code.CheckUSCC(tc.in)
			requireReason(t, err, code.ErrUSCC, "", tc.reason)
			var e *code.CheckError
			require.ErrorAs(t, err, &e)
			require.Equal(t, tc.position, e.Position)
			require.Equal(t, tc.want, e.Want)
			u, err := code.ParseUSCC(tc.in)
			require.Error(t, err)
			require.Zero(t, u)
		})
	}
	for _, parts := range [][3]string{
		{"9", "350100", "00000001"}, {"91", "3501", "00000001"}, {"91", "350100", "0000001"},
		{"91", "35O100", "00000001"}, {"91", "35A100", "00000001"}, {"91", "350100", "0000000I"},
		{"业", "350100", "00000001"},
	} {
		s, err := code.NewUSCC(parts[0], parts[1], parts[2])
		require.ErrorIs(t, err, code.ErrUSCC)
		require.Empty(t, s)
	}
}

// Each single wrong character is seen.
func TestUSCCSeesSingleErrors(t *testing.T) {
	const s = "91350921MA3494DD5H"
	for k := range s {
		for _, c := range "0123456789ABCDEFGHJKLMNPQRTUWXY" {
			if other := s[:k] + string(c) + s[k+1:]; other != s {
				require.Error(t, code.CheckUSCC(other), other)
			}
		}
	}
}

func TestLicenceType_A21(t *testing.T) {
	s, err := code.NewLicenceType("11100000000013338W", 11)
	require.NoError(t, err)
	require.Equal(t, "11100000000013338W011", s)
	authority, serial, err := code.SplitLicenceType(s)
	require.NoError(t, err)
	require.Equal(t, "11100000000013338W", authority)
	require.Equal(t, 11, serial)

	for name, tc := range map[string]struct {
		in, field string
		reason    code.Reason
	}{
		"length":    {"11100000000013338W01", "", code.ReasonLength},
		"authority": {"11100000000013338X011", "authority", code.ReasonCheck},
		"serial 0":  {"11100000000013338W000", "serial", code.ReasonRange},
		"serial A":  {"11100000000013338W0A1", "serial", code.ReasonRange},
	} {
		t.Run(name, func(t *testing.T) {
			requireReason(t, code.CheckLicenceType(tc.in), code.ErrLicenceType, tc.field, tc.reason)
			authority, serial, err := code.SplitLicenceType(tc.in)
			require.Error(t, err)
			require.Empty(t, authority)
			require.Zero(t, serial)
		})
	}
	for _, n := range []int{0, -1, 1000} {
		_, err := code.NewLicenceType("11100000000013338W", n)
		requireReason(t, err, code.ErrLicenceType, "serial", code.ReasonRange)
	}
	_, err = code.NewLicenceType("1", 1)
	requireReason(t, err, code.ErrLicenceType, "authority", code.ReasonLength)
}

// The real register: 55,915 rows, 84 of them with a code that no licence can carry.
func TestUSCCAgainstRealLedgers(t *testing.T) {
	dir := os.Getenv("ELICENSE_TESTDATA")
	if dir == "" {
		t.Skip("ELICENSE_TESTDATA is not set")
	}
	files, err := filepath.Glob(filepath.Join(dir, "ledgers", "business-licences-fujian", "*.csv"))
	require.NoError(t, err)
	require.Len(t, files, 27)

	type class struct {
		columns int
		reason  code.Reason
	}
	counts := map[class]int{}
	for _, name := range files {
		countLedger(t, name, func(columns int, reason code.Reason) { counts[class{columns, reason}]++ })
	}
	require.Equal(t, map[class]int{
		{10, ""}:                  55831,
		{10, code.ReasonLength}:   54, // shifted columns
		{11, code.ReasonLength}:   22, // shifted columns
		{10, code.ReasonAlphabet}: 8,  // seven with a small x, one garbled
	}, counts)
}

func countLedger(t *testing.T, name string, count func(int, code.Reason)) {
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
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			return
		}
		require.NoError(t, err)
		var e *code.CheckError
		if err := code.CheckUSCC(row[1]); errors.As(err, &e) {
			count(len(row), e.Reason)
			continue
		}
		count(len(row), "")
	}
}

func FuzzUSCC(f *testing.F) {
	f.Add("91350921MA3494DD5H")
	f.Add("11441800MB2D08456P")
	f.Add("1110000000001312OD")
	f.Fuzz(func(t *testing.T, s string) {
		u, err := code.ParseUSCC(s)
		if err != nil {
			require.Zero(t, u)
			require.ErrorIs(t, err, code.ErrUSCC)
			return
		}
		require.Equal(t, s, u.String())
		made, err := code.NewUSCC(u.Category, u.Division, u.Organisation[:8])
		require.NoError(t, err)
		require.Equal(t, s, made)
	})
}

func FuzzNewUSCC(f *testing.F) {
	f.Add("91", "350100", "MA3494DD")
	f.Add("业", "35A100", "0000000I")
	f.Fuzz(func(t *testing.T, category, division, base string) {
		s, err := code.NewUSCC(category, division, base)
		if err != nil {
			require.Empty(t, s)
			return
		}
		require.NoError(t, code.CheckUSCC(s))
	})
}

func BenchmarkCheckUSCC(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if err := code.CheckUSCC("91350921MA3494DD5H"); err != nil {
			b.Fatal(err)
		}
	}
}
