package catalogue_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/elicense/elicense/vault/catalogue"
)

func TestNumberingFormat(t *testing.T) {
	codes := map[string]string{"甲": "A", "乙": "B"}
	in := catalogue.NumberInput{Division: "350524", Year: 2017, Category: "乙", Sequence: 42}
	tests := []struct {
		pattern, want string
	}{
		{"J{division}-{year}-{seq:6}", "J350524-2017-000042"},
		{"示妆{year}{seq:4}", "示妆20170042"},
		{"{division:2}{division:4}{year:2}{category}{seq:2}", "35350517B42"},
		{"{seq:18}", "000000000000000042"},
	}
	for _, tt := range tests {
		n := catalogue.Numbering{Pattern: tt.pattern, Category: "KZ_A", Codes: codes}
		got, err := n.Format(in)
		require.NoError(t, err)
		require.Equal(t, tt.want, got)
		back, err := n.Parse(got)
		require.NoError(t, err)
		require.Equal(t, in.Sequence, back.Sequence)
	}
}

// TestNumberingCheckDigit uses the worked example of ISO/IEC 7064 MOD 11,10: 0794 has check digit 5.
func TestNumberingCheckDigit(t *testing.T) {
	n := catalogue.Numbering{Pattern: "X-{seq:4}{check}"}
	got, err := n.Format(catalogue.NumberInput{Sequence: 794})
	require.NoError(t, err)
	require.Equal(t, "X-07945", got)
	_, err = n.Parse("X-07945")
	require.NoError(t, err)
	_, err = n.Parse("X-07946")
	require.ErrorIs(t, err, catalogue.ErrNumbering)
}

func TestNumberingRefuses(t *testing.T) {
	n := catalogue.Numbering{
		Pattern: "{category}{division}{year}{seq:3}", Scope: []string{"category", "division", "year"}, Category: "KZ_A",
		Codes: map[string]string{"甲": "A"},
	}
	good := catalogue.NumberInput{Division: "350524", Year: 2017, Category: "甲", Sequence: 999}
	_, err := n.Format(good)
	require.NoError(t, err)
	for name, change := range map[string]func(*catalogue.NumberInput){
		"division": func(in *catalogue.NumberInput) { in.Division = "3505" },
		"letters":  func(in *catalogue.NumberInput) { in.Division = "35052X" },
		"year":     func(in *catalogue.NumberInput) { in.Year = 17 },
		"category": func(in *catalogue.NumberInput) { in.Category = "丙" },
		"zero":     func(in *catalogue.NumberInput) { in.Sequence = 0 },
		"overflow": func(in *catalogue.NumberInput) { in.Sequence = 1000 },
	} {
		in := good
		change(&in)
		got, err := n.Format(in)
		require.ErrorIs(t, err, catalogue.ErrNumbering, name)
		require.Empty(t, got)
	}
	for _, number := range []string{"", "A3505242017", "B350524201700", strings.Repeat("9", 500)} {
		_, err := n.Parse(number)
		require.ErrorIs(t, err, catalogue.ErrNumbering, number)
	}
	for _, pattern := range []string{"", "{", "{seq}", "x"} {
		_, err := catalogue.Numbering{Pattern: pattern}.Format(good)
		require.ErrorIs(t, err, catalogue.ErrNumbering, pattern)
		_, err = catalogue.Numbering{Pattern: pattern}.ScopeKey(good)
		require.ErrorIs(t, err, catalogue.ErrNumbering, pattern)
		_, err = catalogue.Numbering{Pattern: pattern}.Parse("x")
		require.ErrorIs(t, err, catalogue.ErrNumbering, pattern)
	}
	_, err = catalogue.Numbering{Pattern: "{seq:3}", Scope: []string{"year"}}.ScopeKey(good)
	require.ErrorIs(t, err, catalogue.ErrNumbering)
}

// TestScopeKeyFollowsTheNumber: where the number shows four digits of the division, so does the key, or else two
// counties would make the same number.
func TestScopeKeyFollowsTheNumber(t *testing.T) {
	n := catalogue.Numbering{Pattern: "{division:4}{year}{seq:3}", Scope: []string{"division", "year"}}
	key := func(division string, year int) string {
		k, err := n.ScopeKey(catalogue.NumberInput{Division: division, Year: year, Sequence: 1})
		require.NoError(t, err)
		return k
	}
	require.Equal(t, key("350524", 2017), key("350526", 2017))
	require.NotEqual(t, key("350524", 2017), key("350602", 2017))
	require.NotEqual(t, key("350524", 2017), key("350524", 2018))
}

// TestNumbersAreDistinct: within one scope, and across scopes, different inputs make different numbers.
func TestNumbersAreDistinct(t *testing.T) {
	n := mustBase(t).Numbering
	rapid.Check(t, func(t *rapid.T) {
		draw := func() catalogue.NumberInput {
			return catalogue.NumberInput{
				Division: "3505" + rapid.SampledFrom([]string{"24", "02"}).Draw(t, "county"),
				Year:     rapid.IntRange(2016, 2018).Draw(t, "year"),
				Category: rapid.SampledFrom([]string{"甲", "乙"}).Draw(t, "category"),
				Sequence: rapid.Uint64Range(1, 99999).Draw(t, "sequence"),
			}
		}
		a, b := draw(), draw()
		keyA, err := n.ScopeKey(a)
		require.NoError(t, err)
		keyB, err := n.ScopeKey(b)
		require.NoError(t, err)
		numberA, err := n.Format(a)
		require.NoError(t, err)
		numberB, err := n.Format(b)
		require.NoError(t, err)
		if keyA == keyB && a.Sequence == b.Sequence {
			require.Equal(t, numberA, numberB)
			return
		}
		require.NotEqual(t, numberA, numberB)
		back, err := n.Parse(numberA)
		require.NoError(t, err)
		require.Equal(t, a.Year, back.Year)
		require.Equal(t, a.Category, back.Category)
		require.Equal(t, a.Sequence, back.Sequence)
	})
}

// TestShippedNumbers makes a number of every shipped rule.
func TestShippedNumbers(t *testing.T) {
	for _, typ := range catalogue.Shipped() {
		n := typ.Numbering
		if n.IsZero() {
			continue
		}
		in := catalogue.NumberInput{Division: "990101", Year: 2017, Sequence: 7}
		for value := range n.Codes {
			in.Category = value
		}
		number, err := n.Format(in)
		require.NoError(t, err)
		c, err := typ.Compile()
		require.NoError(t, err)
		col, _ := c.Column(catalogue.MetaNumber)
		res, problems := col.Normalise(number, catalogue.Hints{})
		require.Empty(t, problems, number)
		require.Equal(t, number, res.Value)
	}
}
