package ofd_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/ofd"
)

const (
	head     = `<?xml version="1.0" encoding="UTF-8"?>` + "\n"
	space    = ` xmlns:ofd="http://www.ofdspec.org/2016"`
	mainXML  = head + `<ofd:OFD` + space + `><ofd:DocBody><ofd:DocInfo><ofd:DocID>01</ofd:DocID></ofd:DocInfo><ofd:DocRoot>Doc_0/Document.xml</ofd:DocRoot></ofd:DocBody></ofd:OFD>`
	rootXML  = head + `<ofd:Document` + space + `><ofd:CommonData><ofd:MaxUnitID>9</ofd:MaxUnitID><ofd:PageArea><ofd:PhysicalBox>0 0 210 297</ofd:PhysicalBox></ofd:PageArea></ofd:CommonData><ofd:Pages><ofd:Page ID="1" BaseLoc="Page.xml"/></ofd:Pages></ofd:Document>`
	pageXML  = head + `<ofd:Page` + space + `/>`
	pageFile = "Doc_0/Page.xml"
)

// files are those of a small document, with some in place of them or beside them.
func files(extra ...ofd.File) []ofd.File {
	out := []ofd.File{{Name: "OFD.xml", Data: []byte(mainXML)}, {Name: "Doc_0/Document.xml", Data: []byte(rootXML)}, {Name: pageFile, Data: []byte(pageXML)}}
	for _, e := range extra {
		replaced := false
		for i := range out {
			if out[i].Name == e.Name {
				out[i], replaced = e, true
			}
		}
		if !replaced {
			out = append(out, e)
		}
	}
	return out
}

func open(files []ofd.File) (*ofd.Package, error) {
	b, err := ofd.Marshal(files)
	if err != nil {
		return nil, err
	}
	return ofd.Open(bytes.NewReader(b), int64(len(b)))
}

func mustOpen(t testing.TB, files []ofd.File) *ofd.Package {
	t.Helper()
	p, err := open(files)
	require.NoError(t, err)
	return p
}

func TestDocuments(t *testing.T) {
	t.Parallel()
	p := mustOpen(t, files(ofd.File{Name: "OFD.xml", Data: []byte(head + `<OFD xmlns="http://www.ofdspec.org/2016">
		<DocBody><DocInfo><DocID>01</DocID><Title>证照 &amp; 批文</Title><Author>示例</Author><Subject>s</Subject>
		<CreationDate>2026-03-01</CreationDate><ModDate>2026-03-02</ModDate><Creator>c</Creator><CreatorVersion>1</CreatorVersion>
		<Keywords><Keyword>k</Keyword></Keywords>
		<CustomDatas><CustomData Name="ZZMC">许可证</CustomData><CustomData Name="empty"/></CustomDatas></DocInfo>
		<DocRoot>/doc_0/Document.xml</DocRoot><Signatures>Doc_0\Signatures.xml</Signatures>
		<Versions><Version ID="1" Index="0" Current="true" BaseLoc="Doc_0/Version.xml"/><Version ID="2" Index="1" BaseLoc="none.xml"/></Versions>
		</DocBody>
		<DocBody><DocRoot>Doc_0/Document.xml</DocRoot><Signatures>Doc_0/None.xml</Signatures></DocBody></OFD>`)},
		ofd.File{Name: "Doc_0/Signatures.xml"}, ofd.File{Name: "Doc_0/Version.xml"}))
	want := []ofd.Document{{
		Info: ofd.Info{
			ID: "01", Title: "证照 & 批文", Author: "示例", Subject: "s", Created: "2026-03-01", Modified: "2026-03-02",
			Creator: "c", CreatorVersion: "1", Custom: []ofd.CustomData{{Name: "ZZMC", Value: "许可证"}, {Name: "empty"}},
		},
		Root: "Doc_0/Document.xml", SignatureList: "Doc_0/Signatures.xml", SignaturesNamed: `Doc_0\Signatures.xml`,
		Versions:   []ofd.Version{{ID: "1", Index: "0", Current: true, File: "Doc_0/Version.xml"}, {ID: "2", Index: "1"}},
		Tolerances: ofd.TolerantCase | ofd.TolerantBackslash,
	}, {Index: 1, Root: "Doc_0/Document.xml", SignaturesNamed: "Doc_0/None.xml"}}
	require.Empty(t, cmp.Diff(want, p.Documents(), cmpopts.IgnoreUnexported(ofd.Document{})))
	require.Zero(t, p.Tolerances())

	_, err := p.Signatures(p.Documents()[1])
	require.ErrorIs(t, err, &ofd.Error{Reason: ofd.ReasonMissing})
}

