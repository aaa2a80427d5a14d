package signing_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm3"
	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/cms"
	"github.com/elicense/elicense/internal/ofd"
	"github.com/elicense/elicense/internal/ses"
	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/signing"
)

const ofdHead = `<?xml version="1.0" encoding="UTF-8"?>` + "\n"

// page is a page of 210 by 297 mm with a text at (x, y).
func page(text string, x, y float64) string {
	return ofdHead + fmt.Sprintf(`<ofd:Page xmlns:ofd="http://www.ofdspec.org/2016"><ofd:Area>`+
		`<ofd:PhysicalBox>0 0 210 297</ofd:PhysicalBox></ofd:Area><ofd:Content><ofd:Layer ID="10">`+
		`<ofd:TextObject ID="11" Boundary="%g %g 100 10" Font="3" Size="5"><ofd:TextCode X="0" Y="5" DeltaX="g %d 5">%s`+
		`</ofd:TextCode></ofd:TextObject></ofd:Layer></ofd:Content></ofd:Page>`, x, y, len([]rune(text))-1, text)
}

// document is an OFD of so many pages, each saying "盖章处" at another height.
func document(pages int) []ofd.File {
	list := ""
	var files []ofd.File
	for i := range pages {
		list += fmt.Sprintf(`<ofd:Page ID="%d" BaseLoc="Pages/Page_%d/Content.xml"/>`, i+100, i)
		files = append(files, ofd.File{
			Name: fmt.Sprintf("Doc_0/Pages/Page_%d/Content.xml", i), Data: []byte(page("请在盖章处盖章", 20, float64(30+10*i))),
		})
	}
	return append([]ofd.File{
		{Name: "OFD.xml", Data: []byte(ofdHead + `<ofd:OFD xmlns:ofd="http://www.ofdspec.org/2016" Version="1.1" DocType="OFD">` +
			`<ofd:DocBody><ofd:DocInfo><ofd:DocID>00000000000000000000000000000001</ofd:DocID></ofd:DocInfo>` +
			`<ofd:DocRoot>Doc_0/Document.xml</ofd:DocRoot></ofd:DocBody></ofd:OFD>`)},
		{Name: "Doc_0/Document.xml", Data: []byte(ofdHead + `<ofd:Document xmlns:ofd="http://www.ofdspec.org/2016"><ofd:CommonData>` +
			`<ofd:MaxUnitID>999</ofd:MaxUnitID><ofd:PageArea><ofd:PhysicalBox>0 0 210 297</ofd:PhysicalBox></ofd:PageArea>` +
			`<ofd:PublicRes>PublicRes.xml</ofd:PublicRes></ofd:CommonData><ofd:Pages>` + list + `</ofd:Pages></ofd:Document>`)},
		{Name: "Doc_0/PublicRes.xml", Data: []byte(ofdHead + `<ofd:Res xmlns:ofd="http://www.ofdspec.org/2016" BaseLoc="Res">` +
			`<ofd:Fonts><ofd:Font ID="3" FontName="宋体"/></ofd:Fonts></ofd:Res>`)},
	}, files...)
}

func marshal(t testing.TB, files []ofd.File) []byte {
	t.Helper()
	b, err := ofd.Marshal(files)
	require.NoError(t, err)
	return b
}

func openOFD(t testing.TB, b []byte) *signing.OFD {
	t.Helper()
	o, err := signing.OpenOFD(bytes.NewReader(b), int64(len(b)), signing.OFDConfig{Now: at(now.Add(time.Hour))})
	require.NoError(t, err)
	return o
}

func written(t testing.TB, o *signing.OFD) []byte {
	t.Helper()
	var out bytes.Buffer
	require.NoError(t, o.Write(&out))
	return out.Bytes()
}

func readOFD(t testing.TB, b []byte) *ofd.Package {
	t.Helper()
	p, err := ofd.Open(bytes.NewReader(b), int64(len(b)))
	require.NoError(t, err)
	return p
}

// order is a seal order of this world.
func (w sealWorld) order(t testing.TB, stamps ...signing.Stamp) signing.SealOrder {
	t.Helper()
	s := w.sealer(t, w.seal(t, w.spec()))
	return signing.SealOrder{Value: s, Seal: s.Seal(), Stamps: stamps}
}

func place(page int, x, y float64) signing.Stamp {
	return signing.Stamp{Page: page, Box: signing.Box{X: x, Y: y, W: 42, H: 42}}
}

func (w sealWorld) closer(t testing.TB) *signing.Signer {
	t.Helper()
	config := w.config()
	config.WithCertificates = true
	return newSigner(t, config)
}

