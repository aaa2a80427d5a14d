package catalogue

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/emmansun/gmsm/sm3"
)

// stored is the layout of the canonical bytes: JSON, which ParseType reads as YAML. Keys stand in the order of the
// structures and tables in the order of their keys; empty values are left out; there is no white space between
// tokens and one line feed at the end; text is not escaped beyond what JSON demands.
type stored struct {
	Format string `json:"format"`
	Type
}

// Encode gives the canonical bytes of a type: they are stored, digested, and read back by ParseType to an equal type.
// The error is a *TypeError.
func (t Type) Encode() ([]byte, error) {
	if err := refuse(CheckType(t)); err != nil {
		return nil, err
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(stored{Format: Format, Type: t}); err != nil {
		return nil, fmt.Errorf("%w: %v", ErrType, err)
	}
	if out.Len() > MaxTypeBytes {
		return nil, refuse(Problems{{
			Code: CodeTooBig, Found: strconv.Itoa(out.Len()), Want: strconv.Itoa(MaxTypeBytes),
		}})
	}
	return out.Bytes(), nil
}

// Digest is the SM3 digest of the canonical bytes; it names a version of a type.
func (t Type) Digest() ([32]byte, error) {
	data, err := t.Encode()
	if err != nil {
		return [32]byte{}, err
	}
	return sm3.Sum(data), nil
}

// IsZero reports a rule that allows any time.
func (v Validity) IsZero() bool { return len(v.Ranges) == 0 && !v.Loose && v.Field == "" }

// IsZero reports that the system makes no numbers for the type.
func (n Numbering) IsZero() bool { return n.Pattern == "" }

// IsZero reports rules that allow everything.
func (r Rules) IsZero() bool {
	return !r.Required && r.MinLength == 0 && r.MaxLength == 0 && r.Pattern == "" && len(r.Enum) == 0 &&
		r.Min == "" && r.Max == "" && !r.NotAfterToday && r.MaxBytes == 0
}
