package verify_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/internal/ofd"
	"github.com/elicense/elicense/pki/ca"
	"github.com/elicense/elicense/signing"
	"github.com/elicense/elicense/vault/ledger"
	"github.com/elicense/elicense/vault/record"
	"github.com/elicense/elicense/verify"
)

// licenceInForce is a sealed licence and the verifier that says it is in force.
func (w *sealWorld) licenceInForce(more ...ofd.File) ([]byte, *verify.Verifier) {
	w.t.Helper()
	f := w.forgeIn()
	b := f.bundle(nil)
	kept := ofd.File{Name: "Doc_0/Attachs/record.json", Data: encode(w.t, inside(b))}
	doc := w.sealed(page(append(more, kept)...), nil)
	v := w.sealVerifier(func(c *verify.Config) {
		c.LedgerKeys = []ledger.Verifier{noteKey(w.t, f.vault.vault.NoteKey())}
		c.Status = stateOf{"valid", record.Sum(b.Record)}
	})
	require.Equal(w.t, verify.TotalPassed, w.judge(v, doc).Indication)
	return doc, v
}

// TestPackageIsNoPDF: somebody without any key puts a PDF of his own into the bytes of a licence that no signature
// covers. A reader of PDF shows that; what is judged would be the licence.
func TestPackageIsNoPDF(t *testing.T) {
	w := newSealWorld(t)
	doc, v := w.licenceInForce()
	const drawn = "%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
	comment := func(text string) func([]byte) []byte {
		return func(b []byte) []byte {
			binary.LittleEndian.PutUint16(b[len(b)-2:], uint16(len(text)))
			return append(b, text...)
		}
	}
	for name, edit := range map[string]func([]byte) []byte{
		"header in an extra field": func(b []byte) []byte { return extraField(b, drawn) },
		"header and end": func(b []byte) []byte {
			return comment("startxref\n9\n%%EOF\n")(extraField(b, drawn))
		},
		"end in the comment":      comment("startxref\n9\n%%EOF\n"),
		"pages in the comment":    comment(strings.Repeat("1 0 obj<<>>endobj\n", 9)),
		"pages in an extra field": func(b []byte) []byte { return extraField(b, strings.Repeat("1 0 obj<<>>endobj\n", 99)) },
	} {
		t.Run(name, func(t *testing.T) {
			r := w.judge(v, edit(bytes.Clone(doc)))
			require.Equal(t, verify.TotalFailed, r.Indication)
			require.Equal(t, "package.text", r.Headline)
		})
	}
	t.Run("a comment is no disguise", func(t *testing.T) {
		require.Equal(t, verify.TotalPassed, w.judge(v, comment("KRC")(bytes.Clone(doc))).Indication)
	})
}

// extraField puts text into the local header of the first entry, as a field that nobody knows, and moves all else.
func extraField(b []byte, text string) []byte {
	le := binary.LittleEndian
	field := append(le.AppendUint16(le.AppendUint16(nil, 0x4c45), uint16(len(text))), text...)
	at := 30 + int(le.Uint16(b[26:]))
	le.PutUint16(b[28:], le.Uint16(b[28:])+uint16(len(field)))
	end := bytes.LastIndex(b, []byte("PK\x05\x06"))
	directory := int(le.Uint32(b[end+16:]))
	le.PutUint32(b[end+16:], uint32(directory+len(field)))
	for i := directory; i < end; {
		if header := le.Uint32(b[i+42:]); header > 0 {
			le.PutUint32(b[i+42:], header+uint32(len(field)))
		}
		i += 46 + int(le.Uint16(b[i+28:])) + int(le.Uint16(b[i+30:]))
	}
	return append(append(bytes.Clone(b[:at]), field...), b[at:]...)
}