// judgeOFD is what a careful reader does, short of revocation. It answers what is wrong.
func (w sealWorld) judgeOFD(b []byte) error {
	p, err := ofd.Open(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		return err
	}
	list, err := p.Signatures(p.Documents()[0])
	if err != nil {
		return err
	}
	if len(list.Signatures) == 0 {
		return errors.New("no signature")
	}
	for i, ref := range list.Signatures {
		s, err := p.ReadSignature(ref)
		if err != nil {
			return err
		}
		coverage, err := p.Coverage(list, i, s, nil)
		if err != nil {
			return err
		}
		open := slices.DeleteFunc(coverage.Uncovered, func(name string) bool { return name == list.File })
		if !coverage.Complete() || len(open) > 0 || coverage.Tolerances|s.Tolerances|p.Tolerances() != 0 {
			return fmt.Errorf("signature %s: %+v %s", ref.ID, coverage, s.Tolerances|p.Tolerances())
		}
		if err := w.judgeValue(p, ref, s); err != nil {
			return err
		}
	}
	return nil
}

func (w sealWorld) judgeValue(p *ofd.Package, ref ofd.SignatureRef, s *ofd.Signature) error {
	value, err := p.ReadFile(strings.TrimPrefix(s.SignedValue, "/"), 1<<20)
	if err != nil {
		return err
	}
	digest := sm3.Sum(s.Raw)
	if ref.Type == ofd.TypeSign {
		return w.judgeClosing(value, digest[:])
	}
	if !w.judge(value) {
		return errors.New("seal signature")
	}
	made, err := ses.ParseSignature(value)
	if err != nil {
		return err
	}
	seal := made.Seal.Raw
	if s.Seal != "" {
		if seal, err = p.ReadFile(strings.TrimPrefix(s.Seal, "/"), 1<<20); err != nil {
			return err
		}
	}
	if !bytes.Equal(seal, made.Seal.Raw) || !bytes.Equal(made.DataHash, digest[:]) || made.Property != "/"+ref.File {
		return errors.New("seal, digest or property")
	}
	return nil
}

func (w sealWorld) judgeClosing(value, digest []byte) error {
	data, err := cms.Parse(value)
	if err != nil {
		return err
	}
	if !bytes.Equal(data.Content, digest) || len(data.Signers) != 1 {
		return errors.New("content")
	}
	message, err := data.SignedBytes(&data.Signers[0], nil)
	if err != nil {
		return err
	}
	return pki.CrossCheck(w.chain[0].PublicKey, message, data.Signers[0].Signature)
}

// TestSealOFD_D27: one seal protects every file but the list of signatures, and what was there is there unchanged.
func TestSealOFD(t *testing.T) {
	t.Parallel()
	w := newSealWorld(t)
	plain := marshal(t, document(1))
	o := openOFD(t, plain)
	require.NoError(t, o.Seal(t.Context(), w.order(t, place(1, 140, 230))))
	sealed := written(t, o)
	require.NoError(t, w.judgeOFD(sealed))

	p := readOFD(t, sealed)
	require.Equal(t, []string{
		"OFD.xml", "Doc_0/Document.xml", "Doc_0/PublicRes.xml", "Doc_0/Pages/Page_0/Content.xml",
		"Doc_0/Signs/Sign_0/Seal.esl", "Doc_0/Signs/Signatures.xml", "Doc_0/Signs/Sign_0/Signature.xml",
		"Doc_0/Signs/Sign_0/SignedValue.dat",
	}, p.Files())
	list, err := p.Signatures(p.Documents()[0])
	require.NoError(t, err)
	require.Equal(t, []ofd.SignatureRef{{
		ID: "s002", Type: "Seal", Location: "/Doc_0/Signs/Sign_0/Signature.xml", File: "Doc_0/Signs/Sign_0/Signature.xml",
	}}, list.Signatures)
	require.Equal(t, "s002", list.MaxID)
	s, err := p.ReadSignature(list.Signatures[0])
	require.NoError(t, err)
	require.Equal(t, "1.2.156.10197.1.501", s.Method)
	require.Equal(t, "1.2.156.10197.1.401", s.CheckMethod)
	require.Equal(t, now.Add(time.Hour), s.Time)
	require.Equal(t, "/Doc_0/Signs/Sign_0/Seal.esl", s.Seal)
	require.Empty(t, cmp.Diff([]ofd.Stamp{{ID: "s001", PageRef: "100", Boundary: ofd.Box{X: 140, Y: 230, W: 42, H: 42}}}, s.Stamps))
	for _, f := range document(1)[1:] {
		b, err := p.ReadFile(f.Name, 1<<20)
		require.NoError(t, err)
		require.Equal(t, f.Data, b, f.Name)
	}
}

