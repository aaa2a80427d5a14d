package normal

import "github.com/elicense/elicense/internal/rule"

// Codes of notes: what was changed, or is worth a look.
const (
	CodeWidth          Code = "width"
	CodeSpace          Code = "space"
	CodeInvisible      Code = "invisible"
	CodeLineBreak      Code = "line_break"
	CodeCompose        Code = "compose"
	CodeDash           Code = "dash"
	CodeCase           Code = "case"
	CodeApostrophe     Code = "apostrophe"
	CodeFloatTail      Code = "float_tail"
	CodeFormulaText    Code = "formula_text"
	CodeBrackets       Code = "brackets"
	CodePunctuation    Code = "punctuation"
	CodePrivateUse     Code = "private_use"
	CodeControlRemoved Code = "control_removed"
	CodeSeveralNames   Code = "several_names"
	CodeMaybeRounded   Code = "maybe_rounded"
	CodeDateStyle      Code = "date_style"
	CodeDateSerial     Code = "date_serial"
	CodeDateTime       Code = "date_time"
	CodeDateOpen       Code = "date_open"
	CodeNumberStyle    Code = "number_style"
	CodeMoneyStyle     Code = "money_style"
	CodeMoneyCurrency  Code = "money_currency"

	CodeDivisionRetired Code = "division_retired"
	CodeDivisionSplit   Code = "division_split"
	CodeDivisionName    Code = "division_name"
	CodeDivisionLong    Code = "division_long"
	CodeCitizen15       Code = "citizen_15"
	CodeCitizenDivision Code = "citizen_division"
	CodeIdentifierCheck Code = "identifier_check"
)

// Codes of problems: why a value was refused.
const (
	CodeKind              Code = "kind_unknown"
	CodeEmpty             Code = "empty"
	CodeControl           Code = "control_character"
	CodeGarbled           Code = "garbled"
	CodeTooLong           Code = "too_long"
	CodeCellError         Code = "cell_error"
	CodeCellHashes        Code = "cell_hashes"
	CodeSeveralValues     Code = "several_values"
	CodeDamagedScientific Code = "damaged_scientific"
	CodeDamagedRounded    Code = "damaged_rounded"
	CodeMasked            Code = "masked"

	CodeDateUnreadable    Code = "date_unreadable"
	CodeDateImpossible    Code = "date_impossible"
	CodeDateIncomplete    Code = "date_incomplete"
	CodeDateShortYear     Code = "date_short_year"
	CodeDateAmbiguous     Code = "date_ambiguous"
	CodeDateRange         Code = "date_range"
	CodeDateEra           Code = "date_era"
	CodeDateSerialRefused Code = "date_serial_refused"
	CodeNumberUnreadable  Code = "number_unreadable"
	CodeMoneyUnreadable   Code = "money_unreadable"
	CodeMoneyCurrencies   Code = "money_currencies"

	CodeDivisionUnknown   Code = "division_unknown"
	CodeDivisionAmbiguous Code = "division_ambiguous"

	CodeUSCCLength       Code = "uscc_length"
	CodeUSCCOldNumber    Code = "uscc_old_number"
	CodeUSCCOrgCode      Code = "uscc_org_code"
	CodeUSCCAlphabet     Code = "uscc_alphabet"
	CodeUSCCConfusable   Code = "uscc_confusable"
	CodeUSCCDivision     Code = "uscc_division"
	CodeUSCCOrganisation Code = "uscc_organisation"
	CodeUSCCCheck        Code = "uscc_check"

	CodeCitizenLength   Code = "citizen_length"
	CodeCitizenAlphabet Code = "citizen_alphabet"
	CodeCitizenBirthday Code = "citizen_birthday"
	CodeCitizenCheck    Code = "citizen_check"
	CodeIdentifier      Code = "identifier_malformed"
)

const (
	noFixZH = "不用改"
	noFixEN = "nothing to do"
	lookZH  = "请对照原件看一眼"
	lookEN  = "please compare with the paper"
)

