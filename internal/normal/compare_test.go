package normal_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/normal"
)

func TestCompare_A78(t *testing.T) {
	for name, tc := range map[string]struct {
		kind  normal.Kind
		a, b  string
		equal bool
		rules []normal.Code
	}{
		"alike":            {normal.KindText, "张三", "张三", true, nil},
		"different":        {normal.KindText, "张三", "李四", false, nil},
		"width":            {normal.KindText, "１２号", "12号", true, []normal.Code{"width"}},
		"spaces":           {normal.KindText, "张 三", "张三", true, []normal.Code{"space"}},
		"punctuation":      {normal.KindText, "甲，乙（丙）", "甲,乙(丙)", true, []normal.Code{"brackets", "punctuation"}},
		"case of text":     {normal.KindText, "a座", "A座", false, nil},
		"old division":     {normal.KindDivision, "350427", "350405", true, []normal.Code{"division_retired"}},
		"division by name": {normal.KindDivision, "沙县区", "350405", true, []normal.Code{"division_name"}},
		"split division":   {normal.KindDivision, "350321", "350304", false, []normal.Code{"division_split"}},
		"15 and 18": {
			normal.KindCitizen, "110105491231002", "11010519491231002x", true, []normal.Code{"case", "citizen_15"},
		},
		"15 and another": {
			normal.KindCitizen, "110105491231002", "110105194912310038", false, []normal.Code{"citizen_15"},
		},
		"styles of dates": {normal.KindDate, "2009.3.1", "二〇〇九年三月一日", true, []normal.Code{"date_style"}},
		"date and time": {
			normal.KindDate, "2009-03-01", "2009-03-01 00:00", true, []normal.Code{"date_style", "date_time"},
		},
		"open end":             {normal.KindDate, "长期", "9999-12-31", true, []normal.Code{"date_open"}},
		"open end and a day":   {normal.KindDate, "长期", "2030-01-01", false, nil},
		"brackets of a firm":   {normal.KindOrgName, "远东(厦门)公司", "远东（厦门）公司", true, []normal.Code{"brackets"}},
		"case of a firm":       {normal.KindOrgName, "abc公司", "ABC公司", true, []normal.Code{"case"}},
		"brackets of a number": {normal.KindPlainCode, "闽〔2015〕1号", "闽(2015)1号", true, []normal.Code{"brackets"}},
		"case of a number":     {normal.KindPlainCode, "jy1", "JY1", true, []normal.Code{"case"}},
		"numbers":              {normal.KindNumber, "1,000.0", "1000", true, []normal.Code{"number_style"}},
		"money":                {normal.KindMoney, "500(万元人民币)", "5000000元", true, []normal.Code{"money_style"}},
		"money of two lands":   {normal.KindMoney, "500万美元", "500万元", false, []normal.Code{"money_style"}},
		"credit code": {
			normal.KindUSCC, "91350921ma3494dd5h", "91350921MA3494DD5H", true, []normal.Code{"case"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			v := normal.Compare(tc.kind, tc.a, tc.b)
			require.NoError(t, v.Err)
			require.Equal(t, tc.equal, v.Equal)
			if len(tc.rules) == 0 && !tc.equal {
				require.NotContains(t, v.Rules, normal.CodeKind)
			} else {
				for _, r := range tc.rules {
					require.Contains(t, v.Rules, r)
				}
			}
			back := normal.Compare(tc.kind, tc.b, tc.a)
			require.Equal(t, v.Equal, back.Equal)
			require.Equal(t, v.Rules, back.Rules)
		})
	}
}

// What cannot be read as its kind is compared as text and says so.
func TestCompareUnreadable(t *testing.T) {
	v := normal.Compare(normal.KindDate, "见副本", "见副本")
	require.True(t, v.Equal)
	require.ErrorIs(t, v.Err, normal.ErrProblem)
	v = normal.Compare(normal.KindUSCC, "91350921MA3494DD5J", "91350921MA3494DD5H")
	require.False(t, v.Equal)
	require.ErrorIs(t, v.Err, normal.ErrProblem)
	v = normal.Compare(normal.KindText, "\x00", "\x00")
	require.True(t, v.Equal)
	require.ErrorIs(t, v.Err, normal.ErrProblem)
}

func TestKey(t *testing.T) {
	a, err := normal.Key(normal.KindPlainCode, "闽〔2015〕第 a1 号")
	require.NoError(t, err)
	b, err := normal.Key(normal.KindPlainCode, "闽（2015）第Ａ１号")
	require.NoError(t, err)
	require.Equal(t, a, b)
	_, err = normal.Key(normal.KindPlainCode, "")
	require.ErrorIs(t, err, normal.ErrProblem)
}
