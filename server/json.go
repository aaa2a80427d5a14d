package server

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
)

// maxDepth bounds how deep JSON may nest.
const maxDepth = 32

var (
	errDuplicate = errors.New("member stands twice")
	errDeep      = errors.New("nested too deeply")
	errTrailing  = errors.New("content after the value")
	errUTF8      = errors.New("not UTF-8")
	errSurrogate = errors.New("half of a surrogate pair")
)

// strictJSON reads JSON of which two readers cannot see two documents: each member once, bounded depth, nothing behind.
var strictJSON = huma.Format{
	Marshal: writeJSON,
	Unmarshal: func(data []byte, v any) error {
		if err := checkJSON(data); err != nil {
			return err
		}
		return json.Unmarshal(data, v)
	},
}

// texts are buffers for answers, one after the other.
var texts = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// maxText is the largest buffer that is kept.
const maxText = 64 << 10

// writeJSON writes an answer with its length, without which all but short ones go out in chunks.
func writeJSON(w io.Writer, v any) error {
	text, _ := texts.Get().(*bytes.Buffer)
	text.Reset()
	defer func() {
		if text.Cap() <= maxText {
			texts.Put(text)
		}
	}()
	enc := json.NewEncoder(text)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return err
	}
	if answer, ok := w.(http.ResponseWriter); ok {
		answer.Header().Set("Content-Length", strconv.Itoa(text.Len()))
	}
	_, err := w.Write(text.Bytes())
	return err
}

// frame is an open object or array.
type frame struct {
	members map[string]bool // nil: an array
	wantKey bool
}

// checkJSON refuses what encoding/json lets pass, and says where. It also replaces what is no character by U+FFFD: the
// value that is signed would not be the one that was sent.
func checkJSON(data []byte) error {
	switch {
	case !utf8.Valid(data):
		return errUTF8
	case halfPair(data):
		return errSurrogate
	}
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
			if name = folded(name); top.members[name] {
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

// folded makes names equal that encoding/json takes for one, whatever their case.
func folded(name string) string { return strings.ToLower(strings.ToUpper(name)) }

func noMore(dec *json.Decoder, data []byte) error {
	end := dec.InputOffset()
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return placed(errTrailing, data, end)
	}
	return nil
}

// halfPair reports whether half of a surrogate pair stands alone among the escapes.
func halfPair(data []byte) bool {
	for {
		i := bytes.IndexByte(data, '\\')
		if i < 0 {
			return false
		}
		data = data[i:]
		switch r := escaped(data); {
		case r < 0: // another escape, or none
			data = data[min(2, len(data)):]
		case !utf16.IsSurrogate(r):
			data = data[escapeLen:]
		case utf16.DecodeRune(r, escaped(data[escapeLen:])) == utf8.RuneError:
			return true
		default:
			data = data[2*escapeLen:]
		}
	}
}

// escapeLen is the length of \uXXXX.
const escapeLen = 6

// escaped reads the \uXXXX at the beginning; -1 if there is none.
func escaped(data []byte) rune {
	if len(data) < escapeLen || data[0] != '\\' || data[1] != 'u' {
		return -1
	}
	n, err := strconv.ParseUint(string(data[2:escapeLen]), 16, 16)
	if err != nil {
		return -1
	}
	return rune(n)
}
