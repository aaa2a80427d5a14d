package code_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/code"
)

func TestItemCode_A21(t *testing.T) {
	for s, want := range map[string]code.ItemCode{
		"000172102000": {Basic: "000172102000"},
		"11370800MB285591843370117002011": {
			Authority: "11370800MB28559184", Level: '3', Basic: "370117002011",
		},
		"11100000MB0341032Y100017214900101": {
			Authority: "11100000MB0341032Y", Level: '1', Basic: "000172149001", Handle: "01",
		},
	} {
		c, err := code.ParseItemCode(s)
		require.NoError(t, err, s)
		require.Equal(t, want, c)
		require.Equal(t, s, c.String())
	}
	for name, tc := range map[string]struct {
		in, field string
		reason    code.Reason
	}{
		"empty":     {"", "", code.ReasonLength},
		"length":    {"0001721020000", "", code.ReasonLength},
		"letter":    {"00017210200A", "item", code.ReasonAlphabet},
		"Han":       {"企业企业", "", code.ReasonLength},
		"authority": {"11370800MB285591853370117002011", "authority", code.ReasonCheck},
		"level":     {"11370800MB285591847370117002011", "level", code.ReasonRange},
		"handle":    {"11100000MB0341032Y10001721490010A", "handle", code.ReasonAlphabet},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := code.ParseItemCode(tc.in)
			requireReason(t, err, code.ErrItemCode, tc.field, tc.reason)
			require.Zero(t, c)
		})
	}
}

func FuzzItemCode(f *testing.F) {
	f.Add("000172102000")
	f.Add("11100000MB0341032Y100017214900101")
	f.Fuzz(func(t *testing.T, s string) {
		c, err := code.ParseItemCode(s)
		if err != nil {
			require.Zero(t, c)
			return
		}
		require.Equal(t, s, c.String())
	})
}
