package ofd

import "io"

// ReadContainer reads every entry of a zip file, whatever it holds, as Open and its readers would.
func ReadContainer(r io.ReaderAt, size int64) (files []File, t Tolerances, err error) {
	c, err := openContainer(r, size)
	if err != nil {
		return nil, 0, err
	}
	for i := range c.entries {
		if c.entries[i].folder {
			continue
		}
		b, err := c.readAll(&c.entries[i])
		if err != nil {
			return nil, 0, err
		}
		files = append(files, File{Name: c.entries[i].name, Data: b})
	}
	return files, Tolerances(c.met.Load()), nil
}

// WalkXML reads XML to its end and gives the names of its elements and all text, that of attributes in brackets.
func WalkXML(b []byte) (names []string, text string, err error) {
	x, err := newScanner("test.xml", b)
	if err != nil {
		return nil, "", err
	}
	for {
		kind, err := x.next()
		if err != nil {
			return nil, "", err
		}
		text += string(x.text)
		if kind == tokenEOF {
			return names, text, nil
		}
		if kind == tokenStart {
			names = append(names, string(x.name))
		}
		values, err := x.values()
		if err != nil {
			return nil, "", err
		}
		text += values
	}
}

func (x *scanner) values() (text string, err error) {
	for _, a := range x.attrs {
		v, ok, err := x.attr(string(a.name))
		if err != nil {
			return "", err
		}
		if ok {
			text += "[" + v + "]"
		}
	}
	return text, nil
}

// ToleranceNames lists every tolerance.
func ToleranceNames() []string { return (endOfTolerances - 1).Names() }
