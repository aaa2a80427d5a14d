package normal_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/normal"
)

type row struct {
	in, want string
	codes    string // of the notes, joined by blanks; or "!" and the code of the problem
}

func runTable(t *testing.T, kind normal.Kind, o normal.Options, rows []row) {
	t.Helper()
	for _, tc := range rows {
		t.Run(tc.in, func(t *testing.T) {
			r, err := normal.Value(kind, tc.in, o)
			if problem, refused := strings.CutPrefix(tc.codes, "!"); refused {
				requireProblem(t, err, normal.Code(problem))
				require.Zero(t, r)
				return
			}
			require.NoError(t, err)
			require.Equal(t, tc.want, r.Value)
			require.Equal(t, tc.codes, codesOf(r.Notes))
			again, err := normal.Value(kind, r.Value, normal.Options{})
			require.NoError(t, err)
			require.Equal(t, r.Value, again.Value, "normal values stay")
			requireOnlyWarnings(t, again.Notes)
		})
	}
}

func codesOf(notes []normal.Note) string {
	var out []string
	for _, n := range notes {
		out = append(out, string(n.Code))
	}
	return strings.Join(out, " ")
}

func requireOnlyWarnings(t *testing.T, notes []normal.Note) {
	t.Helper()
	for _, n := range notes {
		switch n.Code {
		case normal.CodePrivateUse, normal.CodeSeveralNames, normal.CodeMaybeRounded, normal.CodeCitizenDivision,
			normal.CodeDivisionSplit, normal.CodeIdentifierCheck:
		default:
			require.Fail(t, "a normal value was changed", "%s: %q -> %q", n.Code, n.Old, n.New)
		}
	}
}

func requireProblem(t *testing.T, err error, c normal.Code) *normal.Problem {
	t.Helper()
	require.ErrorIs(t, err, normal.ErrProblem)
	var p *normal.Problem
	require.ErrorAs(t, err, &p)
	require.Equal(t, c, p.Code)
	for _, l := range []normal.Lang{normal.ZH, normal.EN} {
		require.NotEmpty(t, p.Text(l))
		require.NotEmpty(t, p.Fix(l))
	}
	return p
}

func TestText_D36(t *testing.T) {
	runTable(t, normal.KindText, normal.Options{}, []row{
		{"", "", ""},
		{"福建省安溪县官桥粮食加工厂", "福建省安溪县官桥粮食加工厂", ""},
		{"abc def", "abc def", ""},
		{"针纺织品、百货（危险化学品除外）；装潢。", "针纺织品、百货（危险化学品除外）；装潢。", ""},
		{"１２３号ＡＢ", "123号AB", "width"},
		{"　张三　", "张三", "space"},
		{" 张  三 ", "张 三", "space"},
		{"张\u00a0三", "张 三", "space"},
		{"\ufeff张三\u200b", "张三", "invisible"},
		{"福州市\n鼓楼区", "福州市 鼓楼区", "line_break"},
		{"福州市\r\n", "福州市", "space line_break"},
		{"a\tb", "a b", "space"},
		{"e\u0301", "é", "compose"},
		{"１００％", "100%", "width"},
		{"Ａ－１／２", "A-1/2", "width"},
		{"\ue000字", "\ue000字", "private_use"},
		{"a\x00b", "", "!control_character"},
		{"a\x7f", "a", "control_removed"},
		{"生产化妆品\x01；", "生产化妆品；", "control_removed"},
		{"\x7f", "", "control_removed"},
		{"a\u0085b", "", "!control_character"},
		{"\xff\xfe", "", "!garbled"},
		{"厦门\ufffd有限公司", "", "!garbled"},
	})
	_, err := normal.Text(strings.Repeat("字", 11), 10)
	p := requireProblem(t, err, normal.CodeTooLong)
	require.Equal(t, "11", p.Found)
	require.Equal(t, "10", p.Want)
	_, err = normal.Text(strings.Repeat("字", 10), 10)
	require.NoError(t, err)
	_, err = normal.Text(strings.Repeat("x", normal.DefaultMaxRunes+1), 0)
	requireProblem(t, err, normal.CodeTooLong)
}

