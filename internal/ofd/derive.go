package ofd

import "io"

// Write writes a package with the files of p, those given in place of the ones of the same name, or at the end. What
// is not replaced is copied as it is compressed, byte by byte; folders that are entries of their own are left out. A
// package whose source lies is written as it lies: whoever needs the checksums reads the files, as those do who sign
// them.
func (p *Package) Write(w io.Writer, files []File) error {
	replaced := make(map[string]*File, len(files))
	for i := range files {
		key := fold(files[i].Name)
		if replaced[key] != nil {
			return refuse(ReasonDuplicate, "%s", files[i].Name)
		}
		replaced[key] = &files[i]
	}
	out := newWriter(w)
	for i := range p.zip.entries {
		e := &p.zip.entries[i]
		if e.folder {
			continue
		}
		if f := replaced[fold(e.name)]; f != nil {
			if f.Name != e.name {
				return refuse(ReasonDuplicate, "%s and %s", f.Name, e.name)
			}
			if err := out.add(*f); err != nil {
				return err
			}
			continue
		}
		if err := out.copy(p.zip, e); err != nil {
			return err
		}
	}
	for _, f := range files {
		if p.index[fold(f.Name)] != nil {
			continue
		}
		if err := out.add(f); err != nil {
			return err
		}
	}
	return out.close()
}

// copy copies an entry with its data as they are.
func (w *writer) copy(c *container, e *entry) error {
	h := header{name: e.name, method: e.method, crc: e.crc}
	h.packed, h.size = uint32(e.packed), uint32(e.size) //nolint:gosec // both limited when they were read
	if err := w.start(&h); err != nil {
		return err
	}
	n, err := io.CopyBuffer(w.w, &source{r: c.r, at: e.data, end: e.data + e.packed}, w.copyBuffer(e.packed))
	w.offset += n
	return err
}

func (w *writer) copyBuffer(need int64) []byte {
	const size = 64 << 10
	if w.buffer == nil && need > 0 {
		w.buffer = make([]byte, size)
	}
	return w.buffer
}
