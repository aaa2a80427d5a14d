package ofd_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/ofd"
)

// beside is a document with attachments and custom tags.
func beside(attachments, tags string) []ofd.File {
	const root = head + `<ofd:Document` + space + `><ofd:Pages/><ofd:Attachments>Attachs/Attachments.xml</ofd:Attachments>` +
		`<ofd:CustomTags>Tags/CustomTags.xml</ofd:CustomTags></ofd:Document>`
	return files(
		ofd.File{Name: "Doc_0/Document.xml", Data: []byte(root)}, ofd.File{Name: "Doc_0/Attachs/record.json"}, ofd.File{Name: "Doc_0/Tags/Tag.xml"},
		ofd.File{Name: "Doc_0/Attachs/Attachments.xml", Data: []byte(head + `<ofd:Attachments` + space + `>` + attachments + `</ofd:Attachments>`)},
		ofd.File{Name: "Doc_0/Tags/CustomTags.xml", Data: []byte(head + `<ofd:CustomTags` + space + `>` + tags + `</ofd:CustomTags>`)},
	)
}

func contentOf(t *testing.T, p *ofd.Package) *ofd.Content {
	t.Helper()
	c, err := p.Content(p.Documents()[0].Root)
	require.NoError(t, err)
	return c
}

func TestAttachments(t *testing.T) {
	t.Parallel()
	const one = `<ofd:Attachment ID="1" Name="record" Format="json" Visible="false"><ofd:FileLoc>record.json</ofd:FileLoc></ofd:Attachment>`
	const tag = `<ofd:CustomTag TypeID="fp"><ofd:SchemaLoc>s.xsd</ofd:SchemaLoc><ofd:FileLoc>/Doc_0/Tags/Tag.xml</ofd:FileLoc></ofd:CustomTag>`
	p := mustOpen(t, beside(one+`<ofd:x/><ofd:Attachment ID="2" Name="gone"><ofd:FileLoc>gone.xml</ofd:FileLoc></ofd:Attachment>`, tag+`<ofd:x/><ofd:CustomTag TypeID="y"/>`))
	attachments, err := p.Attachments(contentOf(t, p))
	require.NoError(t, err)
	require.Equal(t, []ofd.Attachment{
		{ID: "1", Name: "record", Format: "json", File: "Doc_0/Attachs/record.json"}, {ID: "2", Name: "gone", Visible: true},
	}, attachments)
	tags, err := p.CustomTags(contentOf(t, p))
	require.NoError(t, err)
	require.Equal(t, []ofd.CustomTag{{TypeID: "fp", File: "Doc_0/Tags/Tag.xml"}, {TypeID: "y"}}, tags)

	for name, c := range map[string]struct {
		attachments, tags string
		reason            ofd.Reason
	}{
		"two files":    {strings.Replace(one, "<ofd:FileLoc>", "<ofd:FileLoc>a</ofd:FileLoc><ofd:FileLoc>", 1), strings.Replace(tag, "<ofd:FileLoc>", "<ofd:FileLoc>a</ofd:FileLoc><ofd:FileLoc>", 1), ofd.ReasonStructure},
		"outside":      {strings.Replace(one, "record.json", "../../../a", 1), strings.Replace(tag, "/Doc_0", "/..", 1), ofd.ReasonName},
		"too many":     {strings.Repeat(one, 1025), strings.Repeat(tag, 1025), ofd.ReasonLimit},
		"not a tag":    {"<", "<", ofd.ReasonXML},
		"an entity":    {"<ofd:a>&b;</ofd:a>", "<ofd:a>&b;</ofd:a>", ofd.ReasonDoctype},
		"a second end": {"</ofd:Attachments><a/>", "</ofd:CustomTags><a/>", ofd.ReasonXML},
	} {
		p := mustOpen(t, beside(c.attachments, c.tags))
		attachments, err := p.Attachments(contentOf(t, p))
		require.ErrorIs(t, err, &ofd.Error{Reason: c.reason}, name)
		require.Nil(t, attachments, name)
		tags, err := p.CustomTags(contentOf(t, p))
		require.ErrorIs(t, err, &ofd.Error{Reason: c.reason}, name)
		require.Nil(t, tags, name)
	}
	p = mustOpen(t, files())
	attachments, err = p.Attachments(contentOf(t, p))
	require.NoError(t, err)
	require.Empty(t, attachments)
	tags, err = p.CustomTags(contentOf(t, p))
	require.NoError(t, err)
	require.Empty(t, tags)
}

// TestForeignAttachments: a tax invoice carries its data.
func TestForeignAttachments(t *testing.T) {
	t.Parallel()
	p := openFile(t, testdata(t, "ofdsharp", "src", "UnitTests", "Files", "test1.ofd"))
	attachments, err := p.Attachments(contentOf(t, p))
	require.NoError(t, err)
	require.Len(t, attachments, 1)
	require.Equal(t, "Doc_0/Attachs/original_invoice.xml", attachments[0].File)
	tags, err := p.CustomTags(contentOf(t, p))
	require.NoError(t, err)
	require.Len(t, tags, 1)
	require.Equal(t, "Doc_0/Tags/CustomTag.xml", tags[0].File)
}

// TestForeignVersions: a platform of Fujian added a version with a watermark after two seals. What it shows besides is in
// no signature.
func TestForeignVersions(t *testing.T) {
	t.Parallel()
	p := openFile(t, testdata(t, "hbh-ofd", "tests", "files", "test3.ofd"))
	d := p.Documents()[0]
	require.Equal(t, "Doc_0/Document.xml", d.Root, "the sealed version is still the root")
	require.Len(t, d.Versions, 2)
	first, err := p.ReadVersion(d.Versions[0])
	require.NoError(t, err)
	require.Equal(t, "Doc_0/Document.xml", first.Root)
	require.Len(t, first.Files, 11)
	require.Len(t, first.Missing, 2, "a third signature was there once")
	second, err := p.ReadVersion(d.Versions[1])
	require.NoError(t, err)
	require.True(t, d.Versions[1].Current)
	require.Equal(t, "Doc_0/Document_1.xml", second.Root)
	require.Contains(t, second.Files, "Doc_0/Annots/Annotations_1.xml")
}

func TestReadVersionRefuses(t *testing.T) {
	t.Parallel()
	const root = `<DocRoot>/Doc_0/Document.xml</DocRoot>`
	for name, c := range map[string]struct {
		inside string
		reason ofd.Reason
	}{
		"no root":          {"", ofd.ReasonStructure},
		"two roots":        {root + root, ofd.ReasonStructure},
		"a root not there": {"<DocRoot>/a</DocRoot>", ofd.ReasonMissing},
		"outside":          {root + "<FileList><File>/../a</File></FileList>", ofd.ReasonName},
		"something else":   {root + "<FileList><x/></FileList>", ofd.ReasonStructure},
	} {
		p := mustOpen(t, files(ofd.File{Name: "v.xml", Data: []byte("<DocVersion>" + c.inside + "</DocVersion>")}))
		v, err := p.ReadVersion(ofd.Version{ID: "1", File: "v.xml"})
		require.ErrorIs(t, err, &ofd.Error{Reason: c.reason}, name)
		require.Nil(t, v, name)
	}
	_, err := mustOpen(t, files()).ReadVersion(ofd.Version{ID: "1"})
	require.ErrorIs(t, err, &ofd.Error{Reason: ofd.ReasonMissing})
}