func TestDate_D36(t *testing.T) {
	const day = "2009-03-01"
	runTable(t, normal.KindDate, normal.Options{}, []row{
		{day, day, ""},
		{" 2009-03-01", day, "space date_style"},
		{"2009-3-1", day, "date_style"},
		{"2009/3/1", day, "date_style"},
		{"2009/03/01", day, "date_style"},
		{"2009.3.1", day, "date_style"},
		{"2009.03.01", day, "date_style"},
		{"2009. 3. 1", day, "date_style"},
		{"2009．3．1", day, "width date_style"},
		{"2009.3.1.", day, "date_style"},
		{"２００９－０３－０１", day, "width date_style"},
		{"2009—3—1", day, "dash date_style"},
		{"20090301", day, "date_style"},
		{"'20090301", day, "apostrophe date_style"},
		{"2009年3月1日", day, "date_style"},
		{"2009年03月01日", day, "date_style"},
		{"2009年 3月 1日", day, "date_style"},
		{"2009 年 3 月 1 日", day, "date_style"},
		{"2009年3月1号", day, "date_style"},
		{"2009年3月1", day, "date_style"},
		{"公元2009年3月1日", day, "date_style"},
		{"自2009年3月1日起", day, "date_style"},
		{"至2009年3月1日止", day, "date_style"},
		{"２００９年３月１日", day, "width date_style"},
		{"二〇〇九年三月一日", day, "date_style"},
		{"二零零九年三月一日", day, "date_style"},
		{"二○○九年三月一日", day, "date_style"},
		{"二ＯＯ九年三月一日", day, "width date_style"},
		{"二OO九年三月一日", day, "date_style"},
		{"贰零零玖年叁月壹日", day, "date_style"},
		{"二〇〇九年三月零一日", day, "date_style"},
		{"二〇〇九年十一月二十日", "2009-11-20", "date_style"},
		{"二〇〇九年十二月三十一日", "2009-12-31", "date_style"},
		{"二〇一〇年十月十日", "2010-10-10", "date_style"},
		{"二〇〇九年十一月廿一日", "2009-11-21", "date_style"},
		{"一九九八年十二月卅一日", "1998-12-31", "date_style"},
		{"二〇〇九年元月廿日", "2009-01-20", "date_style"},
		{"2009年十二月3日", "2009-12-03", "date_style"},
		{"2009-03-01 00:00:00", day, "date_style date_time"},
		{"2009/3/1 0:00", day, "date_style date_time"},
		{"2009-03-01T08:30:00+08:00", day, "date_style date_time"},
		{"2009-03-01T00:00:00.000Z", day, "date_style date_time"},
		{"2009年3月1日 10时30分", day, "date_style date_time"},
		{"2009年3月1日上午10:30", day, "date_style date_time"},
		{"20090301103000", day, "date_style date_time"},
		{"2009年3月1日 星期日", day, "date_style"},
		{"2009年3月1日（星期日）", day, "width date_style"},
		{"1-Mar-2009", day, "date_style"},
		{"1 March 2009", day, "date_style"},
		{"March 1, 2009", day, "date_style"},
		{"Mar 1 2009", day, "date_style"},
		{"25/12/2009", "2009-12-25", "date_style"},
		{"12/25/2009", "2009-12-25", "date_style"},
		{"3/3/2009", "2009-03-03", "date_style"},
		{"2008-02-29", "2008-02-29", ""},

		{"", "", "!empty"},
		{"  ", "", "!empty"},
		{"2009-02-30", "", "!date_impossible"},
		{"2009年2月30日", "", "!date_impossible"},
		{"2009-13-01", "", "!date_impossible"},
		{"20090230", "", "!date_impossible"},
		{"0009-01-01", "", "!date_impossible"},
		{"30/13/2009", "", "!date_impossible"},
		{"09-3-1", "", "!date_short_year"},
		{"09.3.1", "", "!date_short_year"},
		{"09年3月1日", "", "!date_short_year"},
		{"九八年三月一日", "", "!date_short_year"},
		{"1-Mar-09", "", "!date_short_year"},
		{"3/4/09", "", "!date_short_year"},
		{"03/04/2009", "", "!date_ambiguous"},
		{"3.4.2009", "", "!date_ambiguous"},
		{"2009", "", "!date_incomplete"},
		{"2009年", "", "!date_incomplete"},
		{"2009年3月", "", "!date_incomplete"},
		{"2009-03", "", "!date_incomplete"},
		{"2009.3", "", "!date_incomplete"},
		{"200903", "", "!date_incomplete"},
		{"39873", "", "!date_serial_refused"},
		{"2009.3.1-2012.2.28", "", "!date_range"},
		{"2009年3月1日至2012年2月28日", "", "!date_range"},
		{"2009-03-01～2012-02-28", "", "!date_range"},
		{"2009-03-01、2010-03-01", "", "!several_values"},
		{"2009-03-01\n2010-03-01", "", "!several_values"},
		{"民国38年3月1日", "", "!date_era"},
		{"2009年三月初一", "", "!date_era"},
		{"二〇〇九年十三十月一日", "", "!date_unreadable"},
		{"2009-3/1", "", "!date_unreadable"},
		{"林某某", "", "!date_unreadable"},
		{"2009年3月1日由福州市局签发", "", "!date_unreadable"},
		{"####", "", "!cell_hashes"},
		{"#VALUE!", "", "!cell_error"},
		{"2009-03-01\x00", "", "!control_character"},
	})
	p := requireProblem(t, second(normal.Date("03/04/2009", normal.Options{})), normal.CodeDateAmbiguous)
	require.Equal(t, "03/04/2009", p.Found)
	require.Equal(t, "2009-04-03", p.Want)
}