// messages is the one table of wordings.
var messages = [...]struct {
	code Code
	Message
}{
	{CodeWidth, Message{
		"全角字符改为半角", "full-width characters became half-width",
		noFixZH, noFixEN, rule.Normalised,
	}},
	{CodeSpace, Message{"去掉了多余的空格", "needless spaces were removed", noFixZH, noFixEN, rule.Normalised}},
	{CodeInvisible, Message{
		"去掉了看不见的字符", "invisible characters were removed",
		noFixZH, noFixEN, rule.Normalised,
	}},
	{CodeLineBreak, Message{"单元格内的换行改为空格", "line breaks became spaces", noFixZH, noFixEN, rule.Normalised}},
	{CodeCompose, Message{
		"字母与附加符号合成一个字符", "letters and their marks were composed",
		noFixZH, noFixEN, rule.Normalised,
	}},
	{CodeDash, Message{"短横线统一了写法", "dashes were given one form", noFixZH, noFixEN, rule.Normalised}},
	{CodeCase, Message{"小写字母改为大写", "small letters became capital", noFixZH, noFixEN, rule.Normalised}},
	{CodeApostrophe, Message{
		"去掉了数字前的撇号", "the apostrophe before the number was removed",
		noFixZH, noFixEN, rule.Normalised,
	}},
	{CodeFloatTail, Message{
		"去掉了导出时多出的“.0”", "a “.0” left by the export was removed",
		noFixZH, noFixEN, rule.Normalised,
	}},
	{CodeFormulaText, Message{
		`去掉了 ="…" 的公式外壳`, `the wrapping ="…" was removed`,
		noFixZH, noFixEN, rule.Normalised,
	}},
	{CodeBrackets, Message{"括号统一了写法", "brackets were given one form", noFixZH, noFixEN, rule.Normalised}},
	{CodePunctuation, Message{
		"标点统一了写法", "punctuation was given one form",
		noFixZH, noFixEN, rule.Normalised,
	}},
	{CodePrivateUse, Message{
		"含有自造字，别的电脑上可能显示不出来", "it holds private-use characters that other computers cannot show",
		"请换成国标字；没有国标字的，附上原件扫描件",
		"use the standard character; where there is none, attach a scan", rule.ChineseText,
	}},
	{CodeControlRemoved, Message{
		"去掉了控制字符，那里可能丢了一个字", "a control character was removed; a character may be lost there",
		lookZH, lookEN, rule.TextForm,
	}},
	{CodeSeveralNames, Message{
		"一个单元格里好像有几个单位名称", "the cell seems to hold several names",
		lookZH, lookEN, rule.Row,
	}},
	{CodeMaybeRounded, Message{
		"长数字以 0 结尾，可能被表格软件改过", "a long number ends in 0; a spreadsheet may have rounded it",
		lookZH, lookEN, rule.Undamaged,
	}},
	{CodeDateStyle, Message{
		"日期“{found}”读作 {want}", "the date “{found}” was read as {want}",
		noFixZH, noFixEN, rule.CalendarDate,
	}},
	{CodeDateSerial, Message{
		"表格日期序号 {found} 读作 {want}", "the spreadsheet serial {found} was read as {want}",
		lookZH, lookEN, rule.CalendarDate,
	}},
	{CodeDateTime, Message{
		"去掉了日期后面的时间", "the time of day was dropped",
		noFixZH, noFixEN, rule.CalendarDate,
	}},
	{CodeDateOpen, Message{
		"“{found}”读作长期有效", "“{found}” was read as having no end",
		noFixZH, noFixEN, rule.Normalised,
	}},
	{CodeNumberStyle, Message{
		"数字“{found}”读作 {want}", "“{found}” was read as {want}",
		noFixZH, noFixEN, rule.Normalised,
	}},
	{CodeMoneyStyle, Message{
		"金额“{found}”读作 {want}", "the amount “{found}” was read as {want}",
		noFixZH, noFixEN, rule.Normalised,
	}},
	{CodeMoneyCurrency, Message{
		"没有写币种，按人民币处理", "no currency is given; it was taken for CNY",
		"如果不是人民币，请写明币种", "if it is not CNY, name the currency", rule.Currency,
	}},
	{CodeDivisionRetired, Message{
		"旧区划“{found}”换成现行代码 {want}", "the former division “{found}” became the code in force, {want}",
		noFixZH, noFixEN, rule.Division,
	}},
	{CodeDivisionSplit, Message{
		"旧区划 {found} 已拆成几个，保留原代码", "the former division {found} was split; the old code is kept",
		"请按地址写明现在的区县", "name the present county, going by the address", rule.Division,
	}},
	{CodeDivisionName, Message{
		"区划“{found}”读作代码 {want}", "the division “{found}” was read as code {want}",
		noFixZH, noFixEN, rule.Division,
	}},
	{CodeDivisionLong, Message{
		"12 位统计区划代码取前 6 位", "the first 6 of 12 digits were taken",
		noFixZH, noFixEN, rule.Division,
	}},
	{CodeCitizen15, Message{
		"15 位身份证号升为 18 位", "the 15-digit number was made an 18-digit one",
		noFixZH, noFixEN, rule.CitizenNumber,
	}},
	{CodeCitizenDivision, Message{
		"身份证号前 6 位不在区划表内，号码本身校验无误",
		"the first 6 digits are in no table of divisions; the number itself is sound",
		lookZH, lookEN, rule.CitizenNumber,
	}},
	{CodeIdentifierCheck, Message{
		"电子证照标识的校验位不对，应为 {want}", "the check character is wrong; {want} is expected",
		lookZH, lookEN, rule.Identifier,
	}},

	{CodeKind, Message{
		"程序不认识这种字段", "the kind of field is unknown",
		"请检查列映射", "check the mapping of columns", rule.Mapping,
	}},
	{CodeEmpty, Message{"没有内容", "it is empty", "请填写", "fill it in", rule.Metadata}},
	{CodeControl, Message{
		"含有控制字符", "it holds control characters",
		"请在原表中重新输入这一格，再导出", "type this cell anew in the source and export again", rule.TextForm,
	}},
	{CodeGarbled, Message{
		"是乱码，文件编码已损坏", "it is garbled; the encoding of the file is broken",
		"请从原系统用 UTF-8 或 GB18030 重新导出", "export again from the source as UTF-8 or GB18030", rule.ChineseText,
	}},
	{CodeTooLong, Message{
		"有 {found} 个字，超过了 {want} 个", "it has {found} characters; at most {want} are allowed",
		"请检查是否串行、串列，或者缩短", "check for shifted rows or columns, or shorten it", rule.TextForm,
	}},
	{CodeCellError, Message{
		"单元格是公式错误 {found}", "the cell shows the formula error {found}",
		"请在原表中改正公式，或粘贴为数值后再导出", "correct the formula or paste it as a value, then export again", rule.Row,
	}},
	{CodeCellHashes, Message{
		"单元格只有“#”，原值没有导出来", "the cell holds only #; its value was not exported",
		"请把列拉宽，或把列设为文本后再导出", "widen the column or make it text, then export again", rule.Undamaged,
	}},
	{CodeSeveralValues, Message{
		"一个单元格里有几个值：{found}", "one cell holds several values: {found}",
		"请拆成几行，每行一个", "split it into rows with one value each", rule.Row,
	}},
	{CodeDamagedScientific, Message{
		"“{found}”是科学计数法，后面的数字已丢失", "“{found}” is in scientific notation; its last digits are lost",
		"请把该列设为文本，从原系统重新导出，不要用表格软件另存",
		"make the column text and export again from the source, without saving it in a spreadsheet", rule.Undamaged,
	}},
	{CodeDamagedRounded, Message{
		"“{found}”第 15 位以后都成了 0，是表格软件改的",
		"every digit of “{found}” after the 15th is lost; a spreadsheet rounds long numbers",
		"请把该列设为文本，从原系统重新导出，不要用表格软件另存",
		"make the column text and export again from the source, without saving it in a spreadsheet", rule.Undamaged,
	}},
	{CodeMasked, Message{
		"号码被打了星号", "the number is masked",
		"请提供完整号码", "give the whole number", rule.Undamaged,
	}},
	{CodeDateUnreadable, Message{
		"“{found}”不是日期", "“{found}” is not a date",
		"请写成 2009-03-01 的样子", "write it like 2009-03-01", rule.CalendarDate,
	}},
	{CodeDateImpossible, Message{
		"没有“{found}”这一天", "there is no such day as “{found}”",
		"请对照原件改正", "correct it from the paper", rule.CalendarDate,
	}},
	{CodeDateIncomplete, Message{
		"“{found}”缺了月或日", "“{found}” lacks the month or the day",
		"请补全，例如 2009-03-01", "complete it, as 2009-03-01", rule.CalendarDate,
	}},
	{CodeDateShortYear, Message{
		"“{found}”的年份只有两位", "“{found}” has a year of two digits",
		"请写四位年份，例如 2009-03-01", "write four digits, as 2009-03-01", rule.CalendarDate,
	}},
	{CodeDateAmbiguous, Message{
		"“{found}”分不清哪个是月、哪个是日", "in “{found}” day and month cannot be told apart",
		"请写成年-月-日，例如 {want}（如果先写的是日）", "write year-month-day, as {want} if the day came first", rule.CalendarDate,
	}},
	{CodeDateRange, Message{
		"“{found}”是一段期间，不是一个日期", "“{found}” is a span, not a day",
		"请把起止日期分成两列", "put beginning and end into two columns", rule.CalendarDate,
	}},
	{CodeDateEra, Message{
		"“{found}”是民国纪年或农历", "“{found}” is of another calendar",
		"请改写公历日期", "write the date of the common calendar", rule.CalendarDate,
	}},
	{CodeDateSerialRefused, Message{
		"“{found}”像是表格的日期序号", "“{found}” looks like a spreadsheet serial",
		"请把该列设为日期格式再导出，或在列映射中写 serials: true",
		"give the column a date format and export again, or write serials: true in the mapping", rule.CalendarDate,
	}},
	{CodeNumberUnreadable, Message{
		"“{found}”不是数字", "“{found}” is not a number",
		"请只写数字，不写单位", "write figures only, without a unit", rule.Normalised,
	}},
	{CodeMoneyUnreadable, Message{
		"“{found}”不是金额", "“{found}” is not an amount of money",
		"请写成 500万元人民币 的样子", "write it like 500万元人民币 or 5000000 CNY", rule.Currency,
	}},
	{CodeMoneyCurrencies, Message{
		"“{found}”里有两种货币", "“{found}” names two currencies",
		"请只留一种", "keep one", rule.Currency,
	}},
	{CodeDivisionUnknown, Message{
		"行政区划“{found}”不在区划表内", "the division “{found}” is in no table",
		"请写 6 位区划代码或完整的区划名称", "write the code of 6 digits or the full name", rule.Division,
	}},
	{CodeDivisionAmbiguous, Message{
		"“{found}”可能指几个区划：{want}", "“{found}” can mean several divisions: {want}",
		"请写 6 位区划代码或完整的区划名称", "write the code of 6 digits or the full name", rule.Division,
	}},
	{CodeUSCCLength, Message{
		"统一社会信用代码不是 {want} 位", "a credit code has {want} characters",
		"请对照营业执照改正", "correct it from the licence", rule.CreditCode,
	}},
	{CodeUSCCOldNumber, Message{
		"这是旧的工商注册号，不是统一社会信用代码", "this is a registration number of before 2015, not a credit code",
		"请查出企业现在的 18 位代码", "look up the 18-character code", rule.CreditCode,
	}},
	{CodeUSCCOrgCode, Message{
		"这是 9 位组织机构代码，不是统一社会信用代码", "this is an organisation code of 9 characters, not a credit code",
		"请查出单位现在的 18 位代码", "look up the 18-character code", rule.CreditCode,
	}},
	{CodeUSCCAlphabet, Message{
		"统一社会信用代码里有不该有的字符", "the credit code holds a character that it cannot have",
		"只能有数字和大写字母，没有 I、O、S、V、Z，请对照营业执照改正",
		"digits and capital letters only, without I, O, S, V, Z; correct it from the licence", rule.CreditCode,
	}},
	{CodeUSCCConfusable, Message{
		"统一社会信用代码里有 O、I、S、V、Z，很可能应为 {want}",
		"the credit code holds O, I, S, V or Z; it is likely to be {want}",
		"请对照营业执照确认后改正", "make sure from the licence, then correct it", rule.CreditCode,
	}},
	{CodeUSCCDivision, Message{
		"统一社会信用代码第 3 至 8 位不是区划代码", "characters 3 to 8 of the credit code are no division",
		"请对照营业执照改正", "correct it from the licence", rule.CreditCode,
	}},
	{CodeUSCCOrganisation, Message{
		"统一社会信用代码第 17 位（组织机构代码校验位）应为 {want}，或前面有错字",
		"character 17 of the credit code should be {want}, or one before it is wrong",
		"请对照营业执照改正", "correct it from the licence", rule.CreditCode,
	}},
	{CodeUSCCCheck, Message{
		"统一社会信用代码末位应为 {want}，或前面有错字",
		"the last character of the credit code should be {want}, or one before it is wrong",
		"请对照营业执照改正", "correct it from the licence", rule.CreditCode,
	}},
	{CodeCitizenLength, Message{
		"身份证号不是 15 位或 18 位", "a citizen number has 15 or 18 digits",
		"请对照证件改正", "correct it from the card", rule.CitizenNumber,
	}},
	{CodeCitizenAlphabet, Message{
		"身份证号里有不是数字的字符", "the citizen number holds something that is no digit",
		"请对照证件改正", "correct it from the card", rule.CitizenNumber,
	}},
	{CodeCitizenBirthday, Message{
		"身份证号里的出生日期不存在", "the birthday in the citizen number never was",
		"请对照证件改正", "correct it from the card", rule.CitizenNumber,
	}},
	{CodeCitizenCheck, Message{
		"身份证号末位应为 {want}，或前面有错字",
		"the last digit of the citizen number should be {want}, or one before it is wrong",
		"请对照证件改正", "correct it from the card", rule.CitizenNumber,
	}},
	{CodeIdentifier, Message{
		"不是电子证照标识", "it is not a licence identifier",
		"应为 1.2.156.3005.2 开头的五段", "it has five parts after 1.2.156.3005.2", rule.Identifier,
	}},
}
