package document_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/vault/catalogue"
	"github.com/elicense/elicense/vault/document"
)

// TestWords: days, sums of money and codes are shown as people write them, exactly.
func TestWords(t *testing.T) {
	t.Parallel()
	typ := shippedType(t, "business-licence")
	d := drawer(t, document.Fonts{})
	for in, want := range map[string]string{
		"5000000 CNY": "500万元人民币", "530001 CNY": "53.0001万元人民币", "9999.5 CNY": "9999.5元人民币",
		"10000.05 USD": "1.000005万美元", "100 CHF": "100 CHF", "not money": "not money", "-5 CNY": "-5 CNY",
	} {
		l := signed(t, typ, map[string]string{catalogue.MetaHolder: "甲^乙", "KZ_ZCZB": in, "KZ_CLRQ": "2009-03-01"})
		text := draw(t, d, l).Text(0)
		require.Contains(t, text, want+"\n")
		require.Contains(t, text, "2009年3月1日\n")
		require.Contains(t, text, "甲、乙\n")
		require.Contains(t, text, "2024年3月15日 至 2029年3月14日\n")
	}
}
