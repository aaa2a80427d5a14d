package sheet

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/elicense/elicense/internal/rule"
)

// Code names a refusal and never changes its meaning; messages are in one table, in Chinese and English.
type Code string

// Codes of refusals. Those marked "row" appear in Row.Err and do not end the reading.
const (
	CodeFormat       Code = "SHEET_FORMAT"          // not a spreadsheet this package reads
	CodeUnsure       Code = "SHEET_ENCODING_UNSURE" // the encoding cannot be told; Detail: what it may be
	CodeHTML         Code = "SHEET_HTML"            // a web page named .xls
	CodeEncrypted    Code = "SHEET_ENCRYPTED"       // protected by a password
	CodeCorrupt      Code = "SHEET_CORRUPT"         // the container or a part is broken
	CodeBomb         Code = "SHEET_BOMB"            // unpacks to far more than it should
	CodeDuplicate    Code = "SHEET_DUPLICATE"       // a zip entry appears twice
	CodeDoctype      Code = "SHEET_DOCTYPE"         // the XML declares a DTD or entities
	CodeNoSheet      Code = "SHEET_NO_SHEET"        // no such sheet, or no sheet with rows
	CodeTooLarge     Code = "SHEET_TOO_LARGE"       // a part, a list or a record beyond its limit
	CodeNeedTemp     Code = "SHEET_NEED_TEMP"       // shared strings beyond the memory limit and no Options.Temp
	CodeEmpty        Code = "SHEET_EMPTY"           // no bytes at all
	CodeRead         Code = "SHEET_READ"            // the source could not be read
	CodeEncoding     Code = "SHEET_ENCODING"        // row: bytes that the file's encoding does not allow
	CodeNUL          Code = "SHEET_NUL"             // row: a NUL character
	CodeQuote        Code = "SHEET_QUOTE"           // row: a quote that does not close, or closes inside a cell
	CodeCellTooLarge Code = "SHEET_CELL_TOO_LONG"   // row: a cell beyond the limit
	CodeColumns      Code = "SHEET_COLUMNS"         // row: more columns than the limit
	CodeBadCell      Code = "SHEET_BAD_CELL"        // row: a cell that refers to what does not exist
)

// Sentinels for errors.Is; the errors returned are *Error and carry the place.
var (
	ErrFormat       = &Error{Code: CodeFormat}
	ErrUnsure       = &Error{Code: CodeUnsure}
	ErrHTML         = &Error{Code: CodeHTML}
	ErrEncrypted    = &Error{Code: CodeEncrypted}
	ErrCorrupt      = &Error{Code: CodeCorrupt}
	ErrBomb         = &Error{Code: CodeBomb}
	ErrDuplicate    = &Error{Code: CodeDuplicate}
	ErrDoctype      = &Error{Code: CodeDoctype}
	ErrNoSheet      = &Error{Code: CodeNoSheet}
	ErrTooLarge     = &Error{Code: CodeTooLarge}
	ErrNeedTemp     = &Error{Code: CodeNeedTemp}
	ErrEmpty        = &Error{Code: CodeEmpty}
	ErrRead         = &Error{Code: CodeRead}
	ErrEncoding     = &Error{Code: CodeEncoding}
	ErrNUL          = &Error{Code: CodeNUL}
	ErrQuote        = &Error{Code: CodeQuote}
	ErrCellTooLarge = &Error{Code: CodeCellTooLarge}
	ErrColumns      = &Error{Code: CodeColumns}
	ErrBadCell      = &Error{Code: CodeBadCell}
)

// Error is a refusal with its place. Zero places are unknown.
type Error struct {
	Code   Code
	Row    int    // 1-based row of the sheet
	Line   int    // 1-based physical line of a text file
	Column int    // 1-based column
	Offset int64  // byte offset in the file, from 0; only meaningful with Line or a Detail that says so
	Detail string // what was found, for people
	Cause  error  // the error of the source, if any
}

// Error is the English text with its place.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("sheet: ")
	b.WriteString(messages[e.Code].en)
	for _, p := range []struct {
		name string
		n    int64
	}{{"row", int64(e.Row)}, {"line", int64(e.Line)}} {
		if p.n > 0 {
			b.WriteString(", " + p.name + " " + strconv.FormatInt(p.n, 10))
		}
	}
	if e.Column > 0 {
		b.WriteString(", column " + ColumnName(e.Column-1))
	}
	if e.Offset > 0 {
		b.WriteString(", byte " + strconv.FormatInt(e.Offset, 10))
	}
	if e.Detail != "" {
		b.WriteString(": " + e.Detail)
	}
	if e.Cause != nil {
		b.WriteString(": " + e.Cause.Error())
	}
	return b.String()
}

// Is reports whether target is a *Error with the same code.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Code == e.Code
}

// Unwrap is the error of the source, if there is one.
func (e *Error) Unwrap() error { return e.Cause }