// TestSealAlone: the seal need not lie beside its signature, whose value holds it.
func TestSealAlone(t *testing.T) {
	t.Parallel()
	w := newSealWorld(t)
	o := openOFD(t, marshal(t, document(1)))
	order := w.order(t, place(1, 140, 230))
	order.Seal = nil
	require.NoError(t, o.Seal(t.Context(), order))
	sealed := written(t, o)
	require.NoError(t, w.judgeOFD(sealed))
	p := readOFD(t, sealed)
	require.NotContains(t, p.Files(), "Doc_0/Signs/Sign_0/Seal.esl")
	list, err := p.Signatures(p.Documents()[0])
	require.NoError(t, err)
	s, err := p.ReadSignature(list.Signatures[0])
	require.NoError(t, err)
	require.Empty(t, s.Seal)
}

// TestSealThenClose: further seals are added until the closing signature, and none after it.
// TestSealBesideOddFiles: the files of a signature keep off everything that a reader could take for them.
func TestSealBesideOddFiles(t *testing.T) {
	t.Parallel()
	w := newSealWorld(t)
	o := openOFD(t, marshal(t, append(document(1), ofd.File{Name: "Doc_0/signs/sign_0/SIGNATURE.XML"},
		ofd.File{Name: "Doc_0/Signs/Sign_1"}, ofd.File{Name: "Doc_0/Signs/Sign_2/a/b"})))
	require.NoError(t, o.Seal(t.Context(), w.order(t, place(1, 10, 10))))
	b := written(t, o)
	require.True(t, readOFD(t, b).Has("Doc_0/Signs/Sign_3/Signature.xml"))
	require.NoError(t, w.judgeOFD(b))
}

func TestSealThenClose(t *testing.T) {
	t.Parallel()
	w := newSealWorld(t)
	o := openOFD(t, marshal(t, document(2)))
	require.NoError(t, o.Seal(t.Context(), w.order(t, place(1, 10, 10), place(2, 10, 10))))
	once := written(t, o)

	o = openOFD(t, once)
	require.NoError(t, o.Seal(t.Context(), w.order(t, place(2, 100, 10))))
	require.NoError(t, o.SignClosing(t.Context(), w.closer(t)))
	require.ErrorIs(t, o.Seal(t.Context(), w.order(t, place(1, 100, 100))), signing.ErrOFDClosed)
	require.ErrorIs(t, o.SignClosing(t.Context(), w.closer(t)), signing.ErrOFDClosed)
	closed := written(t, o)
	require.NoError(t, w.judgeOFD(closed))
	_, err := signing.OpenOFD(bytes.NewReader(closed), int64(len(closed)), signing.OFDConfig{Now: at(now)})
	require.ErrorIs(t, err, signing.ErrOFDClosed)

	before, after := readOFD(t, once), readOFD(t, closed)
	for _, name := range before.Files() {
		if name == "Doc_0/Signs/Signatures.xml" {
			continue
		}
		want, err := before.ReadFile(name, 1<<20)
		require.NoError(t, err)
		got, err := after.ReadFile(name, 1<<20)
		require.NoError(t, err)
		require.Equal(t, want, got, name)
	}
	list, err := after.Signatures(after.Documents()[0])
	require.NoError(t, err)
	require.Len(t, list.Signatures, 3)
	require.Equal(t, "s006", list.MaxID)
	closing, err := after.ReadSignature(list.Signatures[2])
	require.NoError(t, err)
	require.Empty(t, closing.Stamps)
	coverage, err := after.Coverage(list, 2, closing, nil)
	require.NoError(t, err)
	require.True(t, coverage.CoversList)
	require.Empty(t, coverage.Uncovered)
	require.Len(t, coverage.Files, len(after.Files())-2)

	first, err := after.ReadSignature(list.Signatures[0])
	require.NoError(t, err)
	coverage, err = after.Coverage(list, 0, first, nil)
	require.NoError(t, err)
	require.Equal(t, []string{list.File}, coverage.Uncovered)
	require.Len(t, coverage.Added, 5) // the second seal with its picture, the closing signature
}

