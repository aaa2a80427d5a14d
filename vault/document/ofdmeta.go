package document

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"github.com/elicense/elicense/vault/catalogue"
	"github.com/elicense/elicense/vault/record"
)

// Elements of GB/T 36903-2018 that a document adds to those of the record.
const metaCreated = "CJSJ" // 创建时间

// timestamp is how GB/T 36903 writes an instant.
const timestamp = "20060102150405"

// datum is one CustomData of a package.
type datum struct{ name, value string }

// root writes OFD.xml with the metadata of the licence.
func (p *composition) root() []byte {
	f, l := p.d.face, p.d.licence
	b := append([]byte(xmlHead), "<ofd:OFD"+ofdSpace+` Version="1.1" DocType="OFD"><ofd:DocBody><ofd:DocInfo>`...)
	b = appendElement(b, "DocID", docID(f.digest))
	b = appendElement(b, "Title", f.title())
	b = appendElement(b, "Author", visible(f.record.IssuerName))
	if !l.Created.IsZero() {
		b = appendElement(b, "CreationDate", l.Created.Format(time.RFC3339))
	}
	b = appendElement(b, "Creator", p.d.drawer.cfg.Producer)
	b = append(b, "<ofd:CustomDatas>"...)
	for _, d := range p.d.metadata() {
		b = append(append(b, `<ofd:CustomData Name="`...), d.name...)
		b = append(appendEscaped(append(b, `">`...), d.value), "</ofd:CustomData>"...)
	}
	return append(b, "</ofd:CustomDatas></ofd:DocInfo><ofd:DocRoot>"+nameDocument+
		"</ofd:DocRoot></ofd:DocBody></ofd:OFD>"...)
}

// docID is 32 hexadecimal digits that follow from the record.
func docID(d record.Digest) string {
	id := record.Sum(append([]byte("elicense document v1\n"), d[:]...))
	return hex.EncodeToString(id[:16])
}

func (f *face) title() string {
	if s := f.show(catalogue.MetaName); s != "" {
		return s
	}
	return f.show(catalogue.MetaTypeName)
}

// metadata are the elements in the standard's order, then the type's own. Values are as the record has them; days are
// written as the standard wants, and the end of what has none is left out.
func (d *Drawing) metadata() []datum {
	f := d.face
	holderKind := f.show(catalogue.MetaHolderCodeType)
	list := []datum{
		{catalogue.MetaName, f.title()}, {catalogue.MetaTypeName, f.values[catalogue.MetaTypeName]},
		{catalogue.MetaTypeCode, f.values[catalogue.MetaTypeCode]},
		{catalogue.MetaNumber, f.values[catalogue.MetaNumber]},
		{catalogue.MetaIdentifier, f.values[catalogue.MetaIdentifier]},
		{catalogue.MetaIssuer, f.values[catalogue.MetaIssuer]},
		{catalogue.MetaIssuerCode, f.values[catalogue.MetaIssuerCode]},
		{catalogue.MetaIssued, compactDay(f.values[catalogue.MetaIssued])},
		{catalogue.MetaHolder, f.values[catalogue.MetaHolder]},
		{catalogue.MetaHolderCode, f.values[catalogue.MetaHolderCode]},
		{catalogue.MetaHolderCodeName, holderKind},
		{catalogue.MetaHolderCodeType, f.values[catalogue.MetaHolderCodeType]},
		{catalogue.MetaFrom, compactDay(f.values[catalogue.MetaFrom])},
		{catalogue.MetaUntil, compactDay(f.values[catalogue.MetaUntil])},
	}
	if !d.licence.Created.IsZero() {
		list = append(list, datum{metaCreated, d.licence.Created.Format(timestamp)})
	}
	for _, name := range f.order {
		if !isMeta(name) && f.kinds[name] != catalogue.KindImage {
			list = append(list, datum{name, f.values[name]})
		}
	}
	out := list[:0]
	for _, m := range list {
		if m.value != "" {
			out = append(out, m)
		}
	}
	return out
}

// compactDay makes 20090301 of 2009-03-01; what is no day is left out.
func compactDay(s string) string {
	if _, err := record.ParseDate(s); err != nil {
		return ""
	}
	return strings.ReplaceAll(s, "-", "")
}

// attachments writes the signed record and the scans that are no pictures.
func (p *composition) attachments() error {
	l := p.d.licence
	bundle := record.Bundle{
		Record: l.Record, Signature: l.Signature, Certificates: l.Certificates, Disclosures: l.Values,
	}
	data, err := bundle.Encode()
	if err != nil {
		return fmt.Errorf("%w: %w", ErrLicence, err)
	}
	p.file(RecordFile, data)
	b := append([]byte(xmlHead), "<ofd:Attachments"+ofdSpace+">"...)
	b = appendAttachment(b, "record", "record.json", data)
	for _, i := range p.d.attached {
		scan := l.Scans[i]
		id := fmt.Sprintf("scan_%d", i+1)
		p.file("Doc_0/Attachs/"+id+formatOf(scan), scan)
		b = appendAttachment(b, id, id+formatOf(scan), scan)
	}
	p.file(nameAttachments, append(b, "</ofd:Attachments>"...))
	return nil
}

func appendAttachment(b []byte, id, file string, data []byte) []byte {
	kilobytes := formatMM(len(data) * mm / 1024)
	format := strings.ToUpper(file[strings.LastIndexByte(file, '.')+1:])
	return fmt.Appendf(b, `<ofd:Attachment ID="%s" Name="%s" Format="%s" Size="%s" Visible="false">`+
		`<ofd:FileLoc>%s</ofd:FileLoc></ofd:Attachment>`, id, file, format, kilobytes, file)
}

// formatOf tells scans that are no pictures by their first bytes.
func formatOf(b []byte) string {
	switch {
	case bytes.HasPrefix(b, []byte("%PDF-")):
		return ".pdf"
	case bytes.HasPrefix(b, []byte("II*\x00")), bytes.HasPrefix(b, []byte("MM\x00*")):
		return ".tif"
	}
	return ".bin"
}
