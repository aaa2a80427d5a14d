package document

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"path"
	"strings"

	"github.com/elicense/elicense/internal/page"
	"github.com/elicense/elicense/vault/catalogue"
	"github.com/elicense/elicense/vault/record"
)

// Elements of GB/T 36903-2018 that a document adds to those of the record.
const metaCreated = "CJSJ" // 创建时间

// timestamp is how GB/T 36903 writes an instant.
const timestamp = "20060102150405"

// datum is one CustomData of a package.
type datum struct{ name, value string }

// about is what the package says beside its pages: the metadata of the licence, the index of its elements, and what
// travels with it.
func (d *Drawing) about() (page.About, error) {
	f, l := d.face, d.licence
	attached, err := d.attachments()
	if err != nil {
		return page.About{}, err
	}
	about := page.About{
		ID: docID(f.digest), Title: f.title(), Author: page.Visible(f.record.IssuerName),
		Creator: d.drawer.cfg.Producer, Created: l.Created,
		Index: &page.Index{
			TypeID: "elicense", Namespace: "urn:elicense:licence:1", Prefix: "lic", Root: "Licence",
			Omit: []string{elementBasis},
		},
		Attachments: attached,
	}
	for _, m := range d.metadata() {
		about.Data = append(about.Data, page.Datum{Name: m.name, Value: m.value})
	}
	return about, nil
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

// attachments are the signed record and the scans that are no pictures.
func (d *Drawing) attachments() ([]page.Attachment, error) {
	l := d.licence
	bundle := record.Bundle{
		Record: l.Record, Signature: l.Signature, Certificates: l.Certificates, Disclosures: l.Values,
	}
	data, err := bundle.Encode()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrLicence, err)
	}
	out := []page.Attachment{{ID: "record", File: path.Base(RecordFile), Data: data}}
	for _, i := range d.attached {
		out = append(out, page.Attachment{ID: scanID(i), File: scanFile(i, l.Scans[i]), Data: l.Scans[i]})
	}
	return out, nil
}

func scanID(i int) string { return fmt.Sprintf("scan_%d", i+1) }

// scanFile is the name of a scan that is an attachment.
func scanFile(i int, content []byte) string { return scanID(i) + formatOf(content) }

// formats are what scans come as that are no pictures of a page, by their first bytes.
var formats = []struct{ first, extension string }{
	{"%PDF-", ".pdf"}, {"II*\x00", ".tif"}, {"MM\x00*", ".tif"}, {"GIF8", ".gif"}, {"BM", ".bmp"},
	{"PK\x03\x04", ".ofd"},
}

// formatOf tells scans that are no pictures of a page.
func formatOf(b []byte) string {
	for _, f := range formats {
		if bytes.HasPrefix(b, []byte(f.first)) {
			return f.extension
		}
	}
	return ".bin"
}
