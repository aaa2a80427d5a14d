package ofd_test

import (
	"bytes"
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm3"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/ofd"
)

const signatureFile = "Doc_0/Signs/Sign_0/Signature.xml"

var signedAt = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)

func digestOf(data string) []byte {
	sum := sm3.Sum([]byte(data))
	return sum[:]
}

// sample is a signature with everything that is written.
func sample() *ofd.Signature {
	return &ofd.Signature{
		Provider: ofd.Provider{Name: `示例 "<&>"`, Version: "1", Company: "c"}, Time: signedAt,
		References: []ofd.Reference{
			{Path: "/Doc_0/Document.xml", Value: digestOf(rootXML)}, {Path: "/Doc_0/图 & 表.xml", Value: digestOf("x")},
		},
		Stamps: []ofd.Stamp{
			{ID: "s001", PageRef: "1", Boundary: ofd.Box{X: 202, Y: 40.5, W: 40, H: 40}, Clip: &ofd.Box{W: 8, H: 40}},
			{ID: "s002", PageRef: "2", Boundary: ofd.Box{X: -0.0001, Y: 1.23456, W: 40, H: 40}},
		},
		Seal: "/Doc_0/Signs/Sign_0/Seal.esl", SignedValue: "/Doc_0/Signs/Sign_0/SignedValue.dat",
	}
}

// TestSignatureRoundTrip: what is written is read as it was, without a tolerance.
func TestSignatureRoundTrip(t *testing.T) {
	t.Parallel()
	b, err := ofd.MarshalSignature(sample())
	require.NoError(t, err)
	got, err := ofd.ParseSignature(signatureFile, b)
	require.NoError(t, err)
	want := sample()
	want.File, want.Raw, want.Method, want.DateTime, want.CheckMethod, want.Digest =
		signatureFile, b, "1.2.156.10197.1.501", "2026-03-01T09:00:00Z", "1.2.156.10197.1.401", ofd.SM3
	want.Stamps[1].Boundary = ofd.Box{X: 0, Y: 1.235, W: 40, H: 40}
	require.Empty(t, cmp.Diff(want, got, cmpopts.IgnoreUnexported(ofd.Signature{})))
	again, err := ofd.MarshalSignature(got)
	require.NoError(t, err)
	require.Equal(t, string(b), string(again))
}

func TestMarshalSignatureRefuses(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]func(s *ofd.Signature){
		"no time":              func(s *ofd.Signature) { s.Time = time.Time{} },
		"no value":             func(s *ofd.Signature) { s.SignedValue = "" },
		"no provider":          func(s *ofd.Signature) { s.Provider.Name = "" },
		"no references":        func(s *ofd.Signature) { s.References = nil },
		"a relative reference": func(s *ofd.Signature) { s.References[0].Path = "Document.xml" },
		"a reference twice":    func(s *ofd.Signature) { s.References[1].Path = s.References[0].Path },
		"a short digest":       func(s *ofd.Signature) { s.References[0].Value = []byte{1} },
		"a stamp twice":        func(s *ofd.Signature) { s.Stamps[1].ID = "s001" },
		"a stamp without name": func(s *ofd.Signature) { s.Stamps[1].ID = "" },
		"a stamp on no page":   func(s *ofd.Signature) { s.Stamps[1].PageRef = "" },
		"a stamp without size": func(s *ofd.Signature) { s.Stamps[1].Boundary.W = 0 },
		"a control character":  func(s *ofd.Signature) { s.Provider.Company = "\x01" },
	} {
		s := sample()
		f(s)
		b, err := ofd.MarshalSignature(s)
		require.ErrorIs(t, err, &ofd.Error{Reason: ofd.ReasonInput}, name)
		require.Nil(t, b, name)
	}
}

