package verify_test

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"image"
	"image/png"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/internal/ofd"
	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/pki/ca"
	"github.com/elicense/elicense/signing"
	"github.com/elicense/elicense/verify"
)

// sealWorld is a world with a maker of seals and a department that has one.
type sealWorld struct {
	*world
	maker, department node
	seal              []byte
	picture           []byte // of seals that are made; nil: a dot
}

func newSealWorld(t testing.TB) *sealWorld {
	t.Helper()
	w := &sealWorld{world: newWorld(t)}
	w.maker = w.enrol(ca.ProfileSealMaker, fixtures.Authority())
	w.department = w.enrol(ca.ProfileSeal, fixtures.Departments()[0])
	w.seal = w.makeSeal(w.maker, w.department)
	return w
}

func (w *sealWorld) makeSeal(maker, holder node) []byte {
	w.t.Helper()
	if w.picture == nil {
		var dot bytes.Buffer
		require.NoError(w.t, png.Encode(&dot, image.NewGray(image.Rect(0, 0, 1, 1))))
		w.picture = dot.Bytes()
	}
	m, err := signing.NewSealMaker(signing.SealMakerConfig{
		Key: maker.key, Chain: maker.chain, Rand: rand.Reader, Now: func() time.Time { return w.now },
	})
	require.NoError(w.t, err)
	der, err := m.Make(w.t.Context(), signing.SealSpec{
		ID: "35000000000001", Name: holder.cert().Holder.Name + signing.ApprovalSeal, Usage: signing.ApprovalSeal,
		Signers: []*pki.Certificate{holder.cert()}, ValidFrom: w.now, ValidUntil: w.now.AddDate(1, 0, 0),
		Picture: signing.SealPicture{Type: "png", Data: w.picture, WidthMM: 42, HeightMM: 42},
	})
	require.NoError(w.t, err)
	return der
}

const ofdSpace = ` xmlns:ofd="http://www.ofdspec.org/2016"`

// page is a document of one page.
func page(more ...ofd.File) []ofd.File {
	return append([]ofd.File{
		{Name: "OFD.xml", Data: []byte(`<ofd:OFD` + ofdSpace + ` Version="1.1" DocType="OFD"><ofd:DocBody><ofd:DocInfo>` +
			`<ofd:DocID>00000000000000000000000000000001</ofd:DocID></ofd:DocInfo><ofd:DocRoot>Doc_0/Document.xml</ofd:DocRoot>` +
			`</ofd:DocBody></ofd:OFD>`)},
		{Name: "Doc_0/Document.xml", Data: []byte(`<ofd:Document` + ofdSpace + `><ofd:CommonData><ofd:MaxUnitID>99</ofd:MaxUnitID>` +
			`<ofd:PageArea><ofd:PhysicalBox>0 0 210 297</ofd:PhysicalBox></ofd:PageArea></ofd:CommonData><ofd:Pages>` +
			`<ofd:Page ID="1" BaseLoc="Pages/Page_0/Content.xml"/></ofd:Pages></ofd:Document>`)},
		{Name: "Doc_0/Pages/Page_0/Content.xml", Data: []byte(`<ofd:Page` + ofdSpace + `><ofd:Content></ofd:Content></ofd:Page>`)},
	}, more...)
}

func (w *sealWorld) sealer(n node) *signing.Sealer {
	w.t.Helper()
	s, err := signing.NewSealer(signing.SealerConfig{
		Key: n.key, Chain: n.chain, Rand: rand.Reader, Now: func() time.Time { return now.Add(-time.Hour) }, Seal: w.seal,
	})
	require.NoError(w.t, err)
	return s
}

// sealed seals a package in one place, and closes it if told so.
func (w *sealWorld) sealed(files []ofd.File, closing *signing.Signer) []byte {
	w.t.Helper()
	b, err := ofd.Marshal(files)
	require.NoError(w.t, err)
	o, err := signing.OpenOFD(bytes.NewReader(b), int64(len(b)), signing.OFDConfig{
		Now: func() time.Time { return now.Add(-time.Hour) },
	})
	require.NoError(w.t, err)
	require.NoError(w.t, o.Seal(w.t.Context(), signing.SealOrder{
		Value: w.sealer(w.department), Seal: w.seal,
		Stamps: []signing.Stamp{{Page: 1, Box: signing.Box{X: 140, Y: 220, W: 42, H: 42}}},
	}))
	if closing != nil {
		require.NoError(w.t, o.SignClosing(w.t.Context(), closing))
	}
	var out bytes.Buffer
	require.NoError(w.t, o.Write(&out))
	return out.Bytes()
}

func (w *sealWorld) sealVerifier(edit func(*verify.Config), list ...revoked) *verify.Verifier {
	return w.verifier(func(c *verify.Config) {
		c.Intermediates = pki.NewPool(w.issuing.cert())
		if edit != nil {
			edit(c)
		}
	}, list...)
}