func second[T any](_ T, err error) error { return err }

func TestDateOpenEnd(t *testing.T) {
	for _, s := range []string{
		"长期", "长期有效", "永久", "永久有效", "无固定期限", "无期限", "9999-12-31", "99991231", "9999/12/31", "9999年12月31日",
		"至长期", " 长 期 ", "长期（永久）",
	} {
		d, err := normal.Date(s, normal.Options{})
		require.NoError(t, err, s)
		require.True(t, d.Open, s)
		require.Zero(t, d.Date)
		require.Equal(t, normal.OpenEnd, d.String())
		require.Equal(t, s == normal.OpenEnd, d.Notes == nil, s)
		r, err := normal.Value(normal.KindDate, s, normal.Options{})
		require.NoError(t, err)
		require.True(t, r.Open)
		require.Equal(t, normal.OpenEnd, r.Value)
	}
}

func TestDateSerials_D36(t *testing.T) {
	numeric := normal.Options{Numeric: true}
	runTable(t, normal.KindDate, numeric, []row{
		{"1", "1900-01-01", "date_serial"},
		{"59", "1900-02-28", "date_serial"},
		{"60", "", "!date_impossible"}, // 29 February 1900 of the spreadsheets
		{"61", "1900-03-01", "date_serial"},
		{"25569", "1970-01-01", "date_serial"},
		{"39873", "2009-03-01", "date_serial"},
		{"39873.5", "2009-03-01", "date_serial date_time"},
		{"39873.0", "2009-03-01", "date_serial"},
		{"36585", "2000-02-29", "date_serial"},
		{"2958465", "长期", "date_open"},
		{"2958466", "", "!date_impossible"},
		{"0", "", "!date_impossible"},
		{"2009", "", "!date_incomplete"},
		{"2009.3", "", "!date_incomplete"},
		{"200903", "", "!date_incomplete"},
		{"20090301", "2009-03-01", "date_style"},
		{"2009-03-01", "2009-03-01", ""},
	})
	runTable(t, normal.KindDate, normal.Options{Numeric: true, Date1904: true}, []row{
		{"0", "1904-01-01", "date_serial"},
		{"38411", "2009-03-01", "date_serial"},
		{"2957003", "长期", "date_open"},
		{"2957004", "", "!date_impossible"},
	})
	runTable(t, normal.KindDate, normal.Options{SerialText: true}, []row{
		{"39873", "2009-03-01", "date_serial"},
		{"3987", "", "!date_incomplete"},
		{"39873.5", "", "!date_unreadable"},
	})
}

