// Package document draws a signed licence as a page: from its signed record, its values and the template of its type
// (证照模板) comes an OFD package (GB/T 33190-2016) with the parts that GB/T 36905-2018 asks for, the same page as SVG
// and as PNG, and purpose-bound copies of it (加注件).
//
// The record stays the truth: a drawing is made only of values that open it, and the package carries record, signature
// and values as an attachment, so that the document alone proves the licence. Nothing is ever cut off: a value that
// does not fit its place stands on an annex (附页) in full. What cannot be shown, for want of a glyph, is reported.
//
// The package is pure: fonts, pictures and times are passed in. It seals nothing; Drawing.Seals says where a seal goes.
// The same input gives the same bytes.
package document

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/elicense/elicense/internal/ofd"
	"github.com/elicense/elicense/internal/page"
	"github.com/elicense/elicense/vault/catalogue"
	"github.com/elicense/elicense/vault/record"
)

// Limits of a drawing.
const (
	MaxPages      = 200
	MaxScans      = 100
	MaxImageBytes = catalogue.MaxImageBytes // of one picture or scan
	maxTokenBytes = 256
)

// Fonts are the fonts of a Drawer; any may be nil.
type Fonts = page.Fonts

// Font is a TrueType font, ready for measuring, drawing and embedding; safe for use by many goroutines.
type Font = page.Font

// ParseFont reads a font with TrueType outlines from a .ttf, or the one at index of a .ttc.
func ParseFont(data []byte, index int) (*Font, error) { return page.ParseFont(data, index) }

// Resolutions of PNG pages, in dots per inch.
const (
	MinDPI = page.MinDPI
	MaxDPI = page.MaxDPI
)

// Config is what a Drawer works with.
type Config struct {
	// Fonts is what characters are drawn and embedded with. The zero value draws without: OFD and SVG then name
	// standard fonts, and there is no PNG.
	Fonts Fonts
	// Templates are known by name; nil: the shipped ones. There must be a DefaultTemplate.
	Templates map[string]*Template
	// Link comes before the token in QR codes, such as https://host/v/. Empty: the token alone.
	Link string
	// Producer is named as the creator of the package; empty: elicense.
	Producer string
}

// Drawer draws licences; it is safe for use by many goroutines.
type Drawer struct {
	cfg   Config
	named map[string]*ready

	mu  sync.Mutex
	own map[record.Digest]*ready // templates that types bring, by their text; guarded by mu
}

// ready is a template with the frames of its pages, which are the same for every licence and drawn once.
type ready struct {
	*Template

	frames map[*Page][]page.Mark
}

func makeReady(t *Template) *ready { return &ready{t, drawFrames(t)} }

// maxOwn bounds how many templates of types are kept ready.
const maxOwn = 200

// New checks a configuration.
func New(cfg Config) (*Drawer, error) {
	if cfg.Templates == nil {
		shipped, err := Shipped()
		if err != nil {
			return nil, fmt.Errorf("reading shipped templates: %w", err)
		}
		cfg.Templates = shipped
	}
	if cfg.Templates[DefaultTemplate] == nil {
		return nil, fmt.Errorf("%w: there is no template %s", ErrTemplate, DefaultTemplate)
	}
	if cfg.Producer == "" {
		cfg.Producer = "elicense"
	}
	d := &Drawer{cfg: cfg, named: make(map[string]*ready), own: make(map[record.Digest]*ready)}
	for name, t := range cfg.Templates {
		d.named[name] = makeReady(t)
	}
	return d, nil
}

// template finds what a type is drawn by: its own template, the one it names, or the default.
func (d *Drawer) template(t *catalogue.Type) (*ready, error) {
	if t.Page != "" {
		return d.ownTemplate(t)
	}
	if known := d.named[t.Template]; known != nil {
		return known, nil
	}
	return d.named[DefaultTemplate], nil
}

