package normal_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/normal"
)

var hot = []struct {
	name  string
	kind  normal.Kind
	value string
}{
	{"text_ascii", normal.KindText, "No. 53 Guanqiao Road"},
	{"text_han", normal.KindText, "福建省泉州市安溪县官桥镇官桥村（危险化学品除外）"},
	{"date", normal.KindDate, "2009-03-01"},
	{"number", normal.KindNumber, "1234.5"},
	{"money", normal.KindMoney, "530000 CNY"},
	{"division", normal.KindDivision, "350524"},
	{"org", normal.KindOrgName, "远东（厦门）进出口有限公司"},
	{"plain", normal.KindPlainCode, "JY1350524001"},
	{"uscc", normal.KindUSCC, "91350921MA3494DD5H"},
	{"citizen", normal.KindCitizen, "11010519491231002X"},
	{"identifier", normal.KindIdentifier, "1.2.156.3005.2.11100000MB0143028R001.11350128345071904J.000000001.001.7"},
}

// A value that is normal already costs no allocation.
func TestNormalValuesDoNotAllocate(t *testing.T) {
	absent := normal.DefaultAbsent()
	for _, tc := range hot {
		allocs := testing.AllocsPerRun(100, func() {
			if _, err := normal.Value(tc.kind, tc.value, normal.Options{}); err != nil {
				t.Error(err)
			}
			if absent.Absent(tc.value) {
				t.Error(tc.value)
			}
		})
		require.Zero(t, allocs, tc.name)
	}
}

func BenchmarkNormal(b *testing.B) {
	for _, tc := range hot {
		b.Run(tc.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := normal.Value(tc.kind, tc.value, normal.Options{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkChanged(b *testing.B) {
	for _, tc := range []struct {
		name  string
		kind  normal.Kind
		value string
	}{
		{"text_width", normal.KindText, "福建省泉州市安溪县官桥镇１２３号"},
		{"date_dots", normal.KindDate, "2009.3.1"},
		{"date_han", normal.KindDate, "二〇〇九年三月一日"},
		{"money", normal.KindMoney, "1,000(万元人民币)"},
		{"division_name", normal.KindDivision, "泉州"},
		{"division_old", normal.KindDivision, "350427"},
		{"citizen_15", normal.KindCitizen, "110105491231002"},
		{"org", normal.KindOrgName, "远东(厦门)进出口有限公司"},
	} {
		b.Run(tc.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := normal.Value(tc.kind, tc.value, normal.Options{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// A row as the business register has it: ten cells, each tested for absence first.
func BenchmarkRow(b *testing.B) {
	absent := normal.DefaultAbsent()
	cells := []struct {
		kind  normal.Kind
		value string
	}{
		{normal.KindOrgName, "福建省安溪县官桥粮食加工厂"},
		{normal.KindUSCC, "91350524156343819G"},
		{normal.KindDate, "1978-07-01"},
		{normal.KindText, "国有企业"},
		{normal.KindText, "林某某"},
		{normal.KindMoney, "53万人民币"},
		{normal.KindText, "管理本企业资产。(依法须经批准的项目，经相关部门批准后方可开展经营活动)"},
		{normal.KindDivision, "福建"},
		{normal.KindDivision, "泉州"},
		{normal.KindText, "安溪县官桥镇官桥村"},
	}
	b.ReportAllocs()
	for b.Loop() {
		for _, c := range cells {
			if absent.Absent(c.value) {
				continue
			}
			if _, err := normal.Value(c.kind, c.value, normal.Options{}); err != nil {
				b.Fatal(err)
			}
		}
	}
}
