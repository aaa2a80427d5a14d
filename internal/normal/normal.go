// Package normal turns what people wrote into one normal form, and says what it changed: for the conversion of old
// ledgers and for the comparison of a claim with a licence.
//
// Each normaliser takes a string and returns the normal value with a list of notes (stable code, old, new), or a
// *Problem (stable code, what was found, how to fix it, in Chinese and English) with a zero result. Normalising a
// normal value changes nothing. The package is pure: no I/O, no clock, no network; a value that is already normal
// costs no allocation. It judges the writing of a value; whether a date or a number is right is for the caller.
package normal

import "errors"

// ErrProblem is what every *Problem unwraps to.
var ErrProblem = errors.New("normal: value refused")

// Kind is the kind of a field.
type Kind uint8

// The kinds.
const (
	KindText       Kind = iota + 1
	KindDate            // a day, or an open end
	KindNumber          // an exact decimal number
	KindMoney           // an exact amount and its currency
	KindDivision        // 行政区划, by code or name
	KindOrgName         // name of a firm or body
	KindPlainCode       // certificate number or alike, without a check digit
	KindUSCC            // 统一社会信用代码
	KindCitizen         // 公民身份号码
	KindIdentifier      // 电子证照标识
)

// Code is the stable code of a note or a problem; Codes lists all.
type Code string

// Note is one change that a normaliser made, or a warning where Old equals New. It holds what was written, which may
// be personal.
type Note struct {
	Code Code
	Old  string
	New  string
}

// Problem is a value that was refused.
type Problem struct {
	Code  Code
	Found string // the value or the part of it that is wrong; may be personal, so Error does not show it
	Want  string // the expected character, a likely value or the limit; may be empty
}

// Error gives the code only, so that a Problem may be logged.
func (p *Problem) Error() string { return "normal: value refused: " + string(p.Code) }

// Unwrap gives ErrProblem.
func (p *Problem) Unwrap() error { return ErrProblem }

// Result is a normal value and what was done to reach it.
type Result struct {
	// Value is 2009-03-01 or 长期 for a date, "530000 CNY" for money, the code in force for a division.
	Value string
	Open  bool   // a date that means "no end" (长期)
	Notes []Note // nil if nothing was changed
}

// Options are the allowances a caller gives for one column; the zero value is the strictest.
type Options struct {
	MaxRunes   int  // longest value; 0 means DefaultMaxRunes
	Numeric    bool // the cell was stored as a number: a date may be a serial, a long number has lost its end
	SerialText bool // a text of five digits may be a date serial too
	Date1904   bool // the workbook counts days from 1904
}

// Limits of a value in characters.
const (
	DefaultMaxRunes = 10000
	maxCodeRunes    = 512 // of everything but text
)

// Value normalises s as kind; the named normalisers are the same code.
func Value(kind Kind, s string, o Options) (Result, error) {
	switch kind {
	case KindText:
		return Text(s, o.MaxRunes)
	case KindDate:
		d, err := Date(s, o)
		if err != nil {
			return Result{}, err
		}
		return Result{Value: d.value(s), Open: d.Open, Notes: d.Notes}, nil
	case KindNumber:
		return Number(s)
	case KindMoney:
		m, err := Money(s)
		if err != nil {
			return Result{}, err
		}
		return Result{Value: m.value(s), Notes: m.Notes}, nil
	case KindDivision:
		return Division(s)
	case KindOrgName:
		return orgName(s, o.MaxRunes)
	case KindPlainCode:
		return plainCode(s, o)
	case KindUSCC:
		return uscc(s, o)
	case KindCitizen:
		return citizenNumber(s, o)
	case KindIdentifier:
		return Identifier(s)
	}
	return Result{}, refuse(CodeKind, "", "")
}

func refuse(c Code, found, want string) *Problem { return &Problem{Code: c, Found: found, Want: want} }
