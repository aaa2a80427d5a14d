// Package ofd reads and writes the packages of GB/T 33190-2016, with the signatures of its clause 18 and the list of
// entries of GM/T 0099-2020.
//
// It is a codec: bytes to values and back. It verifies no signature and knows neither trust nor time; what it computes
// is which files a signature covers and whether their digests are the ones it names. Reading is strict about the zip
// container, because two readers that see different files in one package are the classical way around a seal, and
// tolerant in the XML exactly where products in use differ; each tolerance is reported by name. Writing is strict and
// has one form: the same input gives the same bytes.
package ofd

// Limits of what is read and written.
const (
	// MaxPackageBytes is the size of a package.
	MaxPackageBytes = 1 << 30
	// MaxEntries is the number of entries, folders included.
	MaxEntries = 8192
	// MaxFileBytes is the size of one file, inflated.
	MaxFileBytes = 512 << 20
	// MaxTotalBytes is the size of all files together, inflated.
	MaxTotalBytes = 1 << 30
	// MaxNameBytes is the length of a name.
	MaxNameBytes = 512

	// A file beyond ratioFloor may be at most maxRatio times as large as it is in the package; deflate ends at 1032.
	maxRatio   = 200
	ratioFloor = 1 << 20
)

// File is one file of a package.
type File struct {
	// Name is its path from the root of the package, without a leading slash: "Doc_0/Document.xml".
	Name string
	Data []byte
}
