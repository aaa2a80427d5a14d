package document

import (
	"github.com/elicense/elicense/internal/ofd"
	"github.com/elicense/elicense/internal/page"
)

// Names of a package's files.
const (
	nameRoot     = page.RootFile
	nameDocument = page.DocumentFile
	// RecordFile is the attachment that proves the licence: a record.Bundle.
	RecordFile = "Doc_0/Attachs/record.json"
)

// Files are the files of the package, in its order.
func (d *Drawing) Files() ([]ofd.File, error) {
	about, err := d.about()
	if err != nil {
		return nil, err
	}
	return d.book.Files(about)
}
