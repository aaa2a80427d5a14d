package server

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"

	"github.com/danielgtaylor/huma/v2"
)

// maxDepth bounds how deep JSON may nest.
const maxDepth = 32

var (
	errDuplicate = errors.New("member stands twice")
	errDeep      = errors.New("nested too deeply")
	errTrailing  = errors.New("content after the value")
)

// strictJSON reads JSON of which two readers cannot see two documents: each member once, bounded depth, nothing behind.
var strictJSON = huma.Format{
	Marshal: func(w io.Writer, v any) error {
		enc := json.NewEncoder(w)
		enc.SetEscapeHTML(false)
		return enc.Encode(v)
	},
	Unmarshal: func(data []byte, v any) error {
		if err := checkJSON(data); err != nil {
			return err
		}
		return json.Unmarshal(data, v)
	},
}

// frame is an open object or array.
type frame struct {
	members map[string]bool // nil: an array
	wantKey bool
}

// checkJSON refuses what encoding/json lets pass, and says where.
func checkJSON(data []byte) error {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	var open []frame
	for {
		token, err := dec.Token()
		switch {
		case errors.Is(err, io.EOF) && len(open) == 0:
			return nil
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			return placed(errCut, data, dec.InputOffset())
		case err != nil:
			return placed(errSyntax, data, syntaxOffset(data))
		}
		if open, err = step(open, token); err != nil {
			return placed(err, data, dec.InputOffset())
		}
		if len(open) == 0 {
			return noMore(dec, data)
		}
	}
}

// syntaxOffset is where a text stops being JSON.
func syntaxOffset(data []byte) int64 {
	var raw json.RawMessage
	var syntax *json.SyntaxError
	if errors.As(json.Unmarshal(data, &raw), &syntax) {
		return max(0, syntax.Offset-1) // it counts the byte at fault
	}
	return 0
}

// step takes one token: a member's name is seen once, a value closes its member.
func step(open []frame, token json.Token) ([]frame, error) {
	d, isDelim := token.(json.Delim)
	if isDelim && (d == '}' || d == ']') {
		return open[:len(open)-1], nil
	}
	if n := len(open); n > 0 && open[n-1].members != nil {
		top := &open[n-1]
		if name, ok := token.(string); ok && top.wantKey {
			if top.members[name] {
				return nil, errDuplicate
			}
			top.members[name], top.wantKey = true, false
			return open, nil
		}
		top.wantKey = true
	}
	if !isDelim {
		return open, nil
	}
	if len(open) == maxDepth {
		return nil, errDeep
	}
	f := frame{}
	if d == '{' {
		f = frame{members: map[string]bool{}, wantKey: true}
	}
	return append(open, f), nil
}

func noMore(dec *json.Decoder, data []byte) error {
	end := dec.InputOffset()
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return placed(errTrailing, data, end)
	}
	return nil
}