func TestNumber(t *testing.T) {
	runTable(t, normal.KindNumber, normal.Options{}, []row{
		{"0", "0", ""},
		{"12", "12", ""},
		{"-1.5", "-1.5", ""},
		{"1234567890123456789012345678901234567890.1", "1234567890123456789012345678901234567890.1", ""},
		{"１２３", "123", "width"},
		{"1,234.50", "1234.5", "number_style"},
		{"1，234，567", "1234567", "width number_style"},
		{"1 234", "1234", "number_style"},
		{"007", "7", "number_style"},
		{"+5", "5", "number_style"},
		{".5", "0.5", "number_style"},
		{"5.", "5", "number_style"},
		{"1.00", "1", "number_style"},
		{"-0", "0", "number_style"},
		{"3.5万", "35000", "number_style"},
		{"1.2亿", "120000000", "number_style"},
		{"1.5E-3", "0.0015", "number_style"},
		{"1.25E+2", "125", "number_style"},
		{"－３", "-3", "width"},

		{"", "", "!empty"},
		{"一", "", "!number_unreadable"},
		{"1,23", "", "!number_unreadable"},
		{"1,2345", "", "!number_unreadable"},
		{"1.2.3", "", "!number_unreadable"},
		{"100平方米", "", "!number_unreadable"},
		{"万", "", "!number_unreadable"},
		{"--1", "", "!number_unreadable"},
		{strings.Repeat("9", 61), "", "!number_unreadable"},
		{strings.Repeat("9", 60) + "万", "", "!number_unreadable"},
		{"3.5E+5", "", "!damaged_scientific"},
		{"1E+9999", "", "!damaged_scientific"},
		{"100、200", "", "!several_values"},
		{"#REF!", "", "!cell_error"},
	})
}

// The writings of the real register among them.
func TestMoney_D36(t *testing.T) {
	const style, assumed = "money_style", "money_style money_currency"
	runTable(t, normal.KindMoney, normal.Options{}, []row{
		{"530000 CNY", "530000 CNY", ""},
		{"53万人民币", "530000 CNY", style},
		{"53万元人民币", "530000 CNY", style},
		{"53万人民币元", "530000 CNY", style},
		{"500(万元人民币)", "5000000 CNY", style},
		{"500（万元人民币）", "5000000 CNY", "width " + style},
		{"1,000(万元人民币)", "10000000 CNY", style},
		{"57.1301(万元人民币)", "571301 CNY", style},
		{"2,000.6000(万元人民币)", "20006000 CNY", style},
		{"13.3600(万元人民币)", "133600 CNY", style},
		{"4.84万人民币", "48400 CNY", style},
		{"218(万)", "2180000 CNY", assumed},
		{"30((万美元))", "300000 USD", style},
		{"30(万美元)", "300000 USD", style},
		{"1,300(万港币)", "13000000 HKD", style},
		{"20万港元", "200000 HKD", style},
		{"8,000(万日元)", "80000000 JPY", style},
		{"12(万新加坡元)", "120000 SGD", style},
		{"15(万德国马克)", "150000 DEM", style},
		{"2(万元)", "20000 CNY", style},
		{"1,234.50元", "1234.5 CNY", style},
		{"1234.5", "1234.5 CNY", assumed},
		{"￥1,234.50", "1234.5 CNY", style},
		{"¥ 300", "300 CNY", style},
		{"RMB 300", "300 CNY", style},
		{"人民币300元整", "300 CNY", style},
		{"人民币：300元", "300 CNY", "width " + style},
		{"US$30", "30 USD", style},
		{"USD 30.05", "30.05 USD", style},
		{"30 美元", "30 USD", style},
		{"1.5亿元", "150000000 CNY", style},
		{"3百万元", "3000000 CNY", style},
		{"1千万元", "10000000 CNY", style},
		{"０万元", "0 CNY", "width " + style},
		{"伍拾叁万元整", "530000 CNY", style},
		{"人民币伍拾叁万元整", "530000 CNY", style},
		{"壹仟贰佰叁拾肆元伍角陆分", "1234.56 CNY", style},
		{"壹佰万圆整", "1000000 CNY", style},
		{"叁拾万美元", "300000 USD", style},
		{"伍拾万元人民币", "500000 CNY", style},
		{"一百零二万元", "1020000 CNY", style},
		{"壹亿贰仟万元", "120000000 CNY", style},
		{"十万元", "100000 CNY", style},
		{"壹元零伍分", "1.05 CNY", style},

		{"", "", "!empty"},
		{"WAYNE", "", "!money_unreadable"},
		{"万元", "", "!money_unreadable"},
		{"人民币", "", "!money_unreadable"},
		{"元", "", "!money_unreadable"},
		{"1,00万元", "", "!money_unreadable"},
		{"1万5千元", "", "!money_unreadable"},
		{"三四万元", "", "!money_unreadable"},
		{"有限责任公司", "", "!money_unreadable"},
		{"100万美元港币", "", "!money_currencies"},
		{"5.3E+05", "", "!damaged_scientific"},
		{"100万；200万", "", "!several_values"},
	})
}

