package ofd

// Document is one DocBody of OFD.xml (GB/T 33190-2016, 7.4). A package usually holds one.
type Document struct {
	Index int // its place in OFD.xml, from 0
	Info  Info
	// Root is the file that DocRoot names: Document.xml of the version that readers show.
	Root     string
	Versions []Version
	// SignatureList is the file that Signatures names, empty if the document names none.
	SignatureList string
	// SignaturesNamed is the path as it stands there; it is set also if no such file exists.
	SignaturesNamed string
	// Tolerances are those met in paths of this document.
	Tolerances Tolerances

	prefix string // of its element, with the colon
	end    int    // where </DocBody> begins in OFD.xml
}

// Info is DocInfo, texts as they stand there.
type Info struct {
	ID                      string
	Title, Author, Subject  string
	Created, Modified       string
	Creator, CreatorVersion string
	Custom                  []CustomData
}

// CustomData is one named value of DocInfo; metadata of GB/T 36903 are kept so.
type CustomData struct{ Name, Value string }

// Version is one version of a document (GB/T 33190-2016, 19).
type Version struct {
	ID, Index string
	Current   bool
	// File is the version's own file, empty if there is no such file.
	File string
}

const (
	maxDocuments  = 64
	maxCustomData = 4096
	maxVersions   = 1024
)

// Documents lists the documents of the package.
func (p *Package) Documents() []Document {
	return append([]Document(nil), p.documents...)
}

// readDocuments reads OFD.xml.
func (p *Package) readDocuments() error {
	main := p.index[fold(mainFile)]
	if main == nil {
		return refuse(ReasonMissing, "%s", mainFile)
	}
	p.met |= caseOf(main.name, mainFile)
	b, err := p.readXML(main.name)
	if err != nil {
		return err
	}
	x, err := newScanner(main.name, b)
	if err != nil {
		return err
	}
	if err := x.root("OFD"); err != nil {
		return err
	}
	err = x.children(func(name string) error {
		if name != "DocBody" {
			return x.skip()
		}
		if len(p.documents) == maxDocuments {
			return refuse(ReasonLimit, "more than %d documents", maxDocuments)
		}
		d := Document{Index: len(p.documents)}
		if err := p.readBody(x, &d); err != nil {
			return err
		}
		p.documents = append(p.documents, d)
		return nil
	})
	if err != nil {
		return err
	}
	if len(p.documents) == 0 {
		return refuse(ReasonStructure, "%s: no DocBody", main.name)
	}
	p.met |= x.tolerances
	return x.finish()
}

// readBody reads one DocBody. Two of an element would let readers choose.
func (p *Package) readBody(x *scanner, d *Document) error {
	d.prefix = string(x.prefix())
	once, rooted := x.once(), false
	err := x.children(func(name string) error {
		if err := once(name); err != nil {
			return err
		}
		switch name {
		case "DocInfo":
			return d.Info.read(x)
		case "DocRoot":
			rooted = true
			location, err := x.textOf()
			if err != nil {
				return err
			}
			return p.follow(x.file, location, &d.Root, &d.Tolerances)
		case "Signatures":
			return p.readSignaturesPath(x, d)
		case "Versions":
			return p.readVersions(x, d)
		}
		return x.skip()
	})
	if err != nil {
		return err
	}
	d.end = x.start
	if !rooted {
		return refuse(ReasonStructure, "%s: DocBody without DocRoot", x.file)
	}
	return nil
}

// follow resolves a path that must lead to a file.
func (p *Package) follow(base, location string, out *string, t *Tolerances) error {
	name, met, err := p.Resolve(base, location)
	*out = name
	*t |= met
	return err
}

// readSignaturesPath takes a path that leads nowhere too: signatures were stripped, and the document says so.
func (p *Package) readSignaturesPath(x *scanner, d *Document) error {
	location, err := x.textOf()
	if err != nil {
		return err
	}
	d.SignaturesNamed = location
	if err := p.follow(x.file, location, &d.SignatureList, &d.Tolerances); !isMissing(err) {
		return err
	}
	return nil
}

func (i *Info) read(x *scanner) error {
	texts := map[string]*string{
		"DocID": &i.ID, "Title": &i.Title, "Author": &i.Author, "Subject": &i.Subject, "CreationDate": &i.Created,
		"ModDate": &i.Modified, "Creator": &i.Creator, "CreatorVersion": &i.CreatorVersion,
	}
	once := x.once()
	return x.children(func(name string) (err error) {
		if err := once(name); err != nil {
			return err
		}
		if into := texts[name]; into != nil {
			*into, err = x.textOf()
			return err
		}
		if name != "CustomDatas" {
			return x.skip()
		}
		return x.children(func(string) error { return i.readCustom(x) })
	})
}

func (i *Info) readCustom(x *scanner) error {
	if len(i.Custom) == maxCustomData {
		return refuse(ReasonLimit, "%s: more than %d custom data", x.file, maxCustomData)
	}
	name, _, err := x.attr("Name")
	if err != nil {
		return err
	}
	value, err := x.textOf()
	if err != nil {
		return err
	}
	i.Custom = append(i.Custom, CustomData{Name: name, Value: value})
	return nil
}

func (p *Package) readVersions(x *scanner, d *Document) error {
	return x.children(func(name string) error {
		if name != "Version" {
			return x.skip()
		}
		if len(d.Versions) == maxVersions {
			return refuse(ReasonLimit, "%s: more than %d versions", x.file, maxVersions)
		}
		var v Version
		var current, location string
		if err := x.read(map[string]*string{
			"ID": &v.ID, "Index": &v.Index, "Current": &current, "BaseLoc": &location,
		}); err != nil {
			return err
		}
		v.Current = current == "true" || current == "1"
		if err := p.follow(x.file, location, &v.File, &d.Tolerances); err != nil && !isMissing(err) {
			return err
		}
		d.Versions = append(d.Versions, v)
		return x.skip()
	})
}

// read takes attributes of the start tag that was read last.
func (x *scanner) read(into map[string]*string) error {
	for name, out := range into {
		v, _, err := x.attr(name)
		if err != nil {
			return err
		}
		*out = v
	}
	return nil
}
