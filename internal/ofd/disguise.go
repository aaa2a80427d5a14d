package ofd

import "bytes"

// Where readers of PDF look for what makes a file one (ISO 32000-2, 7.5.2 and annex K): its header, and the place of
// its cross-reference.
const (
	pdfFront  = 1024
	pdfHeader = "%PDF-"
	pdfTable  = "startxref"
)

// maxComment is how long the comment of a package may be. What stands there belongs to nobody: no signature covers it.
const maxComment = 64

// maxExtra is how long the extra fields of an entry may be, which belong to nobody either: a second name, and times.
const maxExtra = 1 << 10

// checkDisguise refuses a package that is a document of another kind too. A reader of PDF finds its header among the
// first bytes of a file and its end among the last ones, whatever lies between: so the licence of somebody could be
// sent in a file that shows something else, and it would be the licence that is judged. directory is where the entries
// end: the end of a PDF that is attached is in its place.
func (c *container) checkDisguise(directory int64) error {
	for _, look := range []struct {
		from, to int64
		mark     string
	}{{0, min(c.size, pdfFront), pdfHeader}, {max(directory, c.size-pdfFront), c.size, pdfTable}} {
		b, err := c.readAt(look.from, look.to-look.from)
		if err != nil {
			return err
		}
		if bytes.Contains(b, []byte(look.mark)) {
			return refuse(ReasonHidden, "%q, as a PDF has it", look.mark)
		}
	}
	return nil
}