func TestDivision_A78(t *testing.T) {
	runTable(t, normal.KindDivision, normal.Options{}, []row{
		{"350524", "350524", ""},
		{"440000", "440000", ""},
		{"440106", "440106", ""},
		{"３５０５２４", "350524", "width"},
		{"350524.0", "350524", "float_tail"},
		{"350524000000", "350524", "division_long"},
		{"350427", "350405", "division_retired"},
		{"352123", "350783", "division_retired"},
		{"350321", "350321", "division_split"},
		{"泉州", "350500", "division_name"},
		{"安溪县", "350524", "division_name"},
		{"福建省 泉州市 安溪县", "350524", "division_name"},
		{"福建省/泉州市", "350500", "division_name"},
		{"福建省,泉州市", "350500", "division_name"},
		{"南安", "350583", "division_name"},
		{"中国福建省", "350000", "division_name"},
		{"龙海市", "350604", "division_retired"},
		{"晋江地区", "350500", "division_retired"},
		{"崇安县", "350782", "division_retired"},

		{"", "", "!empty"},
		{"350599", "", "!division_unknown"},
		{"35052", "", "!division_unknown"},
		{"999999", "", "!division_unknown"},
		{"未知之地", "", "!division_unknown"},
		{"莆田县", "", "!division_ambiguous"},
		{"郊区", "", "!division_ambiguous"},
		{"泉州、厦门", "", "!several_values"},
		{"3.50524E+05", "", "!damaged_scientific"},
	})
}

func TestUSCC_A58(t *testing.T) {
	const good = "91350921MA3494DD5H"
	runTable(t, normal.KindUSCC, normal.Options{}, []row{
		{good, good, ""},
		{"91350921ma3494dd5h", good, "case"},
		{" 91350921MA3494DD5H ", good, "space"},
		{"9135 0921 MA34 94DD 5H", good, "space"},
		{"91350921-MA3494DD5-H", good, "dash"},
		{"９１３５０９２１ＭＡ３４９４ＤＤ５Ｈ", good, "width"},
		{"\u200b91350921MA3494DD5H", good, "invisible"},
		{"'91350921MA3494DD5H", good, "apostrophe"},
		{`="91350921MA3494DD5H"`, good, "formula_text"},

		{"", "", "!empty"},
		{"91350921MA3494DD5J", "", "!uscc_check"},
		{"91350921MA3494DD6H", "", "!uscc_organisation"},
		{"91350921MA3494DD5", "", "!uscc_length"},
		{"350500100012345", "", "!uscc_old_number"},
		{"156343819", "", "!uscc_org_code"},
		{"91350921MA3494DD5O", "", "!uscc_alphabet"},
		{"913509X1MA3494DD5H", "", "!uscc_division"},
		{"9135**********DD5H", "", "!masked"},
		{"9.1350921E+17", "", "!damaged_scientific"},
		{"913505821562615000", "", "!damaged_rounded"},
		{good + "、11350128345071904J", "", "!several_values"},
		{good + ";11350128345071904J", "", "!several_values"},
		{good + "\n11350128345071904J", "", "!several_values"},
		{good + "/11350128345071904J", "", "!several_values"},
		{good + " 11350128345071904J", "", "!several_values"},
		{"厦门\ufffd司", "", "!garbled"},
	})
	p := requireProblem(t, second(normal.USCC("9135O921MA3494DD5H")), normal.CodeUSCCConfusable)
	require.Equal(t, good, p.Want)
	p = requireProblem(t, second(normal.USCC("91350921MA3494DD5J")), normal.CodeUSCCCheck)
	require.Equal(t, "H", p.Want)
	require.NotContains(t, p.Error(), "MA3494", "an error does not hold the value")
}

