package ofd

import (
	"errors"
	"fmt"
)

// Reason says why something was refused.
type Reason string

// Reasons of refusals.
const (
	ReasonZip       Reason = "zip"       // no zip container, or one that is damaged
	ReasonHidden    Reason = "hidden"    // bytes that the central directory does not cover, or covers twice
	ReasonMismatch  Reason = "mismatch"  // a local header and the central directory tell different things
	ReasonDuplicate Reason = "duplicate" // two entries of one name, also where only case or slashes differ
	ReasonName      Reason = "name"      // a name that leads out of the package or that readers understand differently
	ReasonEncrypted Reason = "encrypted" // an encrypted entry
	ReasonMethod    Reason = "method"    // a compression that is neither stored nor deflate
	ReasonLimit     Reason = "limit"     // beyond a limit of this package
	ReasonBomb      Reason = "bomb"      // inflates to much more than it may
	ReasonChecksum  Reason = "checksum"  // data that do not have the size or the CRC they should
	ReasonMissing   Reason = "missing"   // a file that is named and not there
	ReasonXML       Reason = "xml"       // no well-formed XML of the form that is read here
	ReasonDoctype   Reason = "doctype"   // a document type declaration or an entity
	ReasonStructure Reason = "structure" // well-formed, but not what GB/T 33190 puts there
	ReasonInput     Reason = "input"     // a value that cannot be written
)

// Error is a refusal.
type Error struct {
	Reason Reason
	Detail string // where and what
}

// Error is the refusal in words.
func (e *Error) Error() string { return "ofd: " + string(e.Reason) + ": " + e.Detail }

// Is makes errors.Is find any refusal of the same reason.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Reason == e.Reason && (t.Detail == "" || t.Detail == e.Detail)
}

func refuse(reason Reason, format string, args ...any) error {
	return &Error{Reason: reason, Detail: fmt.Sprintf(format, args...)}
}

// corrupt is the refusal of XML in a file.
func (x *scanner) corrupt(format string, args ...any) error {
	return refuse(ReasonXML, "%s: %s", x.file, fmt.Sprintf(format, args...))
}

// isMissing reports whether a named file is not there, or the name cannot be that of a file.
func isMissing(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Reason == ReasonMissing
}
