package convert

import (
	"fmt"
	"path"
	"strconv"
	"strings"

	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/catalogue"
	"github.com/elicense/elicense/vault/record"
)

// named keeps the file that a cell names for an image.
func (w *worker) named(element, file string) {
	if w.files == nil {
		w.files = make(map[string]string)
	}
	w.files[element] = file
}

// photograph pairs a row with its images: by the file that the sheet names, or after the number where the type has one
// image. What is wrong with an image is wrong with its row.
func (w *worker) photograph(raw *rawRow) error {
	columns := w.l.typ.Images()
	for _, col := range columns {
		file, named := w.files[col.Name]
		if w.photos == nil && !named {
			continue
		}
		var found []*scanFile
		switch {
		case named && w.photos != nil:
			found = w.photos.called(file)
		case !named && len(columns) == 1:
			found = w.photos.of(w.row[w.l.at.number])
		}
		switch {
		case len(found) > 1:
			w.own(finding{code: CodePhotoSeveral, element: col.Name, found: strconv.Itoa(len(found))})
		case len(found) == 1:
			if err := w.photo(raw, col, found[0]); err != nil {
				return err
			}
		case named:
			w.own(finding{code: CodePhotoMissing, element: col.Name, found: file})
			w.faceless = true
		default:
			w.faceless = true
		}
	}
	return nil
}

// photo judges one image and gives its row the digest.
func (w *worker) photo(raw *rawRow, col *catalogue.Column, f *scanFile) error {
	content, err := readScan(w.photos.fsys, f.path)
	if err != nil {
		return fmt.Errorf("convert: reading image %q: %w", f.path, err)
	}
	if problems := col.CheckImage(content); len(problems) > 0 {
		for i := range problems {
			w.value(w.l.placeOf(col.Name), &problems[i])
		}
		return nil
	}
	m := vault.Image{Digest: record.Sum(content)}
	w.row[col.Index] = m.Value()
	raw.images = append(raw.images, m)
	raw.brought = append(raw.brought, brought{content, len(raw.images) - 1, true})
	return nil
}

// called gives the files of a name, as a sheet writes it: with folders or without, in any case.
func (x *scanIndex) called(name string) []*scanFile {
	want := strings.Trim(strings.ToLower(strings.ReplaceAll(strings.TrimSpace(name), `\`, "/")), "/")
	var out []*scanFile
	for _, i := range x.byName[path.Base(want)] {
		have := strings.ToLower(x.files[i].path)
		if have == want || strings.HasSuffix(have, "/"+want) {
			out = append(out, &x.files[i])
		}
	}
	for _, f := range out {
		f.used.Add(1)
	}
	return out
}