func TestCitizenNumber_A58(t *testing.T) {
	const good = "11010519491231002X"
	runTable(t, normal.KindCitizen, normal.Options{}, []row{
		{good, good, ""},
		{"11010519491231002x", good, "case"},
		{"110105 19491231 002X", good, "space"},
		{"１１０１０５１９４９１２３１００２Ｘ", good, "width"},
		{"'" + good, good, "apostrophe"},
		{"‘" + good, good, "apostrophe"},
		{"110105491231002", good, "citizen_15"},
		{"350599198002291234", "", "!citizen_check"},
		{"990101198002291233", "990101198002291233", "citizen_division"},

		{"", "", "!empty"},
		{"11010519491231002", "", "!citizen_length"},
		{"1101051949123100２Y", "", "!citizen_alphabet"},
		{"110105194902300020", "", "!citizen_birthday"},
		{"110105490230002", "", "!citizen_birthday"},
		{"110105194912310021", "", "!citizen_check"},
		{"110105********002X", "", "!masked"},
		{"1.10105E+17", "", "!damaged_scientific"},
		{"3.50123E+17", "", "!damaged_scientific"},
		{"350123000000000000", "", "!damaged_rounded"},
		{"110105194912310000", "", "!damaged_rounded"},
		{good + "，" + good, "", "!several_values"},
		{good + " " + good, "", "!several_values"},
		{"###########", "", "!cell_hashes"},
	})
	// A number that was stored as one has lost its last three digits, whatever it looks like.
	_, err := normal.Value(normal.KindCitizen, "110105194912310021", normal.Options{Numeric: true})
	requireProblem(t, err, normal.CodeDamagedRounded)
}

func TestIdentifier(t *testing.T) {
	const good = "1.2.156.3005.2.11100000MB0143028R001.11350128345071904J.000000001.001.7"
	runTable(t, normal.KindIdentifier, normal.Options{}, []row{
		{good, good, ""},
		{strings.ToLower(good), good, "case"},
		{" " + good, good, "space"},
		{strings.ReplaceAll(good, ".", "．"), good, "width"},
		{good[:len(good)-1] + "8", good[:len(good)-1] + "8", "identifier_check"},
		{"", "", "!empty"},
		{good + ".1", "", "!identifier_malformed"},
		{"1.2.3", "", "!identifier_malformed"},
	})
	r, err := normal.Identifier(good[:len(good)-1] + "8")
	require.NoError(t, err)
	require.Equal(t, good, r.Notes[0].New)
}

func TestPlainCode_D36(t *testing.T) {
	runTable(t, normal.KindPlainCode, normal.Options{}, []row{
		{"JY13505240001234", "JY13505240001234", ""},
		{"闽（2017）福州市不动产权第0001234号", "闽（2017）福州市不动产权第0001234号", ""},
		{"闽建安许字〔2015〕第001号", "闽建安许字〔2015〕第001号", ""},
		{"闽榕 字 第 001 号", "闽榕字第001号", "space"},
		{"ＪＹ１３５", "JY135", "width"},
		{"350100—001", "350100-001", "dash"},
		{"jy-1", "jy-1", ""},
		{"12E5", "12E5", ""},
		{"闽A/001", "闽A/001", ""},
		{"123456.0", "123456", "float_tail"},
		{"'0001234", "0001234", "apostrophe"},
		{"1234567890123450", "1234567890123450", "maybe_rounded"},
		{"", "", "!empty"},
		{"3.50123E+17", "", "!damaged_scientific"},
		{"3.50123e17", "", "!damaged_scientific"},
		{"350123000000000000", "", "!damaged_rounded"},
		{"第0001号、第0002号", "", "!several_values"},
		{"JY0001；JY0002", "", "!several_values"},
		{"JY0001\nJY0002", "", "!several_values"},
		{"#N/A", "", "!cell_error"},
		{"JY\x01", "", "!control_character"},
		{"（JY\x01）", "", "!control_character"},
	})
	_, err := normal.Value(normal.KindPlainCode, "1234567890123450", normal.Options{Numeric: true})
	requireProblem(t, err, normal.CodeDamagedRounded)
	r, err := normal.Value(normal.KindPlainCode, "123456789012345", normal.Options{Numeric: true})
	require.NoError(t, err)
	require.Equal(t, "123456789012345", r.Value)
}

