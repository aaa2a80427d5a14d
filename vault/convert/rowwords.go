package convert

import (
	"github.com/elicense/elicense/internal/sheet"
	"github.com/elicense/elicense/vault"
)

// RowWords says what a code means of which rows are sent back, without the values of any row: what is wrong and, after
// a semicolon, what to do.
func RowWords(c vault.Code) (zh, en string) {
	if short, ok := rowWords[c]; ok {
		return short[0], short[1]
	}
	if zh, en := c.Sentence(); zh != "" {
		return zh, en
	}
	return sheetSentence(sheet.Code(c))
}

// rowWords are the reasons for which a row is sent back, worded without a value.
var rowWords = map[vault.Code][2]string{
	"uscc_check":    {"统一社会信用代码校验位不符；请对照营业执照改正", "credit code fails its check; correct it from the licence"},
	"uscc_length":   {"统一社会信用代码不是 18 位；请补全", "credit code has not 18 characters; complete it"},
	"citizen_check": {"身份证号校验位不符；请对照证件改正", "citizen number fails its check; correct it from the card"},
	"damaged_scientific": {"长号码成了科学计数法，后面的数字已丢失；请设为文本列后从原系统重新导出",
		"a long number became scientific notation and lost its end; export it again as text"},
	"damaged_rounded": {"长号码末尾成了 000，是表格软件改的；请设为文本列后重新导出",
		"a spreadsheet rounded a long number; export it again as text"},
	"several_values":   {"一个单元格里有几个值；请拆成几行", "several values in one cell; split it into rows"},
	"value_missing":    {"缺少必填项；请补填", "a required value is missing; fill it in"},
	"value_date_order": {"有效期截止早于起始或颁发日期；请核对", "a validity ends before it begins; check the dates"},
	"value_too_long":   {"文字过长；请缩短", "a text is too long; shorten it"},
	"value_pattern":    {"不合格式；请对照证照改正", "a value has not the form of its element; correct it"},
	"value_not_listed": {"不是该要素允许的值；请改成其中之一", "a value is not one of those allowed; write one of them"},
	"value_validity": {"有效期长短不是该类证照允许的；请对照证照核对起止日期",
		"the validity has a length that the type does not allow; check its days"},
	"date_impossible": {"没有这一天；请对照原件改正", "there is no such day; correct it from the paper"},
	"date_short_year": {"年份只有两位；请写四位", "a year of two digits; write four"},
	"date_incomplete": {"日期缺月或日；请补全", "a date lacks its month or day; complete it"},
	"cell_error":      {"单元格是公式错误；请改正公式或粘贴为数值", "a cell shows a formula error; correct it or paste the value"},
	"cell_hashes":     {"单元格只有“#”；请把列拉宽后重新导出", "a cell holds only #; widen the column and export again"},
	"row_short":       {"本行列数不够，内容可能错位；请补齐", "rows with too few columns, values may be shifted; complete them"},
	"row_long": {"本行列数过多，内容可能错位；请检查多余的分隔符",
		"rows with too many columns, values may be shifted; look for surplus delimiters"},
	"row_other_issuer": {"颁发机构不是本机构；请由该机构导入", "another department issued it; let that department convert it"},
	"row_holder_kind": {"不能判断持证主体代码类型；请在映射中写明 holderKind",
		"the kind of the holder's code cannot be told; state holderKind in the mapping"},
	"derived_no_match": {"单元格不符合映射中推导所要求的格式；请照其他行的写法改",
		"a cell has not the form that the mapping derives from; write it as the other rows do"},
	"derived_part": {"几列拼成一项，其中有一列是空的；请补填",
		"a value is put together from several columns and one of them is empty; fill it in"},
	"cell_ditto":    {"写的是“同上”一类的字样；请写出它所指的内容", "a cell says as above or alike; write out what it stands for"},
	"row_too_large": {"本行内容过长；请缩短最长的一列", "a row holds more than a licence can; shorten its longest value"},
	"row_photo_missing": {"没有表中所写的影像文件；请用 --photos 给出它所在的目录或 ZIP，或更正文件名",
		"an image file that the sheet names is missing; name its directory or ZIP with --photos or correct the name"},
	"row_photo_several": {"不止一个影像文件与本行对应；请只留一个", "several image files belong to one row; leave one"},
	"row_scan_refused":  {"扫描件不能使用；请重新扫描", "a scan cannot be used; scan it again"},
	"formula_empty":     {"公式没有结果；请重新计算后保存", "a formula without a result; recalculate and save"},
	"uscc_organisation": {"统一社会信用代码第 17 位（组织机构代码校验位）不符；请对照营业执照改正",
		"character 17 of a credit code fails its check; correct it from the licence"},
	"uscc_old_number": {"是旧的工商注册号；请查出企业现在的 18 位代码",
		"a registration number of before 2015; look up the 18-character code"},
	"uscc_org_code": {"是 9 位组织机构代码；请查出单位现在的 18 位代码", "an organisation code; look up the 18-character code"},
	"uscc_alphabet": {"统一社会信用代码里有不该有的字符；请对照营业执照改正",
		"credit code holds a wrong character; correct it from the licence"},
	"uscc_confusable": {"统一社会信用代码里有 O、I、S、V、Z；请对照营业执照改正",
		"credit code holds O, I, S, V or Z; correct it from the licence"},
	"uscc_division": {"统一社会信用代码第 3 至 8 位不是区划代码；请对照营业执照改正",
		"credit code names no division; correct it from the licence"},
	"citizen_length": {"身份证号不是 15 位或 18 位；请对照证件改正",
		"citizen number has not 15 or 18 digits; correct it from the card"},
	"citizen_alphabet": {"身份证号里有不是数字的字符；请对照证件改正",
		"citizen number holds something that is no digit; correct it from the card"},
	"citizen_birthday": {"身份证号中的出生日期不存在；请对照证件改正", "citizen number holds no real birthday; correct it from the card"},
	"identifier_malformed": {"不是电子证照标识；应为 1.2.156.3005.2 开头的五段",
		"no licence identifier; it has five parts after 1.2.156.3005.2"},
	"date_unreadable": {"不是日期；请写成 2009-03-01 的样子", "no date; write it like 2009-03-01"},
	"date_ambiguous":  {"分不清哪个是月、哪个是日；请写成 年-月-日", "day and month cannot be told apart; write year-month-day"},
	"date_range":      {"是一段期间，不是一个日期；请把起止日期分成两列", "a span, not a day; put beginning and end into two columns"},
	"date_era":        {"是民国纪年或农历；请改写公历日期", "of another calendar; write the date of the common one"},
	"date_serial_refused": {"像是表格的日期序号；请把该列设为日期格式再导出，或在列映射中写 serials: true",
		"looks like a spreadsheet serial; give the column a date format, or write serials: true in the mapping"},
	"number_unreadable": {"不是数字；请只写数字，不写单位", "no number; write figures only, without a unit"},
	"money_unreadable":  {"不是金额；请写成 500万元人民币 的样子", "no amount of money; write it like 5000000 CNY"},
	"money_currencies":  {"一个金额里有两种货币；请只留一种", "two currencies in one amount; keep one"},
	"division_unknown":  {"行政区划不在区划表内；请写 6 位区划代码或完整的名称", "division in no table; write its 6 digits or full name"},
	"division_ambiguous": {"可能指几个行政区划；请写 6 位区划代码或完整的名称",
		"can mean several divisions; write the 6 digits or full name"},
	"kind_unknown":      {"程序不认识这种字段；请检查列映射", "a kind of field that is not known; check the mapping"},
	"empty":             {"没有内容；请填写", "empty; fill it in"},
	"control_character": {"含有控制字符；请在原表中重新输入这一格再导出", "holds control characters; type the cell anew and export again"},
	"garbled":           {"是乱码；请从原系统用 UTF-8 或 GB18030 重新导出", "garbled; export again as UTF-8 or GB18030"},
	"too_long": {"文字过长；请检查是否串行、串列，或者缩短",
		"a text is too long; look for shifted rows or columns, or shorten it"},
	"masked":              {"号码被打了星号；请提供完整号码", "a masked number; give the whole number"},
	"value_unknown_field": {"不是该类证照的要素；请检查列映射", "no element of the type; check the mapping"},
	"value_not_normal":    {"写法不规范；请对照证照改正", "not written in its normal form; correct it"},
	"value_too_short":     {"文字过短；请补全", "a text is too short; complete it"},
	"value_below_min":     {"低于该要素允许的最小值；请核对", "below the least value allowed; check it"},
	"value_above_max":     {"高于该要素允许的最大值；请核对", "above the greatest value allowed; check it"},
	"value_after_today":   {"日期在今天之后；请核对", "a day after today; check it"},
	"value_today_unknown": {"程序没有得到今天的日期；请报告此问题", "today is not known to the program; please report this"},
	"value_open_date":     {"该要素不能写“长期”；请写明日期", "the element takes no open end; give a date"},
	"value_image":         {"图片格式不对；请重新扫描", "a picture of the wrong format; scan it again"},
	"value_image_bytes":   {"照片或扫描件是空的或过大；请换成大小合适的文件", "a picture is empty or too large; bring a smaller file"},
	"value_image_kind":    {"不是完好的 JPEG 或 PNG 图片；请另存为其中之一", "no sound JPEG or PNG; save it as one of them"},
	"value_image_pixels":  {"图片过小或过大；请重新扫描或拍摄", "a picture of too few or too many pixels; scan or take it again"},
	"value_holder_type": {"该类证照不发给这种持证主体；请核对持证主体代码类型",
		"the type is not issued to this kind of holder; check the kind"},
	"value_holder_count": {"持证主体的个数与代码的个数不符；请核对", "as many holders as codes are wanted; check them"},
}
