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
	front, err := c.readAt(0, min(c.size, pdfFront))
	if err != nil {
		return err
	}
	from := max(directory, c.size-pdfFront)
	end, err := c.readAt(from, c.size-from)
	if err != nil {
		return err
	}
	return checkDisguise(front, end)
}

// checkDisguise is asked of what a package begins and ends with. It is asked of what is written too: without the
// folders and fields that a package had, something else of it can come to its front.
func checkDisguise(front, end []byte) error {
	for _, look := range []struct {
		at   []byte
		mark string
	}{{front, pdfHeader}, {end, pdfTable}} {
		if bytes.Contains(look.at, []byte(look.mark)) {
			return refuse(ReasonHidden, "%q, as a PDF has it", look.mark)
		}
	}
	return nil
}
