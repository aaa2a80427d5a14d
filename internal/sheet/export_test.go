package sheet

import (
	"bytes"
	"io"

	"golang.org/x/text/encoding/charmap"
)

// AppendEncoded gives tests the encoder that added cells go through.
var AppendEncoded = appendEncoded

// Page gives tests the table of a code page, to write in it.
func Page(e Encoding) *charmap.Charmap { return pages[e] }

// CFBStream reads a stream of a compound file.
func CFBStream(b []byte, name string) ([]byte, error) {
	c, err := openCFB(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		return nil, err
	}
	s, err := c.stream(name)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(io.NewSectionReader(s, 0, s.size))
}