// TestOpenDocumentsRefuses a package whose OFD.xml readers could understand differently.
func TestOpenDocumentsRefuses(t *testing.T) {
	t.Parallel()
	body := func(inside string) string {
		return head + `<ofd:OFD` + space + `><ofd:DocBody>` + inside + `</ofd:DocBody></ofd:OFD>`
	}
	const root = `<ofd:DocRoot>Doc_0/Document.xml</ofd:DocRoot>`
	for _, c := range []struct {
		name, xml string
		reason    ofd.Reason
	}{
		{"another root", head + `<ofd:Document/>`, ofd.ReasonStructure},
		{"no document", head + `<ofd:OFD` + space + `/>`, ofd.ReasonStructure},
		{"no root file", body(""), ofd.ReasonStructure},
		{"two root files", body(root + root), ofd.ReasonStructure},
		{"two lists of signatures", body(root + `<ofd:Signatures>a</ofd:Signatures><ofd:Signatures>b</ofd:Signatures>`), ofd.ReasonStructure},
		{"a root file that is not there", body(`<ofd:DocRoot>Doc_1/Document.xml</ofd:DocRoot>`), ofd.ReasonMissing},
		{"a root file outside", body(`<ofd:DocRoot>../Document.xml</ofd:DocRoot>`), ofd.ReasonName},
		{"an element in a path", body(`<ofd:DocRoot><a/></ofd:DocRoot>`), ofd.ReasonXML},
		{"too many documents", head + `<ofd:OFD` + space + `>` + strings.Repeat(`<ofd:DocBody>`+root+`</ofd:DocBody>`, 65) + `</ofd:OFD>`, ofd.ReasonLimit},
		{"too many custom data", body(`<ofd:DocInfo><ofd:CustomDatas>` + strings.Repeat(`<ofd:CustomData Name="a"/>`, 5000) + `</ofd:CustomDatas></ofd:DocInfo>` + root), ofd.ReasonLimit},
		{"too many versions", body(root + `<ofd:Versions>` + strings.Repeat(`<ofd:Version BaseLoc="a"/>`, 1025) + `</ofd:Versions>`), ofd.ReasonLimit},
		{"a document type", strings.Replace(mainXML, "<ofd:OFD", `<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]><ofd:OFD`, 1), ofd.ReasonDoctype},
		{"cut off", mainXML[:len(mainXML)-3], ofd.ReasonXML},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p, err := open(files(ofd.File{Name: "OFD.xml", Data: []byte(c.xml)}))
			require.ErrorIs(t, err, &ofd.Error{Reason: c.reason})
			require.Nil(t, p)
		})
	}
	_, err := open(files()[1:])
	require.ErrorIs(t, err, &ofd.Error{Reason: ofd.ReasonMissing})
}

