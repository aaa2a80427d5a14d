package pdf

import "bytes"

// Where readers of zip look for what makes a file one (PKWARE APPNOTE 6.3.10, 4.3.16): the end record, with its comment
// behind it.
const (
	archiveEnd   = "PK\x05\x06"
	archiveTail  = 22 + 1<<16 - 1
	archiveOther = "an archive"
)

// disguise names an archive behind what was signed, in a stream that nothing shows or in evidence that is none. A
// reader of OFD or of office documents begins at the end of a file, whatever stands before: so the PDF that somebody
// signed could be sent in a file that shows something else, and it would be the PDF that is judged.
func (d *comparison) disguise(end int64) error {
	from := max(end, d.now.size-archiveTail)
	b, err := d.now.read(from, archiveTail)
	if err != nil {
		return err
	}
	if bytes.Contains(b, []byte(archiveEnd)) {
		d.other(archiveOther)
	}
	return nil
}
