package sheet

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/traditionalchinese"
)

// Records of [MS-XLS] that are read.
const (
	recFormula    = 0x0006
	recEOF        = 0x000A
	recDateMode   = 0x0022
	recFilePass   = 0x002F
	recContinue   = 0x003C
	recCodePage   = 0x0042
	recBoundSheet = 0x0085
	recMulRK      = 0x00BD
	recRString    = 0x00D6
	recXF         = 0x00E0
	recMerged     = 0x00E5
	recSST        = 0x00FC
	recLabelSST   = 0x00FD
	recNumber     = 0x0203
	recLabel      = 0x0204
	recBoolErr    = 0x0205
	recString     = 0x0207
	recRow        = 0x0208
	recRK         = 0x027E
	recFormat     = 0x041E
	recBOF        = 0x0809
)

// biffReader reads the records of a workbook stream, from an offset on.
type biffReader struct {
	br   *bufio.Reader
	typ  uint16
	data []byte
	rest []byte // what continued did not yet read
	buf  []byte
}

func newBIFFReader(s *cfbStream, off int64) *biffReader {
	return &biffReader{br: bufio.NewReaderSize(io.NewSectionReader(s, off, max(s.size-off, 0)), 64<<10)}
}

// next reads the next record; io.EOF is the end of the stream.
func (b *biffReader) next() error {
	head, err := b.br.Peek(4)
	if err != nil {
		if errors.Is(err, io.EOF) && len(head) == 0 {
			return io.EOF
		}
		return b.wrap(err)
	}
	b.typ = binary.LittleEndian.Uint16(head)
	n := int(binary.LittleEndian.Uint16(head[2:]))
	if _, err := b.br.Discard(4); err != nil {
		return b.wrap(err)
	}
	if cap(b.buf) < n {
		b.buf = make([]byte, max(n, 8224))
	}
	b.data = b.buf[:n]
	if _, err := io.ReadFull(b.br, b.data); err != nil {
		return b.wrap(err)
	}
	b.rest = b.data
	return nil
}

func (b *biffReader) wrap(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return &Error{Code: CodeCorrupt, Detail: "a record is cut short"}
	}
	return wrapRead(err)
}

// more goes on to the CONTINUE record that follows, if one does.
func (b *biffReader) more() error {
	head, err := b.br.Peek(4)
	if err != nil || binary.LittleEndian.Uint16(head) != recContinue {
		return &Error{Code: CodeCorrupt, Detail: "a string is cut short"}
	}
	typ := b.typ
	err = b.next()
	b.typ = typ
	return err
}

// take reads n bytes that may be divided over records.
func (b *biffReader) take(n int) ([]byte, error) {
	for len(b.rest) == 0 && n > 0 {
		if err := b.more(); err != nil {
			return nil, err
		}
	}
	if len(b.rest) >= n {
		p := b.rest[:n]
		b.rest = b.rest[n:]
		return p, nil
	}
	p := append([]byte(nil), b.rest...)
	b.rest = nil
	tail, err := b.take(n - len(p))
	return append(p, tail...), err
}

// discard passes over n bytes.
func (b *biffReader) discard(n int64) error {
	for n > 0 {
		if len(b.rest) == 0 {
			if err := b.more(); err != nil {
				return err
			}
		}
		k := min(n, int64(len(b.rest)))
		b.rest = b.rest[k:]
		n -= k
	}
	return nil
}

func (b *biffReader) u8() (int, error) {
	p, err := b.take(1)
	if err != nil {
		return 0, err
	}
	return int(p[0]), nil
}

func (b *biffReader) u16() (int, error) {
	p, err := b.take(2)
	if err != nil {
		return 0, err
	}
	return int(binary.LittleEndian.Uint16(p)), nil
}

func (b *biffReader) u32() (uint32, error) {
	p, err := b.take(4)
	if err != nil {
		return 0, err
	}
	return binary.LittleEndian.Uint32(p), nil
}

// appendUnicode appends an XLUnicodeRichExtendedString ([MS-XLS] 2.5.293) whose number of characters was read:
// flags, [number of runs], [size of phonetics], characters, runs, phonetics.
func (b *biffReader) appendUnicode(dst []byte, chars int) ([]byte, error) {
	flags, err := b.u8()
	if err != nil {
		return dst, err
	}
	var tail int64
	if flags&8 != 0 {
		n, err := b.u16()
		if err != nil {
			return dst, err
		}
		tail = int64(n) * 4
	}
	if flags&4 != 0 {
		n, err := b.u32()
		if err != nil {
			return dst, err
		}
		tail += int64(n)
	}
	if dst, err = b.appendChars(dst, chars, flags&1 != 0); err != nil {
		return dst, err
	}
	return dst, b.discard(tail)
}

