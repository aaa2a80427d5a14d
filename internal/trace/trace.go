// Package trace reads and writes the id of a message (报文标识) as it travels: the trace-id of the field traceparent of
// W3C Trace Context, version 00. It knows nothing else of that standard: no sampling, no state.
package trace

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Field is the header field.
const Field = "Traceparent"

// ErrMalformed is a field that has not the form of the standard.
var ErrMalformed = errors.New("trace: malformed traceparent")

// Lengths in hexadecimal digits.
const (
	idDigits   = 32
	spanDigits = 16
	wholeField = 2 + 1 + idDigits + 1 + spanDigits + 1 + 2
)

// Parse gives the id that the values of the field carry; "" if there are none. Versions to come may have more behind
// what this one has.
func Parse(values []string) (string, error) {
	if len(values) == 0 {
		return "", nil
	}
	v := values[0]
	if len(values) > 1 || len(v) < wholeField || len(v) > wholeField && (v[:2] == "00" || v[wholeField] != '-') {
		return "", ErrMalformed
	}
	parts := strings.SplitN(v[:wholeField], "-", 4)
	if len(parts) != 4 || len(parts[0]) != 2 || len(parts[1]) != idDigits || len(parts[2]) != spanDigits {
		return "", ErrMalformed
	}
	if strings.Trim(strings.Join(parts, ""), "0123456789abcdef") != "" || parts[0] == "ff" ||
		strings.Trim(parts[1], "0") == "" || strings.Trim(parts[2], "0") == "" {
		return "", ErrMalformed
	}
	return parts[1], nil
}

// New draws an id.
func New(rand io.Reader) (string, error) { return draw(rand, idDigits) }

// Value is the field for one message with an id; the part that names the sender's own step is drawn.
func Value(rand io.Reader, id string) (string, error) {
	span, err := draw(rand, spanDigits)
	if err != nil {
		return "", err
	}
	return "00-" + id + "-" + span + "-00", nil
}

// draw gives random digits that are not all zero, by a last one that is odd.
func draw(rand io.Reader, digits int) (string, error) {
	var b [idDigits / 2]byte
	if _, err := io.ReadFull(rand, b[:digits/2]); err != nil {
		return "", fmt.Errorf("drawing the id of a message: %w", err)
	}
	b[digits/2-1] |= 1
	return hex.EncodeToString(b[:digits/2]), nil
}