func TestContent(t *testing.T) {
	t.Parallel()
	const xml = head + `<ofd:Document` + space + `><ofd:CommonData><ofd:MaxUnitID>9</ofd:MaxUnitID>
		<ofd:PageArea><ofd:PhysicalBox>0 0 210 297.5</ofd:PhysicalBox></ofd:PageArea><ofd:PublicRes>Res.xml</ofd:PublicRes>
		<ofd:DocumentRes>none.xml</ofd:DocumentRes><ofd:TemplatePage ID="7" BaseLoc="Tpl.xml"/></ofd:CommonData>
		<ofd:Pages><ofd:Page ID="1" BaseLoc="Page.xml"/><ofd:Page ID="2" BaseLoc="/Doc_0/Page2.xml"/></ofd:Pages><ofd:Outlines/>
		<ofd:Annotations>Annotations.xml</ofd:Annotations><ofd:Attachments>Attachments.xml</ofd:Attachments>
		<ofd:CustomTags>Tags.xml</ofd:CustomTags></ofd:Document>`
	page2 := head + `<ofd:Page` + space + `><ofd:Area><ofd:PhysicalBox>0 0 100 50</ofd:PhysicalBox></ofd:Area></ofd:Page>`
	page := head + `<ofd:Page` + space + `><ofd:Template TemplateID="7"/></ofd:Page>`
	p := mustOpen(t, files(
		ofd.File{Name: "Doc_0/Document.xml", Data: []byte(xml)}, ofd.File{Name: "Doc_0/Page2.xml", Data: []byte(page2)},
		ofd.File{Name: "Doc_0/Res.xml"}, ofd.File{Name: "Doc_0/Tpl.xml", Data: []byte(page2)}, ofd.File{Name: pageFile, Data: []byte(page)},
		ofd.File{Name: "Doc_0/Annotations.xml"}, ofd.File{Name: "Doc_0/Attachments.xml"}, ofd.File{Name: "Doc_0/Tags.xml"},
	))
	c, err := p.Content("Doc_0/Document.xml")
	require.NoError(t, err)
	require.Empty(t, cmp.Diff(&ofd.Content{
		MaxUnitID: "9", Area: ofd.Box{W: 210, H: 297.5}, Templates: []ofd.Page{{ID: "7", File: "Doc_0/Tpl.xml"}},
		Pages:     []ofd.Page{{ID: "1", File: pageFile}, {ID: "2", File: "Doc_0/Page2.xml"}},
		Resources: []string{"Doc_0/Res.xml"}, Annotations: "Doc_0/Annotations.xml", Attachments: "Doc_0/Attachments.xml",
		CustomTags: "Doc_0/Tags.xml",
	}, c))
	for i, want := range []ofd.Box{{W: 210, H: 297.5}, {W: 100, H: 50}} {
		box, err := p.PageBox(c, c.Pages[i])
		require.NoError(t, err)
		require.Equal(t, want, box)
	}
	c.Area = ofd.Box{}
	box, err := p.PageBox(c, c.Pages[0])
	require.NoError(t, err)
	require.Equal(t, ofd.Box{W: 100, H: 50}, box, "that of the template")
	c.Templates = nil
	_, err = p.PageBox(c, c.Pages[0])
	require.ErrorIs(t, err, &ofd.Error{Reason: ofd.ReasonStructure})
}

func TestContentRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, from, to string
		reason         ofd.Reason
	}{
		{"a page that is not there", "Page.xml", "Page9.xml", ofd.ReasonMissing},
		{"a page outside", "Page.xml", "../../Page.xml", ofd.ReasonName},
		{"a box without a size", "0 0 210 297", "0 0 210 0", ofd.ReasonStructure},
		{"a box of three", "0 0 210 297", "0 0 210", ofd.ReasonStructure},
		{"a box that is no number", "0 0 210 297", "0 0 NaN 297", ofd.ReasonStructure},
		{"a box beyond everything", "0 0 210 297", "0 0 1e300 297", ofd.ReasonStructure},
		{"another root", "ofd:Document", "ofd:Page", ofd.ReasonStructure},
		{"too many pages", `<ofd:Page ID="1" BaseLoc="Page.xml"/>`, strings.Repeat(`<ofd:Page ID="1" BaseLoc="Page.xml"/>`, 9000), ofd.ReasonLimit},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := mustOpen(t, files(ofd.File{Name: "Doc_0/Document.xml", Data: []byte(strings.ReplaceAll(rootXML, c.from, c.to))}))
			content, err := p.Content("Doc_0/Document.xml")
			require.ErrorIs(t, err, &ofd.Error{Reason: c.reason})
			require.Nil(t, content)
		})
	}
}

