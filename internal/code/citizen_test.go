package code_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/code"
)

func TestCitizenNumber_A58(t *testing.T) {
	c, err := code.ParseCitizenNumber("11010519491231002X")
	require.NoError(t, err)
	require.Equal(t, code.CitizenNumber{
		Division: "110105", Birthday: code.Date{Year: 1949, Month: 12, Day: 31}, Sequence: 2, DivisionKnown: true,
	}, c)
	require.False(t, c.Male())
	require.Equal(t, 50, c.Age(code.Date{Year: 1999, Month: 12, Day: 31}))
	require.Equal(t, 49, c.Age(code.Date{Year: 1999, Month: 12, Day: 30}))
	require.Equal(t, 49, c.Age(code.Date{Year: 1999, Month: 11, Day: 31}))
	require.True(t, c.Born(code.Date{Year: 1949, Month: 12, Day: 31}))
	require.False(t, c.Born(code.Date{Year: 1949, Month: 12, Day: 30}))
}

func TestCitizenNumberRefuses_A58(t *testing.T) {
	for name, tc := range map[string]struct {
		in, field string
		reason    code.Reason
		position  int
		want      string
	}{
		"empty":            {"", "", code.ReasonLength, 0, "18"},
		"15 digits":        {"110105491231002", "", code.ReasonLength, 0, "18"},
		"letter":           {"1101051949123100AX", "", code.ReasonAlphabet, 17, "0-9"},
		"small x":          {"11010519491231002x", "", code.ReasonAlphabet, 18, "0-9 or X"},
		"30 February":      {"110105194902300020", "birthday", code.ReasonBirthday, 7, ""},
		"29 February 1900": {"110105190002290020", "birthday", code.ReasonBirthday, 7, ""},
		"month 13":         {"110105194913010020", "birthday", code.ReasonBirthday, 7, ""},
		"check digit":      {"110105194912310021", "", code.ReasonCheck, 18, "X"},
	} {
		t.Run(name, func(t *testing.T) {
			err := code.CheckCitizenNumber(tc.in)
			requireReason(t, err, code.ErrCitizenNumber, tc.field, tc.reason)
			var e *code.CheckError
			require.ErrorAs(t, err, &e)
			require.Equal(t, tc.position, e.Position)
			require.Equal(t, tc.want, e.Want)
			if len(tc.in) > 4 {
				require.NotContains(t, err.Error(), tc.in[:14], "an error must not hold the number")
			}
			c, err := code.ParseCitizenNumber(tc.in)
			require.Error(t, err)
			require.Zero(t, c)
		})
	}
}

// Retired divisions are known, others only warned about.
func TestCitizenNumberDivisions(t *testing.T) {
	for division, known := range map[string]bool{
		"350524": true, "350427": true, "352123": true, "359001": true, "350599": false, "330102": true,
		"990101": false,
	} {
		s, err := code.NewCitizenNumber(division, code.Date{Year: 1980, Month: 2, Day: 29}, 123)
		require.NoError(t, err)
		c, err := code.ParseCitizenNumber(s)
		require.NoError(t, err)
		require.Equal(t, known, c.DivisionKnown, division)
		require.True(t, c.Male())
	}
}

func TestNewCitizenNumberRefuses(t *testing.T) {
	day := code.Date{Year: 1980, Month: 2, Day: 29}
	for _, tc := range []struct {
		division string
		day      code.Date
		sequence int
	}{
		{"35052", day, 1}, {"35052A", day, 1}, {"350524", code.Date{Year: 1981, Month: 2, Day: 29}, 1},
		{"350524", day, 1000}, {"350524", day, -1},
	} {
		s, err := code.NewCitizenNumber(tc.division, tc.day, tc.sequence)
		require.ErrorIs(t, err, code.ErrCitizenNumber)
		require.Empty(t, s)
	}
}

func TestUpgradeCitizenNumber(t *testing.T) {
	long, err := code.UpgradeCitizenNumber("110105491231002")
	require.NoError(t, err)
	require.Equal(t, "11010519491231002X", long)
	for _, s := range []string{"", "11010519491231002X", "11010549123100X", "110105490230002", "１１０１０"} {
		long, err := code.UpgradeCitizenNumber(s)
		require.ErrorIs(t, err, code.ErrCitizenNumber)
		require.Empty(t, long)
	}
}

func TestMaskCitizenNumber(t *testing.T) {
	require.Equal(t, "110105********002X", code.MaskCitizenNumber("11010519491231002X"))
	require.Equal(t, "110105*****1002", code.MaskCitizenNumber("110105491231002"))
	require.Equal(t, "***", code.MaskCitizenNumber("123"))
	require.Equal(t, "", code.MaskCitizenNumber(""))
	require.Equal(t, "******", code.MaskCitizenNumber("企业企业企业"))
	require.Equal(t, strings.Repeat("*", 18), code.MaskCitizenNumber(strings.Repeat("1", 99)))
}

func FuzzCitizenNumber(f *testing.F) {
	f.Add("11010519491231002X")
	f.Add("110105491231002")
	f.Fuzz(func(t *testing.T, s string) {
		require.LessOrEqual(t, len(code.MaskCitizenNumber(s)), 18)
		if long, err := code.UpgradeCitizenNumber(s); err == nil {
			require.NoError(t, code.CheckCitizenNumber(long))
			require.Equal(t, s, long[:6]+long[8:17])
		} else {
			require.Empty(t, long)
		}
		c, err := code.ParseCitizenNumber(s)
		if err != nil {
			require.Zero(t, c)
			require.ErrorIs(t, err, code.ErrCitizenNumber)
			return
		}
		made, err := code.NewCitizenNumber(c.Division, c.Birthday, c.Sequence)
		require.NoError(t, err)
		require.Equal(t, s, made)
	})
}

func BenchmarkCheckCitizenNumber(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if err := code.CheckCitizenNumber("11010519491231002X"); err != nil {
			b.Fatal(err)
		}
	}
}
