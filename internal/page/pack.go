package page

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/elicense/elicense/internal/ofd"
)

// Names of a package's files. Readers follow the links; these are the usual ones.
const (
	RootFile        = "OFD.xml"
	DocumentFile    = "Doc_0/Document.xml"
	attachmentsFile = "Doc_0/Attachs/Attachments.xml"
	attachmentsDir  = "Doc_0/Attachs/"
)

// Book is drawn pages with the fonts that they were set in.
type Book struct {
	Sheets []*Sheet
	Fonts  Fonts
	// TitleName and BodyName are the standard fonts that readers take for characters without an embedded font.
	TitleName, BodyName string
}

// About is what a package says beside its pages.
type About struct {
	ID          string // 32 hexadecimal digits
	Title       string
	Author      string
	Creator     string    // the program
	Created     time.Time // zero: it tells no time
	Data        []Datum   // CustomDatas
	Index       *Index    // which object shows what; nil: no index
	Attachments []Attachment
}

// Datum is one CustomData of a package.
type Datum struct{ Name, Value string }

// Index ties objects to the names of their marks (GB/T 36905: 数据索引): one element for each name.
type Index struct {
	TypeID, Namespace, Prefix, Root string
	Omit                            []string // names that it leaves out
}

// Attachment is a file that travels in a package (附件).
type Attachment struct {
	ID   string
	File string // its name, without a folder
	Data []byte
}

// packing is a book on its way into a package.
type packing struct {
	book     *Book
	about    *About
	files    []ofd.File
	lastID   int
	fontIDs  [fontCount]int // 0: not used
	images   []*Picture
	imageIDs map[[sha256.Size]byte]int
	pageIDs  []int
	tplIDs   []int // 0: the page has no template
	objects  []tag
}

// tag ties a name to an object that shows it.
type tag struct {
	field        string
	page, object int
}

func (p *packing) id() int {
	p.lastID++
	return p.lastID
}

func (p *packing) file(name string, data []byte) {
	p.files = append(p.files, ofd.File{Name: name, Data: data})
}

// Files are the files of the package, in its order.
func (k *Book) Files(about About) ([]ofd.File, error) {
	if len(k.Sheets) == 0 {
		return nil, fmt.Errorf("%w: a package has at least one", ErrPage)
	}
	p := &packing{book: k, about: &about, imageIDs: make(map[[sha256.Size]byte]int)}
	fonts, err := p.fonts()
	if err != nil {
		return nil, err
	}
	media := p.media()
	for _, s := range k.Sheets {
		p.pageIDs = append(p.pageIDs, p.id())
		tpl := 0
		if s.Template {
			tpl = p.id()
		}
		p.tplIDs = append(p.tplIDs, tpl)
	}
	for i := range k.Sheets {
		p.page(i)
	}
	p.tags()
	p.attachments()
	p.file("Doc_0/PublicRes.xml", fonts)
	if media != nil {
		p.file("Doc_0/DocumentRes.xml", media)
	}
	p.file(DocumentFile, p.document())
	p.file(RootFile, p.root())
	slices.Reverse(p.files) // OFD.xml first, as readers of streams want it
	return p.files, nil
}

// used are the characters of each font.
func (k *Book) used() (chars [fontCount]map[rune]bool) {
	for _, s := range k.Sheets {
		for _, layer := range [][]Mark{s.Fixed, s.Own} {
			for i := range layer {
				if layer[i].Line != nil {
					layer[i].Line.collect(&chars)
				}
			}
		}
	}
	return chars
}

func (l *Line) collect(chars *[fontCount]map[rune]bool) {
	for i := range l.Runs {
		r := &l.Runs[i]
		if chars[r.font] == nil {
			chars[r.font] = make(map[rune]bool)
		}
		for _, c := range r.Text {
			chars[r.font][c] = true
		}
	}
}

