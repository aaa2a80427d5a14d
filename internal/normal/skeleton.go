package normal

import "github.com/elicense/elicense/internal/code"

// Options are the allowances a caller gives for one column; the zero value is the strictest.
type Options struct {
	MaxRunes   int  // longest text; 0 means DefaultMaxRunes
	Numeric    bool // the cell was stored as a number: a date may be a serial
	SerialText bool // a text of five digits may be a date serial too
	Date1904   bool // the workbook counts from 1904
}

// DefaultMaxRunes is the longest text when Options do not say.
const DefaultMaxRunes = 10000

// Value normalises s as kind; all other normalisers are behind it.
func Value(kind Kind, s string, o Options) (Result, error) { return Result{}, ErrProblem }

// Text normalises free text.
func Text(s string, maxRunes int) (Result, error) { return Result{}, ErrProblem }

// DateResult is a day or an open end.
type DateResult struct {
	Date  code.Date // zero if Open
	Open  bool
	Notes []Note
}

// Date reads a date.
func Date(s string, o Options) (DateResult, error) { return DateResult{}, ErrProblem }

// Number reads a plain decimal number.
func Number(s string) (Result, error) { return Result{}, ErrProblem }

// MoneyResult is an exact amount in whole units of a currency.
type MoneyResult struct {
	Amount   string // exact decimal in the main unit, no trailing zeros: "530000", "1234.5"
	Currency string // ISO 4217: CNY, USD, HKD, …
	Notes    []Note
}

// Money reads an amount of money.
func Money(s string) (MoneyResult, error) { return MoneyResult{}, ErrProblem }

// Division reads a division by code or name and gives the code in force.
func Division(s string) (Result, error) { return Result{}, ErrProblem }

// USCC reads a unified social credit code.
func USCC(s string) (Result, error) { return Result{}, ErrProblem }

// CitizenNumber reads a citizen number of 15 or 18 digits and gives 18.
func CitizenNumber(s string) (Result, error) { return Result{}, ErrProblem }

// Identifier reads a licence identifier.
func Identifier(s string) (Result, error) { return Result{}, ErrProblem }

// PlainCode reads a number without a check digit, such as a certificate number.
func PlainCode(s string) (Result, error) { return Result{}, ErrProblem }

// OrgName gives the form in which names of firms are compared.
func OrgName(s string) (Result, error) { return Result{}, ErrProblem }

// DamagedNumber refuses a long number that a spreadsheet has damaged; nil means it looks whole.
func DamagedNumber(s string) error { return nil }

// SeveralValues refuses a cell that holds more than one value of a kind; nil means it holds one.
func SeveralValues(kind Kind, s string) error { return nil }

// AbsentList is what reads as no value; the zero value is empty.
type AbsentList struct{ words map[string]struct{} }

// DefaultAbsent is the usual list: empty, N/A, 无, -, /, 空, —, NULL, 不详 and alike.
func DefaultAbsent() AbsentList { return AbsentList{} }

// NewAbsentList makes a list of one's own.
func NewAbsentList(words ...string) AbsentList { return AbsentList{} }

// Absent reports whether s means that there is no value.
func (l AbsentList) Absent(s string) bool { return false }

// Verdict is the outcome of a comparison.
type Verdict struct {
	Equal bool
	Rules []Code // the normalisations that were needed to make them equal, or that one side needed; nil if identical
	A, B  string // the normal values compared
	Err   error  // a *Problem if a side could not be normalised; the raw texts were compared then
}

// Compare compares two values of a kind.
func Compare(kind Kind, a, b string) Verdict { return Verdict{} }

// Lang is a language of the messages.
type Lang uint8

// The languages.
const (
	ZH Lang = iota + 1
	EN
)

// Message is the wording of one code.
type Message struct{ ZH, EN, FixZH, FixEN string }

// MessageOf gives the wording of a code.
func MessageOf(c Code) (Message, bool) { return Message{}, false }

// Codes gives every code, sorted.
func Codes() []Code { return nil }

// Text says the problem in words.
func (p *Problem) Text(l Lang) string { return "" }

// Fix says how to correct it.
func (p *Problem) Fix(l Lang) string { return "" }

// Text says the note in words.
func (n Note) Text(l Lang) string { return "" }