// TestResolve: paths are followed as the standard says, and what deviates is named.
func TestResolve(t *testing.T) {
	t.Parallel()
	p := mustOpen(t, files(ofd.File{Name: "Doc_0/Signs/Doc_0/Page.xml"}, ofd.File{Name: "Doc_0/图.png"}))
	for _, c := range []struct {
		base, location, want string
		tolerances           ofd.Tolerances
		reason               ofd.Reason
	}{
		{"OFD.xml", "Doc_0/Page.xml", pageFile, 0, ""},
		{"Doc_0/Document.xml", "Page.xml", pageFile, 0, ""},
		{"Doc_0/Document.xml", "./Signs/../Page.xml", pageFile, 0, ""},
		{"Doc_0/Signs/a.xml", "/Doc_0/Page.xml", pageFile, 0, ""},
		{"Doc_0/Signs/a.xml", "../Page.xml", pageFile, 0, ""},
		{"Doc_0/Signs/a.xml", "Doc_0/Page.xml", "Doc_0/Signs/Doc_0/Page.xml", 0, ""}, // the standard's reading comes first
		{"Doc_0/Document.xml", "Doc_0/Page.xml", pageFile, ofd.TolerantRootPath, ""},
		{"Doc_0/Document.xml", "/doc_0/PAGE.xml", pageFile, ofd.TolerantCase, ""},
		{"Doc_0/Document.xml", `\Doc_0\Page.xml`, pageFile, ofd.TolerantBackslash, ""},
		{"Doc_0/Document.xml", `DOC_0\Page.xml`, pageFile, ofd.TolerantRootPath | ofd.TolerantCase | ofd.TolerantBackslash, ""},
		{"Doc_0/Document.xml", "图.png", "Doc_0/图.png", 0, ""},
		{"Doc_0/Document.xml", "Page9.xml", "", 0, ofd.ReasonMissing},
		{"Doc_0/Document.xml", "../../Doc_0/Page.xml", "", 0, ofd.ReasonName},
		{"Doc_0/Document.xml", "/../Doc_0/Page.xml", "", 0, ofd.ReasonName},
		{"Doc_0/Document.xml", "/a/../../Doc_0/Page.xml", "", 0, ofd.ReasonName},
		{"Doc_0/Document.xml", "/", "", 0, ofd.ReasonName},
		{"Doc_0/Document.xml", "C:/Page.xml", "", 0, ofd.ReasonName},
		{"Doc_0/Document.xml", strings.Repeat("a/", 300), "", 0, ofd.ReasonLimit},
	} {
		name, tolerances, err := p.Resolve(c.base, c.location)
		require.Equal(t, c.want, name, c.location)
		require.Equal(t, c.tolerances, tolerances, c.location)
		if c.reason != "" {
			require.ErrorIs(t, err, &ofd.Error{Reason: c.reason}, c.location)
		}
	}
}

// TestReadFile: limits, names and files that are not there.
func TestReadFile(t *testing.T) {
	t.Parallel()
	p := mustOpen(t, files())
	b, err := p.ReadFile(pageFile, int64(len(pageXML)))
	require.NoError(t, err)
	require.Equal(t, pageXML, string(b))
	require.EqualValues(t, len(pageXML), p.Size(pageFile))
	require.EqualValues(t, -1, p.Size("none"))
	_, err = p.ReadFile(pageFile, int64(len(pageXML))-1)
	require.ErrorIs(t, err, &ofd.Error{Reason: ofd.ReasonLimit})
	_, err = p.ReadFile("doc_0/Page.xml", 1<<20)
	require.ErrorIs(t, err, &ofd.Error{Reason: ofd.ReasonMissing})
	_, err = p.OpenFile("none")
	require.ErrorIs(t, err, &ofd.Error{Reason: ofd.ReasonMissing})
	r, err := p.OpenFile(pageFile)
	require.NoError(t, err)
	require.NoError(t, r.Close())
	require.NoError(t, r.Close())
	_, err = r.Read(make([]byte, 1))
	require.Error(t, err, "closed")
}

