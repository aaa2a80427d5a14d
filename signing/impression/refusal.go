package impression

import (
	"errors"
	"fmt"
)

// Reason says why nothing is drawn.
type Reason string

// Reasons.
const (
	ReasonNoFont Reason = "no-font"   // characters cannot be drawn without one
	ReasonFont   Reason = "bad-font"  // not a font that can be read
	ReasonGlyph  Reason = "no-glyph"  // the font lacks a character
	ReasonLong   Reason = "too-long"  // does not fit
	ReasonDesign Reason = "no-design" // a name is missing, or parts that the kind does not have
)

// noFont says where fonts come from.
const noFont = "characters need a font: install the package fonts-wqy-microhei or fonts-lxgw-wenkai and name its file"

// RefusalError is the refusal to draw.
type RefusalError struct {
	Reason Reason
	Detail string
}

// Error is for a log; show a person the Reason in his language.
func (e *RefusalError) Error() string {
	return fmt.Sprintf("impression: refused (%s): %s", e.Reason, e.Detail)
}

// ReasonOf is the reason of a refusal anywhere in err, or empty.
func ReasonOf(err error) Reason {
	var refusal *RefusalError
	if errors.As(err, &refusal) {
		return refusal.Reason
	}
	return ""
}

func refuse(reason Reason, format string, args ...any) error {
	return &RefusalError{Reason: reason, Detail: fmt.Sprintf(format, args...)}
}
