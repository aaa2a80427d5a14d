package ofd

// Attachment is a file that a document carries (GB/T 33190-2016, 20).
type Attachment struct {
	ID, Name, Format string
	Visible          bool // readers show it in their list
	// File is where it lies, empty if there is no such file.
	File string
}

const maxAttachments = 1024

// Attachments reads the list of attachments of a document; one that names none has none.
func (p *Package) Attachments(c *Content) ([]Attachment, error) {
	if c.Attachments == "" {
		return nil, nil
	}
	var out []Attachment
	err := p.readList(c.Attachments, "Attachments", func(x *scanner, name string) error {
		if name != "Attachment" {
			return x.skip()
		}
		if len(out) == maxAttachments {
			return refuse(ReasonLimit, "%s: more than %d attachments", x.file, maxAttachments)
		}
		var a Attachment
		var visible string
		if err := x.read(map[string]*string{
			"ID": &a.ID, "Name": &a.Name, "Format": &a.Format, "Visible": &visible,
		}); err != nil {
			return err
		}
		a.Visible = visible != "false" && visible != "0"
		err := p.readLocation(x, "FileLoc", &a.File)
		out = append(out, a)
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// CustomTag is an index of what is on the pages by another vocabulary (GB/T 33190-2016, 16).
type CustomTag struct {
	TypeID string
	File   string // empty if there is no such file
}

// CustomTags reads the list of custom tags of a document; one that names none has none.
func (p *Package) CustomTags(c *Content) ([]CustomTag, error) {
	if c.CustomTags == "" {
		return nil, nil
	}
	var out []CustomTag
	err := p.readList(c.CustomTags, "CustomTags", func(x *scanner, name string) error {
		if name != "CustomTag" {
			return x.skip()
		}
		if len(out) == maxAttachments {
			return refuse(ReasonLimit, "%s: more than %d custom tags", x.file, maxAttachments)
		}
		var tag CustomTag
		var err error
		if tag.TypeID, _, err = x.attr("TypeID"); err != nil {
			return err
		}
		err = p.readLocation(x, "FileLoc", &tag.File)
		out = append(out, tag)
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// readList reads the children of the root of a file.
func (p *Package) readList(file, root string, f func(x *scanner, name string) error) error {
	b, err := p.readXML(file)
	if err != nil {
		return err
	}
	x, err := newScanner(file, b)
	if err != nil {
		return err
	}
	if err := x.root(root); err != nil {
		return err
	}
	if err := x.children(func(name string) error { return f(x, name) }); err != nil {
		return err
	}
	return x.finish()
}

// readLocation reads the one path among the children of an element; it may lead nowhere.
func (p *Package) readLocation(x *scanner, element string, out *string) error {
	once := x.once()
	return x.children(func(name string) error {
		if name != element {
			return x.skip()
		}
		if err := once(name); err != nil {
			return err
		}
		location, err := x.textOf()
		if err != nil {
			return err
		}
		var met Tolerances
		if err := p.follow(x.file, location, out, &met); !isMissing(err) {
			return err
		}
		return nil
	})
}
