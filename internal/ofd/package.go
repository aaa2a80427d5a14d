package ofd

import (
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
	"sync"
)

// Package is an open OFD package. It is safe for concurrent use if its source is.
type Package struct {
	zip       *container
	index     map[string]*entry // files by folded name
	documents []Document
	met       Tolerances // in OFD.xml

	mu      sync.Mutex
	digests map[digestKey][]byte // guarded by mu
	kept    map[string][]byte    // small files that were read, for their digests; guarded by mu
	// belongings are the files of signatures by their Signature.xml; guarded by mu.
	belongings map[string][]string
	keeps      int // bytes in kept; guarded by mu
}

// mainFile is where every package begins (GB/T 33190-2016, 6).
const mainFile = "OFD.xml"

// Open reads the directory of a package and its OFD.xml. The source must stay as it is while the package is used; files
// are read from it when they are asked for.
func Open(r io.ReaderAt, size int64) (*Package, error) {
	c, err := openContainer(r, size)
	if err != nil {
		return nil, err
	}
	p := &Package{zip: c, index: make(map[string]*entry, len(c.entries)), digests: make(map[digestKey][]byte)}
	p.kept, p.belongings = make(map[string][]byte), make(map[string][]string)
	for i := range c.entries {
		if e := &c.entries[i]; !e.folder {
			p.index[fold(e.name)] = e
		}
	}
	if err := p.readDocuments(); err != nil {
		return nil, err
	}
	return p, nil
}

// Tolerances are those met so far in the container, some of them only when a file was read, and in OFD.xml.
func (p *Package) Tolerances() Tolerances { return p.met | Tolerances(p.zip.met.Load()) }

// Files lists the files in the order of the package.
func (p *Package) Files() []string {
	names := make([]string, 0, len(p.index))
	for i := range p.zip.entries {
		if e := &p.zip.entries[i]; !e.folder {
			names = append(names, e.name)
		}
	}
	return names
}

// Main is the name of OFD.xml, which is another only if it is written in another case.
func (p *Package) Main() string { return p.index[fold(mainFile)].name }

// Has reports whether a file of exactly this name is in the package.
func (p *Package) Has(name string) bool {
	e := p.index[fold(name)]
	return e != nil && e.name == name
}

// Taken reports whether no file can be given this name: an entry has it, were it in another case; something lies below
// it; or one that it would lie in is a file.
func (p *Package) Taken(name string) bool {
	key := fold(name)
	return slices.ContainsFunc(p.zip.entries, func(e entry) bool {
		have := fold(e.name)
		return have == key || strings.HasPrefix(have, key+"/") || !e.folder && strings.HasPrefix(key, have+"/")
	})
}

// Size is the size of a file, or -1 if there is none of that name.
func (p *Package) Size(name string) int64 {
	e, err := p.find(name)
	if err != nil {
		return -1
	}
	return e.size
}

func (p *Package) find(name string) (*entry, error) {
	if e := p.index[fold(name)]; e != nil && e.name == name {
		return e, nil
	}
	return nil, refuse(ReasonMissing, "%s", name)
}

// OpenFile opens a file for reading. Its checksum is known to be right once a Read has answered io.EOF, and not before.
func (p *Package) OpenFile(name string) (io.ReadCloser, error) {
	e, err := p.find(name)
	if err != nil {
		return nil, err
	}
	return p.zip.open(e), nil
}

// ReadFile reads a file of at most maxBytes bytes.
func (p *Package) ReadFile(name string, maxBytes int64) ([]byte, error) {
	e, err := p.find(name)
	if err != nil {
		return nil, err
	}
	if e.size > maxBytes {
		return nil, refuse(ReasonLimit, "%s: %d bytes", name, e.size)
	}
	b, err := p.zip.readAll(e)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", name, err)
	}
	return b, nil
}

// maxXMLBytes is the size of XML that is read into memory.
const maxXMLBytes = 16 << 20

// Limits of what is kept of files that were read: whoever follows the structure of a document reads and hashes the same
// few files.
const (
	maxKeptFile  = 64 << 10
	maxKeptTotal = 256 << 10
)

// readXML reads a file that is not changed by whoever gets it.
func (p *Package) readXML(name string) ([]byte, error) {
	if b := p.keptFile(name); b != nil {
		return b, nil
	}
	b, err := p.ReadFile(name, maxXMLBytes)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(b) <= maxKeptFile && p.keeps+len(b) <= maxKeptTotal && p.kept[name] == nil {
		p.kept[name] = b
		p.keeps += len(b)
	}
	return b, nil
}

func (p *Package) keptFile(name string) []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.kept[name]
}

// Resolve finds the file that a path in the file base leads to. A path with a leading slash counts from the root of the
// package, another one from the folder of base (GB/T 33190-2016, 7.1). What deviates is in the tolerances.
func (p *Package) Resolve(base, location string) (string, Tolerances, error) {
	name, t, err := join(base, location)
	if err != nil {
		return "", 0, err
	}
	if e := p.index[fold(name)]; e != nil {
		return e.name, t | caseOf(e.name, name), nil
	}
	if !strings.HasPrefix(location, "/") {
		if fromRoot, _, err := join("", location); err == nil {
			if e := p.index[fold(fromRoot)]; e != nil {
				return e.name, t | TolerantRootPath | caseOf(e.name, fromRoot), nil
			}
		}
	}
	return "", 0, refuse(ReasonMissing, "%s names %q", base, location)
}

func caseOf(have, want string) Tolerances {
	if have != want {
		return TolerantCase
	}
	return 0
}

// join makes the name of a path in the file base; a path that leads out of the package is refused.
func join(base, location string) (string, Tolerances, error) {
	var t Tolerances
	if strings.Contains(location, `\`) {
		t, location = TolerantBackslash, strings.ReplaceAll(location, `\`, "/")
	}
	if !strings.HasPrefix(location, "/") {
		location = "/" + path.Dir(base) + "/" + location
	}
	depth := 0
	for part := range strings.SplitSeq(location, "/") {
		switch part {
		case "", ".":
		case "..":
			depth--
		default:
			depth++
		}
		if depth < 0 {
			return "", 0, refuse(ReasonName, "%s: path %q leads out of the package", base, location)
		}
	}
	name := strings.TrimPrefix(path.Clean(location), "/")
	if err := checkName(name); err != nil {
		return "", 0, err
	}
	return name, t, nil
}