// fonts writes the fonts that are used, with their files where they are at hand and may be embedded.
func (p *packing) fonts() ([]byte, error) {
	b := append(NewXML("Res", ` BaseLoc="Res"`), "<ofd:Fonts>"...)
	for id, chars := range p.book.used() {
		if chars == nil {
			continue
		}
		p.fontIDs[id] = p.id()
		name := p.book.fontName(id)
		b = append(b, `<ofd:Font ID="`+strconv.Itoa(p.fontIDs[id])+`" FontName="`...)
		b = append(AppendEscaped(b, name), `" FamilyName="`...)
		b = append(AppendEscaped(b, name), `"`...)
		var data []byte
		if f := p.book.Fonts.of(id); f != nil {
			var err error
			if data, err = f.Embed(chars); err != nil {
				return nil, err
			}
		}
		if data == nil {
			b = append(b, "/>"...)
			continue
		}
		file := "font_" + strconv.Itoa(p.fontIDs[id]) + ".ttf"
		p.file("Doc_0/Res/"+file, data)
		b = append(b, "><ofd:FontFile>"+file+"</ofd:FontFile></ofd:Font>"...)
	}
	return append(b, "</ofd:Fonts></ofd:Res>"...), nil
}

// media writes the pictures, each once; nil: there are none.
func (p *packing) media() []byte {
	for _, s := range p.book.Sheets {
		for i := range s.Own {
			if m := s.Own[i].Picture; m != nil && p.imageIDs[m.Picture.digest] == 0 {
				p.imageIDs[m.Picture.digest] = p.id()
				p.images = append(p.images, m.Picture)
			}
		}
	}
	if len(p.images) == 0 {
		return nil
	}
	b := append(NewXML("Res", ` BaseLoc="Res"`), "<ofd:MultiMedias>"...)
	for _, image := range p.images {
		id := strconv.Itoa(p.imageIDs[image.digest])
		format, suffix := "PNG", ".png"
		if image.format == "jpeg" {
			format, suffix = "JPEG", ".jpg"
		}
		file := "image_" + id + suffix
		p.file("Doc_0/Res/"+file, image.data)
		b = append(b, `<ofd:MultiMedia ID="`+id+`" Type="Image" Format="`+format+`"><ofd:MediaFile>`+file+
			"</ofd:MediaFile></ofd:MultiMedia>"...)
	}
	return append(b, "</ofd:MultiMedias></ofd:Res>"...)
}

// document writes Document.xml.
func (p *packing) document() []byte {
	b := append(NewXML("Document", ""), "<ofd:CommonData><ofd:MaxUnitID>"...)
	b = strconv.AppendInt(b, int64(p.lastID), 10)
	b = append(b, "</ofd:MaxUnitID><ofd:PageArea><ofd:PhysicalBox>"+p.book.Sheets[0].box().String()+
		"</ofd:PhysicalBox></ofd:PageArea><ofd:PublicRes>PublicRes.xml</ofd:PublicRes>"...)
	if len(p.images) > 0 {
		b = append(b, "<ofd:DocumentRes>DocumentRes.xml</ofd:DocumentRes>"...)
	}
	for i, id := range p.tplIDs {
		if id != 0 {
			b = fmt.Appendf(b, `<ofd:TemplatePage ID="%d" ZOrder="Background" BaseLoc="Tpls/Tpl_%d/Content.xml"/>`,
				id, i)
		}
	}
	b = append(b, "</ofd:CommonData><ofd:Pages>"...)
	for i, id := range p.pageIDs {
		b = fmt.Appendf(b, `<ofd:Page ID="%d" BaseLoc="Pages/Page_%d/Content.xml"/>`, id, i)
	}
	b = append(b, "</ofd:Pages>"...)
	if p.about.Index != nil {
		b = append(b, "<ofd:CustomTags>Tags/CustomTags.xml</ofd:CustomTags>"...)
	}
	if len(p.about.Attachments) > 0 {
		b = append(b, "<ofd:Attachments>Attachs/Attachments.xml</ofd:Attachments>"...)
	}
	return append(b, "</ofd:Document>"...)
}

// fontName is what a font is called.
func (k *Book) fontName(id int) string {
	if f := k.Fonts.of(id); f != nil {
		return f.family
	}
	if id == fontTitleName {
		return k.TitleName
	}
	return k.BodyName
}