// TestOFD_A26: a sealed document passes when seal, maker, signer and cover all hold; the first two lines say so.
func TestOFD_A26(t *testing.T) {
	w := newSealWorld(t)
	for name, closing := range map[string]*signing.Signer{"open": nil, "closed": w.signer(w.department, nil)} {
		t.Run(name, func(t *testing.T) {
			doc := w.sealed(page(), closing)
			r := w.judge(w.sealVerifier(nil), doc)
			require.Equal(t, verify.KindOFD, r.Kind)
			require.Equal(t, verify.TotalPassed, r.Indication, "%s %s %v", r.Headline, r.SubIndication, r.Checks)
			decision, reason := r.Headlines("zh")
			require.Equal(t, "可以受理 / ACCEPT", decision)
			require.Contains(t, reason, "签章有效")
			require.Empty(t, r.OtherReaders("zh"))
			require.Equal(t, fixtures.Departments()[0].Name, r.Fact("signer"))
		})
	}
}

// rewrite takes a package apart and puts it together as edit left it, as somebody who tampers does.
func rewrite(t testing.TB, doc []byte, edit func([]ofd.File) []ofd.File) []byte {
	t.Helper()
	p, err := ofd.Open(bytes.NewReader(doc), int64(len(doc)))
	require.NoError(t, err)
	var files []ofd.File
	for _, name := range p.Files() {
		data, err := p.ReadFile(name, 1<<20)
		require.NoError(t, err)
		files = append(files, ofd.File{Name: name, Data: data})
	}
	out, err := ofd.Marshal(edit(files))
	require.NoError(t, err)
	return out
}

// change edits the one file whose name ends so.
func change(end string, f func([]byte) []byte) func([]ofd.File) []ofd.File {
	return func(files []ofd.File) []ofd.File {
		hit := 0
		for i := range files {
			if strings.HasSuffix(files[i].Name, end) {
				files[i].Data = f(bytes.Clone(files[i].Data))
				hit++
			}
		}
		if hit != 1 {
			panic(fmt.Sprintf("%d files end in %s", hit, end))
		}
		return files
	}
}

func lastByte(b []byte) []byte {
	b[len(b)-1] ^= 1
	return b
}

// TestOFDTampered: each way of changing a sealed package is found, for the reason it is wrong.
func TestOFDTampered(t *testing.T) {
	w := newSealWorld(t)
	doc := w.sealed(page(), nil)
	for name, test := range map[string]struct {
		edit func([]ofd.File) []ofd.File
		id   string
		sub  verify.SubIndication
	}{
		"page": {change("Page_0/Content.xml", func(b []byte) []byte { return append(b, ' ') }), "description.files", verify.HashFailure},
		"page gone": {func(f []ofd.File) []ofd.File {
			return append(f[:2:2], f[3:]...)
		}, "description.files", verify.HashFailure},
		"description": {change("Signature.xml", func(b []byte) []byte { return append(b, '\n') }), "signature.digest", verify.HashFailure},
		"value":       {change("SignedValue.dat", lastByte), "signature.signature", verify.SigCryptoFailure},
		"value longer": {change("SignedValue.dat", func(b []byte) []byte { return append(b, 0, 0) }), "seal.text",
			verify.FormatFailure},
		"seal beside": {change("Seal.esl", lastByte), "seal.beside", verify.SigConstraintsFailure},
		"file more": {func(f []ofd.File) []ofd.File {
			return append(f, ofd.File{Name: "Doc_0/More.xml", Data: []byte("<x/>")})
		},
			"package.extra", verify.SigConstraintsFailure},
		"list gone": {func(f []ofd.File) []ofd.File {
			var out []ofd.File
			for _, file := range f {
				if !strings.HasSuffix(file.Name, "Signatures.xml") {
					out = append(out, file)
				}
			}
			return out
		}, "package.signed", verify.SignedDataNotFound},
		"named no more": {change("OFD.xml", func(b []byte) []byte {
			from := bytes.Index(b, []byte("<ofd:Signatures>"))
			to := bytes.Index(b, []byte("</ofd:Signatures>")) + len("</ofd:Signatures>")
			return append(b[:from:from], b[to:]...)
		}), "package.signed", verify.SignedDataNotFound},
	} {
		t.Run(name, func(t *testing.T) {
			r := w.judge(w.sealVerifier(nil), rewrite(t, doc, test.edit))
			require.Equal(t, verify.TotalFailed, r.Indication)
			c, ok := r.Check(test.id)
			require.True(t, ok, "%s: %v", test.id, r.Checks)
			require.Equal(t, verify.CheckFailed, c.Status)
			require.Equal(t, test.sub, c.Sub)
			require.NotEmpty(t, r.Notice("zh"))
		})
	}
}