// foreign is a Signature.xml as others write it; each value may be replaced.
const foreign = head + `<ofd:Signature` + space + `><ofd:SignedInfo><ofd:Provider ProviderName="p" Version="v" Company="c"/>` +
	`<ofd:SignatureMethod>1.2.156.10197.1.501</ofd:SignatureMethod><ofd:SignatureDateTime>20260301090000Z</ofd:SignatureDateTime>` +
	`<ofd:References CheckMethod="1.2.156.10197.1.401"><ofd:Reference FileRef="/Doc_0/Document.xml"><ofd:CheckValue>AQI=</ofd:CheckValue>` +
	`</ofd:Reference></ofd:References><ofd:StampAnnot ID="1" PageRef="1" Boundary="0 0 40 40"/><ofd:Seal><ofd:BaseLoc>Seal.esl</ofd:BaseLoc>` +
	`<ofd:ImageLoc>a.png</ofd:ImageLoc></ofd:Seal></ofd:SignedInfo><ofd:SignedValue>SignedValue.dat</ofd:SignedValue></ofd:Signature>`

// TestParseSignature: the forms of products in use, each by its name.
func TestParseSignature(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, from, to, tolerances string
		check                      func(r *require.Assertions, s *ofd.Signature)
	}{
		{"as the standard", "", "", "", func(r *require.Assertions, s *ofd.Signature) {
			r.Equal(ofd.Provider{Name: "p", Version: "v", Company: "c"}, s.Provider)
			r.Equal(signedAt, s.Time)
			r.Equal([]ofd.Reference{{Path: "/Doc_0/Document.xml", Value: []byte{1, 2}}}, s.References)
			r.Equal("Seal.esl", s.Seal)
			r.Equal("a.png", s.SealImage)
			r.Equal("SignedValue.dat", s.SignedValue)
		}},
		{"elements in Provider", `<ofd:Provider ProviderName="p" Version="v" Company="c"/>`, `<ofd:Provider><ofd:ProviderName>p</ofd:ProviderName><ofd:Version>v</ofd:Version><ofd:x/></ofd:Provider>`, "provider", func(r *require.Assertions, s *ofd.Signature) {
			r.Equal(ofd.Provider{Name: "p", Version: "v"}, s.Provider)
		}},
		{"a date and a time", "20260301090000Z", "2026-03-01 09:00:00", "date-time", nil},
		{"without a zone", "20260301090000Z", "20260301090000", "date-time", nil},
		{"milliseconds", "20260301090000Z", "20260301090000.000Z", "", nil},
		{"another zone", "20260301090000Z", "2026-03-01T17:00:00+08:00", "", nil},
		{"no time that is known", "20260301090000Z", "yesterday", "date-time", func(r *require.Assertions, s *ofd.Signature) {
			r.Zero(s.Time)
			r.Equal("yesterday", s.DateTime)
		}},
		{"a digest by name", `"1.2.156.10197.1.401"`, `"SM3"`, "method-name", nil},
		{"a signature method by name", "1.2.156.10197.1.501", "SM2", "method-name", nil},
		{"MD5", `"1.2.156.10197.1.401"`, `"MD5"`, "method-name", func(r *require.Assertions, s *ofd.Signature) { r.Equal(ofd.MD5, s.Digest) }},
		{"SHA1", `"1.2.156.10197.1.401"`, `"sha1"`, "method-name", func(r *require.Assertions, s *ofd.Signature) { r.Equal(ofd.SHA1, s.Digest) }},
		{"SHA-256", `"1.2.156.10197.1.401"`, `"2.16.840.1.101.3.4.2.1"`, "", func(r *require.Assertions, s *ofd.Signature) { r.Equal(ofd.SHA256, s.Digest) }},
		{"over Z", `"1.2.156.10197.1.401"`, `"1.2.156.10197.1.401.2"`, "", func(r *require.Assertions, s *ofd.Signature) { r.Equal(ofd.SM3Z, s.Digest) }},
		{"a digest that is not known", `"1.2.156.10197.1.401"`, `"1.2.3"`, "", func(r *require.Assertions, s *ofd.Signature) {
			r.Empty(s.Digest)
			r.Equal("1.2.3", s.CheckMethod)
		}},
		{"no digest named", ` CheckMethod="1.2.156.10197.1.401"`, ``, "no-check-method", func(r *require.Assertions, s *ofd.Signature) { r.Equal(ofd.MD5, s.Digest) }},
		{"a value in lines", "AQI=", "\n A\nQI=\n", "", nil},
		{"no stamp and no seal", foreign[strings.Index(foreign, "<ofd:StampAnnot"):strings.Index(foreign, "</ofd:SignedInfo>")], "", "", func(r *require.Assertions, s *ofd.Signature) {
			r.Empty(s.Stamps)
			r.Empty(s.Seal)
		}},
		{"a clip", `Boundary="0 0 40 40"`, `Boundary="0 0 40 40" Clip="8 0 8 40"`, "", func(r *require.Assertions, s *ofd.Signature) {
			r.Equal(&ofd.Box{X: 8, W: 8, H: 40}, s.Stamps[0].Clip)
		}},
		{"the older namespace", "/2016", "", "namespace", nil},
		{"a mark", head, "\xef\xbb\xbf" + head, "byte-order-mark", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			require.Contains(t, foreign, c.from)
			s, err := ofd.ParseSignature(signatureFile, []byte(strings.Replace(foreign, c.from, c.to, 1)))
			require.NoError(t, err)
			require.Equal(t, c.tolerances, s.Tolerances.String())
			if c.check != nil {
				c.check(require.New(t), s)
			} else {
				require.Equal(t, signedAt, s.Time)
			}
		})
	}
}

