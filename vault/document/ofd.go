package document

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"

	"github.com/elicense/elicense/internal/ofd"
	"github.com/elicense/elicense/vault/record"
)

// Names of a package's files. Readers follow the links; these are the usual ones.
const (
	nameRoot        = "OFD.xml"
	nameDocument    = "Doc_0/Document.xml"
	nameAttachments = "Doc_0/Attachs/Attachments.xml"
	// RecordFile is the attachment that proves the licence: a record.Bundle.
	RecordFile = "Doc_0/Attachs/record.json"
)

// composition is a drawing on its way into a package.
type composition struct {
	d        *Drawing
	files    []ofd.File
	lastID   int
	fontIDs  [fontCount]int // 0: not used
	images   []*picture
	imageIDs map[record.Digest]int
	pageIDs  []int
	tplIDs   []int // 0: the page has no template
	objects  []tag
}

// tag ties an element to an object that shows it.
type tag struct {
	field        string
	page, object int
}

func (p *composition) id() int {
	p.lastID++
	return p.lastID
}

func (p *composition) file(name string, data []byte) {
	p.files = append(p.files, ofd.File{Name: name, Data: data})
}

// Files are the files of the package, in its order.
func (d *Drawing) Files() ([]ofd.File, error) {
	p := &composition{d: d, imageIDs: make(map[record.Digest]int)}
	fonts, err := p.fonts()
	if err != nil {
		return nil, err
	}
	media := p.media()
	for _, s := range d.pages {
		p.pageIDs = append(p.pageIDs, p.id())
		tpl := 0
		if s.side != "" {
			tpl = p.id()
		}
		p.tplIDs = append(p.tplIDs, tpl)
	}
	for i := range d.pages {
		p.page(i)
	}
	p.tags()
	if err := p.attachments(); err != nil {
		return nil, err
	}
	p.file("Doc_0/PublicRes.xml", fonts)
	p.file("Doc_0/DocumentRes.xml", media)
	p.file(nameDocument, p.document())
	p.file(nameRoot, p.root())
	slices.Reverse(p.files) // OFD.xml first, as readers of streams want it
	return p.files, nil
}

// used are the characters of each font.
func (d *Drawing) used() (chars [fontCount]map[rune]bool) {
	for _, s := range d.pages {
		for _, layer := range [][]mark{s.fixed, s.own} {
			for i := range layer {
				if layer[i].line != nil {
					layer[i].line.collect(&chars)
				}
			}
		}
	}
	return chars
}

func (l *line) collect(chars *[fontCount]map[rune]bool) {
	for i := range l.runs {
		r := &l.runs[i]
		if chars[r.font] == nil {
			chars[r.font] = make(map[rune]bool)
		}
		for _, c := range r.text {
			chars[r.font][c] = true
		}
	}
}

// fonts writes the fonts that are used, with their files where they are at hand and may be embedded.
func (p *composition) fonts() ([]byte, error) {
	b := append([]byte(xmlHead), "<ofd:Res"+ofdSpace+` BaseLoc="Res">`+"<ofd:Fonts>"...)
	for id, chars := range p.d.used() {
		if chars == nil {
			continue
		}
		p.fontIDs[id] = p.id()
		name := p.d.fontName(id)
		b = append(b, `<ofd:Font ID="`+strconv.Itoa(p.fontIDs[id])+`" FontName="`...)
		b = append(appendEscaped(b, name), `" FamilyName="`...)
		b = append(appendEscaped(b, name), `"`...)
		var data []byte
		if f := p.d.font(id); f != nil {
			var err error
			if data, err = f.embed(chars); err != nil {
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

// media writes the pictures, each once.
func (p *composition) media() []byte {
	b := append([]byte(xmlHead), "<ofd:Res"+ofdSpace+` BaseLoc="Res">`...)
	for _, s := range p.d.pages {
		for i := range s.own {
			if m := s.own[i].picture; m != nil && p.imageIDs[m.image.digest] == 0 {
				p.imageIDs[m.image.digest] = p.id()
				p.images = append(p.images, m.image)
			}
		}
	}
	if len(p.images) == 0 {
		return append(b, "</ofd:Res>"...)
	}
	b = append(b, "<ofd:MultiMedias>"...)
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
func (p *composition) document() []byte {
	b := append([]byte(xmlHead), "<ofd:Document"+ofdSpace+"><ofd:CommonData><ofd:MaxUnitID>"...)
	b = strconv.AppendInt(b, int64(p.lastID), 10)
	b = append(b, "</ofd:MaxUnitID><ofd:PageArea><ofd:PhysicalBox>"+p.d.pages[0].box().String()+
		"</ofd:PhysicalBox></ofd:PageArea><ofd:PublicRes>PublicRes.xml</ofd:PublicRes>"+
		"<ofd:DocumentRes>DocumentRes.xml</ofd:DocumentRes>"...)
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
	return append(b, "</ofd:Pages><ofd:CustomTags>Tags/CustomTags.xml</ofd:CustomTags>"+
		"<ofd:Attachments>Attachs/Attachments.xml</ofd:Attachments></ofd:Document>"...)
}

func (s *sheet) box() Box { return Box{0, 0, s.width, s.height} }

// tags writes the index that ties objects to elements (GB/T 36905: 数据索引).
func (p *composition) tags() {
	const namespace = "urn:elicense:licence:1"
	slices.SortStableFunc(p.objects, func(a, b tag) int { return cmp.Compare(a.field, b.field) })
	b := append([]byte(xmlHead), `<lic:Licence xmlns:lic="`+namespace+`"`+ofdSpace+`>`...)
	open := ""
	for _, o := range p.objects {
		if o.field != open {
			if open != "" {
				b = append(b, "</lic:"+open+">"...)
			}
			open = o.field
			b = append(b, "<lic:"+open+">"...)
		}
		b = fmt.Appendf(b, `<ofd:ObjectRef PageRef="%d">%d</ofd:ObjectRef>`, o.page, o.object)
	}
	if open != "" {
		b = append(b, "</lic:"+open+">"...)
	}
	p.file("Doc_0/Tags/CustomTag.xml", append(b, "</lic:Licence>"...))
	p.file("Doc_0/Tags/CustomTags.xml", []byte(xmlHead+"<ofd:CustomTags"+ofdSpace+
		`><ofd:CustomTag TypeID="elicense" NameSpace="`+namespace+
		`"><ofd:FileLoc>CustomTag.xml</ofd:FileLoc></ofd:CustomTag></ofd:CustomTags>`))
}