// TestSignedFileRenamed: the note of a purpose-bound copy, a page or a picture under another spelling of its name is
// there for the judge, and not for readers who tell cases apart.
func TestSignedFileRenamed(t *testing.T) {
	w := newSealWorld(t)
	const note = "Doc_0/Annots/Note.xml"
	doc, v := w.licenceInForce(ofd.File{Name: note, Data: []byte("<x/>")})
	for _, name := range []string{
		"Doc_0/annots/Note.xml", "doc_0/Annots/Note.xml", "Doc_0/Annots/Note.XML", `Doc_0\Annots\Note.xml`,
	} {
		r := w.judge(v, bytes.ReplaceAll(doc, []byte(note), []byte(name))) // in both headers of the entry
		require.Equal(t, verify.TotalFailed, r.Indication, "%s", name)
		require.Equal(t, "description.files", r.Headline)
		require.Equal(t, "/"+note+" renamed", found(r, "description.files"))
	}
	wide := rewrite(t, doc, func(files []ofd.File) []ofd.File {
		for i := range files {
			files[i].Name = strings.Replace(files[i].Name, "Note.xml", "\uff2eote.xml", 1)
		}
		return files
	})
	require.Equal(t, "/"+note+" renamed", found(w.judge(v, wide), "description.files"))
}

// found is what a check found.
func found(r *verify.Report, id string) string {
	c, _ := r.Check(id)
	return c.Found
}

// TestPictureOfLaterSeal: a page names a picture that is not there when it is sealed. Whoever seals later and brings it
// along writes on what was sealed.
func TestPictureOfLaterSeal(t *testing.T) {
	w := newSealWorld(t)
	doc := w.sealed(page(), nil)
	other := w.enrol(ca.ProfileSeal, fixtures.Departments()[1])
	l := w.lie()
	l.signer, l.seal.Certificates = other, [][]byte{other.cert().Raw}
	l.property = "/Doc_9/Signature.xml"
	again := func(image string, more ...ofd.File) *verify.Report {
		return w.judge(w.sealVerifier(nil), rewrite(t, doc, func(files []ofd.File) []ofd.File {
			covered := append(slices.DeleteFunc(slices.Clone(files), func(f ofd.File) bool {
				return strings.Contains(f.Name, "/Signs/")
			}), more...)
			xml := bytes.Replace(l.description(covered, ofd.TypeSeal), []byte("</ofd:Seal>"), []byte(image+"</ofd:Seal>"), 1)
			seal, value := l.value(t, xml)
			files = change("Signatures.xml", func(b []byte) []byte {
				return bytes.Replace(b, []byte("</ofd:Signatures>"),
					[]byte(`<ofd:Signature ID="99" BaseLoc="/Doc_9/Signature.xml"/></ofd:Signatures>`), 1)
			})(files)
			return append(append(files, more...), ofd.File{Name: "Doc_9/Signature.xml", Data: xml},
				ofd.File{Name: "Doc_9/Seal.esl", Data: seal}, ofd.File{Name: "Doc_9/SignedValue.dat", Data: value})
		}))
	}
	require.Equal(t, verify.TotalPassed, again("").Indication)
	r := again("<ofd:ImageLoc>Picture.png</ofd:ImageLoc>", ofd.File{Name: "Doc_9/Picture.png", Data: w.picture})
	c, ok := r.Check("description.shown")
	require.True(t, ok)
	require.Equal(t, verify.CheckFailed, c.Status)
	require.Equal(t, "Doc_9/Picture.png", c.Found)
	require.Equal(t, verify.TotalFailed, r.Indication)
}