// TestLeaveRootOpen: a later version of the document changes OFD.xml, and this seal still holds.
func TestLeaveRootOpen(t *testing.T) {
	t.Parallel()
	w := newSealWorld(t)
	o := openOFD(t, marshal(t, document(1)))
	order := w.order(t, place(1, 10, 10))
	order.LeaveRootOpen = true
	require.NoError(t, o.Seal(t.Context(), order))
	p := readOFD(t, written(t, o))
	list, err := p.Signatures(p.Documents()[0])
	require.NoError(t, err)
	s, err := p.ReadSignature(list.Signatures[0])
	require.NoError(t, err)
	coverage, err := p.Coverage(list, 0, s, nil)
	require.NoError(t, err)
	require.Equal(t, []string{"OFD.xml", "Doc_0/Signs/Signatures.xml"}, coverage.Uncovered)
}

// TestTwoDocuments: each document of a package has its own list, which the other's signatures leave open.
func TestTwoDocuments(t *testing.T) {
	t.Parallel()
	w := newSealWorld(t)
	files := document(1)
	second := document(1)
	for _, f := range second[1:] {
		files = append(files, ofd.File{Name: strings.Replace(f.Name, "Doc_0", "Doc_1", 1), Data: f.Data})
	}
	files[0].Data = bytes.Replace(files[0].Data, []byte("</ofd:OFD>"),
		[]byte("<ofd:DocBody><ofd:DocRoot>Doc_1/Document.xml</ofd:DocRoot></ofd:DocBody></ofd:OFD>"), 1)
	open := func(b []byte, document int) (*signing.OFD, error) {
		return signing.OpenOFD(bytes.NewReader(b), int64(len(b)), signing.OFDConfig{Now: at(now), Document: document})
	}
	seal := func(b []byte, document int, leaveRoot bool) []byte {
		o, err := open(b, document)
		require.NoError(t, err)
		order := w.order(t, place(1, 10, 10))
		order.LeaveRootOpen = leaveRoot
		require.NoError(t, o.Seal(t.Context(), order))
		return written(t, o)
	}
	first := seal(marshal(t, files), 0, false)
	_, err := open(first, 1)
	require.ErrorIs(t, err, signing.ErrOFDClosed, "the first protects OFD.xml, where the second would have to be named")

	b := seal(seal(seal(marshal(t, files), 0, true), 1, false), 0, false)
	p := readOFD(t, b)
	for _, d := range p.Documents() {
		list, err := p.Signatures(d)
		require.NoError(t, err)
		require.Len(t, list.Signatures, 2-d.Index)
		for i, ref := range list.Signatures {
			s, err := p.ReadSignature(ref)
			require.NoError(t, err)
			c, err := p.Coverage(list, i, s, nil)
			require.NoError(t, err)
			require.True(t, c.Complete(), "%s %s", d.Root, ref.ID)
		}
	}
}

// TestRidingSeam: the slices of each group of pages are the whole seal, at the right edge.
func TestRidingSeam(t *testing.T) {
	t.Parallel()
	w := newSealWorld(t)
	for _, c := range []struct{ pages, groups int }{{2, 1}, {5, 1}, {14, 1}, {15, 2}, {29, 3}} {
		t.Run(strconv.Itoa(c.pages), func(t *testing.T) {
			t.Parallel()
			o := openOFD(t, marshal(t, document(c.pages)))
			stamps, err := o.RidingSeam(42, 42, 40)
			require.NoError(t, err)
			require.Len(t, stamps, c.pages)
			total := 0.0
			for i, s := range stamps {
				require.Equal(t, i+1, s.Page)
				require.InDelta(t, 210, s.Box.X+s.Clip.X+s.Clip.W, 1e-9, "ends at the edge")
				require.InDelta(t, 40, s.Box.Y, 1e-9)
				require.InDelta(t, 42, s.Clip.H, 1e-9)
				require.GreaterOrEqual(t, s.Clip.W, 3.0)
				require.InDelta(t, total-42*float64(int(total/42+1e-9)), s.Clip.X, 1e-6, "goes on where the last ended")
				total += s.Clip.W
			}
			require.InDelta(t, 42*float64(c.groups), total, 1e-6)
			require.NoError(t, o.Seal(t.Context(), w.order(t, stamps...)))
			require.NoError(t, w.judgeOFD(written(t, o)))
		})
	}
	_, err := openOFD(t, marshal(t, document(1))).RidingSeam(42, 42, -1)
	require.ErrorIs(t, err, signing.ErrPlace)
	stamps, err := openOFD(t, marshal(t, document(2))).RidingSeam(42, 42, -1)
	require.NoError(t, err)
	require.InDelta(t, 297.0/2-21, stamps[0].Box.Y, 1e-9, "in the middle")
}

