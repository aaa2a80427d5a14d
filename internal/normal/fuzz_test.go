package normal_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/normal"
)

var kinds = []normal.Kind{
	normal.KindText, normal.KindDate, normal.KindNumber, normal.KindMoney, normal.KindDivision, normal.KindOrgName,
	normal.KindPlainCode, normal.KindUSCC, normal.KindCitizen, normal.KindIdentifier,
}

// fuzzKind holds for each kind: no panic; on refusal a typed problem and nothing else; otherwise a normal value is
// valid text and normalising it again changes nothing.
func fuzzKind(f *testing.F, kind normal.Kind, seeds ...string) {
	f.Helper()
	for _, s := range seeds {
		f.Add(s, false)
	}
	f.Fuzz(func(t *testing.T, s string, numeric bool) {
		r, err := normal.Value(kind, s, normal.Options{Numeric: numeric, SerialText: true})
		if err != nil {
			var p *normal.Problem
			require.ErrorAs(t, err, &p)
			require.NotEmpty(t, p.Text(normal.ZH))
			require.NotEmpty(t, p.Fix(normal.EN))
			require.Zero(t, r)
			return
		}
		require.True(t, utf8.ValidString(r.Value))
		if r.Value != s {
			require.NotEmpty(t, r.Notes, "%q became %q without a note", s, r.Value)
		}
		again, err := normal.Value(kind, r.Value, normal.Options{})
		require.NoError(t, err, "%q from %q", r.Value, s)
		require.Equal(t, r.Value, again.Value)
		require.Equal(t, r.Open, again.Open)
		requireOnlyWarnings(t, again.Notes)
		require.True(t, normal.Compare(kind, r.Value, r.Value).Equal)
	})
}

func FuzzText(f *testing.F) {
	fuzzKind(f, normal.KindText,
		"１２３　张三\u200b", "e\u0301", "\ufeff", "Ａ\u0301", "a\r\nb", "\u1100\u1161", "\u2126\u037e\uf900", "a\x01")
}

func FuzzDate(f *testing.F) {
	fuzzKind(f, normal.KindDate,
		"2009-03-01", "二〇〇九年十一月廿一日", "39873.5", "长期", "1-Mar-2009", "2009.3.1 10:00", "25/12/2009")
}

func FuzzNumber(f *testing.F) {
	fuzzKind(f, normal.KindNumber, "1,234.50", "1.5E-3", "3.5万", "-0", ".5",
		"."+strings.Repeat("0", 59)+"1")
}

func FuzzMoney(f *testing.F) {
	fuzzKind(f, normal.KindMoney, "500(万元人民币)", "伍拾叁万元整", "US$30", "530000 CNY", "1.5亿元", "壹仟贰佰叁拾肆元伍角陆分",
		"."+strings.Repeat("0", 59)+"1")
}

func FuzzDivision(f *testing.F) {
	fuzzKind(f, normal.KindDivision, "350427", "福建省 泉州市", "350524000000", "郊区")
}

func FuzzOrgName(f *testing.F) {
	fuzzKind(f, normal.KindOrgName, "远东 〔厦门〕 有限公司", "Acme （China） Ltd", "甲有限公司、乙有限公司")
}

func FuzzPlainCode(f *testing.F) {
	fuzzKind(f, normal.KindPlainCode, "闽（2017）第0001234号", "3.50123E+17", `="001"`, "123.0", "''1", "1 0.0")
}

func FuzzUSCC(f *testing.F) {
	fuzzKind(f, normal.KindUSCC, "91350921ma3494dd5h", "9135O921MA3494DD5H", "913505821562615491")
}

func FuzzCitizenNumber(f *testing.F) {
	fuzzKind(f, normal.KindCitizen, "110105491231002", "11010519491231002x", "110105********002X")
}

func FuzzIdentifier(f *testing.F) {
	fuzzKind(f, normal.KindIdentifier, "1.2.156.3005.2.11100000MB0143028R001.11350128345071904J.000000001.001.8")
}

// Comparison is symmetric, and equal to itself, for every kind and any bytes.
func FuzzCompare(f *testing.F) {
	f.Add("2009.3.1", "2009-03-01")
	f.Add("远东(厦门)", "远东（厦门）")
	f.Fuzz(func(t *testing.T, a, b string) {
		for _, kind := range kinds {
			v, w := normal.Compare(kind, a, b), normal.Compare(kind, b, a)
			require.Equal(t, v.Equal, w.Equal)
			require.Equal(t, v.Rules, w.Rules)
			require.True(t, normal.Compare(kind, a, a).Equal)
		}
		normal.DefaultAbsent().Absent(a)
		_ = normal.DamagedNumber(a, true)
	})
}