func TestParseSignatureRefuses(t *testing.T) {
	t.Parallel()
	info := foreign[strings.Index(foreign, "<ofd:SignedInfo>"):strings.Index(foreign, "<ofd:SignedValue>")]
	references := foreign[strings.Index(foreign, "<ofd:References"):strings.Index(foreign, "<ofd:StampAnnot")]
	reference := foreign[strings.Index(foreign, "<ofd:Reference "):strings.Index(foreign, "</ofd:References>")]
	for _, c := range []struct {
		name, from, to string
		reason         ofd.Reason
	}{
		{"two SignedInfo", info, info + info, ofd.ReasonStructure},
		{"no SignedInfo", info, "", ofd.ReasonStructure},
		{"two lists of references", references, references + references, ofd.ReasonStructure},
		{"no references", references, "", ofd.ReasonStructure},
		{"an empty list of references", reference, "", ofd.ReasonStructure},
		{"a reference twice", reference, reference + reference, ofd.ReasonDuplicate},
		{"a reference without a file", ` FileRef="/Doc_0/Document.xml"`, "", ofd.ReasonStructure},
		{"a reference without a value", "<ofd:CheckValue>AQI=</ofd:CheckValue>", "", ofd.ReasonStructure},
		{"a reference with two values", "<ofd:CheckValue>AQI=</ofd:CheckValue>", "<ofd:CheckValue>AQI=</ofd:CheckValue><ofd:CheckValue>AQI=</ofd:CheckValue>", ofd.ReasonStructure},
		{"a value that is not base64", "AQI=", "A*I=", ofd.ReasonStructure},
		{"a value with loose bits", "AQI=", "AQJ=", ofd.ReasonStructure},
		{"an empty value", "AQI=", "", ofd.ReasonStructure},
		{"something else in a reference", "<ofd:CheckValue>", "<ofd:x/><ofd:CheckValue>", ofd.ReasonStructure},
		{"two signature methods", "<ofd:SignatureMethod>", "<ofd:SignatureMethod>1</ofd:SignatureMethod><ofd:SignatureMethod>", ofd.ReasonStructure},
		{"two signature values", "<ofd:SignedValue>", "<ofd:SignedValue>a</ofd:SignedValue><ofd:SignedValue>", ofd.ReasonStructure},
		{"no signature value", "<ofd:SignedValue>SignedValue.dat</ofd:SignedValue>", "", ofd.ReasonStructure},
		{"two seals", "<ofd:BaseLoc>", "<ofd:BaseLoc>a</ofd:BaseLoc><ofd:BaseLoc>", ofd.ReasonStructure},
		{"a stamp without a box", `Boundary="0 0 40 40"`, "", ofd.ReasonStructure},
		{"a clip that is none", `Boundary="0 0 40 40"`, `Boundary="0 0 40 40" Clip="1"`, ofd.ReasonStructure},
		{"a stamp twice", "<ofd:StampAnnot", `<ofd:StampAnnot ID="1" PageRef="1" Boundary="0 0 1 1"/><ofd:StampAnnot`, ofd.ReasonDuplicate},
		{"an attribute twice", `FileRef="/Doc_0/Document.xml"`, `FileRef="/Doc_0/Document.xml" ofd:FileRef="/Doc_0/Evil.xml"`, ofd.ReasonXML},
		{"a name said twice", `<ofd:Provider ProviderName="p" Version="v" Company="c"/>`, `<ofd:Provider ProviderName="p"><ofd:ProviderName>q</ofd:ProviderName></ofd:Provider>`, ofd.ReasonStructure},
		{"another root", "ofd:Signature", "ofd:Signatures", ofd.ReasonStructure},
		{"an entity", "SignedValue.dat", "&file;", ofd.ReasonDoctype},
		{"bytes behind", "</ofd:Signature>", "</ofd:Signature><x/>", ofd.ReasonXML},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			in := strings.Replace(foreign, c.from, c.to, 1)
			if c.name == "another root" {
				in = strings.ReplaceAll(foreign, "ofd:Signature>", "ofd:Signatures>")
				in = strings.Replace(in, "<ofd:Signature xmlns", "<ofd:Signatures xmlns", 1)
			}
			require.NotEqual(t, foreign, in)
			s, err := ofd.ParseSignature(signatureFile, []byte(in))
			require.ErrorIs(t, err, &ofd.Error{Reason: c.reason})
			require.Nil(t, s)
		})
	}
}

