// Package normal turns what people wrote into one normal form, and says what it changed: for the conversion of old
// ledgers and for the comparison of a claim with a licence.
//
// Each normaliser takes a string and returns the normal value with a list of notes (stable code, old, new), or a
// *Problem (stable code, what was found, how to fix it, in Chinese and English) with a zero result. Normalising a
// normal value changes nothing. The package is pure: no I/O, no clock, no network; a value that is already normal
// costs no allocation.
package normal

import "errors"

// ErrProblem is what every *Problem unwraps to.
var ErrProblem = errors.New("normal: value refused")

// Kind is the kind of a field.
type Kind uint8

// The kinds; KindCode has the kinds of code beside it.
const (
	KindText Kind = iota + 1
	KindDate
	KindNumber
	KindMoney
	KindDivision
	KindOrgName    // name of a firm or body
	KindPlainCode  // certificate number or alike, without a check digit
	KindUSCC       // 统一社会信用代码
	KindCitizen    // 公民身份号码
	KindIdentifier // 电子证照标识
)

// Code is the stable code of a note or a problem; Codes lists all.
type Code string

// Note is one change that a normaliser made, or a warning where Old equals New.
type Note struct {
	Code Code
	Old  string
	New  string
}

// Problem is a value that was refused.
type Problem struct {
	Code  Code
	Found string // the value or the part of it that is wrong; may be personal, so Error does not show it
	Want  string // the expected value or a hint value; may be empty
}

// Error gives the code only, so that a Problem may be logged.
func (p *Problem) Error() string { return "normal: value refused: " + string(p.Code) }

// Unwrap gives ErrProblem.
func (p *Problem) Unwrap() error { return ErrProblem }

// Result is a normal value and what was done to reach it.
type Result struct {
	Value string // for KindDate 2009-03-01 or 长期, for KindMoney "530000 CNY", for KindDivision the current code
	Open  bool   // a date that means "no end" (长期)
	Notes []Note // nil if nothing was changed
}
