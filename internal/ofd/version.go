package ofd

// VersionContent is what a version of a document consists of (GB/T 33190-2016, 19.2). A version that came after a seal
// shows another root file and further files, which that seal does not protect.
type VersionContent struct {
	ID, Created string
	// Root is its root file.
	Root string
	// Files are the files of its list that are there, Missing the paths that lead nowhere.
	Files, Missing []string
}

// ReadVersion reads the file of a version.
func (p *Package) ReadVersion(v Version) (*VersionContent, error) {
	if v.File == "" {
		return nil, refuse(ReasonMissing, "version %s", v.ID)
	}
	b, err := p.readXML(v.File)
	if err != nil {
		return nil, err
	}
	x, err := newScanner(v.File, b)
	if err != nil {
		return nil, err
	}
	if err := x.root("DocVersion"); err != nil {
		return nil, err
	}
	out := &VersionContent{}
	if err := x.read(map[string]*string{"ID": &out.ID, "CreationDate": &out.Created}); err != nil {
		return nil, err
	}
	once := x.once()
	err = x.children(func(name string) error {
		if err := once(name); err != nil {
			return err
		}
		switch name {
		case "DocRoot":
			location, err := x.textOf()
			if err != nil {
				return err
			}
			var met Tolerances
			return p.follow(x.file, location, &out.Root, &met)
		case "FileList":
			return x.children(func(name string) error { return p.readVersionFile(x, out, name) })
		}
		return x.skip()
	})
	if err != nil {
		return nil, err
	}
	if out.Root == "" {
		return nil, refuse(ReasonStructure, "%s: no DocRoot", v.File)
	}
	if err := x.finish(); err != nil {
		return nil, err
	}
	return out, nil
}

func (p *Package) readVersionFile(x *scanner, out *VersionContent, name string) error {
	if name != "File" || len(out.Files)+len(out.Missing) == MaxEntries {
		return refuse(ReasonStructure, "%s: %s in FileList, or more than %d files", x.file, name, MaxEntries)
	}
	location, err := x.textOf()
	if err != nil {
		return err
	}
	file, _, err := p.Resolve(x.file, location)
	switch {
	case isMissing(err):
		out.Missing = append(out.Missing, location)
		return nil
	case err != nil:
		return err
	}
	out.Files = append(out.Files, file)
	return nil
}
