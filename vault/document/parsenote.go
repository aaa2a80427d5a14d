package document

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/elicense/elicense/internal/ofd"
)

// maxNoteBytes bounds the files that carry notes.
const maxNoteBytes = 1 << 20

// ErrNoNote says that a document is an original and no copy.
var ErrNoNote = errors.New("document: no purpose-bound copy")

// ParseNote reads the note of a purpose-bound copy. The metadata and every page must say the same; anything else is
// refused with ErrNote. Whether the copy's signatures hold is for whoever verifies it.
func ParseNote(r io.ReaderAt, size int64, zone *time.Location) (*Note, error) {
	pkg, err := ofd.Open(r, size)
	if err != nil {
		return nil, err
	}
	docs := pkg.Documents()
	if len(docs) != 1 {
		return nil, fmt.Errorf("%w: %d documents", ErrNote, len(docs))
	}
	content, err := pkg.Content(docs[0].Root)
	if err != nil {
		return nil, err
	}
	said := noteData(docs[0].Info.Custom)
	marks, err := watermarks(pkg, content)
	switch {
	case err != nil:
		return nil, err
	case len(said) == 0 && len(marks) == 0:
		return nil, ErrNoNote
	}
	note, err := readNote(said, zone)
	if err != nil {
		return nil, err
	}
	if len(marks) != len(content.Pages) {
		return nil, fmt.Errorf("%w: not on every page", ErrNote)
	}
	for _, m := range marks {
		if !slices.Equal(m, note.data()) {
			return nil, fmt.Errorf("%w: a page says something else than the metadata", ErrNote)
		}
	}
	return note, nil
}

// noteData are the metadata that belong to a note.
func noteData(custom []ofd.CustomData) []datum {
	var out []datum
	for _, d := range custom {
		switch d.Name {
		case metaCopyTime, metaCopyMaker, metaCopyPurpose, metaCopyUntil, metaCopyFor:
			out = append(out, datum{d.Name, d.Value})
		}
	}
	return out
}

// watermarks are the values of the notes of all pages, by page; two on one page are refused.
func watermarks(pkg *ofd.Package, c *ofd.Content) (map[string][]datum, error) {
	out := make(map[string][]datum)
	if c.Annotations == "" {
		return out, nil
	}
	var list struct {
		Pages []struct {
			ID   string `xml:"PageID,attr"`
			File string `xml:"FileLoc"`
		} `xml:"Page"`
	}
	if err := readXML(pkg, c.Annotations, &list); err != nil {
		return nil, err
	}
	if len(list.Pages) > MaxPages {
		return nil, fmt.Errorf("%w: too many pages", ErrNote)
	}
	for _, p := range list.Pages {
		if !slices.ContainsFunc(c.Pages, func(x ofd.Page) bool { return x.ID == p.ID }) || out[p.ID] != nil {
			return nil, fmt.Errorf("%w: page %.20q", ErrNote, p.ID)
		}
		name, _, err := pkg.Resolve(c.Annotations, strings.TrimSpace(p.File))
		if err != nil {
			return nil, err
		}
		data, err := readMark(pkg, name)
		if err != nil {
			return nil, err
		}
		if data != nil {
			out[p.ID] = data
		}
	}
	return out, nil
}

// readMark gives the values of a page's watermark; nil if it has none with values.
func readMark(pkg *ofd.Package, name string) ([]datum, error) {
	var page struct {
		Annots []struct {
			Type string `xml:"Type,attr"`
			Data []struct {
				Name  string `xml:"Name,attr"`
				Value string `xml:",chardata"`
			} `xml:"Parameters>Parameter"`
		} `xml:"Annot"`
	}
	if err := readXML(pkg, name, &page); err != nil {
		return nil, err
	}
	var out []datum
	for _, a := range page.Annots {
		if a.Type != "Watermark" || len(a.Data) == 0 {
			continue
		}
		if out != nil {
			return nil, fmt.Errorf("%w: two on one page", ErrNote)
		}
		for _, d := range a.Data {
			out = append(out, datum{d.Name, d.Value})
		}
	}
	return out, nil
}

// readXML reads a small file of the package. Document types are refused: nobody needs one here.
func readXML(pkg *ofd.Package, name string, into any) error {
	b, err := pkg.ReadFile(name, maxNoteBytes)
	if err != nil {
		return err
	}
	if bytes.Contains(b, []byte("<!")) {
		return fmt.Errorf("%w: %s", ErrNote, name)
	}
	d := xml.NewDecoder(bytes.NewReader(b))
	d.Entity = nil
	if err := d.Decode(into); err != nil {
		return fmt.Errorf("%w: %s: %v", ErrNote, name, err)
	}
	return nil
}
