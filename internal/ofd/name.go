package ofd

import (
	"encoding/binary"
	"hash/crc32"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/unicode/norm"
)

// maxFolders is how deep a file may lie.
const maxFolders = 32

// checkName refuses names that leave the package or that two readers could understand differently.
func checkName(name string) error {
	switch {
	case name == "":
		return refuse(ReasonName, "an entry without a name")
	case len(name) > MaxNameBytes:
		return refuse(ReasonLimit, "a name of %d bytes", len(name))
	case !utf8.ValidString(name):
		return refuse(ReasonName, "%q is not UTF-8", name)
	case strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == 0x7f || r == '\\' || r == ':' }):
		return refuse(ReasonName, "%q holds a backslash, a colon or a control character", name)
	case strings.Count(name, "/") > maxFolders:
		return refuse(ReasonLimit, "%q: more than %d folders", name, maxFolders)
	}
	for part := range strings.SplitSeq(name, "/") {
		if part == "" || part == "." || part == ".." {
			return refuse(ReasonName, "%q does not lead straight to a file", name)
		}
		if last := part[len(part)-1]; last == '.' || last == ' ' { // Windows leaves it off: another file's name
			return refuse(ReasonName, "%q ends in a dot or space", name)
		}
	}
	return nil
}

// readName makes the clean name of an entry: without a leading slash, with slashes between folders, in UTF-8.
func (c *container) readName(e *entry, unicodePath []byte) error {
	if len(e.raw) > MaxNameBytes {
		return refuse(ReasonLimit, "a name of %d bytes", len(e.raw))
	}
	name := string(e.raw)
	switch {
	case isASCII(name):
	case utf8.ValidString(name):
		if e.flags&flagUTF8 == 0 {
			c.met.Or(uint32(TolerantNameFlag))
		}
	case e.flags&flagUTF8 != 0:
		return refuse(ReasonName, "%q is not UTF-8", name)
	default:
		decoded, err := simplifiedchinese.GB18030.NewDecoder().String(name)
		if err != nil || strings.ContainsRune(decoded, utf8.RuneError) {
			return refuse(ReasonName, "%q is in no known encoding", name)
		}
		if strings.Count(decoded, `\`) != strings.Count(name, `\`) { // the second byte of a character
			return refuse(ReasonName, "%q holds a folder for readers of other encodings", name)
		}
		name = decoded
		c.met.Or(uint32(TolerantCharset))
	}
	e.text = name
	if unicodePath != nil {
		if err := checkUnicodePath(e, unicodePath); err != nil {
			return err
		}
	}
	if strings.Contains(name, `\`) {
		c.met.Or(uint32(TolerantBackslash))
		name = strings.ReplaceAll(name, `\`, "/")
	}
	if strings.HasPrefix(name, "/") {
		c.met.Or(uint32(TolerantSlash))
		name = name[1:]
	}
	e.name, e.folder = strings.CutSuffix(name, "/")
	return checkName(e.name)
}

// checkUnicodePath takes an Info-ZIP Unicode path only if it says what the name says already: version 1, CRC 4, name.
func checkUnicodePath(e *entry, field []byte) error {
	if len(field) < 5 || field[0] != 1 || binary.LittleEndian.Uint32(field[1:]) != crc32.ChecksumIEEE(e.raw) ||
		string(field[5:]) != e.text {
		return refuse(ReasonName, "%q has a second name", e.raw)
	}
	return nil
}

// checkNames refuses names that are equal for some reader, and files that are also folders.
func (c *container) checkNames() error {
	files := make(map[string]bool, len(c.entries))
	for i := range c.entries {
		key := fold(c.entries[i].name)
		if _, double := files[key]; double {
			return refuse(ReasonDuplicate, "%s", c.entries[i].name)
		}
		files[key] = !c.entries[i].folder
	}
	for i := range c.entries {
		key := fold(c.entries[i].name)
		for at := strings.LastIndexByte(key, '/'); at > 0; at = strings.LastIndexByte(key[:at], '/') {
			if files[key[:at]] {
				return refuse(ReasonDuplicate, "%s lies in a file", c.entries[i].name)
			}
		}
	}
	return nil
}

// fold is the form under which names are compared: readers on some systems do not tell cases apart, nor composed from
// decomposed characters.
func fold(name string) string {
	if isASCII(name) {
		return strings.ToLower(name)
	}
	return norm.NFKC.String(strings.ToLower(strings.ToUpper(norm.NFKC.String(name))))
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