// TestSignatureList: entries are added and everything else stays, down to the prefix.
func TestSignatureList(t *testing.T) {
	t.Parallel()
	first, err := ofd.NewSignatureList("Doc_0/Signs/Signatures.xml")
	require.NoError(t, err)
	b, err := first.Add(ofd.SignatureRef{ID: "s001", Type: "Seal", Location: "/Doc_0/Signs/Sign_0/Signature.xml"}, "s003")
	require.NoError(t, err)
	require.Equal(t, head+`<ofd:Signatures`+space+`><ofd:MaxSignId>s003</ofd:MaxSignId><ofd:Signature ID="s001" Type="Seal" `+
		`BaseLoc="/Doc_0/Signs/Sign_0/Signature.xml"/></ofd:Signatures>`, string(b))

	const others = `<Signatures xmlns="http://www.ofdspec.org/2016"><!-- theirs --><Signature ID="1" BaseLoc="Sign_0/Signature.xml" Relative="x"/><MaxSignId>1</MaxSignId>` + "\n</Signatures>\n"
	list, err := ofd.ParseSignatureList("Doc_0/Signs/Signatures.xml", []byte(others))
	require.NoError(t, err)
	require.Equal(t, []ofd.SignatureRef{{ID: "1", Type: "Seal", Location: "Sign_0/Signature.xml"}}, list.Signatures)
	require.Equal(t, "1", list.MaxID)
	b, err = list.Add(ofd.SignatureRef{ID: "2", Type: "Sign", Location: "/a&b"}, "2")
	require.NoError(t, err)
	require.Equal(t, strings.Replace(strings.Replace(others, "<MaxSignId>1", "<MaxSignId>2", 1), "\n</S", "\n"+`<Signature ID="2" Type="Sign" BaseLoc="/a&amp;b"/></S`, 1), string(b))

	_, err = list.Add(ofd.SignatureRef{ID: "1", Type: "Sign", Location: "/b"}, "2")
	require.ErrorIs(t, err, &ofd.Error{Reason: ofd.ReasonDuplicate})
	_, err = list.Add(ofd.SignatureRef{ID: "\x01", Type: "Sign", Location: "/b"}, "2")
	require.ErrorIs(t, err, &ofd.Error{Reason: ofd.ReasonInput})
	for _, closed := range []string{`<Signatures/>`, `<Signatures><MaxSignId/></Signatures>`} {
		list, err := ofd.ParseSignatureList("a", []byte(closed))
		require.NoError(t, err)
		_, err = list.Add(ofd.SignatureRef{ID: "1", Type: "Sign", Location: "/b"}, "2")
		require.ErrorIs(t, err, &ofd.Error{Reason: ofd.ReasonInput}, closed)
	}
}

func TestParseSignatureListRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		inside string
		reason ofd.Reason
	}{
		"an identifier twice":   {`<Signature ID="1" BaseLoc="a"/><Signature ID="1" BaseLoc="b"/>`, ofd.ReasonDuplicate},
		"a place twice":         {`<Signature ID="1" BaseLoc="a"/><Signature ID="2" BaseLoc="a"/>`, ofd.ReasonDuplicate},
		"another type":          {`<Signature ID="1" Type="seal" BaseLoc="a"/>`, ofd.ReasonStructure},
		"no place":              {`<Signature ID="1"/>`, ofd.ReasonStructure},
		"two MaxSignId":         {`<MaxSignId>1</MaxSignId><MaxSignId>2</MaxSignId>`, ofd.ReasonStructure},
		"too many":              {strings.Repeat(`<Signature ID="1" BaseLoc="a"/>`, 300), ofd.ReasonDuplicate},
		"an element in MaxSign": {`<MaxSignId><x/></MaxSignId>`, ofd.ReasonXML},
	} {
		list, err := ofd.ParseSignatureList("a", []byte("<Signatures>"+c.inside+"</Signatures>"))
		require.ErrorIs(t, err, &ofd.Error{Reason: c.reason}, name)
		require.Nil(t, list, name)
	}
}

// signed is a document with two signatures, the second of which covers the first.
func signed(t testing.TB, edit func(name string, s *ofd.Signature)) []ofd.File {
	t.Helper()
	list, err := ofd.NewSignatureList("Doc_0/Signs/Signatures.xml")
	require.NoError(t, err)
	out := files(ofd.File{Name: "OFD.xml", Data: []byte(strings.Replace(mainXML, "</ofd:DocBody>", "<ofd:Signatures>/Doc_0/Signs/Signatures.xml</ofd:Signatures></ofd:DocBody>", 1))})
	for _, n := range []string{"0", "1"} {
		folder := "Doc_0/Signs/Sign_" + n
		s := &ofd.Signature{Provider: ofd.Provider{Name: "p"}, Time: signedAt, SignedValue: "/" + folder + "/SignedValue.dat"}
		for _, f := range out {
			if f.Name != "OFD.xml" {
				s.References = append(s.References, ofd.Reference{Path: "/" + f.Name, Value: digestOf(string(f.Data))})
			}
		}
		if edit != nil {
			edit(n, s)
		}
		b, err := ofd.MarshalSignature(s)
		require.NoError(t, err)
		out = append(out, ofd.File{Name: folder + "/Signature.xml", Data: b}, ofd.File{Name: folder + "/SignedValue.dat", Data: []byte(n)})
		b, err = list.Add(ofd.SignatureRef{ID: n, Type: "Seal", Location: "/" + folder + "/Signature.xml"}, n)
		require.NoError(t, err)
		list, err = ofd.ParseSignatureList(list.File, b)
		require.NoError(t, err)
		if n == "1" {
			out = append(out, ofd.File{Name: list.File, Data: b})
		}
	}
	return out
}

