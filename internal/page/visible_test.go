package page_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/page"
)

// TestVisible: what a page shows has no character that hides or turns others; what this program does not know stays.
func TestVisible(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"示例":                          "示例",
		"a\x00b\x1fc\x7f\u0085d":      "abcd",
		"甲\u202e乙\u202c丙\u2066\u2069": "甲乙丙",
		"零\u200b宽\ufeff\u2060":        "零宽",
		"行\r\n行\u2028行\n":             "行\n行\n行\n",
		"空\t\u00a0格":                  "空  格",
		"葛\U000e0100":                 "葛",
		"\U000323b0\ue000\u0378":      "\U000323b0\ue000\u0378",
		"\ufffe\uffff\ufdd0":          "",
		"坏\xff\xfe字":                  "坏\ufffd字",
	} {
		require.Equal(t, want, page.Visible(in), "%q", in)
	}
}
