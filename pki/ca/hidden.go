package ca

import (
	"fmt"
	"io"
	"log/slog"
)

const hidden = "[hidden]"

// Format hides the codes of a holder from whoever prints a value that holds them; read the fields to have them.
func (Identity) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, hidden) }

// MarshalText hides the codes.
func (Identity) MarshalText() ([]byte, error) { return []byte(hidden), nil }

// LogValue hides the codes.
func (Identity) LogValue() slog.Value { return slog.StringValue(hidden) }

// Format hides what was seen from whoever prints a value that holds it; read the fields to have it.
func (Evidence) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, hidden) }

// MarshalText hides what was seen.
func (Evidence) MarshalText() ([]byte, error) { return []byte(hidden), nil }

// LogValue hides what was seen.
func (Evidence) LogValue() slog.Value { return slog.StringValue(hidden) }
