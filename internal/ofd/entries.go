package ofd

import (
	"slices"
)

// EntriesFile is the list of everything in a package (GM/T 0099-2020), which keeps further files from being smuggled
// in.
const EntriesFile = "OFDEntries.xml"

// EntryList is OFDEntries.xml. It names files and no digests, so that it stands beside signatures and not in their
// place.
type EntryList struct {
	ID, Creator, Version, Created string
	Files                         []ListedFile
	SignedValue                   string // path of the signature over SM3 of the list
	Tolerances                    Tolerances
}

// ListedFile is one file of the list.
type ListedFile struct{ ID, Path string }

// HasEntries reports whether the package has a list of entries.
func (p *Package) HasEntries() bool { return p.index[fold(EntriesFile)] != nil }

// Entries reads the list of entries; found is false where there is none.
func (p *Package) Entries() (list *EntryList, raw []byte, found bool, err error) {
	e := p.index[fold(EntriesFile)]
	if e == nil {
		return nil, nil, false, nil
	}
	if raw, err = p.ReadFile(e.name, maxXMLBytes); err != nil {
		return nil, nil, false, err
	}
	if list, err = ParseEntries(raw); err != nil {
		return nil, nil, false, err
	}
	return list, raw, true, nil
}

// ParseEntries reads OFDEntries.xml.
func ParseEntries(b []byte) (*EntryList, error) {
	x, err := newScanner(EntriesFile, b)
	if err != nil {
		return nil, err
	}
	if err := x.root("DocEntries"); err != nil {
		return nil, err
	}
	l := &EntryList{}
	if err := x.read(map[string]*string{
		"ID": &l.ID, "CreatorName": &l.Creator, "Version": &l.Version, "CreationDate": &l.Created,
	}); err != nil {
		return nil, err
	}
	once := x.once()
	err = x.children(func(name string) (err error) {
		if err := once(name); err != nil {
			return err
		}
		switch name {
		case "FileList":
			return x.children(func(name string) error { return l.readFile(x, name) })
		case "SignedValueLoc":
			l.SignedValue, err = x.textOf()
			return err
		}
		return x.skip()
	})
	if err != nil {
		return nil, err
	}
	if len(l.Files) == 0 || l.SignedValue == "" {
		return nil, refuse(ReasonStructure, "%s: no files or no signature value", EntriesFile)
	}
	l.Tolerances = x.tolerances
	return l, x.finish()
}

func (l *EntryList) readFile(x *scanner, name string) error {
	if name != "File" || len(l.Files) == MaxEntries {
		return refuse(ReasonStructure, "%s: %s in FileList, or more than %d files", EntriesFile, name, MaxEntries)
	}
	var f ListedFile
	if err := x.read(map[string]*string{"ID": &f.ID, "FileLoc": &f.Path}); err != nil {
		return err
	}
	l.Files = append(l.Files, f)
	return x.skip()
}

// CheckEntries holds the list against the package: missing are listed paths that lead to no file or to one that was
// listed before, unlisted the files that it does not name although it must. Both must be empty.
func (p *Package) CheckEntries(l *EntryList) (missing, unlisted []string) {
	listed := map[string]bool{}
	for _, f := range l.Files {
		name, _, err := p.Resolve(EntriesFile, f.Path)
		if err != nil || listed[name] {
			missing = append(missing, f.Path)
			continue
		}
		listed[name] = true
	}
	own := []string{EntriesFile}
	if e := p.index[fold(EntriesFile)]; e != nil {
		own = []string{e.name}
	}
	if value, _, err := p.Resolve(EntriesFile, l.SignedValue); err == nil {
		own = append(own, value)
	} else {
		missing = append(missing, l.SignedValue)
	}
	for _, name := range p.Files() {
		if !listed[name] && !slices.Contains(own, name) {
			unlisted = append(unlisted, name)
		}
	}
	return missing, unlisted
}

// MarshalEntries writes OFDEntries.xml. Paths of the files are from the root.
func MarshalEntries(l *EntryList) ([]byte, error) {
	if l.ID == "" || l.SignedValue == "" || len(l.Files) == 0 {
		return nil, refuse(ReasonInput, "a list of entries without identifier, files or signature value")
	}
	if err := checkText(l.ID, l.Creator, l.Version, l.Created, l.SignedValue); err != nil {
		return nil, err
	}
	var b xmlBuilder
	b.WriteString(xmlHead)
	b.open("DocEntries", "xmlns:ofd", namespace, "ID", l.ID, "CreatorName", l.Creator, "Version", l.Version,
		"CreationDate", l.Created)
	b.open("FileList")
	for _, f := range l.Files {
		if f.ID == "" || f.Path == "" || f.Path[0] != '/' {
			return nil, refuse(ReasonInput, "listed file %q", f.Path)
		}
		if err := checkText(f.ID, f.Path); err != nil {
			return nil, err
		}
		b.leaf("File", "ID", f.ID, "FileLoc", f.Path)
	}
	b.close("FileList")
	b.text("SignedValueLoc", l.SignedValue)
	b.close("DocEntries")
	return readable([]byte(b.String()), func(out []byte) error {
		_, err := ParseEntries(out)
		return err
	})
}