// TestAtText: the seal is centred over the words, on the page.
func TestAtText(t *testing.T) {
	t.Parallel()
	w := newSealWorld(t)
	o := openOFD(t, marshal(t, document(2)))
	stamps, err := o.AtText("盖章处", 42, 42)
	require.NoError(t, err)
	require.Len(t, stamps, 2)
	// Characters 3 to 5 of 5 mm each, from x = 20 + 10; the base line is at 30 + 5.
	require.Equal(t, 1, stamps[0].Page)
	require.InDelta(t, 37.5-21, stamps[0].Box.X, 1e-9)
	require.InDelta(t, 35-0.85*5+2.5-21, stamps[0].Box.Y, 1e-9)
	require.Equal(t, 2, stamps[1].Page)
	require.InDelta(t, stamps[0].Box.Y+10, stamps[1].Box.Y, 1e-9)
	require.NoError(t, o.Seal(t.Context(), w.order(t, stamps...)))
	require.NoError(t, w.judgeOFD(written(t, o)))

	_, err = o.AtText("别处", 42, 42)
	require.ErrorIs(t, err, signing.ErrPlace)
	stamps, err = o.AtText("请", 100, 100)
	require.NoError(t, err)
	require.Zero(t, stamps[0].Box.X, "moved onto the page")
}

// TestSealRefuses what is on no page or lacks something, and then nothing was added.
func TestSealRefuses(t *testing.T) {
	t.Parallel()
	w := newSealWorld(t)
	good := w.order(t, place(1, 10, 10))
	with := func(f func(*signing.SealOrder)) signing.SealOrder {
		order := good
		f(&order)
		return order
	}
	failed := errors.New("no key today")
	for _, c := range []struct {
		name  string
		order signing.SealOrder
		want  error
	}{
		{"no maker of signatures", with(func(o *signing.SealOrder) { o.Value = nil }), signing.ErrConfig},
		{"no place", with(func(o *signing.SealOrder) { o.Stamps = nil }), signing.ErrPlace},
		{"page 0", w.order(t, place(0, 10, 10)), signing.ErrPlace},
		{"page 2 of 1", w.order(t, place(2, 10, 10)), signing.ErrPlace},
		{"left of the page", w.order(t, place(1, -1, 10)), signing.ErrPlace},
		{"over the edge", w.order(t, place(1, 180, 10)), signing.ErrPlace},
		{"below the page", w.order(t, place(1, 10, 290)), signing.ErrPlace},
		{"no size", w.order(t, signing.Stamp{Page: 1}), signing.ErrPlace},
		{"twice in one place", w.order(t, place(1, 10, 10), place(1, 10, 10)), signing.ErrPlace},
		{"the key fails", with(func(o *signing.SealOrder) { o.Value = failing{failed} }), failed},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			o := openOFD(t, marshal(t, document(1)))
			require.ErrorIs(t, o.Seal(t.Context(), c.order), c.want)
			require.NoError(t, o.Seal(t.Context(), good), "nothing of it is left")
			again := openOFD(t, marshal(t, document(1)))
			require.NoError(t, again.Seal(t.Context(), good))
			require.Equal(t, readOFD(t, written(t, again)).Files(), readOFD(t, written(t, o)).Files())
			require.NoError(t, w.judgeOFD(written(t, o)))
		})
	}
	o := openOFD(t, marshal(t, document(1)))
	require.ErrorIs(t, o.SignClosing(t.Context(), nil), signing.ErrConfig)
	require.ErrorIs(t, o.SignClosing(t.Context(), newSigner(t, w.config())), signing.ErrConfig, "no certificates")
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, o.Seal(ended, good), context.Canceled)
}

type failing struct{ err error }

// Value implements signing.SealValuer.
func (f failing) Value(context.Context, []byte, string) ([]byte, error) { return nil, f.err }