func coverages(t testing.TB, p *ofd.Package) (out []*ofd.Coverage, err error) {
	t.Helper()
	list, err := p.Signatures(p.Documents()[0])
	require.NoError(t, err)
	for i, ref := range list.Signatures {
		s, err := p.ReadSignature(ref)
		require.NoError(t, err)
		c, err := p.Coverage(list, i, s, nil)
		if err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	return out, nil
}

// TestCoverage: which files a signature holds, which it cannot, which came later and which nobody protects.
func TestCoverage(t *testing.T) {
	t.Parallel()
	got, err := coverages(t, mustOpen(t, signed(t, nil)))
	require.NoError(t, err)
	require.Empty(t, cmp.Diff([]*ofd.Coverage{{
		Files: []ofd.Covered{
			{Path: "/Doc_0/Document.xml", Name: "Doc_0/Document.xml", State: ofd.StateMatch},
			{Path: "/" + pageFile, Name: pageFile, State: ofd.StateMatch},
		},
		Own:       []string{signatureFile, "Doc_0/Signs/Sign_0/SignedValue.dat"},
		Added:     []string{"Doc_0/Signs/Sign_1/Signature.xml", "Doc_0/Signs/Sign_1/SignedValue.dat"},
		Uncovered: []string{"OFD.xml", "Doc_0/Signs/Signatures.xml"},
	}, {
		Files: []ofd.Covered{
			{Path: "/Doc_0/Document.xml", Name: "Doc_0/Document.xml", State: ofd.StateMatch},
			{Path: "/" + pageFile, Name: pageFile, State: ofd.StateMatch},
			{Path: "/" + signatureFile, Name: signatureFile, State: ofd.StateMatch},
			{Path: "/Doc_0/Signs/Sign_0/SignedValue.dat", Name: "Doc_0/Signs/Sign_0/SignedValue.dat", State: ofd.StateMatch},
		},
		Own:       []string{"Doc_0/Signs/Sign_1/Signature.xml", "Doc_0/Signs/Sign_1/SignedValue.dat"},
		Uncovered: []string{"OFD.xml", "Doc_0/Signs/Signatures.xml"},
	}}, got))
	require.True(t, got[0].Complete())
	require.False(t, (&ofd.Coverage{}).Complete(), "nothing listed is nothing protected")
}

// TestCoverageOfChanges: a changed page, a page that is gone, a page that came in, a path in another case, a digest
// that nobody computes, a file under two spellings.
func TestCoverageOfChanges(t *testing.T) {
	t.Parallel()
	change := func(f func([]ofd.File) []ofd.File) *ofd.Coverage {
		t.Helper()
		got, err := coverages(t, mustOpen(t, f(signed(t, nil))))
		require.NoError(t, err)
		return got[0]
	}
	c := change(func(f []ofd.File) []ofd.File { f[2].Data = append(f[2].Data, '\n'); return f })
	require.Equal(t, ofd.StateDiffers, c.Files[1].State)
	require.False(t, c.Complete())

	c = change(func(f []ofd.File) []ofd.File { return append(f, ofd.File{Name: "Doc_0/Evil.xml"}) })
	require.Equal(t, []string{"OFD.xml", "Doc_0/Signs/Signatures.xml", "Doc_0/Evil.xml"}, c.Uncovered)

	c = change(func(f []ofd.File) []ofd.File { return append(f, ofd.File{Name: "Doc_0/Signs/Sign_1/Evil.xml"}) })
	require.Contains(t, c.Uncovered, "Doc_0/Signs/Sign_1/Evil.xml", "not hidden beside a later signature")
	require.Len(t, c.Added, 2)

	c, err := func() (*ofd.Coverage, error) {
		got, err := coverages(t, mustOpen(t, signed(t, func(n string, s *ofd.Signature) {
			s.References = s.References[:1]
			if n == "1" {
				s.Seal = "/" + pageFile
			}
		})))
		return got[0], err
	}()
	require.NoError(t, err)
	require.Contains(t, c.Uncovered, pageFile, "a later signature cannot claim a page")

	edited := func(edit func(n string, s *ofd.Signature)) (*ofd.Coverage, error) {
		t.Helper()
		got, err := coverages(t, mustOpen(t, signed(t, edit)))
		if err != nil {
			return nil, err
		}
		return got[0], nil
	}
	c, err = edited(func(_ string, s *ofd.Signature) { s.References[1].Path = "/DOC_0/page.xml" })
	require.NoError(t, err)
	require.False(t, c.Complete())
	require.Equal(t, ofd.StateRenamed, c.Files[1].State)
	require.Equal(t, ofd.TolerantCase, c.Tolerances)

	c, err = edited(func(_ string, s *ofd.Signature) { s.References[1].Path = "/Doc_0/Page9.xml" })
	require.NoError(t, err)
	require.Equal(t, ofd.Covered{Path: "/Doc_0/Page9.xml", State: ofd.StateMissing}, c.Files[1])
	require.Contains(t, c.Uncovered, pageFile)

	_, err = edited(func(_ string, s *ofd.Signature) {
		s.References = append(s.References, ofd.Reference{Path: "/doc_0/page.xml", Value: digestOf(pageXML)})
	})
	require.ErrorIs(t, err, &ofd.Error{Reason: ofd.ReasonDuplicate})

	_, err = edited(func(_ string, s *ofd.Signature) { s.References[1].Path = "/../" + pageFile })
	require.ErrorIs(t, err, &ofd.Error{Reason: ofd.ReasonName})

	for method, want := range map[string]ofd.State{"MD5": ofd.StateUnchecked, "SHA1": ofd.StateUnchecked, "1.2.3": ofd.StateUnchecked, "1.2.156.10197.1.401.2": ofd.StateUnchecked, "SHA256": ofd.StateDiffers} {
		c = change(func(f []ofd.File) []ofd.File {
			for i := range f {
				if f[i].Name == signatureFile {
					f[i].Data = bytes.Replace(f[i].Data, []byte(`"1.2.156.10197.1.401"`), []byte(`"`+method+`"`), 1)
				}
			}
			return f
		})
		require.Equal(t, want, c.Files[0].State, method)
		require.False(t, c.Complete(), method)
	}
	_, err = mustOpen(t, files()).FileDigest(pageFile, ofd.MD5, nil)
	require.Error(t, err)
	_, err = mustOpen(t, files()).FileDigest(pageFile, ofd.SM3, []byte("z"))
	require.Error(t, err)
	_, err = mustOpen(t, files()).FileDigest("none", ofd.SM3, nil)
	require.ErrorIs(t, err, &ofd.Error{Reason: ofd.ReasonMissing})
}

// TestDigestsOverZ: one product takes its digests over the signer's Z and the file. Given Z, its seal file is as it was
// signed; the others of this file were changed since.
func TestDigestsOverZ(t *testing.T) {
	t.Parallel()
	p := openFile(t, testdata(t, "ofdrw", "ofdrw-converter", "src", "test", "resources", "n.ofd"))
	list, err := p.Signatures(p.Documents()[0])
	require.NoError(t, err)
	s, err := p.ReadSignature(list.Signatures[0])
	require.NoError(t, err)
	value, err := p.ReadFile("Doc_0/Signs/Sign_0/SignedValue.dat", 1<<20)
	require.NoError(t, err)
	// Z of GB/T 32918.2, 5.5: the key is found by the algorithm in front of it.
	algorithm := []byte("\x2a\x81\x1c\xcf\x55\x01\x82\x2d\x03\x42\x00\x04")
	at := bytes.Index(value, algorithm)
	require.Positive(t, at)
	key := value[at+len(algorithm):][:64]
	const curve = "/////v////////////////////8AAAAA//////////wo6fqenZ9eNE1ankvPZQmn85eJ9RWrj5LdvL1BTZQOkzLEriwfGYEZX5kERmo5yZSP4wu/8mYL4XFaRYkzTHTHvDc2ovT2d5xZvc7ja2khU9Cph3zGKkdAAt8y5SE58KA="
	parameters, err := base64.StdEncoding.DecodeString(curve)
	require.NoError(t, err)
	z := sm3.Sum(append(append([]byte("\x00\x801234567812345678"), parameters...), key...))
	coverage, err := p.Coverage(list, 0, s, z[:])
	require.NoError(t, err)
	states := map[string]ofd.State{}
	for _, f := range coverage.Files {
		states[f.Name] = f.State
	}
	require.Equal(t, map[string]ofd.State{
		"Doc_0/Signs/Sign_0/Seal.esl": ofd.StateMatch, "OFD.xml": ofd.StateDiffers, "Doc_0/Document.xml": ofd.StateDiffers,
		"Doc_0/PublicRes.xml": ofd.StateDiffers, "Doc_0/Pages/Page_0/Content.xml": ofd.StateDiffers,
		"Doc_0/Pages/Page_1/Content.xml": ofd.StateDiffers,
	}, states)
}

// TestTolerancesAreNamed: each has a name of its own.
func TestTolerancesAreNamed(t *testing.T) {
	t.Parallel()
	names := ofd.ToleranceNames()
	require.Len(t, names, 16)
	seen := map[string]bool{}
	for _, n := range names {
		require.False(t, n == "" || seen[n], n)
		seen[n] = true
	}
}

// FuzzParseSignature: zero results on error; what was read is written so that it is read again.
func FuzzParseSignature(f *testing.F) {
	f.Add([]byte(foreign))
	b, err := ofd.MarshalSignature(sample())
	require.NoError(f, err)
	f.Add(b)
	if root := os.Getenv("ELICENSE_TESTDATA"); root != "" {
		names, _ := filepath.Glob(filepath.Join(root, "ofd-seal-kits", "*", "*Signature.xml"))
		for _, n := range names {
			b, err := os.ReadFile(n)
			require.NoError(f, err)
			f.Add(b)
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := ofd.ParseSignature(signatureFile, b)
		if err != nil {
			require.Nil(t, s)
			return
		}
		require.NotEmpty(t, s.References)
		written, err := ofd.MarshalSignature(s)
		if err != nil {
			require.Nil(t, written)
			return
		}
		again, err := ofd.ParseSignature(signatureFile, written)
		require.NoError(t, err)
		require.Equal(t, s.References, again.References)
		require.Equal(t, s.SignedValue, again.SignedValue)
	})
}

// FuzzSignatures: a list that was read takes a further entry and keeps the others.
func FuzzSignatures(f *testing.F) {
	f.Add([]byte(`<Signatures><MaxSignId>1</MaxSignId><Signature ID="1" BaseLoc="a"/></Signatures>`))
	f.Add([]byte(head + `<ofd:Signatures` + space + `><ofd:Signature ID="s001" Type="Sign" BaseLoc="/a"></ofd:Signature></ofd:Signatures>`))
	f.Fuzz(func(t *testing.T, b []byte) {
		list, err := ofd.ParseSignatureList("a", b)
		if err != nil {
			require.Nil(t, list)
			return
		}
		added := ofd.SignatureRef{ID: "new", Type: ofd.TypeSign, Location: "/new"}
		written, err := list.Add(added, "9")
		if err != nil {
			return
		}
		again, err := ofd.ParseSignatureList("a", written)
		require.NoError(t, err)
		require.Equal(t, append(list.Signatures, added), again.Signatures)
	})
}
