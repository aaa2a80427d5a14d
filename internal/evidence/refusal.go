package evidence

import (
	"fmt"
)

// Reason says why a file was refused.
type Reason string

// Reasons of refusals.
const (
	ReasonHead    Reason = "head"    // it does not begin as such a file does
	ReasonLine    Reason = "line"    // a line of the manifest is malformed, or not in its one spelling
	ReasonOrder   Reason = "order"   // parts that are out of order, there twice, or without the part they belong to
	ReasonLimit   Reason = "limit"   // beyond a limit of this package
	ReasonMissing Reason = "missing" // it ends before its last part does
	ReasonExtra   Reason = "extra"   // bytes that the manifest does not name
	ReasonDigest  Reason = "digest"  // a part that does not have its digest
)

// Error is a refusal.
type Error struct {
	Reason Reason
	Detail string
}

// Error is the refusal in words.
func (e *Error) Error() string { return "evidence: " + string(e.Reason) + ": " + e.Detail }

// Is makes errors.Is find any refusal of the same reason.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Reason == e.Reason && (t.Detail == "" || t.Detail == e.Detail)
}

func refuse(reason Reason, format string, args ...any) error {
	return &Error{Reason: reason, Detail: fmt.Sprintf(format, args...)}
}