func (d *Drawer) ownTemplate(t *catalogue.Type) (*ready, error) {
	name := record.Sum([]byte(t.Page))
	d.mu.Lock()
	known := d.own[name]
	d.mu.Unlock()
	if known != nil {
		return known, nil
	}
	parsed, err := ParseTemplate([]byte(t.Page))
	if err != nil {
		return nil, err
	}
	known = makeReady(parsed)
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.own) >= maxOwn {
		clear(d.own)
	}
	d.own[name] = known
	return known, nil
}

// Licence is what is drawn. Nothing in it is changed.
type Licence struct {
	Type         catalogue.Type // the definition that the record names
	Record       []byte         // as signed
	Signature    []byte
	Certificates [][]byte            // DER, the signer's first; may be empty
	Values       []record.Disclosure // every element of the record that is shown
	Token        string              // unguessable, for the QR code; empty: no code
	Images       map[string][]byte   // JPEG or PNG by element
	Scans        [][]byte            // of the paper, one page each: JPEG or PNG; others become attachments
	Created      time.Time           // zero: the package tells no time

	specimen bool // made up: its pages say so
}

// Drawing is a licence drawn.
type Drawing struct {
	// Seals are the places for the issuer's seal, the first page's first.
	Seals []Place
	// Missing are characters that no font had a glyph for, each once, in order.
	Missing []rune

	book     *page.Book
	attached []int // scans that are no pages
	face     *face
	licence  *Licence
	drawer   *Drawer
}

// Place is a box on a page, in micrometres.
type Place struct {
	Page int // from 0
	Box  Box
}

// Pages is the number of pages.
func (d *Drawing) Pages() int { return len(d.book.Sheets) }

// Draw lays a licence out on the template of its type. Values that do not open the record, or a type that the record
// does not name, are refused.
func (d *Drawer) Draw(l *Licence) (*Drawing, error) {
	f, err := newFace(l)
	if err != nil {
		return nil, err
	}
	t, err := d.template(&l.Type)
	if err != nil {
		return nil, err
	}
	c := &composer{
		Setter: page.NewSetter(d.cfg.Fonts), drawer: d, face: f, licence: l, template: t,
	}
	if err := c.compose(); err != nil {
		return nil, err
	}
	return &Drawing{
		Seals: c.seals, Missing: c.Missing(), attached: c.attached, face: f, licence: l, drawer: d,
		book: &page.Book{Sheets: c.sheets, Fonts: d.cfg.Fonts, TitleName: t.Title, BodyName: t.Body},
	}, nil
}

// Stamped is the drawing with the picture of a seal, JPEG or PNG, where the seals go: for pages that people look at
// outside of a reader. A package gets its seal by being sealed.
func (d *Drawing) Stamped(seal []byte) (*Drawing, error) {
	image, err := picture(seal)
	if err != nil {
		return nil, err
	}
	out, book := *d, *d.book
	book.Sheets = slices.Clone(d.book.Sheets)
	for _, p := range d.Seals {
		s := *book.Sheets[p.Page]
		s.Own = slices.Clone(s.Own)
		s.Add(false, page.Mark{Picture: &page.Placed{Box: image.Within(p.Box), Picture: image}})
		book.Sheets[p.Page] = &s
	}
	out.book = &book
	return &out, nil
}

// SVG is a page, from 0. Characters are outlines where a font was given, and text for the reader's own fonts where
// none was.
func (d *Drawing) SVG(number int) ([]byte, error) {
	b, err := d.book.SVG(number)
	return b, asLicence(err)
}

// PNG is a page, from 0. Without a font it is refused with ErrNoFont.
func (d *Drawing) PNG(number, dpi int) ([]byte, error) {
	b, err := d.book.PNG(number, dpi)
	return b, asLicence(err)
}

// asLicence says of a page that is not there that it is the licence's.
func asLicence(err error) error {
	if errors.Is(err, page.ErrPage) {
		return fmt.Errorf("%w: %w", ErrLicence, err)
	}
	return err
}

// OFD is the package, ready to be sealed.
func (d *Drawing) OFD() ([]byte, error) {
	files, err := d.Files()
	if err != nil {
		return nil, err
	}
	return ofd.Marshal(files)
}
