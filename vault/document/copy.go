package document

import (
	"bytes"
	"fmt"
	"path"
	"slices"
	"strconv"
	"time"

	"github.com/elicense/elicense/internal/ofd"
	"github.com/elicense/elicense/internal/page"
)

// Files that a purpose-bound copy adds.
const (
	copyDocument    = "Doc_0/Document_1.xml"
	copyResources   = "Doc_0/DocumentRes_1.xml"
	copyAnnotations = "Doc_0/Annots/Annotations_1.xml"
	copyFont        = "Doc_0/Res/font_note.ttf"
	versionBefore   = "Doc_0/Versions/Version_0.xml"
	versionOfCopy   = "Doc_0/Versions/Version_1.xml"
)

// Annotate makes a purpose-bound copy of a sealed licence: a new version of the document with the note on each page.
// Every file of the original but OFD.xml stays as it is, so a seal that leaves OFD.xml out stays valid; one that
// protects it, or a document that is no licence or already a copy, is refused. The copy must be closed with a signature
// before it is handed out: until then nothing protects the note.
func (d *Drawer) Annotate(original []byte, n Note) ([]byte, error) {
	if err := n.check(); err != nil {
		return nil, err
	}
	a, err := openCopy(original)
	if err != nil {
		return nil, err
	}
	a.note, a.drawer = n, d
	files, err := a.files()
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	if err := a.pkg.Write(&out, files); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// copying is a licence on its way to a copy.
type copying struct {
	pkg     *ofd.Package
	doc     ofd.Document
	content *ofd.Content
	lastID  int
	note    Note
	drawer  *Drawer
}

// openCopy opens a licence and holds that a copy can be made of it.
func openCopy(original []byte) (*copying, error) {
	pkg, err := ofd.Open(bytes.NewReader(original), int64(len(original)))
	if err != nil {
		return nil, err
	}
	docs := pkg.Documents()
	if len(docs) != 1 || docs[0].Root != nameDocument || !pkg.Has(RecordFile) {
		return nil, fmt.Errorf("%w: no licence of this form", ErrLicence)
	}
	a := &copying{pkg: pkg, doc: docs[0]}
	if a.content, err = pkg.Content(a.doc.Root); err != nil {
		return nil, err
	}
	a.lastID, err = strconv.Atoi(a.content.MaxUnitID)
	if err != nil || len(a.doc.Versions) > 0 || a.content.Annotations != "" || pkg.Has(copyDocument) ||
		len(a.content.Pages) > MaxPages {
		return nil, fmt.Errorf("%w: it has versions or notes already", ErrLicence)
	}
	return a, a.leavesRootOpen()
}

// leavesRootOpen refuses a document with a signature that protects OFD.xml: the copy would break it.
func (a *copying) leavesRootOpen() error {
	list, err := a.pkg.Signatures(a.doc)
	if err != nil {
		return err
	}
	if len(list.Signatures) == 0 {
		return fmt.Errorf("%w: it is not sealed", ErrLicence)
	}
	for i, ref := range list.Signatures {
		s, err := a.pkg.ReadSignature(ref)
		if err != nil {
			return err
		}
		cover, err := a.pkg.Coverage(list, i, s, nil)
		if err != nil {
			return err
		}
		for _, f := range cover.Files {
			if f.Name == a.pkg.Main() || f.State != ofd.StateMatch {
				return fmt.Errorf("%w: a signature protects %s or does not hold", ErrLicence, nameRoot)
			}
		}
	}
	return nil
}

func (a *copying) id() string {
	a.lastID++
	return strconv.Itoa(a.lastID)
}

func (a *copying) files() ([]ofd.File, error) {
	t := page.NewSetter(a.drawer.cfg.Fonts)
	font := a.id()
	var files []ofd.File
	var list []byte
	for i, p := range a.content.Pages {
		box, err := a.pkg.PageBox(a.content, p)
		if err != nil {
			return nil, err
		}
		name := fmt.Sprintf("Doc_0/Annots/Page_%d/Annotation_1.xml", i)
		files = append(files, ofd.File{Name: name, Data: a.annotation(t, box, font)})
		list = append(append(list, `<ofd:Page PageID="`...), page.AppendEscaped(nil, p.ID)...)
		list = append(list, `"><ofd:FileLoc>/`+name+"</ofd:FileLoc></ofd:Page>"...)
	}
	resources, embedded, err := a.resources(font)
	if err != nil {
		return nil, err
	}
	annotations := append(append(page.NewXML("Annotations", ""), list...), "</ofd:Annotations>"...)
	files = append(append(files, embedded...), ofd.File{Name: copyAnnotations, Data: annotations},
		ofd.File{Name: copyResources, Data: resources}, ofd.File{Name: copyDocument, Data: a.document()})
	versions := a.versions(files)
	return append(append(files, versions...), ofd.File{Name: a.pkg.Main(), Data: a.root()}), nil
}

// resources name the font of the note, with its file where one is at hand.
func (a *copying) resources(id string) ([]byte, []ofd.File, error) {
	name, file := "宋体", ""
	var embedded []ofd.File
	if f := a.drawer.cfg.Fonts.Main(); f != nil {
		name = f.Family()
		chars := make(map[rune]bool)
		for _, r := range a.note.words() {
			chars[r] = true
		}
		data, err := f.Embed(chars)
		if err != nil {
			return nil, nil, err
		}
		if data != nil {
			embedded = append(embedded, ofd.File{Name: copyFont, Data: data})
			file = "<ofd:FontFile>" + path.Base(copyFont) + "</ofd:FontFile>"
		}
	}
	b := append(page.NewXML("Res", ` BaseLoc="Res"`), `<ofd:Fonts><ofd:Font ID="`+id+`" FontName="`...)
	b = page.AppendEscaped(b, name)
	return append(b, `">`+file+"</ofd:Font></ofd:Fonts></ofd:Res>"...), embedded, nil
}

// annotation writes the note of one page: values for machines, lines across the page for people.
func (a *copying) annotation(t *page.Setter, area ofd.Box, font string) []byte {
	b := fmt.Appendf(page.NewXML("PageAnnot", ""), `<ofd:Annot ID="%s" Type="Watermark" Creator="elicense" `+
		`LastModDate="%s" ReadOnly="true" Print="true"><ofd:Parameters>`,
		a.id(), a.note.Made.Format("2006-01-02"))
	for _, d := range a.note.data() {
		b = append(append(b, `<ofd:Parameter Name="`...), d.name...)
		b = append(page.AppendEscaped(append(b, `">`...), d.value), "</ofd:Parameter>"...)
	}
	b = append(b, "</ofd:Parameters><ofd:Appearance Boundary=\""+area.String()+`">`...)
	width, height := int(area.W*mm), int(area.H*mm)
	size := max(2*mm, min(width, height)/40)
	text := page.Wrap(t.Letters(a.note.words(), page.Style{Size: size}), width*4/5)
	for row := range 3 {
		for i, l := range text {
			at := Box{
				X: width / 10, Y: height*(2*row+1)/6 + i*page.Leading(size), W: width * 4 / 5, H: size * 6 / 5,
			}
			if at.Y+at.H < height && len(l) > 0 {
				b = a.watermark(b, page.SetLine(l, at, page.Style{Size: size, Align: AlignCenter}), font)
			}
		}
	}
	return append(b, "</ofd:Appearance></ofd:Annot></ofd:PageAnnot>"...)
}

// watermark writes a line in translucent red.
func (a *copying) watermark(b []byte, l page.Line, font string) []byte {
	var text []rune
	var advances []int
	for i := range l.Runs {
		text, advances = append(text, l.Runs[i].Text...), append(advances, l.Runs[i].Advances...)
	}
	b = fmt.Appendf(b, `<ofd:TextObject ID="%s" Boundary="%s" Font="%s" Size="%s" Alpha="90">`+
		`<ofd:FillColor Value="200 30 30"/><ofd:TextCode X="0" Y="%s"`,
		a.id(), l.Box, font, page.FormatMM(l.Size), page.FormatMM(l.Base-l.Box.Y))
	if len(text) > 1 {
		b = append(page.AppendDeltas(append(b, ` DeltaX="`...), advances[:len(text)-1]), '"')
	}
	b = page.AppendEscaped(append(b, '>'), string(text))
	return append(b, "</ofd:TextCode></ofd:TextObject>"...)
}

// document writes the root of the new version: the original's pages, with notes.
func (a *copying) document() []byte {
	b := append(page.NewXML("Document", ""), "<ofd:CommonData><ofd:MaxUnitID>"+strconv.Itoa(a.lastID)+
		"</ofd:MaxUnitID><ofd:PageArea><ofd:PhysicalBox>"+a.content.Area.String()+
		"</ofd:PhysicalBox></ofd:PageArea>"...)
	for _, name := range append(slices.Clone(a.content.Resources), copyResources) {
		kind := "DocumentRes"
		if path.Base(name) == "PublicRes.xml" {
			kind = "PublicRes"
		}
		b = page.AppendElement(b, kind, "/"+name)
	}
	for _, t := range a.content.Templates {
		b = appendPage(b, `<ofd:TemplatePage ZOrder="Background" ID="`, t)
	}
	b = append(b, "</ofd:CommonData><ofd:Pages>"...)
	for _, p := range a.content.Pages {
		b = appendPage(b, `<ofd:Page ID="`, p)
	}
	b = append(b, "</ofd:Pages>"...)
	b = page.AppendElement(b, "Annotations", "/"+copyAnnotations)
	if a.content.CustomTags != "" {
		b = page.AppendElement(b, "CustomTags", "/"+a.content.CustomTags)
	}
	if a.content.Attachments != "" {
		b = page.AppendElement(b, "Attachments", "/"+a.content.Attachments)
	}
	return append(b, "</ofd:Document>"...)
}

func appendPage(b []byte, open string, p ofd.Page) []byte {
	b = page.AppendEscaped(append(b, open...), p.ID)
	b = page.AppendEscaped(append(b, `" BaseLoc="/`...), p.File)
	return append(b, `"/>`...)
}

// versions writes what belongs to the original, and what to the copy.
func (a *copying) versions(added []ofd.File) []ofd.File {
	write := func(id, root string, names []string) []byte {
		b := append(page.NewXML("DocVersion", fmt.Sprintf(` ID="%s" CreationDate="%s"`, id,
			a.note.Made.Format("2006-01-02"))), "<ofd:FileList>"...)
		for i, name := range names {
			b = fmt.Appendf(b, `<ofd:File ID="%d">/`, i+1)
			b = append(page.AppendEscaped(b, name), "</ofd:File>"...)
		}
		b = page.AppendElement(append(b, "</ofd:FileList>"...), "DocRoot", "/"+root)
		return append(b, "</ofd:DocVersion>"...)
	}
	before := a.pkg.Files()
	after := slices.Clone(before)
	for _, f := range added {
		after = append(after, f.Name)
	}
	return []ofd.File{
		{Name: versionBefore, Data: write("v0", nameDocument, before)},
		{Name: versionOfCopy, Data: write("v1", copyDocument, after)},
	}
}

// root writes OFD.xml anew: what it said, the elements of the note, and the new version in the place of the old one.
func (a *copying) root() []byte {
	info := a.doc.Info
	b := append(page.NewXML("OFD", ` Version="1.1" DocType="OFD"`), "<ofd:DocBody><ofd:DocInfo>"...)
	for _, e := range []datum{
		{"DocID", info.ID}, {"Title", info.Title}, {"Author", info.Author}, {"CreationDate", info.Created},
		{"ModDate", a.note.Made.Format(time.RFC3339)}, {"Creator", info.Creator},
	} {
		if e.value != "" {
			b = page.AppendElement(b, e.name, e.value)
		}
	}
	b = append(b, "<ofd:CustomDatas>"...)
	list := make([]datum, 0, len(info.Custom)+5)
	for _, d := range info.Custom {
		list = append(list, datum{d.Name, d.Value})
	}
	for _, d := range append(list, a.note.data()...) {
		b = page.AppendEscaped(append(b, `<ofd:CustomData Name="`...), d.name)
		b = append(page.AppendEscaped(append(b, `">`...), d.value), "</ofd:CustomData>"...)
	}
	b = append(b, "</ofd:CustomDatas></ofd:DocInfo>"...)
	b = page.AppendElement(b, "DocRoot", copyDocument)
	b = append(b, `<ofd:Versions><ofd:Version ID="1" Index="0" Current="false" BaseLoc="`+versionBefore+
		`"/><ofd:Version ID="2" Index="1" Current="true" BaseLoc="`+versionOfCopy+`"/></ofd:Versions>`...)
	b = page.AppendElement(b, "Signatures", "/"+a.doc.SignatureList)
	return append(b, "</ofd:DocBody></ofd:OFD>"...)
}