// TestOpenOFDRefuses documents on which no seal should be put.
func TestOpenOFDRefuses(t *testing.T) {
	t.Parallel()
	w := newSealWorld(t)
	o := openOFD(t, marshal(t, document(2)))
	require.NoError(t, o.Seal(t.Context(), w.order(t, place(1, 10, 10))))
	sealed := written(t, o)
	sealedFiles := func(edit func([]ofd.File) []ofd.File) []byte {
		p := readOFD(t, sealed)
		var files []ofd.File
		for _, name := range p.Files() {
			b, err := p.ReadFile(name, 1<<20)
			require.NoError(t, err)
			files = append(files, ofd.File{Name: name, Data: b})
		}
		return marshal(t, edit(files))
	}
	change := func(name, from, to string) func([]ofd.File) []ofd.File {
		return func(files []ofd.File) []ofd.File {
			for i := range files {
				if files[i].Name == name {
					require.Contains(t, string(files[i].Data), from)
					files[i].Data = []byte(strings.ReplaceAll(string(files[i].Data), from, to))
				}
			}
			return files
		}
	}
	const signatureFile, listFile = "Doc_0/Signs/Sign_0/Signature.xml", "Doc_0/Signs/Signatures.xml"
	for _, c := range []struct {
		name string
		b    []byte
		want error
	}{
		{"a page was changed", sealedFiles(change("Doc_0/Pages/Page_1/Content.xml", "请", "不")), signing.ErrOFDBroken},
		{"a page is gone", sealedFiles(func(f []ofd.File) []ofd.File {
			f = change("Doc_0/Document.xml", `<ofd:PublicRes>PublicRes.xml</ofd:PublicRes>`, "")(f)
			return slices.DeleteFunc(f, func(f ofd.File) bool { return f.Name == "Doc_0/PublicRes.xml" })
		}), signing.ErrOFDBroken},
		{"signatures were stripped", sealedFiles(func(f []ofd.File) []ofd.File {
			return slices.DeleteFunc(f, func(f ofd.File) bool { return f.Name == listFile })
		}), signing.ErrOFDBroken},
		{"a signature was stripped", sealedFiles(func(f []ofd.File) []ofd.File {
			return slices.DeleteFunc(f, func(f ofd.File) bool { return f.Name == signatureFile })
		}), signing.ErrOFDBroken},
		{"a digest that is not computed", sealedFiles(change(signatureFile, "1.2.156.10197.1.401", "MD5")), signing.ErrOFDBroken},
		{"such a list in another case", marshal(t, append(document(1), ofd.File{Name: "Doc_0/signs/SIGNATURES.xml"})), signing.ErrOFDBroken},
		{"a file for a folder", marshal(t, append(document(1), ofd.File{Name: "Doc_0/Signs"})), signing.ErrOFDBroken},
		{"a list that belongs to nothing", marshal(t, append(document(1), ofd.File{Name: listFile})), signing.ErrOFDBroken},
		{"a package that lists its files", marshal(t, append(document(1), ofd.File{Name: ofd.EntriesFile})), signing.ErrOFDClosed},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := signing.OpenOFD(bytes.NewReader(c.b), int64(len(c.b)), signing.OFDConfig{Now: at(now)})
			require.ErrorIs(t, err, c.want)
		})
	}
	_, err := signing.OpenOFD(bytes.NewReader(sealed), int64(len(sealed)), signing.OFDConfig{})
	require.ErrorIs(t, err, signing.ErrConfig)
	_, err = signing.OpenOFD(bytes.NewReader(sealed), int64(len(sealed)), signing.OFDConfig{Now: at(now), Document: 1})
	require.ErrorIs(t, err, signing.ErrConfig)
}

// TestDuplicateStamps: two signatures that call their stamps the same are not added to.
func TestDuplicateStamps(t *testing.T) {
	t.Parallel()
	w := newSealWorld(t)
	files := document(1)
	digests := func() (refs []ofd.Reference) {
		for _, f := range files[1:4] {
			digest := sm3.Sum(f.Data)
			refs = append(refs, ofd.Reference{Path: "/" + f.Name, Value: digest[:]})
		}
		return refs
	}()
	list, err := ofd.NewSignatureList("Doc_0/Signs/Signatures.xml")
	require.NoError(t, err)
	for i, stamp := range []string{"s001", "s001"} {
		folder := "Doc_0/Signs/Sign_" + strconv.Itoa(i)
		xml, err := ofd.MarshalSignature(&ofd.Signature{
			Provider: ofd.Provider{Name: "示例"}, Time: now, References: digests, SignedValue: "/" + folder + "/SignedValue.dat",
			Stamps: []ofd.Stamp{{ID: stamp, PageRef: "100", Boundary: ofd.Box{W: 1, H: 1}}},
		})
		require.NoError(t, err)
		files = append(files, ofd.File{Name: folder + "/Signature.xml", Data: xml}, ofd.File{Name: folder + "/SignedValue.dat"})
		b, err := list.Add(ofd.SignatureRef{ID: "s01" + strconv.Itoa(i), Type: "Seal", Location: "/" + folder + "/Signature.xml"}, "s011")
		require.NoError(t, err)
		list, err = ofd.ParseSignatureList(list.File, b)
		require.NoError(t, err)
		if i == 1 {
			files = append(files, ofd.File{Name: list.File, Data: b})
		}
	}
	files[0].Data = bytes.Replace(files[0].Data, []byte("</ofd:DocBody>"), []byte("<ofd:Signatures>/"+list.File+"</ofd:Signatures></ofd:DocBody>"), 1)
	b := marshal(t, files)
	_, err = signing.OpenOFD(bytes.NewReader(b), int64(len(b)), signing.OFDConfig{Now: at(now)})
	require.ErrorIs(t, err, signing.ErrPlace)

	for i := range files {
		if files[i].Name == "Doc_0/Signs/Sign_1/Signature.xml" {
			files[i].Data = bytes.Replace(files[i].Data, []byte(`"s001"`), []byte(`"s009"`), 1)
		}
	}
	o := openOFD(t, marshal(t, files))
	require.NoError(t, o.Seal(t.Context(), w.order(t, place(1, 10, 10))))
	p := readOFD(t, written(t, o))
	got, err := p.Signatures(p.Documents()[0])
	require.NoError(t, err)
	require.Equal(t, "s013", got.MaxID)
	require.Equal(t, "Doc_0/Signs/Sign_2/Signature.xml", got.Signatures[2].File)
}