func TestOrgName(t *testing.T) {
	runTable(t, normal.KindOrgName, normal.Options{}, []row{
		{"漳州市龙江进出口有限公司", "漳州市龙江进出口有限公司", ""},
		{"远东(厦门)有限公司", "远东（厦门）有限公司", "brackets"},
		{"远东（厦门）有限公司", "远东（厦门）有限公司", ""},
		{"远东〔厦门〕有限公司", "远东（厦门）有限公司", "brackets"},
		{"远东【厦门】有限公司", "远东（厦门）有限公司", "brackets"},
		{"远东 (厦门) 有限公司", "远东（厦门）有限公司", "space brackets"},
		{"福州　甲乙 有限公司", "福州甲乙有限公司", "space"},
		{"Acme （China） Ltd", "Acme (China) Ltd", "brackets"},
		{"ＡＢＣ有限公司", "ABC有限公司", "width"},
		{"甲、乙合作社", "甲、乙合作社", ""},
		{"", "", "!empty"},
		{"甲有限公司、乙有限公司", "甲有限公司、乙有限公司", "several_names"},
		{"甲公司;乙加工厂", "甲公司;乙加工厂", "several_names"},
	})
}

func TestUnknownKind(t *testing.T) {
	_, err := normal.Value(0, "x", normal.Options{})
	requireProblem(t, err, normal.CodeKind)
	require.NotPanics(t, func() { normal.Compare(99, "x", "y") })
}

func TestDamagedNumber_D36(t *testing.T) {
	for s, want := range map[string]string{
		"3.50123E+17": "damaged_scientific", "3.50123E17": "damaged_scientific", "'3.5E+17": "damaged_scientific",
		"350123000000000000": "damaged_rounded", "3501230000000000.0": "",
		"#####": "cell_hashes", "#REF!": "cell_error",
		"350123198001011234": "", "JY1E5": "", "": "", "12E5": "", "1E+17": "damaged_scientific",
		"0000000000000000000": "",
	} {
		err := normal.DamagedNumber(s, false)
		if want == "" {
			require.NoError(t, err, s)
			continue
		}
		requireProblem(t, err, normal.Code(want))
	}
	requireProblem(t, normal.DamagedNumber("3501230000000000", true), normal.CodeDamagedRounded)
	requireProblem(t, normal.DamagedNumber("350123198001011234", true), normal.CodeDamagedRounded)
	require.NoError(t, normal.DamagedNumber("350123198001011", true))
	requireProblem(t, normal.DamagedNumber("\x00", true), normal.CodeControl)
}

func TestAbsent(t *testing.T) {
	l := normal.DefaultAbsent()
	for _, s := range []string{
		"", " ", "N/A", "n/a", "Ｎ／Ａ", "无", " 无 ", "-", "－", "—", "——", "/", "空",
		"NULL", "null", "不详", "（空）", "(null)", "\u00a0",
	} {
		require.True(t, l.Absent(s), "%q", s)
	}
	for _, s := range []string{"0", "无锡", "福建", "N/A有限公司", "\xff", strings.Repeat("-", 90)} {
		require.False(t, l.Absent(s), "%q", s)
	}
	require.False(t, normal.AbsentList{}.Absent(""))
	own := normal.NewAbsentList("缺")
	require.True(t, own.Absent(" 缺"))
	require.False(t, own.Absent(""))
	require.Equal(t, []string{"缺"}, own.Words())
	require.Contains(t, l.Words(), "NULL")
}

func TestMessages(t *testing.T) {
	seen := map[normal.Code]bool{}
	for _, c := range normal.Codes() {
		require.False(t, seen[c], c)
		seen[c] = true
		m, ok := normal.MessageOf(c)
		require.True(t, ok)
		for _, s := range []string{m.ZH, m.EN, m.FixZH, m.FixEN} {
			require.NotEmpty(t, s, c)
		}
		require.Equal(t, strings.Contains(m.ZH, "{want}"), strings.Contains(m.EN, "{want}"), c)
		n := normal.Note{Code: c, Old: strings.Repeat("长", 100), New: "新"}
		require.NotContains(t, n.Text(normal.ZH)+n.Fix(normal.EN), "{")
	}
	_, ok := normal.MessageOf("")
	require.False(t, ok)
	require.Empty(t, (&normal.Problem{}).Text(normal.EN))
}
