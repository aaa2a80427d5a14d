package page

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// root writes OFD.xml.
func (p *packing) root() []byte {
	a := p.about
	b := append(NewXML("OFD", ` Version="1.1" DocType="OFD"`), "<ofd:DocBody><ofd:DocInfo>"...)
	b = AppendElement(b, "DocID", a.ID)
	b = AppendElement(b, "Title", a.Title)
	b = AppendElement(b, "Author", a.Author)
	if !a.Created.IsZero() {
		b = AppendElement(b, "CreationDate", a.Created.Format(time.RFC3339))
	}
	b = AppendElement(b, "Creator", a.Creator)
	b = append(b, "<ofd:CustomDatas>"...)
	for _, d := range a.Data {
		b = AppendEscaped(append(b, `<ofd:CustomData Name="`...), d.Name)
		b = append(AppendEscaped(append(b, `">`...), d.Value), "</ofd:CustomData>"...)
	}
	return append(b, "</ofd:CustomDatas></ofd:DocInfo><ofd:DocRoot>"+DocumentFile+
		"</ofd:DocRoot></ofd:DocBody></ofd:OFD>"...)
}

// tags writes the index.
func (p *packing) tags() {
	x := p.about.Index
	if x == nil {
		return
	}
	slices.SortStableFunc(p.objects, func(a, b tag) int { return cmp.Compare(a.field, b.field) })
	name := func(n string) string { return x.Prefix + ":" + n + ">" }
	b := fmt.Appendf([]byte(xmlHead), `<%s:%s xmlns:%s="%s"%s>`, x.Prefix, x.Root, x.Prefix, x.Namespace, ofdSpace)
	open := ""
	for _, o := range p.objects {
		if slices.Contains(x.Omit, o.field) {
			continue
		}
		if o.field != open {
			if open != "" {
				b = append(b, "</"+name(open)...)
			}
			open = o.field
			b = append(b, "<"+name(open)...)
		}
		b = fmt.Appendf(b, `<ofd:ObjectRef PageRef="%d">%d</ofd:ObjectRef>`, o.page, o.object)
	}
	if open != "" {
		b = append(b, "</"+name(open)...)
	}
	p.file("Doc_0/Tags/CustomTag.xml", append(b, "</"+name(x.Root)...))
	p.file("Doc_0/Tags/CustomTags.xml", append(NewXML("CustomTags", ""),
		`<ofd:CustomTag TypeID="`+x.TypeID+`" NameSpace="`+x.Namespace+
			`"><ofd:FileLoc>CustomTag.xml</ofd:FileLoc></ofd:CustomTag></ofd:CustomTags>`...))
}

// attachments writes what travels with the pages.
func (p *packing) attachments() {
	list := p.about.Attachments
	if len(list) == 0 {
		return
	}
	b := NewXML("Attachments", "")
	for i := range list {
		p.file(attachmentsDir+list[i].File, list[i].Data)
		b = appendAttachment(b, &list[i])
	}
	p.file(attachmentsFile, append(b, "</ofd:Attachments>"...))
}

func appendAttachment(b []byte, a *Attachment) []byte {
	kilobytes := FormatMM(len(a.Data) * MM / 1024)
	format := strings.ToUpper(a.File[strings.LastIndexByte(a.File, '.')+1:])
	return fmt.Appendf(b, `<ofd:Attachment ID="%s" Name="%s" Format="%s" Size="%s" Visible="false">`+
		`<ofd:FileLoc>%s</ofd:FileLoc></ofd:Attachment>`, a.ID, a.File, format, kilobytes, a.File)
}