// TestSealProductions: production files that were sealed by others take one more seal, and theirs still hold.
func TestSealProductions(t *testing.T) {
	t.Parallel()
	root := os.Getenv("ELICENSE_TESTDATA")
	if root == "" {
		t.Skip("ELICENSE_TESTDATA is not set: no files of others to seal")
	}
	w := newSealWorld(t)
	for name, want := range map[string]error{
		"hbh-ofd/tests/files/test3.ofd":                                    nil,
		"hbh-ofd/tests/files/test4.ofd":                                    nil, // 11 pages, not signed
		"ofdrw/ofdrw-converter/src/test/resources/999.ofd":                 nil,
		"ofdrw/ofdrw-sign/src/test/resources/v4signed.ofd":                 nil,
		"ofdrw/ofdrw-sign/src/test/resources/DigitalSign.ofd":              nil,
		"ofdsharp/src/UnitTests/Files/test1.ofd":                           nil,
		"ofdsharp/src/UnitTests/Files/test.ofd":                            signing.ErrOFDClosed,
		"ofdrw/ofdrw-converter/src/test/resources/V4RideRight.ofd":         signing.ErrOFDClosed,
		"ofdrw/ofdrw-sign/src/test/resources/allprotected.ofd":             signing.ErrOFDClosed,
		"ofdrw/ofdrw-converter/src/test/resources/发票示例.ofd":                signing.ErrOFDBroken,
		"ofdrw/ofdrw-converter/src/test/resources/n.ofd":                   signing.ErrOFDBroken, // digests over Z
		"ofdrw/ofdrw-layout/src/test/resources/fptpl.ofd":                  signing.ErrOFDBroken, // stripped
		"ofdrw/ofdrw-reader/src/test/resources/multiKeywordInTextCode.ofd": nil,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, err := os.ReadFile(filepath.Join(root, name))
			require.NoError(t, err)
			o, err := signing.OpenOFD(bytes.NewReader(b), int64(len(b)), signing.OFDConfig{Now: at(now)})
			if want != nil {
				require.ErrorIs(t, err, want)
				return
			}
			require.NoError(t, err)
			require.NoError(t, o.Seal(t.Context(), w.order(t, place(o.Pages(), 10, 10))))
			p := readOFD(t, written(t, o))
			list, err := p.Signatures(p.Documents()[0])
			require.NoError(t, err)
			for i, ref := range list.Signatures {
				s, err := p.ReadSignature(ref)
				require.NoError(t, err)
				coverage, err := p.Coverage(list, i, s, nil)
				require.NoError(t, err)
				require.True(t, coverage.Complete(), "%s: %+v", ref.ID, coverage)
			}
			require.NoError(t, w.judgeValue(p, list.Signatures[len(list.Signatures)-1], last(t, p, list)))
		})
	}
}

func last(t *testing.T, p *ofd.Package, list *ofd.SignatureList) *ofd.Signature {
	t.Helper()
	s, err := p.ReadSignature(list.Signatures[len(list.Signatures)-1])
	require.NoError(t, err)
	return s
}