// TestSealShown: what is shown as a seal is the one that was signed with, and it hides nothing.
func TestSealShown(t *testing.T) {
	w := newSealWorld(t)
	stamps := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, `<ofd:StampAnnot ID="x%d" PageRef="1" Boundary="%d %d 42 42"/>`, i, i%5*42, i/5*42)
		}
		return b.String()
	}
	shown := func(kind, edit string, more ...ofd.File) []byte {
		l := w.lie()
		l.more = more
		l.described = func(xml []byte) []byte {
			return bytes.Replace(xml, []byte("</ofd:References>"), []byte("</ofd:References>"+edit), 1)
		}
		if kind == ofd.TypeSeal {
			return l.document(t, kind, func(xml []byte) ([]byte, []byte) { return l.value(t, xml) })
		}
		by := w.signer(w.department, func(c *signing.Config) { c.WithAttributes = true })
		return l.document(t, kind, func(xml []byte) ([]byte, []byte) { return nil, must(by.Detached(t.Context(), xml))(t) })
	}
	picture := ofd.File{Name: "Doc_0/Res/Seal.png", Data: w.picture}
	another := ofd.File{Name: "Doc_0/Res/Seal.png", Data: []byte("that of another")}
	const seal, image = `<ofd:Seal><ofd:BaseLoc>/Doc_0/Res/Seal.png</ofd:BaseLoc></ofd:Seal>`, `<ofd:ImageLoc>/Doc_0/Res/Seal.png</ofd:ImageLoc>`
	for name, test := range map[string]struct {
		doc []byte
		id  string
		sub verify.SubIndication
	}{
		"in a few places":        {doc: shown(ofd.TypeSeal, stamps(7))},
		"all over the page":      {doc: shown(ofd.TypeSeal, stamps(35)), id: "seal.size", sub: verify.SigConstraintsFailure},
		"its own picture":        {doc: w.withImage(image, picture)},
		"the picture of another": {doc: w.withImage(image, another), id: "seal.beside", sub: verify.SigConstraintsFailure},
		"no seal, and a place": {doc: shown(ofd.TypeSign, `<ofd:StampAnnot ID="1" PageRef="1" Boundary="1 1 9 9"/>`),
			id: "seal.text", sub: verify.FormatFailure},
		"a seal that nobody signed with": {doc: shown(ofd.TypeSign, seal, another), id: "seal.text", sub: verify.FormatFailure},
		"a picture that nobody signed with": {doc: shown(ofd.TypeSign, `<ofd:Seal>`+image+`</ofd:Seal>`, another),
			id: "seal.text", sub: verify.FormatFailure},
		"a signature without a seal": {doc: shown(ofd.TypeSign, "")},
	} {
		t.Run(name, func(t *testing.T) {
			r := w.judge(w.sealVerifier(nil), test.doc)
			want := verify.TotalPassed
			if test.id != "" {
				want = verify.TotalFailed
			}
			require.Equal(t, want, r.Indication, "%s %s", r.Headline, r.SubIndication)
			require.Equal(t, test.id, r.Headline)
			require.Equal(t, test.sub, r.SubIndication)
		})
	}
}

// withImage is a document whose seal has a picture beside it.
func (w *sealWorld) withImage(image string, picture ofd.File) []byte {
	l := w.lie()
	l.more = []ofd.File{picture}
	l.described = func(xml []byte) []byte {
		return bytes.Replace(xml, []byte("</ofd:Seal>"), []byte(image+"</ofd:Seal>"), 1)
	}
	return l.document(w.t, ofd.TypeSeal, func(xml []byte) ([]byte, []byte) { return l.value(w.t, xml) })
}

// TestEnclosed: a licence that is enclosed with a letter is not judged with it, and the report says so.
func TestEnclosed(t *testing.T) {
	w := newSealWorld(t)
	licence, _ := w.licenceInForce()
	doc := w.sealed(page(ofd.File{Name: "Doc_0/Attachs/a.ofd", Data: licence}, ofd.File{Name: "Doc_0/Attachs/b.pdf", Data: []byte("%PDF-1.7")},
		ofd.File{Name: "Doc_0/Attachs/c.txt", Data: []byte("示例")}, ofd.File{Name: "Doc_0/Attachs/d.txt"}), nil)
	r := w.judge(w.sealVerifier(nil), doc)
	require.Equal(t, verify.TotalPassed, r.Indication)
	var b bytes.Buffer
	require.NoError(t, r.WriteText(&b, "zh"))
	for name, want := range map[string]bool{"a.ofd": true, "b.pdf": true, "c.txt": false, "d.txt": false} {
		require.Equal(t, want, strings.Contains(b.String(), "其自身的签章未核验，请单独核验：Doc_0/Attachs/"+name), "%s\n%s", name, b.String())
	}
}
