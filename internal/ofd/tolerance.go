package ofd

import "strings"

// Tolerances is the set of deviations that were met while reading.
type Tolerances uint32

// Each deviation that is accepted, with the software it was met in where known.
const (
	// TolerantSlash is an entry whose name begins with a slash.
	TolerantSlash Tolerances = 1 << iota
	// TolerantBackslash is a backslash between folders, in names of entries or in paths.
	TolerantBackslash
	// TolerantCharset is an entry whose name is neither ASCII nor UTF-8 and was read as GB 18030: packers of Windows.
	TolerantCharset
	// TolerantNameFlag is a name in UTF-8 that is not marked as such: packers of macOS.
	TolerantNameFlag
	// TolerantZIP64 is a zip64 field in a local header that the central directory does without: KingGrid.
	TolerantZIP64
	// TolerantComment is a comment behind the central directory: SurRead.
	TolerantComment
	// TolerantAdler is the Adler-32 of zlib behind a deflate stream: Foxit.
	TolerantAdler
	// TolerantBOM is XML that begins with a byte order mark.
	TolerantBOM
	// TolerantNamespace is another namespace than that of 2016: the older one, or none.
	TolerantNamespace
	// TolerantPrefix is a PhysicalBox without the prefix that everything else has: WPS. Of nothing else it is taken.
	TolerantPrefix
	// TolerantCase is a path that leads to a file only if upper and lower case are one: gomain.
	TolerantCase
	// TolerantRootPath is a path without a leading slash that is meant from the root of the package.
	TolerantRootPath
	// TolerantProvider is a Provider with elements in place of attributes: dms360.
	TolerantProvider
	// TolerantDateTime is a SignatureDateTime that is not of the form of the standard.
	TolerantDateTime
	// TolerantMethodName is a digest or signature method that is named by word: ofdrw.
	TolerantMethodName
	// TolerantNoCheckMethod is References without a CheckMethod, which then is MD5.
	TolerantNoCheckMethod

	endOfTolerances
)

var toleranceNames = [...]string{
	"leading-slash", "backslash", "name-charset", "name-flag", "zip64", "comment", "adler", "byte-order-mark",
	"namespace", "prefix", "name-case", "root-path", "provider", "date-time", "method-name", "no-check-method",
}

// Names lists the deviations by name, in a fixed order.
func (t Tolerances) Names() []string {
	var names []string
	for i, name := range toleranceNames {
		if t&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return names
}

// String is the names joined by commas.
func (t Tolerances) String() string { return strings.Join(t.Names(), ",") }