// TestListFiles: the list names every file of the package, those of the signature that it came with too, and is the last
// that is written.
func TestListFiles(t *testing.T) {
	t.Parallel()
	w := newSealWorld(t)
	o := openOFD(t, marshal(t, document(1)))
	require.ErrorIs(t, o.ListFiles(nil), signing.ErrConfig)
	require.ErrorIs(t, o.ListFiles(newSigner(t, w.config())), signing.ErrConfig, "no certificates")
	require.NoError(t, o.ListFiles(w.closer(t)))
	require.NoError(t, o.Seal(t.Context(), w.order(t, place(1, 10, 10))))
	require.ErrorIs(t, o.Seal(t.Context(), w.order(t, place(1, 100, 100))), signing.ErrOFDClosed)
	require.ErrorIs(t, o.ListFiles(w.closer(t)), signing.ErrOFDClosed)
	b := written(t, o)
	require.NoError(t, w.judgeOFD(b))
	p := readOFD(t, b)
	list, raw, found, err := p.Entries()
	require.NoError(t, err)
	require.True(t, found)
	missing, unlisted := p.CheckEntries(list)
	require.Empty(t, missing)
	require.Empty(t, unlisted)
	require.Len(t, list.Files, len(p.Files())-2)
	value, err := p.ReadFile("OFDEntries.dat", 1<<20)
	require.NoError(t, err)
	data, err := cms.Parse(value)
	require.NoError(t, err)
	digest := sm3.Sum(raw)
	require.Equal(t, digest[:], data.Content)
	_, err = signing.OpenOFD(bytes.NewReader(b), int64(len(b)), signing.OFDConfig{Now: at(now)})
	require.ErrorIs(t, err, signing.ErrOFDClosed)
	taken := openOFD(t, marshal(t, append(document(1), ofd.File{Name: "OFDEntries.dat"})))
	require.ErrorIs(t, taken.ListFiles(w.closer(t)), signing.ErrOFDBroken)
}

// TestOFDCheckAccepts: an independent checker accepts what is sealed here, strictly and with the chain; of the damaged and
// hostile variants that another program makes of it, both that checker and a careful reader here accept the untouched one
// alone.
func TestOFDCheckAccepts(t *testing.T) {
	c := newCheckers(t)
	w := newSealWorld(t)
	ca := c.file("ca.pem", pki.AppendPEM(nil, append([]*pki.Certificate{w.root.Certificate()}, w.issuing.Certificate())...))
	kinds := []string{"closed", "one", "riding", "listed"}
	if testing.Short() { // each variant is a process with many of its own
		kinds = kinds[:1]
	}
	for _, kind := range kinds {
		o := openOFD(t, marshal(t, document(3)))
		stamps := []signing.Stamp{place(1, 140, 230)}
		if kind == "riding" {
			var err error
			stamps, err = o.RidingSeam(42, 42, -1)
			require.NoError(t, err)
		}
		if kind == "listed" {
			require.NoError(t, o.ListFiles(w.closer(t)))
		}
		require.NoError(t, o.Seal(t.Context(), w.order(t, stamps...)))
		if kind == "closed" {
			require.NoError(t, o.Seal(t.Context(), w.order(t, place(2, 140, 230))))
			require.NoError(t, o.SignClosing(t.Context(), w.closer(t)))
		}
		sealed := written(t, o)
		require.NoError(t, w.judgeOFD(sealed))
		file := c.file(kind+".ofd", sealed)
		c.accepts("ofdcheck", "--strict", "--ca", ca, file)

		variants := filepath.Join(c.directory, kind)
		require.NoError(t, os.Mkdir(variants, 0o700))
		c.accepts("tamper-ofd", file, variants)
		found, err := filepath.Glob(filepath.Join(variants, "*.ofd"))
		require.NoError(t, err)
		require.Greater(t, len(found), 15)
		for _, variant := range found {
			b, err := os.ReadFile(variant)
			require.NoError(t, err)
			if filepath.Base(variant) == "ok.ofd" {
				require.NoError(t, w.judgeOFD(b))
				c.accepts("ofdcheck", "--strict", "--ca", ca, variant)
				continue
			}
			require.Error(t, w.judgeOFD(b), variant)
			c.refuses("ofdcheck", "--strict", "--ca", ca, variant)
		}
	}
}

// TestOFDCheckAcceptsLaterList: a list of files that comes with the closing signature lies outside of the seals before it,
// as whatever is added later does. The checker accepts the package but where it is told that each seal must cover every
// file.
func TestOFDCheckAcceptsLaterList(t *testing.T) {
	c := newCheckers(t)
	w := newSealWorld(t)
	ca := c.file("ca.pem", pki.AppendPEM(nil, append([]*pki.Certificate{w.root.Certificate()}, w.issuing.Certificate())...))
	o := openOFD(t, marshal(t, document(3)))
	require.NoError(t, o.Seal(t.Context(), w.order(t, place(1, 140, 230))))
	require.NoError(t, o.ListFiles(w.closer(t)))
	require.NoError(t, o.SignClosing(t.Context(), w.closer(t)))
	file := c.file("listed.ofd", written(t, o))
	c.accepts("ofdcheck", "--ca", ca, file)
	c.refuses("ofdcheck", "--strict", "--ca", ca, file)
}