// appendChars appends characters of one or two bytes. Where they go on in a CONTINUE record, that begins with a byte
// that says anew which.
func (b *biffReader) appendChars(dst []byte, chars int, wide bool) ([]byte, error) {
	high := rune(0)
	for chars > 0 {
		if len(b.rest) == 0 {
			if err := b.more(); err != nil {
				return dst, err
			}
			flags, err := b.u8()
			if err != nil {
				return dst, err
			}
			wide = flags&1 != 0
			continue
		}
		width := 1
		if wide {
			width = 2
		}
		n := min(chars, len(b.rest)/width)
		if n == 0 {
			return dst, &Error{Code: CodeCorrupt, Detail: "half a character"}
		}
		dst, high = appendUnits(dst, b.rest[:n*width], wide, high)
		b.rest = b.rest[n*width:]
		chars -= n
	}
	if high != 0 {
		dst = utf8.AppendRune(dst, utf8.RuneError)
	}
	return dst, nil
}

// appendUnits appends characters; high is a surrogate that waits for its partner.
func appendUnits(dst, p []byte, wide bool, high rune) ([]byte, rune) {
	for len(p) > 0 {
		u := rune(p[0])
		if wide {
			u |= rune(p[1]) << 8
			p = p[1:]
		}
		p = p[1:]
		if high != 0 {
			r := utf16.DecodeRune(high, u)
			dst, high = utf8.AppendRune(dst, r), 0
			if r != utf8.RuneError {
				continue
			}
		}
		if u >= 0xD800 && u < 0xDC00 {
			high = u
			continue
		}
		dst = utf8.AppendRune(dst, u)
	}
	return dst, high
}

// codePage decodes the texts of BIFF5.
func appendCodePage(dst, p []byte, page int) []byte {
	var e encoding.Encoding
	switch page {
	case 936, 54936:
		dst, _ = appendGB18030(dst, p)
		return dst
	case 65001:
		return append(dst, validUTF8(p)...)
	case 950:
		e = traditionalchinese.Big5
	case 1250:
		e = charmap.Windows1250
	case 1251:
		e = charmap.Windows1251
	case 1257:
		e = charmap.Windows1257
	default:
		e = charmap.Windows1252
	}
	out, err := e.NewDecoder().Bytes(p)
	if err != nil {
		return append(dst, validUTF8(p)...)
	}
	return append(dst, out...)
}

// appendRK appends an RkNumber ([MS-XLS] 2.5.217): bit 0 is "hundredths", bit 1 "integer".
func appendRK(dst []byte, rk uint32) []byte {
	if rk&2 != 0 {
		n := int64(int32(rk) >> 2) //nolint:gosec // the sign is meant.
		if rk&1 == 0 || n%100 == 0 {
			if rk&1 != 0 {
				n /= 100
			}
			return strconv.AppendInt(dst, n, 10)
		}
		return appendDouble(dst, float64(n)/100)
	}
	v := math.Float64frombits(uint64(rk&^3) << 32)
	if rk&1 != 0 {
		v /= 100
	}
	return appendDouble(dst, v)
}

// appendDouble appends a number with as many digits as tell it from its neighbours. From 10^15 on it has an exponent,
// because its last digits may be lost: it must not look like a whole number that somebody typed.
func appendDouble(dst []byte, v float64) []byte {
	if a := math.Abs(v); a != 0 && (a >= 1e15 || a < 1e-9) {
		return strconv.AppendFloat(dst, v, 'E', -1, 64)
	}
	return strconv.AppendFloat(dst, v, 'f', -1, 64)
}

// errorName is the name of an error value ([MS-XLS] 2.5.10).
func errorName(code byte) string {
	switch code {
	case 0x00:
		return "#NULL!"
	case 0x07:
		return "#DIV/0!"
	case 0x0F:
		return "#VALUE!"
	case 0x17:
		return "#REF!"
	case 0x1D:
		return "#NAME?"
	case 0x24:
		return "#NUM!"
	case 0x2A:
		return "#N/A"
	}
	return "#ERR"
}
