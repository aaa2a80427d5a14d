package convert

import (
	"context"
	"fmt"
	"path"
	"strconv"
	"strings"

	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/catalogue"
	"github.com/elicense/elicense/vault/record"
)

// photographer reads the images of rows (照片).
type photographer struct {
	index *scanIndex                                                                                      // nil: there are no files
	put   func(ctx context.Context, element string, content []byte) (vault.Image, []vault.Problem, error) // nil: a dry run
}

// named keeps the file that a cell names for an image.
func (w *worker) named(element, file string) {
	if w.files == nil {
		w.files = make(map[string]string)
	}
	w.files[element] = file
}

// photograph pairs a row with its images: by the file that the sheet names, or after the number where the type has one
// image. What is wrong with an image is wrong with its row.
func (w *worker) photograph(ctx context.Context, raw *rawRow, store bool) error {
	columns := w.l.typ.Images()
	for _, col := range columns {
		file, named := w.files[col.Name]
		if w.photos.index == nil && !named {
			continue
		}
		var found []*scanFile
		switch {
		case named && w.photos.index != nil:
			found = w.photos.index.called(file)
		case !named && len(columns) == 1:
			found = w.photos.index.of(w.row[w.l.at.number])
		}
		switch {
		case len(found) > 1:
			w.own(finding{code: CodePhotoSeveral, element: col.Name, found: strconv.Itoa(len(found))})
		case len(found) == 1:
			if err := w.photo(ctx, raw, col, found[0], store); err != nil {
				return err
			}
		case named:
			w.own(finding{code: CodePhotoMissing, element: col.Name, found: file})
		default:
			w.faceless = true
		}
	}
	return nil
}

// photo judges one image and stores it, unless its row is refused already.
func (w *worker) photo(ctx context.Context, raw *rawRow, col *catalogue.Column, f *scanFile, store bool) error {
	content, err := readScan(w.photos.index.fsys, f.path)
	if err != nil {
		return fmt.Errorf("convert: reading image %q: %w", f.path, err)
	}
	m := vault.Image{Digest: record.Sum(content)}
	if !store || w.photos.put == nil || len(w.findings) > 0 {
		for _, p := range col.CheckImage(content) {
			w.value(w.l.placeOf(col.Name), &p)
		}
	} else {
		var problems []vault.Problem
		if m, problems, err = w.photos.put(ctx, col.Name, content); err != nil {
			return err
		}
		for i := range problems {
			w.together(&problems[i])
		}
	}
	if len(w.findings) > 0 {
		return nil
	}
	raw.images = append(raw.images, m)
	w.row[col.Index] = m.Value()
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
