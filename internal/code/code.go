// Package code holds the check digits and the code tables of the licence world: the licence identifier of GB/T 36904
// (电子证照标识), the unified social credit code of GB 32100, the citizen number of GB 11643, the divisions of
// GB/T 2260 for Fujian with their history, the holder code types and the issuer levels of GB/T 36903.
//
// It is pure: no I/O, no clock, no network. Parsers never panic, and return the zero value with every error. Whoever
// reads what people typed normalises it first (package normal); here a code is either written as the standard wants
// it or refused with the field, the place and the expected value.
package code

import (
	"errors"
	"strconv"
)

// What a CheckError is about; it unwraps to one of these.
var (
	ErrIdentifier    = errors.New("code: invalid licence identifier")
	ErrUSCC          = errors.New("code: invalid unified social credit code")
	ErrCitizenNumber = errors.New("code: invalid citizen number")
	ErrLicenceType   = errors.New("code: invalid licence type code")
	ErrItemCode      = errors.New("code: invalid service item code")
)

// Reason says what is wrong with a code.
type Reason string

// The reasons of a CheckError.
const (
	ReasonLength       Reason = "length"             // not the length the standard fixes
	ReasonAlphabet     Reason = "alphabet"           // a character outside the alphabet, see Position
	ReasonOrganisation Reason = "organisation_check" // check character of the embedded organisation code (GB 11714)
	ReasonCheck        Reason = "check"              // the last check character
	ReasonRoot         Reason = "root"               // an identifier that does not begin with IdentifierRoot
	ReasonParts        Reason = "parts"              // not exactly five parts after the root
	ReasonRange        Reason = "range"              // a number outside its range
	ReasonBirthday     Reason = "birthday"           // a day that never was
	ReasonDivision     Reason = "division"           // a division code that is none
	ReasonEmpty        Reason = "empty"              // an empty part
)

// CheckError is a refused code. It never holds the whole code, so that it may be logged.
type CheckError struct {
	Err      error  // ErrIdentifier, ErrUSCC, …
	Field    string // the part that is wrong: "type", "issuer", "serial", "version", "check", …; may be empty
	Reason   Reason
	Position int    // 1-based place of the offending character in the whole code, 0 if no single one
	Found    string // the offending character or the length found
	Want     string // the expected check character, length or range; empty if there is no single one
}

// Error says what is wrong without repeating the code itself.
func (e *CheckError) Error() string {
	s := e.Err.Error()
	if e.Field != "" {
		s += ": " + e.Field
	}
	s += ": " + string(e.Reason)
	if e.Position > 0 {
		s += " at position " + strconv.Itoa(e.Position)
	}
	if e.Found != "" {
		s += ": found " + strconv.Quote(e.Found)
	}
	if e.Want != "" {
		s += ", want " + e.Want
	}
	return s
}

// Unwrap gives the sentinel.
func (e *CheckError) Unwrap() error { return e.Err }
