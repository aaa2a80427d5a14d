package document

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/elicense/elicense/internal/page"
)

// Elements of GB/T 36903-2018 that only a purpose-bound copy has.
const (
	metaCopyTime    = "JZJZZSJ"    // 加注件制作时间
	metaCopyMaker   = "JZJZZZ"     // 加注件制作者
	metaCopyPurpose = "JZJZZSY"    // 加注件制作事由
	metaCopyUntil   = "JZJYXQJZSJ" // 加注件有效期截止
	metaCopyFor     = "KZ_YZDW"    // 用证单位: an extension, as the standard has no element for it
)

const maxNoteRunes = 200

// Note says what a purpose-bound copy (加注件) is for. Every copy carries it twice: for people as a watermark on each
// page, for machines as values, and ParseNote holds one against the other.
type Note struct {
	Purpose string    // why it was made
	For     string    // who may use it
	Maker   string    // who made it
	Made    time.Time // to the second
	Until   time.Time // the last moment at which it may be used
}

// data are the note's elements in the order in which they are written.
func (n *Note) data() []datum {
	return []datum{
		{metaCopyTime, n.Made.Format(timestamp)}, {metaCopyMaker, n.Maker}, {metaCopyPurpose, n.Purpose},
		{metaCopyUntil, n.Until.Format(timestamp)}, {metaCopyFor, n.For},
	}
}

func (n *Note) check() error {
	for _, f := range []struct{ name, text string }{
		{"purpose", n.Purpose}, {"for", n.For}, {"maker", n.Maker},
	} {
		switch {
		case strings.TrimSpace(f.text) != f.text || f.text == "":
			return fmt.Errorf("%w: %s is missing or has spaces around it", ErrNote, f.name)
		case utf8.RuneCountInString(f.text) > maxNoteRunes:
			return fmt.Errorf("%w: %s has more than %d characters", ErrNote, f.name, maxNoteRunes)
		case page.Visible(f.text) != f.text || strings.ContainsAny(f.text, "\n"):
			return fmt.Errorf("%w: %s has invisible characters", ErrNote, f.name)
		}
	}
	switch {
	case n.Made.IsZero() || n.Until.IsZero() || n.Until.Before(n.Made):
		return fmt.Errorf("%w: it must end after it was made", ErrNote)
	case n.Made.Year() < 1900 || n.Until.Year() > 9999:
		return fmt.Errorf("%w: year", ErrNote)
	}
	return nil
}

// words are what people read on each page.
func (n *Note) words() string {
	return "仅供" + n.For + "用于" + n.Purpose + "，有效期至" + n.Until.Format("2006年1月2日15时04分") + "，他用无效"
}

// read takes an element of the note; ok is false if it is none or stands twice.
func (n *Note) read(seen map[string]bool, d datum, zone *time.Location) (ok bool) {
	if seen[d.name] {
		return false
	}
	seen[d.name] = true
	var err error
	switch d.name {
	case metaCopyTime:
		n.Made, err = time.ParseInLocation(timestamp, d.value, zone)
	case metaCopyUntil:
		n.Until, err = time.ParseInLocation(timestamp, d.value, zone)
	case metaCopyMaker:
		n.Maker = d.value
	case metaCopyPurpose:
		n.Purpose = d.value
	case metaCopyFor:
		n.For = d.value
	default:
		return false
	}
	return err == nil
}

// readNote puts a note together; all its elements must be there, each once.
func readNote(list []datum, zone *time.Location) (*Note, error) {
	n, seen := &Note{}, make(map[string]bool)
	for _, d := range list {
		if !n.read(seen, d, zone) {
			return nil, fmt.Errorf("%w: element %.40q", ErrNote, d.name)
		}
	}
	if len(seen) != len(n.data()) {
		return nil, fmt.Errorf("%w: incomplete", ErrNote)
	}
	if err := n.check(); err != nil {
		return nil, err
	}
	return n, nil
}