// Codes gives every code, sorted.
func Codes() []Code { return slices.Sorted(maps.Keys(messages)) }

// Rule is the rule behind a code; zero if it is not of this package.
func (c Code) Rule() rule.Rule { return messages[c].rule }

// Message is what the code means and how to fix it, in Chinese ("zh") or English (anything else).
func (c Code) Message(lang string) (what, fix string) {
	m := messages[c]
	if strings.HasPrefix(lang, "zh") {
		return m.zh, m.fixZH
	}
	return m.en, m.fixEN
}

type message struct {
	zh, en, fixZH, fixEN string
	rule                 rule.Rule
}

var messages = map[Code]message{
	CodeFormat: {
		"不是可识别的表格文件", "not a spreadsheet that can be read",
		"请另存为 .xlsx 或 CSV 后再导入", "save it as .xlsx or CSV and import again", rule.Sheet,
	},
	CodeUnsure: {
		"认不出文字的编码：不是 UTF-8，也不像 GB18030（GBK）的中文",
		"the encoding of the text cannot be told: not UTF-8, nor Chinese in GB18030 (GBK)",
		"请用 --encoding 写明，或以 UTF-8 另存", "name it with --encoding, or save the file as UTF-8", rule.Sheet,
	},
	CodeHTML: {
		"文件是网页（HTML），只是扩展名为表格", "a web page (HTML) under a spreadsheet's name",
		"请用 Excel 或 WPS 打开后另存为 .xlsx", "open it in a spreadsheet program and save it as .xlsx", rule.Sheet,
	},
	CodeEncrypted: {
		"文件有打开密码", "protected by a password",
		"请去掉打开密码后再导入", "remove the password and import again", rule.Sheet,
	},
	CodeCorrupt: {
		"文件已损坏", "the file is broken",
		"请用 Excel 或 WPS 打开并另存，或重新导出", "open and save it again, or export it anew", rule.Sheet,
	},
	CodeBomb: {
		"压缩包展开后异常膨胀，已拒绝", "unpacks to far more than a spreadsheet does",
		"请核实文件来源，用 Excel 另存后再导入", "check where the file comes from; save it again", rule.Sheet,
	},
	CodeDuplicate: {
		"压缩包内有重名部件", "a part appears twice in the package",
		"请用 Excel 或 WPS 打开并另存", "open and save it again in a spreadsheet program", rule.Sheet,
	},
	CodeDoctype: {
		"部件中含有 DTD 或实体定义，已拒绝", "a part declares a DTD or entities",
		"请用 Excel 或 WPS 打开并另存", "open and save it again in a spreadsheet program", rule.Sheet,
	},
	CodeNoSheet: {
		"没有可读的工作表", "no such sheet, or no sheet with rows",
		"请检查工作表名称，或取消隐藏", "check the sheet's name, or unhide it", rule.Sheet,
	},
	CodeTooLarge: {
		"超出限制", "beyond a limit",
		"请拆分文件，或删去多余内容", "split the file, or remove what is not needed", rule.Sheet,
	},
	CodeNeedTemp: {
		"共享字符串过大，需要临时空间", "shared strings need temporary space",
		"请为导入配置临时目录", "give the import a temporary directory", rule.Sheet,
	},
	CodeEmpty: {
		"文件是空的", "the file is empty",
		"请检查是否选错文件或传输中断", "check that the right file was sent whole", rule.Sheet,
	},
	CodeRead: {
		"读取文件出错", "the source cannot be read",
		"请检查磁盘或网络后重试", "check the disk or network and try again", rule.Sheet,
	},
	CodeEncoding: {
		"本行有不符合文件编码的字节", "bytes that the file's encoding does not allow",
		"请改正本行乱码处，或统一以 UTF-8 另存", "correct the garbled place, or save the file as UTF-8", rule.ChineseText,
	},
	CodeNUL: {
		"本行含有空字符（NUL）", "a NUL character in the row",
		"请删除该字符", "remove the character", rule.Sheet,
	},
	CodeQuote: {
		"本行引号不成对", "a quote that does not pair",
		"单元格内的引号须写成两个引号，并首尾加引号", "double the quotes inside a cell and quote the whole cell", rule.Sheet,
	},
	CodeCellTooLarge: {
		"单元格过长", "a cell is too long",
		"请核对是否有漏掉的引号，或缩短内容", "check for a missing quote, or shorten the cell", rule.Sheet,
	},
	CodeColumns: {
		"列数过多", "too many columns",
		"请检查分隔符，或删去多余的列", "check the delimiter, or remove columns", rule.Sheet,
	},
	CodeBadCell: {
		"单元格内容无法解析", "a cell refers to what the file does not hold",
		"请用 Excel 或 WPS 打开并另存", "open and save it again in a spreadsheet program", rule.Sheet,
	},
}