// TestFindText: characters are found where they stand, over spaces, codes and objects, and on templates.
func TestFindText(t *testing.T) {
	t.Parallel()
	object := func(attributes, codes string) string {
		return `<ofd:TextObject Size="4" ` + attributes + `>` + codes + `</ofd:TextObject>`
	}
	at := func(inside string) []ofd.File {
		return files(ofd.File{Name: pageFile, Data: []byte(head + `<ofd:Page` + space + `><ofd:Content><ofd:Layer><ofd:PageBlock>` + inside + `</ofd:PageBlock></ofd:Layer></ofd:Content></ofd:Page>`)})
	}
	for _, c := range []struct {
		name, inside string
		want         []ofd.Box
	}{
		{"distances", object(`Boundary="10 20 50 5"`, `<ofd:TextCode X="1" Y="4" DeltaX="5 5 5">甲盖章乙</ofd:TextCode>`), []ofd.Box{{X: 16, Y: 20.6, W: 9, H: 4}}},
		{"repeated distances", object(`Boundary="10 20 50 5"`, `<ofd:TextCode X="1" Y="4" DeltaX="g 3 5">甲盖章乙</ofd:TextCode>`), []ofd.Box{{X: 16, Y: 20.6, W: 9, H: 4}}},
		{"no distances", object(`Boundary="10 20 50 5"`, `<ofd:TextCode Y="4">盖章</ofd:TextCode>`), []ofd.Box{{X: 10, Y: 20.6, W: 8, H: 4}}},
		{"spaces between", object(`Boundary="0 0 50 5"`, `<ofd:TextCode Y="4" DeltaX="g 2 4">盖 章</ofd:TextCode>`), []ofd.Box{{X: 0, Y: 0.6, W: 12, H: 4}}},
		{"two codes", object(`Boundary="0 0 50 5"`, `<ofd:TextCode X="0" Y="4">盖</ofd:TextCode><ofd:TextCode X="4" Y="4">章</ofd:TextCode>`), []ofd.Box{{X: 0, Y: 0.6, W: 8, H: 4}}},
		{"two objects side by side", object(`Boundary="0 0 5 5"`, `<ofd:TextCode Y="4">盖</ofd:TextCode>`) + object(`Boundary="5 0 5 5"`, `<ofd:TextCode Y="4">章</ofd:TextCode>`), []ofd.Box{{X: 0, Y: 0.6, W: 9, H: 4}}},
		{"two objects on two lines", object(`Boundary="0 0 5 5"`, `<ofd:TextCode Y="4">盖</ofd:TextCode>`) + object(`Boundary="5 9 5 5"`, `<ofd:TextCode Y="4">章</ofd:TextCode>`), nil},
		{"two objects far apart", object(`Boundary="0 0 5 5"`, `<ofd:TextCode Y="4">盖</ofd:TextCode>`) + object(`Boundary="50 0 5 5"`, `<ofd:TextCode Y="4">章</ofd:TextCode>`), nil},
		{"scaled and moved", object(`Boundary="10 10 50 50" CTM="2 0 0 2 1 1"`, `<ofd:TextCode Y="4">盖章</ofd:TextCode>`), []ofd.Box{{X: 11, Y: 12.2, W: 16, H: 8}}},
		{"turned", object(`Boundary="100 100 50 50" CTM="0 1 -1 0 0 0"`, `<ofd:TextCode X="0" Y="0" DeltaX="4">盖章</ofd:TextCode>`), []ofd.Box{{X: 99.4, Y: 100, W: 4, H: 8}}},
		{"twice", object(`Boundary="0 0 50 5"`, `<ofd:TextCode Y="4" DeltaX="g 3 4">盖章盖章</ofd:TextCode>`), []ofd.Box{{X: 0, Y: 0.6, W: 8, H: 4}, {X: 8, Y: 0.6, W: 8, H: 4}}},
		{"nothing", object(`Boundary="0 0 50 5"`, `<ofd:TextCode Y="4">盖</ofd:TextCode>`), nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := mustOpen(t, at(c.inside))
			content, err := p.Content("Doc_0/Document.xml")
			require.NoError(t, err)
			got, err := p.FindText(content, content.Pages[0], "盖 章")
			require.NoError(t, err)
			require.Empty(t, cmp.Diff(c.want, got, cmpopts.EquateApprox(0, 1e-9)))
		})
	}
	for _, bad := range []string{
		object(`Boundary="0 0 50"`, ""), object(`Boundary="0 0 50 5" CTM="1 0 0"`, ""),
		object(`Boundary="0 0 50 5"`, `<ofd:TextCode X="a">盖</ofd:TextCode>`),
	} {
		p := mustOpen(t, at(bad))
		content, err := p.Content("Doc_0/Document.xml")
		require.NoError(t, err)
		_, err = p.FindText(content, content.Pages[0], "盖章")
		require.ErrorIs(t, err, &ofd.Error{Reason: ofd.ReasonStructure}, bad)
	}
	p := mustOpen(t, files())
	content, err := p.Content("Doc_0/Document.xml")
	require.NoError(t, err)
	_, err = p.FindText(content, content.Pages[0], " ")
	require.ErrorIs(t, err, &ofd.Error{Reason: ofd.ReasonInput})
}

// TestFindTextInForeignFiles: words in files of others, one over several codes, and on a template.
func TestFindTextInForeignFiles(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		file, text string
		page, want int
	}{
		{"ofdrw/ofdrw-reader/src/test/resources/helloworld.ofd", "你好呀", 0, 1},
		{"ofdrw/ofdrw-reader/src/test/resources/helloworld.ofd", "再见", 0, 0},
		{"ofdrw/ofdrw-reader/src/test/resources/keyword2.ofd", "重庆市马上融资担保有限公司", 0, 1}, // four objects
		{"ofdrw/ofdrw-reader/src/test/resources/multiKeywordInTextCode.ofd", "打发", 0, 7},
		{"ofdsharp/src/UnitTests/Files/test1.ofd", "发票代码：", 0, 1}, // on the template
	} {
		p := openFile(t, testdata(t, c.file))
		content, err := p.Content(p.Documents()[0].Root)
		require.NoError(t, err)
		got, err := p.FindText(content, content.Pages[c.page], c.text)
		require.NoError(t, err)
		require.Len(t, got, c.want, c.file+" "+c.text)
	}
}
