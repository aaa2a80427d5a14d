package main

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"encoding/base64"
	"encoding/hex"
	"io"
	"unicode/utf16"

	"github.com/klauspost/compress/zstd"
	"golang.org/x/text/encoding/simplifiedchinese"
)

// planted is a text that must not be found, in every form in which it could lie somewhere.
type planted struct {
	text  string
	forms [][]byte
}

func plant(text string) planted {
	p := planted{text, [][]byte{[]byte(text)}}
	if gbk, err := simplifiedchinese.GB18030.NewEncoder().Bytes([]byte(text)); err == nil {
		p.forms = append(p.forms, gbk)
	}
	var wide []byte
	for _, u := range utf16.Encode([]rune(text)) {
		wide = append(wide, byte(u), byte(u>>8))
	}
	p.forms = append(p.forms, wide, []byte(hex.EncodeToString([]byte(text))), bytes.ToUpper([]byte(hex.EncodeToString([]byte(text)))))
	for shift := range 3 { // base64 of a longer text that holds it, at each of three places
		raw := append(make([]byte, shift), text...)
		raw = raw[:len(raw)-len(raw)%3]
		from := (shift*8 + 5) / 6
		p.forms = append(p.forms, []byte(base64.StdEncoding.EncodeToString(raw))[from:],
			[]byte(base64.URLEncoding.EncodeToString(raw))[from:])
	}
	return p
}

func (p *planted) in(b []byte) bool {
	for _, form := range p.forms {
		if bytes.Contains(b, form) {
			return true
		}
	}
	return false
}

// maxUnpacked bounds what is unpacked of one stream.
const maxUnpacked = 64 << 20

// everyForm calls visit with bytes and with all that can be unpacked of them, from any place where something packed
// seems to begin, to a depth of three.
func everyForm(b []byte, depth int, visit func([]byte)) {
	visit(b)
	if depth == 3 {
		return
	}
	for _, packed := range []struct {
		magic  string
		unpack func([]byte) (io.Reader, error)
	}{
		{"\x1f\x8b\x08", func(b []byte) (io.Reader, error) { return gzip.NewReader(bytes.NewReader(b)) }},
		{"\x78\x01", unpackZlib}, {"\x78\x5e", unpackZlib}, {"\x78\x9c", unpackZlib}, {"\x78\xda", unpackZlib},
		{"\x28\xb5\x2f\xfd", func(b []byte) (io.Reader, error) { return zstd.NewReader(bytes.NewReader(b)) }},
	} {
		for _, at := range places(b, packed.magic) {
			r, err := packed.unpack(b[at:])
			if err != nil {
				continue
			}
			plain, _ := io.ReadAll(io.LimitReader(r, maxUnpacked)) // the beginning of a damaged stream counts too
			if len(plain) > 0 {
				everyForm(plain, depth+1, visit)
			}
		}
	}
	for _, at := range places(b, "PK\x03\x04") {
		unzip(b[at:], depth, visit)
		break //nolint:staticcheck // the directory at the end names all files from the first on
	}
}

func unpackZlib(b []byte) (io.Reader, error) { return zlib.NewReader(bytes.NewReader(b)) }

func unzip(b []byte, depth int, visit func([]byte)) {
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		return
	}
	for _, f := range z.File {
		visit([]byte(f.Name))
		r, err := f.Open()
		if err != nil {
			continue
		}
		plain, _ := io.ReadAll(io.LimitReader(r, maxUnpacked))
		everyForm(plain, depth+1, visit)
	}
}

// places are where a text stands.
func places(b []byte, text string) (list []int) {
	for from := 0; ; {
		at := bytes.Index(b[from:], []byte(text))
		if at < 0 {
			return list
		}
		list = append(list, from+at)
		from += at + 1
	}
}
